/* SPDX-License-Identifier: Apache-2.0 */
#include "inquest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/out.h"
#include "base/pool.h"
#include "base/vec.h"
#include "detect/detector.h"
#include "formats/pprof/legacy.h"
#include "formats/reader.h"
#include "formats/source.h"
#include "model/graph.h"
#include "model/heap_survey.h"
#include "model/leak_cause.h"
#include "model/liveness.h"
#include "model/model.h"
#include "model/profile.h"
#include "model/retained.h"
#include "options.h"
#include "reports/report.h"

struct inquest_error {
	enum inquest_error_kind kind;
	/* NULL: the static text of NOMEM. */
	char *text;
};

/* One file of the case. */
struct input {
	struct iq_source *source;
	const struct iq_reader *reader;
	struct iq_facts *facts; /* NULL before analysis */
	bool is_lost;		/* in part: told already */
};

struct inquest {
	struct iq_options options;
	IQ_VEC(struct input) inputs;
	IQ_VEC(struct inquest_error *) errors; /* all, to be freed */
	IQ_VEC(struct inquest_error *) problems;
	struct iq_pool *pool;
	const struct iq_facts **witnesses;
	struct iq_model *model;
	enum iq_stage stage;
	bool failed;	/* on the way to the stage */
	char note[256]; /* of the last report; empty: none */
};

static struct inquest_error nomem = { .kind = INQUEST_ERROR_NOMEM };

const char *inquest_version(void)
{
	return PACKAGE_VERSION;
}

const char *const *inquest_features(void)
{
	static const char *const features[] = {
		"gzip",
#ifdef HAVE_LZMA
		"xz",
#endif
#ifdef HAVE_ZSTD
		"zstd",
#endif
		NULL,
	};

	return features;
}

struct inquest *inquest_create(void)
{
	struct inquest *iq = calloc(1, sizeof(*iq));

	if (iq)
		iq_options_init(&iq->options);
	return iq;
}

void inquest_destroy(struct inquest *iq)
{
	if (!iq)
		return;
	iq_model_destroy(iq->model);
	free(iq->witnesses);
	for (size_t i = 0; i < iq->inputs.len; i++)
		iq_facts_destroy(iq->inputs.data[i].facts);
	for (size_t i = 0; i < iq->inputs.len; i++)
		iq_source_destroy(iq->inputs.data[i].source);
	iq_vec_deinit(&iq->inputs);
	iq_pool_destroy(iq->pool);
	for (size_t i = 0; i < iq->errors.len; i++) {
		free(iq->errors.data[i]->text);
		free(iq->errors.data[i]);
	}
	iq_vec_deinit(&iq->errors);
	iq_vec_deinit(&iq->problems);
	iq_options_deinit(&iq->options);
	free(iq);
}

const char *inquest_error_text(const struct inquest_error *error)
{
	return error->text ? error->text : "out of memory";
}

enum inquest_error_kind inquest_error_kind(const struct inquest_error *error)
{
	return error->kind;
}

