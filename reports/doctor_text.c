/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "doctor" as text: each witness, then what the case lost, then what to do. A
 * line is a word and what there is to say about it.
 */
#include <inttypes.h>

#include "model/profile.h"
#include "model/trace.h"
#include "reports/doctor.h"
#include "reports/emit_term.h"
#include "reports/report.h"
#include "reports/words.h"

/* Columns of the words. */
#define LABEL 13
/* Libraries, files and problems that are named, unless all are asked for. */
#define MAX_NAMED 3
#define MAX_PROBLEMS 5

struct doctor_text {
	const struct iq_doctor *doctor;
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_term *term;
	/* The witness that is shown. */
	size_t witness;
	const struct iq_facts *facts;
};

/* "label       text", wrapped under itself; nothing for an empty text. */
static void put_line(struct doctor_text *t, const char *label,
		     struct iq_str clean)
{
	if (!clean.len)
		return;
	iq_term_spaces(t->term, 2);
	iq_term_left(t->term, iq_str_of(label), LABEL - 2);
	iq_term_wrap(t->term, clean, LABEL, LABEL);
	iq_out_char(t->term->out, '\n');
}

static struct iq_str clean(struct doctor_text *t, struct iq_str s)
{
	return iq_term_clean(t->term, s);
}

/* @to, @separator, @more; without what is empty. */
static struct iq_str join(struct doctor_text *t, struct iq_str to,
			  const char *separator, struct iq_str more)
{
	if (!more.len)
		return to;
	if (!to.len)
		return more;
	return iq_term_textf(t->term, "%.*s%s%.*s", IQ_STR_ARG(to), separator,
			     IQ_STR_ARG(more));
}

static size_t most(const struct doctor_text *t, size_t limit)
{
	return t->options->all ? SIZE_MAX : limit;
}

/* ---- who it is */

static struct iq_str size_words(struct doctor_text *t)
{
	const struct iq_coverage *c = t->facts->coverage;
	char size[IQ_DOCTOR_SIZE];

	if (!c)
		return t->facts->witness.complete ? IQ_STR("whole") :
						    IQ_STR("not whole");
	if (!iq_coverage_missing(c->file))
		return iq_term_textf(t->term, "%s, whole",
				     iq_doctor_bytes(size, c->file.present));
	return iq_term_textf(t->term, "cut off: %s are there",
			     iq_doctor_part(size, c->file));
}

static void put_title(struct doctor_text *t)
{
	const struct iq_witness_fact *w = &t->facts->witness;
	struct iq_term *term = t->term;
	struct iq_str path = clean(t, iq_str_basename(w->path));
	struct iq_str section = IQ_STR("");

	if (w->num_sections > 1)
		section = iq_term_textf(term, " #%u", w->section + 1);
	iq_term_style(term, IQ_STYLE_BOLD);
	iq_term_wrap(term,
		     iq_term_textf(term, "%.*s%.*s  %s, %.*s", IQ_STR_ARG(path),
				   IQ_STR_ARG(section),
				   iq_doctor_kind(t->facts),
				   IQ_STR_ARG(size_words(t))),
		     0, 2);
	iq_term_style(term, IQ_STYLE_PLAIN);
	iq_out_char(term->out, '\n');
}

static struct iq_str end_words(struct doctor_text *t)
{
	const struct iq_process_fact *p = &t->facts->process;

	switch (p->end) {
	case IQ_END_NONE:
		return IQ_STR("alive when it was taken");
	case IQ_END_OPERATOR:
		return p->signal.len ?
			       iq_term_textf(t->term, "%.*s from outside",
					     IQ_STR_ARG(clean(t, p->signal))) :
			       IQ_STR("ended from outside");
	case IQ_END_PANIC:
		return IQ_STR("ended by a panic");
	case IQ_END_FATAL:
		return IQ_STR("ended by a fatal error");
	case IQ_END_SIGNAL:
		return p->signal.len ?
			       iq_term_textf(t->term, "ended by %.*s",
					     IQ_STR_ARG(clean(t, p->signal))) :
			       IQ_STR("ended by a signal");
	case IQ_END_UNKNOWN:
		break;
	}
	return IQ_STR("");
}

