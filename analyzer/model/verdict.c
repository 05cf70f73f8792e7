/* SPDX-License-Identifier: Apache-2.0 */
#include "model/verdict.h"

#include "model/profile.h"
#include "model/text.h"

enum iq_verdict_word iq_finding_word(const struct iq_finding *f)
{
	if (f->severity == IQ_SEVERITY_NOTE ||
	    f->confidence == IQ_CONFIDENCE_CONTRADICTED)
		return IQ_VERDICT_NONE;
	if (f->confidence == IQ_CONFIDENCE_SUSPECTED)
		return IQ_VERDICT_SUSPECT;
	switch (f->class) {
	case IQ_CLASS_CRASH:
		return IQ_VERDICT_CRASH;
	case IQ_CLASS_DEADLOCK:
		return IQ_VERDICT_DEADLOCK;
	case IQ_CLASS_LEAK:
		return IQ_VERDICT_LEAK;
	case IQ_CLASS_BLOCKED:
		return IQ_VERDICT_STUCK;
	}
	return IQ_VERDICT_NONE;
}

/* Goroutines of the program whose stacks no witness could show. */
static uint64_t count_without_stack(const struct iq_model *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine_fact *fact = m->goroutines[i].fact;

		if (!fact->system && fact->status != IQ_GSTATUS_RUNNING &&
		    (!fact->stack || !fact->stack->num_frames))
			n += m->goroutines[i].count;
	}
	return n;
}

static const char *ending(const struct iq_model *m)
{
	switch (m->process.end) {
	case IQ_END_OPERATOR:
		return ", dumped by a signal from outside";
	case IQ_END_NONE:
		return ", still running when it was taken";
	case IQ_END_UNKNOWN:
		// Of a witness that could have told.
		return m->tells & IQ_TELLS_END ?
			       "; how the process ended is not known" :
			       "";
	default:
		return "";
	}
}

/* Findings that a later witness has refuted: they are shown, and say nothing. */
static const char *withdrawn(const struct iq_model *m)
{
	size_t num = 0;

	for (size_t i = 0; i < m->num_findings; i++)
		num += m->findings[i].severity != IQ_SEVERITY_NOTE &&
		       m->findings[i].confidence == IQ_CONFIDENCE_CONTRADICTED;
	return !num	? "" :
	       num == 1 ? "; one finding is withdrawn" :
			  "; findings are withdrawn";
}

static struct iq_error *clean_text(struct iq_model *m)
{
	return iq_textf(
		&m->arena, &m->verdict.text,
		"nothing wrong seen among %llu goroutines%s%s%s%s",
		(unsigned long long)m->num_total, ending(m), withdrawn(m),
		m->tells & IQ_TELLS_HEAP ? "" :
					   "; no heap: who could wake whom was "
					   "not looked at",
		m->num_not_run ? "; not all rules could run" : "");
}

/* What the worst finding says, and how many stand behind it. */
static struct iq_error *
worst_text(struct iq_model *m, const struct iq_finding *worst, size_t num_more)
{
	const char *title = worst->title.ptr;
	int len = (int)worst->title.len;

	if (!num_more)
		return iq_textf(&m->arena, &m->verdict.text, "%.*s", len,
				title);
	return iq_textf(&m->arena, &m->verdict.text, "%.*s; %zu more", len,
			title, num_more);
}

/* A leak profile without samples is the runtime's answer, and no gap. */
static bool found_no_leak(const struct iq_model *m)
{
	bool found = false;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_facts *facts = m->witnesses[w];

		if (m->foreign[w] ||
		    facts->witness.kind == IQ_WITNESS_EXECUTABLE)
			continue;
		if (!facts->profile || !facts->witness.complete ||
		    facts->profile->type != IQ_PROFILE_GOROUTINELEAK)
			return false;
		found = true;
	}
	return found;
}

/* Those that wait are not among the goroutines that are known. */
static bool knows_only_running(const struct iq_model *m)
{
	bool lost = false;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_facts *facts = m->witnesses[w];

		if (m->foreign[w] || !facts->goroutines.len)
			continue;
		if (!facts->only_running)
			return false;
		lost = true;
	}
	return lost;
}

struct iq_error *iq_verdict_make(struct iq_model *model)
{
	bool earned[IQ_VERDICT_NONE] = { false };
	const struct iq_finding *worst = NULL;
	enum iq_verdict_word word = IQ_VERDICT_NONE;
	struct iq_verdict *v = &model->verdict;
	uint64_t blind;
	size_t num = 0;

	for (size_t i = 0; i < model->num_findings; i++) {
		enum iq_verdict_word w = iq_finding_word(&model->findings[i]);

		if (w == IQ_VERDICT_NONE)
			continue;
		earned[w] = true;
		num++;
		if (!worst || w < word) {
			worst = &model->findings[i];
			word = w;
		}
	}
	v->word = word;
	for (size_t w = word + 1; w < IQ_VERDICT_NONE && worst; w++) {
		if (earned[w])
			v->also[v->num_also++] = (enum iq_verdict_word)w;
	}
	if (worst)
		return worst_text(model, worst, num - 1);
	if (!model->num_goroutines && found_no_leak(model)) {
		v->word = IQ_VERDICT_CLEAN;
		v->text = IQ_STR("the runtime found no leaked goroutine; "
				 "nothing else was looked at");
		return NULL;
	}
	if (!model->num_goroutines) {
		v->text = IQ_STR("no goroutine could be read from any witness");
		return NULL;
	}
	if (knows_only_running(model)) {
		v->text = IQ_STR("the list of goroutines is lost: only some "
				 "that threads ran could be read");
		return NULL;
	}
	blind = count_without_stack(model);
	if (blind * 2 > model->num_total - model->num_system)
		return iq_textf(&model->arena, &v->text,
				"the stacks of %llu of %llu goroutines could "
				"not be read",
				(unsigned long long)blind,
				(unsigned long long)model->num_total);
	v->word = IQ_VERDICT_CLEAN;
	return clean_text(model);
}
