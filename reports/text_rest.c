/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the report: what is no finding, what is missing, where next. */
#include "reports/text.h"

#include <inttypes.h>

#include "base/vec.h"
#include "model/graph.h"
#include "model/scene.h"
#include "reports/command.h"
#include "reports/others.h"
#include "reports/words.h"

/* Gaps that have a line, if not all are asked for. */
#define MAX_GAPS 3
/* Reasons why rules were not run, and rules named for each. */
#define MAX_REASONS 3
#define MAX_RULES 3
/* Kinds of wait that are named. */
#define MAX_CLASSES 4

static void put_paragraph(struct iq_text *text, struct iq_str clean,
			  unsigned indent)
{
	iq_term_wrap(text->term, clean, 0, indent);
	iq_out_char(text->term->out, '\n');
}

/* Appends to a text in the arena. */
static struct iq_str append(struct iq_text *text, struct iq_str to,
			    struct iq_str more)
{
	return iq_term_textf(text->term, "%.*s%.*s", IQ_STR_ARG(to),
			     IQ_STR_ARG(more));
}

/* ---- what is no finding */

/* " (3 IO wait, 2 select, 1 sleep)", largest first. */
static struct iq_str class_list(struct iq_text *text,
				const struct iq_others *others)
{
	enum iq_wait_class classes[MAX_CLASSES];
	size_t num = iq_others_classes(others, classes, MAX_CLASSES);
	struct iq_str list = IQ_STR("");
	char number[IQ_WORDS_SIZE];

	for (size_t i = 0; i < num; i++)
		list = append(
			text, list,
			iq_term_textf(
				text->term, "%s%s %s", i ? ", " : "",
				iq_words_number(number,
						others->by_class[classes[i]]),
				iq_wait_class_words(classes[i])));
	return list;
}

/* A leak that could not be proven is a note, and yet nothing that is well. */
static bool is_unproven(const struct iq_finding *f)
{
	return f->severity == IQ_SEVERITY_NOTE && f->class == IQ_CLASS_LEAK &&
	       f->unreachable;
}

static uint64_t count_unproven(const struct iq_model *m)
{
	uint64_t count = 0;

	for (size_t i = 0; i < m->num_findings; i++) {
		if (is_unproven(&m->findings[i]))
			count += m->findings[i].count;
	}
	return count;
}

/* "5 idle-connection, 1 idle-listener": notes by rule. */
static struct iq_str note_list(struct iq_text *text)
{
	const struct iq_model *m = text->model;
	struct iq_str list = IQ_STR("");

	for (size_t i = 0; i < m->num_findings; i++) {
		const struct iq_finding *f = &m->findings[i];
		char number[IQ_WORDS_SIZE];
		uint64_t count = 0;
		bool seen = false;

		if (f->severity != IQ_SEVERITY_NOTE || is_unproven(f))
			continue;
		for (size_t j = 0; j < m->num_findings; j++) {
			const struct iq_finding *g = &m->findings[j];

			if (g->severity != IQ_SEVERITY_NOTE ||
			    !iq_str_equal(iq_str_of(f->rule),
					  iq_str_of(g->rule)))
				continue;
			seen |= j < i;
			count += g->count;
		}
		if (seen)
			continue;
		list = append(text, list,
			      iq_term_textf(text->term, "%s%s %s",
					    list.len ? ", " : "",
					    iq_words_number(number, count),
					    f->rule));
	}
	return list;
}

static void add_part(struct iq_text *text, struct iq_str *line, uint64_t num,
		     const char *words, struct iq_str list)
{
	char number[IQ_WORDS_SIZE];

	if (!num)
		return;
	*line = append(text, *line,
		       iq_term_textf(text->term, "%s %s %s",
				     line->len ? "," : "",
				     iq_words_number(number, num), words));
	if (list.len)
		*line = append(
			text, *line,
			iq_term_textf(text->term, " (%.*s)", IQ_STR_ARG(list)));
}

/* ---- a rule that was not run */

/* Who reads "clean" must see all that it is not about. */
static bool tells_all(const struct iq_text *text)
{
	return text->options->all ||
	       text->model->verdict.word >= IQ_VERDICT_CLEAN;
}

/* "; not run: never-woken: no trace", behind what is missing; empty unless it is
 * one rule, beside findings: a line less. */
static struct iq_str only_not_run(const struct iq_text *text)
{
	const struct iq_model *m = text->model;

	if (tells_all(text) || m->num_not_run != 1)
		return IQ_STR("");
	return iq_term_textf(text->term, "; not run: %s: %.*s",
			     m->not_run[0].rule,
			     IQ_STR_ARG(m->not_run[0].text));
}

