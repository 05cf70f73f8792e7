/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do: a table, one row for each piece of advice. In texts and commands
 * stand names in braces, which are of the witness that the row applies to:
 *
 *	{exe} {base}	the executable as the process named it, and its last part
 *	{id}		its GNU build id
 *	{go}		the version of Go that built it
 *	{package}	its main package
 *	{revision}	of its source
 *	{core}		the witness's file as it was given
 *	{size} {whole}	bytes that the file has, and that it should have
 *	{why}		why the executable is not here
 *	{layout}	the version whose layout is assumed
 *
 * A command in which one has no value, or none that a shell would take as it
 * is, is left out.
 */
#include <inttypes.h>
#include <stdio.h>

#include "model/profile.h"
#include "model/text.h"
#include "reports/command.h"
#include "reports/doctor.h"

/* ---- conditions */

/* The case has a witness of @kind that is not foreign. */
static bool has_kind(const struct iq_doctor *d, enum iq_witness_kind kind)
{
	const struct iq_model *m = d->model;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (m->witnesses[w]->witness.kind == kind && !m->foreign[w])
			return true;
	}
	return false;
}

/* How many profiles of goroutines there are. */
static size_t num_profiles(const struct iq_doctor *d)
{
	const struct iq_model *m = d->model;
	size_t num = 0;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		const struct iq_profile *p = m->witnesses[w]->profile;

		num += !m->foreign[w] && p &&
		       (p->type == IQ_PROFILE_GOROUTINE ||
			p->type == IQ_PROFILE_GOROUTINELEAK);
	}
	return num;
}

static bool has_process(const struct iq_doctor *d)
{
	return has_kind(d, IQ_WITNESS_CORE) || has_kind(d, IQ_WITNESS_TRACE) ||
	       has_kind(d, IQ_WITNESS_DUMP) || has_kind(d, IQ_WITNESS_PROFILE);
}

static bool lacks_executable(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	return c && !d->model->foreign[w] &&
	       (!exe || exe->state == IQ_MODULE_ABSENT ||
		exe->state == IQ_MODULE_MISMATCH);
}

static bool lacks_names(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	return lacks_executable(d, w) && !(exe && exe->pclntab_in_core);
}

static bool lacks_only_inlining(const struct iq_doctor *d, size_t w)
{
	return lacks_executable(d, w) && !lacks_names(d, w);
}

static bool lacks_replaced(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	return lacks_executable(d, w) && exe &&
	       (exe->was_deleted || exe->was_memfd);
}

/* Nothing but what was committed went into it. */
static bool lacks_what_git_has(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = d->model->witnesses[w]->coverage;

	return lacks_executable(d, w) &&
	       iq_str_equal(iq_coverage_setting_find(c, "vcs"),
			    IQ_STR("git")) &&
	       iq_str_equal(iq_coverage_setting_find(c, "vcs.modified"),
			    IQ_STR("false"));
}

static bool lacks_libraries(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	for (size_t i = 0; c && i < c->num_modules; i++) {
		const struct iq_coverage_module *m = &c->modules[i];

		// Without an id none would be known to be the right one.
		if (!m->is_executable &&
		    (m->state == IQ_MODULE_ABSENT ||
		     (m->state == IQ_MODULE_MISMATCH && m->build_id.len)))
			return true;
	}
	return false;
}

static bool is_cut(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	return c && (iq_coverage_missing(c->file) ||
		     iq_coverage_missing(c->headers));
}

static bool is_cut_gcore(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	// Gdb writes the notes behind the memory.
	return is_cut(d, w) && (!c->num_threads || !c->notes_whole);
}

static bool is_cut_otherwise(const struct iq_doctor *d, size_t w)
{
	return is_cut(d, w) && !is_cut_gcore(d, w);
}

static bool lacks_notes(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	return c && !is_cut(d, w) && (!c->num_threads || !c->has_file_notes);
}

static bool lacks_memory(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	return c && c->left_out_anonymous > 0;
}

