/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/doctor.h"

#include <inttypes.h>
#include <stdio.h>

#include "model/profile.h"
#include "model/text.h"
#include "reports/profile_text.h"

struct iq_error *iq_doctor_init(struct iq_doctor *doctor,
				const struct iq_model *model)
{
	struct iq_error *err;

	*doctor = (struct iq_doctor){ .model = model };
	iq_arena_init(&doctor->arena);
	doctor->heaps = iq_arena_calloc(&doctor->arena, model->num_witnesses,
					sizeof(*doctor->heaps));
	if (!doctor->heaps)
		return &iq_enomem;
	for (size_t w = 0; w < model->num_witnesses; w++) {
		struct iq_doctor_heap *heap = &doctor->heaps[w];

		heap->known =
			iq_coverage_measure(model->witnesses[w], &heap->size);
	}
	err = iq_doctor_losses(doctor);
	return err ? err : iq_doctor_advise(doctor);
}

void iq_doctor_deinit(struct iq_doctor *doctor)
{
	iq_vec_deinit(&doctor->losses);
	iq_vec_deinit(&doctor->advice);
	iq_arena_deinit(&doctor->arena);
}

const char *iq_doctor_when_name(enum iq_doctor_when when)
{
	static const char *const names[] = {
		[IQ_DOCTOR_NOW] = "now",
		[IQ_DOCTOR_COLLECT] = "collect",
		[IQ_DOCTOR_BUILD] = "build",
	};

	return names[when];
}

const struct iq_coverage *iq_doctor_core(const struct iq_doctor *doctor,
					 size_t w)
{
	const struct iq_facts *facts = doctor->model->witnesses[w];

	return facts->witness.kind == IQ_WITNESS_CORE ? facts->coverage : NULL;
}

const struct iq_coverage_module *
iq_doctor_executable(const struct iq_doctor *doctor, size_t w)
{
	const struct iq_facts *facts = doctor->model->witnesses[w];

	return facts->coverage ? iq_coverage_executable(facts->coverage) : NULL;
}

/* ---- kinds */

struct kind {
	const char *name;
	const char *can;
	const char *cannot;
};

static const struct kind kinds[] = {
	[IQ_WITNESS_CORE] = {
		"core",
		"goroutines with id, state, stack, creator and labels; the "
		"objects they wait for, who can still reach these, how the "
		"process ended",
		"how it came about, exact times of waiting",
	},
	[IQ_WITNESS_TRACE] = {
		"execution trace",
		"what each goroutine did within the window, when it blocked "
		"and who woke it",
		"what was before and after, memory, what goroutines wait for "
		"that were blocked all the time",
	},
	[IQ_WITNESS_DUMP] = {
		"text dump",
		"goroutines with id, state, minutes of waiting, stack and "
		"creator",
		"objects and who can reach them, memory, exact times",
	},
	[IQ_WITNESS_EXECUTABLE] = {
		"executable",
		"what was built, names of functions, lines, inlined calls",
		"anything of a process",
	},
};

static const struct kind profiles[] = {
	[IQ_PROFILE_OTHER] = {
		"profile",
		"what its samples count, by stack and label",
		"ids, states, times, objects",
	},
	[IQ_PROFILE_GOROUTINE] = {
		"goroutine profile",
		"how many goroutines have which stack and labels",
		"ids, states, creators, times, objects",
	},
	[IQ_PROFILE_GOROUTINELEAK] = {
		"goroutine leak profile",
		"stacks of goroutines that the runtime itself found leaked",
		"ids, times, who else is blocked: a lock that is held for ever "
		"is not in it",
	},
	[IQ_PROFILE_HEAP] = {
		"heap profile",
		"which stacks allocated what is in use, as sampled",
		"goroutines and what they wait for",
	},
	[IQ_PROFILE_ALLOCS] = {
		"allocation profile",
		"which stacks allocated how much, as sampled",
		"goroutines and what they wait for",
	},
	[IQ_PROFILE_BLOCK] = {
		"block profile",
		"where goroutines waited, for those waits that have ended",
		"who waits now, ids, objects",
	},
	[IQ_PROFILE_MUTEX] = {
		"mutex profile",
		"who held locks that others waited for",
		"who holds and waits now, ids, objects",
	},
	[IQ_PROFILE_THREADCREATE] = {
		"thread profile",
		"what made threads",
		"goroutines",
	},
	[IQ_PROFILE_CPU] = {
		"CPU profile",
		"where time was spent",
		"goroutines that wait",
	},
};

static const struct kind *kind_of(const struct iq_facts *facts)
{
	if (facts->witness.kind != IQ_WITNESS_PROFILE)
		return &kinds[facts->witness.kind];
	return &profiles[facts->profile ? facts->profile->type :
					  IQ_PROFILE_OTHER];
}

