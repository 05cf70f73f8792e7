/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/profile.h"
#include "model/text.h"

/* Columns of files that a command repeats; more of them are FILE... */
#define MAX_FILES 48

/* ---- what is there */

static bool has_kind(const struct iq_model *m, enum iq_witness_kind kind)
{
	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (!m->foreign[w] && m->witnesses[w]->witness.kind == kind)
			return true;
	}
	return false;
}

static bool has_profile(const struct iq_model *m, enum iq_profile_type type)
{
	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_profile *p = m->witnesses[w]->profile;

		if (!m->foreign[w] && p && p->type == type)
			return true;
	}
	return false;
}

/* It can no longer be asked. */
static bool has_ended(const struct iq_model *m)
{
	return m->process.end > IQ_END_NONE;
}

/* The runtime can be asked for leaks: Go 1.27, or 1.26 built with the
 * experiment. Go: src/runtime/pprof/pprof.go, "goroutineleak". */
static bool has_leak_finder(const struct iq_model *m)
{
	struct iq_str v = m->process.go_version;
	struct iq_str prefix = IQ_STR("go1.");
	unsigned minor = 0;

	if (iq_str_search(v, IQ_STR("goroutineleakprofile")) < v.len)
		return true;
	if (!iq_str_starts(v, prefix))
		return false;
	for (size_t i = prefix.len; i < v.len && i < prefix.len + 4; i++) {
		if (v.ptr[i] < '0' || v.ptr[i] > '9')
			break;
		minor = minor * 10 + (unsigned)(v.ptr[i] - '0');
	}
	return minor >= 27;
}

/* ---- what would help: the first row that is wanted */

static bool wants_leak_profile(const struct iq_model *m,
			       const struct iq_finding *f)
{
	return f->class == IQ_CLASS_LEAK && has_leak_finder(m) &&
	       !has_profile(m, IQ_PROFILE_GOROUTINELEAK);
}

static bool waits_for_lock(const struct iq_model *m, const struct iq_finding *f)
{
	return f->num_goroutines &&
	       iq_wait_class_is_lock(m->goroutines[f->goroutines[0]].class);
}

static bool wants_holder(const struct iq_model *m, const struct iq_finding *f)
{
	return waits_for_lock(m, f) && !has_kind(m, IQ_WITNESS_CORE);
}

static bool wants_core(const struct iq_model *m,
		       const struct iq_finding *f iq_unused)
{
	return !has_kind(m, IQ_WITNESS_CORE);
}

static bool wants_trace(const struct iq_model *m,
			const struct iq_finding *f iq_unused)
{
	return !has_kind(m, IQ_WITNESS_TRACE);
}

static bool wants_profile(const struct iq_model *m,
			  const struct iq_finding *f iq_unused)
{
	return !has_profile(m, IQ_PROFILE_GOROUTINE);
}

struct settle_row {
	bool (*wanted)(const struct iq_model *m, const struct iq_finding *f);
	const char *words;
	/* The same of one goroutine; NULL: no other words. */
	const char *words_one;
	/* What collects @file; gcore's is named by the pid. */
	const char *command;
	const char *file;
};

static const struct settle_row rows[] = {
	{ .wanted = wants_leak_profile,
	  .words = "the runtime's own leak profile proves it, or is silent",
	  .command = "curl -o leak.pb.gz "
		     "http://HOST/debug/pprof/goroutineleak",
	  .file = "leak.pb.gz" },
	{ .wanted = wants_holder,
	  .words = "a core shows who holds the lock",
	  .command = "gcore" },
	{ .wanted = wants_core,
	  .words = "a core shows whether anything can still wake them",
	  .words_one = "a core shows whether anything can still wake it",
	  .command = "gcore" },
	{ .wanted = wants_trace,
	  .words = "a trace shows whether they run again",
	  .words_one = "a trace shows whether it runs again",
	  .command = "curl -o trace.out "
		     "'http://HOST/debug/pprof/trace?seconds=5'",
	  .file = "trace.out" },
	{ .wanted = wants_profile,
	  .words = "a profile shows whether they still stand there",
	  .words_one = "a profile shows whether it still stands there",
	  .command = "curl -o goroutine.pb.gz "
		     "http://HOST/debug/pprof/goroutine",
	  .file = "goroutine.pb.gz" },
};

