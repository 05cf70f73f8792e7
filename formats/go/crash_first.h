/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several threads that are dying began: each that has printed what it
 * died of waits in the runtime for the last one, which ends the process.
 */
#ifndef IQ_GO_CRASH_FIRST_H
#define IQ_GO_CRASH_FIRST_H

#include "formats/go/runtime.h"

/* The thread that ended the process: of several, the one that was the first to
 * print what it died of. NULL if none of the runtime's did. */
const struct iq_go_m *iq_go_crash_first(const struct iq_go_runtime *rt);

#endif
