/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_COLUMNS 80
#define MIN_COLUMNS 40
#define MAX_COLUMNS 1000

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

// no-color.org and bixense.com/clicolors say what the variables mean.
static bool wants_color(const struct cli_args *args, bool is_terminal)
{
	const char *term = getenv("TERM");

	if (args->color != CLI_COLOR_AUTO)
		return args->color == CLI_COLOR_ALWAYS;
	if (is_set("NO_COLOR"))
		return false;
	if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR"))
		return true;
	return is_terminal && term && strcmp(term, "dumb") != 0;
}

static void find_size(struct cli_terminal *terminal, int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long n;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
		terminal->rows = size.ws_row;
		if (size.ws_col)
			terminal->columns = size.ws_col;
	}
	if (!columns)
		return;
	n = strtol(columns, NULL, 10);
	if (n > 0 && n <= MAX_COLUMNS)
		terminal->columns = (unsigned)n;
}

void cli_terminal_init(struct cli_terminal *terminal,
		       const struct cli_args *args, int fd)
{
	*terminal = (struct cli_terminal){
		.is_terminal = isatty(fd),
		.columns = DEFAULT_COLUMNS,
		.utf8 = !args->ascii && !strcmp(nl_langinfo(CODESET), "UTF-8"),
	};
	terminal->color = wants_color(args, terminal->is_terminal);
	if (terminal->is_terminal)
		find_size(terminal, fd);
	if (args->width)
		terminal->columns = args->width;
	if (terminal->columns < MIN_COLUMNS)
		terminal->columns = MIN_COLUMNS;
	if (terminal->columns > MAX_COLUMNS)
		terminal->columns = MAX_COLUMNS;
}
