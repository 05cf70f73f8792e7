/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/path_lines.h"

#include <inttypes.h>

#include "model/heap_survey.h"
#include "reports/goroutine_line.h"
#include "reports/heap.h"
#include "reports/profile_text.h"
#include "reports/words.h"

/* ---- roots */

/* The frame that the word stands in, or the one to name. */
static const struct iq_frame *frame_of(const struct iq_model *model,
				       const struct iq_path *path)
{
	const struct iq_goroutine *g = &model->goroutines[path->goroutine];
	const struct iq_stack *stack = g->fact->stack;

	if (path->root == IQ_ROOT_STACK && stack &&
	    path->frame < stack->num_frames)
		return stack->frames[path->frame];
	return iq_line_site(model, g);
}

/* " of goroutine 7 in main.worker main.go:79" */
static struct iq_str owner_words(struct iq_term *term,
				 const struct iq_model *model,
				 const struct iq_path *path)
{
	const struct iq_goroutine *g;
	struct iq_str site;

	if (path->goroutine >= model->num_goroutines)
		return IQ_STR("");
	g = &model->goroutines[path->goroutine];
	site = iq_term_site(term, frame_of(model, path), term->width - 4);
	if (!g->has_id)
		return iq_term_textf(term, " of a goroutine in %.*s",
				     IQ_STR_ARG(site));
	return iq_term_textf(term, " of goroutine %" PRIu64 " in %.*s", g->id,
			     IQ_STR_ARG(site));
}

static struct iq_str variable_words(struct iq_term *term,
				    const struct iq_path *path)
{
	struct iq_str name = iq_term_clean(term, path->root_name);

	if (!name.len)
		return iq_term_textf(term, "the package variable at 0x%" PRIx64,
				     path->root_addr);
	// Of stripped programs the section is known, no name.
	if (name.ptr[0] == '.')
		return iq_term_textf(
			term, "the package variable at 0x%" PRIx64 " (%.*s)",
			path->root_addr, IQ_STR_ARG(name));
	return iq_term_textf(term, "the variable %.*s", IQ_STR_ARG(name));
}

struct iq_str iq_path_root_words(struct iq_term *term,
				 const struct iq_model *model,
				 const struct iq_path *path)
{
	struct iq_str owner = owner_words(term, model, path);

	switch (path->root) {
	case IQ_ROOT_VARIABLE:
		return variable_words(term, path);
	case IQ_ROOT_STACK:
		return iq_term_textf(term, "the stack%.*s", IQ_STR_ARG(owner));
	case IQ_ROOT_GOROUTINE:
		return iq_term_textf(term, "the record%.*s", IQ_STR_ARG(owner));
	case IQ_ROOT_REGISTERS:
		return iq_term_textf(term, "the registers%.*s",
				     IQ_STR_ARG(owner));
	case IQ_ROOT_SPECIAL:
		return path->root_name.len ?
			       iq_term_textf(term, "the %.*s",
					     IQ_STR_ARG(iq_term_clean(
						     term, path->root_name))) :
			       IQ_STR("a finalizer, a cleanup or a weak "
				      "pointer");
	case IQ_ROOT_FOREIGN:
		return iq_term_textf(term, "memory of C code at 0x%" PRIx64,
				     path->root_addr);
	case IQ_ROOT_RUNTIME:
		break;
	}
	return IQ_STR("a record of the runtime");
}

/* ---- lines */

/* Columns of an address, of a size, and between. */
#define ADDRESS_COLUMNS 14
#define SIZE_COLUMNS 10
#define MIN_TYPE_COLUMNS 7

struct columns {
	unsigned indent;
	unsigned type;
};

static struct iq_str step_type(struct iq_term *term,
			       const struct iq_path_step *step)
{
	return step->type.len ? iq_term_clean(term, step->type) :
				IQ_STR("unknown");
}

static struct columns measure(struct iq_term *term, const struct iq_path *path,
			      unsigned indent)
{
	unsigned fixed = indent + 3 + 2 + ADDRESS_COLUMNS + SIZE_COLUMNS + 2;
	unsigned room = term->width > fixed + MIN_TYPE_COLUMNS ?
				term->width - fixed :
				MIN_TYPE_COLUMNS;
	struct columns columns = { .indent = indent };

	for (size_t i = 0; i < path->num_steps; i++) {
		unsigned width =
			iq_term_width(step_type(term, &path->steps[i]));

		columns.type = width > columns.type ? width : columns.type;
	}
	// A place needs some of it, too.
	room = room > 2 * MIN_TYPE_COLUMNS ? room - MIN_TYPE_COLUMNS : room;
	if (columns.type > room)
		columns.type = room;
	return columns;
}

