/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "bt --go": the text that the runtime itself writes (debug=2), so that every
 * tool that reads those reads ours. Arguments are always "...": they are the
 * process's secrets.
 */
// Go: src/runtime/traceback.go, goroutineheader, traceback2, printcreatedby1,
// showfuncinfo, printFuncName; 1.26.
#include "reports/bt.h"

#include "reports/blocks.h"
#include "reports/emit_term.h"
#include "reports/record.h"

struct go_text {
	const struct iq_report_options *options;
	struct iq_out *out;
	struct iq_blocks blocks;
};

enum { BLOCK_STACK, BLOCK_CREATOR };

#define NS_PER_MINUTE 60000000000

/* "(*Func)" and "Func" alike. */
static struct iq_str receiver_type(struct iq_str receiver)
{
	if (receiver.len >= 3 && iq_str_starts(receiver, IQ_STR("(*")) &&
	    receiver.ptr[receiver.len - 1] == ')')
		return iq_str_sub(receiver, 2, receiver.len - 3);
	return receiver;
}

static bool is_upper(struct iq_str s)
{
	return s.len && s.ptr[0] >= 'A' && s.ptr[0] <= 'Z';
}

/* An exported function, or method of an exported type, of package runtime. */
static bool is_exported(struct iq_str name)
{
	struct iq_str rest = iq_str_sub(name, sizeof("runtime.") - 1, name.len);
	size_t dot = iq_str_rfind(rest, '.');
	struct iq_str receiver;

	if (dot == rest.len)
		return is_upper(rest);
	receiver = receiver_type(iq_str_sub(rest, 0, dot));
	return is_upper(iq_str_sub(rest, dot + 1, rest.len)) &&
	       (!receiver.len || is_upper(receiver));
}

static bool calls_panic(const struct iq_frame *callee)
{
	static const char *const names[] = { "runtime.gopanic",
					     "runtime.sigpanic",
					     "runtime.panicwrap", "panic" };

	for (size_t i = 0; callee && i < IQ_ARRAY_SIZE(names); i++) {
		if (iq_str_equal(callee->function, iq_str_of(names[i])))
			return true;
	}
	return false;
}

static bool is_shown(const struct iq_frame *frame,
		     const struct iq_frame *callee, bool first)
{
	struct iq_str name = frame->function;

	// The runtime has none of C, unless the program told it how; a text
	// that has some does not know their modules.
	if (frame->foreign && (frame->module.len || !frame->has_pc))
		return false;
	if (frame->wrapper && !calls_panic(callee))
		return false;
	if (iq_str_equal(name, IQ_STR("runtime.runFinalizers")) ||
	    iq_str_equal(name, IQ_STR("runtime.runCleanups")))
		return true;
	if (iq_str_equal(name, IQ_STR("panic")) ||
	    (iq_str_equal(name, IQ_STR("runtime.gopanic")) && !first))
		return true;
	if (!iq_str_starts(name, IQ_STR("runtime.")))
		return iq_str_find(name, '.') < name.len || frame->foreign;
	return is_exported(name);
}

static void put_name(struct go_text *go, struct iq_out *out, struct iq_str name)
{
	size_t open = iq_str_find(name, '[');
	size_t close = iq_str_rfind(name, ']');

	if (iq_str_equal(name, IQ_STR("runtime.gopanic"))) {
		iq_out_cstr(out, "panic");
	} else if (close < name.len && open < close) {
		iq_term_put(out, iq_str_sub(name, 0, open), go->options->utf8);
		iq_out_cstr(out, "[...]");
		iq_term_put(out, iq_str_sub(name, close + 1, name.len),
			    go->options->utf8);
	} else {
		iq_term_put(out, name.len ? name : IQ_STR("unknown"),
			    go->options->utf8);
	}
}

/* pc - entry, 0 if unknown. */
static uint64_t frame_offset(const struct iq_frame *frame)
{
	if (frame->offset)
		return frame->offset;
	return frame->has_pc && frame->entry && frame->pc > frame->entry ?
		       frame->pc - frame->entry :
		       0;
}

