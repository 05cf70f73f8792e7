/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/reached.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "model/graph.h"
#include "model/heap_types.h"
#include "model/liveness.h"
#include "model/path.h"
#include "reports/goroutine_line.h"
#include "reports/path_lines.h"
#include "reports/wait_words.h"
#include "reports/words.h"

/* Objects of one wait that are told: a select may have 65,536 cases. */
#define OBJECTS_MAX 8
/* Columns of a frame in a sentence. */
#define SITE_COLUMNS 56

struct reached {
	const struct iq_model *model;
	uint32_t index;
	const struct iq_goroutine *goroutine;
	struct iq_heap_types *types; /* NULL: none are known */
	struct iq_paths *paths;	     /* NULL: why */
	struct iq_str why;
	struct iq_suspects suspects;
	struct iq_arena arena;
};

static void reached_deinit(struct reached *r)
{
	iq_paths_destroy(r->paths);
	iq_heap_types_destroy(r->types);
	iq_arena_deinit(&r->arena);
}

static struct iq_error *
reached_init(struct reached *r, const struct iq_model *model, uint32_t index)
{
	const struct iq_goroutine *g = &model->goroutines[index];
	const struct iq_heap *heap = model->witnesses[g->witness]->heap;
	const struct iq_proof *proof = iq_proof_of(model, g->witness);
	struct iq_error *err = NULL;

	r->model = model;
	r->index = index;
	r->goroutine = g;
	if (proof && heap->types)
		err = heap->types(heap, proof->map, &r->types);
	if (!err)
		err = iq_paths_create(model, g->witness, &r->paths, &r->why);
	return err ? err :
		     iq_path_suspects(model, r->types, index, &r->arena,
				      &r->suspects);
}

bool iq_reached_is_open(const struct iq_goroutine *g)
{
	return g->reach == IQ_REACH_LIVE && g->fact->num_waits &&
	       g->fact->waits[0].has_address &&
	       !iq_wait_class_can_go_on(g->class);
}

/* Another case of a select waits for the same. */
static bool is_told(const struct iq_goroutine_fact *fact, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++) {
		if (fact->waits[k].has_address &&
		    fact->waits[k].address == fact->waits[i].address)
			return true;
	}
	return false;
}

/* The next object that it waits for, from *@at on; NULL: there is none. */
static const struct iq_wait *next_object(const struct reached *r, uint32_t *at)
{
	const struct iq_goroutine_fact *fact = r->goroutine->fact;

	while (*at < fact->num_waits) {
		const struct iq_wait *wait = &fact->waits[*at];

		if (wait->has_address && !is_told(fact, (*at)++))
			return wait;
		*at += !wait->has_address;
	}
	return NULL;
}

/* ---- text */