static void put_process(struct doctor_text *t)
{
	const struct iq_process_fact *p = &t->facts->process;
	const struct iq_coverage *c = t->facts->coverage;
	struct iq_str line = clean(t, p->executable);

	if (t->facts->witness.kind == IQ_WITNESS_EXECUTABLE)
		return;
	if (p->has_pid)
		line = join(t, line, ", ",
			    iq_term_textf(t->term, "pid %" PRId64, p->pid));
	// Without notes of threads nobody knows.
	if (!c || c->num_threads || p->end > IQ_END_NONE)
		line = join(t, line, ", ", end_words(t));
	if (c && c->writer.len)
		line = join(t, line, ", ",
			    iq_term_textf(t->term, "written by %.*s",
					  IQ_STR_ARG(clean(t, c->writer))));
	put_line(t, "process", line);
}

/* ---- what was built */

static struct iq_str revision(struct doctor_text *t)
{
	const struct iq_coverage *c = t->facts->coverage;
	struct iq_str rev = iq_coverage_setting_find(c, "vcs.revision");
	struct iq_str vcs = iq_coverage_setting_find(c, "vcs");
	struct iq_str time = iq_coverage_setting_find(c, "vcs.time");
	bool modified = iq_str_equal(
		iq_coverage_setting_find(c, "vcs.modified"), IQ_STR("true"));

	if (!rev.len)
		return IQ_STR("revision not known");
	return iq_term_textf(
		t->term, "%.*s revision %.*s of %.*s%s",
		IQ_STR_ARG(clean(t, vcs)), IQ_STR_ARG(clean(t, rev)),
		IQ_STR_ARG(clean(t, time)), modified ? ", with changes" : "");
}

static void put_build(struct doctor_text *t)
{
	const struct iq_process_fact *p = &t->facts->process;
	const struct iq_coverage *c = t->facts->coverage;
	struct iq_str line = p->go_version.len ? clean(t, p->go_version) :
						 IQ_STR("Go version unknown");

	if (p->arch.len)
		line = iq_term_textf(t->term, "%.*s linux/%.*s",
				     IQ_STR_ARG(line),
				     IQ_STR_ARG(clean(t, p->arch)));
	if (p->module.len)
		line = join(t, line, ", ",
			    iq_term_textf(t->term, "module %.*s",
					  IQ_STR_ARG(clean(t, p->module))));
	if (c && c->num_settings) {
		line = join(t, line, " ", clean(t, c->module_version));
		if (c->main_package.len &&
		    !iq_str_equal(c->main_package, p->module))
			line = join(t, line, ", package ",
				    clean(t, c->main_package));
		line = join(t, line, ", ", revision(t));
	}
	if (p->go_version.len || p->module.len || c)
		put_line(t, "build", line);
}

/* Settings that say something: not what is empty. */
static void put_settings(struct doctor_text *t)
{
	static const char *const told[] = { "vcs",	"vcs.revision",
					    "vcs.time", "vcs.modified",
					    "GOARCH",	"GOOS" };
	const struct iq_coverage *c = t->facts->coverage;
	struct iq_str line = IQ_STR("");

	for (size_t i = 0; c && i < c->num_settings; i++) {
		const struct iq_coverage_setting *s = &c->settings[i];
		bool skip = !s->value.len;

		for (size_t k = 0; k < IQ_ARRAY_SIZE(told); k++)
			skip |= iq_str_equal(s->key, iq_str_of(told[k]));
		// Two dozen words that all programs of one Go version share.
		skip |= !t->options->all &&
			iq_str_equal(s->key, IQ_STR("DefaultGODEBUG"));
		if (skip)
			continue;
		line = join(t, line, " ",
			    iq_term_textf(t->term, "%.*s=%.*s",
					  IQ_STR_ARG(clean(t, s->key)),
					  IQ_STR_ARG(clean(t, s->value))));
	}
	put_line(t, "settings", line);
}