/* Texts quote inputs' names: what a terminal would obey becomes '?'. */
static void clean(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static struct inquest_error *keep_error(struct inquest *iq,
					enum inquest_error_kind kind,
					const char *prefix, const char *text)
{
	struct inquest_error *error = calloc(1, sizeof(*error));
	int len = -1;

	if (error) {
		error->kind = kind;
		len = asprintf(&error->text, "%s%s%s", prefix ? prefix : "",
			       prefix ? ": " : "", text);
	}
	if (len < 0 || !iq_vec_push(&iq->errors, error)) {
		if (len >= 0)
			free(error->text);
		free(error);
		return &nomem;
	}
	clean(error->text);
	return error;
}

/* Makes the public form of @err, which is destroyed. */
static struct inquest_error *take_error(struct inquest *iq,
					enum inquest_error_kind kind,
					const char *prefix,
					struct iq_error *err)
{
	struct inquest_error *error =
		err == &iq_enomem ? &nomem :
				    keep_error(iq, kind, prefix, err->text);

	iq_error_destroy(err);
	return error;
}

const struct inquest_error *inquest_set(struct inquest *iq, const char *name,
					const char *value)
{
	struct iq_error *err = iq_options_set(&iq->options, name, value);

	return err ? take_error(iq, INQUEST_ERROR_USAGE, NULL, err) : NULL;
}

/* An input that is left out is a problem of the case, too. */
static const struct inquest_error *leave_out(struct inquest *iq,
					     struct iq_error *err)
{
	struct inquest_error *error =
		take_error(iq, INQUEST_ERROR_INPUT, NULL, err);

	return iq_vec_push(&iq->problems, error) ? error : &nomem;
}

static struct iq_error *recognise(const struct iq_source *source,
				  const struct iq_reader **ret)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	const char *legacy;

	*ret = iq_reader_for(source);
	if (*ret)
		return NULL;
	legacy = iq_pprof_legacy_name(source);
	if (legacy)
		return iq_error_new(
			IQ_ERROR_UNSUPPORTED,
			"%s is a legacy %s, which is not read; "
			"profile.proto's form is",
			iq_str_quote(iq_str_of(source->path), quoted), legacy);
	return iq_error_new(IQ_ERROR_FORMAT,
			    "%s is no core, no Go executable, no profile, no "
			    "trace and holds no goroutine dump",
			    iq_str_quote(iq_str_of(source->path), quoted));
}

static bool is_known(const struct iq_source *head)
{
	return iq_reader_for(head);
}

const struct inquest_error *inquest_add_input(struct inquest *iq,
					      const char *path)
{
	struct input input = { 0 };
	struct iq_source_options options;
	struct iq_error *err;

	if (iq->model)
		return keep_error(iq, INQUEST_ERROR_USAGE, path,
				  "the case was analysed already");
	if (iq->inputs.len >= IQ_LIMIT_INPUTS)
		return leave_out(iq, iq_error_new(IQ_ERROR_LIMIT,
						  "more than %u inputs",
						  IQ_LIMIT_INPUTS));
	options = iq->options.read.source_options;
	options.is_known = is_known;
	err = iq_source_open(path, &options, &input.source);
	if (!err)
		err = recognise(input.source, &input.reader);
	if (err) {
		iq_source_destroy(input.source);
		return leave_out(iq, err);
	}
	if (!iq_vec_push(&iq->inputs, input)) {
		iq_source_destroy(input.source);
		return &nomem;
	}
	return NULL;
}

/* The inputs that help to read a core. */
static struct iq_error *collect_executables(struct inquest *iq,
					    struct iq_read_context *context,
					    const struct iq_source ***list_ret)
{
	const struct iq_source **list =
		calloc(iq->inputs.len + 1, sizeof(*list));

	if (!list)
		return &iq_enomem;
	for (size_t i = 0; i < iq->inputs.len; i++) {
		if (iq->inputs.data[i].reader->kind == IQ_WITNESS_EXECUTABLE)
			list[context->num_executables++] =
				iq->inputs.data[i].source;
	}
	context->executables = list;
	*list_ret = list;
	return NULL;
}

/* Some readers have told it, with the place. */
static bool has_gap(const struct iq_facts *facts, struct iq_str text)
{
	for (size_t i = 0; i < facts->gaps.len; i++) {
		if (iq_str_equal(facts->gaps.data[i].text, text))
			return true;
	}
	return false;
}

/* What happened to the bytes themselves is the witness's gap, too. */
static void source_gaps(struct input *input)
{
	const char *damage = input->source->damage;
	uint64_t offset;

	if (damage && !has_gap(input->facts, iq_str_of(damage)))
		iq_facts_gap(input->facts, IQ_GAP_TRUNCATED, "%s", damage);
	input->is_lost = iq_source_first_fault(input->source, &offset);
	if (input->is_lost)
		iq_facts_gap_offset(input->facts, IQ_GAP_IO, offset,
				    "the file could not be read any more from "
				    "here on");
}

static struct iq_error *read_input(const struct iq_read_context *context,
				   struct input *input)
{
	struct iq_error *err = iq_facts_create(&input->facts);

