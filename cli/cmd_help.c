/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "inquest.h"

static bool help_rule(const char *subject)
{
	const char *rule;

	for (size_t i = 0; (rule = inquest_rule_id(i)); i++) {
		if (strcmp(rule, subject) != 0)
			continue;
		cli_rule_print(i);
		return true;
	}
	return false;
}

static bool help_conditions(const char *subject)
{
	const char *key;

	if (strcmp(subject, "conditions") != 0)
		return false;
	puts("KEY=VALUE  it is that        KEY!=VALUE  it is known, and another"
	     "\nKEY~REGEX  it matches        KEY!~REGEX  it is known, and does "
	     "not match\nKEY>NUMBER  it is more      KEY<NUMBER  it is less; "
	     "times as 5m, 1h30m, 250ms\nKEY  it is known\n\nkeys:");
	for (size_t i = 0; (key = inquest_condition_key(i)); i++)
		printf("  %-13s %s\n", key, inquest_condition_help(i));
	return true;
}

static const char *nearest(const char *subject)
{
	struct cli_suggestion suggestion = { .word = subject };
	const struct cli_command *command;
	const struct cli_option *option;
	const char *rule;

	for (size_t i = 0; (command = cli_command_at(i)); i++)
		cli_suggest(&suggestion, command->name);
	for (size_t i = 0; (rule = inquest_rule_id(i)); i++)
		cli_suggest(&suggestion, rule);
	for (size_t i = 0; (option = cli_option_at(i)); i++)
		cli_suggest(&suggestion, option->name);
	return suggestion.best;
}

static int help_subject(const char *subject)
{
	const struct cli_command *command = cli_command_find(subject);
	const struct cli_option *option = cli_option_find(subject);
	const char *best;

	if (command)
		cli_help_long(command);
	else if (option)
		cli_help_option(option);
	if (command || option || help_rule(subject) || help_conditions(subject))
		return CLI_OK;
	best = nearest(subject);
	if (best)
		cli_error("there is no help on \"%s\"; did you mean \"%s\"?",
			  subject, best);
	else
		cli_error("there is no help on \"%s\"; \"inquest --help\" "
			  "lists commands and options",
			  subject);
	return CLI_TROUBLE;
}

static int help_run(struct cli_args *args)
{
	int status = CLI_OK;

	if (!args->num_words)
		cli_help_long(NULL);
	for (size_t i = 0; i < args->num_words; i++) {
		if (help_subject(args->words[i]) != CLI_OK)
			status = CLI_TROUBLE;
	}
	return status;
}

const struct cli_command cli_command_help = {
	.name = "help",
	.arguments = "[SUBJECT...]",
	.summary = "about a command, an option or a rule",
	.about = "Tells all about a command, an option or a rule.\n",
	.bit = CLI_ON_HELP,
	.run = help_run,
};
