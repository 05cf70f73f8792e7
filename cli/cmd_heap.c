/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "cli/case.h"

/* Hex, with or without 0x, that is no file's name. */
static bool is_address(const char *word)
{
	const char *digits = word;

	if (!strncmp(digits, "0x", 2) || !strncmp(digits, "0X", 2))
		digits += 2;
	return digits[0] && strlen(digits) <= 16 &&
	       !digits[strspn(digits, "0123456789abcdefABCDEF")] &&
	       (digits != word || access(word, F_OK) < 0);
}

static bool take_addresses(struct cli_args *args)
{
	if (!args->num_words || !is_address(args->words[0])) {
		cli_error("heap why wants addresses in hex before the files");
		return false;
	}
	while (args->num_words && is_address(args->words[0])) {
		if (!cli_args_set(args, "heap-address", cli_args_shift(args)))
			return false;
	}
	return true;
}

static bool take_type(struct cli_args *args)
{
	if (args->num_words < 2) {
		cli_error("heap who wants the name of a type before the files; "
			  "\"heap types\" lists them");
		return false;
	}
	return cli_args_set(args, "heap-type", cli_args_shift(args));
}

/* The first word, if it is one of these. */
static bool take_view(struct cli_args *args)
{
	static const char *const views[] = { "types", "retained", "why",
					     "who" };
	const char *view = NULL;

	for (size_t i = 0; args->num_words > args->num_literal && i < 4; i++) {
		if (!strcmp(args->words[0], views[i]))
			view = views[i];
	}
	if (!view)
		return true;
	cli_args_shift(args);
	if (!cli_args_set(args, "heap-view", view))
		return false;
	if (!strcmp(view, "why"))
		return take_addresses(args);
	return strcmp(view, "who") != 0 || take_type(args);
}

static int heap_run(struct cli_args *args)
{
	return take_view(args) ? cli_case_run(args, "heap") : CLI_TROUBLE;
}

const struct cli_command cli_command_heap = {
	.name = "heap",
	.arguments = "[types|retained|why ADDR...|who TYPE] FILE...",
	.summary = "what memory is used for, and what keeps it",
	.about = "The heap of a core: how much is live, leaked, garbage and "
		 "free, what types it is\nof, the biggest objects. types: all "
		 "types; retained: what leaked goroutines keep;\nwhy ADDR: the "
		 "way from a root to the object there; who TYPE: what refers "
		 "to\nobjects of a type. Contents are never shown.\n",
	.bit = CLI_ON_HEAP,
	.run = heap_run,
};