/* Everything is there: the same once more. */
static const struct settle_row later = {
	.words = "a profile of a minute later shows whether they still stand "
		 "there",
	.words_one = "a profile of a minute later shows whether it still "
		     "stands there",
	.command = "curl -o later.pb.gz http://HOST/debug/pprof/goroutine",
	.file = "later.pb.gz",
};

static const struct settle_row *choose(const struct iq_model *m,
				       const struct iq_finding *f)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		if (rows[i].wanted(m, f))
			return &rows[i];
	}
	return &later;
}

/* ---- the commands */

/* Needs no quotes in a shell, and is no option. */
static bool is_plain(struct iq_str path)
{
	static const char fine[] = "/._-+,:=@%";

	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && !strchr(fine, c))
			return false;
	}
	return path.len && path.ptr[0] != '-';
}

/* The files as they were given, or FILE... */
static struct iq_error *files_words(const struct iq_model *m,
				    struct iq_arena *arena, struct iq_str *ret)
{
	struct iq_str last = IQ_STR("");
	struct iq_error *err = NULL;

	*ret = IQ_STR("");
	for (size_t w = 0; w < m->num_witnesses && !err; w++) {
		struct iq_str path = m->witnesses[w]->witness.path;

		if (iq_str_equal(path, last))
			continue;
		last = path;
		if (!is_plain(path) || ret->len + path.len > MAX_FILES) {
			*ret = IQ_STR("FILE...");
			return NULL;
		}
		err = iq_textf(arena, ret, "%.*s%s%.*s", IQ_STR_ARG(*ret),
			       ret->len ? " " : "", IQ_STR_ARG(path));
	}
	return err;
}

/* Whom gcore asks: the process, if it still runs. */
static struct iq_error *pid_words(const struct iq_model *m,
				  struct iq_arena *arena, struct iq_str *ret)
{
	*ret = IQ_STR("PID");
	if (!m->process.has_pid || has_ended(m))
		return NULL;
	return iq_textf(arena, ret, "%" PRId64, m->process.pid);
}

static struct iq_error *set_commands(const struct iq_model *m,
				     struct iq_arena *arena,
				     const struct settle_row *row,
				     struct iq_finding *f)
{
	struct iq_str files = IQ_STR(""), pid;
	struct iq_error *err = pid_words(m, arena, &pid);

	// Another run's files do not go together with these.
	if (!err && !has_ended(m))
		err = files_words(m, arena, &files);
	if (err)
		return err;
	if (row->file) {
		f->collect = iq_str_of(row->command);
		return iq_textf(arena, &f->again, "inquest report %.*s%s%s",
				IQ_STR_ARG(files), files.len ? " " : "",
				row->file);
	}
	err = iq_textf(arena, &f->collect, "%s %.*s", row->command,
		       IQ_STR_ARG(pid));
	if (err)
		return err;
	return iq_textf(arena, &f->again, "inquest report %.*s%score.%.*s",
			IQ_STR_ARG(files), files.len ? " " : "",
			IQ_STR_ARG(pid));
}

struct iq_error *iq_settle_make(const struct iq_model *model,
				struct iq_arena *arena,
				struct iq_finding *finding)
{
	const struct settle_row *row;
	struct iq_error *err;

	if (finding->confidence != IQ_CONFIDENCE_SUSPECTED ||
	    finding->severity == IQ_SEVERITY_NOTE) {
		finding->settle = finding->collect = IQ_STR("");
		return NULL;
	}
	// A rule that asks for more of the same has no command of its own.
	if (finding->settle.len)
		return finding->collect.len || has_ended(model) ?
			       NULL :
			       set_commands(model, arena, &later, finding);
	row = choose(model, finding);
	err = iq_textf(arena, &finding->settle, "%s%s",
		       has_ended(model) ? "next time, while it runs: " : "",
		       finding->count == 1 && row->words_one ? row->words_one :
							       row->words);
	return err ? err : set_commands(model, arena, row, finding);
}
