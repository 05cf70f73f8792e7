/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line asks for.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "cli/cli.h"

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };
enum cli_help { CLI_HELP_NO, CLI_HELP_SHORT, CLI_HELP_LONG };

/* Texts are those of argv and of the environment. */
struct cli_args {
	const struct cli_command *command;
	/* Options of the library: name and value, in order. */
	struct cli_setting {
		const char *name;
		const char *value;
	} * settings;
	size_t num_settings;
	/* What is no option, after the command. */
	const char **words;
	size_t num_words;
	/* INQUEST_OPTIONS, which others point into. */
	char *environment;
	/* Those of the words that stand after "--". */
	size_t num_literal;
	const char *format; /* of the main output */
	const char *to;	    /* convert: the same; NULL: not said */
	const char *output; /* NULL: standard output */
	const char *json;   /* a second output; NULL: none */
	const char *html;   /* the same as a page */
	const char **exes;  /* as --exe gives them, in order */
	size_t num_exes;
	const char *fail_on;
	int exit_code;
	unsigned width; /* 0: find out */
	enum cli_color color;
	enum cli_help help;
	bool named; /* the command was named */
	bool all, ascii, no_pager, strict, quiet, verbose, version;
};

/*
 * Reads INQUEST_OPTIONS and argv. False if it is wrong, and cli_error() said
 * why; cli_args_deinit() either way.
 */
bool cli_args_parse(int argc, char **argv, struct cli_args *args);
void cli_args_deinit(struct cli_args *args);
/* Adds a setting; false without memory. */
bool cli_args_set(struct cli_args *args, const char *name, const char *value);
/* Takes the first word away. */
const char *cli_args_shift(struct cli_args *args);

#endif
