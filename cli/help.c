/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 80
#define INDENT 26

/* Words from @column on, at most @width columns, further lines indented. */
static void put_wrapped(const char *text, int column, int indent)
{
	int at = column;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (at > column && at + 1 + len > WIDTH) {
			printf("\n%*s", indent, "");
			at = column = indent;
		} else if (at > column) {
			putchar(' ');
			at++;
		}
		printf("%.*s", len, text);
		at += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void cli_help_option(const struct cli_option *o)
{
	char head[64];
	int len;

	len = snprintf(head, sizeof(head), "  %c%c%c --%s",
		       o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		       o->letter ? ',' : ' ', o->name);
	if (o->argument && o->argument[0] == '[')
		len += snprintf(head + len, sizeof(head) - (size_t)len, "[=%s",
				o->argument + 1);
	else if (o->argument)
		len += snprintf(head + len, sizeof(head) - (size_t)len, " %s",
				o->argument);
	if (len + 2 > INDENT)
		printf("%s\n%*s", head, INDENT, "");
	else
		printf("%-*s", INDENT, head);
	put_wrapped(o->help, INDENT, INDENT);
}

static void put_options(unsigned commands, unsigned not_of)
{
	const struct cli_option *o;

	for (size_t i = 0; (o = cli_option_at(i)); i++) {
		if ((o->commands & commands) && !(o->commands & not_of))
			cli_help_option(o);
	}
}

static void put_commands(void)
{
	const struct cli_command *c;

	for (size_t i = 0; (c = cli_command_at(i)); i++)
		printf("  %-12s%s\n", c->name, c->summary);
}

static void put_usage(const struct cli_command *command)
{
	if (command)
		printf("usage: inquest %s [OPTION]... %s\n", command->name,
		       command->arguments);
	else
		puts("usage: inquest [COMMAND] [OPTION]... FILE...");
}

static void short_program(void)
{
	puts("\nSays why a Go process crashed, hung or leaked, from all files "
	     "that you have:\ncore dumps, goroutine dumps, profiles, traces.\n"
	     "  inquest core.1234 ./server crash.log\n"
	     "commands:");
	put_commands();
	puts("\noptions (--help lists all):\n"
	     "  --json        for scripts          -o FILE      write to FILE\n"
	     "  --html FILE   a page as well       --all        leave nothing "
	     "out\n"
	     "  --fail-on X   exit with 1 if X is found");
}

void cli_help_short(const struct cli_command *command)
{
	put_usage(command);
	if (!command) {
		short_program();
		return;
	}
	printf("\n%s\n", command->about);
	puts("options (--help lists all):");
	if (command->bit == CLI_ON_REPORT) {
		cli_help_option(cli_option_find("json"));
		cli_help_option(cli_option_find("html"));
		cli_help_option(cli_option_find("all"));
		cli_help_option(cli_option_find("fail-on"));
	} else {
		put_options(command->bit, CLI_ON_REPORT);
	}
	cli_help_option(cli_option_find("output"));
}

static void put_rest(void)
{
	puts("\nexit status:\n"
	     "  0  the files were read and analysed\n"
	     "  1  --fail-on: there is such a finding\n"
	     "  2  wrong usage, or no file could be read, or the answer could "
	     "not be written\n"
	     "  3  --strict: a file was damaged, incomplete or unreadable\n"
	     "\nenvironment:\n"
	     "  INQUEST_OPTIONS             options before those of the command "
	     "line\n"
	     "  INQUEST_PAGER, PAGER        what shows long answers on a "
	     "terminal\n"
	     "  NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR, COLUMNS");
}

void cli_help_long(const struct cli_command *command)
{
	put_usage(command);
	if (command) {
		printf("\n%s\n", command->about);
		puts("options:");
		put_options(command->bit, 0);
	} else {
		puts("\nSays why a Go process crashed, hung or leaked, from core "
		     "dumps, goroutine\ndumps, profiles and traces: which "
		     "goroutines are leaked or blocked, where each\nis stuck, "
		     "what it waits for, since when, who made it. Works "
		     "offline; needs no\nGo and no symbols.\n\nA FILE is a "
		     "core dump, a text dump (SIGQUIT, panic, debug=2), a "
		     "pprof profile,\nan execution trace, or the executable "
		     "of a core; what it is, its content tells.\ngzip, xz and "
		     "zstd are read as they are; \"-\" is standard input.\n\n"
		     "commands (\"inquest help COMMAND\" tells more):");
		put_commands();
		puts("\noptions:");
		put_options(CLI_ON_ALL, 0);
	}
	put_rest();
}
