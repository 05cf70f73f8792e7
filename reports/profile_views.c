/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of one profile: by function, by place, stack by stack, by label. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "model/frame.h"
#include "model/signature.h"
#include "reports/profile_text.h"
#include "reports/words.h"

/* Names get so much, whatever the numbers take. */
#define NAME_MIN 16

static unsigned max_u(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned width_of(const char *words)
{
	return iq_term_width(iq_str_of(words));
}

static void put_right(struct iq_term *term, const char *words, unsigned columns)
{
	iq_term_right(term, iq_str_of(words), columns);
	iq_out_cstr(term->out, "  ");
}

static void put_left(struct iq_term *term, struct iq_str clean,
		     unsigned columns)
{
	iq_term_left(term, clean, columns);
	iq_out_cstr(term->out, "  ");
}

static struct iq_str unit_of(const struct iq_profile_text *text)
{
	return text->profile->types[text->type].unit;
}

static void put_quantity(struct iq_profile_text *text, int64_t v,
			 unsigned columns)
{
	char words[IQ_QUANTITY_SIZE];

	put_right(text->term, iq_profile_quantity(words, v, unit_of(text)),
		  columns);
}

/* Columns of a percentage and the blanks behind; none in a narrow table. */
static unsigned percent_width(const struct iq_term *term)
{
	return iq_profile_is_narrow(term) ? 0 : 8;
}

static void put_percent(struct iq_profile_text *text, int64_t v)
{
	char words[IQ_QUANTITY_SIZE];

	if (percent_width(text->term))
		put_right(text->term, iq_profile_percent(words, v, text->whole),
			  6);
}

static void put_percent_head(struct iq_term *term)
{
	if (percent_width(term))
		put_right(term, "%", 6);
}

static unsigned measure(struct iq_profile_text *text, unsigned columns,
			int64_t v)
{
	char words[IQ_QUANTITY_SIZE];

	iq_profile_quantity(words, v, unit_of(text));
	return max_u(columns, width_of(words));
}

/* What a row's name may take behind @used columns. */
static unsigned room_behind(const struct iq_term *term, unsigned used)
{
	return term->width > used + NAME_MIN ? term->width - used : NAME_MIN;
}

/* "and 12 more functions (--all)" */
static void put_more(struct iq_term *term, size_t num, const char *what)
{
	char words[IQ_WORDS_SIZE];

	if (num)
		iq_out_printf(term->out, "and %s more %s%s (--all)\n",
			      iq_words_number(words, num), what,
			      num == 1 ? "" : "s");
}

/* "inuse_space by function" */
static void put_title(struct iq_profile_text *text, const char *by)
{
	struct iq_term *term = text->term;
	struct iq_str type = text->profile->types[text->type].type;

	iq_out_char(term->out, '\n');
	iq_term_style(term, IQ_STYLE_BOLD);
	type = iq_term_clean(term, type);
	if (!type.len)
		type = IQ_STR("values");
	iq_out_str(term->out, iq_term_cut(term, type, term->width / 2));
	iq_out_char(term->out, ' ');
	iq_out_cstr(term->out, by);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_nothing(struct iq_profile_text *text)
{
	iq_out_cstr(text->term->out, "all values are 0; --sample-index shows "
				     "others\n");
}

static void begin_columns(struct iq_term *term)
{
	iq_term_style(term, IQ_STYLE_DIM);
}

static void end_columns(struct iq_term *term, const char *last)
{
	iq_out_cstr(term->out, last);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

/* ---- by function */

struct top_columns {
	unsigned flat, cum, name;
};

static struct top_columns measure_top(struct iq_profile_text *text,
				      const struct iq_top *top, size_t num)
{
	struct top_columns c = { .flat = 4, .cum = 3 };

	for (size_t i = 0; i < num; i++) {
		c.flat = measure(text, c.flat, top->rows[i]->flat[text->type]);
		c.cum = measure(text, c.cum, top->rows[i]->cum[text->type]);
	}
	c.name = room_behind(text->term, c.flat + c.cum + 4 +
						 2 * percent_width(text->term));
	return c;
}

static void put_top_row(struct iq_profile_text *text,
			const struct top_columns *c,
			const struct iq_top_row *row)
{
	// A function has many lines.
	struct iq_frame name = *row->frame;

	name.file = IQ_STR("");
	put_quantity(text, row->flat[text->type], c->flat);
	put_percent(text, row->flat[text->type]);
	put_quantity(text, row->cum[text->type], c->cum);
	put_percent(text, row->cum[text->type]);
	iq_out_str(text->term->out,
		   iq_profile_site(text->term, &name, c->name));
	iq_out_char(text->term->out, '\n');
}

static void put_top(struct iq_profile_text *text, const struct iq_top *top)
{
	size_t type = text->type;
	struct top_columns c;
	size_t num = 0, shown;

	// Those of nothing of this type come last.
	while (num < top->num_rows &&
	       (top->rows[num]->flat[type] || top->rows[num]->cum[type]))
		num++;
	shown = iq_profile_shown(text->options, num);
	c = measure_top(text, top, shown);
	put_title(text, "by function");
	if (!num) {
		put_nothing(text);
		return;
	}
	begin_columns(text->term);
	put_right(text->term, "flat", c.flat);
	put_percent_head(text->term);
	put_right(text->term, "cum", c.cum);
	put_percent_head(text->term);
	end_columns(text->term, "function");
	for (size_t i = 0; i < shown; i++)
		put_top_row(text, &c, top->rows[i]);
	put_more(text->term, num - shown, "function");
}

struct iq_error *iq_profile_top_view(struct iq_profile_text *text)
{
	struct iq_top top = { 0 };
	struct iq_error *err = iq_top_init(&top, text->profile, text->type);

	if (!err)
		put_top(text, &top);
	iq_top_deinit(&top);
	return err;
}

/* ---- by place */

struct place_columns {
	unsigned value, count, state, site;
	/* The type that says how often, beside one that says how long. */
	bool has_count;
	size_t count_type;
};

static struct iq_error *add_place(const struct iq_profile_text *text,
				  struct iq_places *places, uint32_t number,
				  const int64_t *values)
{
	const struct iq_stack *stack;
	struct iq_place *place;
	struct iq_error *err = iq_profile_stack(text->profile, number, &stack);

	if (!err)
		err = iq_places_find(places, stack, &place);
	for (size_t t = 0; t < text->profile->num_types && !err; t++)
		place->values[t] = iq_profile_add(place->values[t], values[t]);
	return err;
}

static struct iq_error *add_places(const struct iq_profile_text *text,
				   struct iq_places *places)
{
	const struct iq_profile *p = text->profile;
	int64_t *sums = NULL;
	struct iq_error *err = iq_profile_by_stack(p, &sums);

	for (uint32_t i = 0; i < p->num_stacks && !err; i++)
		err = add_place(text, places, i, sums + i * p->num_types);
	free(sums);
	return err;
}

static void find_count(struct iq_profile_text *text, struct place_columns *c)
{
	const struct iq_profile *p = text->profile;

	for (size_t i = 0; i < p->num_types; i++) {
		if (i == text->type ||
		    !iq_str_equal(p->types[i].unit, IQ_STR("count")))
			continue;
		c->has_count = true;
		c->count_type = i;
		return;
	}
}

static struct place_columns measure_places(struct iq_profile_text *text,
					   const struct iq_places *places,
					   size_t num, unsigned least)
{
	struct place_columns c = { .value = least, .count = 1 };
	char words[IQ_QUANTITY_SIZE];

	find_count(text, &c);
	for (size_t i = 0; i < num; i++) {
		const struct iq_place *row = places->rows.data[i];
		struct iq_str state = iq_profile_state(text->term, row->state,
						       IQ_PROFILE_MAX_STATE);

		c.value = measure(text, c.value, row->values[text->type]);
		c.state = max_u(c.state, iq_term_width(state));
		if (c.has_count)
			c.count =
				max_u(c.count,
				      width_of(iq_profile_quantity(
					      words, row->values[c.count_type],
					      IQ_STR("count"))));
	}
	// The word for the column, or no column.
	c.state = iq_profile_is_narrow(text->term) ? 0 : max_u(c.state, 5);
	c.site = room_behind(text->term,
			     c.value + c.state + 4 + percent_width(text->term) +
				     (c.has_count ? c.count + 2 : 0));
	return c;
}

static void put_place_row(struct iq_profile_text *text,
			  const struct place_columns *c,
			  const struct iq_place *row)
{
	struct iq_term *term = text->term;
	char words[IQ_QUANTITY_SIZE];

	put_quantity(text, row->values[text->type], c->value);
	put_percent(text, row->values[text->type]);
	if (c->has_count)
		put_right(term,
			  iq_profile_quantity(words, row->values[c->count_type],
					      IQ_STR("count")),
			  c->count);
	if (c->state)
		put_left(term, iq_profile_state(term, row->state, c->state),
			 c->state);
	iq_out_str(term->out, iq_profile_site(term, row->frame, c->site));
	iq_out_char(term->out, '\n');
}

/* "n", or what is counted if that is no number. */
static struct iq_str value_name(const struct iq_profile_text *text)
{
	struct iq_str type = text->profile->types[text->type].type;

	if (!type.len || iq_str_equal(unit_of(text), IQ_STR("count")))
		return IQ_STR("n");
	return iq_term_cut(text->term, iq_term_clean(text->term, type), 12);
}

static void put_places(struct iq_profile_text *text,
		       const struct iq_places *places)
{
	struct iq_term *term = text->term;
	struct iq_str name = value_name(text);
	size_t num = 0, shown;
	struct place_columns c;

	while (num < places->rows.len &&
	       places->rows.data[num]->values[text->type])
		num++;
	shown = iq_profile_shown(text->options, num);
	c = measure_places(text, places, shown, iq_term_width(name));
	put_title(text, "by place");
	if (!num) {
		put_nothing(text);
		return;
	}
	begin_columns(term);
	iq_term_right(term, name, c.value);
	iq_out_cstr(term->out, "  ");
	put_percent_head(term);
	if (c.has_count)
		put_right(term, "n", c.count);
	if (c.state)
		put_left(term, IQ_STR("state"), c.state);
	end_columns(term, "where");
	for (size_t i = 0; i < shown; i++)
		put_place_row(text, &c, places->rows.data[i]);
	put_more(term, num - shown, "place");
}

struct iq_error *iq_profile_place_view(struct iq_profile_text *text)
{
	struct iq_places places;
	struct iq_error *err;

	iq_places_init(&places, text->profile->num_types);
	err = add_places(text, &places);
	if (!err) {
		iq_places_sort(&places, text->type);
		put_places(text, &places);
	}
	iq_places_deinit(&places);
	return err;
}

/* ---- stack by stack */

struct stack_row {
	uint32_t stack; /* its number */
	int64_t value;
	size_t rank; /* the profile's own order, which is by content */
};

static int compare_stacks(const void *a, const void *b)
{
	const struct stack_row *x = a, *y = b;
	uint64_t n = iq_profile_size(x->value), m = iq_profile_size(y->value);

	if (n != m)
		return n < m ? 1 : -1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Rows of all stacks that have a value, in their order. */
static struct iq_error *collect_stacks(const struct iq_profile_text *text,
				       struct stack_row **ret, size_t *num_ret)
{
	const struct iq_profile *p = text->profile;
	struct iq_error *err;
	struct stack_row *rows = calloc(p->num_samples + 1, sizeof(*rows));
	int64_t *sums = NULL;
	size_t num = 0;

	if (!rows)
		return &iq_enomem;
	err = iq_profile_by_stack(p, &sums);
	for (size_t i = 0; i < p->num_samples && !err; i++) {
		uint32_t stack = p->samples[i].stack;
		int64_t *sum = &sums[stack * p->num_types + text->type];

		if (!*sum)
			continue;
		rows[num++] = (struct stack_row){ stack, *sum, i };
		// Further samples of it are in the sum.
		*sum = 0;
	}
	free(sums);
	qsort(rows, num, sizeof(*rows), compare_stacks);
	*ret = rows;
	*num_ret = num;
	return err;
}

/* The frame and those behind it that are the same, in a line; how many. */
static uint32_t put_frame(struct iq_term *term, const struct iq_stack *stack,
			  uint32_t i, uint32_t end)
{
	const struct iq_frame *frame = stack->frames[i];
	char times[IQ_QUANTITY_SIZE] = "";
	uint32_t num = 1;

	while (i + num < end && frame->function.len &&
	       !iq_frame_compare(frame, stack->frames[i + num]))
		num++;
	if (num > 1)
		snprintf(times, sizeof(times), " (%" PRIu32 " times)", num);
	iq_out_cstr(term->out, "        ");
	iq_out_str(term->out,
		   iq_profile_site(term, frame,
				   term->width - 8 - width_of(times)));
	iq_out_cstr(term->out, times);
	iq_out_char(term->out, '\n');
	return num;
}

static void put_frames(struct iq_profile_text *text, struct iq_term *term,
		       const struct iq_stack *stack)
{
	uint32_t from = 0, end = stack->num_frames;
	struct iq_signature sig;

	// What parked a goroutine is told in a word; elsewhere the runtime's
	// own frames may be what costs.
	if (!text->options->runtime_frames &&
	    iq_profile_is_of_places(text->profile->type)) {
		iq_signature_compute(stack, &sig);
		from = sig.begin;
		end = sig.end;
	}
	for (uint32_t i = from; i < end;)
		i += put_frame(term, stack, i, end);
	if (stack->num_frames && !stack->complete)
		iq_out_cstr(term->out, "        the stack goes on: the profile "
				       "has no more of it\n");
}

static struct iq_error *put_stack(struct iq_profile_text *text,
				  const struct stack_row *row)
{
	// Texts of a stack are not needed for the next.
	struct iq_profile_text own = *text;
	const struct iq_stack *stack;
	struct iq_places places;
	struct iq_place *place;
	struct iq_error *err;
	struct iq_term term;

	iq_term_init(&term, text->options, text->term->out);
	own.term = &term;
	iq_places_init(&places, 0);
	err = iq_profile_stack(text->profile, row->stack, &stack);
	if (!err)
		err = iq_places_find(&places, stack, &place);
	if (!err) {
		put_quantity(&own, row->value, 8);
		put_percent(&own, row->value);
		if (iq_profile_is_of_places(text->profile->type))
			iq_out_str(term.out,
				   iq_profile_state(&term, place->state,
						    term.width / 2));
		iq_out_char(term.out, '\n');
		put_frames(&own, &term, stack);
		err = iq_term_done(&term);
	}
	iq_places_deinit(&places);
	iq_term_deinit(&term);
	return err;
}

struct iq_error *iq_profile_stack_view(struct iq_profile_text *text)
{
	struct stack_row *rows = NULL;
	size_t num = 0, shown;
	struct iq_error *err = collect_stacks(text, &rows, &num);

	if (err) {
		free(rows);
		return err;
	}
	shown = iq_profile_shown(text->options, num);
	put_title(text, "by stack");
	if (!num)
		put_nothing(text);
	for (size_t i = 0; i < shown && !err; i++)
		err = put_stack(text, &rows[i]);
	put_more(text->term, num - shown, "stack");
	free(rows);
	return err;
}

/* ---- by label */

struct label_row {
	UT_hash_handle hh;
	struct iq_label label;
	int64_t value;
};

struct label_table {
	struct iq_arena arena;
	struct label_row *table;
};

/* Texts of one witness that are equal are one: their places are the key. */
static struct label_row *label_find(struct label_table *t,
				    const struct iq_label *label)
{
	struct label_row *row = NULL;
	bool iq_map_failed = false;

	HASH_FIND(hh, t->table, label, sizeof(*label), row);
	if (row)
		return row;
	row = iq_arena_calloc(&t->arena, 1, sizeof(*row));
	if (!row)
		return NULL;
	row->label = *label;
	HASH_ADD(hh, t->table, label, sizeof(row->label), row);
	return iq_map_failed ? NULL : row;
}

static struct iq_error *add_labels(struct iq_profile_text *text,
				   struct label_table *t)
{
	const struct iq_profile *p = text->profile;

	for (size_t i = 0; i < p->num_samples; i++) {
		int64_t v = iq_profile_values(p, i)[text->type];
		const struct iq_labels *labels;
		struct iq_error *err = iq_profile_labels(p, i, &labels);

		if (err)
			return err;
		for (size_t j = 0; j < labels->num; j++) {
			struct label_row *row =
				label_find(t, &labels->items[j]);

			if (!row)
				return &iq_enomem;
			row->value = iq_profile_add(row->value, v);
		}
	}
	return NULL;
}

/* By key, then the largest, then by value. */
static int compare_labels(struct label_row *a, struct label_row *b)
{
	uint64_t n = iq_profile_size(a->value), m = iq_profile_size(b->value);
	int order = iq_str_compare(a->label.key, b->label.key);

	if (order)
		return order;
	if (n != m)
		return n < m ? 1 : -1;
	return iq_str_compare(a->label.value, b->label.value);
}

/* The values of the key of @row; gives the row of the next key. */
static struct label_row *put_key(struct iq_profile_text *text,
				 struct label_row *row)
{
	struct iq_term *term = text->term;
	struct iq_str key = row->label.key;
	size_t num = 0, shown = iq_profile_shown(text->options, SIZE_MAX);
	struct iq_str name =
		iq_term_cut(term, iq_term_clean(term, key), term->width - 4);

	iq_out_cstr(term->out, "  ");
	iq_out_str(term->out, name);
	iq_out_char(term->out, '\n');
	for (; row && iq_str_equal(row->label.key, key);
	     row = row->hh.next, num++) {
		if (num >= shown)
			continue;
		put_quantity(text, row->value, 12);
		put_percent(text, row->value);
		iq_out_str(term->out,
			   iq_term_cut(term,
				       iq_term_clean(term, row->label.value),
				       room_behind(term,
						   14 + percent_width(term))));
		iq_out_char(term->out, '\n');
	}
	if (num > shown)
		put_more(term, num - shown, "value");
	return row;
}

struct iq_error *iq_profile_label_view(struct iq_profile_text *text)
{
	struct label_table t = { 0 };
	struct label_row *row;
	struct iq_error *err;

	iq_arena_init(&t.arena);
	err = add_labels(text, &t);
	if (!err) {
		HASH_SORT(t.table, compare_labels);
		put_title(text, "by label");
		if (!t.table)
			iq_out_cstr(text->term->out, "no sample has a label\n");
		row = t.table;
		while (row)
			row = put_key(text, row);
	}
	HASH_CLEAR(hh, t.table);
	iq_arena_deinit(&t.arena);
	return err;
}
