/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"
#include "cli/machine.h"

static int doctor_run(struct cli_args *args)
{
	if (args->num_words || args->num_exes)
		return cli_case_run(args, "doctor");
	return cli_machine_run(args);
}

const struct cli_command cli_command_doctor = {
	.name = "doctor",
	.arguments = "[FILE...]",
	.summary = "what files can tell, what is missing, how to collect it",
	.about = "Says of each file what it is, what it can and cannot know, "
		 "what is missing and why,\nwhat conclusions lost by that, and "
		 "what to do now, to collect or to build next time.\nWithout a "
		 "file: what this machine would do with a crash now.\n",
	.bit = CLI_ON_DOCTOR,
	.run = doctor_run,
};
