/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/suggest.h"
#include "inquest.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool good(const struct inquest_error *error)
{
	if (error)
		cli_error("%s", inquest_error_text(error));
	return !error;
}

/* ---- settings */

/* Folders that INQUEST_DEBUG_DIRS lists, after those of the command line. */
static bool apply_debug_dirs(struct inquest *iq)
{
	const char *list = getenv("INQUEST_DEBUG_DIRS");
	char *copy, *save = NULL;
	bool fine = true;

	if (!list)
		return true;
	copy = strdup(list);
	if (!copy) {
		cli_error("out of memory");
		return false;
	}
	for (char *dir = strtok_r(copy, ":", &save); dir && fine;
	     dir = strtok_r(NULL, ":", &save))
		fine = good(inquest_set(iq, "debug-dir", dir));
	free(copy);
	return fine;
}

static bool apply_settings(struct inquest *iq, const struct cli_args *args)
{
	for (size_t i = 0; i < args->num_settings; i++) {
		if (!good(inquest_set(iq, args->settings[i].name,
				      args->settings[i].value)))
			return false;
	}
	return apply_debug_dirs(iq);
}

/* A mistake in the options is told before gigabytes are read. */
static bool check_format(const char *command, const char *format)
{
	struct cli_suggestion suggestion = { .word = format };
	const char *name;

	if (inquest_has_report(command, format))
		return true;
	for (size_t i = 0; (name = inquest_report_format(i)); i++)
		cli_suggest(&suggestion, name);
	if (suggestion.best && inquest_has_report(command, suggestion.best))
		cli_error("there is no format \"%s\"; did you mean \"%s\"?",
			  format, suggestion.best);
	else
		cli_error("there is no format \"%s\" of \"%s\"", format,
			  command);
	return false;
}

static bool check_threshold(struct inquest *iq, const struct cli_args *args)
{
	bool fails;

	return !args->fail_on || good(inquest_fails(iq, args->fail_on, &fails));
}

/* ---- inputs */

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum added { ADDED, LEFT_OUT, MISTYPED };

/* A first word that is no file may be a mistyped command. */
static bool is_mistyped(const char *path)
{
	struct cli_suggestion suggestion = { .word = path };
	const struct cli_command *command;

	for (size_t i = 0; (command = cli_command_at(i)); i++)
		cli_suggest(&suggestion, command->name);
	if (suggestion.best)
		cli_error("there is no command or file \"%s\"; did you mean "
			  "\"%s\"?",
			  path, suggestion.best);
	return suggestion.best;
}

static enum added add_input(struct inquest *iq, const struct cli_args *args,
			    const char *path, bool first)
{
	const struct inquest_error *error;

	if (strcmp(path, "-") != 0 && is_directory(path)) {
		cli_error("%s is a directory; name the files in it", path);
		return LEFT_OUT;
	}
	error = inquest_add_input(iq, path);
	if (!error)
		return ADDED;
	if (strcmp(path, "-") != 0 && access(path, F_OK) < 0 &&
	    errno == ENOENT && first && !args->num_literal && is_mistyped(path))
		return MISTYPED;
	// In the words that stand in the report, too.
	cli_error("%s", inquest_error_text(error));
	return LEFT_OUT;
}

/* Standard input can be read once. */
static bool check_stdin(const struct cli_args *args)
{
	size_t num = 0;

	for (size_t i = 0; i < args->num_words; i++)
		num += !strcmp(args->words[i], "-");
	for (size_t i = 0; i < args->num_exes; i++)
		num += !strcmp(args->exes[i], "-");
	if (num > 1)
		cli_error("\"-\", standard input, can be given only once");
	return num <= 1;
}

/* Whether one at least can be used; *@all_ret: all can. */
static bool add_inputs(struct inquest *iq, const struct cli_args *args,
		       bool *all_ret)
{
	size_t num = args->num_words + args->num_exes;
	size_t used = 0;

	if (!num) {
		cli_error("no file is given; \"inquest -h\" says how to start");
		return false;
	}
	if (!check_stdin(args))
		return false;
	for (size_t i = 0; i < args->num_exes; i++)
		used += add_input(iq, args, args->exes[i], false) == ADDED;
	for (size_t i = 0; i < args->num_words; i++) {
		bool first = i == 0 && !args->named;
		enum added added = add_input(iq, args, args->words[i], first);

		if (added == MISTYPED)
			return false;
		used += added == ADDED;
	}
	if (!used && num > 1)
		cli_error("none of the %zu files could be used", num);
	*all_ret = used == num;
	return used;
}

