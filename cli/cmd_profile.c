/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

static int profile_run(struct cli_args *args)
{
	return cli_case_run(args, "profile");
}

const struct cli_command cli_command_profile = {
	.name = "profile",
	.arguments = "FILE...",
	.summary = "what a pprof profile holds, or what grew over several",
	.about = "Where goroutines stand and threads waited, by place; where "
		 "memory and time\nwent, by function. Of several profiles of "
		 "one type, what changed from the first\nto the last.\n",
	.bit = CLI_ON_PROFILE,
	.run = profile_run,
};