static void put_place(struct go_text *go, struct iq_out *out,
		      const struct iq_frame *frame)
{
	uint64_t offset;

	iq_out_char(out, '\t');
	iq_term_put(out, frame->file.len ? frame->file : IQ_STR("?"),
		    go->options->utf8);
	iq_out_char(out, ':');
	iq_out_u64(out, frame->line);
	offset = frame_offset(frame);
	if (!frame->inlined && offset) {
		iq_out_cstr(out, " +");
		iq_out_hex(out, offset);
	}
	iq_out_char(out, '\n');
}

static void put_elided(struct iq_out *out, const struct iq_stack *stack)
{
	iq_out_cstr(out, "...");
	if (stack->num_elided)
		iq_out_u64(out, stack->num_elided);
	else
		iq_out_cstr(out, "additional");
	iq_out_cstr(out, " frames elided...\n");
}

static void make_stack(struct go_text *go, struct iq_out *out,
		       const struct iq_stack *stack)
{
	bool first = true;

	for (uint32_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *f = stack->frames[i];

		if (go->options->runtime_frames ||
		    is_shown(f, i ? stack->frames[i - 1] : NULL, first)) {
			put_name(go, out, f->function);
			iq_out_cstr(out, "(...)\n");
			put_place(go, out, f);
			first = false;
		}
		if (stack->elided && stack->elided_at == i)
			put_elided(out, stack);
	}
}

static void put_stack(struct go_text *go, const struct iq_stack *stack)
{
	struct iq_block_key key = { .object = stack, .what = BLOCK_STACK };

	if (!stack) {
		// What the runtime writes where it has none.
		iq_out_cstr(go->out, "\tgoroutine running on other thread; "
				     "stack unavailable\n");
		return;
	}
	if (iq_blocks_copy(&go->blocks, key, go->out))
		return;
	make_stack(go, iq_blocks_begin(&go->blocks), stack);
	iq_blocks_end(&go->blocks, key, go->out);
}

static void put_creator(struct go_text *go,
			const struct iq_goroutine_fact *fact)
{
	const struct iq_frame *frame = fact->created_by;
	struct iq_block_key key = { .object = frame, .what = BLOCK_CREATOR };
	struct iq_out *out;

	// The main goroutine's is the runtime's own.
	if (!frame || !is_shown(frame, NULL, false) ||
	    (fact->has_id && fact->id == 1))
		return;
	iq_out_cstr(go->out, "created by ");
	put_name(go, go->out, frame->function);
	if (fact->has_parent && fact->parent) {
		iq_out_cstr(go->out, " in goroutine ");
		iq_out_u64(go->out, fact->parent);
	}
	iq_out_char(go->out, '\n');
	if (iq_blocks_copy(&go->blocks, key, go->out))
		return;
	out = iq_blocks_begin(&go->blocks);
	put_place(go, out, frame);
	iq_blocks_end(&go->blocks, key, go->out);
}

static void put_quoted(struct go_text *go, struct iq_str s)
{
	iq_out_char(go->out, '"');
	while (s.len) {
		size_t quote = iq_str_find(s, '"');
		size_t back = iq_str_find(s, '\\');
		size_t end = quote < back ? quote : back;

		iq_term_put(go->out, iq_str_sub(s, 0, end), go->options->utf8);
		if (end < s.len) {
			iq_out_char(go->out, '\\');
			iq_out_char(go->out, s.ptr[end]);
		}
		s = iq_str_sub(s, end + 1, s.len);
	}
	iq_out_char(go->out, '"');
}

/* As 1.26 writes them within the brackets: only with --labels. */
static void put_labels(struct go_text *go, const struct iq_labels *labels)
{
	if (!go->options->labels || !labels || !labels->num)
		return;
	iq_out_cstr(go->out, " labels:{");
	for (size_t i = 0; i < labels->num; i++) {
		if (i)
			iq_out_cstr(go->out, ", ");
		put_quoted(go, labels->items[i].key);
		iq_out_cstr(go->out, ": ");
		put_quoted(go, labels->items[i].value);
	}
	iq_out_char(go->out, '}');
}