	if (err)
		return err;
	input->facts->witness.kind = input->reader->kind;
	input->facts->witness.format = iq_str_of(input->reader->name);
	input->facts->witness.path = iq_str_of(input->source->path);
	input->facts->witness.complete = true;
	err = input->reader->read(context, input->source, input->facts);
	if (err == &iq_enomem)
		return err;
	if (err)
		iq_facts_gap_error(input->facts,
				   err->code == IQ_ERROR_UNSUPPORTED ?
					   IQ_GAP_UNSUPPORTED :
					   IQ_GAP_DAMAGED,
				   err);
	source_gaps(input);
	if (input->facts->gaps.len)
		input->facts->witness.complete = false;
	return NULL;
}

static struct iq_error *read_all(struct inquest *iq)
{
	const struct iq_source **list = NULL;
	struct iq_read_context context = iq->options.read;
	struct iq_error *err = collect_executables(iq, &context, &list);

	context.pool = iq->pool;
	for (size_t i = 0; i < iq->inputs.len && !err; i++)
		err = read_input(&context, &iq->inputs.data[i]);
	free(list);
	return err;
}

static struct iq_error *add_problems(struct inquest *iq)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < iq->problems.len && !err; i++)
		err = iq_model_add_gap(
			iq->model, IQ_GAP_MISSING,
			inquest_error_text(iq->problems.data[i]));
	return err;
}

static struct iq_error *make_case(struct inquest *iq)
{
	iq->witnesses = calloc(iq->inputs.len, sizeof(*iq->witnesses));
	if (!iq->witnesses)
		return &iq_enomem;
	for (size_t i = 0; i < iq->inputs.len; i++)
		iq->witnesses[i] = iq->inputs.data[i].facts;
	return iq_model_create(iq->witnesses, iq->inputs.len, &iq->model);
}

static struct iq_error *join(struct inquest *iq)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < iq->inputs.len && !err; i++) {
		err = iq_profile_goroutines(iq->inputs.data[i].facts);
		iq_facts_finish(iq->inputs.data[i].facts);
	}
	if (!err)
		err = iq_model_join(iq->model);
	return err ? err : add_problems(iq);
}

/* What files have lost since they were read: memory is looked at again. */
static struct iq_error *add_losses(struct inquest *iq)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < iq->inputs.len && !err; i++) {
		struct input *input = &iq->inputs.data[i];
		char quoted[IQ_STR_QUOTE_SIZE], text[2 * IQ_STR_QUOTE_SIZE];
		uint64_t at;

		if (input->is_lost ||
		    !iq_source_first_fault(input->source, &at))
			continue;
		input->is_lost = true;
		snprintf(text, sizeof(text),
			 "%s could not be read any more from byte %llu on",
			 iq_str_quote(iq_str_of(input->source->path), quoted),
			 (unsigned long long)at);
		err = iq_model_add_gap(iq->model, IQ_GAP_IO, text);
	}
	return err;
}

/* Runs the rules. */
static struct iq_error *judge(struct inquest *iq)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < iq->inputs.len && !err; i++)
		err = iq_facts_refer(iq->inputs.data[i].facts);
	if (!err)
		err = iq_liveness_run(iq->model, iq->pool);
	if (!err)
		err = iq_graph_make(iq->model);
	if (!err)
		err = add_losses(iq);
	iq->model->shapes = &iq->options.shapes;
	return err ? err : iq_detectors_run(iq->model);
}

/* Looks in the heaps for what is asked of them. */
static struct iq_error *survey(struct inquest *iq)
{
	struct iq_heap_query query = iq->options.report.heap;

	query.num_biggest = iq->options.report.limit;
	return iq_heap_survey_make(iq->model, &query);
}

/* Takes the case as far as something first asks for it. */
static struct iq_error *advance(struct inquest *iq, enum iq_stage stage)
{
	struct iq_error *err = NULL;

