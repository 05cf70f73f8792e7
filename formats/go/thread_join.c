/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/thread_join.h"

#include <stdlib.h>

#include "formats/go/record.h"

/* Comparisons that joining by stacks may cost. */
#define STACKS_MAX (100ull << 20)
/* Threads by which the place of g is looked for: it is one for all of them. */
#define SAMPLE 64

/* One thread of the core, and whose it is by each way of telling. */
struct match {
	const struct iq_core_thread *thread;
	struct iq_go_m *by_id;
	struct iq_go_m *by_g;
	bool used;
};

static int compare_tids(const void *a, const void *b)
{
	const struct match *x = a;
	const struct match *y = b;

	return x->thread->tid < y->thread->tid ?
		       -1 :
		       x->thread->tid > y->thread->tid;
}

static int compare_tid(const void *key, const void *member)
{
	const uint64_t *tid = key;
	const struct match *m = member;

	return *tid < m->thread->tid ? -1 : *tid > m->thread->tid;
}

static bool is_within(uint64_t addr, uint64_t lo, uint64_t hi)
{
	return addr >= lo && addr < hi;
}

static bool is_on_stack_of(const struct iq_go_runtime *rt,
			   const struct iq_go_m *m, uint64_t sp)
{
	const struct iq_go_g *g = iq_go_runtime_g(rt, m->curg);

	return is_within(sp, m->g0_lo, m->g0_hi) ||
	       is_within(sp, m->gsignal_lo, m->gsignal_hi) ||
	       (g && is_within(sp, g->stack_lo, g->stack_hi));
}

/* The m that has @g in hand; NULL if @g is no g of an m. */
static struct iq_go_m *m_of_g(const struct iq_go_runtime *rt, uint64_t g)
{
	const struct iq_go_m *m;
	uint64_t addr;

	if (!g || g % 8 ||
	    !iq_go_field_read(rt->memory, g, rt->layout->g_m, &addr))
		return NULL;
	m = iq_go_runtime_m(rt, addr);
	if (!m || (g != m->g0 && g != m->gsignal && g != m->curg))
		return NULL;
	return &rt->ms[m - rt->ms];
}

static struct iq_go_m *m_at_offset(const struct iq_go_runtime *rt,
				   const struct iq_core_thread *t,
				   int64_t offset)
{
	uint64_t g;

	return t->has_tls && iq_memory_u64(rt->memory,
					   t->tls + (uint64_t)offset, &g) ?
		       m_of_g(rt, g) :
		       NULL;
}

/* How well @offset explains the threads: a g at it, and the g's stack. */
static size_t score(const struct iq_go_runtime *rt, int64_t offset)
{
	const struct iq_core *core = rt->core;
	size_t sum = 0;

	for (size_t i = 0; i < core->num_threads && i < SAMPLE; i++) {
		const struct iq_core_thread *t = &core->threads[i];
		const struct iq_go_m *m = m_at_offset(rt, t, offset);

		if (m)
			sum += is_on_stack_of(rt, m, t->sp) ? 2 : 1;
	}
	return sum;
}

/*
 * Where g stands in thread-local memory: where the linker puts it in programs
 * without C, else at the place that explains most of the threads.
 * Go: src/runtime/tls_*.s; src/cmd/link/internal/ld/sym.go, Tlsoffset.
 */
static bool offset_find(const struct iq_go_runtime *rt, int64_t *ret)
{
	const struct iq_arch *cpu = rt->core->cpu;
	size_t best = 0;

	if (cpu->tls_g && score(rt, cpu->tls_g)) {
		*ret = cpu->tls_g;
		return true;
	}
	for (int64_t offset = cpu->tls_lo; offset < cpu->tls_hi; offset += 8) {
		size_t sum = score(rt, offset);

		if (sum > best) {
			best = sum;
			*ret = offset;
		}
	}
	return best > 0;
}

/* The register that holds g holds something else in C code. */
static struct iq_go_m *m_by_register(const struct iq_go_runtime *rt,
				     const struct iq_core_thread *t)
{
	struct iq_go_m *m = m_of_g(rt, t->regs[rt->core->cpu->g]);

	return m && is_on_stack_of(rt, m, t->sp) ? m : NULL;
}

static void find_by_g(const struct iq_go_runtime *rt, struct match *matches)
{
	int64_t offset;
	bool has_offset = offset_find(rt, &offset);

	for (size_t i = 0; i < rt->core->num_threads; i++) {
		const struct iq_core_thread *t = matches[i].thread;

		if (has_offset)
			matches[i].by_g = m_at_offset(rt, t, offset);
		if (!matches[i].by_g)
			matches[i].by_g = m_by_register(rt, t);
	}
}

/* @matches are sorted by thread id. */
static void find_by_id(struct iq_go_runtime *rt, struct match *matches)
{
	for (size_t i = 0; i < rt->num_ms; i++) {
		struct match *found =
			rt->ms[i].procid ?
				bsearch(&rt->ms[i].procid, matches,
					rt->core->num_threads, sizeof(*matches),
					compare_tid) :
				NULL;

		if (found)
			found->by_id = &rt->ms[i];
	}
}

/* Ids of another namespace may be those of other threads here. */
static bool are_ids_right(const struct match *matches, size_t n)
{
	size_t right = 0;
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		if (!matches[i].by_id || !matches[i].by_g)
			continue;
		if (matches[i].by_id == matches[i].by_g)
			right++;
		else
			wrong++;
	}
	return wrong <= right;
}

static void use(struct match *match, struct iq_go_m *m)
{
	if (!m || m->thread || match->used)
		return;
	m->thread = match->thread;
	match->used = true;
}

/* A thread's stack pointer tells whose it is, where nothing else does. */
static void use_stacks(struct iq_go_runtime *rt, struct match *matches)
{
	size_t n = rt->core->num_threads;

	if (rt->num_ms > STACKS_MAX / n)
		return;
	for (size_t i = 0; i < rt->num_ms; i++) {
		for (size_t t = 0; t < n && !rt->ms[i].thread; t++) {
			if (!matches[t].used &&
			    is_on_stack_of(rt, &rt->ms[i],
					   matches[t].thread->sp))
				use(&matches[t], &rt->ms[i]);
		}
	}
}

struct iq_error *iq_go_threads_join(struct iq_go_runtime *rt)
{
	size_t n = rt->core->num_threads;
	struct match *matches;
	bool ids;

	if (!n || !rt->num_ms)
		return NULL;
	matches = calloc(n, sizeof(*matches));
	if (!matches)
		return &iq_enomem;
	for (size_t i = 0; i < n; i++)
		matches[i].thread = &rt->core->threads[i];
	qsort(matches, n, sizeof(*matches), compare_tids);
	find_by_id(rt, matches);
	find_by_g(rt, matches);
	ids = are_ids_right(matches, n);
	for (size_t i = 0; ids && i < n; i++)
		use(&matches[i], matches[i].by_id);
	for (size_t i = 0; i < n; i++)
		use(&matches[i], matches[i].by_g);
	use_stacks(rt, matches);
	free(matches);
	return NULL;
}
