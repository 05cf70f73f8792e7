/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"
#include "inquest.h"

#define IQ_COMMAND(x) extern const struct cli_command cli_command_##x;
#include "cli/commands.def"
#undef IQ_COMMAND

static const struct cli_command *const commands[] = {
#define IQ_COMMAND(x) &cli_command_##x,
#include "cli/commands.def"
#undef IQ_COMMAND
};

const struct cli_command *cli_command_at(size_t index)
{
	return index < sizeof(commands) / sizeof(*commands) ? commands[index] :
							      NULL;
}

const struct cli_command *cli_command_find(const char *name)
{
	const struct cli_command *c;

	for (size_t i = 0; (c = cli_command_at(i)); i++) {
		if (!strcmp(c->name, name) ||
		    (c->alias && !strcmp(c->alias, name)))
			return c;
	}
	return NULL;
}

static const char *error_where;

void cli_error_where(const char *where)
{
	error_where = where;
}

void cli_error(const char *fmt, ...)
{
	va_list args;

	fputs("inquest: ", stderr);
	if (error_where)
		fprintf(stderr, "%s: ", error_where);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/*
 * A standard descriptor that is closed would be given to the next file that is
 * opened, and what is written to it would end there.
 */
static void keep_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		// Reading and writing it fail as before.
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			return;
	}
}

static int print_version(void)
{
	const char *const *feature = inquest_features();

	printf("inquest %s\nfeatures:", inquest_version());
	for (; *feature; feature++)
		printf(" %s", *feature);
	puts("");
	return CLI_OK;
}

static int run(struct cli_args *args)
{
	// "inquest -h" is about the program.
	const struct cli_command *about = args->named ? args->command : NULL;

	if (args->version)
		return print_version();
	if (args->help == CLI_HELP_SHORT)
		cli_help_short(about);
	else if (args->help == CLI_HELP_LONG)
		cli_help_long(about);
	else
		return args->command->run(args);
	return CLI_OK;
}

int main(int argc, char **argv)
{
	struct cli_args args;
	int status = CLI_TROUBLE;

	keep_standard_descriptors();
	signal(SIGPIPE, SIG_DFL);
	setlocale(LC_CTYPE, "");
	if (cli_args_parse(argc, argv, &args))
		status = run(&args);
	cli_args_deinit(&args);
	if (fflush(stdout) == EOF) {
		cli_error("cannot write: %s", strerror(errno));
		status = CLI_TROUBLE;
	}
	return status;
}