static bool lacks_code(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	return c && !lacks_memory(d, w) && lacks_names(d, w) &&
	       iq_str_equal(c->writer, IQ_STR("the kernel"));
}

static bool lacks_data_files(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	return c && c->num_files > 0 && !lacks_memory(d, w);
}

static bool lacks_core(const struct iq_doctor *d, size_t w)
{
	return !w && has_process(d) && !has_kind(d, IQ_WITNESS_CORE);
}

static bool has_only_executables(const struct iq_doctor *d, size_t w)
{
	return !w && !has_process(d);
}

static bool ended_without_core(const struct iq_doctor *d, size_t w)
{
	const struct iq_process_fact *p = &d->model->witnesses[w]->process;

	return !has_kind(d, IQ_WITNESS_CORE) &&
	       (p->end == IQ_END_PANIC || p->end == IQ_END_FATAL ||
		p->end == IQ_END_SIGNAL || p->end == IQ_END_OPERATOR);
}

static bool lacks_live_core(const struct iq_doctor *d, size_t w)
{
	for (size_t i = 0; i < d->model->num_witnesses; i++) {
		if (ended_without_core(d, i))
			return false;
	}
	return lacks_core(d, w);
}

static bool lacks_profile(const struct iq_doctor *d, size_t w)
{
	return !w && has_process(d) && !num_profiles(d);
}

static bool lacks_trace(const struct iq_doctor *d, size_t w)
{
	return !w && has_process(d) && !has_kind(d, IQ_WITNESS_TRACE);
}

static bool lacks_second_profile(const struct iq_doctor *d, size_t w)
{
	return !w && num_profiles(d) == 1 && !has_kind(d, IQ_WITNESS_CORE) &&
	       !has_kind(d, IQ_WITNESS_TRACE);
}

static bool is_foreign(const struct iq_doctor *d, size_t w)
{
	return d->model->foreign[w];
}

static bool is_broken(const struct iq_doctor *d, size_t w,
		      enum iq_witness_kind kind)
{
	const struct iq_witness_fact *f = &d->model->witnesses[w]->witness;

	return f->kind == kind && !f->complete;
}

static bool is_broken_trace(const struct iq_doctor *d, size_t w)
{
	return is_broken(d, w, IQ_WITNESS_TRACE);
}

static bool is_broken_dump(const struct iq_doctor *d, size_t w)
{
	return is_broken(d, w, IQ_WITNESS_DUMP);
}

static bool is_broken_profile(const struct iq_doctor *d, size_t w)
{
	return is_broken(d, w, IQ_WITNESS_PROFILE);
}

/* The file of the executable is here and is a Go program. */
static const struct iq_coverage_module *built(const struct iq_doctor *d,
					      size_t w)
{
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	return exe && exe->is_go && exe->state >= IQ_MODULE_UNVERIFIED ? exe :
									 NULL;
}

static bool is_stripped(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage_module *exe = built(d, w);

	// What the rest of a cut file held is not known.
	return exe && !exe->is_cut && (!exe->has_symbols || !exe->has_dwarf);
}

static bool is_executable_cut(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	return exe && exe->state >= IQ_MODULE_UNVERIFIED && exe->is_cut;
}

static bool has_settings(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = d->model->witnesses[w]->coverage;

	return c && c->num_settings > 0;
}

static bool is_go_run(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = d->model->witnesses[w]->coverage;

	// Go: src/cmd/go/internal/load/pkg.go, GoFilesPackage().
	return c &&
	       iq_str_equal(c->main_package, IQ_STR("command-line-arguments"));
}

static bool lacks_revision(const struct iq_doctor *d, size_t w)
{
	return has_settings(d, w) && !is_go_run(d, w) &&
	       !iq_coverage_setting_find(d->model->witnesses[w]->coverage,
					 "vcs.revision")
			.len;
}