static void put_ids(struct doctor_text *t)
{
	const struct iq_process_fact *p = &t->facts->process;
	struct iq_str line = IQ_STR("");

	if (p->build_id.len)
		line = iq_term_textf(t->term, "build id %.*s",
				     IQ_STR_ARG(clean(t, p->build_id)));
	if (p->go_build_id.len)
		line = join(
			t, line, ", ",
			iq_term_textf(t->term, "Go build id %.*s",
				      IQ_STR_ARG(clean(t, p->go_build_id))));
	if (!line.len && t->facts->coverage)
		line = IQ_STR("no build id is known");
	put_line(t, "ids", line);
}

static void put_layout(struct doctor_text *t)
{
	const struct iq_coverage *c = iq_doctor_core(t->doctor, t->witness);
	struct iq_str version;

	if (!c || !c->has_runtime)
		return;
	version = clean(t, c->layout_version);
	switch (c->layout) {
	case IQ_LAYOUT_TABLE:
		put_line(t, "layout",
			 iq_term_textf(t->term,
				       "of the runtime: that of %.*s, which "
				       "is known",
				       IQ_STR_ARG(version)));
		break;
	case IQ_LAYOUT_DWARF:
		put_line(t, "layout",
			 IQ_STR("of the runtime: measured by the executable's "
				"debug information"));
		break;
	case IQ_LAYOUT_NEAREST:
		put_line(t, "layout",
			 iq_term_textf(t->term,
				       "of the runtime: assumed, that of %.*s",
				       IQ_STR_ARG(version)));
		break;
	case IQ_LAYOUT_UNKNOWN:
		break;
	}
}

/* ---- files of the process */

static struct iq_str contents(struct doctor_text *t,
			      const struct iq_coverage_module *m)
{
	struct iq_str line =
		m->has_symbols ? IQ_STR("symbols") : IQ_STR("no symbols");

	line = join(t, line, ", ",
		    m->has_dwarf ? IQ_STR("DWARF") : IQ_STR("no DWARF"));
	if (!m->has_sections)
		line = join(t, line, ", ", IQ_STR("no section headers"));
	if (m->is_go)
		line = join(t, line, ", ",
			    m->has_pclntab ? IQ_STR("Go function tables") :
					     IQ_STR("no Go function tables"));
	return m->is_cut ? join(t, line, " ", IQ_STR("in what is left of it")) :
			   line;
}

static struct iq_str state_words(struct doctor_text *t,
				 const struct iq_coverage_module *m)
{
	struct iq_str line;

	switch (m->state) {
	case IQ_MODULE_VERIFIED:
		return IQ_STR("verified");
	case IQ_MODULE_UNVERIFIED:
		return IQ_STR("not verified");
	case IQ_MODULE_ABSENT:
	case IQ_MODULE_MISMATCH:
		break;
	}
	line = iq_term_textf(t->term, "not here: %.*s",
			     IQ_STR_ARG(clean(t, m->why)));

	if (m->was_memfd)
		line = join(t, line, "; ",
			    IQ_STR("it was run from memory (memfd)"));
	else if (m->was_deleted)
		line = join(t, line, "; ",
			    IQ_STR("it had been deleted or replaced when the "
				   "core was taken"));
	if (m->pclntab_in_core)
		line = join(t, line, "; ",
			    IQ_STR("the core has its function tables"));
	return line;
}

