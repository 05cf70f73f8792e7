/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/thread.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/vec.h"
#include "formats/go/record.h"
#include "formats/go/thread_join.h"

bool iq_go_m_is(const struct iq_go_runtime *rt, uint64_t addr)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t g0, back;

	return addr && addr % 8 == 0 &&
	       iq_go_field_read(rt->memory, addr, l->m_g0, &g0) && g0 &&
	       g0 % 8 == 0 && iq_go_field_read(rt->memory, g0, l->g_m, &back) &&
	       back == addr;
}

/*
 * A walk along alllink. Garbage can make it a circle: every step is compared
 * with a place that moves on at each power of two (Brent's way).
 */
struct m_walk {
	uint64_t addr;
	uint64_t mark;
	size_t steps;
	size_t next_mark;
};

static void m_walk_init(struct m_walk *walk, uint64_t addr)
{
	*walk = (struct m_walk){ .addr = addr, .next_mark = 1 };
}

/* False at the end, in a circle (addr is not 0 then), and at the limit. */
static bool m_walk_next(const struct iq_go_runtime *rt, struct m_walk *walk)
{
	if (walk->steps == walk->next_mark) {
		walk->mark = walk->addr;
		walk->next_mark *= 2;
	}
	walk->steps++;
	if (!iq_go_field_read(rt->memory, walk->addr, rt->layout->m_alllink,
			      &walk->addr) ||
	    !walk->addr)
		return false;
	return walk->addr != walk->mark && walk->steps < IQ_LIMIT_THREADS;
}

size_t iq_go_m_count(const struct iq_go_runtime *rt, uint64_t addr,
		     size_t *budget)
{
	struct m_walk walk;

	m_walk_init(&walk, addr);
	while (*budget && iq_go_m_is(rt, walk.addr) && m_walk_next(rt, &walk))
		--*budget;
	return walk.steps;
}

static void stack_of(const struct iq_go_runtime *rt, uint64_t g,
		     uint64_t *lo_ret, uint64_t *hi_ret)
{
	uint64_t lo, hi;

	if (!g ||
	    !iq_go_field_read(rt->memory, g, rt->layout->g_stack_lo, &lo) ||
	    !iq_go_field_read(rt->memory, g, rt->layout->g_stack_hi, &hi) ||
	    lo >= hi)
		return;
	*lo_ret = lo;
	*hi_ret = hi;
}

/* A field of 4 bytes that may be negative, as m.throwing is in 1.18. */
static int64_t signed_field(const struct iq_go_record *r,
			    struct iq_go_field field)
{
	return (int32_t)iq_go_record_uint(r, field);
}

static bool m_read(const struct iq_go_runtime *rt, uint64_t addr,
		   struct iq_go_m *ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record r;

	if (!iq_go_record_read(rt->memory, addr, l->m_size, &r))
		return false;
	*ret = (struct iq_go_m){
		.addr = addr,
		.procid = iq_go_record_uint(&r, l->m_procid),
		.id = (int64_t)iq_go_record_uint(&r, l->m_id),
		.g0 = iq_go_record_uint(&r, l->m_g0),
		.gsignal = iq_go_record_uint(&r, l->m_gsignal),
		.curg = iq_go_record_uint(&r, l->m_curg),
		.vdso_sp = iq_go_record_uint(&r, l->m_vdso_sp),
		.vdso_pc = iq_go_record_uint(&r, l->m_vdso_pc),
		.caughtsig = iq_go_record_uint(&r, l->m_caughtsig),
		.throwing = signed_field(&r, l->m_throwing),
		.dying = signed_field(&r, l->m_dying),
	};
	stack_of(rt, ret->g0, &ret->g0_lo, &ret->g0_hi);
	stack_of(rt, ret->gsignal, &ret->gsignal_lo, &ret->gsignal_hi);
	return true;
}

static int compare_ms(const void *a, const void *b)
{
	const struct iq_go_m *x = a;
	const struct iq_go_m *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* What is not in the core contradicts nothing. */
static void list_broken(const struct iq_go_runtime *rt, uint64_t addr,
			size_t num)
{
	if (iq_memory_state(rt->memory, addr) != IQ_MEMORY_PRESENT)
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISSING, addr,
				  "the runtime's list of threads is known for "
				  "%zu: the next one is not in the core",
				  num);
	else
		iq_facts_gap_addr(
			rt->facts, IQ_GAP_DAMAGED, addr,
			"the runtime's list of threads is broken after %zu",
			num);
}

static struct iq_error *walk_threads(struct iq_go_runtime *rt, uint64_t head)
{
	struct {
		IQ_VEC(struct iq_go_m) ms;
	} found = { 0 };
	struct m_walk walk;
	struct iq_go_m m = { .id = -1 };
	size_t doubts = 0;

	m_walk_init(&walk, head);
	do {
		if (!m_read(rt, walk.addr, &m))
			break;
		doubts += !iq_go_m_is(rt, walk.addr);
		if (!iq_vec_push(&found.ms, m)) {
			iq_vec_deinit(&found.ms);
			return &iq_enomem;
		}
	} while (m_walk_next(rt, &walk));
	// The first thread of all ends the list. Zeros would, too.
	// Go: src/runtime/proc.go, schedinit and mcommoninit: m0 has id 0.
	rt->has_all_ms = walk.addr == 0 && m.id == 0 && !doubts;
	if (!rt->has_all_ms)
		list_broken(rt, walk.addr ? walk.addr : head, found.ms.len);
	rt->ms = found.ms.data;
	rt->num_ms = found.ms.len;
	if (rt->num_ms)
		qsort(rt->ms, rt->num_ms, sizeof(*rt->ms), compare_ms);
	return NULL;
}

struct iq_error *iq_go_threads_read(struct iq_go_runtime *rt)
{
	uint64_t head = 0;

	if (!rt->allm_addr ||
	    !iq_memory_u64(rt->memory, rt->allm_addr, &head) || !head) {
		iq_facts_gap(
			rt->facts, IQ_GAP_MISSING,
			"the runtime's list of threads was not found: no stacks of running goroutines");
		return NULL;
	}

	struct iq_error *err = walk_threads(rt, head);
	return err ? err : iq_go_threads_join(rt);
}
