/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/notify_lists.h"

#include <stdlib.h>

#include "formats/go/record.h"
#include "formats/go/wait_class.h"

/* Bytes of the stack that hold the frames of gopark, goparkunlock and
 * notifyListWait, and the arguments of the last. */
#define SCAN_MAX 1024

struct search {
	const struct iq_go_runtime *rt;
	struct iq_go_semaphores *ret;
	/* Whether rt->gs[i] is on a list that was found. */
	bool *found;
	/* More sudogs than this are garbage. */
	size_t budget;
};

static bool waits_for_cond(const struct iq_go_runtime *rt,
			   const struct iq_go_g *g)
{
	struct iq_str reason;

	return g && g->status == IQ_GSTATUS_WAITING && !g->waiting &&
	       iq_go_wait_reason(rt->version, g->waitreason, &reason) &&
	       iq_go_wait_class_of(iq_go_wait_reason_plain(reason)).source ==
		       IQ_GO_WAIT_LISTS;
}

/* The goroutine of the sudog at @addr if it waits for a Cond, else NULL. */
static const struct iq_go_g *waiter_of(const struct iq_go_runtime *rt,
				       uint64_t addr, uint64_t *next_ret)
{
	const struct iq_go_layout *l = rt->layout;
	const struct iq_go_g *g = NULL;
	uint64_t g_addr;

	if (addr && addr % 8 == 0 &&
	    iq_go_field_read(rt->memory, addr, l->sudog_g, &g_addr) &&
	    iq_go_field_read(rt->memory, addr, l->sudog_next, next_ret))
		g = iq_go_runtime_g(rt, g_addr);
	return waits_for_cond(rt, g) ? g : NULL;
}

/* Walks the list at @list, if it is one. */
static struct iq_error *list_read(struct search *s, uint64_t list)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t addr, tail;
	const struct iq_go_g *g;

	if (!list || list % 8 ||
	    !iq_go_field_read(s->rt->memory, list, l->notify_list_head,
			      &addr) ||
	    !iq_go_field_read(s->rt->memory, list, l->notify_list_tail,
			      &tail) ||
	    !addr || !waiter_of(s->rt, tail, &(uint64_t){ 0 }))
		return NULL;
	while (s->budget && (g = waiter_of(s->rt, addr, &addr)) != NULL) {
		size_t i = (size_t)(g - s->rt->gs);
		struct iq_go_semaphore_waiter waiter = { g->addr, list };

		s->budget--;
		// Seen before: another list with the same end, or a circle.
		if (s->found[i])
			break;
		s->found[i] = true;
		if (!iq_vec_push(&s->ret->waiters, waiter))
			return &iq_enomem;
	}
	return NULL;
}

static struct iq_error *stack_scan(struct search *s, size_t i)
{
	const struct iq_go_g *g = &s->rt->gs[i];
	uint64_t addr = (g->sched_sp + 7) & ~7ull;
	struct iq_error *err = NULL;

	if (addr < g->stack_lo || addr >= g->stack_hi)
		return NULL;
	for (uint64_t n = 0; n < SCAN_MAX && n + 8 <= g->stack_hi - addr &&
			     !s->found[i] && !err;
	     n += 8) {
		uint64_t word;

		if (!iq_memory_u64(s->rt->memory, addr + n, &word))
			break;
		err = list_read(s, word);
	}
	return err;
}

struct iq_error *iq_go_notify_lists_read(const struct iq_go_runtime *rt,
					 struct iq_go_semaphores *waiters)
{
	struct search s = {
		.rt = rt,
		.ret = waiters,
		.budget = 2 * rt->num_gs + 1,
	};
	struct iq_error *err = NULL;

	for (size_t i = 0; i < rt->num_gs && !err; i++) {
		if (!waits_for_cond(rt, &rt->gs[i]))
			continue;
		if (!s.found)
			s.found = calloc(rt->num_gs, sizeof(*s.found));
		if (!s.found)
			return &iq_enomem;
		if (!s.found[i])
			err = stack_scan(&s, i);
	}
	free(s.found);
	return err;
}
