/* SPDX-License-Identifier: Apache-2.0 */
/* What a finding's goroutines keep in memory, in full. */
#include "reports/cost_text.h"

#include <inttypes.h>

#include "reports/cost_words.h"
#include "reports/words.h"

/* Columns of sizes. */
#define BYTES_WIDTH 10
/* An object stands out if it keeps this part of what is on the heap. */
#define NAMED_PART 16
/* And so many bytes. */
#define NAMED_LEAST 1024

static void put_bytes(struct iq_term *term, uint64_t bytes)
{
	char buf[IQ_WORDS_SIZE];

	iq_term_spaces(term, 3);
	iq_term_right(term, iq_str_of(iq_words_bytes(buf, bytes)), BYTES_WIDTH);
	iq_term_spaces(term, 2);
}

static void put_rest(struct iq_term *term, struct iq_str clean)
{
	const unsigned column = 3 + BYTES_WIDTH + 2;

	iq_term_wrap(term, clean, column, column);
	iq_out_char(term->out, '\n');
}

/* " and 4 objects more" that @num objects of @all lead to. */
static struct iq_str more_words(struct iq_term *term, uint64_t num,
				uint64_t all)
{
	char buf[IQ_WORDS_SIZE];

	if (all <= num)
		return IQ_STR("");
	return iq_term_textf(term, " and %s object%s more",
			     iq_words_number(buf, all - num),
			     all - num == 1 ? "" : "s");
}

static struct iq_str goroutine_name(struct iq_term *term,
				    const struct iq_model *model,
				    uint32_t goroutine)
{
	return goroutine == UINT32_MAX ?
		       IQ_STR("of several") :
		       iq_term_textf(term, "of goroutine %" PRIu64,
				     model->goroutines[goroutine].id);
}

static void put_retainer(struct iq_term *term, const struct iq_model *model,
			 const struct iq_retainer *r)
{
	struct iq_str of = goroutine_name(term, model, r->goroutine);
	struct iq_str type = iq_term_clean(term, r->type);

	put_bytes(term, r->bytes);
	put_rest(term,
		 iq_term_textf(term, "%.*s%s0x%" PRIx64 " %.*s%.*s",
			       IQ_STR_ARG(type), type.len ? " " : "",
			       r->address, IQ_STR_ARG(of),
			       IQ_STR_ARG(more_words(term, 1, r->objects))));
}

static void put_goroutine(struct iq_term *term, const struct iq_model *model,
			  const struct iq_retained_goroutine *g)
{
	char number[IQ_WORDS_SIZE], stack[IQ_WORDS_SIZE];

	put_bytes(term, g->heap_bytes + g->stack_bytes);
	put_rest(term, iq_term_textf(term,
				     "goroutine %" PRIu64
				     ": %s object%s, %s of stack",
				     model->goroutines[g->goroutine].id,
				     iq_words_number(number, g->objects),
				     g->objects == 1 ? "" : "s",
				     iq_words_bytes(stack, g->stack_bytes)));
}

static void put_heading(struct iq_term *term, const char *words)
{
	iq_out_char(term->out, '\n');
	iq_term_style(term, IQ_STYLE_BOLD);
	iq_out_cstr(term->out, words);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static void put_kind(struct iq_term *term, const struct iq_retained_kind *kind)
{
	struct iq_str clean;
	struct iq_out words;

	iq_out_init_memory(&words);
	iq_cost_kind(&words, kind);
	term->failed |= words.err != 0;
	put_bytes(term, kind->bytes);
	clean = iq_term_clean(term, (struct iq_str){ words.buf, words.len });
	put_rest(term, iq_term_textf(term, "%.*s%.*s", IQ_STR_ARG(clean),
				     IQ_STR_ARG(more_words(term, kind->num,
							   kind->objects))));
	iq_out_deinit(&words);
}

/* Single ones, as far as they stand out. */
static void put_retainers(struct iq_term *term, const struct iq_model *model,
			  const struct iq_retained *kept)
{
	uint64_t least = kept->heap_bytes / NAMED_PART;

	if (least < NAMED_LEAST)
		least = NAMED_LEAST;
	if (!kept->num_retainers || kept->retainers[0].bytes < least)
		return;
	put_heading(term, "single objects that keep most");
	for (size_t i = 0; i < kept->num_retainers; i++) {
		if (kept->retainers[i].bytes >= least)
			put_retainer(term, model, &kept->retainers[i]);
	}
}

/* Of few each has a line; of many, those that keep more than others. */
static void put_goroutines(struct iq_term *term, const struct iq_model *model,
			   const struct iq_finding *f)
{
	const struct iq_retained *kept = &f->retained;
	bool cut = kept->num_goroutines < f->num_goroutines;

	if (f->num_goroutines < 2 || !kept->goroutines[0].objects ||
	    (cut && kept->each_max < 2 * kept->each_min))
		return;
	put_heading(term, cut ? "what those keep alone that keep most" :
				"what each of them keeps alone");
	for (size_t i = 0; i < kept->num_goroutines; i++)
		put_goroutine(term, model, &kept->goroutines[i]);
}

void iq_cost_put(struct iq_term *term, const struct iq_model *model,
		 const struct iq_finding *f)
{
	const struct iq_retained *kept = &f->retained;

	if (!f->has_retained || !kept->objects)
		return;
	put_heading(term, f->num_goroutines > 1 ?
				  "what they keep, by what leads to it" :
				  "what it keeps, by what leads to it");
	for (size_t i = 0; i < kept->num_kinds; i++)
		put_kind(term, &kept->kinds[i]);
	put_retainers(term, model, kept);
	put_goroutines(term, model, f);
}
