/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap as a reader would hand it over, made of spans whose bytes the test
 * writes.
 */
#ifndef IQ_TESTS_HEAP_BUILDER_H
#define IQ_TESTS_HEAP_BUILDER_H

#include "model/heap.h"

#define HEAP_BUILDER_REGIONS 64

struct heap_builder {
	struct iq_heap heap;
	/* Memory of the process, in the order it was added. */
	struct {
		uint64_t addr;
		uint64_t len;
		uint8_t *bytes;
	} regions[HEAP_BUILDER_REGIONS];
	size_t num_regions;
	IQ_VEC(struct iq_heap_span) spans;
	IQ_VEC(struct iq_heap_range) roots;
	IQ_VEC(struct iq_heap_word) root_words;
	IQ_VEC(struct iq_heap_holder) holders;
	IQ_VEC(uint64_t) hidden;
	struct iq_heap_disguise disguise;
	struct iq_heap_pointers pointers;
	const char *lacks; /* NULL: complete */
	bool faulted;
	unsigned num_loads;
};

void heap_builder_init(struct heap_builder *b);
void heap_builder_deinit(struct heap_builder *b);

/* Memory of zeros. */
void heap_builder_memory(struct heap_builder *b, uint64_t addr, uint64_t len);
/* A word of that memory. */
void heap_builder_word(struct heap_builder *b, uint64_t addr, uint64_t word);
/* Memory and a span over it, all of its slots allocated. */
struct iq_heap_span *heap_builder_span(struct heap_builder *b, uint64_t addr,
				       uint64_t elem_size, uint32_t num_slots);
/* Memory of @num words that are roots. */
void heap_builder_root(struct heap_builder *b, uint64_t addr, uint64_t num);
/* The next goroutine's stack of @num words. */
void heap_builder_stack(struct heap_builder *b, uint64_t addr, uint64_t num);

/* The map, indexed; ends the test on errors. The caller destroys it. */
struct iq_heap_map *heap_builder_map(struct heap_builder *b);

#endif