/* Threads that the runtime does not know, as the last witness has them. */
static uint64_t threads_of_c(const struct iq_model *model)
{
	uint64_t num = 0;

	for (size_t w = 0; w < model->num_witnesses; w++) {
		const struct iq_facts *facts = model->witnesses[w];

		if (model->foreign[w] || !facts->threads.len)
			continue;
		num = 0;
		for (size_t i = 0; i < facts->threads.len; i++)
			num += facts->threads.data[i].foreign;
	}
	return num;
}

/* Where no goroutine can ever run again no wait is without trouble. */
static bool all_asleep(const struct iq_model *model)
{
	return model->process.end == IQ_END_FATAL &&
	       iq_cause_of_fatal(model->process.end_text) ==
		       IQ_CAUSE_ALL_ASLEEP;
}

/* @end stands behind the sentence: "missing: nothing". */
static struct iq_error *put_others(struct iq_text *text, const char *end)
{
	struct iq_others others;
	struct iq_error *err = iq_others_count(text->model, &others);
	struct iq_str line = IQ_STR("");
	uint64_t num_threads, unproven, noted;

	if (err)
		return err;
	unproven = count_unproven(text->model);
	noted = others.noted > unproven ? others.noted - unproven : 0;
	add_part(text, &line, noted,
		 noted == 1 ? "waits as it should" : "wait as they should",
		 note_list(text));
	add_part(text, &line, unproven,
		 "may be blocked for ever, unproven: memory is missing",
		 IQ_STR(""));
	add_part(text, &line, others.waiting,
		 all_asleep(text->model) ?
			 (others.waiting == 1 ? "waits, as all do" :
						"wait, as all do") :
		 others.waiting == 1 ? "waits without a sign of trouble" :
				       "wait without a sign of trouble",
		 class_list(text, &others));
	add_part(text, &line, others.running,
		 others.running == 1 ? "can run" : "can run", IQ_STR(""));
	add_part(text, &line, others.unknown, "of unknown state", IQ_STR(""));
	add_part(text, &line, text->model->num_system,
		 text->model->num_system == 1 ? "is the runtime's" :
						"are the runtime's",
		 IQ_STR(""));
	num_threads = threads_of_c(text->model);
	add_part(text, &line, num_threads,
		 num_threads == 1 ? "thread is C's own" : "threads are C's own",
		 IQ_STR(""));
	if (!line.len)
		line = IQ_STR(" none");
	put_paragraph(text,
		      iq_term_textf(text->term, "not findings:%.*s%s%.*s",
				    IQ_STR_ARG(line), end,
				    IQ_STR_ARG(end[0] ? only_not_run(text) :
							IQ_STR(""))),
		      3);
	return NULL;
}

/* ---- what is missing */

struct gap_ref {
	const struct iq_gap *gap;
	const struct iq_facts *facts; /* NULL: of the case */
	uint64_t times;
};

struct gap_refs {
	IQ_VEC(struct gap_ref) list;
	uint64_t count;
};

static bool collect(struct gap_refs *refs, struct gap_ref ref)
{
	refs->count += ref.times;
	return !ref.times || iq_vec_push(&refs->list, ref);
}

/* What a witness lacks at several places stands once. */
static bool collect_facts(struct gap_refs *refs, const struct iq_facts *facts)
{
	for (size_t i = 0; i < facts->gaps.len; i++) {
		struct gap_ref ref = {
			.gap = &facts->gaps.data[i],
			.facts = facts,
			.times = iq_facts_gap_times(facts, i),
		};

		if (!collect(refs, ref))
			return false;
	}
	return true;
}

/* A core that has no heap says so itself. */
static bool is_told_by_core(const struct iq_model *m, const struct iq_gap *gap)
{
	const struct iq_facts *facts;

	if (!m->reach_lacks.len || !iq_str_ends(gap->text, m->reach_lacks))
		return false;
	facts = m->witnesses[m->reach_witness];
	for (size_t i = 0; i < facts->gaps.len; i++) {
		if (iq_str_starts(facts->gaps.data[i].text, m->reach_lacks))
			return true;
	}
	return false;
}

static bool collect_all(struct gap_refs *refs, const struct iq_model *m)
{
	for (size_t i = 0; i < m->num_gaps; i++) {
		// Who is not used stands under the verdict.
		if (m->gaps[i].code != IQ_GAP_MISMATCH &&
		    m->gaps[i].code != IQ_GAP_ORDER &&
		    !is_told_by_core(m, &m->gaps[i]) &&
		    !collect(refs, (struct gap_ref){
					   .gap = &m->gaps[i],
					   .times = m->gaps[i].count ?
							    m->gaps[i].count :
							    1,
				   }))
			return false;
	}
	for (size_t i = 0; i < m->num_witnesses; i++) {
		const struct iq_facts *facts = m->witnesses[i];

		// That it is not used says all.
		if (m->foreign[i])
			continue;
		if (!collect_facts(refs, facts))
			return false;
	}
	return true;
}

