/* SPDX-License-Identifier: Apache-2.0 */
/* "heap why" and "heap who". */
#include <inttypes.h>

#include "reports/goroutine_line.h"
#include "reports/heap.h"
#include "reports/path_lines.h"
#include "reports/profile_text.h"
#include "reports/words.h"

/* Rows of referrers unless more are asked for. */
#define MAX_REFERRERS 20
#define NUMBER_COLUMNS 13
/* "leaked registers in " */
#define OWNER_COLUMNS 20

static void put_line(struct iq_heap_text *text, unsigned indent,
		     struct iq_str words)
{
	iq_term_spaces(text->term, indent);
	iq_term_wrap(text->term, words, indent, indent + 2);
	iq_out_char(text->term->out, '\n');
}

/* ---- why */

/* "main.node, 64 B at 0xc000010040", and where in it. */
static struct iq_str object_words(struct iq_heap_text *text,
				  const struct iq_heap_why *why)
{
	const struct iq_heap_object *o = &why->object;
	struct iq_term *term = text->term;
	struct iq_str place = iq_term_clean(term, why->place);
	struct iq_str type = o->type.len ? iq_term_clean(term, o->type) :
					   IQ_STR("an object of unknown type");
	char size[IQ_QUANTITY_SIZE];
	struct iq_str words =
		iq_term_textf(term, "%.*s, %s at 0x%" PRIx64, IQ_STR_ARG(type),
			      iq_heap_bytes(size, o->size), o->addr);

	if (why->addr == o->addr)
		return words;
	if (why->addr < o->addr)
		return iq_term_textf(term,
				     "%.*s: 0x%" PRIx64
				     " is in the runtime's header before it",
				     IQ_STR_ARG(words), why->addr);
	if (!place.len)
		place = iq_term_textf(term, "+%" PRIu64, why->addr - o->addr);
	return iq_term_textf(term, "%.*s: 0x%" PRIx64 " is %.*s in it",
			     IQ_STR_ARG(words), why->addr, IQ_STR_ARG(place));
}

static struct iq_str stack_words(struct iq_heap_text *text,
				 const struct iq_heap_why *why)
{
	const struct iq_model *m = text->model;
	struct iq_path path = {
		.root = IQ_ROOT_STACK,
		.goroutine = why->goroutine,
		.frame = UINT32_MAX,
	};
	struct iq_str words = iq_path_root_words(text->term, m, &path);

	return iq_term_textf(text->term, "0x%" PRIx64 " is on %.*s", why->addr,
			     IQ_STR_ARG(words));
}

static struct iq_str kind_words(struct iq_heap_text *text,
				const struct iq_heap_why *why)
{
	struct iq_term *term = text->term;
	struct iq_str name = iq_term_clean(term, why->name);
	char size[IQ_QUANTITY_SIZE];

	switch (why->kind) {
	case IQ_HEAP_OBJECT:
		return object_words(text, why);
	case IQ_HEAP_FREE:
		return iq_term_textf(
			term,
			"0x%" PRIx64 " is in a free slot of %s at 0x%" PRIx64
			": there is no object",
			why->addr, iq_heap_bytes(size, why->object.size),
			why->object.addr);
	case IQ_HEAP_STACK:
		return stack_words(text, why);
	case IQ_HEAP_VARIABLE:
		return iq_term_textf(
			term,
			name.len ? "0x%" PRIx64 " is the variable %.*s" :
				   "0x%" PRIx64 " is a package variable%.*s",
			why->addr, IQ_STR_ARG(name));
	case IQ_HEAP_OTHER:
		return iq_term_textf(
			term,
			"0x%" PRIx64
			" is memory that belongs to no object of the heap",
			why->addr);
	case IQ_HEAP_NOWHERE:
		break;
	}
	return iq_term_textf(term,
			     "0x%" PRIx64 " is no memory that is in the core",
			     why->addr);
}

static void put_way(struct iq_heap_text *text, const struct iq_heap_why *why)
{
	const struct iq_path *path = &why->path;
	const struct iq_heap_survey *s = text->survey;

	if (path->found && path->only_blocked)
		put_line(text, 2,
			 IQ_STR("only goroutines that are proven to stay "
				"blocked reach it:"));
	if (path->found)
		iq_path_put(text->term, text->model, path, 2);
	else if (why->lacks.len || s->lacks.len)
		put_line(text, 2,
			 IQ_STR("nothing that is in the core reaches it"));
	else
		put_line(text, 2,
			 IQ_STR("nothing that can still run reaches it: it is "
				"garbage that was not collected yet"));
	if (!path->found && why->lacks.len)
		put_line(text, 2,
			 iq_term_textf(text->term, "a way may be missing: %.*s",
				       IQ_STR_ARG(iq_term_clean(text->term,
								why->lacks))));
}

void iq_heap_put_whys(struct iq_heap_text *text)
{
	for (size_t i = 0; i < text->survey->num_whys; i++) {
		const struct iq_heap_why *why = &text->survey->whys[i];

		iq_out_char(text->term->out, '\n');
		put_line(text, 0, kind_words(text, why));
		if (why->kind == IQ_HEAP_OBJECT)
			put_way(text, why);
	}
}

/* ---- who */

