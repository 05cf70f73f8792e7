/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several profiles of one type: what each place had in the first and has in the
 * last. A leak is what grows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "reports/profile_text.h"
#include "reports/words.h"

#define SITE_MIN 16

/* Columns of the values of a place. */
enum { FIRST, LAST, CHANGE, NUM_COLUMNS };

struct growth {
	const struct iq_profile_text *texts;
	size_t num;
	struct iq_term *term;
	struct iq_str unit;
	struct iq_places places;
	/* Places that changed, and the others' number and sum. */
	size_t num_changed;
	size_t num_same;
	int64_t same;
	/* Widths. */
	unsigned value, state, site;
	/* The first column that is shown. */
	unsigned begin;
};

static struct iq_error *add_profile(struct growth *g,
				    const struct iq_profile_text *text,
				    unsigned column)
{
	const struct iq_profile *p = text->profile;
	int64_t *sums = NULL;
	struct iq_error *err = iq_profile_by_stack(p, &sums);

	for (uint32_t i = 0; i < p->num_stacks && !err; i++) {
		int64_t v = sums[i * p->num_types + text->type];
		const struct iq_stack *stack;
		struct iq_place *place;

		if (!v)
			continue;
		err = iq_profile_stack(p, i, &stack);
		if (!err)
			err = iq_places_find(&g->places, stack, &place);
		if (!err)
			place->values[column] =
				iq_profile_add(place->values[column], v);
	}
	free(sums);
	return err;
}