static bool is_trimmed(const struct iq_doctor *d, size_t w)
{
	return has_settings(d, w) &&
	       iq_str_equal(
		       iq_coverage_setting_find(
			       d->model->witnesses[w]->coverage, "-trimpath"),
		       IQ_STR("true"));
}

static bool lacks_build_information(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = d->model->witnesses[w]->coverage;

	return c && !c->num_settings &&
	       (c->has_runtime || d->model->witnesses[w]->witness.kind ==
					  IQ_WITNESS_EXECUTABLE) &&
	       built(d, w);
}

/* "go1.22.12": 22; 0 if it is not known. */
static unsigned minor_of(const struct iq_doctor *d, size_t w)
{
	struct iq_str v = d->model->witnesses[w]->process.go_version;
	unsigned minor = 0;

	if (!iq_str_starts(v, IQ_STR("go1.")))
		return 0;
	for (size_t i = 4; i < v.len && i < 7; i++) {
		if (v.ptr[i] < '0' || v.ptr[i] > '9')
			break;
		minor = minor * 10 + (unsigned)(v.ptr[i] - '0');
	}
	return minor;
}

// Go: src/cmd/link/internal/ld/elf.go: -B gobuildid is of go1.22 and newer, and
// the default from go1.24 on.
static bool lacks_id(const struct iq_doctor *d, size_t w)
{
	// Without the file it is not known whether it has one.
	const struct iq_coverage_module *exe = built(d, w);

	return exe && !exe->build_id.len;
}

static bool lacks_id_new(const struct iq_doctor *d, size_t w)
{
	return lacks_id(d, w) && minor_of(d, w) >= 22;
}

static bool lacks_id_old(const struct iq_doctor *d, size_t w)
{
	return lacks_id(d, w) && minor_of(d, w) && minor_of(d, w) < 22;
}

static bool is_layout_assumed(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(d, w);

	return c && c->has_runtime && c->layout == IQ_LAYOUT_NEAREST;
}

/* ---- the table */