static void put_executable(struct doctor_text *t)
{
	const struct iq_coverage_module *m =
		iq_doctor_executable(t->doctor, t->witness);
	struct iq_str line;

	if (!m) {
		if (iq_doctor_core(t->doctor, t->witness))
			put_line(t, "executable",
				 IQ_STR("not known: the core does not tell"));
		return;
	}
	if (t->facts->witness.kind == IQ_WITNESS_EXECUTABLE) {
		put_line(t, "contents", contents(t, m));
		return;
	}
	line = clean(t, m->state >= IQ_MODULE_UNVERIFIED && m->file.len ?
				m->file :
				m->path);
	line = join(t, line, " ", state_words(t, m));
	if (m->state >= IQ_MODULE_UNVERIFIED)
		line = join(t, line, "; ", contents(t, m));
	if (m->debug.len)
		line = join(t, line, "; debug file ", clean(t, m->debug));
	put_line(t, "executable", line);
}

static void put_libraries(struct doctor_text *t)
{
	const struct iq_coverage *c = iq_doctor_core(t->doctor, t->witness);
	struct iq_str missing = IQ_STR("");
	size_t num = 0, lost = 0;

	for (size_t i = 0; c && i < c->num_modules; i++) {
		const struct iq_coverage_module *m = &c->modules[i];

		if (m->is_executable)
			continue;
		num++;
		if (m->state > IQ_MODULE_MISMATCH)
			continue;
		if (lost++ < most(t, MAX_NAMED))
			missing = join(t, missing, "; ",
				       join(t, clean(t, m->path), ": ",
					    clean(t, m->why)));
	}
	if (!num)
		return;
	put_line(t, "libraries",
		 join(t,
		      iq_term_textf(t->term, "%zu of %zu are here", num - lost,
				    num),
		      "; ", missing));
}

static void put_files(struct doctor_text *t)
{
	const struct iq_coverage *c = iq_doctor_core(t->doctor, t->witness);
	struct iq_str line = IQ_STR("");
	char size[IQ_DOCTOR_SIZE];

	for (size_t i = 0; c && i < c->num_files; i++) {
		const struct iq_coverage_file *f = &c->files[i];

		if (i == most(t, MAX_NAMED)) {
			line = iq_term_textf(t->term, "%.*s and %zu more",
					     IQ_STR_ARG(line),
					     c->num_files - i);
			break;
		}
		line = join(t, line, "; ",
			    iq_term_textf(
				    t->term, "%.*s: %s is not here",
				    IQ_STR_ARG(clean(t, f->path)),
				    iq_doctor_bytes(size, iq_coverage_missing(
								  f->memory))));
	}
	put_line(t, "files", line);
}

/* ---- memory, threads, goroutines */

static void put_memory(struct doctor_text *t)
{
	const struct iq_coverage *c = iq_doctor_core(t->doctor, t->witness);
	const struct iq_doctor_heap *heap = &t->doctor->heaps[t->witness];
	char a[IQ_DOCTOR_SIZE];
	struct iq_str line;

	if (!c)
		return;
	line = iq_term_textf(t->term, "%s that the core promises",
			     iq_doctor_part(a, c->segments));
	if (c->left_out)
		line = join(
			t, line, "; ",
			iq_term_textf(t->term,
				      "%s left out by who wrote it and in no "
				      "file here",
				      iq_doctor_bytes(a, c->left_out)));
	if (c->left_out_anonymous)
		line = join(t, line, ", of it ",
			    iq_term_textf(
				    t->term, "%s of heap, stacks and the like",
				    iq_doctor_bytes(a, c->left_out_anonymous)));
	put_line(t, "memory", line);
	if (c->has_runtime && !heap->known)
		put_line(t, "heap", IQ_STR("not found"));
	if (!heap->known)
		return;
	line = heap->size.memory.total ?
		       iq_term_textf(t->term, "%s in use",
				     iq_doctor_part(a, heap->size.memory)) :
		       IQ_STR("not known");
	if (iq_coverage_missing(heap->size.spans))
		line = join(t, line, "; ",
			    iq_term_textf(t->term,
					  "records of %" PRIu64 " of %" PRIu64
					  " spans are missing",
					  iq_coverage_missing(heap->size.spans),
					  heap->size.spans.total));
	put_line(t, "heap", line);
	if (c->stacks.total)
		put_line(t, "stacks",
			 iq_term_textf(t->term, "%s in use",
				       iq_doctor_part(a, c->stacks)));
}

