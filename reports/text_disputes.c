/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the verdict: witnesses that do not go together, before anybody reads on
 * as if they did.
 */
#include "reports/text.h"

#include <inttypes.h>

#include "reports/words.h"

/* Lines, unless all are asked for. */
#define MAX_DISPUTES 4

struct disputes {
	struct iq_text *text;
	size_t shown, left;
};

static void put_dispute(struct disputes *d, struct iq_str clean)
{
	struct iq_term *term = d->text->term;
	bool all = d->text->options->all;

	if (!all && d->shown == MAX_DISPUTES) {
		d->left++;
		return;
	}
	d->shown++;
	iq_term_style(term, IQ_STYLE_BAD);
	iq_out_cstr(term->out, "!  ");
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_term_wrap_lines(term, clean, 3, 3, all ? 0 : 2);
	iq_out_char(term->out, '\n');
}

static struct iq_str clean_name(struct iq_text *text, size_t witness)
{
	return iq_term_clean(
		text->term,
		iq_str_basename(text->model->witnesses[witness]->witness.path));
}

/* "goroutine.pb.gz is not used: it is of another build (build ids differ)",
 * "core.7 was taken before the trace began …" */
static void put_mismatches(struct disputes *d, enum iq_gap_code code)
{
	const struct iq_model *m = d->text->model;

	for (size_t i = 0; i < m->num_gaps; i++) {
		if (m->gaps[i].code == code)
			put_dispute(d, iq_term_clean(d->text->term,
						     m->gaps[i].text));
	}
}

/* "trace.out contradicts finding 3: it had gone on, 1.2s after the core" */
static void put_against(struct disputes *d, const struct iq_finding *f)
{
	struct iq_term *term = d->text->term;

	for (size_t i = 0; i < f->num_evidence; i++) {
		const struct iq_evidence *e = &f->evidence[i];

		if (e->stance != IQ_STANCE_CONTRADICTS)
			continue;
		put_dispute(
			d, iq_term_textf(
				   term,
				   "%.*s contradicts finding %" PRIu32 ": %.*s",
				   IQ_STR_ARG(clean_name(d->text, e->witness)),
				   f->id,
				   IQ_STR_ARG(iq_term_clean(term, e->text))));
	}
}

void iq_text_disputes(struct iq_text *text)
{
	struct disputes d = { .text = text };
	char number[IQ_WORDS_SIZE];

	put_mismatches(&d, IQ_GAP_MISMATCH);
	put_mismatches(&d, IQ_GAP_ORDER);
	for (size_t i = 0; i < text->model->num_findings; i++) {
		const struct iq_finding *f = &text->model->findings[i];

		// Notes are not shown, unless all are asked for.
		if (f->severity != IQ_SEVERITY_NOTE || text->options->all)
			put_against(&d, f);
	}
	if (d.left)
		iq_out_printf(text->term->out,
			      "!  and %s more contradictions (--all lists "
			      "them)\n",
			      iq_words_number(number, d.left));
}
