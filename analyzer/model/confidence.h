/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How sure a finding is: rules, one a row, and no judgement anywhere else. The
 * first row whose conditions hold gives the confidence; docs/evidence.md quotes
 * the table word for word.
 */
#ifndef IQ_MODEL_CONFIDENCE_H
#define IQ_MODEL_CONFIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/finding.h"
#include "model/model.h"

/* What the evidence of a finding comes to. */
enum {
	/* A witness proves it. */
	IQ_SURE_PROOF = 1 << 0,
	/* Witnesses of two kinds agree, each with a fact of its own. */
	IQ_SURE_TWO_KINDS = 1 << 1,
	/* The runtime's layout was assumed where the finding was made. */
	IQ_SURE_ASSUMED = 1 << 2,
	/* A later witness is against all of it … */
	IQ_SURE_REFUTED = 1 << 3,
	/* … or against some of its goroutines, and cannot say which. */
	IQ_SURE_WEAKENED = 1 << 4,
	/* Its ground is from memory or the runtime, or a witness shows that
	 * they stay: no moving crowd looks like it. */
	IQ_SURE_BORNE_OUT = 1 << 5,
	/* Who is said to hold a lock only mentions it. */
	IQ_SURE_MERE = 1 << 6,
};

/* A wait of this length is no passing one, and two moments so far apart are not
 * one. */
#define IQ_SURE_WAIT_NS 1000000000
/* So long at least, and for half of its window, they were parked in a trace. */
#define IQ_SURE_PARKED_NS 250000000

struct iq_confidence_rule {
	/* IQ_SURE_* that must hold, and that must not. */
	unsigned needs;
	unsigned lacks;
	enum iq_confidence gives;
	const char *words; /* static */
};

/* All rules, in their order; the last one needs nothing. */
const struct iq_confidence_rule *iq_confidence_rules(size_t *num_ret);
/* The first that holds for @sure. */
const struct iq_confidence_rule *iq_confidence_judge(unsigned sure);

/*
 * The runtime's fields were read where another version has them: what they say
 * may be right, and proves nothing.
 */
bool iq_confidence_is_layout_assumed(const struct iq_facts *facts);

/*
 * IQ_SURE_* of @finding and its @num pieces of @evidence; *@agreeing_ret: how
 * many kinds of witness agree.
 */
unsigned iq_confidence_weigh(const struct iq_model *model,
			     const struct iq_finding *finding,
			     const struct iq_evidence *evidence, size_t num,
			     unsigned *agreeing_ret);

#endif
