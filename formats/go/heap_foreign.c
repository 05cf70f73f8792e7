/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <stdlib.h>

#include "base/vec.h"

/*
 * C code may keep references where the runtime's collector does not look. Rules
 * forbid it, but a proof must not rest on rules: in a program with C code all
 * memory that can be written counts as a root, but for what is known to be the
 * runtime's own.
 */

/* Bytes of gcWork.ptrBuf: a word for each word of a page. */
#define PTR_BUF_SIZE 8192

struct interval {
	uint64_t begin;
	uint64_t end;
};

struct foreign {
	const struct iq_go_heap *heap;
	struct iq_heap_map *map;
	/* What does not count; ordered, before they are subtracted. */
	IQ_VEC(struct interval) own;
};

static struct iq_error *own(struct foreign *f, uint64_t begin, uint64_t end)
{
	return begin >= end || iq_vec_push(&f->own,
					   ((struct interval){ begin, end })) ?
		       NULL :
		       &iq_enomem;
}

/* The arenas: heap and goroutines' stacks, whose words are looked at where they
 * count. Go: src/runtime/mheap.go, arenaBase. */
static struct iq_error *own_arenas(struct foreign *f)
{
	const struct iq_go_heap *heap = f->heap;
	const struct iq_go_constants *k = heap->rt->version->constants;
	uint64_t size = (uint64_t)k->heap_arena_bytes;
	uint64_t at =
		heap->mheap_addr + heap->rt->layout->mheap_all_arenas.offset;
	struct iq_error *err = NULL;
	uint64_t array, len, index;

	if (k->heap_arena_bytes == IQ_GO_NO_CONSTANT ||
	    k->arena_base_offset == IQ_GO_NO_CONSTANT ||
	    !iq_go_slice_read(heap->rt->memory, at, &array, &len))
		return NULL;
	for (uint64_t i = 0; i < len && !err; i++) {
		uint64_t begin;

		if (!iq_memory_u64(heap->rt->memory, array + 8 * i, &index))
			break;
		begin = index * size + (uint64_t)k->arena_base_offset;
		err = own(f, begin, begin + size);
	}
	return err;
}

/* Records of spans refer to their first slots. */
static struct iq_error *own_spans(struct foreign *f)
{
	const struct iq_go_heap *heap = f->heap;
	uint64_t at =
		heap->mheap_addr + heap->rt->layout->mheap_allspans.offset;
	struct iq_error *err = NULL;
	uint64_t array, len, span;

	if (!iq_go_slice_read(heap->rt->memory, at, &array, &len))
		return NULL;
	for (uint64_t i = 0; i < len && !err; i++) {
		if (!iq_memory_u64(heap->rt->memory, array + 8 * i, &span))
			break;
		if (span < UINT64_MAX - heap->rt->layout->mspan_size)
			err = own(f, span, span + heap->rt->layout->mspan_size);
	}
	return err;
}

/* Go's variables: those that can refer to the heap are roots already. */
static struct iq_error *own_variables(struct foreign *f)
{
	const struct iq_go_program *program = f->heap->rt->program;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < program->num_modules && !err; i++) {
		const struct iq_go_module *m = &program->modules[i];

		err = own(f, m->data, m->edata);
		if (!err)
			err = own(f, m->bss, m->ebss);
		if (!err)
			err = own(f, m->noptrdata, m->enoptrdata);
		if (!err)
			err = own(f, m->noptrbss, m->enoptrbss);
	}
	return err;
}

/* Rings of one queue that are looked at; each is twice as large as the next. */
#define RINGS_MAX 64

/* A queue of the collector: rings that lead to smaller ones. */
static struct iq_error *own_rings(struct foreign *f, uint64_t addr)
{
	const struct iq_memory *memory = f->heap->rt->memory;
	const struct iq_go_layout *l = f->heap->rt->layout;
	struct iq_error *err = NULL;

	for (unsigned i = 0; addr && i < RINGS_MAX && !err; i++) {
		uint64_t ring, cap;

		if (!iq_go_field_read(memory, addr, l->span_spmc_ring, &ring) ||
		    !iq_go_field_read(memory, addr, l->span_spmc_cap, &cap) ||
		    ring > UINT64_MAX - 8 * cap)
			return NULL;
		err = own(f, ring, ring + 8 * cap);
		if (!iq_go_field_read(memory, addr, l->span_spmc_prev, &addr))
			return err;
	}
	return err;
}

/* What the collector left behind beside the processors.
 * Go: src/runtime/mgcmark_greenteagc.go, spanSPMC; mgcwork.go, ptrBuf. */
static struct iq_error *own_buffers(struct foreign *f)
{
	const struct iq_go_heap *heap = f->heap;
	const struct iq_go_layout *l = heap->rt->layout;
	struct iq_error *err = NULL;
	uint64_t p, addr;

