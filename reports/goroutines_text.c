/* SPDX-License-Identifier: Apache-2.0 */
/* "goroutines" as text: one a line, as wide as the terminal and no wider. */
#include <inttypes.h>
#include <stdio.h>

#include "reports/blocks.h"
#include "reports/emit_term.h"
#include "reports/goroutine_line.h"
#include "reports/goroutine_select.h"
#include "reports/record.h"
#include "reports/report.h"
#include "reports/words.h"

/* From this width on a line names the creator. */
#define CREATOR_WIDTH 100
/* A state's words, at most. */
#define MAX_STATE 20
/* Groups whose widths are looked at; a longer text later is shortened. */
#define MEASURED_GROUPS 256

struct list {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_term *term;
	struct iq_blocks blocks;
	struct iq_selection selection;
	unsigned id_width;
	unsigned state_width;
	unsigned since_width;
	struct iq_term_columns columns;
};

enum { BLOCK_SITE, BLOCK_CREATOR, BLOCK_FRAMES, BLOCK_LABELS, BLOCK_STATE };

static unsigned max_u(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned digits(uint64_t n)
{
	unsigned num = 1;

	while (n > 9) {
		n /= 10;
		num++;
	}
	return num;
}

static bool is_listed(const struct list *list, const struct iq_goroutine *g)
{
	return list->options->all || !g->system;
}

static const struct iq_goroutine *goroutine_at(const struct list *list,
					       size_t place)
{
	return &list->model
			->goroutines[iq_selection_at(&list->selection, place)];
}

/* ">=5.1s"; "<=2.1s" where only that is known. */
static const char *since_words(char *buf, const struct iq_goroutine *g)
{
	if (!g->has_wait_min && g->has_wait_max)
		return iq_words_at_most(buf, g->wait_max_ns);
	return iq_words_since(buf, g->has_wait_min, g->wait_min_ns,
			      iq_record_exact(g));
}

static void measure_group(struct list *list, const struct iq_group *group)
{
	const struct iq_goroutine *g =
		&list->model->goroutines[group->members[0]];
	char words[IQ_WORDS_SIZE];
	struct iq_str state =
		iq_term_clean(list->term, iq_line_state(g->fact, g->class));

	list->state_width = max_u(list->state_width, iq_term_width(state));
	if (group->has_wait_min)
		iq_words_since(words, true, group->wait_min_ns, false);
	else
		since_words(words, g);
	// Members differ by a digit, most often.
	list->since_width =
		max_u(list->since_width, iq_term_width(iq_str_of(words)) + 1);
	iq_term_wish(list->term, &list->columns, iq_line_site(list->model, g),
		     list->term->width < CREATOR_WIDTH ? NULL :
							 g->fact->created_by);
}

static void measure_ids(struct list *list)
{
	for (size_t i = 0; i < list->selection.num; i++) {
		const struct iq_goroutine *g = goroutine_at(list, i);

		list->id_width = max_u(list->id_width,
				       digits(g->has_id ? g->id : g->count) +
					       !g->has_id);
	}
}

static void measure(struct list *list)
{
	const struct iq_model *m = list->model;
	unsigned used;

	list->id_width = 4;
	list->state_width = 5;
	list->since_width = 5;
	measure_ids(list);
	for (size_t i = 0; i < m->num_groups && i < MEASURED_GROUPS; i++) {
		if (!is_listed(list, &m->goroutines[m->groups[i].members[0]]))
			continue;
		measure_group(list, &m->groups[i]);
	}
	if (list->state_width > MAX_STATE)
		list->state_width = MAX_STATE;
	used = list->id_width + list->state_width + list->since_width + 6;
	iq_term_divide(&list->columns, list->term->width > used + 8 ?
					       list->term->width - used :
					       8);
}

/* A cell that is rendered once for each object. */
static void put_state(struct list *list, const struct iq_goroutine *g)
{
	struct iq_str state = iq_line_state(g->fact, g->class);
	struct iq_block_key key = {
		.object = state.ptr,
		.what = BLOCK_STATE + state.len,
	};
	struct iq_term term = *list->term;

	if (iq_blocks_copy(&list->blocks, key, list->term->out))
		return;
	term.out = iq_blocks_begin(&list->blocks);
	state = iq_term_cut(list->term, iq_term_clean(list->term, state),
			    list->state_width);
	iq_term_left(&term, state, list->state_width);
	iq_blocks_end(&list->blocks, key, list->term->out);
}

static void put_frame(struct list *list, const void *object, unsigned what,
		      const struct iq_frame *frame, unsigned columns, bool pad)
{
	struct iq_block_key key = { .object = object, .what = what };
	struct iq_term term = *list->term;
	struct iq_str site;

	if (object && iq_blocks_copy(&list->blocks, key, list->term->out))
		return;
	site = iq_term_site(list->term, frame, columns);
	if (!object) {
		iq_term_left(list->term, site, pad ? columns : 0);
		return;
	}
	term.out = iq_blocks_begin(&list->blocks);
	iq_term_left(&term, site, pad ? columns : 0);
	iq_blocks_end(&list->blocks, key, list->term->out);
}

static void put_since(struct list *list, const struct iq_goroutine *g)
{
	bool waits = g->class != IQ_CLASS_RUNNING;
	char words[IQ_WORDS_SIZE];

	if (!waits && !g->has_wait_min)
		iq_term_spaces(list->term, list->since_width);
	else
		iq_term_left(list->term, iq_str_of(since_words(words, g)),
			     list->since_width);
}

static void put_id(struct list *list, const struct iq_goroutine *g)
{
	uint64_t n = g->has_id ? g->id : g->count;
	unsigned used = digits(n) + !g->has_id;

	if (used < list->id_width)
		iq_term_spaces(list->term, list->id_width - used);
	iq_out_u64(list->term->out, n);
	// Without an id it is a number of equal ones.
	if (!g->has_id)
		iq_out_char(list->term->out, 'x');
}

static void put_frames(struct list *list, const struct iq_stack *stack)
{
	struct iq_block_key key = { .object = stack, .what = BLOCK_FRAMES };

	if (!stack || iq_blocks_copy(&list->blocks, key, list->term->out))
		return;
	iq_line_frames(list->term, iq_blocks_begin(&list->blocks), stack,
		       list->options->frames, list->options->runtime_frames);
	iq_blocks_end(&list->blocks, key, list->term->out);
}

static void put_labels(struct list *list, const struct iq_labels *labels)
{
	struct iq_block_key key = { .object = labels, .what = BLOCK_LABELS };
	struct iq_out *out;

	if (!labels || !labels->num ||
	    iq_blocks_copy(&list->blocks, key, list->term->out))
		return;
	out = iq_blocks_begin(&list->blocks);
	iq_out_cstr(out, "       ");
	iq_line_labels(list->term, out, labels);
	iq_out_char(out, '\n');
	iq_blocks_end(&list->blocks, key, list->term->out);
}

static void put_line(struct list *list, const struct iq_goroutine *g)
{
	struct iq_out *out = list->term->out;

	put_id(list, g);
	iq_out_cstr(out, "  ");
	put_state(list, g);
	iq_out_cstr(out, "  ");
	put_since(list, g);
	iq_out_cstr(out, "  ");
	put_frame(list, g->fact->stack, BLOCK_SITE,
		  iq_line_site(list->model, g), list->columns.site,
		  list->columns.creator && g->fact->created_by);
	if (list->columns.creator && g->fact->created_by) {
		iq_out_cstr(out, "  ");
		put_frame(list, g->fact->created_by, BLOCK_CREATOR,
			  g->fact->created_by, list->columns.creator, false);
	}
	iq_out_char(out, '\n');
	if (list->options->frames)
		put_frames(list, g->fact->stack);
	if (list->options->labels)
		put_labels(list, g->fact->labels);
}

static void put_columns(struct list *list)
{
	struct iq_term *term = list->term;

	iq_term_style(term, IQ_STYLE_DIM);
	iq_term_right(term, IQ_STR("id"), list->id_width);
	iq_out_cstr(term->out, "  ");
	iq_term_left(term, IQ_STR("state"), list->state_width);
	iq_out_cstr(term->out, "  ");
	iq_term_left(term, IQ_STR("since"), list->since_width);
	iq_out_cstr(term->out, "  ");
	iq_term_left(term, IQ_STR("in"),
		     list->columns.creator ? list->columns.site : 0);
	if (list->columns.creator)
		iq_out_cstr(term->out, "  created by");
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_list(struct list *list)
{
	const struct iq_model *m = list->model;
	uint64_t left =
		list->options->limit ? list->options->limit : UINT64_MAX;
	uint64_t unlisted = 0;

	measure(list);
	iq_line_heading(list->term, m, list->options);
	iq_selection_tell(&list->selection, list->term->out);
	if (m->num_goroutines &&
	    (list->selection.num || !list->selection.is_filtered))
		put_columns(list);
	for (size_t i = 0; i < list->selection.num; i++) {
		const struct iq_goroutine *g = goroutine_at(list, i);

		if (list->term->out->err)
			return;
		if (left) {
			put_line(list, g);
			left--;
		} else {
			unlisted += g->count;
		}
	}
	if (unlisted)
		iq_out_printf(list->term->out,
			      "and %" PRIu64 " more (--limit %" PRIu64 ")\n",
			      unlisted, list->options->limit);
}

static struct iq_error *
goroutines_text_render(const struct iq_model *model,
		       const struct iq_report_options *options,
		       struct iq_out *out)
{
	struct iq_term term;
	struct list list = {
		.model = model,
		.options = options,
		.term = &term,
	};
	struct iq_error *err = NULL;

	iq_term_init(&term, options, out);
	iq_blocks_init(&list.blocks);
	if (options->group_by)
		err = iq_goroutine_groups_render(model, options, &term);
	else
		err = iq_selection_init(model, options, options->all,
					&list.selection);
	if (!err && !options->group_by)
		put_list(&list);
	if (!err)
		err = iq_blocks_done(&list.blocks);
	if (!err)
		err = iq_term_done(&term);
	iq_blocks_deinit(&list.blocks);
	iq_selection_deinit(&list.selection);
	iq_term_deinit(&term);
	return err;
}

const struct iq_report iq_report_goroutines_text = {
	.command = "goroutines",
	.format = "text",
	.summary = "a line for each goroutine, or for each group",
	.stage = IQ_STAGE_JOINED,
	.render = goroutines_text_render,
};
