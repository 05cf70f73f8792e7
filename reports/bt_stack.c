/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as text: numbered frames as Go's debuggers print them. */
#include "reports/bt.h"

#include "reports/emit_term.h"

/* "0x000000000043b7ae ", or nothing. */
static void put_pc(struct iq_out *out, const struct iq_frame *frame)
{
	char digits[19];
	uint64_t pc = frame->pc;

	if (!frame->has_pc)
		return;
	for (size_t i = 18; i > 2; i--, pc >>= 4)
		digits[i - 1] = "0123456789abcdef"[pc & 15];
	digits[0] = '0';
	digits[1] = 'x';
	digits[18] = ' ';
	iq_out_bytes(out, digits, sizeof(digits));
}

void iq_bt_place_put(struct iq_bt *bt, struct iq_out *out,
		     const struct iq_frame *frame)
{
	if (!frame->file.len) {
		// Of C the module at least is known.
		iq_term_put(out,
			    frame->foreign && frame->module.len ?
				    frame->module :
				    IQ_STR("?"),
			    bt->options->utf8);
		return;
	}
	iq_term_put(out, frame->file, bt->options->utf8);
	if (frame->line) {
		iq_out_char(out, ':');
		iq_out_u64(out, frame->line);
	}
}

void iq_bt_name_put(struct iq_bt *bt, struct iq_out *out,
		    const struct iq_frame *frame)
{
	if (frame->function.len)
		iq_term_put(out, frame->function, bt->options->utf8);
	else
		iq_out_cstr(out, "unknown");
}

static void put_frame(struct iq_bt *bt, struct iq_out *out,
		      const struct iq_frame *frame, uint32_t number)
{
	iq_out_cstr(out, number < 10 ? " " : "");
	iq_out_u64(out, number);
	iq_out_cstr(out, "  ");
	put_pc(out, frame);
	iq_out_cstr(out, "in ");
	iq_bt_name_put(bt, out, frame);
	if (frame->inlined)
		iq_out_cstr(out, " (inlined)");
	if (frame->guessed)
		iq_out_cstr(out, " (by its frame pointer alone)");
	iq_out_cstr(out, "\n    at ");
	iq_bt_place_put(bt, out, frame);
	iq_out_char(out, '\n');
}

static void put_elided(struct iq_out *out, const struct iq_stack *stack)
{
	iq_out_cstr(out, "    ... ");
	if (stack->num_elided)
		iq_out_u64(out, stack->num_elided);
	else
		iq_out_cstr(out, "unknown number of");
	iq_out_cstr(out, " frames elided by the witness ...\n");
}

/* Frames that are shown: without --runtime not the runtime's plumbing at both
 * ends; those of C are the program's own. */
static bool is_shown(const struct iq_bt *bt, const struct iq_signature *sig,
		     const struct iq_frame *frame, uint32_t i)
{
	return bt->options->runtime_frames || frame->foreign ||
	       (i >= sig->begin && i < sig->end);
}

static void make_stack(struct iq_bt *bt, struct iq_out *out,
		       const struct iq_stack *stack)
{
	struct iq_signature sig;

	iq_signature_compute(stack, &sig);
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (is_shown(bt, &sig, stack->frames[i], i))
			put_frame(bt, out, stack->frames[i], i);
		else
			bt->hidden = true;
		if (stack->elided && stack->elided_at == i)
			put_elided(out, stack);
	}
	if (!stack->complete && !stack->elided)
		iq_out_cstr(out, "    the stack goes on: its witness has no "
				 "more of it\n");
}

void iq_bt_stack_put(struct iq_bt *bt, const struct iq_stack *stack)
{
	struct iq_block_key key = { .object = stack, .what = IQ_BT_STACK };

	if (!stack) {
		iq_out_cstr(bt->out, "    no witness has its stack\n");
		return;
	}
	if (iq_blocks_copy(&bt->blocks, key, bt->out))
		return;
	make_stack(bt, iq_blocks_begin(&bt->blocks), stack);
	iq_blocks_end(&bt->blocks, key, bt->out);
}
