/* SPDX-License-Identifier: Apache-2.0 */
/* The findings' table: a row a finding, as wide as the terminal, no wider. */
#include "reports/text.h"

#include <inttypes.h>
#include <string.h>

#include "reports/finding_words.h"
#include "reports/words.h"

/* From this width on: creator and matrix. */
#define WIDE 110
/* Below this a site is worth more than its time. */
#define SITE_MIN 24
#define STATE_MAX 16
/* Below this a site is worth more than its state. */
#define STATE_ROOM 12
/* Room that " (cycle)" needs behind the site. */
#define CYCLE 8

struct row {
	const struct iq_finding *finding;
	struct iq_str number, count, state, since, sure;
	bool cycle;
};

struct table {
	struct iq_text *text;
	struct row *rows;
	unsigned number_width, count_width, state_width, since_width;
	unsigned sure_width;
	struct iq_term_columns columns;
	bool wide, since, state;
};

static unsigned max_u(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* ---- cells */

static struct iq_str count_cell(struct iq_text *text,
				const struct iq_finding *f)
{
	uint64_t victims = iq_finding_victims(text->model, f);
	char a[IQ_WORDS_SIZE], b[IQ_WORDS_SIZE];

	// A finding about the process, not about a goroutine.
	if (!f->count)
		return IQ_STR("-");
	if (!victims)
		return iq_term_textf(text->term, "%s",
				     iq_words_number(a, f->count));
	return iq_term_textf(text->term, "%s+%s", iq_words_number(a, f->count),
			     iq_words_number(b, victims));
}

static struct iq_str state_cell(struct iq_text *text,
				const struct iq_finding *f)
{
	return iq_term_cut(
		text->term,
		iq_term_clean(text->term, iq_finding_state(text->model, f)),
		STATE_MAX);
}

static struct iq_str since_cell(struct iq_text *text,
				const struct iq_finding *f)
{
	bool exact = f->has_wait_min && f->has_wait_max &&
		     f->wait_min_ns == f->wait_max_ns;
	char buf[IQ_WORDS_SIZE];

	// Time has no meaning for what has ended the process.
	if (iq_finding_is_end(f) && !f->has_wait_min)
		return IQ_STR("");
	return iq_term_textf(
		text->term, "%s",
		iq_words_since(buf, f->has_wait_min, f->wait_min_ns, exact));
}

static void row_make(struct iq_text *text, const struct iq_finding *f,
		     struct row *row)
{
	char sure[IQ_WORDS_SIZE];

	row->finding = f;
	row->number = iq_term_textf(text->term, "%" PRIu32, f->id);
	row->count = count_cell(text, f);
	row->state = state_cell(text, f);
	row->since = since_cell(text, f);
	row->sure = iq_term_textf(text->term, "%s",
				  iq_finding_sure(sure, text->model, f));
	row->cycle = iq_str_ends(iq_str_of(f->rule), IQ_STR("-cycle"));
}

/* ---- columns */

static unsigned matrix_width(const struct iq_text *text)
{
	unsigned width = 0;

	for (size_t i = 0; i < IQ_TEXT_NUM_KINDS; i++)
		width += text->kinds[i] ? 2 : 0;
	return width;
}

/* Room for the site, with the columns as they are chosen. */
static unsigned site_room(const struct table *t)
{
	unsigned used =
		t->number_width + 1 + t->count_width + 2 + 2 + t->sure_width;

	if (t->state)
		used += t->state_width + 2;
	if (t->since)
		used += t->since_width + 2;
	if (t->wide)
		used += matrix_width(t->text) + 1;
	return t->text->term->width > used + 8 ? t->text->term->width - used :
						 8;
}

/* The least that every site needs to be read. */
static unsigned site_need(const struct table *t)
{
	unsigned need = 0;

	for (size_t i = 0; i < t->text->num_rows; i++)
		need = max_u(need, iq_term_site_min(t->text->term,
						    t->rows[i].finding->site) +
					   (t->rows[i].cycle ? CYCLE : 0));
	return need;
}

/* Columns as wide as what stands in them, where there is room. */
static void table_divide(struct table *t, unsigned room)
{
	struct iq_term_columns *columns = &t->columns;
	bool cycle = false;

	for (size_t i = 0; i < t->text->num_rows; i++) {
		const struct iq_finding *f = t->rows[i].finding;

		iq_term_wish(t->text->term, columns, f->site,
			     t->wide ? f->created_by : NULL);
		cycle |= t->rows[i].cycle;
	}
	columns->site_full =
		max_u(columns->site_full + (cycle ? CYCLE : 0), 17);
	columns->site_least += cycle ? CYCLE : 0;
	if (columns->creator_full)
		columns->creator_full = max_u(columns->creator_full, 10);
	iq_term_divide(columns, room);
}

static void table_measure(struct table *t)
{
	unsigned need, room;

	t->number_width = 2;
	t->count_width = 4;
	t->state_width = 5;
	t->since_width = 5;
	t->sure_width = 4;
	for (size_t i = 0; i < t->text->num_rows; i++) {
		const struct row *r = &t->rows[i];

		t->number_width =
			max_u(t->number_width, iq_term_width(r->number));
		t->count_width = max_u(t->count_width, iq_term_width(r->count));
		t->state_width = max_u(t->state_width, iq_term_width(r->state));
		t->since_width = max_u(t->since_width, iq_term_width(r->since));
		t->sure_width = max_u(t->sure_width, iq_term_width(r->sure));
	}
	t->wide = t->text->term->width >= WIDE;
	t->since = true;
	t->state = true;
	need = site_need(t);
	room = site_room(t);
	// Times go before names do: the first finding's words say its own.
	if (room < need || room < SITE_MIN) {
		t->since = false;
		room = site_room(t);
	}
	// A terminal for dwarfs.
	if (room < STATE_ROOM) {
		t->state = false;
		room = site_room(t);
	}
	t->text->no_since = !t->since;
	table_divide(t, room);
}

/* ---- lines */

static void put_matrix_head(struct table *t)
{
	static const char heads[IQ_TEXT_NUM_KINDS] = "CPTD";

	for (size_t i = 0; i < IQ_TEXT_NUM_KINDS; i++) {
		if (!t->text->kinds[i])
			continue;
		iq_out_char(t->text->term->out, ' ');
		iq_out_char(t->text->term->out, heads[i]);
	}
}

static void put_state(struct table *t, struct iq_str clean)
{
	if (!t->state)
		return;
	iq_term_left(t->text->term, clean, t->state_width);
	iq_out_cstr(t->text->term->out, "  ");
}

static void put_head(struct table *t)
{
	struct iq_term *term = t->text->term;

	iq_term_style(term, IQ_STYLE_DIM);
	iq_term_right(term, IQ_STR("#"), t->number_width);
	iq_out_char(term->out, ' ');
	iq_term_right(term, IQ_STR("n"), t->count_width);
	iq_out_cstr(term->out, "  ");
	put_state(t, IQ_STR("state"));
	iq_term_left(term, IQ_STR("stuck in"), t->columns.site);
	if (t->columns.creator) {
		iq_out_cstr(term->out, "  ");
		iq_term_left(term, IQ_STR("created by"), t->columns.creator);
	}
	if (t->since) {
		iq_out_cstr(term->out, "  ");
		iq_term_right(term, IQ_STR("since"), t->since_width);
	}
	iq_out_cstr(term->out, "  ");
	iq_term_left(term, IQ_STR("sure"), t->wide ? t->sure_width : 0);
	if (t->wide)
		put_matrix_head(t);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_matrix(struct table *t, const struct iq_finding *f)
{
	for (unsigned i = 0; i < IQ_TEXT_NUM_KINDS; i++) {
		if (!t->text->kinds[i])
			continue;
		iq_out_char(t->text->term->out, ' ');
		iq_out_char(
			t->text->term->out,
			iq_says_char(iq_says_of_kind(t->text->model, f,
						     (enum iq_witness_kind)i)));
	}
}

static struct iq_str site_cell(struct table *t, const struct row *row)
{
	struct iq_term *term = t->text->term;
	struct iq_str site;

	if (!row->finding->site && !row->finding->count)
		return iq_term_cut(term, IQ_STR("the whole process"),
				   t->columns.site);
	if (!row->cycle || t->columns.site < 20)
		return iq_term_site(term, row->finding->site, t->columns.site);
	site = iq_term_site(term, row->finding->site, t->columns.site - CYCLE);
	return iq_term_textf(term, "%.*s (cycle)", IQ_STR_ARG(site));
}

static enum iq_style row_style(const struct iq_finding *f)
{
	if (f->confidence == IQ_CONFIDENCE_CONTRADICTED ||
	    f->severity == IQ_SEVERITY_NOTE)
		return IQ_STYLE_DIM;
	return f->severity == IQ_SEVERITY_ERROR ? IQ_STYLE_BAD : IQ_STYLE_WARN;
}

static void put_row(struct table *t, const struct row *row)
{
	struct iq_term *term = t->text->term;

	iq_term_style(term, row_style(row->finding));
	iq_term_right(term, row->number, t->number_width);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, ' ');
	iq_term_right(term, row->count, t->count_width);
	iq_out_cstr(term->out, "  ");
	put_state(t, row->state);
	iq_term_left(term, site_cell(t, row), t->columns.site);
	if (t->columns.creator) {
		iq_out_cstr(term->out, "  ");
		iq_term_left(term,
			     row->finding->created_by ?
				     iq_term_site(term,
						  row->finding->created_by,
						  t->columns.creator) :
				     IQ_STR(""),
			     t->columns.creator);
	}
	if (t->since) {
		iq_out_cstr(term->out, "  ");
		iq_term_right(term, row->since, t->since_width);
	}
	iq_out_cstr(term->out, "  ");
	iq_term_left(term, row->sure, t->wide ? t->sure_width : 0);
	if (t->wide)
		put_matrix(t, row->finding);
	iq_out_char(term->out, '\n');
}

/* Where the victims' site has less, it is not named. */
#define VICTIMS_ROOM 16

/* "holds the lock that 12 in main.(*Store).Get main.go:58 wait for" */
static void put_victims(struct table *t, const struct row *row)
{
	const struct iq_finding *f = row->finding;
	struct iq_term *term = t->text->term;
	unsigned indent = t->number_width + 1 + t->count_width + 2;
	uint64_t victims;
	char number[IQ_WORDS_SIZE];
	struct iq_str before, after;
	unsigned used;
	bool lock;

	victims = iq_finding_victims(t->text->model, f);
	if (!victims)
		return;
	lock = iq_finding_holds_lock(t->text->model, f);
	before = iq_term_textf(term, "%s%s in ",
			       !lock ? "" :
			       iq_finding_may_hold(t->text->model, f) ?
				       "may hold the lock that " :
				       "holds the lock that ",
			       iq_words_number(number, victims));
	after = victims == 1 ? IQ_STR(" waits for") : IQ_STR(" wait for");
	if (!lock)
		after = IQ_STR(" cannot go on before");
	iq_term_spaces(term, indent);
	used = indent + iq_term_width(before) + iq_term_width(after);
	if (!iq_finding_victims_alike(t->text->model, f))
		iq_out_str(term->out,
			   iq_term_textf(term,
					 "%s more wait for it, in several "
					 "places",
					 iq_words_number(number, victims)));
	else if (used + VICTIMS_ROOM > term->width)
		iq_out_str(term->out,
			   iq_term_textf(term, "%s more wait for it",
					 iq_words_number(number, victims)));
	else
		iq_out_str(
			term->out,
			iq_term_textf(
				term, "%.*s%.*s%.*s", IQ_STR_ARG(before),
				IQ_STR_ARG(iq_term_site(term, f->victims_site,
							term->width - used)),
				IQ_STR_ARG(after)));
	iq_out_char(term->out, '\n');
}

static void put_more(struct iq_text *text)
{
	uint64_t count = 0;
	char a[IQ_WORDS_SIZE], b[IQ_WORDS_SIZE];

	if (text->num_rows == text->num_listed)
		return;
	for (size_t i = text->num_rows; i < text->num_listed; i++)
		count += text->listed[i]->count;
	iq_out_printf(text->term->out,
		      "   and %s more findings of %s goroutines (--all lists "
		      "them)\n",
		      iq_words_number(a, text->num_listed - text->num_rows),
		      iq_words_number(b, count));
}

void iq_text_table(struct iq_text *text)
{
	struct table t = { .text = text };

	if (!text->num_rows)
		return;
	t.rows = iq_arena_calloc(&text->term->arena, text->num_rows,
				 sizeof(*t.rows));
	if (!t.rows) {
		text->term->failed = true;
		return;
	}
	for (size_t i = 0; i < text->num_rows; i++)
		row_make(text, text->listed[i], &t.rows[i]);
	table_measure(&t);
	iq_out_char(text->term->out, '\n');
	put_head(&t);
	for (size_t i = 0; i < text->num_rows; i++) {
		put_row(&t, &t.rows[i]);
		put_victims(&t, &t.rows[i]);
	}
	put_more(text);
}
