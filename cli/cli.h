/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: a table of commands and one of options, and what was asked
 * for. The program only wires; all it can do, the library can.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

struct cli_args;

/* Exit statuses. */
enum {
	CLI_OK = 0,
	CLI_FOUND = 1,	    /* --fail-on */
	CLI_TROUBLE = 2,    /* usage, no input, no output */
	CLI_INCOMPLETE = 3, /* --strict */
};

/* Commands as a set: which an option belongs to. */
enum {
	CLI_ON_REPORT = 1 << 0,
	CLI_ON_GOROUTINES = 1 << 1,
	CLI_ON_BT = 1 << 2,
	CLI_ON_RULES = 1 << 3,
	CLI_ON_HELP = 1 << 4,
	CLI_ON_PROFILE = 1 << 5,
	CLI_ON_TRACE = 1 << 6,
	CLI_ON_DOCTOR = 1 << 7,
	CLI_ON_WAITS = 1 << 8,
	CLI_ON_EXPLAIN = 1 << 9,
	CLI_ON_HEAP = 1 << 10,
	CLI_ON_CONVERT = 1 << 11,
	/* Those that open a case. */
	CLI_ON_CASE = CLI_ON_REPORT | CLI_ON_GOROUTINES | CLI_ON_BT |
		      CLI_ON_PROFILE | CLI_ON_TRACE | CLI_ON_DOCTOR |
		      CLI_ON_WAITS | CLI_ON_EXPLAIN | CLI_ON_HEAP |
		      CLI_ON_CONVERT,
	CLI_ON_ALL = CLI_ON_CASE | CLI_ON_RULES | CLI_ON_HELP,
};

struct cli_command {
	const char *name;
	/* A shorter name; NULL without one. */
	const char *alias;
	/* What follows the name: "ID|--all FILE...". */
	const char *arguments;
	/* One line: what it answers. */
	const char *summary;
	/* A few lines for --help. */
	const char *about;
	unsigned bit; /* CLI_ON_… */
	int (*run)(struct cli_args *args);
};

/* By name or alias; NULL if there is none. */
const struct cli_command *cli_command_find(const char *name);
/* By index; NULL past the last. */
const struct cli_command *cli_command_at(size_t index);

/* All about the rule of that index, for "rules ID" and "help ID". */
void cli_rule_print(size_t index);

struct cli_option {
	const char *name;
	char letter;	      /* 0: none */
	const char *argument; /* NULL: none; "[X]": may be left out */
	unsigned commands;
	/* false: the value is not understood, and cli_error() said why. */
	bool (*take)(struct cli_args *args, const struct cli_option *option,
		     const char *value);
	const char *setting;
	const char *help;
};

/* By index; NULL past the last. */
const struct cli_option *cli_option_at(size_t index);
/* By long name, with or without dashes; NULL if there is none. */
const struct cli_option *cli_option_find(const char *name);

/* Where the words stand that errors are about from now on; NULL: the command
 * line. */
void cli_error_where(const char *where);
/* "inquest: …" on standard error. */
void cli_error(const char *fmt, ...)
	__attribute__((__format__(__printf__, 1, 2)));

#endif
