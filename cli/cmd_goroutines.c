/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

static int goroutines_run(struct cli_args *args)
{
	return cli_case_run(args, "goroutines");
}

const struct cli_command cli_command_goroutines = {
	.name = "goroutines",
	.alias = "grs",
	.arguments = "FILE...",
	.summary = "list the goroutines, or count them by -g KEY",
	.about =
		"A line for each goroutine: what it does or waits for, for how "
		"long at least,\nwhere, and who made it. With -g, a line for "
		"each group, the largest first.\n",
	.bit = CLI_ON_GOROUTINES,
	.run = goroutines_run,
};
