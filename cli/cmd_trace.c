/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

static int trace_run(struct cli_args *args)
{
	return cli_case_run(args, "trace");
}

const struct cli_command cli_command_trace = {
	.name = "trace",
	.arguments = "FILE...",
	.summary = "what goroutines did in an execution trace",
	.about = "Where they blocked and for how long, how long they waited to "
		 "run, who woke whom,\nwhat the runtime did; with --blocked, "
		 "--goroutines or --tasks lists of these, with\n--of ID the "
		 "life of one goroutine. What is no trace is left out.\n",
	.bit = CLI_ON_TRACE,
	.run = trace_run,
};
