/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file descriptor shows: how wide, in color or not, which characters.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "cli/args.h"

struct cli_terminal {
	bool is_terminal;
	bool color;
	bool utf8;
	unsigned columns;
	unsigned rows; /* 0: unknown */
};

/* Of @fd, as the options and the environment want it. */
void cli_terminal_init(struct cli_terminal *terminal,
		       const struct cli_args *args, int fd);

#endif
