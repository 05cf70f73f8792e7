/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "heap" as JSON: an object a core and line. The contracts are
 * docs/schema/inquest.heap.1.json, inquest.heap-why.1.json and
 * inquest.heap-who.1.json; they change only by adding.
 */
#include "base/cleanup.h"
#include "reports/emit_json.h"
#include "reports/goroutine_line.h"
#include "reports/heap.h"
#include "reports/path_lines.h"

struct page {
	struct iq_json *json;
	const struct iq_model *model;
	const struct iq_report_options *options;
	const struct iq_heap_survey *survey;
};

static void put_hex(struct iq_json *json, const char *key, uint64_t v)
{
	iq_json_key(json, key);
	if (v)
		iq_json_hex(json, v);
	else
		iq_json_null(json);
}

static void put_head(struct page *p, const char *schema)
{
	const struct iq_heap_survey *s = p->survey;
	const struct iq_facts *facts = p->model->witnesses[s->witness];
	const struct iq_gap gaps[] = {
		{ .code = IQ_GAP_MISSING, .text = s->lacks, .count = 1 },
		{ .code = IQ_GAP_MISSING, .text = s->leaked_lacks, .count = 1 },
	};
	size_t num = s->lacks.len > 0;

	// Where nothing else is missing it is the same.
	if (s->leaked_lacks.len && !iq_str_equal(s->leaked_lacks, s->lacks))
		num = 2;

	iq_json_pair_cstr(p->json, "schema", schema);
	iq_json_pair_u64(p->json, "witness", s->witness);
	iq_json_pair_text(p->json, "path", facts->witness.path);
	iq_json_pair_text(p->json, "go_version", facts->process.go_version);
	iq_json_pair_bool(p->json, "complete", !s->lacks.len);
	iq_json_key(p->json, "problems");
	iq_json_problems(p->json, gaps, num);
}

/* @num of a list, or as many as --limit lets. */
static size_t shown(const struct page *p, size_t num)
{
	uint64_t limit = p->options->limit;

	return limit && limit < num ? (size_t)limit : num;
}

static void end_list(struct page *p, const char *key, size_t num)
{
	iq_json_array_end(p->json);
	if (shown(p, num) < num)
		iq_json_pair_bool(p->json, key, true);
}

/* ---- totals */

static void put_sum(struct page *p, const char *objects, const char *bytes,
		    struct iq_heap_sum sum)
{
	bool found = p->survey->found;

	iq_json_maybe_u64(p->json, objects, found, sum.objects);
	iq_json_maybe_u64(p->json, bytes, found, sum.bytes);
}

/* What is not reached is garbage if nothing is missing that could reach it. */
static void put_garbage(struct page *p, struct iq_heap_sum sum)
{
	bool known = p->survey->found && !p->survey->lacks.len;

	put_sum(p, "unreached_objects", "unreached_bytes", sum);
	iq_json_maybe_u64(p->json, "garbage_objects", known, sum.objects);
	iq_json_maybe_u64(p->json, "garbage_bytes", known, sum.bytes);
}

/* null where it is not known. */
static void put_state(struct page *p, bool is_object, enum iq_heap_state state)
{
	bool known = is_object &&
		     (state != IQ_HEAP_GARBAGE || !p->survey->lacks.len);

	iq_json_pair_text(p->json, "state",
			  known ? iq_str_of(iq_heap_state_name(state)) :
				  (struct iq_str){ 0 });
}

/* What the process itself counted. */
static void put_counted(struct page *p)
{
	const struct iq_heap_survey *s = p->survey;
	const struct iq_heap_totals *t = &s->totals;
	struct iq_json *json = p->json;

	iq_json_key(json, "counted");
	if (!s->has_totals) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_pair_u64(json, "heap_objects", t->heap_objects);
	iq_json_pair_u64(json, "heap_alloc_bytes", t->heap_alloc);
	iq_json_pair_u64(json, "heap_inuse_bytes", t->heap_inuse);
	iq_json_pair_u64(json, "stack_inuse_bytes", t->stack_inuse);
	iq_json_maybe_u64(json, "next_gc_bytes", t->next_gc > 0, t->next_gc);
	iq_json_pair_u64(json, "num_gc", t->num_gc);
	iq_json_object_end(json);
}

static void put_leaked(struct page *p)
{
	const struct iq_heap_survey *s = p->survey;
	bool judged = s->found && s->judged;
	bool whole = judged && !s->leaked_lacks.len;
	bool known = judged && (s->has_leaked_stacks || !s->leaked_goroutines);

	iq_json_key(p->json, "leaked");
	iq_json_object(p->json);
	iq_json_maybe_u64(p->json, "goroutines", judged, s->leaked_goroutines);
	iq_json_maybe_u64(p->json, "unjudged_goroutines", judged,
			  s->doubted_goroutines);
	iq_json_pair_text(p->json, "unjudged_because",
			  iq_str_of(s->doubt ? s->doubt : ""));
	iq_json_maybe_u64(p->json, "retained_bytes", known && whole,
			  s->leaked.bytes + s->leaked_stacks);
	iq_json_maybe_u64(p->json, "heap_objects", whole, s->leaked.objects);
	iq_json_maybe_u64(p->json, "heap_bytes", whole, s->leaked.bytes);
	iq_json_maybe_u64(p->json, "stack_bytes", known, s->leaked_stacks);
	iq_json_object_end(p->json);
}

