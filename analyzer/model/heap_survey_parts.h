/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of surveying one heap: model/heap_survey.h. */
#ifndef IQ_MODEL_HEAP_SURVEY_PARTS_H
#define IQ_MODEL_HEAP_SURVEY_PARTS_H

#include "base/attr.h"
#include "base/out.h"
#include "model/heap_survey.h"
#include "model/heap_types.h"
#include "model/liveness.h"
#include "model/model.h"

struct iq_surveying {
	struct iq_model *model;
	const struct iq_heap_query *query;
	const struct iq_facts *facts;
	const struct iq_proof *proof;
	struct iq_heap_types *types; /* NULL: none are known */
	/* Bit i: only goroutines that stay blocked reach slot i; only others
	 * that nothing serves do, which are not condemned (main). NULL: none. */
	uint64_t *leaked;
	uint64_t *held;
	/* By index into facts->goroutines: into model->goroutines, or
	 * UINT32_MAX. */
	uint32_t *goroutines;
	struct iq_heap_survey *survey;
};

static inline bool iq_surveying_bit(const uint64_t *bits, uint32_t slot)
{
	return bits && (bits[slot / 64] >> slot % 64 & 1);
}

/* Of an allocated slot. */
static inline enum iq_heap_state
iq_surveying_state(const struct iq_surveying *s, uint32_t slot)
{
	if (iq_mark_is_marked(s->proof->mark, slot) ||
	    iq_surveying_bit(s->held, slot))
		return IQ_HEAP_LIVE;
	return iq_surveying_bit(s->leaked, slot) ? IQ_HEAP_LEAKED :
						   IQ_HEAP_GARBAGE;
}

static inline uint32_t iq_surveying_type(const struct iq_surveying *s,
					 uint32_t slot)
{
	uint32_t type = s->types ? s->types->of[slot] : 0;

	return s->types && type < s->types->num_types ? type : 0;
}

/* The name of @type in the model's arena; empty for 0. */
struct iq_error *iq_surveying_name(const struct iq_surveying *s, uint32_t type,
				   struct iq_str *ret) iq_must_check;
/* What @out has, which is memory, in the model's arena. */
struct iq_error *iq_surveying_keep(const struct iq_surveying *s,
				   struct iq_out *out, struct iq_str *ret)
	iq_must_check;
/* Whether the model's goroutine is proven to stay blocked. */
bool iq_surveying_is_leaked(const struct iq_surveying *s, uint32_t goroutine);

/* Sums, types and the biggest objects. */
struct iq_error *iq_surveying_count(struct iq_surveying *s) iq_must_check;
struct iq_error *iq_surveying_why(struct iq_surveying *s) iq_must_check;
struct iq_error *iq_surveying_who(struct iq_surveying *s) iq_must_check;

#endif
