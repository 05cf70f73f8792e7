/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/suggest.h"
#include "inquest.h"

/* Where the rules' pages are installed. */
#ifndef RULES_DIR
#define RULES_DIR "/usr/local/share/doc/inquest/rules"
#endif

void cli_rule_print(size_t index)
{
	const char *rule = inquest_rule_id(index);
	char page[512];

	printf("%s: %s\n  class     %s\n  severity  %s\n", rule,
	       inquest_rule_summary(index), inquest_rule_class(index),
	       inquest_rule_severity(index));
	if (inquest_rule_needs(index))
		printf("  not run   if: %s\n", inquest_rule_needs(index));
	snprintf(page, sizeof(page), "%s/%s.md", RULES_DIR, rule);
	// Only what is there: the program may have been copied.
	if (access(page, R_OK) == 0)
		printf("  more      %s\n", page);
	else
		printf("  more      docs/rules/%s.md of the sources\n", rule);
}

static void print_own(const struct inquest *iq, size_t index)
{
	printf("%s: %s\n  class     %s\n  severity  %s\n",
	       inquest_own_rule_id(iq, index),
	       inquest_own_rule_summary(iq, index),
	       inquest_own_rule_class(iq, index),
	       inquest_own_rule_severity(iq, index));
}

static int one_rule(const struct inquest *iq, const char *id)
{
	struct cli_suggestion suggestion = { .word = id };
	const char *rule;

	for (size_t i = 0; (rule = inquest_rule_id(i)); i++) {
		if (!strcmp(rule, id)) {
			cli_rule_print(i);
			return CLI_OK;
		}
		cli_suggest(&suggestion, rule);
	}
	for (size_t i = 0; (rule = inquest_own_rule_id(iq, i)); i++) {
		if (!strcmp(rule, id)) {
			print_own(iq, i);
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

static int wider(int width, const char *rule)
{
	int len = (int)strlen(rule);

	return len > width ? len : width;
}

static void list_rules(const struct inquest *iq)
{
	const char *rule;
	int width = 0;

	for (size_t i = 0; (rule = inquest_rule_id(i)); i++)
		width = wider(width, rule);
	for (size_t i = 0; (rule = inquest_own_rule_id(iq, i)); i++)
		width = wider(width, rule);
	for (size_t i = 0; (rule = inquest_rule_id(i)); i++)
		printf("%-*s  %s\n", width, rule, inquest_rule_summary(i));
	for (size_t i = 0; (rule = inquest_own_rule_id(iq, i)); i++)
		printf("%-*s  %s\n", width, rule,
		       inquest_own_rule_summary(iq, i));
}

static int show_rules(struct inquest *iq, const struct cli_args *args)
{
	const struct inquest_error *error = NULL;
	int status = CLI_OK;

	for (size_t i = 0; i < args->num_settings && !error; i++)
		error = inquest_set(iq, args->settings[i].name,
				    args->settings[i].value);
	if (error) {
		cli_error("%s", inquest_error_text(error));
		return CLI_TROUBLE;
	}
	for (size_t i = 0; i < args->num_words; i++) {
		if (one_rule(iq, args->words[i]) != CLI_OK)
			status = CLI_TROUBLE;
	}
	if (!args->num_words)
		list_rules(iq);
	return status;
}

static int rules_run(struct cli_args *args)
{
	struct inquest *iq = inquest_create();
	int status;

	if (!iq) {
		cli_error("out of memory");
		return CLI_TROUBLE;
	}
	status = show_rules(iq, args);
	inquest_destroy(iq);
	return status;
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