/* "core.1 at byte 0x40: "; nothing before what the case itself lacks. */
static struct iq_str gap_place(struct iq_text *text, const struct gap_ref *ref)
{
	struct iq_term *term = text->term;
	struct iq_str path;

	if (!ref->facts || !ref->facts->witness.path.len)
		return IQ_STR("");
	path = iq_term_clean(term, iq_str_basename(ref->facts->witness.path));
	if (ref->gap->has_offset)
		return iq_term_textf(term, "%.*s at byte 0x%" PRIx64 ": ",
				     IQ_STR_ARG(path), ref->gap->offset);
	if (ref->gap->has_addr)
		return iq_term_textf(term, "%.*s at address 0x%" PRIx64 ": ",
				     IQ_STR_ARG(path), ref->gap->addr);
	return iq_term_textf(term, "%.*s: ", IQ_STR_ARG(path));
}

static void put_gap(struct iq_text *text, const struct gap_ref *ref)
{
	struct iq_str place = gap_place(text, ref);
	struct iq_str words = iq_term_clean(text->term, ref->gap->text);
	char number[IQ_WORDS_SIZE];
	struct iq_str times = IQ_STR("");

	if (ref->times > 1)
		times = iq_term_textf(text->term, " (%s times)",
				      iq_words_number(number, ref->times));
	iq_out_cstr(text->term->out, "   ");
	iq_term_wrap(text->term,
		     iq_term_textf(text->term, "%.*s%.*s%.*s",
				   IQ_STR_ARG(place), IQ_STR_ARG(words),
				   IQ_STR_ARG(times)),
		     3, 6);
	iq_out_char(text->term->out, '\n');
}

/* Worst first; equal ones keep their order. */
static void put_gaps_sorted(struct iq_text *text, const struct gap_refs *refs)
{
	uint64_t left = text->options->all ? UINT64_MAX : MAX_GAPS;
	uint64_t shown = 0;
	char number[IQ_WORDS_SIZE];

	for (unsigned rank = 0; rank < IQ_NUM_GAP_RANKS; rank++) {
		for (size_t i = 0; i < refs->list.len; i++) {
			const struct gap_ref *ref = &refs->list.data[i];

			if (iq_gap_rank(ref->gap) != rank || !left)
				continue;
			put_gap(text, ref);
			left--;
			shown += ref->times;
		}
	}
	if (shown < refs->count)
		iq_out_printf(text->term->out,
			      "   and %s more (--all lists them)\n",
			      iq_words_number(number, refs->count - shown));
}

static void put_gaps(struct iq_text *text, const struct gap_refs *refs)
{
	char number[IQ_WORDS_SIZE];

	put_paragraph(
		text,
		iq_term_textf(text->term, "missing: %s %s%.*s",
			      iq_words_number(number, refs->count),
			      refs->count == 1 ? "gap" : "gaps, worst first",
			      IQ_STR_ARG(only_not_run(text))),
		3);
	put_gaps_sorted(text, refs);
}

/* ---- what was not run */

static bool is_first_of_reason(const struct iq_model *m, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (iq_str_equal(m->not_run[i].text, m->not_run[index].text))
			return false;
	}
	return true;
}

/* "crash-panic, crash-signal and 2 more: no witness of how it ended" */
static void put_reason(struct iq_text *text, size_t index, bool full)
{
	const struct iq_model *m = text->model;
	struct iq_str line = IQ_STR("");
	size_t named = 0, more = 0;

	for (size_t i = index; i < m->num_not_run; i++) {
		if (!iq_str_equal(m->not_run[i].text, m->not_run[index].text))
			continue;
		if (!full && named == MAX_RULES) {
			more++;
			continue;
		}
		line = iq_term_textf(text->term, "%.*s%s%s", IQ_STR_ARG(line),
				     named ? ", " : "", m->not_run[i].rule);
		named++;
	}
	if (more)
		line = iq_term_textf(text->term, "%.*s and %zu more",
				     IQ_STR_ARG(line), more);
	line = iq_term_textf(
		text->term, "not run: %.*s: %.*s", IQ_STR_ARG(line),
		IQ_STR_ARG(iq_term_clean(text->term, m->not_run[index].text)));
	put_paragraph(text, line, 3);
}