static struct iq_str root_words(struct iq_heap_text *text,
				const struct iq_heap_referrer *r)
{
	struct iq_term *term = text->term;
	struct iq_str place = iq_term_clean(term, r->place);
	struct iq_str site = IQ_STR("an unknown line");
	const char *what;

	switch (r->root) {
	case IQ_ROOT_VARIABLE:
		return place.len ? iq_term_textf(term, "variable %.*s",
						 IQ_STR_ARG(place)) :
				   IQ_STR("package variables");
	case IQ_ROOT_STACK:
		what = "stacks";
		break;
	case IQ_ROOT_GOROUTINE:
		what = "records";
		break;
	case IQ_ROOT_REGISTERS:
		what = "registers";
		break;
	case IQ_ROOT_SPECIAL:
		return IQ_STR("finalizers, cleanups and weak pointers");
	case IQ_ROOT_FOREIGN:
		return IQ_STR("memory of C code");
	default:
		return IQ_STR("records of the runtime");
	}
	if (r->goroutine < text->model->num_goroutines)
		site = iq_term_site(
			term,
			iq_line_site(text->model,
				     &text->model->goroutines[r->goroutine]),
			term->width - NUMBER_COLUMNS - 2 - OWNER_COLUMNS);
	else if (r->root == IQ_ROOT_REGISTERS)
		return IQ_STR("registers");
	return iq_term_textf(term, "%s in %.*s", what, IQ_STR_ARG(site));
}

/* "main.node.next", "elements of []*main.node", "unknown, 64 B". */
static struct iq_str object_place_words(struct iq_term *term,
					const struct iq_heap_referrer *r)
{
	struct iq_str type = iq_heap_type_words(term, r->type, r->size);
	struct iq_str place = iq_term_clean(term, r->place);

	if (!iq_str_starts(place, IQ_STR("[]")))
		return iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(type),
				     IQ_STR_ARG(place));
	place = iq_str_sub(place, 2, place.len);
	return iq_term_textf(term, "elements%s%.*s of %.*s",
			     place.len ? "' " : "", IQ_STR_ARG(place),
			     IQ_STR_ARG(type));
}

static void put_referrer(struct iq_heap_text *text,
			 const struct iq_heap_referrer *r)
{
	struct iq_term *term = text->term;
	struct iq_str words;
	char number[IQ_WORDS_SIZE];

	if (r->is_root)
		words = root_words(text, r);
	else
		words = object_place_words(term, r);
	if (r->leaked)
		words = iq_term_textf(term, "leaked %.*s", IQ_STR_ARG(words));
	iq_term_right(term, iq_str_of(iq_words_number(number, r->references)),
		      NUMBER_COLUMNS);
	iq_out_cstr(term->out, "  ");
	iq_out_str(term->out,
		   iq_term_cut(term, words, term->width - NUMBER_COLUMNS - 2));
	iq_out_char(term->out, '\n');
}

static void put_targets(struct iq_heap_text *text)
{
	const struct iq_heap_who *who = &text->survey->who;
	struct iq_heap_sum all = {
		who->live.objects + who->leaked.objects + who->garbage.objects,
		who->live.bytes + who->leaked.bytes + who->garbage.bytes,
	};
	struct iq_term *term = text->term;
	char a[IQ_WORDS_SIZE], b[IQ_WORDS_SIZE], c[IQ_WORDS_SIZE];
	char size[IQ_QUANTITY_SIZE];
	struct iq_str type =
		iq_term_clean(term, iq_str_of(text->options->heap.type));
	struct iq_str words = iq_term_textf(
		term, "%s object%s of %.*s, %s",
		iq_words_number(a, all.objects), all.objects == 1 ? "" : "s",
		IQ_STR_ARG(type), iq_heap_bytes(size, all.bytes));

	words = iq_term_textf(
		term, "%.*s: %s live, %s leaked, %s %s", IQ_STR_ARG(words),
		iq_words_number(a, who->live.objects),
		iq_words_number(b, who->leaked.objects),
		iq_words_number(c, who->garbage.objects),
		text->survey->lacks.len ? "not reached" : "garbage");
	put_line(text, 0, words);
}

void iq_heap_put_who(struct iq_heap_text *text)
{
	const struct iq_heap_who *who = &text->survey->who;
	size_t num =
		iq_heap_shown(text->options, who->num_referrers, MAX_REFERRERS);
	char number[IQ_WORDS_SIZE];
	uint64_t left = 0;

	iq_out_char(text->term->out, '\n');
	if (!who->known) {
		put_line(text, 0,
			 IQ_STR("no object here is known to be of that type"));
		return;
	}
	put_targets(text);
	iq_out_char(text->term->out, '\n');
	iq_term_style(text->term, IQ_STYLE_DIM);
	iq_term_right(text->term, IQ_STR("references"), NUMBER_COLUMNS);
	iq_out_cstr(text->term->out, "  from");
	iq_term_style(text->term, IQ_STYLE_PLAIN);
	iq_out_char(text->term->out, '\n');
	for (size_t i = 0; i < num; i++)
		put_referrer(text, &who->referrers[i]);
	for (size_t i = num; i < who->num_referrers; i++)
		left += who->referrers[i].references;
	if (left)
		iq_out_printf(text->term->out,
			      "%13s  from %zu more places (--all)\n",
			      iq_words_number(number, left),
			      who->num_referrers - num);
	if (who->num_unreferred)
		iq_out_printf(text->term->out,
			      "\nnothing refers to %s of them\n",
			      iq_words_number(number, who->num_unreferred));
}
