/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/convert.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"
#include "reports/goroutine_select.h"
#include "reports/words.h"

/* goroutine and wait. */
#define NUM_VALUES 2
#define NO_FINDING UINT32_MAX

/* Ages by which equal stacks are told apart, oldest first. */
static const struct age {
	int64_t ns;
	const char *words;
} ages[] = {
	{ 86400000000000, ">=1d" }, { 3600000000000, ">=1h" },
	{ 600000000000, ">=10m" },  { 60000000000, ">=1m" },
	{ 10000000000, ">=10s" },   { 1000000000, ">=1s" },
};

/* Goroutines that differ in nothing that is shown. */
struct sample_key {
	const struct iq_stack *stack;
	const struct iq_labels *labels;
	const struct iq_frame *created_by;
	const char *reason; /* the start of its text, which is interned */
	const char *age;
	uint32_t reason_len;
	uint32_t status;
	uint32_t finding;
	uint32_t unused;
};

struct sample {
	UT_hash_handle hh;
	struct sample_key key;
	int64_t values[NUM_VALUES];
};

struct convert {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_arena arena;
	struct iq_pprof_out *p;
	struct sample *samples;
	/* By goroutine: index of the first finding that has it. */
	uint32_t *findings;
	IQ_VEC(struct iq_pprof_out_label) labels;
	uint64_t num_written;
};

static void convert_deinit(struct convert *c)
{
	HASH_CLEAR(hh, c->samples);
	iq_vec_deinit(&c->labels);
	free(c->findings);
	iq_pprof_out_destroy(c->p);
	iq_arena_deinit(&c->arena);
}

static struct iq_error *find_findings(struct convert *c)
{
	const struct iq_model *m = c->model;

	c->findings = calloc(m->num_goroutines + 1, sizeof(*c->findings));
	if (!c->findings)
		return &iq_enomem;
	for (size_t i = 0; i < m->num_goroutines; i++)
		c->findings[i] = NO_FINDING;
	for (size_t f = m->num_findings; f-- > 0;) {
		for (size_t i = 0; i < m->findings[f].num_goroutines; i++)
			c->findings[m->findings[f].goroutines[i]] = (uint32_t)f;
	}
	return NULL;
}

/* ---- labels */

static bool label_text(struct convert *c, const char *key, struct iq_str text)
{
	struct iq_pprof_out_label label = { .key = iq_str_of(key),
					    .text = text };

	return !text.len || iq_vec_push(&c->labels, label);
}

static bool label_number(struct convert *c, const char *key, int64_t number,
			 const char *unit)
{
	struct iq_pprof_out_label label = { .key = iq_str_of(key),
					    .number = number,
					    .unit = iq_str_of(unit) };

	return iq_vec_push(&c->labels, label);
}

static bool labels_own(struct convert *c, const struct iq_labels *labels)
{
	for (size_t i = 0; labels && i < labels->num; i++) {
		struct iq_pprof_out_label label = {
			.key = labels->items[i].key,
			.text = labels->items[i].value,
		};

		if (label.text.len && !iq_vec_push(&c->labels, label))
			return false;
	}
	return true;
}

static struct iq_error *labels_fill(struct convert *c,
				    const struct sample_key *k)
{
	struct iq_str reason = { .ptr = k->reason, .len = k->reason_len };
	bool fine;

	c->labels.len = 0;
	fine = labels_own(c, k->labels) &&
	       label_text(c, "inquest.status",
			  iq_str_of(iq_gstatus_name(
				  (enum iq_gstatus)k->status))) &&
	       label_text(c, "inquest.reason", reason);
	if (fine && k->age)
		fine = label_text(c, "inquest.since", iq_str_of(k->age));
	if (fine && k->created_by)
		fine = label_text(c, "inquest.creator",
				  k->created_by->function);
	if (fine && k->finding != NO_FINDING) {
		const struct iq_finding *f = &c->model->findings[k->finding];

		fine = label_text(c, "inquest.finding", iq_str_of(f->rule)) &&
		       label_text(c, "inquest.confidence",
				  iq_str_of(iq_confidence_name(f->confidence)));
	}
	return fine ? NULL : &iq_enomem;
}

/* ---- samples */

static const char *age_of(const struct iq_goroutine *g)
{
	for (size_t i = 0; g->has_wait_min && i < IQ_ARRAY_SIZE(ages); i++) {
		if (g->wait_min_ns >= ages[i].ns)
			return ages[i].words;
	}
	return NULL;
}

static struct sample_key key_of(const struct convert *c, size_t index)
{
	const struct iq_goroutine *g = &c->model->goroutines[index];
	struct sample_key key;