	// What is half done cannot be taken up again.
	if (iq->failed)
		return &iq_enomem;
	if (stage >= IQ_STAGE_JOINED && iq->stage < IQ_STAGE_JOINED) {
		iq->stage = IQ_STAGE_JOINED;
		err = join(iq);
	}
	if (!err && stage >= IQ_STAGE_JUDGED && iq->stage < IQ_STAGE_JUDGED) {
		iq->stage = IQ_STAGE_JUDGED;
		err = judge(iq);
	}
	if (!err && stage >= IQ_STAGE_COSTED && iq->stage < IQ_STAGE_COSTED) {
		iq->stage = IQ_STAGE_COSTED;
		err = iq_leak_causes_find(iq->model);
		if (!err)
			err = iq_retained_run(iq->model);
	}
	if (!err && stage >= IQ_STAGE_SURVEYED &&
	    iq->stage < IQ_STAGE_SURVEYED) {
		iq->stage = IQ_STAGE_SURVEYED;
		err = survey(iq);
	}
	iq->failed = err;
	return err;
}

const struct inquest_error *inquest_analyze(struct inquest *iq)
{
	struct iq_error *err = NULL;

	if (iq->model)
		return keep_error(iq, INQUEST_ERROR_USAGE, NULL,
				  "the case was analysed already");
	if (!iq->inputs.len)
		return keep_error(iq, INQUEST_ERROR_INPUT, NULL,
				  "no input could be read");
	if (!iq->pool)
		err = iq_pool_create(iq->options.threads, &iq->pool);
	if (!err)
		err = read_all(iq);
	if (!err)
		err = make_case(iq);
	return err ? take_error(iq, INQUEST_ERROR_INPUT, NULL, err) : NULL;
}

/* A condition may ask for what only the rules find out. */
static enum iq_stage stage_of(const struct inquest *iq,
			      const struct iq_report *report)
{
	const struct iq_report_options *options = &iq->options.report;
	bool judged = options->sort && iq_filter_is_judged(options->sort);

	for (size_t i = 0; i < options->num_conditions; i++)
		judged |= iq_filter_is_judged(options->conditions[i].filter);
	if (report->stage == IQ_STAGE_READ || report->stage > IQ_STAGE_JUDGED)
		return report->stage;
	return judged ? IQ_STAGE_JUDGED : report->stage;
}

const struct inquest_error *inquest_render(struct inquest *iq,
					   const char *command,
					   const char *format, int fd)
{
	const struct iq_report *report = iq_report_find(command, format);
	enum inquest_error_kind kind = INQUEST_ERROR_USAGE;
	struct iq_report_options options;
	struct iq_error *err;
	struct iq_out out;

	if (!report)
		return keep_error(iq, INQUEST_ERROR_USAGE, format,
				  "no such format here");
	if (!iq->model)
		return keep_error(iq, INQUEST_ERROR_USAGE, NULL,
				  "the case was not analysed");
	err = advance(iq, stage_of(iq, report));
	if (err)
		return take_error(iq, INQUEST_ERROR_INPUT, NULL, err);
	options = iq->options.report;
	options.sysroot = iq->options.read.sysroot;
	options.debug_dirs = iq->options.read.debug_dirs;
	options.num_debug_dirs = iq->options.read.num_debug_dirs;
	options.note = iq->note;
	options.note_size = sizeof(iq->note);
	iq->note[0] = '\0';
	iq_out_init(&out, fd);
	err = report->render(iq->model, &options, &out);
	if (!err) {
		kind = INQUEST_ERROR_OUTPUT;
		err = iq_out_flush(&out);
	}
	iq_out_deinit(&out);
	if (!err && iq->note[0])
		err = iq_model_add_gap(iq->model, IQ_GAP_MISSING, iq->note);
	return err ? take_error(iq, kind, NULL, err) : NULL;
}

const char *inquest_note(const struct inquest *iq)
{
	return iq->note[0] ? iq->note : NULL;
}

bool inquest_has_report(const char *command, const char *format)
{
	return iq_report_find(command, format);
}

