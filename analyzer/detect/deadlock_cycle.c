/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

#include <stdlib.h>

#include "model/text.h"

/* Locks in one circle; real ones have two or three. */
#define MAX_CYCLE 16

/* The locks of a circle, in order: a waiter of each mentions the next. */
struct cycle {
	uint32_t locks[MAX_CYCLE];
	/* via[i] waits for locks[i] and mentions locks[i - 1]. */
	uint32_t via[MAX_CYCLE];
	size_t len;
};

/*
 * The lock that the holder @mention waits for: the next step of a walk. One
 * lock has one holder, so only an unambiguous step is taken.
 */
static bool next_lock(const struct iq_model *model, const struct iq_lock *lock,
		      uint32_t *lock_ret, uint32_t *via_ret)
{
	bool found = false;

	for (size_t i = 0; i < lock->num_holders; i++) {
		uint32_t g = lock->holders[i].goroutine;
		uint32_t next = model->goroutines[g].lock;

		if (next == IQ_NO_LOCK || &model->locks[next] == lock)
			continue;
		if (found && next != *lock_ret)
			return false;
		found = true;
		*lock_ret = next;
		*via_ret = g;
	}
	return found;
}

/* The circle that goes through lock @start and has no smaller lock. */
static bool find_cycle(const struct iq_model *model, uint32_t start,
		       struct cycle *ret)
{
	uint32_t at = start;

	ret->len = 0;
	while (ret->len < MAX_CYCLE) {
		uint32_t via;

		ret->locks[ret->len] = at;
		if (!next_lock(model, &model->locks[at], &at, &via))
			return false;
		ret->via[ret->len++] = via;
		if (at == start)
			return ret->len > 1;
		if (at < start)
			return false;
	}
	return false;
}

static int compare_u32(const void *pa, const void *pb)
{
	const uint32_t *a = pa;
	const uint32_t *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* The circle's goroutines in order of their index, each once. */
static size_t cycle_members(const struct cycle *cycle, uint32_t *ret)
{
	size_t n = 0;

	memcpy(ret, cycle->via, cycle->len * sizeof(*ret));
	qsort(ret, cycle->len, sizeof(*ret), compare_u32);
	for (size_t i = 0; i < cycle->len; i++) {
		if (!i || ret[i] != ret[i - 1])
			ret[n++] = ret[i];
	}
	return n;
}

/* "goroutine 7 waits for 0xa and mentions 0xb; …" */
static struct iq_error *cycle_ground(const struct iq_model *model,
				     struct iq_arena *arena,
				     const struct cycle *cycle,
				     struct iq_str *ret)
{
	struct iq_str text = IQ_STR("");
	struct iq_error *err = NULL;

	for (size_t i = 0; i < cycle->len && !err; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[cycle->via[i]];

		err = iq_textf(
			arena, &text,
			"%.*s%sgoroutine %llu waits for 0x%llx and "
			"mentions 0x%llx",
			IQ_STR_ARG(text), i ? "; " : "",
			(unsigned long long)g->id,
			(unsigned long long)model->locks[g->lock].address,
			(unsigned long long)model->locks[cycle->locks[i]]
				.address);
	}
	*ret = text;
	return err;
}

static int compare_texts(const void *pa, const void *pb)
{
	return strcmp(*(const char *const *)pa, *(const char *const *)pb);
}

/* The sorted set of sites: every rotation of a circle is the same finding. */
static struct iq_error *cycle_key(const struct iq_model *model,
				  struct iq_arena *arena, const uint32_t *list,
				  size_t n, struct iq_str *ret)
{
	const char *sites[MAX_CYCLE] = { 0 };
	struct iq_error *err = NULL;
	struct iq_str text = IQ_STR("");

	for (size_t i = 0; i < n && !err; i++) {
		const struct iq_goroutine *g = &model->goroutines[list[i]];
		const struct iq_signature *sig =
			iq_model_goroutine_signature(model, list[i]);
		struct iq_str name = IQ_STR("unknown");

		if (sig && sig->site != UINT32_MAX)
			err = iq_function_canonical(
				arena,
				g->fact->stack->frames[sig->site].function,
				true, &name);
		if (!err)
			err = iq_textf(arena, &name, "%s %.*s",
				       iq_wait_class_name(g->class),
				       IQ_STR_ARG(name));
		sites[i] = name.ptr;
	}
	if (err)
		return err;
	qsort(sites, n, sizeof(*sites), compare_texts);
	for (size_t i = 0; i < n && !err; i++) {
		if (!i || strcmp(sites[i], sites[i - 1]) != 0)
			err = iq_textf(arena, &text, "%.*s%s%s",
				       IQ_STR_ARG(text), i ? "\n" : "",
				       sites[i]);
	}
	*ret = text;
	return err;
}

static struct iq_error *add_cycle(const struct iq_model *model,
				  const struct cycle *cycle,
				  struct iq_findings *findings)
{
	struct iq_arena *arena = findings->arena;
	uint32_t members[MAX_CYCLE];
	size_t n = cycle_members(cycle, members);
	struct iq_finding f;
	const char *site;
	struct iq_error *err = iq_finding_init(&iq_detector_deadlock_cycle,
					       model, arena, members, n, &f);

	if (!err)
		err = cycle_ground(model, arena, cycle, &f.ground);
	if (!err)
		err = cycle_key(model, arena, members, n, &f.key);
	if (!err)
		err = iq_text_frame(arena, f.site, &site);
	if (!err)
		err = iq_textf(
			arena, &f.title,
			"%zu goroutines wait for each other's locks, one "
			"of them in %s",
			n, site);
	f.advice = IQ_STR("take the locks in one order everywhere, for example "
			  "by id or address");
	return err ? err : iq_findings_add(findings, &f);
}

static struct iq_error *deadlock_cycle_run(const struct iq_model *model,
					   struct iq_findings *findings)
{
	struct iq_error *err = NULL;
	struct cycle cycle;

	for (uint32_t i = 0; i < model->num_locks && !err; i++) {
		if (find_cycle(model, i, &cycle))
			err = add_cycle(model, &cycle, findings);
	}
	return err;
}

const struct iq_detector iq_detector_deadlock_cycle = {
	.id = "deadlock-cycle",
	.class = IQ_CLASS_DEADLOCK,
	.severity = IQ_SEVERITY_ERROR,
	.summary = "goroutines wait for each other's locks in a circle",
	.needs = IQ_TELLS_WAITS,
	.needs_text = "no witness knows the addresses of locks (a core does)",
	.run = deadlock_cycle_run,
};
