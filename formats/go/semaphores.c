/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/semaphores.h"

#include <stdlib.h>

#include "formats/go/find_scan.h"
#include "formats/go/notify_lists.h"
#include "formats/go/record.h"
#include "formats/go/wait_class.h"

/*
 * runtime.semtable is an array of roots, each padded to a cache line; a
 * semaphore's root is chosen by its address. Go: src/runtime/sema.go, rootFor.
 */
static uint64_t num_roots(const struct iq_go_runtime *rt)
{
	int64_t n = rt->version->constants->sem_tab_size;

	return n > 0 && n < 1 << 16 ? (uint64_t)n : 0;
}

static uint64_t root_of(const struct iq_go_runtime *rt, uint64_t semaphore)
{
	return (semaphore >> 3) % num_roots(rt);
}

static uint64_t root_addr(const struct iq_go_runtime *rt, uint64_t table,
			  uint64_t i)
{
	return table + i * rt->version->tables->sematable_stride;
}

/* The sudog at @addr, if it is one of a goroutine. */
static bool sudog_read(const struct iq_go_runtime *rt, uint64_t addr,
		       struct iq_go_record *ret)
{
	return addr % 8 == 0 &&
	       iq_go_record_read(rt->memory, addr, rt->layout->sudog_size,
				 ret) &&
	       iq_go_runtime_g(rt, iq_go_record_uint(ret, rt->layout->sudog_g));
}

/* Whether every root of a table at @table holds semaphores that belong there. */
static bool is_table(const struct iq_go_runtime *rt, uint64_t table)
{
	for (uint64_t i = 0; i < num_roots(rt); i++) {
		struct iq_go_record sudog;
		uint64_t treap;

		if (!iq_go_field_read(rt->memory, root_addr(rt, table, i),
				      rt->layout->sema_root_treap, &treap))
			return false;
		if (!treap)
			continue;
		if (!sudog_read(rt, treap, &sudog) ||
		    root_of(rt, iq_go_record_uint(&sudog,
						  rt->layout->sudog_elem)) != i)
			return false;
	}
	return true;
}

/*
 * Each word of bss that points to a waiter says where the table would begin.
 * The first beginning that all of the table agrees with is right.
 */
static uint64_t find_table(const struct iq_go_runtime *rt)
{
	const struct iq_go_module *module = &rt->program->modules[0];
	uint64_t stride = rt->version->tables->sematable_stride;
	uint64_t size = num_roots(rt) * stride;
	struct iq_go_words words;
	uint64_t addr, value;

	iq_go_words_bss(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		struct iq_go_record sudog;
		uint64_t elem, before;

		if (!value || !sudog_read(rt, value, &sudog))
			continue;
		elem = iq_go_record_uint(&sudog, rt->layout->sudog_elem);
		before = root_of(rt, elem) * stride +
			 rt->layout->sema_root_treap.offset;
		if (elem && addr >= module->bss + before &&
		    module->ebss - (addr - before) >= size &&
		    is_table(rt, addr - before))
			return addr - before;
	}
	return 0;
}

/* A sudog of a treap and the one above it. */
struct node {
	uint64_t addr;
	uint64_t parent;
};

struct walk {
	const struct iq_go_runtime *rt;
	struct iq_go_semaphores *ret;
	IQ_VEC(struct node) todo;
	/* The root in work. */
	uint64_t root;
	/* More sudogs than this are garbage. */
	size_t budget;
};

/* The waiters of one semaphore, from the treap's node on. */
static struct iq_error *walk_waiters(struct walk *w,
				     const struct iq_go_record *node)
{
	const struct iq_go_layout *l = w->rt->layout;
	uint64_t semaphore = iq_go_record_uint(node, l->sudog_elem);
	uint64_t next = iq_go_record_uint(node, l->sudog_waitlink);
	struct iq_go_record sudog;
	struct iq_go_semaphore_waiter waiter = {
		.g = iq_go_record_uint(node, l->sudog_g),
		.addr = semaphore,
	};

	if (!iq_vec_push(&w->ret->waiters, waiter))
		return &iq_enomem;
	while (next && w->budget && sudog_read(w->rt, next, &sudog) &&
	       iq_go_record_uint(&sudog, l->sudog_elem) == semaphore) {
		w->budget--;
		waiter.g = iq_go_record_uint(&sudog, l->sudog_g);
		if (!iq_vec_push(&w->ret->waiters, waiter))
			return &iq_enomem;
		next = iq_go_record_uint(&sudog, l->sudog_waitlink);
	}
	if (next)
		iq_facts_gap_addr(
			w->rt->facts, IQ_GAP_DAMAGED, next,
			"the list of those who wait for a semaphore is broken");
	return NULL;
}

/* Whether the sudog is where a semaphore belongs: at its root, below the one
 * that it says is above it. */
static bool belongs(const struct walk *w, const struct iq_go_record *node,
		    uint64_t parent)
{
	const struct iq_go_layout *l = w->rt->layout;

	return root_of(w->rt, iq_go_record_uint(node, l->sudog_elem)) ==
		       w->root &&
	       iq_go_record_uint(node, l->sudog_parent) == parent;
}