// clang-format off
static const struct iq_doctor_row rows[] = {
	{ "find-executable", IQ_DOCTOR_NOW, lacks_names,
	  "Find the executable that ran: {why}. Stacks and names of functions "
	  "come from it.",
	  { "inquest report {core} --exe FILE",
	    "inquest report {core} --debug-dir DIR",
	    "docker cp CONTAINER:{exe} {base}",
	    "kubectl cp POD:{exe} {base}",
	    "debuginfod-find executable {id}" } },
	{ "find-executable-inlining", IQ_DOCTOR_NOW, lacks_only_inlining,
	  "Find the executable that ran: {why}. The core has names and lines, "
	  "inlined calls are in the executable alone.",
	  { "inquest report {core} --exe FILE",
	    "docker cp CONTAINER:{exe} {base}",
	    "debuginfod-find executable {id}" } },
	{ "executable-replaced", IQ_DOCTOR_NOW, lacks_replaced,
	  "The executable was deleted or replaced while the process ran: look "
	  "for the release before. As long as a process of it lives, /proc has "
	  "it.",
	  { "cp /proc/PID/exe {base}" } },
	{ "rebuild-executable", IQ_DOCTOR_NOW, lacks_what_git_has,
	  "Or build it again: the same Go version, revision, settings (above) "
	  "and, without -trimpath, directory give the same executable, which is "
	  "checked.",
	  { "git checkout {revision}",
	    "GOTOOLCHAIN={go} go build -o {base} {package}" } },
	{ "copy-again", IQ_DOCTOR_NOW, is_cut,
	  "The core is {size} bytes long and should be {whole}. If it was cut "
	  "on its way here, copy it again.",
	  { "stat -c %s CORE       # where it was written" } },
	{ "copy-executable", IQ_DOCTOR_NOW, is_executable_cut,
	  "The executable is cut off: its headers promise more than there is. "
	  "Copy it again.",
	  { "sha256sum FILE       # here, and where it was built" } },
	{ "find-libraries", IQ_DOCTOR_NOW, lacks_libraries,
	  "Libraries of the process are missing or are others here: C code "
	  "has no names, and its stacks may not be unwound. Give the root of "
	  "the system that it ran on.",
	  { "inquest report {core} --sysroot DIR" } },
	{ "same-process", IQ_DOCTOR_COLLECT, is_foreign,
	  "Take all witnesses of one process, before it is restarted, and in "
	  "this order: trace, profile, core.",
	  { NULL } },
	{ "core-limit", IQ_DOCTOR_COLLECT, is_cut_otherwise,
	  "Let the core be written whole: no limit on its size (whichever of "
	  "these started it), and room on the disk.",
	  { "ulimit -c unlimited   # in the shell that starts it",
	    "LimitCORE=infinity    # [Service] of the systemd unit",
	    "docker run --ulimit core=-1 ...",
	    "ProcessSizeMax=64G ExternalSizeMax=64G   # coredump.conf" } },
	{ "gcore-whole", IQ_DOCTOR_COLLECT, is_cut_gcore,
	  "Let gcore end: it writes threads, signal and mapped files last, and "
	  "a cut core has none of them. It needs room for all of the memory.",
	  { "df -h .; gcore -o core PID" } },
	{ "core-filter", IQ_DOCTOR_COLLECT, lacks_memory,
	  "The process's coredump_filter left out its memory. Set it before "
	  "the crash; children inherit it.",
	  { "echo 0x3f > /proc/PID/coredump_filter",
	    "CoredumpFilter=0x3f   # [Service] of the systemd unit" } },
	{ "core-filter-code", IQ_DOCTOR_COLLECT, lacks_code,
	  "Keep each executable that is shipped, by its build id; or let the "
	  "core hold the code, too: it grows by the executable's size.",
	  { "echo 0x3f > /proc/PID/coredump_filter" } },
	{ "core-filter-files", IQ_DOCTOR_COLLECT, lacks_data_files,
	  "Files that were mapped are not in the core. If what is in them "
	  "matters, have them dumped.",
	  { "echo 0x3f > /proc/PID/coredump_filter" } },
	{ "core-notes", IQ_DOCTOR_COLLECT, lacks_notes,
	  "Who wrote this core left out threads or mapped files. The kernel "
	  "and gcore write them.",
	  { "gcore -o core PID" } },
	{ "crash-core", IQ_DOCTOR_COLLECT, ended_without_core,
	  "Have a core written when it crashes: that shows objects, who can "
	  "reach them, and every stack.",
	  { "ulimit -c unlimited; GOTRACEBACK=crash ./{base}",
	    "inquest doctor        # what this machine does with a core" } },
	{ "take-core", IQ_DOCTOR_COLLECT, lacks_live_core,
	  "Take a core while it hangs: a leak can be proven by memory alone. "
	  "The process goes on.",
	  { "gcore -o core PID" } },
	{ "take-any", IQ_DOCTOR_COLLECT, has_only_executables,
	  "Give a witness of the process beside the executable.",
	  { "gcore -o core PID",
	    "curl -o goroutine.pb.gz 'http://HOST:PORT/debug/pprof/goroutine'" } },
	{ "take-profile", IQ_DOCTOR_COLLECT, lacks_profile,
	  "A goroutine profile confirms counts and labels, by the runtime's "
	  "own count.",
	  { "curl -o goroutine.pb.gz 'http://HOST:PORT/debug/pprof/goroutine'" } },
	{ "take-trace", IQ_DOCTOR_COLLECT, lacks_trace,
	  "A trace, taken before the core, shows who runs, who was woken and "
	  "for how long the others waited.",
	  { "curl -o trace.out 'http://HOST:PORT/debug/pprof/trace?seconds=5'" } },
	{ "second-profile", IQ_DOCTOR_COLLECT, lacks_second_profile,
	  "A second profile some minutes later shows what grows.",
	  { "curl -o later.pb.gz 'http://HOST:PORT/debug/pprof/goroutine'" } },
	{ "trace-whole", IQ_DOCTOR_COLLECT, is_broken_trace,
	  "Let the trace end before its file is taken: trace.Stop(), or the "
	  "download to its last byte.",
	  { NULL } },
	{ "dump-whole", IQ_DOCTOR_COLLECT, is_broken_dump,
	  "Keep the whole text: logs cut long lines and outputs, the runtime "
	  "itself ends at 64 MiB; a profile has no such limit.",
	  { "curl -o debug2.txt 'http://HOST:PORT/debug/pprof/goroutine?debug=2'" } },
	{ "profile-whole", IQ_DOCTOR_COLLECT, is_broken_profile,
	  "Download the profile again, to its last byte.",
	  { "curl -fo goroutine.pb.gz 'http://HOST:PORT/debug/pprof/goroutine'" } },
	{ "keep-symbols", IQ_DOCTOR_BUILD, is_stripped,
	  "The executable was stripped of symbols or debug information: the "
	  "runtime's variables had to be searched for, C code has no names, a "
	  "Go version that is not known here could not be measured. Build "
	  "without -ldflags='-s -w', keep that, ship a stripped copy: it has "
	  "the same build id.",
	  { "go build -o {base} .",
	    "objcopy --strip-all {base} {base}.ship" } },
	{ "stamp-build", IQ_DOCTOR_BUILD, is_go_run,
	  "Build a package and start that: \"go run\" and \"go build main.go\" "
	  "leave out the module and the revision, and \"go run\" deletes the "
	  "executable when it ends.",
	  { "go build -o server ./cmd/server" } },
	{ "stamp-revision", IQ_DOCTOR_BUILD, lacks_revision,
	  "The revision of the source is not in the executable. Build within "
	  "the repository, with its tool (git) at hand.",
	  { "go build -buildvcs=true ." } },
	{ "no-trimpath", IQ_DOCTOR_BUILD, is_trimmed,
	  "With -trimpath, files have no directory of their own, and -ldflags "
	  "is not among the build settings.",
	  { NULL } },
	{ "build-information", IQ_DOCTOR_BUILD, lacks_build_information,
	  "Build information is missing, so version, module and settings are "
	  "unknown: use the go command, and nothing that removes it.",
	  { NULL } },
	{ "build-id", IQ_DOCTOR_BUILD, lacks_id_new,
	  "Give it a GNU build id: stores of debug files are ordered by that. "
	  "Go 1.24 and newer do it by themselves.",
	  { "go build -ldflags=-B=gobuildid ." } },
	{ "build-id-old", IQ_DOCTOR_BUILD, lacks_id_old,
	  "Give it a GNU build id: stores of debug files are ordered by that. "
	  "Go 1.24 and newer do it by themselves.",
	  { "go build -ldflags=-B=0x$(git rev-parse HEAD) ." } },
	{ "known-version", IQ_DOCTOR_BUILD, is_layout_assumed,
	  "This Go version is not known here, {layout} is assumed. The "
	  "executable with its debug information (no -w) is measured instead; "
	  "or use a newer inquest.",
	  { NULL } },
};
// clang-format on