static int64_t subtract(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static struct iq_error *compare(struct growth *g)
{
	struct iq_error *err = add_profile(g, &g->texts[0], FIRST);

	if (!err)
		err = add_profile(g, &g->texts[g->num - 1], LAST);
	for (size_t i = 0; i < g->places.rows.len && !err; i++) {
		int64_t *values = g->places.rows.data[i]->values;

		values[CHANGE] = subtract(values[LAST], values[FIRST]);
		if (values[CHANGE]) {
			g->num_changed++;
			continue;
		}
		g->num_same++;
		g->same = iq_profile_add(g->same, values[LAST]);
	}
	iq_places_sort(&g->places, CHANGE);
	return err;
}

/* ---- the profiles themselves */

/* "+5m00s" after the first; its own time there. */
static void put_when(struct growth *g, size_t i)
{
	const struct iq_process_fact *first = &g->texts[0].facts->process;
	const struct iq_process_fact *p = &g->texts[i].facts->process;
	char words[IQ_QUANTITY_SIZE];
	int64_t ns;

	if (!p->has_time || iq_profile_is_narrow(g->term))
		return;
	iq_out_cstr(g->term->out, "  ");
	if (!i || !first->has_time) {
		iq_out_cstr(g->term->out, iq_profile_time(words, p->time_ns));
		return;
	}
	ns = subtract(p->time_ns, first->time_ns);
	iq_out_char(g->term->out, ns < 0 ? '-' : '+');
	if (ns < 0)
		ns = subtract(0, ns);
	iq_out_cstr(g->term->out, iq_words_duration(words, ns));
}

static void put_profiles(struct growth *g)
{
	const struct iq_profile_text *text = &g->texts[0];
	struct iq_str type =
		iq_term_clean(g->term, text->profile->types[text->type].type);
	char words[IQ_QUANTITY_SIZE];
	unsigned room =
		iq_profile_is_narrow(g->term) ? 24 : g->term->width - 40;

	iq_term_style(g->term, IQ_STYLE_BOLD);
	iq_out_printf(g->term->out, "%zu %s profiles", g->num,
		      iq_profile_type_name(text->profile->type));
	iq_term_style(g->term, IQ_STYLE_PLAIN);
	iq_out_cstr(g->term->out, ", ");
	iq_out_str(g->term->out,
		   iq_term_cut(g->term, type, g->term->width / 3));
	iq_out_char(g->term->out, '\n');
	for (size_t i = 0; i < g->num; i++) {
		const struct iq_profile_text *t = &g->texts[i];
		struct iq_str path =
			iq_profile_path(g->term, t->facts->witness.path, room);

		iq_out_cstr(g->term->out, "  ");
		iq_term_right(
			g->term,
			iq_str_of(iq_profile_quantity(
				words, t->profile->totals[t->type], g->unit)),
			10);
		iq_out_cstr(g->term->out, "  ");
		iq_out_str(g->term->out, path);
		put_when(g, i);
		iq_out_char(g->term->out, '\n');
	}
}

/* Whether both are known and differ. */
static bool differs(struct iq_str a, struct iq_str b)
{
	return a.len && b.len && !iq_str_equal(a, b);
}

/* What was another program did not grow. */
static void put_builds(struct growth *g)
{
	const struct iq_process_fact *first = &g->texts[0].facts->process;
	bool program = false, build = false;

	for (size_t i = 1; i < g->num; i++) {
		const struct iq_process_fact *p = &g->texts[i].facts->process;

		program |= differs(iq_str_basename(first->executable),
				   iq_str_basename(p->executable));
		build |= differs(first->build_id, p->build_id);
	}
	if (program)
		iq_out_cstr(g->term->out, "  they are of several programs\n");
	else if (build)
		iq_out_cstr(g->term->out, "  they are of several builds\n");
}

/* ---- the table */

static const char *words_of(const struct growth *g, char *buf,
			    const int64_t *values, unsigned column)
{
	char words[IQ_QUANTITY_SIZE];

	iq_profile_quantity(words, values[column], g->unit);
	snprintf(buf, IQ_QUANTITY_SIZE + 1, "%s%s",
		 column == CHANGE && values[column] > 0 ? "+" : "", words);
	return buf;
}

static void measure(struct growth *g, size_t num)
{
	char buf[IQ_QUANTITY_SIZE + 1];
	unsigned used;

	g->value = 6;
	g->begin = iq_profile_is_narrow(g->term) ? LAST : FIRST;
	for (size_t i = 0; i < num; i++) {
		const struct iq_place *row = g->places.rows.data[i];
		unsigned state = iq_term_width(iq_profile_state(
			g->term, row->state, IQ_PROFILE_MAX_STATE));

		g->state = state > g->state ? state : g->state;
		for (unsigned c = g->begin; c < NUM_COLUMNS; c++) {
			unsigned w = iq_term_width(
				iq_str_of(words_of(g, buf, row->values, c)));

			g->value = w > g->value ? w : g->value;
		}
	}
	g->state = iq_profile_is_narrow(g->term) ? 0 :
		   g->state < 5			 ? 5 :
						   g->state;
	used = (NUM_COLUMNS - g->begin) * (g->value + 2) + g->state + 2;
	g->site = g->term->width > used + SITE_MIN ? g->term->width - used :
						     SITE_MIN;
}

static void put_state(struct growth *g, struct iq_str clean)
{
	iq_term_left(g->term, clean, g->state);
	iq_out_cstr(g->term->out, "  ");
}

static void put_row(struct growth *g, const struct iq_place *row)
{
	char buf[IQ_QUANTITY_SIZE + 1];

	for (unsigned c = g->begin; c < NUM_COLUMNS; c++) {
		iq_term_right(g->term,
			      iq_str_of(words_of(g, buf, row->values, c)),
			      g->value);
		iq_out_cstr(g->term->out, "  ");
	}
	if (g->state)
		put_state(g, iq_profile_state(g->term, row->state, g->state));
	iq_out_str(g->term->out, iq_profile_site(g->term, row->frame, g->site));
	iq_out_char(g->term->out, '\n');
}

static void put_table(struct growth *g)
{
	static const char *const heads[] = { "first", "last", "change" };
	size_t shown = iq_profile_shown(g->texts[0].options, g->num_changed);

	measure(g, shown);
	iq_out_char(g->term->out, '\n');
	iq_term_style(g->term, IQ_STYLE_DIM);
	for (unsigned c = g->begin; c < NUM_COLUMNS; c++) {
		iq_term_right(g->term, iq_str_of(heads[c]), g->value);
		iq_out_cstr(g->term->out, "  ");
	}
	if (g->state)
		put_state(g, IQ_STR("state"));
	iq_out_cstr(g->term->out, "where");
	iq_term_style(g->term, IQ_STYLE_PLAIN);
	iq_out_char(g->term->out, '\n');
	for (size_t i = 0; i < shown; i++)
		put_row(g, g->places.rows.data[i]);
	if (shown < g->num_changed)
		iq_out_printf(g->term->out,
			      "and %zu more that changed (--all)\n",
			      g->num_changed - shown);
}

static void put_growth(struct growth *g)
{
	char words[IQ_QUANTITY_SIZE];

	put_profiles(g);
	put_builds(g);
	if (g->num_changed)
		put_table(g);
	else
		iq_out_cstr(g->term->out, "\nnothing changed\n");
	if (g->num_same)
		iq_out_printf(g->term->out, "unchanged: %s in %zu place%s\n",
			      iq_profile_quantity(words, g->same, g->unit),
			      g->num_same, g->num_same == 1 ? "" : "s");
}

struct iq_error *iq_profile_growth_view(const struct iq_profile_text *texts,
					size_t num)
{
	struct growth g = {
		.texts = texts,
		.num = num,
		.term = texts[0].term,
		.unit = texts[0].profile->types[texts[0].type].unit,
	};
	struct iq_error *err;

	iq_places_init(&g.places, NUM_COLUMNS);
	err = compare(&g);
	if (!err)
		put_growth(&g);
	iq_places_deinit(&g.places);
	return err;
}