/* One node of a treap: its waiters, its children for later. */
static struct iq_error *walk_node(struct walk *w, const struct node *at)
{
	const struct iq_go_layout *l = w->rt->layout;
	struct iq_go_record node;
	uint64_t children[2];

	if (!sudog_read(w->rt, at->addr, &node) ||
	    !belongs(w, &node, at->parent)) {
		iq_facts_gap_addr(
			w->rt->facts, IQ_GAP_DAMAGED, at->addr,
			"the table of semaphores has an entry that is none");
		return NULL;
	}
	children[0] = iq_go_record_uint(&node, l->sudog_prev);
	children[1] = iq_go_record_uint(&node, l->sudog_next);
	for (unsigned i = 0; i < 2; i++) {
		struct node child = { children[i], at->addr };

		if (child.addr && !iq_vec_push(&w->todo, child))
			return &iq_enomem;
	}
	return walk_waiters(w, &node);
}

static int compare_waiters(const void *a, const void *b)
{
	const struct iq_go_semaphore_waiter *x = a;
	const struct iq_go_semaphore_waiter *y = b;

	if (x->g != y->g)
		return x->g < y->g ? -1 : 1;
	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static struct iq_error *walk_table(struct walk *w, uint64_t table)
{
	struct iq_error *err = NULL;

	for (uint64_t i = 0; i < num_roots(w->rt) && !err; i++) {
		uint64_t treap;

		if (!iq_go_field_read(w->rt->memory, root_addr(w->rt, table, i),
				      w->rt->layout->sema_root_treap, &treap)) {
			iq_facts_gap_addr(
				w->rt->facts, IQ_GAP_MISSING, table,
				"the table of semaphores is not in the core");
			break;
		}
		struct node top = { treap, 0 };

		w->root = i;
		if (treap && !iq_vec_push(&w->todo, top))
			return &iq_enomem;
		while (w->todo.len && w->budget && !err) {
			struct node at = w->todo.data[--w->todo.len];

			w->budget--;
			err = walk_node(w, &at);
		}
	}
	if (!w->budget)
		iq_facts_gap_addr(
			w->rt->facts, IQ_GAP_DAMAGED, table,
			"the table of semaphores has more waiters than there are goroutines");
	return err;
}

/* Up to 1.25 a goroutine that waits for a semaphore has no sudog in g.waiting. */
static bool has_waiters(const struct iq_go_runtime *rt)
{
	struct iq_str reason;

	if (!num_roots(rt))
		return false;
	for (size_t i = 0; i < rt->num_gs; i++) {
		const struct iq_go_g *g = &rt->gs[i];

		if (g->status == IQ_GSTATUS_WAITING && !g->waiting &&
		    iq_go_wait_reason(rt->version, g->waitreason, &reason) &&
		    iq_go_wait_class_of(iq_go_wait_reason_plain(reason))
				    .source == IQ_GO_WAIT_SEMAPHORES)
			return true;
	}
	return false;
}

static struct iq_error *table_read(struct iq_go_runtime *rt,
				   struct iq_go_semaphores *ret)
{
	struct walk w = {
		.rt = rt,
		.ret = ret,
		.budget = 2 * rt->num_gs + 1,
	};
	struct iq_error *err;

	if (!has_waiters(rt))
		return NULL;
	if (!rt->semtable_addr)
		rt->semtable_addr = find_table(rt);
	if (!rt->semtable_addr) {
		iq_facts_gap(
			rt->facts, IQ_GAP_MISSING,
			"the table of semaphores was not found: which locks are waited for is unknown");
		return NULL;
	}
	err = walk_table(&w, rt->semtable_addr);
	iq_vec_deinit(&w.todo);
	return err;
}

struct iq_error *iq_go_semaphores_read(struct iq_go_runtime *rt,
				       struct iq_go_semaphores *ret)
{
	struct iq_error *err;

	*ret = (struct iq_go_semaphores){ 0 };
	if (rt->version->tables->sudog_two_words)
		return NULL;
	err = table_read(rt, ret);
	if (!err)
		err = iq_go_notify_lists_read(rt, ret);
	if (ret->waiters.len)
		qsort(ret->waiters.data, ret->waiters.len,
		      sizeof(*ret->waiters.data), compare_waiters);
	return err;
}

void iq_go_semaphores_deinit(struct iq_go_semaphores *semaphores)
{
	iq_vec_deinit(&semaphores->waiters);
}

bool iq_go_semaphores_find(const struct iq_go_semaphores *semaphores,
			   uint64_t g, uint64_t *ret)
{
	size_t lo = 0;
	size_t hi = semaphores->waiters.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (semaphores->waiters.data[mid].g < g)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == semaphores->waiters.len ||
	    semaphores->waiters.data[lo].g != g)
		return false;
	*ret = semaphores->waiters.data[lo].addr;
	return true;
}
