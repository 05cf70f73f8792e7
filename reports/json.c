/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "report" as JSON: all that is known, in one object. The contract is
 * docs/schema/inquest.report.1.json; it changes only by adding.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "reports/emit_json.h"
#include "reports/finding_json.h"
#include "reports/record.h"
#include "reports/report.h"
#include "reports/scene_json.h"

static void put_verdict(struct iq_json *json, const struct iq_verdict *verdict)
{
	iq_json_key(json, "verdict");
	iq_json_object(json);
	iq_json_pair_cstr(json, "word", iq_verdict_word_name(verdict->word));
	iq_json_key(json, "text");
	iq_json_str(json, verdict->text);
	iq_json_key(json, "also");
	iq_json_array(json);
	for (size_t i = 0; i < verdict->num_also; i++)
		iq_json_cstr(json, iq_verdict_word_name(verdict->also[i]));
	iq_json_array_end(json);
	iq_json_object_end(json);
}

/* ---- witnesses */

static const char *witness_kind(enum iq_witness_kind kind)
{
	static const char *const names[] = {
		[IQ_WITNESS_CORE] = "core",
		[IQ_WITNESS_PROFILE] = "profile",
		[IQ_WITNESS_TRACE] = "trace",
		[IQ_WITNESS_DUMP] = "dump",
		[IQ_WITNESS_EXECUTABLE] = "executable",
	};

	return names[kind];
}

static void put_problems(struct iq_json *json, const struct iq_gap *gaps,
			 size_t num)
{
	iq_json_key(json, "problems");
	iq_json_problems(json, gaps, num);
}

static void put_witness(struct iq_json *json, const struct iq_model *model,
			size_t index)
{
	const struct iq_facts *facts = model->witnesses[index];
	const struct iq_witness_fact *w = &facts->witness;
	const struct iq_process_fact *p = &facts->process;

	iq_json_object(json);
	iq_json_maybe_u64(json, "index", true, index);
	iq_json_pair_cstr(json, "kind", witness_kind(w->kind));
	iq_json_pair_text(json, "format", w->format);
	iq_json_pair_text(json, "path", w->path);
	if (w->section)
		iq_json_maybe_u64(json, "section", true, w->section);
	iq_json_pair_text(json, "go_version", p->go_version);
	iq_json_pair_text(json, "arch", p->arch);
	iq_json_pair_text(json, "build_id", p->build_id);
	iq_json_maybe_i64(json, "pid", p->has_pid, p->pid);
	iq_json_maybe_i64(json, "time_ns", p->has_time, p->time_ns);
	iq_json_pair_bool(json, "complete", w->complete);
	iq_json_pair_bool(json, "same_process", !model->foreign[index]);
	iq_json_maybe_u64(json, "goroutines", w->kind != IQ_WITNESS_EXECUTABLE,
			  iq_facts_count(facts));
	put_problems(json, facts->gaps.data, facts->gaps.len);
	iq_json_object_end(json);
}

static void put_witnesses(struct iq_json *json, const struct iq_model *model)
{
	iq_json_key(json, "witnesses");
	iq_json_array(json);
	for (size_t i = 0; i < model->num_witnesses; i++)
		put_witness(json, model, i);
	iq_json_array_end(json);
}

/* ---- the process */

static const char *crash_kind(enum iq_end_kind end)
{
	switch (end) {
	case IQ_END_PANIC:
		return "panic";
	case IQ_END_FATAL:
		return "fatal";
	case IQ_END_SIGNAL:
		return "signal";
	case IQ_END_NONE:
	case IQ_END_OPERATOR:
		return "none";
	case IQ_END_UNKNOWN:
		break;
	}
	return NULL;
}

static struct iq_error *put_crash(struct iq_json *json,
				  const struct iq_model *model,
				  const struct iq_report_options *options)
{
	const struct iq_process_fact *p = &model->process;
	const char *kind = crash_kind(p->end);
	const struct iq_stack *stack = NULL;
	struct iq_error *err;
	size_t index;

	iq_json_key(json, "crash");
	if (!kind) {
		iq_json_null(json);
		return NULL;
	}
	if (p->has_end_goroutine &&
	    iq_model_goroutine(model, p->end_goroutine, &index))
		stack = model->goroutines[index].fact->stack;
	iq_json_object(json);
	iq_json_pair_cstr(json, "kind", kind);
	iq_json_pair_text(json, "text", p->end_text);
	iq_json_maybe_u64(json, "goroutine", p->has_end_goroutine,
			  p->end_goroutine);
	if (p->has_fault_addr) {
		iq_json_key(json, "fault_address");
		iq_json_hex(json, p->fault_addr);
	}
	iq_json_key(json, "frames");
	iq_json_frames(json, stack);
	err = iq_scene_json(json, model, options);
	iq_json_object_end(json);
	return err;
}

