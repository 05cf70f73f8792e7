/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether two frames are one place of the source, and the order of places.
 * Frames of two witnesses are never the same object.
 */
#ifndef IQ_MODEL_FRAME_H
#define IQ_MODEL_FRAME_H

#include <stdbool.h>

#include "model/fact.h"

/* By function, file and line, as they are spelled; NULL comes first. */
int iq_frame_compare(const struct iq_frame *a, const struct iq_frame *b);

/*
 * The same line of the same function, whichever witnesses show it: these spell
 * type arguments and paths of files in their own ways. Two NULLs are the same.
 */
bool iq_frame_same_place(const struct iq_frame *a, const struct iq_frame *b);

#endif