static void put_status(struct go_text *go, const struct iq_goroutine_fact *fact)
{
	bool parked = fact->status == IQ_GSTATUS_WAITING ||
		      fact->status == IQ_GSTATUS_LEAKED || fact->leaked;

	if (parked && fact->wait_reason.len)
		iq_term_put(go->out, fact->wait_reason, go->options->utf8);
	else if (fact->status == IQ_GSTATUS_DEADEXTRA)
		iq_out_cstr(go->out, "waiting for cgo callback");
	else if (fact->status == IQ_GSTATUS_UNKNOWN)
		iq_out_cstr(go->out, "???");
	else
		iq_out_cstr(go->out, iq_gstatus_name(fact->status));
	if (fact->leaked || fact->status == IQ_GSTATUS_LEAKED)
		iq_out_cstr(go->out, " (leaked)");
}

static void put_minutes(struct iq_out *out, const struct iq_goroutine *g)
{
	bool timed = g->fact->status == IQ_GSTATUS_WAITING ||
		     g->fact->status == IQ_GSTATUS_SYSCALL;

	uint64_t minutes = g->fact->minutes;

	// A dump's own number is what the runtime printed.
	if (!minutes && g->has_wait_min && g->wait_min_ns > 0)
		minutes = (uint64_t)g->wait_min_ns / NS_PER_MINUTE;
	if (!timed || g->fact->leaked || !minutes)
		return;
	iq_out_cstr(out, ", ");
	iq_out_u64(out, minutes);
	iq_out_cstr(out, " minutes");
}

static void put_goroutine(struct go_text *go, const struct iq_goroutine *g)
{
	iq_out_cstr(go->out, "goroutine ");
	iq_out_u64(go->out, g->id);
	iq_out_cstr(go->out, " [");
	put_status(go, g->fact);
	put_minutes(go->out, g);
	if (g->fact->locked)
		iq_out_cstr(go->out, ", locked to thread");
	put_labels(go, g->fact->labels);
	iq_out_cstr(go->out, "]:\n");
	put_stack(go, g->fact->stack);
	put_creator(go, g->fact);
}

/* Without an id the runtime's debug=1 is the form there is.
 * Go: src/runtime/pprof/pprof.go, printCountProfile, printStackRecord. */
static void put_counted(struct go_text *go, const struct iq_goroutine *g)
{
	const struct iq_stack *stack = g->fact->stack;
	struct iq_out *out = go->out;

	iq_out_u64(out, g->count);
	iq_out_cstr(out, " @");
	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (stack->frames[i]->inlined || !stack->frames[i]->has_pc)
			continue;
		iq_out_char(out, ' ');
		iq_out_hex(out, stack->frames[i]->pc);
	}
	iq_out_char(out, '\n');
	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		const struct iq_frame *f = stack->frames[i];

		iq_out_cstr(out, "#\t");
		iq_out_hex(out, f->has_pc ? f->pc : 0);
		iq_out_char(out, '\t');
		put_name(go, out, f->function);
		iq_out_cstr(out, "+");
		iq_out_hex(out, frame_offset(f));
		iq_out_char(out, '\t');
		iq_term_put(out, f->file.len ? f->file : IQ_STR("?"),
			    go->options->utf8);
		iq_out_char(out, ':');
		iq_out_u64(out, f->line);
		iq_out_char(out, '\n');
	}
}

struct iq_error *iq_bt_go_render(const struct iq_model *model,
				 const struct iq_report_options *options,
				 struct iq_out *out)
{
	struct go_text go = { .options = options, .out = out };
	struct iq_selection selection = { 0 };
	struct iq_error *err = iq_bt_select(model, options, &selection);
	bool first = true;

	if (err)
		return err;
	iq_blocks_init(&go.blocks);
	for (size_t i = 0; i < selection.num && !out->err; i++) {
		const struct iq_goroutine *g =
			&model->goroutines[iq_selection_at(&selection, i)];

		// As the runtime: its own goroutines are not in debug=2.
		if (g->system && !options->has_id && !options->runtime_frames)
			continue;
		if (!first)
			iq_out_char(out, '\n');
		first = false;
		if (g->has_id)
			put_goroutine(&go, g);
		else
			put_counted(&go, g);
	}
	err = iq_blocks_done(&go.blocks);
	iq_blocks_deinit(&go.blocks);
	iq_selection_deinit(&selection);
	return err;
}
