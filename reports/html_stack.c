/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks and what belongs to them, as findings and groups show them. */
#include "reports/html.h"

#include "model/signature.h"

/* Frames of a long run that are shown: those next to the wait tell more. */
#define HEAD (IQ_HTML_MAX_FRAMES * 3 / 4)
#define TAIL (IQ_HTML_MAX_FRAMES - HEAD)

struct stack {
	struct iq_html *html;
	const struct iq_stack *stack;
	/* Index of the frame to mark; that of a recursion's first. */
	uint32_t site;
};

/* "own", "std", "plumbing": what the style tells apart. */
static const char *class_of(const struct iq_frame *frame)
{
	if (frame->foreign)
		return "foreign";
	if (iq_function_is_runtime(frame->function) ||
	    iq_function_is_plumbing(frame->function))
		return "plumbing";
	if (iq_package_is_std(iq_function_package(frame->function)))
		return "std";
	return "own";
}

static void put_frame(const struct stack *s, uint32_t i)
{
	const struct iq_frame *frame = s->stack->frames[i];
	struct iq_out *out = s->html->out;

	iq_out_cstr(out, "<li value=\"");
	iq_out_u64(out, i);
	iq_out_cstr(out, "\" class=\"");
	iq_out_cstr(out, class_of(frame));
	iq_out_cstr(out, i == s->site ? " site\"><code>" : "\"><code>");
	if (frame->function.len)
		iq_html_text(out, frame->function);
	else
		iq_out_cstr(out, "unknown");
	iq_out_cstr(out, "</code> ");
	iq_html_place(out, frame, true);
	if (frame->inlined)
		iq_out_cstr(out, " <small>inlined</small>");
	if (i == s->site)
		iq_out_cstr(out, " <strong class=\"here\">here</strong>");
	iq_out_cstr(out, "</li>\n");
}

static void put_elided(const struct stack *s)
{
	struct iq_out *out = s->html->out;

	iq_out_cstr(out, "<li class=\"gap\">");
	if (s->stack->num_elided)
		iq_html_count(out, s->stack->num_elided, "frame");
	else
		iq_out_cstr(out, "frames, nobody knows how many,");
	iq_out_cstr(out, " left out by the witness</li>\n");
}

static void put_cut(const struct stack *s, uint32_t num)
{
	iq_out_cstr(s->html->out, "<li class=\"gap\">");
	iq_html_count(s->html->out, num, "frame");
	iq_out_cstr(s->html->out, " not shown here</li>\n");
}

/* The frame after @i in [begin, end) that is shown. */
static uint32_t next_shown(const struct stack *s, uint32_t i, uint32_t begin,
			   uint32_t end)
{
	uint32_t tail;

	i++;
	if (end - begin <= IQ_HTML_MAX_FRAMES || i - begin < HEAD)
		return i;
	tail = end - TAIL;
	if (i <= s->site && s->site < tail)
		return s->site;
	return i < tail ? tail : i;
}

/* Frames [begin, end), without the middle of very many. */
static void put_frames(const struct stack *s, uint32_t begin, uint32_t end)
{
	uint32_t next;

	for (uint32_t i = begin; i < end; i = next) {
		put_frame(s, i);
		if (s->stack->elided && s->stack->elided_at == i)
			put_elided(s);
		next = next_shown(s, i, begin, end);
		if (next > i + 1)
			put_cut(s, next - i - 1);
	}
}

static void put_folded(const struct stack *s, uint32_t begin, uint32_t end,
		       const char *noun)
{
	struct iq_out *out = s->html->out;

	if (begin == end)
		return;
	iq_out_cstr(out, "<li class=\"fold\"><details><summary>");
	iq_html_count(out, end - begin, noun);
	iq_out_cstr(out, " of the runtime</summary>\n<ol class=\"stack\">\n");
	put_frames(s, begin, end);
	iq_out_cstr(out, "</ol></details></li>\n");
}

static void put_end(const struct stack *s, const struct iq_frame *created_by)
{
	struct iq_out *out = s->html->out;

	if (!s->stack->complete && !s->stack->elided)
		iq_out_cstr(out, "<li class=\"gap\">the stack goes on: its "
				 "witness has no more of it</li>\n");
	if (!created_by)
		return;
	iq_out_cstr(out, "<li class=\"creator\">created by ");
	iq_html_frame(out, created_by);
	iq_out_cstr(out, "</li>\n");
}

static uint32_t find_frame(const struct iq_stack *stack,
			   const struct iq_frame *frame)
{
	for (uint32_t i = 0; frame && i < stack->num_frames; i++) {
		if (stack->frames[i] == frame)
			return i;
	}
	return UINT32_MAX;
}

void iq_html_stack(struct iq_html *html, const struct iq_stack *stack,
		   const struct iq_frame *site,
		   const struct iq_frame *created_by)
{
	struct stack s = { .html = html, .stack = stack };
	struct iq_signature sig;

	if (!stack || !stack->num_frames) {
		iq_out_cstr(html->out, "<p class=\"unknown\">No witness has "
				       "the stack.</p>\n");
		return;
	}
	s.site = find_frame(stack, site);
	iq_signature_compute(stack, &sig);
	iq_out_cstr(html->out, "<ol class=\"stack\">\n");
	put_folded(&s, 0, sig.begin, "inner frame");
	put_frames(&s, sig.begin, sig.end);
	put_folded(&s, sig.end, stack->num_frames, "outer frame");
	put_end(&s, created_by);
	iq_out_cstr(html->out, "</ol>\n");
}

void iq_html_ids(struct iq_html *html, const uint32_t *list, size_t num)
{
	const struct iq_goroutine *all = html->model->goroutines;
	uint64_t shown = 0, left = 0;

	for (size_t i = 0; i < num; i++) {
		const struct iq_goroutine *g = &all[list[i]];

		if (!g->has_id || shown == IQ_HTML_MAX_IDS) {
			left += g->count;
			continue;
		}
		iq_out_cstr(html->out, shown++ ? ", " : "");
		iq_out_u64(html->out, g->id);
	}
	if (!left)
		return;
	iq_out_cstr(html->out, shown ? " and " : "");
	iq_html_number(html->out, left);
	iq_out_cstr(html->out, shown ? " more" : " whose ids no witness knows");
}
