/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "profile" as JSON: an object a profile and line, every sample in it. The
 * contract is docs/schema/inquest.profile.1.json; it changes only by adding.
 */
#include "base/cleanup.h"
#include "reports/blocks.h"
#include "reports/emit_json.h"
#include "reports/profile.h"
#include "reports/report.h"

/* One object. What is written once goes through @json; rows and samples, of
 * which there may be millions, are put together of blocks. */
struct writer {
	const struct iq_facts *facts;
	const struct iq_profile *profile;
	struct iq_out *out;
	struct iq_blocks blocks;
	struct iq_json *json;	    /* writes to out */
	struct iq_json *json_block; /* writes what a block is made of */
};

/* ---- what stands at the head */

/* Names may be empty in the file: that is known, so no null. */
static void put_type(struct iq_json *json, const struct iq_value_type *type)
{
	iq_json_key(json, "type");
	iq_json_str(json, type->type);
	iq_json_key(json, "unit");
	iq_json_str(json, type->unit);
}

static void put_types(struct iq_json *json, const struct iq_profile *p)
{
	iq_json_key(json, "sample_types");
	iq_json_array(json);
	for (size_t i = 0; i < p->num_types; i++) {
		iq_json_object(json);
		put_type(json, &p->types[i]);
		iq_json_key(json, "total");
		iq_json_i64(json, p->totals[i]);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
	iq_json_key(json, "default_sample_type");
	if (p->default_type < p->num_types)
		iq_json_str(json, p->types[p->default_type].type);
	else
		iq_json_null(json);
}

static void put_problems(struct iq_json *json, const struct iq_facts *facts)
{
	iq_json_pair_bool(json, "complete", facts->witness.complete);
	iq_json_key(json, "problems");
	iq_json_problems(json, facts->gaps.data, facts->gaps.len);
}

static void put_head(struct writer *w)
{
	const struct iq_process_fact *process = &w->facts->process;
	const struct iq_profile *p = w->profile;
	struct iq_json *json = w->json;

	iq_json_pair_text(json, "schema", IQ_STR("inquest.profile/1"));
	iq_json_pair_text(json, "path", w->facts->witness.path);
	iq_json_pair_text(json, "format", w->facts->witness.format);
	iq_json_pair_text(json, "profile_type",
			  iq_str_of(iq_profile_type_name(p->type)));
	put_types(json, p);
	iq_json_pair_u64(json, "samples", p->num_read_samples);
	iq_json_pair_u64(json, "locations", p->num_locations);
	iq_json_pair_u64(json, "functions", p->num_functions);
	iq_json_pair_u64(json, "mappings", p->num_mappings);
	put_problems(json, w->facts);
	iq_json_maybe_i64(json, "time_ns", process->has_time, process->time_ns);
	iq_json_maybe_i64(json, "duration_ns", p->has_duration, p->duration_ns);
	iq_json_maybe_i64(json, "period", p->has_period, p->period);
	iq_json_key(json, "period_type");
	iq_json_object(json);
	put_type(json, &p->period_type);
	iq_json_object_end(json);
	iq_json_pair_text(json, "executable", process->executable);
	iq_json_pair_text(json, "build_id", process->build_id);
}

/* ---- what there may be much of */

static void put_i64(struct iq_out *out, int64_t v)
{
	if (v < 0)
		iq_out_char(out, '-');
	iq_out_u64(out, iq_profile_size(v));
}

static void put_values(struct writer *w, const char *key, const int64_t *values)
{
	iq_out_cstr(w->out, key);
	for (size_t i = 0; i < w->profile->num_types; i++) {
		if (i)
			iq_out_char(w->out, ',');
		put_i64(w->out, values[i]);
	}
	iq_out_char(w->out, ']');
}

/* Labels of one key from @i on; they are sorted. */
static size_t equal_keys(const struct iq_labels *labels, size_t i)
{
	size_t end = i + 1;

	while (end < labels->num &&
	       iq_str_equal(labels->items[end].key, labels->items[i].key))
		end++;
	return end - i;
}

/* A key that a sample has several times has a list of values. */
static void make_labels(struct iq_json *json, const struct iq_labels *labels)
{
	iq_json_object(json);
	for (size_t i = 0; i < labels->num;) {
		size_t num = equal_keys(labels, i);

		iq_json_key_str(json, labels->items[i].key);
		if (num > 1)
			iq_json_array(json);
		for (size_t end = i + num; i < end; i++)
			iq_json_str(json, labels->items[i].value);
		if (num > 1)
			iq_json_array_end(json);
	}
	iq_json_object_end(json);
}

static struct iq_error *put_frames(struct writer *w, uint32_t number)
{
	struct iq_block_key key = { .object = w->profile, .what = number };
	const struct iq_stack *stack;
	struct iq_error *err;

	if (iq_blocks_copy(&w->blocks, key, w->out))
		return NULL;
	err = iq_profile_stack(w->profile, number, &stack);
	if (err)
		return err;
	iq_blocks_begin(&w->blocks);
	iq_json_restart(w->json_block);
	iq_json_frames(w->json_block, stack);
	iq_blocks_end(&w->blocks, key, w->out);
	return NULL;
}

/* Labels are as many as samples: none is written twice. */
static void put_labels(struct writer *w, const struct iq_labels *labels)
{
	struct iq_out *block = iq_blocks_begin(&w->blocks);

	iq_json_restart(w->json_block);
	make_labels(w->json_block, labels);
	iq_out_bytes(w->out, block->buf, block->len);
}

/* A text of its own, beside what @json keeps account of. */
static void put_text(struct writer *w, struct iq_str text)
{
	struct iq_out *block = iq_blocks_begin(&w->blocks);

	iq_json_restart(w->json_block);
	iq_json_text(w->json_block, text);
	iq_out_bytes(w->out, block->buf, block->len);
}

static void put_row(struct writer *w, const struct iq_top_row *row)
{
	iq_out_cstr(w->out, "{\"function\":");
	put_text(w, row->frame->function);
	if (!row->frame->function.len) {
		iq_out_cstr(w->out, ",\"pc\":");
		if (row->frame->has_pc) {
			iq_out_char(w->out, '"');
			iq_out_hex(w->out, row->frame->pc);
			iq_out_char(w->out, '"');
		} else {
			iq_out_cstr(w->out, "null");
		}
		iq_out_cstr(w->out, ",\"module\":");
		put_text(w, row->frame->module);
	}
	put_values(w, ",\"flat\":[", row->flat);
	put_values(w, ",\"cum\":[", row->cum);
	iq_out_char(w->out, '}');
}

/* How many of @num are written. */
static size_t limited(const struct iq_report_options *options, size_t num)
{
	return options->limit && options->limit < num ? (size_t)options->limit :
							num;
}

static struct iq_error *put_top(struct writer *w,
				const struct iq_report_options *options)
{
	struct iq_top top = { 0 };
	struct iq_error *err =
		iq_top_init(&top, w->profile, w->profile->default_type);
	size_t num = limited(options, top.num_rows);

	iq_out_cstr(w->out, ",\"top\":[");
	for (size_t i = 0; i < num && !err && !w->out->err; i++) {
		if (i)
			iq_out_char(w->out, ',');
		put_row(w, top.rows[i]);
	}
	iq_out_char(w->out, ']');
	iq_top_deinit(&top);
	return err;
}

static struct iq_error *put_sample(struct writer *w, size_t index)
{
	const struct iq_labels *labels;
	struct iq_error *err = iq_profile_labels(w->profile, index, &labels);

	if (err)
		return err;
	put_values(w, "{\"values\":[", iq_profile_values(w->profile, index));
	iq_out_cstr(w->out, ",\"labels\":");
	if (labels->num)
		put_labels(w, labels);
	else
		iq_out_cstr(w->out, "{}");
	iq_out_cstr(w->out, ",\"frames\":");
	err = put_frames(w, w->profile->samples[index].stack);
	iq_out_char(w->out, '}');
	return err;
}

static struct iq_error *put_stacks(struct writer *w,
				   const struct iq_report_options *options)
{
	size_t num = limited(options, w->profile->num_samples);
	struct iq_error *err = NULL;

	iq_out_cstr(w->out, ",\"stacks\":[");
	for (size_t i = 0; i < num && !err && !w->out->err; i++) {
		if (i)
			iq_out_char(w->out, ',');
		err = put_sample(w, i);
	}
	iq_out_char(w->out, ']');
	return err;
}

/* ---- the whole */

static struct iq_error *put_object(struct writer *w,
				   const struct iq_report_options *options)
{
	struct iq_error *err;

	iq_json_restart(w->json);
	iq_json_object(w->json);
	put_head(w);
	// Its end is written below, behind what the generator does not see.
	err = put_top(w, options);
	if (!err)
		err = put_stacks(w, options);
	if (err)
		return err;
	iq_out_cstr(w->out, "}\n");
	err = iq_json_done(w->json);
	if (!err)
		err = iq_json_done(w->json_block);
	if (!err && w->blocks.making.err)
		err = &iq_enomem;
	return err ? err : iq_blocks_done(&w->blocks);
}

static struct iq_error *put_profile(const struct iq_facts *facts,
				    const struct iq_report_options *options,
				    struct iq_out *out)
{
	struct writer w = {
		.facts = facts,
		.profile = facts->profile,
		.out = out,
	};
	struct iq_error *err;

	iq_blocks_init(&w.blocks);
	err = iq_json_create(out, &w.json);
	if (!err)
		err = iq_json_create(&w.blocks.making, &w.json_block);
	if (!err)
		err = put_object(&w, options);
	iq_json_destroy(w.json_block);
	iq_json_destroy(w.json);
	iq_blocks_deinit(&w.blocks);
	return err;
}

static struct iq_error *
profile_json_render(const struct iq_model *model,
		    const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_error *err = NULL;
	size_t num = 0;

	for (size_t i = 0; i < model->num_witnesses && !err; i++) {
		if (!model->witnesses[i]->profile)
			continue;
		num++;
		err = put_profile(model->witnesses[i], options, out);
	}
	if (!err && !num)
		err = iq_profile_missing(model);
	return err;
}

const struct iq_report iq_report_profile_json = {
	.command = "profile",
	.format = "json",
	.summary = "one JSON object a profile and line",
	.stage = IQ_STAGE_READ,
	.render = profile_json_render,
};
