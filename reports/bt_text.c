/* SPDX-License-Identifier: Apache-2.0 */
/* "bt" as text: numbered frames as Go's debuggers print them. */
#include "reports/bt.h"

#include <stdio.h>

#include "reports/blocks.h"
#include "reports/emit_term.h"
#include "reports/goroutine_line.h"
#include "reports/record.h"
#include "reports/wait_words.h"
#include "reports/words.h"

enum { BLOCK_CREATOR = IQ_BT_STACK + 1, BLOCK_LABELS, BLOCK_TEXT };

/* ---- what stands around it */

static void put_text(struct iq_bt *bt, struct iq_str text)
{
	struct iq_block_key key = {
		.object = text.ptr,
		.what = BLOCK_TEXT + text.len,
	};

	if (iq_blocks_copy(&bt->blocks, key, bt->out))
		return;
	iq_term_put(iq_blocks_begin(&bt->blocks), text, bt->options->utf8);
	iq_blocks_end(&bt->blocks, key, bt->out);
}

/* "chan send", "running", "chan receive (leaked)". */
static void put_status(struct iq_bt *bt, const struct iq_goroutine_fact *fact)
{
	const char *status = iq_record_status(fact);

	if (fact->wait_reason.len)
		put_text(bt, fact->wait_reason);
	else
		iq_out_cstr(bt->out, status ? status : "unknown");
	if (fact->leaked && fact->wait_reason.len)
		iq_out_cstr(bt->out, " (leaked)");
}

static void put_since(struct iq_out *out, bool known, int64_t ns, bool exact)
{
	char words[IQ_WORDS_SIZE];

	if (!known)
		return;
	iq_out_cstr(out, ", ");
	iq_out_cstr(out, iq_words_since(words, true, ns, exact));
}

static void make_labels(struct iq_bt *bt, struct iq_out *out,
			const struct iq_labels *labels)
{
	iq_out_cstr(out, "    labels");
	for (size_t i = 0; i < labels->num; i++) {
		iq_out_char(out, ' ');
		iq_term_put(out, labels->items[i].key, bt->options->utf8);
		iq_out_char(out, '=');
		iq_term_put(out, labels->items[i].value, bt->options->utf8);
	}
	iq_out_char(out, '\n');
}

static void put_labels(struct iq_bt *bt, const struct iq_labels *labels)
{
	struct iq_block_key key = { .object = labels, .what = BLOCK_LABELS };

	if (!labels || !labels->num ||
	    (bt->options->has_id ? false : !bt->options->labels))
		return;
	if (iq_blocks_copy(&bt->blocks, key, bt->out))
		return;
	make_labels(bt, iq_blocks_begin(&bt->blocks), labels);
	iq_blocks_end(&bt->blocks, key, bt->out);
}

static void put_created(struct iq_bt *bt, const struct iq_frame *frame)
{
	struct iq_block_key key = { .object = frame, .what = BLOCK_CREATOR };
	struct iq_out *out;

	if (iq_blocks_copy(&bt->blocks, key, bt->out))
		return;
	out = iq_blocks_begin(&bt->blocks);
	iq_out_cstr(out, "    created by ");
	if (!frame->function.len && frame->has_pc) {
		iq_out_cstr(out, "pc ");
		iq_out_hex(out, frame->pc);
	} else {
		iq_bt_name_put(bt, out, frame);
	}
	if (frame->file.len) {
		iq_out_cstr(out, " at ");
		iq_bt_place_put(bt, out, frame);
	}
	iq_blocks_end(&bt->blocks, key, bt->out);
}

static void put_creator(struct iq_bt *bt, const struct iq_goroutine_fact *fact)
{
	if (fact->created_by)
		put_created(bt, fact->created_by);
	else if (fact->has_parent)
		iq_out_cstr(bt->out, "    created");
	else
		return;
	if (fact->has_parent) {
		iq_out_cstr(bt->out, " in goroutine ");
		iq_out_u64(bt->out, fact->parent);
	}
	iq_out_char(bt->out, '\n');
}