static void put_threads(struct doctor_text *t)
{
	const struct iq_coverage *c = iq_doctor_core(t->doctor, t->witness);
	char number[IQ_WORDS_SIZE];
	struct iq_str line;

	if (!c)
		return;
	line = c->num_threads ?
		       iq_term_textf(t->term, "%s with registers",
				     iq_words_number(number, c->num_threads)) :
		       IQ_STR("none: the core has no notes of them");
	if (iq_coverage_missing(c->threads))
		line = join(t, line, "; ",
			    iq_term_textf(t->term,
					  "%" PRIu64
					  " that the runtime knows have none",
					  iq_coverage_missing(c->threads)));
	put_line(t, "threads", line);
}

static struct iq_str goroutines_of_core(struct doctor_text *t,
					const struct iq_coverage *c)
{
	char total[IQ_WORDS_SIZE], whole[IQ_WORDS_SIZE], all[IQ_WORDS_SIZE];
	const struct iq_gap *gap = iq_facts_worst_gap(t->facts);
	uint64_t lost = c->goroutines_lost;

	if (!c->goroutines.total)
		return iq_term_textf(
			t->term, "none could be read%s%.*s", gap ? ": " : "",
			IQ_STR_ARG(gap ? clean(t, gap->text) : IQ_STR("")));
	if (lost)
		return iq_term_textf(
			t->term,
			"%s of at most %s could be read, %s of these with a whole stack",
			iq_words_number(total, c->goroutines.total),
			iq_words_number(all, c->goroutines.total + lost),
			c->goroutines.present ?
				iq_words_number(whole, c->goroutines.present) :
				"none");
	if (c->goroutines.present == c->goroutines.total)
		return iq_term_textf(
			t->term, "%s, all with their whole stack",
			iq_words_number(total, c->goroutines.total));
	return iq_term_textf(
		t->term, "%s, %s with a whole stack",
		iq_words_number(total, c->goroutines.total),
		c->goroutines.present ?
			iq_words_number(whole, c->goroutines.present) :
			"none");
}

/* "17, 18 have none: it is not in the core" */
static struct iq_error *put_losses_of_stacks(struct doctor_text *t,
					     const struct iq_coverage *c)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < c->num_losses && !err; i++) {
		const struct iq_coverage_loss *loss = &c->losses[i];
		const char *what = loss->partial ? "cut" : "no stack";
		struct iq_str ids;

		err = iq_doctor_ids(&t->term->arena, loss, &ids);
		if (err)
			return err;
		put_line(t, "",
			 iq_term_textf(t->term, "%s: %.*s: %s", what,
				       IQ_STR_ARG(ids),
				       iq_doctor_loss_words(loss->why)));
	}
	return err;
}

static struct iq_error *put_goroutines(struct doctor_text *t)
{
	const struct iq_coverage *c = iq_doctor_core(t->doctor, t->witness);
	uint64_t count = iq_facts_count(t->facts);
	char number[IQ_WORDS_SIZE];

	if (c && c->has_runtime) {
		put_line(t, "goroutines", goroutines_of_core(t, c));
		return put_losses_of_stacks(t, c);
	}
	if (c)
		put_line(t, "goroutines", IQ_STR("none could be read"));
	else if (count)
		put_line(t, "goroutines",
			 iq_str_of(iq_words_number(number, count)));
	return NULL;
}

static void put_window(struct doctor_text *t)
{
	const struct iq_trace *trace = t->facts->trace;
	char time[IQ_WORDS_SIZE], number[IQ_WORDS_SIZE];

	if (!trace)
		return;
	put_line(t, "window",
		 iq_term_textf(t->term, "%s, %s events, format of Go %.*s",
			       iq_words_duration(time, trace->end_ns -
							       trace->start_ns),
			       iq_words_number(number, trace->num_events),
			       IQ_STR_ARG(clean(t, trace->version))));
}

