/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/goroutine_threads.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "formats/go/goroutine.h"
#include "formats/go/thread.h"

/* Comparisons of stacks that this may cost. */
#define COMPARISONS_MAX (100ull << 20)

/* Whether all of runtime.allgs can be read. */
static bool is_list_whole(const struct iq_go_runtime *rt)
{
	uint64_t array, len, addr;

	if (!rt->allgs_addr ||
	    !iq_go_slice_read(rt->memory, rt->allgs_addr, &array, &len) ||
	    len > IQ_LIMIT_GOROUTINES)
		return false;
	for (uint64_t i = 0; i < len; i++) {
		if (!iq_memory_u64(rt->memory, array + 8 * i, &addr))
			return false;
	}
	return true;
}

/*
 * Both refer to each other, and the g itself is one. Of one that has no creator
 * the end may be lost: the first goroutine has none, and those that C locks to
 * its threads.
 */
static bool is_run_by(const struct iq_go_runtime *rt, const struct iq_go_m *m,
		      struct iq_go_g *g)
{
	return m->curg && m->curg % 8 == 0 && iq_go_m_is(rt, m->addr) &&
	       iq_go_g_read(rt, m->curg, g) == IQ_GO_G_LIVE &&
	       g->m == m->addr && (g->gopc || g->locked || g->goid == 1);
}

static bool is_other(const struct iq_go_g *a, const struct iq_go_g *b)
{
	return a->goid != b->goid &&
	       (a->stack_lo >= b->stack_hi || b->stack_lo >= a->stack_hi);
}

/* Inserts @g in order; there is room. */
static void insert(struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	size_t at = rt->num_gs;

	while (at && rt->gs[at - 1].goid > g->goid)
		at--;
	memmove(&rt->gs[at + 1], &rt->gs[at],
		(rt->num_gs - at) * sizeof(*rt->gs));
	rt->gs[at] = *g;
	rt->num_gs++;
}

/* Whether it was added and is the program's for sure: a signal may have it. */
static bool add(struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	for (size_t i = 0; i < rt->num_gs; i++) {
		if (!is_other(&rt->gs[i], g))
			return false;
	}
	insert(rt, g);
	return g->gopc || g->goid == 1 || g->status != IQ_GSTATUS_SYSCALL;
}

struct iq_error *iq_go_goroutines_of_threads(struct iq_go_runtime *rt)
{
	size_t known = rt->num_gs;
	struct iq_go_g *gs;
	size_t found = 0;

	if (!rt->num_ms || known + rt->num_ms > COMPARISONS_MAX / rt->num_ms ||
	    is_list_whole(rt))
		return NULL;
	gs = realloc(rt->gs, (known + rt->num_ms) * sizeof(*gs));
	if (!gs)
		return &iq_enomem;
	rt->gs = gs;
	for (size_t i = 0; i < rt->num_ms; i++) {
		struct iq_go_g g;

		if (!iq_go_runtime_g(rt, rt->ms[i].curg) &&
		    is_run_by(rt, &rt->ms[i], &g) && add(rt, &g))
			found++;
	}
	rt->facts->only_running = found && found * 2 >= rt->num_gs;
	if (found)
		iq_facts_gap(
			rt->facts, IQ_GAP_MISSING,
			"of what the list of goroutines has lost, %zu are known by their threads",
			found);
	return NULL;
}