/* "    waits to send on chan int 0xc000102060, 0 of 0, 3 senders" */
static void put_wait(struct iq_bt *bt, const struct iq_goroutine *g,
		     const struct iq_wait *wait)
{
	struct iq_wait_words words;

	iq_wait_words_init(&words, bt->out, bt->options->utf8,
			   bt->model->witnesses[g->witness]);
	words.full = true;
	iq_out_cstr(bt->out, "    ");
	iq_wait_words_does(&words, wait);
	iq_out_char(bt->out, '\n');
}

/* Objects that a select waits for and that are shown. */
#define MAX_WAITS 8

static void put_waits(struct iq_bt *bt, const struct iq_goroutine *g)
{
	// Its wait reason says all there is to know of the runtime's own.
	uint32_t num =
		g->fact->num_waits && g->fact->waits->kind == IQ_WAIT_RUNTIME ?
			0 :
			g->fact->num_waits;
	uint32_t shown =
		bt->options->all && bt->options->has_id ? num : MAX_WAITS;

	for (uint32_t i = 0; i < num && i < shown; i++)
		put_wait(bt, g, &g->fact->waits[i]);
	if (num > shown) {
		iq_out_cstr(bt->out, "    and for ");
		iq_out_u64(bt->out, num - shown);
		iq_out_cstr(bt->out, " more\n");
	}
	if (g->reach == IQ_REACH_UNREACHABLE)
		iq_out_cstr(bt->out, "    nothing live can reach what it waits "
				     "for\n");
}

static void put_head(struct iq_bt *bt, const struct iq_goroutine *g)
{
	struct iq_out *out = bt->out;

	if (g->has_id) {
		iq_out_cstr(out, "goroutine ");
		iq_out_u64(out, g->id);
	} else {
		iq_out_u64(out, g->count);
		iq_out_cstr(out, g->count == 1 ? " goroutine" : " goroutines");
	}
	iq_out_cstr(out, " [");
	put_status(bt, g->fact);
	put_since(out, g->has_wait_min, g->wait_min_ns, iq_record_exact(g));
	if (g->fact->has_thread) {
		iq_out_cstr(out, ", thread ");
		iq_out_u64(out, g->fact->thread);
	}
	if (g->fact->locked)
		iq_out_cstr(out, ", locked to thread");
	if (g->system)
		iq_out_cstr(out, ", runtime's own");
	iq_out_cstr(out, "]\n");
}

static void put_goroutine(struct iq_bt *bt, const struct iq_goroutine *g)
{
	put_head(bt, g);
	iq_bt_stack_put(bt, g->fact->stack);
	put_creator(bt, g->fact);
	put_labels(bt, g->fact->labels);
	put_waits(bt, g);
}

/* ---- equal stacks once */

/* Ids in one line as long as they fit, the rest counted. */
static void put_ids(struct iq_bt *bt, const struct iq_group *group)
{
	size_t width = bt->options->width;
	size_t used = 7;
	size_t i = 0;

	iq_out_cstr(bt->out, "    ids");
	for (; i < group->num_members; i++) {
		const struct iq_goroutine *g =
			&bt->model->goroutines[group->members[i]];
		char text[24];
		int len = snprintf(text, sizeof(text), " %llu",
				   (unsigned long long)g->id);
		// Room for what counts the rest.
		size_t rest = i + 1 < group->num_members ? 24 : 0;

		if (!bt->options->all && used + (size_t)len + rest > width)
			break;
		iq_out_bytes(bt->out, text, (size_t)len);
		used += (size_t)len;
	}
	if (i < group->num_members) {
		iq_out_cstr(bt->out, " and ");
		iq_out_u64(bt->out, group->num_members - i);
		iq_out_cstr(bt->out, " more");
	}
	iq_out_char(bt->out, '\n');
}