static void put_problem(struct doctor_text *t, const struct iq_gap *gap,
			uint64_t count, const char *label)
{
	struct iq_str times = IQ_STR(""), place = IQ_STR("");
	char number[IQ_WORDS_SIZE];

	if (gap->has_addr)
		place = iq_term_textf(t->term, "at 0x%" PRIx64 ": ", gap->addr);
	if (count > 1)
		times = iq_term_textf(t->term, " (%s times)",
				      iq_words_number(number, count));
	put_line(t, label,
		 iq_term_textf(t->term, "%.*s%.*s%.*s", IQ_STR_ARG(place),
			       IQ_STR_ARG(clean(t, gap->text)),
			       IQ_STR_ARG(times)));
}

/* Worst first, each text once; equal ones keep their order. */
static void put_problems(struct doctor_text *t)
{
	const struct iq_gap *gaps = t->facts->gaps.data;
	size_t num = t->facts->gaps.len, left = most(t, MAX_PROBLEMS);
	uint64_t more = 0;
	char number[IQ_WORDS_SIZE];
	const char *label = "missing";

	for (unsigned rank = 0; rank < IQ_NUM_GAP_RANKS; rank++) {
		for (size_t i = 0; i < num; i++) {
			uint64_t times;

			if (iq_gap_rank(&gaps[i]) != rank)
				continue;
			times = iq_facts_gap_times(t->facts, i);
			if (!times)
				continue;
			if (!left) {
				more += times;
				continue;
			}
			put_problem(t, &gaps[i], times, label);
			label = "";
			left--;
		}
	}
	if (more)
		put_line(t, "",
			 iq_term_textf(t->term, "and %s more (--all)",
				       iq_words_number(number, more)));
}

static struct iq_error *put_witness(struct doctor_text *t, size_t w)
{
	struct iq_error *err;

	t->witness = w;
	t->facts = t->model->witnesses[w];
	put_title(t);
	put_process(t);
	put_build(t);
	put_settings(t);
	put_ids(t);
	put_layout(t);
	put_executable(t);
	put_libraries(t);
	put_memory(t);
	put_files(t);
	put_threads(t);
	err = put_goroutines(t);
	if (err)
		return err;
	put_window(t);
	put_line(t, "tells", iq_str_of(iq_doctor_tells(t->doctor, w)));
	put_line(t, "cannot", iq_str_of(iq_doctor_cannot(t->facts)));
	put_problems(t);
	return NULL;
}

/* ---- the case */

static const char *kinship_words(const struct iq_model *m, size_t w)
{
	switch (m->kinship ? m->kinship[w] : IQ_KINSHIP_PROCESS) {
	case IQ_KINSHIP_PROCESS:
		return "the same process";
	case IQ_KINSHIP_BUILD:
		return "the same build";
	case IQ_KINSHIP_UNKNOWN:
		return "not known whether of this process";
	case IQ_KINSHIP_OTHER_RUN:
		return "another process, not used";
	case IQ_KINSHIP_OTHER_BUILD:
		return "another build, not used";
	}
	return "";
}

static void put_kinship(struct doctor_text *t)
{
	const struct iq_model *m = t->model;

	if (m->num_witnesses < 2)
		return;
	iq_out_cstr(t->term->out, "\ntogether\n");
	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_witness_fact *f = &m->witnesses[w]->witness;
		struct iq_str line = iq_term_textf(
			t->term, "%.*s: %s",
			IQ_STR_ARG(clean(t, iq_str_basename(f->path))),
			kinship_words(m, w));

		if (m->kinship_text && m->kinship_text[w].len)
			line = join(t, line, ": ",
				    clean(t, m->kinship_text[w]));
		iq_term_spaces(t->term, 2);
		iq_term_wrap(t->term, line, 2, 4);
		iq_out_char(t->term->out, '\n');
	}
}