static void put_totals(struct page *p)
{
	const struct iq_heap_survey *s = p->survey;
	struct iq_heap_sum live = { s->live.objects + s->leaked.objects,
				    s->live.bytes + s->leaked.bytes };

	put_sum(p, "live_objects", "live_bytes", live);
	put_garbage(p, s->garbage);
	put_sum(p, "allocated_objects", "allocated_bytes", s->allocated);
	put_sum(p, "free_objects", "free_bytes", s->free);
	iq_json_maybe_u64(p->json, "inuse_bytes", s->has_inuse, s->inuse);
	iq_json_maybe_u64(p->json, "missing_bytes", s->has_inuse,
			  s->inuse_missing);
	iq_json_maybe_u64(p->json, "spans", s->found, s->num_spans);
	put_counted(p);
	put_leaked(p);
}

/* ---- types, objects, findings */

static void put_types(struct page *p)
{
	const struct iq_heap_survey *s = p->survey;
	struct iq_json *json = p->json;

	iq_json_key(json, "types");
	iq_json_array(json);
	for (size_t i = 0; i < shown(p, s->num_rows); i++) {
		const struct iq_heap_row *row = &s->rows[i];

		iq_json_object(json);
		iq_json_pair_text(json, "type", row->type);
		iq_json_maybe_u64(json, "size_bytes", row->size > 0, row->size);
		iq_json_pair_u64(json, "objects", row->all.objects);
		iq_json_pair_u64(json, "bytes", row->all.bytes);
		iq_json_pair_u64(json, "leaked_objects", row->leaked.objects);
		iq_json_pair_u64(json, "leaked_bytes", row->leaked.bytes);
		iq_json_object_end(json);
	}
	end_list(p, "types_truncated", s->num_rows);
}

static void put_object(struct page *p, const struct iq_heap_object *o)
{
	iq_json_object(p->json);
	put_hex(p->json, "address", o->addr);
	iq_json_pair_u64(p->json, "size_bytes", o->size);
	iq_json_pair_text(p->json, "type", o->type);
	put_state(p, true, o->state);
	iq_json_object_end(p->json);
}

static void put_biggest(struct page *p)
{
	iq_json_key(p->json, "biggest");
	iq_json_array(p->json);
	for (size_t i = 0; i < p->survey->num_biggest; i++)
		put_object(p, &p->survey->biggest[i]);
	iq_json_array_end(p->json);
}

static void put_retainer(struct page *p, const struct iq_retainer *r)
{
	const struct iq_goroutine *g =
		r->goroutine < p->model->num_goroutines ?
			&p->model->goroutines[r->goroutine] :
			NULL;

	iq_json_object(p->json);
	put_hex(p->json, "address", r->address);
	iq_json_pair_text(p->json, "type", r->type);
	iq_json_pair_u64(p->json, "objects", r->objects);
	iq_json_pair_u64(p->json, "bytes", r->bytes);
	iq_json_maybe_u64(p->json, "goroutine", g && g->has_id, g ? g->id : 0);
	iq_json_object_end(p->json);
}

static void put_finding(struct page *p, const struct iq_finding *f)
{
	const struct iq_retained *r = &f->retained;
	struct iq_json *json = p->json;

	iq_json_object(json);
	iq_json_pair_u64(json, "id", f->id);
	iq_json_pair_cstr(json, "rule", f->rule);
	iq_json_pair_cstr(json, "fingerprint", f->fingerprint);
	iq_json_pair_text(json, "title", f->title);
	iq_json_pair_u64(json, "count", f->count);
	iq_json_key(json, "site");
	iq_json_frame(json, f->site);
	iq_json_pair_u64(json, "retained_bytes", r->bytes);
	iq_json_pair_u64(json, "heap_objects", r->objects);
	iq_json_pair_u64(json, "heap_bytes", r->heap_bytes);
	iq_json_pair_u64(json, "stack_bytes", r->stack_bytes);
	iq_json_key(json, "retainers");
	iq_json_array(json);
	for (size_t i = 0; i < r->num_retainers; i++)
		put_retainer(p, &r->retainers[i]);
	iq_json_array_end(json);
	iq_json_object_end(json);
}

static void put_findings(struct page *p)
{
	iq_json_key(p->json, "findings");
	iq_json_array(p->json);
	for (size_t i = 0; i < p->model->num_findings; i++) {
		if (p->model->findings[i].has_retained)
			put_finding(p, &p->model->findings[i]);
	}
	iq_json_array_end(p->json);
}

