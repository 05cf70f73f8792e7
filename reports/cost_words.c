/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/cost_words.h"

#include <string.h>

#include "reports/words.h"

/* An object says something if it keeps this part of what is kept, or more. */
#define TELLING_PART 4

static void put_bytes(struct iq_out *out, uint64_t bytes)
{
	char buf[IQ_WORDS_SIZE];

	iq_out_cstr(out, iq_words_bytes(buf, bytes));
}

static void put_count(struct iq_out *out, uint64_t num, const char *one,
		      const char *many)
{
	char buf[IQ_WORDS_SIZE];

	iq_out_cstr(out, iq_words_number(buf, num));
	iq_out_char(out, ' ');
	iq_out_cstr(out, num == 1 ? one : many);
}

/* "1.2 MiB in 3,400 objects, 80.0 KiB of it stacks" */
static void put_sum(struct iq_out *out, uint64_t bytes, uint64_t objects,
		    uint64_t stack_bytes, bool several)
{
	put_bytes(out, bytes);
	if (!objects) {
		iq_out_cstr(out, several ? ": their stacks" : ": its stack");
		return;
	}
	iq_out_cstr(out, " in ");
	put_count(out, objects, "object", "objects");
	if (!stack_bytes)
		return;
	iq_out_cstr(out, ", ");
	put_bytes(out, stack_bytes);
	iq_out_cstr(out, several ? " of it stacks" : " of it its stack");
}

/* What each of several keeps alone. */
static void put_each(struct iq_out *out, const struct iq_finding *f)
{
	const struct iq_retained *kept = &f->retained;

	if (f->num_goroutines < 2)
		return;
	iq_out_cstr(out, "; each alone ");
	put_bytes(out, kept->each_min);
	if (kept->each_min == kept->each_max)
		return;
	iq_out_cstr(out, " to ");
	put_bytes(out, kept->each_max);
}

/* The object through which much of it hangs together. */
static void put_retainer(struct iq_out *out, const struct iq_retained *kept)
{
	const struct iq_retainer *r = kept->retainers;

	if (!kept->num_retainers || kept->objects < 2 ||
	    r->bytes < kept->bytes / TELLING_PART)
		return;
	iq_out_cstr(out, "; ");
	put_bytes(out, r->bytes);
	iq_out_cstr(out,
		    r->objects > 1 ? " of it through one " : " of it is one ");
	if (r->type.len) {
		iq_out_str(out, r->type);
		return;
	}
	iq_out_cstr(out, "object at ");
	iq_out_hex(out, r->address);
}

void iq_cost_keeps(struct iq_out *out, const struct iq_finding *f)
{
	const struct iq_retained *kept = &f->retained;

	if (!f->has_retained)
		return;
	put_sum(out, kept->bytes, kept->objects, kept->stack_bytes,
		f->num_goroutines > 1);
	if (kept->objects)
		put_each(out, f);
	put_retainer(out, kept);
}

void iq_cost_total(struct iq_out *out, const struct iq_model *model)
{
	const struct iq_retained_total *total = &model->retained;
	size_t num = 0;

	for (size_t i = 0; i < model->num_findings; i++)
		num += model->findings[i].has_retained;
	if (total->lacks.len) {
		iq_out_cstr(out, "what leaked goroutines keep is not known: ");
		iq_out_str(out, total->lacks);
		return;
	}
	if (!total->known || num < 2)
		return;
	put_count(out, total->goroutines, "leaked goroutine keeps",
		  "leaked goroutines keep");
	iq_out_char(out, ' ');
	put_sum(out, total->bytes, total->objects, total->stack_bytes,
		total->goroutines > 1);
	if (!total->shared_objects)
		return;
	iq_out_cstr(out, "; ");
	put_bytes(out, total->shared_bytes);
	iq_out_cstr(out, " of it is kept by several findings at once");
}

void iq_cost_why(struct iq_out *out, const struct iq_finding *f)
{
	if (!f->cause.class)
		return;
	iq_out_cstr(out, f->cause.class->summary);
	if (!f->cause.shown_by.len)
		return;
	iq_out_cstr(out, "; ");
	iq_out_str(out, f->cause.shown_by);
}

struct iq_str iq_cost_fix(const struct iq_finding *f)
{
	// That rule knows no more than the kind of wait; others, and people's
	// own, know what they advise.
	bool generic = !strcmp(f->rule, "leaked-goroutine") || !f->advice.len;

	return f->cause.class && generic ? iq_str_of(f->cause.class->fix) :
					   f->advice;
}