static void put_group(struct iq_bt *bt, const struct iq_group *group)
{
	const struct iq_goroutine *g =
		&bt->model->goroutines[group->members[0]];

	iq_out_u64(bt->out, group->count);
	iq_out_cstr(bt->out,
		    group->count == 1 ? " goroutine [" : " goroutines [");
	put_status(bt, g->fact);
	put_since(bt->out, group->has_wait_min, group->wait_min_ns, false);
	iq_out_cstr(bt->out, group->system ? ", runtime's own]\n" : "]\n");
	iq_bt_stack_put(bt, group->stack);
	if (group->created_by) {
		put_created(bt, group->created_by);
		iq_out_char(bt->out, '\n');
	}
	if (g->has_id)
		put_ids(bt, group);
}

static void put_groups(struct iq_bt *bt)
{
	size_t num = bt->model->num_groups;

	if (bt->options->limit && bt->options->limit < num)
		num = (size_t)bt->options->limit;
	for (size_t i = 0; i < num && !bt->out->err; i++) {
		if (i)
			iq_out_char(bt->out, '\n');
		put_group(bt, &bt->model->groups[i]);
	}
}

/* At the end, where the stacks stop. */
static void put_incomplete(struct iq_bt *bt)
{
	struct iq_term term;
	struct iq_str line;

	iq_term_init(&term, bt->options, bt->out);
	line = iq_line_incomplete(&term, bt->model);
	if (line.len)
		iq_out_printf(bt->out, "\n(%.*s)\n", IQ_STR_ARG(line));
	iq_term_deinit(&term);
}

/* An empty page would say that there was nothing. */
static void put_none(struct iq_bt *bt)
{
	struct iq_term term;
	struct iq_str line;

	iq_term_init(&term, bt->options, bt->out);
	line = iq_line_none(&term, bt->model);
	iq_out_str(bt->out, line);
	if (line.len)
		iq_out_char(bt->out, '\n');
	iq_term_deinit(&term);
}

static struct iq_error *put_goroutines(struct iq_bt *bt)
{
	struct iq_selection selection = { 0 };
	struct iq_error *err = iq_bt_select(bt->model, bt->options, &selection);

	if (err)
		return err;
	iq_selection_tell(&selection, bt->out);
	if (!selection.num)
		put_none(bt);
	for (size_t i = 0; i < selection.num && !bt->out->err; i++) {
		size_t index = iq_selection_at(&selection, i);

		if (i || selection.is_filtered)
			iq_out_char(bt->out, '\n');
		put_goroutine(bt, &bt->model->goroutines[index]);
	}
	iq_selection_deinit(&selection);
	return NULL;
}

static struct iq_error *bt_text_render(const struct iq_model *model,
				       const struct iq_report_options *options,
				       struct iq_out *out)
{
	struct iq_bt bt = { .model = model, .options = options, .out = out };
	struct iq_error *err = NULL;

	if (options->num_conditions && (options->by_thread || options->unique))
		return iq_error_new(IQ_ERROR_USAGE,
				    "conditions choose goroutines, not threads "
				    "or equal stacks");
	if (options->go_style)
		return iq_bt_go_render(model, options, out);
	iq_blocks_init(&bt.blocks);
	if (options->by_thread)
		iq_bt_threads_put(&bt);
	else if (options->unique && !options->has_id)
		put_groups(&bt);
	else
		err = put_goroutines(&bt);
	if (!options->has_id && !options->by_thread && !err)
		put_incomplete(&bt);
	if (bt.hidden)
		iq_out_cstr(out, "\n(frames of the runtime are left out; "
				 "--runtime shows them)\n");
	if (!err)
		err = iq_blocks_done(&bt.blocks);
	iq_blocks_deinit(&bt.blocks);
	return err;
}

const struct iq_report iq_report_bt_text = {
	.command = "bt",
	.format = "text",
	.summary = "stacks, frame by frame",
	.stage = IQ_STAGE_JOINED,
	.render = bt_text_render,
};
