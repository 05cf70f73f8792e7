/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of a dead Go process: what model/heap.h asks for. Opening keeps what
 * the reader knows and is cheap; loading reads spans, roots and stacks, one
 * file of this folder each.
 */
#ifndef IQ_GO_HEAP_H
#define IQ_GO_HEAP_H

#include "base/attr.h"
#include "base/error.h"
#include "formats/go/record.h"
#include "formats/go/runtime.h"
#include "model/heap.h"

struct iq_go_heap {
	struct iq_heap heap;
	/* As the reader filled it, without goroutines; the threads are a copy
	 * that lives as long as the facts. */
	const struct iq_go_runtime *rt;
	uint64_t mheap_addr; /* 0: not found */
};

/*
 * The heap of @rt, which must stay. Lives as long as the facts. What is not found
 * becomes a gap.
 */
struct iq_error *iq_go_heap_open(const struct iq_go_runtime *rt,
				 const struct iq_heap **ret) iq_must_check;

/* heap_find.c: address of runtime.mheap_; 0 if it is not found. */
uint64_t iq_go_heap_find(const struct iq_go_runtime *rt);
/* Whether mheap_ at @mheap_addr lists spans that make sense. */
bool iq_go_heap_is(const struct iq_go_runtime *rt, uint64_t mheap_addr);

/* heap_spans.c: the spans in use, and what their specials keep alive. */
struct iq_error *iq_go_heap_spans(const struct iq_go_heap *heap,
				  struct iq_heap_map *map) iq_must_check;

/* heap_specials.c: a chain of specials of the span in @record. */
struct iq_go_specials {
	const struct iq_go_heap *heap;
	struct iq_heap_map *map;
	uint64_t budget; /* records that are still read */
};
struct iq_error *iq_go_heap_specials(struct iq_go_specials *specials,
				     const struct iq_go_record *span)
	iq_must_check;

/* heap_roots.c: package variables. */
struct iq_error *iq_go_heap_roots(const struct iq_go_heap *heap,
				  struct iq_heap_map *map) iq_must_check;

/* heap_queues.c: finalizers and cleanups that wait to be run. */
struct iq_error *iq_go_heap_queues(const struct iq_go_heap *heap,
				   struct iq_heap_map *map) iq_must_check;

/* heap_goroutines.c: what goroutines hold; their records are opaque. */
struct iq_error *iq_go_heap_goroutines(const struct iq_go_heap *heap,
				       struct iq_heap_map *map) iq_must_check;

/*
 * heap_own.c: of @range, a record of the runtime that is an object of the heap, only
 * the words count that are pointers to the collector. The ends of stacks are none:
 * what begins there is another's. A mask that is equal to the one of @like, whose
 * length is the same, is taken from there; NULL: there is none.
 */
struct iq_error *iq_go_heap_own_words(struct iq_heap_map *map,
				      const struct iq_heap_range *like,
				      struct iq_heap_range *range)
	iq_must_check;

/* heap_processors.c: what each p holds, but for the collector's leftovers. */
struct iq_error *iq_go_heap_processors(const struct iq_go_heap *heap,
				       struct iq_heap_map *map) iq_must_check;
/* Address of the p of number @index; false if there are no more. */
bool iq_go_heap_processor(const struct iq_go_heap *heap, uint64_t index,
			  uint64_t *ret);

/* heap_threads.c: registers and system stacks of threads at work. */
struct iq_error *iq_go_heap_threads(const struct iq_go_heap *heap,
				    struct iq_heap_map *map) iq_must_check;

/* The registers of @thread. */
struct iq_error *iq_go_heap_registers(struct iq_heap_map *map,
				      const struct iq_core_thread *thread)
	iq_must_check;
/*
 * Where the live part of the system stack of @m begins: C code that called Go
 * lies above, old frames of the scheduler below. 0 if it is not known.
 */
uint64_t iq_go_heap_g0_sp(const struct iq_go_heap *heap,
			  const struct iq_go_m *m);

/* heap_place.c: struct iq_heap's frame_of and put_section. */
uint32_t iq_go_heap_frame_of(const struct iq_heap *base, size_t goroutine,
			     uint64_t addr);
void iq_go_heap_put_section(const struct iq_heap *base, uint64_t addr,
			    struct iq_out *out);

/* heap_users.c: struct iq_heap's users. */
struct iq_error *iq_go_heap_users(const struct iq_heap *base,
				  const uint64_t *addrs, size_t num,
				  uint32_t *frames) iq_must_check;

/* heap_foreign.c: memory of C code, where it may hold references. */
struct iq_error *iq_go_heap_foreign(const struct iq_go_heap *heap,
				    struct iq_heap_map *map) iq_must_check;

/* heap_totals.c: objects of one size class. */
struct iq_go_heap_class {
	uint64_t elem_size; /* 0: no span has such */
	uint64_t counted;   /* by the process, all in all */
	uint64_t there;	    /* as the spans that were read say */
};

/* Go: src/internal/runtime/gc/sizeclasses.go, NumSizeClasses (src/runtime/
 * sizeclasses.go before 1.25); class 0 is objects in spans of their own. */
#define IQ_GO_HEAP_SIZE_CLASSES 68

/* What the process counted of its heap, beside what was found. */
struct iq_go_heap_counts {
	struct iq_go_heap_class classes[IQ_GO_HEAP_SIZE_CLASSES];
	uint64_t large_bytes; /* of class 0 */
	uint64_t in_heap;     /* bytes of spans in use */
	uint64_t in_stacks;
	uint64_t pages; /* of the spans that were read and are in use */
	bool has_spans; /* all of them were read */
	/* A span whose bits are not as many as it counts; 0: none is. */
	uint64_t contradicts;
	/* Spans that a thread sweeps at this moment. */
	uint64_t num_swept_now;
};

/* False if the process's counters were not found. */
bool iq_go_heap_count(const struct iq_go_heap *heap,
		      struct iq_go_heap_counts *ret);
/* heap_checks.c: whether what the process counted is what was read. */
void iq_go_heap_check(const struct iq_go_heap *heap, struct iq_heap_map *map);
/* Whether what goroutine @index of the facts holds and waits for may have been
 * misread. */
void iq_go_heap_doubt(const struct iq_go_heap *heap, size_t index,
		      struct iq_heap_holder *ret);

/* What iq_heap.totals asks for. */
bool iq_go_heap_totals(const struct iq_heap *heap, struct iq_heap_totals *ret);

#endif
