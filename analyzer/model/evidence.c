/* SPDX-License-Identifier: Apache-2.0 */
#include "model/evidence.h"

#include <inttypes.h>

#include "model/confidence.h"
#include "model/examine.h"
#include "model/population.h"
#include "model/scene.h"
#include "model/settle.h"
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

/* ---- who is asked in a way of his own */

static void examine_executable(struct iq_examination *x, struct iq_evidence *e)
{
	e->blind = true;
	iq_clause(&x->clauses, "names functions and lines");
}

static void (*const examiners[])(struct iq_examination *,
				 struct iq_evidence *) = {
	[IQ_WITNESS_CORE] = iq_examine_core,
	[IQ_WITNESS_PROFILE] = iq_examine_profile,
	[IQ_WITNESS_TRACE] = iq_examine_trace,
	[IQ_WITNESS_DUMP] = iq_examine_dump,
	[IQ_WITNESS_EXECUTABLE] = examine_executable,
};

/* Goroutines at the finding's function and line, in another process. */
static uint64_t count_at_site(const struct iq_examination *x)
{
	const struct iq_model *m = x->model;
	const struct iq_frame *site = x->finding->site;
	uint64_t num = 0;

	for (size_t i = 0; i < m->num_populations && site; i++) {
		const struct iq_population *p = &m->populations[i];
		const struct iq_frame *frame;

		if (!p->counts[x->witness] || p->signature->site == UINT32_MAX)
			continue;
		frame = p->stack->frames[p->signature->site];
		// Lines move from build to build.
		if (iq_str_equal(frame->function, site->function) &&
		    (frame->line == site->line ||
		     x->kinship == IQ_KINSHIP_OTHER_BUILD))
			num += p->counts[x->witness];
	}
	return num;
}

static void examine_foreign(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_model *m = x->model;
	struct iq_str why =
		m->kinship_text ? m->kinship_text[x->witness] : IQ_STR("");
	uint64_t num = count_at_site(x);

	e->blind = true;
	iq_clause(&x->clauses, "proves nothing%s%.*s", why.len ? ": " : "",
		  IQ_STR_ARG(why));
	if (num)
		iq_clause(&x->clauses, "there %" PRIu64 " %s at the same %s",
			  num, num == 1 ? "stands" : "stand",
			  x->kinship == IQ_KINSHIP_OTHER_BUILD ? "function" :
								 "line");
}

/* A finding about the process as a whole: what the witness says of its end. */
static void examine_end(struct iq_examination *x, struct iq_evidence *e)
{
	const struct iq_facts *facts = x->model->witnesses[x->witness];
	const struct iq_process_fact *p = &facts->process;
	bool signal = p->signal.len && p->end_text.len;

	if (!(facts->witness.tells & IQ_TELLS_END)) {
		e->blind = true;
		iq_clause(&x->clauses, "cannot know how the process ended");
		return;
	}
	if (p->end != x->model->process.end) {
		iq_clause(&x->clauses, "%s",
			  p->end == IQ_END_NONE ?
				  "was taken while the process ran" :
				  "does not say how the process ended");
		return;
	}
	iq_support(x, e, x->finding->confidence == IQ_CONFIDENCE_PROVEN);
	// "SIGABRT: abort" names it already; the words of another panic that
	// followed the fault are none of the signal's.
	if (signal && (iq_str_starts(p->end_text, p->signal) ||
		       (p->end == IQ_END_PANIC &&
			iq_cause_of_panic(p->end_text) == IQ_CAUSE_PANIC)))
		signal = false;
	else if (!p->end_text.len)
		signal = p->signal.len;
	iq_clause(&x->clauses, "%.*s%s%.*s", signal ? (int)p->signal.len : 0,
		  p->signal.ptr, signal && p->end_text.len ? ": " : "",
		  IQ_STR_ARG(p->end_text));
}

/* ---- one witness, one finding */

static enum iq_kinship kinship_of(const struct iq_examination *x)
{
	const struct iq_model *m = x->model;

	if (x->has_main && x->main == x->witness)
		return IQ_KINSHIP_PROCESS;
	if (m->foreign[x->witness] && !m->kinship)
		return IQ_KINSHIP_OTHER_RUN;
	return m->kinship ? m->kinship[x->witness] : IQ_KINSHIP_PROCESS;
}

static struct iq_error *examine(const struct iq_model *m,
				struct iq_arena *arena,
				const struct iq_finding *f, size_t w,
				struct iq_evidence *e)
{
	enum iq_witness_kind kind = m->witnesses[w]->witness.kind;
	struct iq_examination x = {
		.model = m,
		.finding = f,
		.witness = w,
		.has_main = f->num_goroutines > 0,
		.clauses = { .arena = arena },
	};

