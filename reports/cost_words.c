/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/cost_words.h"

#include <string.h>

#include "reports/words.h"

/* Objects of a type say something if they keep this part of what is kept, or more. */
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
	char min[IQ_WORDS_SIZE], max[IQ_WORDS_SIZE];

	if (f->num_goroutines < 2)
		return;
	iq_words_bytes(min, kept->each_min);
	iq_words_bytes(max, kept->each_max);
	iq_out_cstr(out, "; each alone ");
	iq_out_cstr(out, min);
	if (!strcmp(min, max))
		return;
	iq_out_cstr(out, " to ");
	iq_out_cstr(out, max);
}

void iq_cost_kind(struct iq_out *out, const struct iq_retained_kind *kind)
{
	char buf[IQ_WORDS_SIZE];

	iq_out_cstr(out,
		    kind->num == 1 ? "one" : iq_words_number(buf, kind->num));
	iq_out_char(out, ' ');
	if (kind->type.len) {
		iq_out_str(out, kind->type);
		return;
	}
	iq_out_cstr(out, kind->num == 1 ? "object of " : "objects of ");
	put_bytes(out, kind->size);
	iq_out_cstr(out, " whose type is not known");
}

/* What much of it is, or hangs on. */
static void put_kind(struct iq_out *out, const struct iq_retained *kept)
{
	const struct iq_retained_kind *kind = kept->kinds;

	if (!kept->num_kinds || kept->objects < 2 ||
	    kind->bytes < kept->bytes / TELLING_PART)
		return;
	iq_out_cstr(out, "; ");
	put_bytes(out, kind->bytes);
	iq_out_cstr(out, kind->objects > kind->num ? " of it through " :
			 kind->num == 1		   ? " of it is " :
						     " of it are ");
	iq_cost_kind(out, kind);
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
	put_kind(out, kept);
}

/* The finding that much of it is of; NULL: none stands out. */
static const struct iq_finding *largest_part(const struct iq_model *model)
{
	const struct iq_finding *ret = NULL;

	for (size_t i = 0; i < model->num_findings; i++) {
		const struct iq_finding *f = &model->findings[i];

		if (f->has_retained &&
		    (!ret || f->retained.bytes > ret->retained.bytes))
			ret = f;
	}
	return ret && ret->retained.bytes >=
				       model->retained.bytes / TELLING_PART ?
		       ret :
		       NULL;
}

void iq_cost_total(struct iq_out *out, const struct iq_model *model)
{
	const struct iq_retained_total *total = &model->retained;
	const struct iq_finding *most = largest_part(model);
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
	if (most) {
		iq_out_cstr(out, "; ");
		put_bytes(out, most->retained.bytes);
		iq_out_cstr(out, " of it is kept by finding ");
		iq_out_u64(out, most->id);
	}
	if (!total->shared_objects)
		return;
	iq_out_cstr(out, "; ");
	put_bytes(out, total->shared_bytes);
	iq_out_cstr(out, most ? " by several findings at once" :
				" of it is kept by several findings at once");
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
