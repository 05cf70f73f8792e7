/* SPDX-License-Identifier: Apache-2.0 */
#include "model/evidence.h"

#include "model/text.h"

const char *iq_witness_kind_name(enum iq_witness_kind kind)
{
	switch (kind) {
	case IQ_WITNESS_CORE:
		return "core";
	case IQ_WITNESS_PROFILE:
		return "profile";
	case IQ_WITNESS_TRACE:
		return "trace";
	case IQ_WITNESS_DUMP:
		return "dump";
	case IQ_WITNESS_EXECUTABLE:
		return "executable";
	}
	return "unknown";
}

/* How the goroutines of a finding stand in one witness. */
struct agreement {
	uint64_t same;	/* there, in the same wait at the same place */
	uint64_t moved; /* there, elsewhere */
	uint64_t absent;
};

static bool same_place(const struct iq_model *m, const struct iq_finding *f,
		       size_t w, const struct iq_goroutine_fact *fact)
{
	const struct iq_signature *sig = iq_model_signature(m, w, fact->stack);
	const struct iq_frame *site;

	if (!sig || sig->site == UINT32_MAX || !f->site)
		return !f->site;
	site = fact->stack->frames[sig->site];
	return site->line == f->site->line &&
	       iq_str_equal(site->function, f->site->function);
}

static struct agreement compare(const struct iq_model *m,
				const struct iq_finding *f, size_t w)
{
	struct agreement a = { 0 };

	for (size_t i = 0; i < f->num_goroutines; i++) {
		uint32_t index = f->goroutines[i];
		const struct iq_goroutine_fact *fact =
			iq_model_fact(m, index, w);

		if (!fact)
			a.absent++;
		else if (iq_wait_class_of(fact) == m->goroutines[index].class &&
			 (same_place(m, f, w, fact) || f->num_goroutines > 1))
			a.same++;
		else
			a.moved++;
	}
	return a;
}

static bool is_main_witness(const struct iq_model *m,
			    const struct iq_finding *f, size_t w)
{
	return f->num_goroutines &&
	       m->goroutines[f->goroutines[0]].witness == w;
}

/* "40 goroutines in chan send at …; ground", "all 40 by id …". */
static struct iq_error *supports_text(const struct iq_model *m,
				      struct iq_arena *arena,
				      const struct iq_finding *f, size_t w,
				      struct agreement a, struct iq_str *ret)
{
	const char *state =
		f->wait_reason.len ?
			f->wait_reason.ptr :
			iq_gstatus_name(
				m->goroutines[f->goroutines[0]].fact->status);
	int state_len = f->wait_reason.len ? (int)f->wait_reason.len :
					     (int)strlen(state);

	if (is_main_witness(m, f, w)) {
		if (f->ground.len)
			return iq_textf(arena, ret, "%.*s: %.*s", state_len,
					state, IQ_STR_ARG(f->ground));
		return iq_textf(arena, ret, "%.*s", state_len, state);
	}
	if (a.absent || a.moved)
		return iq_textf(
			arena, ret,
			"%llu of %zu there by id, in %.*s at the same place",
			(unsigned long long)a.same, f->num_goroutines,
			state_len, state);
	return iq_textf(arena, ret, "%s by id, in %.*s at the same place",
			f->num_goroutines == 1 ? "the same one" :
						 "the same ones",
			state_len, state);
}

/* Both have a time, and the witness's is after the one that made the case. */
static bool is_later(const struct iq_model *m, const struct iq_finding *f,
		     size_t w)
{
	const struct iq_process_fact *a =
		&m->witnesses[m->goroutines[f->goroutines[0]].witness]->process;
	const struct iq_process_fact *b = &m->witnesses[w]->process;

	return a->has_time && b->has_time && b->time_ns > a->time_ns;
}

static struct iq_error *examine_goroutines(const struct iq_model *m,
					   struct iq_arena *arena,
					   const struct iq_finding *f, size_t w,
					   struct iq_evidence *e)
{
	struct agreement a = compare(m, f, w);

