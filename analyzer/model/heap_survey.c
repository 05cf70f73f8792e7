/* SPDX-License-Identifier: Apache-2.0 */
#include "model/heap_survey.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "model/coverage.h"
#include "model/heap_survey_parts.h"
#include "model/heap_walk.h"
#include "model/text.h"

/* Go: src/internal/runtime/gc/sizeclasses.go. */
#define SMALLEST_OBJECT 8

const char *iq_heap_state_name(enum iq_heap_state state)
{
	static const char *const names[] = {
		[IQ_HEAP_LIVE] = "live",
		[IQ_HEAP_LEAKED] = "leaked",
		[IQ_HEAP_GARBAGE] = "garbage",
	};

	return names[state];
}

const char *iq_heap_kind_name(enum iq_heap_kind kind)
{
	static const char *const names[] = {
		[IQ_HEAP_OBJECT] = "object", [IQ_HEAP_FREE] = "free",
		[IQ_HEAP_STACK] = "stack",   [IQ_HEAP_VARIABLE] = "variable",
		[IQ_HEAP_OTHER] = "memory",  [IQ_HEAP_NOWHERE] = "nowhere",
	};

	return names[kind];
}

const char *iq_heap_root_name(enum iq_root_kind kind)
{
	static const char *const names[] = {
		[IQ_ROOT_RUNTIME] = "runtime",
		[IQ_ROOT_VARIABLE] = "variable",
		[IQ_ROOT_STACK] = "stack",
		[IQ_ROOT_GOROUTINE] = "goroutine",
		[IQ_ROOT_REGISTERS] = "registers",
		[IQ_ROOT_SPECIAL] = "special",
		[IQ_ROOT_FOREIGN] = "foreign",
	};

	return names[kind];
}

/* ---- what the parts share */

struct iq_error *iq_surveying_name(const struct iq_surveying *s, uint32_t type,
				   struct iq_str *ret)
{
	struct iq_str name =
		type ? s->types->types[type].name : (struct iq_str){ 0 };

	return iq_str_dup(&s->model->arena, name, ret) ? NULL : &iq_enomem;
}

struct iq_error *iq_surveying_keep(const struct iq_surveying *s,
				   struct iq_out *out, struct iq_str *ret)
{
	struct iq_str text = { .ptr = out->buf, .len = out->len };

	// Into memory nothing but memory can fail.
	if (out->err || !iq_str_dup(&s->model->arena, text, ret))
		return &iq_enomem;
	return NULL;
}

bool iq_surveying_is_leaked(const struct iq_surveying *s, uint32_t goroutine)
{
	return goroutine != UINT32_MAX &&
	       s->model->goroutines[goroutine].reach == IQ_REACH_UNREACHABLE;
}

/* ---- who reaches what the proof has not marked */

/* Follows references from goroutines that cannot run to what is not reached
 * without them. */
struct tracing {
	const struct iq_surveying *s;
	uint64_t *bits;
	IQ_VEC(uint32_t) open; /* slots that are to be looked through */
	bool failed;	       /* without memory */
	/* Something was not in the core, which may refer to anything. */
	bool missed;
	uint64_t missing; /* the first such address */
};

static bool trace_reference(void *ctx, const struct iq_heap_reference *ref)
{
	struct tracing *t = ctx;

	if (iq_surveying_state(t->s, ref->slot) != IQ_HEAP_GARBAGE)
		return true;
	t->bits[ref->slot / 64] |= 1ull << ref->slot % 64;
	t->failed |= !iq_vec_push(&t->open, ref->slot);
	return !t->failed;
}

static void trace_range(struct tracing *t, const struct iq_heap_range *range)
{
	const struct iq_heap_map *map = t->s->proof->map;

	if (!t->missed && !range->optional)
		t->missed = iq_heap_is_missing(map, range->addr, range->len,
					       &t->missing);
	iq_heap_walk_range(map, range, trace_reference, t);
}

static void trace_object(struct tracing *t, uint32_t slot)
{
	const struct iq_heap_map *map = t->s->proof->map;
	uint32_t in = iq_heap_map_span_of_slot(map, slot);
	const struct iq_heap_span *span = &map->spans.data[in];

	if (span->noscan)
		return;
	if (!t->missed && !span->bytes)
		t->missed = iq_heap_is_missing(
			map,
			span->addr + (slot - span->first) * span->elem_size,
			span->elem_size, &t->missing);
	iq_heap_walk_object_in(map, in, slot, trace_reference, t);
}

/* What goroutine @index of the facts waits for. */
static void trace_waits(struct tracing *t, size_t index)
{
	const struct iq_goroutine_fact *fact =
		&t->s->facts->goroutines.data[index];

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		struct iq_heap_reference ref = {
			.slot = iq_heap_slot_of_wait(t->s->proof->map,
						     &fact->waits[i]),
		};

		if (ref.slot != IQ_HEAP_NONE)
			trace_reference(t, &ref);
	}
}