const struct iq_doctor_row *iq_doctor_rows(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(rows);
	return rows;
}

/* ---- filling in */

static struct iq_str executable_path(const struct iq_doctor *d, size_t w)
{
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	return exe && exe->path.len ?
		       exe->path :
		       d->model->witnesses[w]->process.executable;
}

static struct iq_error *value_find(struct iq_doctor *d, size_t w,
				   struct iq_str name, struct iq_str *ret)
{
	const struct iq_facts *facts = d->model->witnesses[w];
	const struct iq_coverage *c = facts->coverage;
	const struct iq_coverage_module *exe = iq_doctor_executable(d, w);

	*ret = IQ_STR("");
	if (iq_str_equal(name, IQ_STR("exe")))
		*ret = executable_path(d, w);
	else if (iq_str_equal(name, IQ_STR("base")))
		*ret = iq_str_basename(executable_path(d, w));
	else if (iq_str_equal(name, IQ_STR("id")))
		*ret = exe ? exe->build_id : *ret;
	else if (iq_str_equal(name, IQ_STR("go")))
		*ret = facts->process.go_version;
	else if (iq_str_equal(name, IQ_STR("package")) && c)
		*ret = c->main_package;
	else if (iq_str_equal(name, IQ_STR("revision")))
		*ret = facts->process.vcs_revision;
	else if (iq_str_equal(name, IQ_STR("core")))
		*ret = facts->witness.path;
	else if (iq_str_equal(name, IQ_STR("why")))
		*ret = exe && exe->why.len ?
			       exe->why :
			       IQ_STR("the core does not name it");
	else if (iq_str_equal(name, IQ_STR("layout")) && c)
		*ret = c->layout_version;
	else if (iq_str_equal(name, IQ_STR("size")) && c)
		return iq_textf(&d->arena, ret, "%" PRIu64, c->file.present);
	else if (iq_str_equal(name, IQ_STR("whole")) && c)
		return iq_textf(&d->arena, ret, "%" PRIu64, c->file.total);
	return NULL;
}

