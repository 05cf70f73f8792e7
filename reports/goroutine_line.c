/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/goroutine_line.h"

#include "reports/record.h"
#include "reports/words.h"

struct iq_str iq_line_state(const struct iq_goroutine_fact *fact,
			    enum iq_wait_class class)
{
	const char *status = iq_record_status(fact);

	if (class == IQ_CLASS_RUNNING && status)
		return iq_str_of(status);
	if (class != IQ_CLASS_UNKNOWN_WAIT && class != IQ_CLASS_SYSTEM)
		return iq_str_of(iq_wait_class_words(class));
	if (fact->wait_reason.len)
		return fact->wait_reason;
	return iq_str_of(status ? status : "unknown");
}

const struct iq_frame *iq_line_site(const struct iq_model *model,
				    const struct iq_goroutine *goroutine)
{
	const struct iq_stack *stack = goroutine->fact->stack;
	const struct iq_signature *sig =
		iq_model_signature(model, goroutine->witness, stack);

	if (!stack || !stack->num_frames)
		return NULL;
	return stack->frames[sig->site < stack->num_frames ? sig->site :
							     sig->begin];
}

void iq_line_frames(struct iq_term *term, struct iq_out *out,
		    const struct iq_stack *stack, unsigned num, bool runtime)
{
	struct iq_signature sig = { 0 };
	uint32_t i = 0;

	if (!stack)
		return;
	iq_signature_compute(stack, &sig);
	if (!runtime)
		i = sig.begin;
	for (; i < (runtime ? stack->num_frames : sig.end) && num; i++, num--) {
		iq_out_cstr(out, "        ");
		iq_out_str(out, iq_term_site(term, stack->frames[i],
					     term->width - 8));
		iq_out_char(out, '\n');
	}
}

void iq_line_labels(const struct iq_term *term, struct iq_out *out,
		    const struct iq_labels *labels)
{
	for (size_t i = 0; labels && i < labels->num; i++) {
		iq_out_char(out, ' ');
		iq_term_put(out, labels->items[i].key, term->utf8);
		iq_out_char(out, '=');
		iq_term_put(out, labels->items[i].value, term->utf8);
	}
}

struct iq_str iq_line_none(struct iq_term *term, const struct iq_model *model)
{
	const struct iq_gap *worst = NULL;

	if (model->num_goroutines)
		return IQ_STR("");
	for (size_t w = 0; w < model->num_witnesses; w++) {
		const struct iq_gap *gap =
			iq_facts_worst_gap(model->witnesses[w]);

		if (gap && !model->foreign[w] &&
		    (!worst || iq_gap_rank(gap) < iq_gap_rank(worst)))
			worst = gap;
	}
	if (!worst)
		return IQ_STR("");
	return iq_term_textf(term, "no goroutine could be read: %.*s",
			     IQ_STR_ARG(iq_term_clean(term, worst->text)));
}

/* Goroutines may be lost by it: an executable that is missing only takes their
 * names. */
static bool loses_goroutines(const struct iq_gap *gap)
{
	return gap->costly || gap->code == IQ_GAP_TRUNCATED ||
	       gap->code == IQ_GAP_DAMAGED || gap->code == IQ_GAP_LIMIT;
}

struct iq_str iq_line_incomplete(struct iq_term *term,
				 const struct iq_model *model)
{
	const struct iq_gap *worst = NULL;

	for (size_t w = 0; w < model->num_witnesses; w++) {
		const struct iq_gap *gap =
			iq_facts_worst_gap(model->witnesses[w]);

		if (gap && !model->foreign[w] && loses_goroutines(gap) &&
		    (!worst || iq_gap_rank(gap) < iq_gap_rank(worst)))
			worst = gap;
	}
	if (!worst || !model->num_goroutines)
		return IQ_STR("");
	return iq_term_textf(term, "the list is incomplete: %.*s",
			     IQ_STR_ARG(iq_term_clean(term, worst->text)));
}

void iq_line_heading(struct iq_term *term, const struct iq_model *model,
		     const struct iq_report_options *options)
{
	char total[IQ_WORDS_SIZE], system[IQ_WORDS_SIZE];
	struct iq_str line = iq_line_none(term, model);

	if (!line.len)
		line = iq_term_textf(term, "%s goroutine%s",
				     iq_words_number(total, model->num_total),
				     model->num_total == 1 ? "" : "s");
	if (model->num_system)
		line = iq_term_textf(
			term, "%.*s, %s of them the runtime's own%s",
			IQ_STR_ARG(line),
			iq_words_number(system, model->num_system),
			options->all ? "" : " (not listed; --all does)");
	iq_term_wrap(term, line, 0, 3);
	iq_out_char(term->out, '\n');
	line = iq_line_incomplete(term, model);
	if (!line.len)
		return;
	iq_term_wrap(term, line, 0, 3);
	iq_out_char(term->out, '\n');
}