static void put_case_gaps(struct doctor_text *t)
{
	const struct iq_model *m = t->model;

	for (size_t i = 0; i < m->num_gaps; i++) {
		// These stand among the losses.
		if (m->gaps[i].code == IQ_GAP_MISMATCH ||
		    (m->reach_lacks.len &&
		     iq_str_ends(m->gaps[i].text, m->reach_lacks)))
			continue;
		iq_term_spaces(t->term, 2);
		iq_term_wrap(t->term, clean(t, m->gaps[i].text), 2, 4);
		iq_out_char(t->term->out, '\n');
	}
}

static void put_losses(struct doctor_text *t)
{
	const struct iq_doctor *d = t->doctor;

	if (!d->losses.len && !t->model->num_gaps) {
		iq_out_cstr(t->term->out,
			    "\nnothing is lost: all that is asked of these "
			    "witnesses is there\n");
		return;
	}
	iq_out_cstr(t->term->out, "\nlost by what is missing\n");
	for (size_t i = 0; i < d->losses.len; i++) {
		const struct iq_doctor_loss *loss = &d->losses.data[i];

		iq_term_spaces(t->term, 2);
		iq_term_wrap(t->term,
			     iq_term_textf(t->term, "%.*s: %s: %.*s",
					   IQ_STR_ARG(clean(t, loss->what)),
					   loss->how,
					   IQ_STR_ARG(clean(t, loss->text))),
			     2, 4);
		iq_out_char(t->term->out, '\n');
	}
	put_case_gaps(t);
}

static void put_advice(struct doctor_text *t)
{
	static const char *const titles[] = {
		[IQ_DOCTOR_NOW] = "now",
		[IQ_DOCTOR_COLLECT] = "when the next one is taken",
		[IQ_DOCTOR_BUILD] = "when the next one is built",
	};
	const struct iq_doctor *d = t->doctor;
	int last = -1;

	for (size_t i = 0; i < d->advice.len; i++) {
		const struct iq_doctor_advice *a = &d->advice.data[i];

		if (last != (int)a->row->when)
			iq_out_printf(t->term->out, "\n%s\n",
				      titles[a->row->when]);
		last = (int)a->row->when;
		iq_out_cstr(t->term->out, "  - ");
		iq_term_wrap(t->term, clean(t, a->text), 4, 4);
		iq_out_char(t->term->out, '\n');
		// To be copied as they are: never wrapped.
		for (size_t k = 0; k < a->num_commands; k++) {
			iq_term_spaces(t->term, 6);
			iq_out_str(t->term->out, clean(t, a->commands[k]));
			iq_out_char(t->term->out, '\n');
		}
	}
}

static struct iq_error *put_all(struct doctor_text *t)
{
	struct iq_error *err = NULL;

	for (size_t w = 0; w < t->model->num_witnesses && !err; w++) {
		if (w)
			iq_out_char(t->term->out, '\n');
		err = put_witness(t, w);
	}
	if (err)
		return err;
	put_kinship(t);
	put_losses(t);
	put_advice(t);
	return NULL;
}

static struct iq_error *
doctor_text_render(const struct iq_model *model,
		   const struct iq_report_options *options, struct iq_out *out)
{
	struct iq_doctor doctor;
	struct iq_term term;
	struct doctor_text text = {
		.doctor = &doctor,
		.model = model,
		.options = options,
		.term = &term,
	};
	struct iq_error *err = iq_doctor_init(&doctor, model);

	iq_term_init(&term, options, out);
	if (!err)
		err = put_all(&text);
	if (!err)
		err = iq_term_done(&term);
	iq_term_deinit(&term);
	iq_doctor_deinit(&doctor);
	return err;
}

const struct iq_report iq_report_doctor_text = {
	.command = "doctor",
	.format = "text",
	.summary = "what each witness can tell, what is missing, what to do",
	.stage = IQ_STAGE_JUDGED,
	.render = doctor_text_render,
};