/* Of goroutine @index of the facts. */
static void trace_holder(struct tracing *t, size_t index)
{
	struct iq_heap_holder holder =
		iq_heap_map_holder(t->s->proof->map, index);

	trace_range(t, &holder.stack);
	trace_range(t, &holder.self);
	trace_range(t, &holder.registers);
	trace_waits(t, index);
	while (t->open.len && !t->failed)
		trace_object(t, t->open.data[--t->open.len]);
}

/* What was not there keeps what is leaked from being counted. */
static struct iq_error *note_missing(struct iq_surveying *s,
				     const struct tracing *t, bool leaked)
{
	const struct iq_heap_memory *memory = &s->proof->map->memory;
	struct iq_heap_survey *survey = s->survey;
	struct iq_error *err;

	if (t->failed)
		return &iq_enomem;
	if (!t->missed && !memory->faulted(memory->ctx))
		return NULL;
	if (!t->missed)
		err = iq_textf(&s->model->arena, &survey->leaked_lacks,
			       "the file could not be read everywhere");
	else
		err = iq_textf(&s->model->arena, &survey->leaked_lacks,
			       "memory at 0x%" PRIx64
			       ", which %s goroutines hold, is not in the core",
			       t->missing, leaked ? "leaked" : "blocked");
	if (!survey->lacks.len)
		survey->lacks = survey->leaked_lacks;
	return err;
}

/* From goroutines that stay blocked by proof, or from the others. */
static struct iq_error *trace(struct iq_surveying *s, bool leaked)
{
	const struct iq_heap_map *map = s->proof->map;
	uint64_t *bits = calloc(map->num_slots / 64 + 1, sizeof(*bits));
	struct tracing t = { .s = s, .bits = bits };

	if (!bits)
		return &iq_enomem;
	*(leaked ? &s->leaked : &s->held) = bits;
	for (size_t i = 0; i < map->num_holders && !t.failed; i++) {
		bool runs = i < s->facts->goroutines.len &&
			    (s->proof->can_run[i / 64] >> i % 64 & 1);

		if (!runs && i < s->facts->goroutines.len &&
		    iq_surveying_is_leaked(s, s->goroutines[i]) == leaked)
			trace_holder(&t, i);
	}
	iq_vec_deinit(&t.open);
	return note_missing(s, &t, leaked);
}

static void count_leaked(struct iq_surveying *s, size_t goroutine)
{
	const struct iq_heap_map *map = s->proof->map;
	struct iq_heap_survey *survey = s->survey;
	uint64_t stack =
		goroutine < map->num_holders ?
			iq_heap_map_holder(map, goroutine).stack_bytes :
			0;

	if (!survey->leaked_goroutines++)
		survey->has_leaked_stacks = true;
	survey->has_leaked_stacks &= stack > 0;
	survey->leaked_stacks += stack;
}

/* Of a goroutine of the facts that nothing is proven of. */
static void count_doubted(struct iq_surveying *s, size_t index)
{
	const struct iq_heap_map *map = s->proof->map;
	struct iq_heap_survey *survey = s->survey;
	struct iq_heap_holder holder;
	const char *doubt;

	if (index >= map->num_holders || s->goroutines[index] == UINT32_MAX ||
	    s->model->goroutines[s->goroutines[index]].reach !=
		    IQ_REACH_UNKNOWN)
		return;
	holder = iq_heap_map_holder(map, index);
	doubt = holder.wait_doubt ? holder.wait_doubt : holder.stack_doubt;
	if (doubt && !survey->doubted_goroutines++)
		survey->doubt = doubt;
}

/* Most heaps have nobody who cannot run. */
static struct iq_error *trace_all(struct iq_surveying *s)
{
	size_t num = s->facts->goroutines.len;
	bool leaked = false, held = false;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < num; i++) {
		if (s->survey->judged)
			count_doubted(s, i);
		if (s->proof->can_run[i / 64] >> i % 64 & 1)
			continue;
		if (iq_surveying_is_leaked(s, s->goroutines[i])) {
			leaked = true;
			count_leaked(s, i);
		} else {
			held = true;
		}
	}
	// What both reach is not leaked; where it is not known what one holds,
	// nothing is.
	if (held)
		err = trace(s, false);
	if (!err && leaked && !s->survey->leaked_lacks.len)
		err = trace(s, true);
	return err;
}

static struct iq_error *find_goroutines(struct iq_surveying *s)
{
	const struct iq_model *m = s->model;
	size_t num = s->facts->goroutines.len;