/* A format that several commands have stands once. */
const char *inquest_report_format(size_t index)
{
	size_t num, seen = 0;
	const struct iq_report *const *list = iq_reports(&num);

	for (size_t i = 0; i < num; i++) {
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before |= !strcmp(list[j]->format, list[i]->format);
		if (!before && seen++ == index)
			return list[i]->format;
	}
	return NULL;
}

const char *inquest_verdict(struct inquest *iq)
{
	struct iq_error *err;

	if (!iq->model)
		return NULL;
	err = advance(iq, IQ_STAGE_JUDGED);
	iq_error_destroy(err);
	return err ? NULL : iq_verdict_word_name(iq->model->verdict.word);
}

size_t inquest_num_findings(struct inquest *iq)
{
	return inquest_verdict(iq) ? iq->model->num_findings : 0;
}

uint64_t inquest_num_goroutines(const struct inquest *iq)
{
	return iq->model ? iq->model->num_total : 0;
}

/* Words of a threshold that stand for a severity. */
static bool severity_word(struct iq_str word, enum iq_severity *ret)
{
	for (int s = IQ_SEVERITY_NOTE; s <= IQ_SEVERITY_ERROR; s++) {
		if (iq_str_equal(word, iq_str_of(iq_severity_name(
					       (enum iq_severity)s)))) {
			*ret = (enum iq_severity)s;
			return true;
		}
	}
	return false;
}

static bool class_word(struct iq_str word, enum iq_class *ret)
{
	for (int c = IQ_CLASS_CRASH; c <= IQ_CLASS_BLOCKED; c++) {
		if (iq_str_equal(word,
				 iq_str_of(iq_class_name((enum iq_class)c)))) {
			*ret = (enum iq_class)c;
			return true;
		}
	}
	return false;
}

static bool rule_word(const struct inquest *iq, struct iq_str word)
{
	const struct iq_shapes *own = &iq->options.shapes;

	for (size_t i = 0; inquest_rule_id(i); i++) {
		if (iq_str_equal(word, iq_str_of(inquest_rule_id(i))))
			return true;
	}
	for (size_t i = 0; i < own->list.len; i++) {
		if (iq_str_equal(word,
				 iq_str_of(own->list.data[i]->detector.id)))
			return true;
	}
	return false;
}

/* A class of rules does not count its notes: no defect is claimed there. */
static bool word_hits(const struct iq_finding *f, struct iq_str word)
{
	enum iq_severity severity;
	enum iq_class class;

	if (f->confidence == IQ_CONFIDENCE_CONTRADICTED)
		return false;
	if (severity_word(word, &severity))
		return f->severity >= severity;
	if (class_word(word, &class))
		return f->class == class && f->severity > IQ_SEVERITY_NOTE;
	return iq_str_equal(word, iq_str_of(f->rule));
}

static bool is_threshold_word(const struct inquest *iq, struct iq_str word)
{
	enum iq_severity severity;
	enum iq_class class;

	return iq_str_equal(word, IQ_STR("never")) ||
	       severity_word(word, &severity) || class_word(word, &class) ||
	       rule_word(iq, word);
}

const struct inquest_error *inquest_fails(struct inquest *iq,
					  const char *threshold, bool *ret)
{
	struct iq_str rest = iq_str_of(threshold);
	char quoted[IQ_STR_QUOTE_SIZE];
	bool fails = false;

	if (iq->model) {
		struct iq_error *err = advance(iq, IQ_STAGE_JUDGED);

		if (err)
			return take_error(iq, INQUEST_ERROR_INPUT, NULL, err);
	}
	do {
		size_t comma = iq_str_find(rest, ',');
		struct iq_str word = iq_str_trim(iq_str_sub(rest, 0, comma));

		if (!is_threshold_word(iq, word))
			return keep_error(iq, INQUEST_ERROR_USAGE,
					  iq_str_quote(word, quoted),
					  "neither a severity (error, warning, "
					  "note, never), a class (leak, "
					  "deadlock, blocked, crash) nor a "
					  "rule");
		for (size_t i = 0; iq->model && i < iq->model->num_findings;
		     i++)
			fails |= word_hits(&iq->model->findings[i], word);
		rest = iq_str_sub(rest, comma + 1, rest.len);
	} while (rest.len);
	*ret = fails;
	return NULL;
}