static void put_step(struct iq_term *term, const struct columns *columns,
		     const struct iq_path_step *step, bool last)
{
	unsigned column = columns->indent + 3 + columns->type + 2 +
			  ADDRESS_COLUMNS + SIZE_COLUMNS + 2;
	struct iq_str place = iq_term_clean(term, step->place);
	char bytes[IQ_QUANTITY_SIZE];

	iq_term_spaces(term, columns->indent);
	iq_out_cstr(term->out, "-> ");
	iq_term_left(term,
		     iq_term_cut(term, step_type(term, step), columns->type),
		     columns->type + 2);
	iq_term_left(term, iq_term_textf(term, "0x%" PRIx64, step->address),
		     ADDRESS_COLUMNS);
	iq_term_right(term, iq_str_of(iq_heap_bytes(bytes, step->size)),
		      SIZE_COLUMNS);
	// Of the last one it is where the address is that was asked for.
	if (!place.len && step->offset)
		place = iq_term_textf(term, "+%" PRIu64, step->offset);
	if (place.len && (!last || step->offset) && column < term->width) {
		iq_out_cstr(term->out, "  ");
		iq_out_str(term->out,
			   iq_term_cut(term, place, term->width - column));
	}
	iq_out_char(term->out, '\n');
}

void iq_path_put(struct iq_term *term, const struct iq_model *model,
		 const struct iq_path *path, unsigned indent)
{
	struct columns columns = measure(term, path, indent);
	char number[IQ_WORDS_SIZE];

	iq_term_spaces(term, indent);
	iq_term_wrap(term, iq_path_root_words(term, model, path), indent,
		     indent + 2);
	iq_out_char(term->out, '\n');
	for (size_t i = 0; i < path->num_steps; i++) {
		if (path->num_skipped && i == path->skipped_at) {
			iq_term_spaces(term, indent + 3);
			iq_out_printf(
				term->out, "and %s more on the way\n",
				iq_words_number(number, path->num_skipped));
		}
		put_step(term, &columns, &path->steps[i],
			 i + 1 == path->num_steps);
	}
}

/* ---- JSON */

static void json_root(struct iq_json *json, const struct iq_model *model,
		      const struct iq_path *path)
{
	const struct iq_goroutine *g =
		path->goroutine < model->num_goroutines ?
			&model->goroutines[path->goroutine] :
			NULL;

	iq_json_key(json, "root");
	iq_json_object(json);
	iq_json_pair_cstr(json, "kind", iq_heap_root_name(path->root));
	iq_json_key(json, "address");
	if (path->root_addr)
		iq_json_hex(json, path->root_addr);
	else
		iq_json_null(json);
	iq_json_pair_text(json, "name", path->root_name);
	iq_json_maybe_u64(json, "goroutine", g && g->has_id, g ? g->id : 0);
	iq_json_key(json, "frame");
	iq_json_frame(json, g ? frame_of(model, path) : NULL);
	iq_json_object_end(json);
}

static void json_step(struct iq_json *json, const struct iq_path_step *step)
{
	iq_json_object(json);
	iq_json_key(json, "address");
	iq_json_hex(json, step->address);
	iq_json_pair_u64(json, "size_bytes", step->size);
	iq_json_pair_text(json, "type", step->type);
	iq_json_pair_u64(json, "offset", step->offset);
	iq_json_pair_text(json, "place", step->place);
	iq_json_object_end(json);
}

void iq_path_json(struct iq_json *json, const struct iq_model *model,
		  const struct iq_path *path)
{
	if (!path->found) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_pair_bool(json, "only_blocked", path->only_blocked);
	json_root(json, model, path);
	iq_json_key(json, "steps");
	iq_json_array(json);
	for (size_t i = 0; i < path->num_steps; i++)
		json_step(json, &path->steps[i]);
	iq_json_array_end(json);
	iq_json_pair_u64(json, "skipped", path->num_skipped);
	iq_json_maybe_u64(json, "skipped_at", path->num_skipped > 0,
			  path->skipped_at);
	iq_json_object_end(json);
}