/* ---- outputs */

static bool write_report(struct inquest *iq, const struct cli_args *args,
			 const char *command, const char *format,
			 const char *path)
{
	const struct inquest_error *error = NULL;
	struct cli_output output;
	char width[16];

	if (!cli_output_open(&output, args, path, !strcmp(format, "text")))
		return false;
	snprintf(width, sizeof(width), "%u", output.terminal.columns);
	error = inquest_set(iq, "width", width);
	if (!error)
		error = inquest_set(iq, "color",
				    output.terminal.color ? "yes" : "no");
	if (!error)
		error = inquest_set(iq, "utf8",
				    output.terminal.utf8 ? "yes" : "no");
	if (!error)
		error = inquest_render(iq, command, format, output.fd);
	if (error && inquest_error_kind(error) == INQUEST_ERROR_OUTPUT)
		cli_error("%s%s%s", path ? path : "", path ? ": " : "",
			  inquest_error_text(error));
	else
		good(error);
	return cli_output_close(&output, !error);
}

static bool write_reports(struct inquest *iq, const struct cli_args *args,
			  const char *command)
{
	bool fine = write_report(iq, args, command, args->format, args->output);

	if (args->json)
		fine &= write_report(iq, args, command, "json", args->json);
	if (args->html)
		fine &= write_report(iq, args, command, "html", args->html);
	return fine;
}

static void tell_witnesses(struct inquest *iq, const struct cli_args *args)
{
	const char *line;

	for (size_t i = 0; args->verbose && (line = inquest_witness(iq, i));
	     i++)
		fprintf(stderr, "%s\n", line);
}

/* "100,007 goroutines, 0.2 s": the end of a run, for who watches it. */
static void tell_time(struct inquest *iq, const struct cli_args *args,
		      double seconds)
{
	uint64_t n = inquest_num_goroutines(iq);
	char digits[24], text[32];
	char *to = text;
	int len;

	if (args->quiet || (!args->verbose && !isatty(STDERR_FILENO)))
		return;
	// Not all commands look at goroutines.
	if (!n) {
		fprintf(stderr, "%.1f s\n", seconds);
		return;
	}
	len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	fprintf(stderr, "%s goroutine%s, %.1f s\n", text, n == 1 ? "" : "s",
		seconds);
}

/* What the output itself cannot say. */
static void tell_note(struct inquest *iq, const struct cli_args *args)
{
	const char *note = inquest_note(iq);

	if (note && !args->quiet)
		fprintf(stderr, "inquest: %s\n", note);
}

/* A list as JSON has no line for why it is empty; one as text has. */
static void tell_empty(struct inquest *iq, const struct cli_args *args,
		       const char *command)
{
	bool listed = !strcmp(command, "goroutines") || !strcmp(command, "bt");

	if (listed && !strcmp(args->format, "json") &&
	    !inquest_num_goroutines(iq) && inquest_incomplete(iq))
		cli_error("no goroutine could be read; \"inquest doctor\" says "
			  "why");
}

static int exit_status(struct inquest *iq, const struct cli_args *args,
		       bool all)
{
	bool fails = false;

	if (args->fail_on && !good(inquest_fails(iq, args->fail_on, &fails)))
		return CLI_TROUBLE;
	if (fails)
		return args->exit_code;
	if (args->strict && (!all || inquest_incomplete(iq)))
		return CLI_INCOMPLETE;
	return CLI_OK;
}

static int run(struct inquest *iq, struct cli_args *args, const char *command)
{
	double start = now();
	bool all = false;

	if (!apply_settings(iq, args) || !check_format(command, args->format) ||
	    !check_threshold(iq, args) || !add_inputs(iq, args, &all))
		return CLI_TROUBLE;
	if (!good(inquest_analyze(iq)))
		return CLI_TROUBLE;
	if (!write_reports(iq, args, command))
		return CLI_TROUBLE;
	tell_note(iq, args);
	tell_empty(iq, args, command);
	tell_witnesses(iq, args);
	tell_time(iq, args, now() - start);
	return exit_status(iq, args, all);
}

int cli_case_run(struct cli_args *args, const char *command)
{
	struct inquest *iq = inquest_create();
	int status;

	if (!iq) {
		cli_error("out of memory");
		return CLI_TROUBLE;
	}
	status = run(iq, args, command);
	inquest_destroy(iq);
	return status;
}