	for (uint64_t i = 0; !err && iq_go_heap_processor(heap, i, &p); i++) {
		if (iq_go_field_read(heap->rt->memory, p, l->p_gcw_ptr_buf,
				     &addr) &&
		    addr && addr < UINT64_MAX - PTR_BUF_SIZE)
			err = own(f, addr, addr + PTR_BUF_SIZE);
		if (!err && iq_go_field_read(heap->rt->memory, p,
					     l->p_gcw_spanq_head, &addr))
			err = own_rings(f, addr);
	}
	return err;
}

/*
 * What is dead of the threads' system stacks. C code that called back into Go
 * lies above g0's sched.sp; below are the scheduler's old frames.
 */
static struct iq_error *own_stacks(struct foreign *f)
{
	const struct iq_go_runtime *rt = f->heap->rt;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < rt->num_ms && !err; i++) {
		const struct iq_go_m *m = &rt->ms[i];
		uint64_t sp = iq_go_heap_g0_sp(f->heap, m);

		if (sp > m->g0_lo && sp <= m->g0_hi)
			err = own(f, m->g0_lo, sp);
	}
	return err;
}

static int compare_intervals(const void *a, const void *b)
{
	const struct interval *x = a;
	const struct interval *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static struct iq_error *add_root(struct foreign *f, uint64_t begin,
				 uint64_t end)
{
	struct iq_heap_range range;

	begin = (begin + 7) & ~7ull;
	end &= ~7ull;
	if (begin >= end)
		return NULL;
	range = (struct iq_heap_range){ .addr = begin,
					.len = end - begin,
					.kind = IQ_ROOT_FOREIGN };
	return iq_vec_push(&f->map->roots, range) ? NULL : &iq_enomem;
}

/* What the intervals from *@at on leave of a range. */
static struct iq_error *
add_range(struct foreign *f, const struct iq_memory_range *range, size_t *at)
{
	uint64_t begin = range->addr;
	uint64_t end = range->addr + range->len;
	struct iq_error *err = NULL;

	while (*at < f->own.len && f->own.data[*at].end <= begin)
		(*at)++;
	for (size_t i = *at; i < f->own.len && f->own.data[i].begin < end;
	     i++) {
		if (f->own.data[i].begin > begin)
			err = add_root(f, begin, f->own.data[i].begin);
		if (err)
			return err;
		if (f->own.data[i].end > begin)
			begin = f->own.data[i].end;
		if (begin >= end)
			return NULL;
	}
	return add_root(f, begin, end);
}

static struct iq_error *add_ranges(struct foreign *f)
{
	size_t num, at = 0;
	const struct iq_memory_range *ranges =
		iq_memory_ranges(f->heap->rt->memory, &num);
	struct iq_error *err = NULL;

	if (f->own.len)
		qsort(f->own.data, f->own.len, sizeof(*f->own.data),
		      compare_intervals);
	for (size_t i = 0; i < num && !err; i++) {
		if (!(ranges[i].prot & IQ_MEMORY_WRITE))
			continue;
		// What the kernel leaves out is shared or was never written.
		if (ranges[i].state == IQ_MEMORY_CUT_OFF)
			iq_heap_map_lacks(f->map,
					  "memory of C code is cut off");
		else if (ranges[i].state == IQ_MEMORY_PRESENT)
			err = add_range(f, &ranges[i], &at);
	}
	return err;
}

/* Registers of threads that no m knows. */
static struct iq_error *add_threads(struct foreign *f)
{
	const struct iq_go_runtime *rt = f->heap->rt;
	const struct iq_core_thread *threads = rt->core->threads;
	bool *known = calloc(rt->core->num_threads + 1, sizeof(*known));
	struct iq_error *err = NULL;

	if (!known)
		return &iq_enomem;
	for (size_t i = 0; i < rt->num_ms; i++) {
		if (rt->ms[i].thread)
			known[rt->ms[i].thread - threads] = true;
	}
	for (size_t i = 0; i < rt->core->num_threads && !err; i++) {
		if (!known[i])
			err = iq_go_heap_registers(f->map, &threads[i]);
	}
	free(known);
	return err;
}

struct iq_error *iq_go_heap_foreign(const struct iq_go_heap *heap,
				    struct iq_heap_map *map)
{
	struct foreign f = { .heap = heap, .map = map };
	struct iq_error *err;

	if (heap->rt->facts->process.cgo == IQ_NO)
		return NULL;
	err = own_arenas(&f);
	if (!err)
		err = own_spans(&f);
	if (!err)
		err = own_variables(&f);
	if (!err)
		err = own_buffers(&f);
	if (!err)
		err = own_stacks(&f);
	if (!err)
		err = add_ranges(&f);
	if (!err)
		err = add_threads(&f);
	iq_vec_deinit(&f.own);
	return err;
}