	s->goroutines = calloc(num + 1, sizeof(*s->goroutines));
	if (!s->goroutines)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		s->goroutines[i] = UINT32_MAX;
	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];

		if (m->witnesses[g->witness] == s->facts)
			s->goroutines[g->fact - s->facts->goroutines.data] =
				(uint32_t)i;
	}
	return NULL;
}

static bool is_dead(enum iq_gstatus status)
{
	return status == IQ_GSTATUS_DEAD || status == IQ_GSTATUS_DEADEXTRA;
}

static bool is_judged(const struct iq_surveying *s)
{
	const struct iq_facts *facts = s->facts;

	if (s->proof->lacks[0])
		return false;
	for (size_t i = 0; i < facts->goroutines.len; i++) {
		if (s->goroutines[i] == UINT32_MAX &&
		    !is_dead(facts->goroutines.data[i].status))
			return false;
	}
	return true;
}

/* ---- one heap */

/* Counters that contradict each other were not found where they are. */
static bool is_possible(const struct iq_heap_totals *t)
{
	return t->heap_alloc <= t->heap_inuse &&
	       t->heap_objects <= t->heap_alloc / SMALLEST_OBJECT;
}

static void measure(struct iq_surveying *s)
{
	const struct iq_heap *heap = s->facts->heap;
	struct iq_heap_survey *survey = s->survey;
	struct iq_coverage_heap size;

	survey->has_inuse = heap->measure && heap->measure(heap, &size);
	if (survey->has_inuse) {
		survey->inuse = size.memory.total;
		survey->inuse_missing = iq_coverage_missing(size.memory);
	}
	survey->has_totals = heap->totals &&
			     heap->totals(heap, &survey->totals) &&
			     is_possible(&survey->totals);
}

static struct iq_error *note_lacks(struct iq_surveying *s)
{
	const struct iq_heap_survey *survey = s->survey;

	if (s->proof->lacks[0])
		return iq_textf(&s->model->arena, &s->survey->lacks, "%s",
				s->proof->lacks);
	if (!survey->found)
		return iq_textf(&s->model->arena, &s->survey->lacks,
				"no spans of the heap were found");
	if (survey->inuse_missing)
		return iq_textf(&s->model->arena, &s->survey->lacks,
				"%" PRIu64 " of %" PRIu64
				" bytes of the heap in use are not in the core",
				survey->inuse_missing, survey->inuse);
	return NULL;
}

static struct iq_error *find_types(struct iq_surveying *s)
{
	const struct iq_heap *heap = s->facts->heap;

	if (!heap->types)
		return NULL;
	return heap->types(heap, s->proof->map, &s->types);
}

static struct iq_error *survey_parts(struct iq_surveying *s)
{
	struct iq_error *err = find_goroutines(s);

	if (!err) {
		s->survey->judged = is_judged(s);
		err = trace_all(s);
	}
	if (!err)
		err = find_types(s);
	if (!err)
		err = iq_surveying_count(s);
	if (!err && s->query->view == IQ_HEAP_WHY)
		err = iq_surveying_why(s);
	if (!err && s->query->view == IQ_HEAP_WHO)
		err = iq_surveying_who(s);
	return err;
}

static void surveying_deinit(struct iq_surveying *s)
{
	iq_heap_types_destroy(s->types);
	free(s->leaked);
	free(s->held);
	free(s->goroutines);
}

static struct iq_error *survey_witness(struct iq_model *model,
				       const struct iq_heap_query *query,
				       struct iq_heap_survey *survey)
{
	iq_cleanup(surveying_deinit) struct iq_surveying s = {
		.model = model,
		.query = query,
		.facts = model->witnesses[survey->witness],
		.survey = survey,
	};
	struct iq_error *err;

	if (!s.facts->heap)
		return iq_textf(&model->arena, &survey->lacks,
				"the runtime was not found in it");
	err = iq_proof_make(model, survey->witness, &s.proof);
	if (err)
		return err;
	measure(&s);
	survey->num_spans = s.proof->map->spans.len;
	survey->found = survey->num_spans > 0;
	err = note_lacks(&s);
	return err ? err : survey_parts(&s);
}

struct iq_error *iq_heap_survey_make(struct iq_model *model,
				     const struct iq_heap_query *query)
{
	struct iq_heap_survey *list = iq_arena_calloc(
		&model->arena, model->num_witnesses + 1, sizeof(*list));
	struct iq_error *err = NULL;
	size_t num = 0;

	if (!list)
		return &iq_enomem;
	for (size_t w = 0; w < model->num_witnesses && !err; w++) {
		if (model->witnesses[w]->witness.kind != IQ_WITNESS_CORE)
			continue;
		list[num].witness = (uint32_t)w;
		err = survey_witness(model, query, &list[num++]);
	}
	model->surveys = list;
	model->num_surveys = num;
	return err;
}