const char *inquest_witness(struct inquest *iq, size_t index)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	const struct iq_facts *facts;
	const struct inquest_error *line;
	char count[48] = "";
	char *text;

	if (!iq->model || index >= iq->inputs.len)
		return NULL;
	facts = iq->inputs.data[index].facts;
	if (facts->goroutines.len)
		snprintf(count, sizeof(count), ", goroutines: %zu",
			 facts->goroutines.len);
	if (asprintf(&text, "%s %s, %.*s%s, %s", facts->witness.format.ptr,
		     iq_str_quote(facts->witness.path, quoted),
		     facts->process.go_version.len ?
			     (int)facts->process.go_version.len :
			     18,
		     facts->process.go_version.len ?
			     facts->process.go_version.ptr :
			     "unknown Go version",
		     count,
		     iq->stage >= IQ_STAGE_JOINED && iq->model->foreign[index] ?
			     "not used" :
		     facts->witness.complete ? "complete" :
					       "incomplete") < 0)
		return NULL;
	// Kept with the errors, which live as long as the case, too.
	line = keep_error(iq, INQUEST_ERROR_INPUT, NULL, text);
	free(text);
	return line->text;
}

bool inquest_incomplete(const struct inquest *iq)
{
	if (iq->problems.len || (iq->model && iq->model->num_gaps))
		return true;
	for (size_t i = 0; i < iq->inputs.len; i++) {
		const struct iq_facts *facts = iq->inputs.data[i].facts;

		if (facts && !facts->witness.complete)
			return true;
	}
	return false;
}

const struct inquest_error *inquest_problem(const struct inquest *iq,
					    size_t index)
{
	return index < iq->problems.len ? iq->problems.data[index] : NULL;
}

const char *inquest_rule_id(size_t index)
{
	const struct iq_detector *d = iq_detector_at(index);

	return d ? d->id : NULL;
}

const char *inquest_rule_summary(size_t index)
{
	const struct iq_detector *d = iq_detector_at(index);

	return d ? d->summary : NULL;
}

const char *inquest_rule_class(size_t index)
{
	const struct iq_detector *d = iq_detector_at(index);

	return d ? iq_class_name(d->class) : NULL;
}

const char *inquest_rule_severity(size_t index)
{
	const struct iq_detector *d = iq_detector_at(index);

	return d ? iq_severity_name(d->severity) : NULL;
}

const char *inquest_rule_needs(size_t index)
{
	const struct iq_detector *d = iq_detector_at(index);

	return d ? d->needs_text : NULL;
}

static const struct iq_detector *own_rule(const struct inquest *iq,
					  size_t index)
{
	const struct iq_shapes *own = &iq->options.shapes;

	return index < own->list.len ? &own->list.data[index]->detector : NULL;
}

const char *inquest_own_rule_id(const struct inquest *iq, size_t index)
{
	const struct iq_detector *d = own_rule(iq, index);

	return d ? d->id : NULL;
}

const char *inquest_own_rule_summary(const struct inquest *iq, size_t index)
{
	const struct iq_detector *d = own_rule(iq, index);

	return d ? d->summary : NULL;
}

const char *inquest_own_rule_class(const struct inquest *iq, size_t index)
{
	const struct iq_detector *d = own_rule(iq, index);

	return d ? iq_class_name(d->class) : NULL;
}

const char *inquest_own_rule_severity(const struct inquest *iq, size_t index)
{
	const struct iq_detector *d = own_rule(iq, index);

	return d ? iq_severity_name(d->severity) : NULL;
}

const char *inquest_condition_key(size_t index)
{
	const char *name, *help;

	return iq_filter_key_at(index, &name, &help) ? name : NULL;
}

const char *inquest_condition_help(size_t index)
{
	const char *name, *help;

	return iq_filter_key_at(index, &name, &help) ? help : NULL;
}