static void put_not_run(struct iq_text *text)
{
	const struct iq_model *m = text->model;
	bool full = tells_all(text);
	size_t reasons = 0, rules = 0;

	if (only_not_run(text).len)
		return;
	for (size_t i = 0; i < m->num_not_run; i++) {
		if (!is_first_of_reason(m, i))
			continue;
		if (full || reasons < MAX_REASONS)
			put_reason(text, i, full);
		else
			rules++;
		reasons++;
	}
	if (rules)
		iq_out_printf(text->term->out,
			      "not run for %zu other reasons: see --all\n",
			      rules);
}

/* ---- where next */

/* The same files are found again only where they were looked for. */
static struct iq_str with_folders(struct iq_text *text, struct iq_str list)
{
	struct iq_out out;
	struct iq_str ret;

	iq_out_init_memory(&out);
	iq_out_str(&out, list);
	iq_command_put_folders(text->options, &out);
	text->term->failed |= out.err != 0;
	ret = iq_term_textf(text->term, "%.*s", (int)out.len, out.buf);
	iq_out_deinit(&out);
	return ret;
}

/* The inputs as they were given, where they can be typed again. */
static struct iq_str files(struct iq_text *text, unsigned columns)
{
	const struct iq_model *m = text->model;
	struct iq_str list = IQ_STR("");
	struct iq_str last = IQ_STR("");

	for (size_t i = 0; i < m->num_witnesses; i++) {
		struct iq_str path = m->witnesses[i]->witness.path;

		if (iq_str_equal(path, last))
			continue;
		// The file of another build would be refused again.
		if (m->foreign[i] &&
		    m->witnesses[i]->witness.kind == IQ_WITNESS_EXECUTABLE)
			continue;
		if (!iq_command_is_plain(path) || list.len > 4096)
			return IQ_STR("FILE...");
		list = iq_term_textf(text->term, "%.*s%s%.*s", IQ_STR_ARG(list),
				     list.len ? " " : "", IQ_STR_ARG(path));
		last = path;
	}
	if (!list.len || !iq_command_has_plain_folders(text->options))
		return IQ_STR("FILE...");
	list = with_folders(text, list);
	return iq_term_width(list) > columns ? IQ_STR("FILE...") : list;
}

static void put_command(struct iq_text *text, const char *label,
			struct iq_str command)
{
	unsigned used = 6 + iq_term_width(command) + 1;
	unsigned room = text->term->width > used ? text->term->width - used : 0;

	iq_out_cstr(text->term->out, label);
	iq_out_str(text->term->out, command);
	iq_out_char(text->term->out, ' ');
	iq_out_str(text->term->out, files(text, room));
	iq_out_char(text->term->out, '\n');
}

/* The graph tells more than the list of goroutines. */
static bool has_knots(const struct iq_model *model)
{
	return model->graph &&
	       (model->graph->num_cycles || model->graph->num_blockers);
}

/* @missing: something is, and what can be done about that is worth more than
 * one more list. */
static void put_next(struct iq_text *text, bool missing)
{
	const char *label = "next: ";

	if (!text->model->num_goroutines && !missing)
		return;
	if (text->num_listed) {
		put_command(text, label,
			    iq_term_textf(text->term,
					  "inquest explain %" PRIu32,
					  text->listed[0]->id));
		label = "      ";
	}
	put_command(text, label,
		    missing ? IQ_STR("inquest doctor") :
		    has_knots(text->model) ?
			      IQ_STR("inquest waits") :
			      IQ_STR("inquest goroutines -g site"));
}

static bool only_executables(const struct iq_model *m)
{
	for (size_t i = 0; i < m->num_witnesses; i++) {
		if (m->witnesses[i]->witness.kind != IQ_WITNESS_EXECUTABLE)
			return false;
	}
	return m->num_witnesses > 0;
}

static struct iq_error *put_known_and_missing(struct iq_text *text,
					      const struct gap_refs *refs)
{
	const char *nothing = refs->count ? "" : "; missing: nothing";
	struct iq_error *err = NULL;

	if (only_executables(text->model))
		iq_out_cstr(text->term->out,
			    "missing: a core or a dump of the process\n");

	if (text->model->num_goroutines)
		err = put_others(text, nothing);
	else if (!refs->count && !only_executables(text->model))
		iq_out_cstr(text->term->out, "missing: nothing\n");
	if (!err && refs->count)
		put_gaps(text, refs);
	return err;
}

struct iq_error *iq_text_rest(struct iq_text *text)
{
	struct gap_refs refs = { 0 };
	struct iq_error *err = &iq_enomem;
	bool missing;

	if (collect_all(&refs, text->model))
		err = put_known_and_missing(text, &refs);
	missing = refs.count > 0;
	iq_vec_deinit(&refs.list);
	if (err)
		return err;
	put_not_run(text);
	put_next(text, missing);
	return NULL;
}
