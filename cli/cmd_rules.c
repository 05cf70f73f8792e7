/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/suggest.h"
#include "inquest.h"

static int one_rule(const char *id)
{
	struct cli_suggestion suggestion = { .word = id };
	const char *rule;

	for (size_t i = 0; (rule = inquest_rule_id(i)); i++) {
		if (!strcmp(rule, id)) {
			printf("%s: %s\n", rule, inquest_rule_summary(i));
			return CLI_OK;
		}
		cli_suggest(&suggestion, rule);
	}
	if (suggestion.best)
		cli_error("there is no rule \"%s\"; did you mean \"%s\"?", id,
			  suggestion.best);
	else
		cli_error("there is no rule \"%s\"; \"inquest rules\" lists "
			  "them",
			  id);
	return CLI_TROUBLE;
}

static int rules_run(struct cli_args *args)
{
	int width = 0;
	const char *rule;
	int status = CLI_OK;

	for (size_t i = 0; i < args->num_words; i++) {
		if (one_rule(args->words[i]) != CLI_OK)
			status = CLI_TROUBLE;
	}
	if (args->num_words)
		return status;
	for (size_t i = 0; (rule = inquest_rule_id(i)); i++) {
		int len = (int)strlen(rule);

		width = len > width ? len : width;
	}
	for (size_t i = 0; (rule = inquest_rule_id(i)); i++)
		printf("%-*s  %s\n", width, rule, inquest_rule_summary(i));
	return CLI_OK;
}

const struct cli_command cli_command_rules = {
	.name = "rules",
	.arguments = "[ID...]",
	.summary = "what is looked for, one line a rule",
	.about = "Lists the rules: what each one finds. Their ids stand in "
		 "reports and can be\ngiven to --fail-on.\n",
	.bit = CLI_ON_RULES,
	.run = rules_run,
};
