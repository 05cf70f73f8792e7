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
	{ .needs = IQ_SURE_MERE,
	  .gives = IQ_CONFIDENCE_SUSPECTED,
	  .words = "who mentions a lock need not hold it, and the same waits "
		   "do not show who does" },
	{ .needs = IQ_SURE_TWO_KINDS | IQ_SURE_BORNE_OUT,
	  .gives = IQ_CONFIDENCE_CORROBORATED,
	  .words = "two kinds of witness of the same process agree, and memory "
		   "or a long wait bears them out" },
	{ .needs = IQ_SURE_TWO_KINDS,
	  .gives = IQ_CONFIDENCE_SUSPECTED,
	  .words = "witnesses agree in stacks and numbers alone, which those "
		   "who come and go share" },
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

/* Nothing that can run reaches what they wait for, by memory or by the runtime's
 * mark; or locks in memory show that nobody can let them go on. */
static bool is_ground_memory(const struct iq_model *m,
			     const struct iq_finding *f)
{
	if (f->class == IQ_CLASS_DEADLOCK)
		return true;
	for (size_t i = 0; i < f->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[f->goroutines[i]];

		if (g->reach != IQ_REACH_UNREACHABLE && !g->fact->leaked)
			return false;
	}
	return f->num_goroutines > 0;
}

/* Equal numbers at two moments are no agreement about a crowd that moves. */
static bool is_borne_out(const struct iq_model *m, const struct iq_finding *f,
			 const struct iq_evidence *evidence, size_t num)
{
	// How a process ended does not come and go.
	// Nor does a ground over time rest on two equal numbers.
	if (f->class == IQ_CLASS_CRASH || !f->num_goroutines || f->over_time ||
	    is_ground_memory(m, f) ||
	    (f->has_wait_min && f->wait_min_ns >= IQ_SURE_WAIT_NS))
		return true;
	for (size_t i = 0; i < num; i++) {
		if (evidence[i].bears && evidence[i].weight != IQ_WEIGHT_NONE)
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
	if (finding->mere)
		sure |= IQ_SURE_MERE;
	if (is_borne_out(model, finding, evidence, num))
		sure |= IQ_SURE_BORNE_OUT;
	return sure;
}
