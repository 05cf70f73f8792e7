/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/case.h"

static int report_run(struct cli_args *args)
{
	return cli_case_run(args, "report");
}

const struct cli_command cli_command_report = {
	.name = "report",
	.arguments = "FILE...",
	.summary = "verdict, findings, evidence (the default)",
	.about =
		"Reads all files as witnesses of one process and says why it "
		"crashed, hung or\nleaked: the verdict first, then the findings, "
		"the worst one in words, what is\nmissing, and where to look "
		"next. \"inquest FILE...\" is the same.\n",
	.bit = CLI_ON_REPORT,
	.run = report_run,
};
