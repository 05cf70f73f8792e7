/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/case.h"

static bool is_set(const struct cli_args *args, const char *name)
{
	for (size_t i = 0; i < args->num_settings; i++) {
		if (strcmp(args->settings[i].name, name) == 0)
			return true;
	}
	return false;
}

static int waits_run(struct cli_args *args)
{
	if (is_set(args, "path") && !is_set(args, "id")) {
		cli_error("--path of waits wants the goroutine: --of ID; "
			  "\"inquest heap why\" wants an address");
		return CLI_TROUBLE;
	}
	return cli_case_run(args, "waits");
}

const struct cli_command cli_command_waits = {
	.name = "waits",
	.arguments = "FILE...",
	.summary = "who waits for what, and who could wake them",
	.about =
		"Goroutines that wait for each other in a circle first, then "
		"those that keep\nothers waiting, then all that is waited for "
		"with who waits and who could end it.\nGo's locks and channels "
		"record no owner: who is named is named with what shows\nit.\n",
	.bit = CLI_ON_WAITS,
	.run = waits_run,
};
