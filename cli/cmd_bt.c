/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cli/case.h"

static bool is_number(const char *word)
{
	return word[0] && word[strspn(word, "0123456789")] == '\0';
}

static int bt_run(struct cli_args *args)
{
	if (args->all)
		return cli_case_run(args, "bt");
	if (!args->num_words || !is_number(args->words[0])) {
		cli_error(
			"bt wants the number of a goroutine before the files, "
			"or --all");
		return CLI_TROUBLE;
	}
	if (args->num_words > 1 && is_number(args->words[1]) &&
	    access(args->words[1], F_OK) < 0) {
		cli_error("bt takes one id, or --all");
		return CLI_TROUBLE;
	}
	if (!cli_args_set(args, "id", cli_args_shift(args)))
		return CLI_TROUBLE;
	return cli_case_run(args, "bt");
}

const struct cli_command cli_command_bt = {
	.name = "bt",
	.arguments = "ID|--all FILE...",
	.summary = "the stack of one goroutine, or all stacks",
	.about = "Frames from the innermost on, inlined calls included, with "
		 "the creator and what\nthe goroutine waits for. Frames of the "
		 "runtime at both ends are left out\nunless --runtime is "
		 "given.\n",
	.bit = CLI_ON_BT,
	.run = bt_run,
};