	if (x.has_main)
		x.main = m->goroutines[f->goroutines[0]].witness;
	x.kinship = kinship_of(&x);
	*e = (struct iq_evidence){ .witness = (uint32_t)w };
	if (m->foreign[w])
		examine_foreign(&x, e);
	else if (kind != IQ_WITNESS_EXECUTABLE &&
		 (f->class == IQ_CLASS_CRASH ||
		  (!f->num_goroutines && !f->stack)))
		examine_end(&x, e);
	else
		examiners[kind](&x, e);
	if (e->stance == IQ_STANCE_SUPPORTS && x.kinship == IQ_KINSHIP_UNKNOWN)
		iq_clause(&x.clauses, "not counted: whether it saw this "
				      "process is not known");
	e->text = x.clauses.text;
	return x.clauses.err;
}

/* ---- what it comes to */

/* "core, profile and trace": kinds that agree and have all of @matches. */
static struct iq_error *kinds_words(const struct iq_model *m,
				    struct iq_arena *arena,
				    const struct iq_evidence *list,
				    unsigned matches, unsigned *num_ret,
				    struct iq_str *ret)
{
	unsigned kinds = 0, left;
	struct iq_error *err = NULL;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (list[w].weight != IQ_WEIGHT_NONE &&
		    (list[w].matches & matches) == matches)
			kinds |= 1u << m->witnesses[w]->witness.kind;
	}
	*num_ret = left = (unsigned)__builtin_popcount(kinds);
	*ret = IQ_STR("");
	for (unsigned kind = 0; left && !err; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		left--;
		err = iq_textf(
			arena, ret, "%.*s%s%s", IQ_STR_ARG(*ret),
			!ret->len ? "" :
			left	  ? ", " :
				    " and ",
			iq_witness_kind_name((enum iq_witness_kind)kind));
	}
	return err;
}

/* "the same ids in core and trace, the same frames in core and profile" */
static struct iq_error *agreement_words(const struct iq_model *m,
					struct iq_arena *arena,
					const struct iq_evidence *list,
					struct iq_str *ret)
{
	struct iq_str all, ids, frames;
	unsigned num, num_ids, num_frames;
	struct iq_error *err = kinds_words(m, arena, list, 0, &num, &all);

	if (!err)
		err = kinds_words(m, arena, list, IQ_MATCH_IDS, &num_ids, &ids);
	if (!err)
		err = kinds_words(m, arena, list, IQ_MATCH_FRAMES, &num_frames,
				  &frames);
	if (err)
		return err;
	if (num_ids > 1 && iq_str_equal(ids, frames))
		return iq_textf(arena, ret, "the same ids and frames in %.*s",
				IQ_STR_ARG(ids));
	if (num_ids > 1 && num_frames > 1)
		return iq_textf(arena, ret,
				"the same ids in %.*s, the same frames in %.*s",
				IQ_STR_ARG(ids), IQ_STR_ARG(frames));
	if (num_ids > 1 || num_frames > 1)
		return iq_textf(arena, ret, "the same %s in %.*s",
				num_ids > 1 ? "ids" : "frames",
				IQ_STR_ARG(num_ids > 1 ? ids : frames));
	return iq_textf(arena, ret, "%.*s", IQ_STR_ARG(all));
}

/* Who is against it, and what he says: "trace.out: it had gone on …". */
static struct iq_error *dispute_words(const struct iq_model *m,
				      struct iq_arena *arena,
				      const struct iq_evidence *list,
				      struct iq_str *ret)
{
	for (size_t w = 0; w < m->num_witnesses; w++) {
		struct iq_str path = m->witnesses[w]->witness.path;

		if (list[w].stance == IQ_STANCE_CONTRADICTS)
			return iq_textf(arena, ret, "%.*s: %.*s",
					IQ_STR_ARG(iq_str_basename(path)),
					IQ_STR_ARG(list[w].text));
	}
	return NULL;
}

static struct iq_error *judge(const struct iq_model *m, struct iq_arena *arena,
			      struct iq_finding *f)
{
	unsigned sure = iq_confidence_weigh(m, f, f->evidence, f->num_evidence,
					    &f->num_agreeing);
	const struct iq_confidence_rule *rule = iq_confidence_judge(sure);

	f->confidence = rule->gives;
	f->sure = iq_str_of(rule->words);
	if (sure & (IQ_SURE_REFUTED | IQ_SURE_WEAKENED))
		return dispute_words(m, arena, f->evidence, &f->sure);
	if (f->confidence == IQ_CONFIDENCE_CORROBORATED)
		return agreement_words(m, arena, f->evidence, &f->sure);
	return NULL;
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
	err = judge(model, arena, finding);
	return err ? err : iq_settle_make(model, arena, finding);
}