/* The name in braces that @s begins with; false if it is none. */
static bool brace_take(struct iq_str s, struct iq_str *name_ret)
{
	size_t end = iq_str_find(s, '}');

	if (!s.len || s.ptr[0] != '{' || end >= s.len)
		return false;
	*name_ret = iq_str_sub(s, 1, end - 1);
	return true;
}

/*
 * @template with its names filled in. In a command (@shell) each value must be
 * a plain word: *@whole_ret says whether all were.
 */
static struct iq_error *expand(struct iq_doctor *d, size_t w,
			       const char *template, bool shell,
			       struct iq_str *ret, bool *whole_ret)
{
	struct iq_str rest = iq_str_of(template);
	struct iq_str text = IQ_STR("");
	struct iq_error *err = NULL;

	*whole_ret = true;
	while (rest.len && !err) {
		size_t n = iq_str_find(rest, '{');
		struct iq_str value = IQ_STR(""), name;

		err = iq_textf(&d->arena, &text, "%.*s%.*s", IQ_STR_ARG(text),
			       (int)n, rest.ptr);
		rest = iq_str_sub(rest, n, rest.len);
		if (err || !brace_take(rest, &name))
			break;
		err = value_find(d, w, name, &value);
		if (shell && (!value.len || !iq_command_is_plain(value)))
			*whole_ret = false;
		if (!err)
			err = iq_textf(&d->arena, &text, "%.*s%.*s",
				       IQ_STR_ARG(text), IQ_STR_ARG(value));
		rest = iq_str_sub(rest, name.len + 2, rest.len);
	}
	if (!err)
		*ret = text;
	return err;
}

static struct iq_error *give(struct iq_doctor *d,
			     const struct iq_doctor_row *row, size_t w)
{
	struct iq_doctor_advice a = { .row = row, .witness = (uint32_t)w };
	bool whole;
	struct iq_error *err = expand(d, w, row->text, false, &a.text, &whole);

	for (size_t i = 0; i < IQ_DOCTOR_COMMANDS && row->commands[i] && !err;
	     i++) {
		err = expand(d, w, row->commands[i], true,
			     &a.commands[a.num_commands], &whole);
		a.num_commands += whole;
	}
	if (err)
		return err;
	return iq_vec_push(&d->advice, a) ? NULL : &iq_enomem;
}

struct iq_error *iq_doctor_advise(struct iq_doctor *doctor)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows) && !err; i++) {
		for (size_t w = 0; w < doctor->model->num_witnesses; w++) {
			if (!rows[i].applies(doctor, w))
				continue;
			err = give(doctor, &rows[i], w);
			break;
		}
	}
	return err;
}