	if (a.same && a.same >= a.moved) {
		e->stance = IQ_STANCE_SUPPORTS;
		return supports_text(m, arena, f, w, a, &e->text);
	}
	if (a.moved) {
		e->stance = is_later(m, f, w) ? IQ_STANCE_CONTRADICTS :
						IQ_STANCE_SILENT;
		return iq_textf(arena, &e->text,
				"%llu of %zu stand elsewhere in it: it shows "
				"another moment",
				(unsigned long long)a.moved, f->num_goroutines);
	}
	e->text = IQ_STR("does not have these goroutines");
	return NULL;
}

/* A finding about the process as a whole: what the witness says of its end. */
static struct iq_error *examine_end(const struct iq_model *m,
				    struct iq_arena *arena, size_t w,
				    struct iq_evidence *e)
{
	const struct iq_process_fact *p = &m->witnesses[w]->process;

	if (p->end == m->process.end) {
		e->stance = IQ_STANCE_SUPPORTS;
		// "SIGABRT: abort" names it already.
		if (p->signal.len && iq_str_starts(p->end_text, p->signal)) {
			e->text = p->end_text;
			return NULL;
		}
		return iq_textf(arena, &e->text, "%.*s%s%.*s",
				IQ_STR_ARG(p->signal),
				p->signal.len && p->end_text.len ? ": " : "",
				IQ_STR_ARG(p->end_text));
	}
	e->text = p->end == IQ_END_NONE ?
			  IQ_STR("was taken while the process ran") :
			  IQ_STR("does not say how the process ended");
	return NULL;
}

static struct iq_error *examine(const struct iq_model *m,
				struct iq_arena *arena,
				const struct iq_finding *f, size_t w,
				struct iq_evidence *e)
{
	const struct iq_witness_fact *witness = &m->witnesses[w]->witness;

	e->witness = (uint32_t)w;
	e->stance = IQ_STANCE_SILENT;
	if (m->foreign[w]) {
		e->text = IQ_STR("saw another process");
		return NULL;
	}
	if (witness->kind == IQ_WITNESS_EXECUTABLE) {
		e->text = IQ_STR("names functions and lines");
		return NULL;
	}
	if (f->class == IQ_CLASS_CRASH || !f->num_goroutines)
		return examine_end(m, arena, w, e);
	return examine_goroutines(m, arena, f, w, e);
}

/* The runtime's fields were read where another version has them: what they say
 * may be right, and proves nothing. */
static bool is_layout_assumed(const struct iq_model *m,
			      const struct iq_finding *f)
{
	const struct iq_facts *facts;

	if (!f->num_goroutines)
		return false;
	facts = m->witnesses[m->goroutines[f->goroutines[0]].witness];
	for (size_t i = 0; i < facts->gaps.len; i++) {
		if (facts->gaps.data[i].code == IQ_GAP_LAYOUT)
			return true;
	}
	return false;
}

static void judge(const struct iq_model *m, const struct iq_evidence *list,
		  struct iq_finding *f)
{
	unsigned kinds = 0;
	bool contradicted = false;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (list[w].stance == IQ_STANCE_SUPPORTS)
			kinds |= 1u << m->witnesses[w]->witness.kind;
		if (list[w].stance == IQ_STANCE_CONTRADICTS)
			contradicted = true;
	}
	if (f->confidence == IQ_CONFIDENCE_PROVEN && is_layout_assumed(m, f))
		f->confidence = IQ_CONFIDENCE_SUSPECTED;
	if (f->confidence == IQ_CONFIDENCE_PROVEN)
		return;
	if (contradicted)
		f->confidence = IQ_CONFIDENCE_CONTRADICTED;
	else if (kinds & (kinds - 1))
		f->confidence = IQ_CONFIDENCE_CORROBORATED;
}

struct iq_error *iq_evidence_collect(const struct iq_model *model,
				     struct iq_arena *arena,
				     struct iq_finding *finding)
{
	struct iq_evidence *list =
		iq_arena_calloc(arena, model->num_witnesses, sizeof(*list));
	struct iq_error *err = NULL;

	if (!list)
		return &iq_enomem;
	for (size_t w = 0; w < model->num_witnesses && !err; w++)
		err = examine(model, arena, finding, w, &list[w]);
	if (err)
		return err;
	finding->evidence = list;
	finding->num_evidence = model->num_witnesses;
	judge(model, list, finding);
	return NULL;
}
