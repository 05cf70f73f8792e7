/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/sift.h"

#include <stdlib.h>

#include "base/limits.h"
#include "detect/waited.h"
#include "model/lock.h"
#include "model/text.h"

static int compare_u32(const void *pa, const void *pb)
{
	const uint32_t *a = pa;
	const uint32_t *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* The circle's goroutines in order of their index, each once. */
static size_t cycle_members(const struct iq_lock_cycle *cycle, uint32_t *ret)
{
	size_t n = 0;

	memcpy(ret, cycle->holders, cycle->len * sizeof(*ret));
	qsort(ret, cycle->len, sizeof(*ret), compare_u32);
	for (size_t i = 0; i < cycle->len; i++) {
		if (!i || ret[i] != ret[i - 1])
			ret[n++] = ret[i];
	}
	return n;
}

/* "goroutine 7 waits for 0xa and has deferred the Unlock of 0xb; …" */
static struct iq_error *cycle_ground(const struct iq_model *model,
				     struct iq_arena *arena,
				     const struct iq_lock_cycle *cycle,
				     struct iq_str *ret)
{
	struct iq_str text = IQ_STR("");
	struct iq_error *err = NULL;

	for (size_t i = 0; i < cycle->len && !err; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[cycle->holders[i]];
		const struct iq_lock *lock = &model->locks[cycle->locks[i]];

		err = iq_textf(
			arena, &text,
			"%.*s%sgoroutine %llu waits for 0x%llx and "
			"%s 0x%llx",
			IQ_STR_ARG(text), i ? "; " : "",
			(unsigned long long)g->id,
			(unsigned long long)model->locks[g->lock].address,
			iq_lock_best_hold(lock) == IQ_LOCK_HOLD_UNLOCKS ?
				"has deferred the Unlock of" :
				"mentions",
			(unsigned long long)lock->address);
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
	const char *sites[IQ_LIMIT_LOCK_CYCLE] = { 0 };
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
				g->fact->stack->frames[sig->site]->function,
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
				  const struct iq_lock_cycle *cycle,
				  struct iq_findings *findings)
{
	struct iq_arena *arena = findings->arena;
	uint32_t members[IQ_LIMIT_LOCK_CYCLE];
	size_t n = cycle_members(cycle, members);
	struct iq_finding f;
	const char *site;
	struct iq_error *err = iq_finding_init(&iq_detector_deadlock_cycle,
					       model, arena, members, n, &f);

	f.mere = cycle->mere;
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

/* One that has only just begun to wait: most likely it is served in a moment. */
static bool has_newcomer(const struct iq_model *model,
			 const struct iq_lock_cycle *cycle)
{
	for (size_t i = 0; i < cycle->len; i++) {
		if (iq_lock_wait_is_short(model, cycle->holders[i]))
			return true;
	}
	return false;
}

static struct iq_error *deadlock_cycle_run(const struct iq_model *model,
					   struct iq_findings *findings)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < model->num_lock_cycles && !err; i++) {
		const struct iq_lock_cycle *cycle = &model->lock_cycles[i];

		if (!cycle->mere || !has_newcomer(model, cycle))
			err = add_cycle(model, cycle, findings);
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
