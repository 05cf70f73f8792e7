/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 as the emitters see it: text from the input that may be anything.
 */
#ifndef IQ_REPORTS_UTF8_H
#define IQ_REPORTS_UTF8_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Length of the well-formed sequence that @s begins with, its code point in
 * *@ret; 0 if there is none.
 */
size_t iq_utf8_decode(struct iq_str s, uint32_t *ret);

#endif
