/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/case.h"

/* A number, or the digits of a fingerprint. */
static bool is_finding(const char *word)
{
	size_t len = strlen(word);

	return (len && strspn(word, "0123456789") == len) ||
	       (len >= 8 && strspn(word, "0123456789abcdef") == len);
}

static int explain_run(struct cli_args *args)
{
	if (!args->num_words || !is_finding(args->words[0])) {
		cli_error("explain wants the number of a finding, or 8 digits "
			  "of its fingerprint, before the files");
		return CLI_TROUBLE;
	}
	if (!cli_args_set(args, "finding", cli_args_shift(args)))
		return CLI_TROUBLE;
	return cli_case_run(args, "explain");
}

const struct cli_command cli_command_explain = {
	.name = "explain",
	.arguments = "N|FINGERPRINT FILE...",
	.summary = "one finding with all that is known of it",
	.about = "What each witness says, what the goroutines wait for, who "
		 "could wake them and\nwhat shows that, the way to who keeps "
		 "them waiting, who stands behind them, the\nstack; where "
		 "nothing is proven, how what they wait for is still "
		 "reached.\nN is the number that the report of the same "
		 "files gives it; a fingerprint stays\nthe same, and 8 digits "
		 "of it are enough.\n",
	.bit = CLI_ON_EXPLAIN,
	.run = explain_run,
};