static void put_heading(struct iq_term *term, const char *words)
{
	iq_out_char(term->out, '\n');
	iq_term_style(term, IQ_STYLE_BOLD);
	iq_out_cstr(term->out, words);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_words(struct iq_term *term, struct iq_str words)
{
	iq_term_spaces(term, 3);
	iq_term_wrap(term, words, 3, 5);
	iq_out_char(term->out, '\n');
}

static struct iq_str object_words(struct reached *r, struct iq_term *term,
				  const struct iq_wait *wait)
{
	struct iq_wait_words words;
	struct iq_str ret = { 0 };
	struct iq_out out;

	iq_out_init_memory(&out);
	iq_wait_words_init(&words, &out, term->utf8,
			   r->model->witnesses[r->goroutine->witness]);
	iq_wait_words_name(&words, wait->kind, true, wait->address,
			   wait->object);
	if (out.err || !iq_str_dup(&term->arena,
				   (struct iq_str){ out.buf, out.len }, &ret))
		term->failed = true;
	iq_out_deinit(&out);
	return ret;
}

static struct iq_error *put_path(struct reached *r, struct iq_term *term,
				 const struct iq_wait *wait)
{
	struct iq_str object = object_words(r, term, wait);
	struct iq_path path;
	struct iq_str why;
	struct iq_error *err = iq_paths_find(r->paths, r->types, wait->address,
					     &r->arena, &path, &why);

	if (err)
		return err;
	if (!path.found) {
		put_words(term,
			  iq_term_textf(term, "%.*s: %s%.*s",
					IQ_STR_ARG(object),
					why.len ? "no way to it is known: " :
						  "nothing leads to it",
					IQ_STR_ARG(why)));
		return NULL;
	}
	put_words(term, iq_term_textf(term, "%.*s%s", IQ_STR_ARG(object),
				      path.only_blocked ?
					      ": only goroutines that stay "
					      "blocked lead to it" :
					      ""));
	iq_path_put(term, r->model, &path, 5);
	return NULL;
}

static struct iq_error *put_paths(struct reached *r, struct iq_term *term)
{
	const struct iq_wait *wait;
	struct iq_error *err = NULL;
	uint32_t at = 0, num = 0;

	put_heading(term, "how what it waits for is still reached");
	if (!r->paths) {
		put_words(term, r->why);
		return NULL;
	}
	while (!err && num < OBJECTS_MAX && (wait = next_object(r, &at))) {
		err = put_path(r, term, wait);
		num++;
	}
	if (!num)
		put_words(term, IQ_STR("where it is in memory is not known"));
	else if (next_object(r, &at))
		put_words(term, IQ_STR("and more cases of the select"));
	return err;
}

static const struct iq_frame *suspect_frame(const struct reached *r,
					    const struct iq_suspect *s)
{
	const struct iq_stack *stack =
		r->model->goroutines[s->goroutine].fact->stack;

	return stack && s->frame < stack->num_frames ? stack->frames[s->frame] :
						       NULL;
}

/* " in main.produce main.go:44"; "there" is what stands before already. */
static struct iq_str in_frame(const struct reached *r, struct iq_term *term,
			      const struct iq_suspect *s)
{
	const struct iq_frame *frame = suspect_frame(r, s);
	struct iq_str site;

	if (!frame)
		return IQ_STR("");
	if (frame ==
	    iq_line_site(r->model, &r->model->goroutines[s->goroutine]))
		return IQ_STR(" there");
	site = iq_term_site(term, frame, SITE_COLUMNS);
	return iq_term_textf(term, " in %.*s", IQ_STR_ARG(site));
}

static struct iq_str ground_words(const struct reached *r, struct iq_term *term,
				  const struct iq_suspect *s)
{
	struct iq_str in = in_frame(r, term, s);

	switch (s->kind) {
	case IQ_SUSPECT_DEFERS:
		return iq_term_textf(
			term, "it %s the object%.*s",
			iq_wake_ground_words(
				IQ_WAKE_DEFERS,
				r->goroutine->fact->num_waits ?
					r->goroutine->fact->waits[0].kind :
					IQ_WAIT_CHAN),
			IQ_STR_ARG(in));
	case IQ_SUSPECT_MENTIONS:
	case IQ_SUSPECT_SLEEPS:
		return iq_term_textf(term, "it refers to the object%.*s",
				     IQ_STR_ARG(in));
	case IQ_SUSPECT_REACHES:
		return iq_term_textf(term,
				     "it reaches the object%.*s, over %" PRIu32
				     " object%s",
				     IQ_STR_ARG(in), s->distance,
				     s->distance == 1 ? "" : "s");
	case IQ_SUSPECT_VARIABLE:
		return iq_term_textf(
			term, "its code%.*s uses a variable that leads to it",
			IQ_STR_ARG(in));
	case IQ_SUSPECT_CREATOR:
		break;
	}
	return IQ_STR("it started the one that waits");
}

static void put_suspects(const struct reached *r, struct iq_wait_lines *lines)
{
	struct iq_term *term = lines->term;
	char number[IQ_WORDS_SIZE];

	put_heading(term,
		    r->suspects.num ?
			    "who could still serve it: suspects, no proof" :
			    "who could still serve it");
	for (size_t i = 0; i < r->suspects.num; i++) {
		const struct iq_suspect *s = &r->suspects.list[i];
		struct iq_str who = iq_wait_line_who(lines, s->goroutine);
		struct iq_str does = iq_wait_line_does(lines, s->goroutine);

		put_words(term,
			  iq_term_textf(term, "%.*s %.*s; %.*s",
					IQ_STR_ARG(who), IQ_STR_ARG(does),
					IQ_STR_ARG(ground_words(r, term, s))));
	}
	if (r->suspects.num_more)
		put_words(term,
			  iq_term_textf(term, "and %s more",
					iq_words_number(number,
							r->suspects.num_more)));
	if (!r->suspects.num)
		put_words(term,
			  r->goroutine->reach == IQ_REACH_UNREACHABLE ?
				  IQ_STR("nobody: nothing that can run "
					 "reaches it") :
				  IQ_STR("no goroutine that can run is seen "
					 "to have to do with it"));
}

struct iq_error *iq_reached_put(struct iq_wait_lines *lines, uint32_t goroutine)
{
	iq_cleanup(reached_deinit) struct reached r = { .index = 0 };
	struct iq_error *err = reached_init(&r, lines->waits->model, goroutine);

	if (err)
		return err;
	if (iq_wait_class_can_go_on(r.goroutine->class)) {
		put_heading(lines->term,
			    "how what it waits for is still reached");
		put_words(lines->term,
			  IQ_STR("it waits for nothing that another goroutine "
				 "has to do"));
		return NULL;
	}
	err = put_paths(&r, lines->term);
	if (!err)
		put_suspects(&r, lines);
	return err;
}

/* ---- JSON */

static struct iq_error *json_path(struct reached *r, struct iq_json *json,
				  const struct iq_wait *wait)
{
	struct iq_path path;
	struct iq_str why;
	struct iq_error *err = iq_paths_find(r->paths, r->types, wait->address,
					     &r->arena, &path, &why);

	if (err)
		return err;
	iq_json_object(json);
	iq_json_pair_cstr(json, "kind", iq_wait_kind_name(wait->kind));
	iq_json_key(json, "address");
	iq_json_hex(json, wait->address);
	iq_json_key(json, "path");
	iq_path_json(json, r->model, &path);
	iq_json_pair_text(json, "lacks", why);
	iq_json_object_end(json);
	return NULL;
}

static void json_suspects(const struct reached *r, struct iq_json *json)
{
	iq_json_key(json, "suspects");
	iq_json_array(json);
	for (size_t i = 0; i < r->suspects.num; i++) {
		const struct iq_suspect *s = &r->suspects.list[i];
		const struct iq_goroutine *g =
			&r->model->goroutines[s->goroutine];

		iq_json_object(json);
		iq_json_maybe_u64(json, "goroutine", g->has_id, g->id);
		iq_json_pair_cstr(json, "ground",
				  iq_suspect_kind_name(s->kind));
		iq_json_pair_u64(json, "distance", s->distance);
		iq_json_key(json, "frame");
		iq_json_frame(json, suspect_frame(r, s));
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
	iq_json_pair_u64(json, "more_suspects", r->suspects.num_more);
}

struct iq_error *iq_reached_json(struct iq_json *json,
				 const struct iq_model *model,
				 uint32_t goroutine)
{
	iq_cleanup(reached_deinit) struct reached r = { .index = 0 };
	struct iq_error *err = reached_init(&r, model, goroutine);
	const struct iq_wait *wait;
	uint32_t at = 0, num = 0;

	if (err)
		return err;
	iq_json_key(json, "paths");
	iq_json_array(json);
	while (r.paths && !err && num++ < OBJECTS_MAX &&
	       (wait = next_object(&r, &at)))
		err = json_path(&r, json, wait);
	iq_json_array_end(json);
	json_suspects(&r, json);
	return err;
}
