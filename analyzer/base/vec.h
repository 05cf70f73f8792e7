/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of any type, on the heap.
 *
 *	struct { IQ_VEC(struct gap) gaps; } x = { 0 };
 *	if (!iq_vec_push(&x.gaps, gap)) return &iq_enomem;
 *	...
 *	iq_vec_deinit(&x.gaps);
 */
#ifndef IQ_BASE_VEC_H
#define IQ_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define IQ_VEC(type)                                                           \
	struct {                                                               \
		type *data;                                                    \
		size_t len;                                                    \
		size_t cap;                                                    \
	}

/* Room for @need elements of @size bytes in *@data; false without memory. */
bool iq_vec_grow(void **data, size_t *cap, size_t need, size_t size);

/* Room for @n more elements; false without memory. */
#define iq_vec_reserve(v, n)                                                   \
	((n) <= (v)->cap - (v)->len ||                                         \
	 ((n) <= SIZE_MAX - (v)->len &&                                        \
	  iq_vec_grow((void **)&(v)->data, &(v)->cap, (v)->len + (n),          \
		      sizeof(*(v)->data))))

/* Appends a value; false without memory. */
#define iq_vec_push(v, value)                                                  \
	(iq_vec_reserve(v, 1) && ((v)->data[(v)->len++] = (value), true))

#define iq_vec_deinit(v)                                                       \
	do {                                                                   \
		free((v)->data);                                               \
		(v)->data = NULL;                                              \
		(v)->len = (v)->cap = 0;                                       \
	} while (0)

#endif