static struct iq_error *put_process(struct iq_json *json,
				    const struct iq_model *model,
				    const struct iq_report_options *options)
{
	struct iq_error *err;

	const struct iq_process_fact *p = &model->process;

	iq_json_key(json, "process");
	iq_json_object(json);
	iq_json_pair_text(json, "go_version", p->go_version);
	iq_json_pair_text(json, "arch", p->arch);
	iq_json_pair_text(json, "executable", p->executable);
	iq_json_pair_text(json, "module", p->module);
	iq_json_pair_text(json, "vcs_revision", p->vcs_revision);
	iq_json_pair_text(json, "build_id", p->build_id);
	iq_json_maybe_i64(json, "pid", p->has_pid, p->pid);
	iq_json_tristate(json, "cgo", p->cgo);
	iq_json_tristate(json, "stripped", p->stripped);
	iq_json_tristate(json, "optimised", p->optimised);
	iq_json_pair_text(json, "signal", p->signal);
	err = put_crash(json, model, options);
	iq_json_object_end(json);
	return err;
}

/* ---- goroutines in numbers */

struct tally {
	UT_hash_handle hh;
	struct iq_str name;
	uint64_t num;
};

struct tallies {
	struct iq_arena arena;
	struct tally *table;
	bool failed;
};

static void tally_add(struct tallies *tallies, struct iq_str name, uint64_t n)
{
	bool iq_map_failed = false;
	struct tally *t;

	HASH_FIND(hh, tallies->table, name.ptr, name.len, t);
	if (!t) {
		t = iq_arena_calloc(&tallies->arena, 1, sizeof(*t));
		if (!t) {
			tallies->failed = true;
			return;
		}
		t->name = name;
		HASH_ADD_KEYPTR(hh, tallies->table, name.ptr, name.len, t);
	}
	t->num += n;
	tallies->failed |= iq_map_failed;
}

static int tally_order(const struct tally *a, const struct tally *b)
{
	return iq_str_compare(a->name, b->name);
}

static void put_tallies(struct iq_json *json, const char *key,
			struct tallies *tallies)
{
	HASH_SRT(hh, tallies->table, tally_order);
	iq_json_key(json, key);
	iq_json_object(json);
	for (struct tally *t = tallies->table; t; t = t->hh.next) {
		iq_json_key_str(json, t->name);
		iq_json_u64(json, t->num);
	}
	iq_json_object_end(json);
	HASH_CLEAR(hh, tallies->table);
}

static void tally_goroutines(const struct iq_model *model,
			     struct tallies *tallies, bool by_reason)
{
	for (size_t i = 0; i < model->num_goroutines; i++) {
		const struct iq_goroutine *g = &model->goroutines[i];
		const char *status = iq_record_status(g->fact);

		if (!by_reason)
			tally_add(tallies,
				  iq_str_of(status ? status : "unknown"),
				  g->count);
		else if (g->fact->wait_reason.len)
			tally_add(tallies, g->fact->wait_reason, g->count);
	}
}

static struct iq_error *put_goroutines(struct iq_json *json,
				       const struct iq_model *model)
{
	struct tallies tallies = { 0 };

	iq_json_key(json, "goroutines");
	iq_json_object(json);
	iq_json_maybe_u64(json, "total", true, model->num_total);
	iq_json_maybe_u64(json, "system", true, model->num_system);
	iq_arena_init(&tallies.arena);
	tally_goroutines(model, &tallies, false);
	put_tallies(json, "by_status", &tallies);
	tally_goroutines(model, &tallies, true);
	put_tallies(json, "by_wait_reason", &tallies);
	iq_json_object_end(json);
	iq_arena_deinit(&tallies.arena);
	return tallies.failed ? &iq_enomem : NULL;
}

/* ---- findings */

/* Ids of those that have one; true if @limit cut them off. */
static bool put_ids(struct iq_json *json, const char *key,
		    const struct iq_model *model, const uint32_t *list,
		    size_t num, uint64_t limit)
{
	uint64_t left = limit ? limit : UINT64_MAX;
	bool truncated = false;

	iq_json_key(json, key);
	iq_json_array(json);
	for (size_t i = 0; i < num; i++) {
		const struct iq_goroutine *g = &model->goroutines[list[i]];

		if (!g->has_id)
			continue;
		if (!left) {
			truncated = true;
			break;
		}
		iq_json_u64(json, g->id);
		left--;
	}
	iq_json_array_end(json);
	return truncated;
}

