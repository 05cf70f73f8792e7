/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles of a case in the format that "go tool pprof" reads: goroutines of
 * any witness, and what a process has sampled of itself, recovered from its
 * core.
 */
#include "reports/convert.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/sampled.h"

void iq_convert_head(const struct iq_facts *witness, struct iq_pprof_head *ret)
{
	const struct iq_process_fact *p = &witness->process;

	*ret = (struct iq_pprof_head){
		.time_ns = p->has_time ? p->time_ns : 0,
		.executable = p->executable,
		.build_id = p->build_id.len ? p->build_id : p->go_build_id,
	};
}

struct iq_error *iq_convert_origin(const struct iq_facts *witness,
				   struct iq_pprof_out *p)
{
	char text[IQ_STR_QUOTE_SIZE + 32];
	char quoted[IQ_STR_QUOTE_SIZE];

	snprintf(text, sizeof(text), "made by inquest from %s",
		 iq_str_quote(witness->witness.path, quoted));
	return iq_pprof_out_comment(p, iq_str_of(text));
}

/* A profile that a process keeps in its memory. */
static const struct table {
	const char *name;
	enum iq_profile_type type;
	const char *default_type;
} tables[] = {
	{ "heap", IQ_PROFILE_HEAP, "inuse_space" },
	{ "allocs", IQ_PROFILE_HEAP, "alloc_space" },
	{ "block", IQ_PROFILE_BLOCK, "" },
	{ "mutex", IQ_PROFILE_MUTEX, "" },
};

static struct iq_error *write_record(struct iq_pprof_out *p,
				     const struct iq_sampled_record *r)
{
	// Go: src/runtime/pprof/protomem.go
	struct iq_pprof_out_label bytes = {
		.key = IQ_STR("bytes"),
		.number = (int64_t)r->block_size,
		.unit = IQ_STR("bytes"),
	};

	return iq_pprof_out_sample(p, r->frames, r->num_frames, r->values,
				   &bytes, r->block_size ? 1 : 0);
}

static struct iq_error *write_table(const struct iq_facts *witness,
				    const struct table *table,
				    const struct iq_sampled_table *t,
				    struct iq_out *out)
{
	struct iq_pprof_out *p = NULL;
	struct iq_pprof_head head;
	struct iq_error *err;

	iq_convert_head(witness, &head);
	head.types = t->types;
	head.num_types = t->num_types;
	head.default_type = iq_str_of(table->default_type);
	head.period_type = t->period_type;
	head.period = t->has_period ? t->period : 0;
	err = iq_pprof_out_create(out, &head, &p);
	if (err)
		return err;
	err = iq_convert_origin(witness, p);
	if (!err && t->lacks.len)
		err = iq_pprof_out_comment(p, t->lacks);
	for (size_t i = 0; i < t->num_records && !err; i++)
		err = write_record(p, &t->records[i]);
	if (!err)
		err = iq_pprof_out_finish(p);
	iq_pprof_out_destroy(p);
	return err;
}

/* The first witness that has memory. */
static const struct iq_facts *find_memory(const struct iq_model *model)
{
	for (size_t w = 0; w < model->num_witnesses; w++) {
		if (model->witnesses[w]->sampled)
			return model->witnesses[w];
	}
	return NULL;
}

/* An error where there is nothing to write. */
static struct iq_error *check_table(const struct iq_facts *witness,
				    const struct table *table,
				    const struct iq_sampled_table *t)
{
	if (!t)
		return iq_error_new(
			IQ_ERROR_USAGE,
			"the %s profile of the process is not in the core",
			table->name);
	if (t->num_records)
		return NULL;
	if (t->is_cut)
		return iq_error_new(IQ_ERROR_USAGE,
				    "nothing of the %s profile is left: %.*s",
				    table->name, IQ_STR_ARG(t->lacks));
	return iq_error_new(
		IQ_ERROR_USAGE,
		witness->witness.complete ?
			"the process has not sampled its %s: its profile is empty" :
			"no samples of its %s were found: the process took none, or they are not in the core",
		table->name);
}

/* Conditions are on goroutines. */
static struct iq_error *check_options(const struct iq_report_options *options,
				      const struct table *table)
{
	if (!options->num_conditions && !options->per_goroutine)
		return NULL;
	return iq_error_new(
		IQ_ERROR_USAGE,
		"samples of the %s profile are of no goroutine: conditions and --per-goroutine do not apply",
		table->name);
}

static struct iq_error *convert_table(const struct iq_model *model,
				      const struct iq_report_options *options,
				      const struct table *table,
				      struct iq_out *out)
{
	const struct iq_facts *witness = find_memory(model);
	iq_cleanup(iq_arena_deinit) struct iq_arena arena;
	struct iq_sampled_table *t = NULL;
	struct iq_error *err;

	iq_arena_init(&arena);
	err = check_options(options, table);
	if (err)
		return err;
	if (!witness)
		return iq_error_new(
			IQ_ERROR_USAGE,
			"a profile of type %s is recovered from a core alone, and there is none",
			table->name);
	err = witness->sampled->read(witness->sampled, table->type, &arena, &t);
	if (err)
		return err;
	err = check_table(witness, table, t);
	if (err)
		return err;
	if (t->lacks.len && options->note)
		snprintf(options->note, options->note_size,
			 "the %s profile: %.*s", table->name,
			 IQ_STR_ARG(t->lacks));
	return write_table(witness, table, t, out);
}

static struct iq_error *convert_pprof(const struct iq_model *model,
				      const struct iq_report_options *options,
				      struct iq_out *out)
{
	const char *name = options->profile ? options->profile : "goroutine";

	if (!strcmp(name, "goroutine"))
		return iq_convert_goroutines(model, options, out);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(tables); i++) {
		if (!strcmp(name, tables[i].name))
			return convert_table(model, options, &tables[i], out);
	}
	return iq_error_new(
		IQ_ERROR_USAGE,
		"there is no profile \"%s\": goroutine, heap, allocs, block and mutex can be made",
		name);
}

const struct iq_report iq_report_convert_pprof = {
	.command = "convert",
	.format = "pprof",
	.summary = "a profile that \"go tool pprof\" opens",
	.stage = IQ_STAGE_JUDGED,
	.render = convert_pprof,
};