static void put_heap(struct page *p)
{
	put_head(p, "inquest.heap/1");
	put_totals(p);
	put_types(p);
	put_biggest(p);
	put_findings(p);
}

/* ---- why */

static void put_goroutine(struct page *p, uint32_t goroutine)
{
	const struct iq_goroutine *g =
		goroutine < p->model->num_goroutines ?
			&p->model->goroutines[goroutine] :
			NULL;

	iq_json_maybe_u64(p->json, "goroutine", g && g->has_id, g ? g->id : 0);
	iq_json_key(p->json, "frame");
	iq_json_frame(p->json, g ? iq_line_site(p->model, g) : NULL);
}

static void put_why_address(struct page *p, const struct iq_heap_why *why)
{
	bool is_slot = why->kind == IQ_HEAP_OBJECT || why->kind == IQ_HEAP_FREE;
	struct iq_json *json = p->json;

	iq_json_object(json);
	iq_json_key(json, "address");
	iq_json_hex(json, why->addr);
	iq_json_pair_cstr(json, "kind", iq_heap_kind_name(why->kind));
	put_hex(json, "start", is_slot ? why->object.addr : 0);
	iq_json_maybe_u64(json, "size_bytes", is_slot, why->object.size);
	iq_json_pair_text(json, "type", why->object.type);
	iq_json_pair_text(json, "place", why->place);
	iq_json_pair_text(json, "name", why->name);
	put_state(p, why->kind == IQ_HEAP_OBJECT, why->object.state);
	put_goroutine(p, why->goroutine);
	iq_json_key(json, "path");
	iq_path_json(json, p->model, &why->path);
	iq_json_pair_text(json, "lacks", why->lacks);
	iq_json_object_end(json);
}

static void put_why(struct page *p)
{
	put_head(p, "inquest.heap-why/1");
	iq_json_key(p->json, "addresses");
	iq_json_array(p->json);
	for (size_t i = 0; i < p->survey->num_whys; i++)
		put_why_address(p, &p->survey->whys[i]);
	iq_json_array_end(p->json);
}

/* ---- who */

static void put_referrer(struct page *p, const struct iq_heap_referrer *r)
{
	struct iq_json *json = p->json;

	iq_json_object(json);
	iq_json_pair_u64(json, "references", r->references);
	iq_json_pair_text(json, "root",
			  r->is_root ? iq_str_of(iq_heap_root_name(r->root)) :
				       (struct iq_str){ 0 });
	iq_json_pair_text(json, "type", r->type);
	iq_json_maybe_u64(json, "size_bytes", !r->is_root && r->size > 0,
			  r->size);
	iq_json_pair_text(json, "place", r->place);
	put_goroutine(p, r->goroutine);
	iq_json_pair_bool(json, "leaked", r->leaked);
	put_hex(json, "first_address", r->first_addr);
	iq_json_object_end(json);
}

static void put_who(struct page *p)
{
	const struct iq_heap_who *who = &p->survey->who;

	put_head(p, "inquest.heap-who/1");
	iq_json_pair_cstr(p->json, "type", p->options->heap.type);
	iq_json_pair_bool(p->json, "known", who->known);
	put_sum(p, "live_objects", "live_bytes",
		(struct iq_heap_sum){ who->live.objects + who->leaked.objects,
				      who->live.bytes + who->leaked.bytes });
	put_sum(p, "leaked_objects", "leaked_bytes", who->leaked);
	put_garbage(p, who->garbage);
	iq_json_maybe_u64(p->json, "unreferred_objects", p->survey->found,
			  who->num_unreferred);
	iq_json_pair_u64(p->json, "references", who->num_references);
	iq_json_key(p->json, "referrers");
	iq_json_array(p->json);
	for (size_t i = 0; i < shown(p, who->num_referrers); i++)
		put_referrer(p, &who->referrers[i]);
	end_list(p, "referrers_truncated", who->num_referrers);
}

/* ---- the whole */

static void put_page(struct page *p)
{
	iq_json_object(p->json);
	switch (p->options->heap.view) {
	case IQ_HEAP_WHY:
		put_why(p);
		break;
	case IQ_HEAP_WHO:
		put_who(p);
		break;
	default:
		put_heap(p);
	}
	iq_json_object_end(p->json);
}

static struct iq_error *
heap_json_render(const struct iq_model *model,
		 const struct iq_report_options *options, struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	struct iq_error *err = iq_heap_check(model, options);

	if (!err)
		err = iq_json_create(out, &json);
	if (err)
		return err;
	for (size_t i = 0; i < model->num_surveys; i++) {
		struct page page = {
			.json = json,
			.model = model,
			.options = options,
			.survey = &model->surveys[i],
		};

		if (i)
			iq_json_restart(json);
		put_page(&page);
		iq_out_char(out, '\n');
	}
	return iq_json_done(json);
}

const struct iq_report iq_report_heap_json = {
	.command = "heap",
	.format = "json",
	.summary = "one JSON object a core",
	.stage = IQ_STAGE_SURVEYED,
	.render = heap_json_render,
};