static void put_evidence(struct iq_json *json, const struct iq_model *model,
			 const struct iq_finding *f)
{
	iq_json_key(json, "evidence");
	iq_json_array(json);
	for (size_t i = 0; i < f->num_evidence; i++) {
		const struct iq_evidence *e = &f->evidence[i];

		iq_json_object(json);
		iq_json_maybe_u64(json, "witness", true, e->witness);
		iq_json_pair_cstr(
			json, "kind",
			witness_kind(
				model->witnesses[e->witness]->witness.kind));
		iq_json_pair_cstr(json, "stance", iq_stance_name(e->stance));
		iq_json_key(json, "text");
		iq_json_str(json, e->text);
		iq_json_pair_bool(json, "proof", e->weight == IQ_WEIGHT_PROOF);
		iq_json_pair_bool(json, "cannot_know", e->blind);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_settle(struct iq_json *json, const struct iq_finding *f)
{
	iq_json_pair_text(json, "settle", f->settle);
	iq_json_key(json, "settle_commands");
	iq_json_array(json);
	if (f->collect.len)
		iq_json_str(json, f->collect);
	if (f->again.len)
		iq_json_str(json, f->again);
	iq_json_array_end(json);
}

static void put_finding_head(struct iq_json *json, const struct iq_finding *f)
{
	iq_json_maybe_u64(json, "id", true, f->id);
	iq_json_pair_cstr(json, "rule", f->rule);
	iq_json_pair_cstr(json, "class", iq_class_name(f->class));
	iq_json_pair_cstr(json, "severity", iq_severity_name(f->severity));
	iq_json_pair_cstr(json, "confidence",
			  iq_confidence_name(f->confidence));
	iq_json_key(json, "title");
	iq_json_str(json, f->title);
	iq_json_key(json, "kind");
	iq_json_text(json, iq_str_of(f->kind));
	iq_json_maybe_u64(json, "count", true, f->count);
	iq_json_key(json, "site");
	iq_json_frame(json, f->site);
	iq_json_key(json, "created_by");
	iq_json_frame(json, f->created_by);
	iq_json_pair_text(json, "wait_reason", f->wait_reason);
	iq_json_maybe_i64(json, "wait_ns_min", f->has_wait_min, f->wait_min_ns);
	iq_json_maybe_i64(json, "wait_ns_max", f->has_wait_max, f->wait_max_ns);
}

void iq_finding_json(struct iq_json *json, const struct iq_model *model,
		     const struct iq_finding *f, uint64_t limit)
{
	bool truncated;

	iq_json_object(json);
	put_finding_head(json, f);
	truncated = put_ids(json, "goroutines", model, f->goroutines,
			    f->num_goroutines, limit);
	truncated |= put_ids(json, "victims", model, f->victims, f->num_victims,
			     limit);
	truncated |= put_ids(json, "gone", model, f->gone, f->num_gone, limit);
	iq_json_pair_bool(json, "goroutines_truncated", truncated);
	iq_json_key(json, "victims_site");
	iq_json_frame(json, f->victims_site);
	iq_finding_json_graph(json, model, f);
	iq_json_key(json, "stack");
	iq_json_frames(json, f->stack);
	iq_finding_json_cost(json, model, f);
	iq_json_pair_text(json, "ground", f->ground);
	put_evidence(json, model, f);
	iq_json_pair_text(json, "sure", f->sure);
	iq_json_maybe_u64(json, "kinds_agreeing", true, f->num_agreeing);
	iq_json_pair_text(json, "advice", f->advice);
	put_settle(json, f);
	iq_json_pair_text(json, "fingerprint", iq_str_of(f->fingerprint));
	iq_json_key(json, "baseline");
	iq_json_null(json);
	iq_json_key(json, "suppressed_by");
	iq_json_null(json);
	iq_json_object_end(json);
}

static void put_findings(struct iq_json *json, const struct iq_model *model,
			 const struct iq_report_options *options)
{
	size_t num = model->num_findings;

	if (options->limit && options->limit < num)
		num = (size_t)options->limit;
	iq_json_key(json, "findings");
	iq_json_array(json);
	for (size_t i = 0; i < num; i++)
		iq_finding_json(json, model, &model->findings[i],
				options->limit);
	iq_json_array_end(json);
	if (num < model->num_findings)
		iq_json_maybe_u64(json, "findings_left_out", true,
				  model->num_findings - num);
}

static void put_not_run(struct iq_json *json, const struct iq_model *model)
{
	iq_json_key(json, "rules_not_run");
	iq_json_array(json);
	for (size_t i = 0; i < model->num_not_run; i++) {
		iq_json_object(json);
		iq_json_pair_cstr(json, "rule", model->not_run[i].rule);
		iq_json_key(json, "text");
		iq_json_str(json, model->not_run[i].text);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static struct iq_error *json_render(const struct iq_model *model,
				    const struct iq_report_options *options,
				    struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	struct iq_error *err = iq_json_create(out, &json);

	if (err)
		return err;
	iq_json_object(json);
	iq_json_pair_cstr(json, "schema", "inquest.report/1");
	iq_json_pair_cstr(json, "inquest", PACKAGE_VERSION);
	put_verdict(json, &model->verdict);
	put_witnesses(json, model);
	err = put_process(json, model, options);
	if (!err)
		err = put_goroutines(json, model);
	if (err)
		return err;
	put_findings(json, model, options);
	iq_json_leaked(json, model);
	put_not_run(json, model);
	put_problems(json, model->gaps, model->num_gaps);
	iq_json_object_end(json);
	iq_out_char(out, '\n');
	return iq_json_done(json);
}

const struct iq_report iq_report_json = {
	.command = "report",
	.format = "json",
	.summary = "one JSON object, for scripts",
	.stage = IQ_STAGE_COSTED,
	.render = json_render,
};
