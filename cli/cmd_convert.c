/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

#include <unistd.h>

static int convert_run(struct cli_args *args)
{
	if (!args->to) {
		cli_error("say what to make: --to pprof");
		return CLI_TROUBLE;
	}
	if (!args->output && isatty(STDOUT_FILENO)) {
		cli_error("a profile is not for a terminal: say where it goes, "
			  "as -o FILE");
		return CLI_TROUBLE;
	}
	args->format = args->to;
	return cli_case_run(args, "convert");
}

const struct cli_command cli_command_convert = {
	.name = "convert",
	.arguments = "--to FORMAT -o OUT FILE...",
	.summary =
		"profiles for \"go tool pprof\", recovered from what is there",
	.about =
		"Goroutines of any witness, with labels that say in what state "
		"each is, what it\nwaits for and for how long; and the profiles "
		"of heap, mutexes and blocking that\na process keeps in its "
		"memory, which a core has.\n",
	.bit = CLI_ON_CONVERT,
	.run = convert_run,
};