const char *iq_doctor_kind(const struct iq_facts *facts)
{
	return kind_of(facts)->name;
}

const char *iq_doctor_can(const struct iq_facts *facts)
{
	return kind_of(facts)->can;
}

const char *iq_doctor_cannot(const struct iq_facts *facts)
{
	return kind_of(facts)->cannot;
}

/* A core of whose heap too much is missing to tell who reaches what. */
static bool lacks_proof(const struct iq_doctor *doctor, size_t w)
{
	const struct iq_model *m = doctor->model;
	const struct iq_doctor_heap *heap = &doctor->heaps[w];

	return iq_doctor_core(doctor, w) &&
	       (!heap->known || iq_coverage_missing(heap->size.spans) ||
		(m->reach_lacks.len && m->reach_witness == (uint32_t)w));
}

/* An executable whose functions have no names: cut off, or not Go. */
static bool is_without_tables(const struct iq_doctor *doctor, size_t w)
{
	const struct iq_facts *facts = doctor->model->witnesses[w];
	const struct iq_coverage_module *exe = iq_doctor_executable(doctor, w);

	return facts->witness.kind == IQ_WITNESS_EXECUTABLE && exe &&
	       !exe->has_pclntab && !exe->has_symbols && !exe->has_dwarf;
}

const char *iq_doctor_tells(const struct iq_doctor *doctor, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(doctor, w);

	if (c && (!c->has_runtime || !c->goroutines.total))
		return "nothing of Go, as it is";
	if (is_without_tables(doctor, w))
		return "which build it is";
	if (lacks_proof(doctor, w))
		return "goroutines with id, state, stack, creator and labels; "
		       "the objects they wait for, how the process ended; not "
		       "who can still reach these";
	return iq_doctor_can(doctor->model->witnesses[w]);
}

/* ---- words */

const char *iq_doctor_bytes(char *buf, uint64_t bytes)
{
	return iq_profile_quantity(
		buf, bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes,
		IQ_STR("bytes"));
}

const char *iq_doctor_part(char *buf, struct iq_coverage_part part)
{
	char total[IQ_QUANTITY_SIZE], present[IQ_QUANTITY_SIZE];

	iq_doctor_bytes(total, part.total);
	if (!part.total)
		snprintf(buf, IQ_DOCTOR_SIZE, "none");
	else if (!part.present)
		snprintf(buf, IQ_DOCTOR_SIZE, "none of %s", total);
	else if (part.present >= part.total)
		snprintf(buf, IQ_DOCTOR_SIZE, "all %s", total);
	else
		snprintf(buf, IQ_DOCTOR_SIZE, "%s of %s",
			 iq_doctor_bytes(present, part.present), total);
	return buf;
}

const char *iq_doctor_loss_words(enum iq_stack_loss why)
{
	static const char *const words[IQ_NUM_STACK_LOSSES] = {
		[IQ_STACK_LOSS_TABLES] = "the tables of functions are missing",
		[IQ_STACK_LOSS_CUT_OFF] = "the core ends before it",
		[IQ_STACK_LOSS_NOT_DUMPED] = "it is not in the core",
		[IQ_STACK_LOSS_THREAD] =
			"it runs, and its thread is not in the core",
		[IQ_STACK_LOSS_DAMAGED] =
			"it is there and does not lead to its end",
	};

	return words[why];
}

/* How many of the ids from @i on follow each other. */
static size_t run_of(const struct iq_coverage_loss *loss, size_t i)
{
	size_t n = 1;

	while (i + n < loss->num_ids && loss->ids[i + n] == loss->ids[i] + n)
		n++;
	return n;
}

/* Runs of ids that are named. */
#define MAX_RUNS 6

struct iq_error *iq_doctor_ids(struct iq_arena *arena,
			       const struct iq_coverage_loss *loss,
			       struct iq_str *ret)
{
	struct iq_error *err = NULL;
	struct iq_str list = IQ_STR("");
	size_t i = 0;

	for (unsigned runs = 0; i < loss->num_ids && runs < MAX_RUNS && !err;
	     runs++) {
		size_t n = run_of(loss, i);

		n = n == 2 ? 1 : n;
		if (n == 1)
			err = iq_textf(arena, &list, "%.*s%s%" PRIu64,
				       IQ_STR_ARG(list), runs ? ", " : "",
				       loss->ids[i]);
		else
			err = iq_textf(arena, &list,
				       "%.*s%s%" PRIu64 "-%" PRIu64,
				       IQ_STR_ARG(list), runs ? ", " : "",
				       loss->ids[i], loss->ids[i + n - 1]);
		i += n;
	}
	if (!err && i < loss->count)
		err = iq_textf(arena, &list, "%.*s and %" PRIu64 " more",
			       IQ_STR_ARG(list), loss->count - i);
	if (!err)
		*ret = list;
	return err;
}
