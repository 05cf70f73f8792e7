/* SPDX-License-Identifier: Apache-2.0 */
#include "model/confidence.h"

#include <assert.h>

#include "base/attr.h"

static const struct iq_confidence_rule rules[] = {
	{ .needs = IQ_SURE_REFUTED,
	  .gives = IQ_CONFIDENCE_CONTRADICTED,
	  .words = "a later witness saw its goroutines go on" },
	{ .needs = IQ_SURE_WEAKENED,
	  .gives = IQ_CONFIDENCE_SUSPECTED,
	  .words = "a later witness has fewer of its goroutines, and which "
		   "of them went on is not known" },
	{ .needs = IQ_SURE_PROOF,
	  .lacks = IQ_SURE_ASSUMED,
	  .gives = IQ_CONFIDENCE_PROVEN,
	  .words = "memory or the runtime itself shows it, and no layout was "
		   "assumed to read it" },
	{ .needs = IQ_SURE_TWO_KINDS,
	  .gives = IQ_CONFIDENCE_CORROBORATED,
	  .words = "two kinds of witness of the same process agree" },
	{ .gives = IQ_CONFIDENCE_SUSPECTED,
	  .words = "nobody but the witness it was found in says so" },
};

const struct iq_confidence_rule *iq_confidence_rules(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(rules);
	return rules;
}

const struct iq_confidence_rule *iq_confidence_judge(unsigned sure)
{
	size_t i = 0;

	while ((sure & rules[i].needs) != rules[i].needs ||
	       (sure & rules[i].lacks))
		i++;
	assert(i < IQ_ARRAY_SIZE(rules));
	return &rules[i];
}

bool iq_confidence_is_layout_assumed(const struct iq_facts *facts)
{
	for (size_t i = 0; i < facts->gaps.len; i++) {
		if (facts->gaps.data[i].code == IQ_GAP_LAYOUT)
			return true;
	}
	return false;
}

unsigned iq_confidence_weigh(const struct iq_model *model,
			     const struct iq_finding *finding,
			     const struct iq_evidence *evidence, size_t num,
			     unsigned *agreeing_ret)
{
	unsigned sure = 0, kinds = 0, assumed = 0;

	*agreeing_ret = 0;
	for (size_t i = 0; i < num; i++) {
		const struct iq_evidence *e = &evidence[i];
		const struct iq_facts *facts = model->witnesses[e->witness];
		unsigned kind = 1u << facts->witness.kind;

		if (e->stance == IQ_STANCE_CONTRADICTS)
			sure |= e->refutes ? IQ_SURE_REFUTED : IQ_SURE_WEAKENED;
		if (e->weight == IQ_WEIGHT_NONE)
			continue;
		*agreeing_ret += !(kinds & kind);
		kinds |= kind;
		if (e->weight != IQ_WEIGHT_PROOF)
			continue;
		if (finding->num_goroutines &&
		    iq_confidence_is_layout_assumed(facts))
			assumed = IQ_SURE_ASSUMED;
		else
			sure |= IQ_SURE_PROOF;
	}
	// One proof that stands is enough.
	if (!(sure & IQ_SURE_PROOF) && assumed)
		sure |= IQ_SURE_PROOF | IQ_SURE_ASSUMED;
	if (*agreeing_ret > 1)
		sure |= IQ_SURE_TWO_KINDS;
	return sure;
}