	// Compared as bytes.
	memset(&key, 0, sizeof(key));
	key.stack = g->fact->stack;
	key.labels = g->fact->labels;
	key.created_by = g->fact->created_by;
	key.reason = g->fact->wait_reason.len ? g->fact->wait_reason.ptr : NULL;
	key.reason_len = (uint32_t)g->fact->wait_reason.len;
	key.status = g->fact->status;
	key.finding = c->findings[index];
	return key;
}

/* Its frames without the end of each stack, which Go's profiles do not show.
 * Go: src/runtime/pprof/proto.go, allFrames. */
static size_t num_frames(const struct iq_stack *stack)
{
	size_t num = stack ? stack->num_frames : 0;

	if (num && iq_str_equal(stack->frames[num - 1]->function,
				IQ_STR("runtime.goexit")))
		num--;
	return num;
}

static struct iq_error *sample_write(struct convert *c,
				     const struct sample_key *key,
				     const int64_t *values)
{
	c->num_written++;
	return iq_pprof_out_sample(c->p, key->stack ? key->stack->frames : NULL,
				   num_frames(key->stack), values,
				   c->labels.data, c->labels.len);
}

static struct iq_error *write_one(struct convert *c, size_t index)
{
	const struct iq_goroutine *g = &c->model->goroutines[index];
	struct sample_key key = key_of(c, index);
	int64_t values[NUM_VALUES] = {
		(int64_t)g->count,
		g->has_wait_min ? g->wait_min_ns : 0,
	};
	struct iq_error *err = labels_fill(c, &key);

	if (!err && g->has_id && !label_number(c, "goid", (int64_t)g->id, ""))
		err = &iq_enomem;
	if (!err && g->has_wait_min &&
	    !label_number(c, "inquest.since", g->wait_min_ns, "nanoseconds"))
		err = &iq_enomem;
	return err ? err : sample_write(c, &key, values);
}

static struct iq_error *add_one(struct convert *c, size_t index)
{
	const struct iq_goroutine *g = &c->model->goroutines[index];
	struct sample_key key = key_of(c, index);
	bool iq_map_failed = false;
	struct sample *s;
	int64_t wait;

	key.age = age_of(g);
	HASH_FIND(hh, c->samples, &key, sizeof(key), s);
	if (!s) {
		s = iq_arena_calloc(&c->arena, 1, sizeof(*s));
		if (!s)
			return &iq_enomem;
		s->key = key;
		HASH_ADD(hh, c->samples, key, sizeof(key), s);
	}
	s->values[0] += (int64_t)g->count;
	wait = g->has_wait_min ? g->wait_min_ns : 0;
	if (__builtin_add_overflow(s->values[1], wait, &s->values[1]))
		s->values[1] = INT64_MAX;
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct iq_error *
each(struct convert *c, struct iq_error *(*visit)(struct convert *, size_t))
{
	struct iq_selection selection;
	struct iq_error *err = iq_selection_init(c->model, c->options,
						 c->options->all, &selection);

	if (err)
		return err;
	for (size_t i = 0; i < selection.num && !err; i++)
		err = visit(c, iq_selection_at(&selection, i));
	iq_selection_deinit(&selection);
	return err;
}

static struct iq_error *write_samples(struct convert *c)
{
	struct iq_error *err = NULL;

	if (c->options->per_goroutine)
		return each(c, write_one);
	err = each(c, add_one);
	for (struct sample *s = c->samples; s && !err; s = s->hh.next) {
		err = labels_fill(c, &s->key);
		if (!err)
			err = sample_write(c, &s->key, s->values);
	}
	return err;
}

struct iq_error *iq_convert_goroutines(const struct iq_model *model,
				       const struct iq_report_options *options,
				       struct iq_out *out)
{
	const struct iq_value_type types[NUM_VALUES] = {
		{ IQ_STR("goroutine"), IQ_STR("count") },
		{ IQ_STR("wait"), IQ_STR("nanoseconds") },
	};
	iq_cleanup(convert_deinit) struct convert c = { .model = model,
							.options = options };
	const struct iq_facts *first = model->witnesses[0];
	struct iq_pprof_head head;
	struct iq_error *err;

	iq_arena_init(&c.arena);
	iq_convert_head(first, &head);
	head.types = types;
	head.num_types = NUM_VALUES;
	head.default_type = types[0].type;
	head.period_type = types[0];
	head.period = 1;
	head.hides_wrappers = true;
	err = find_findings(&c);
	if (!err)
		err = iq_pprof_out_create(out, &head, &c.p);
	for (size_t w = 0; w < model->num_witnesses && !err; w++)
		err = iq_convert_origin(model->witnesses[w], c.p);
	if (!err)
		err = write_samples(&c);
	if (!err && !c.num_written)
		err = iq_error_new(IQ_ERROR_USAGE,
				   "there is no such goroutine: the profile is "
				   "empty");
	return err ? err : iq_pprof_out_finish(c.p);
}
