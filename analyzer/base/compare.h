/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What qsort() and bsearch() want to know of plain numbers.
 */
#ifndef IQ_BASE_COMPARE_H
#define IQ_BASE_COMPARE_H

#include <stdint.h>

static inline int iq_compare_u32(const void *pa, const void *pb)
{
	const uint32_t *a = pa;
	const uint32_t *b = pb;

	return *a < *b ? -1 : *a > *b;
}

#endif
