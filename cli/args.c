/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suggest.h"

/* Long options have no letter: the index in the table, from here on. */
#define LONG_BASE 256
#define MAX_OPTIONS 64

/* What getopt_long() wants of the tables, and the arguments it works on. */
struct parser {
	struct cli_args *args;
	char **argv;
	int argc;
	/* argv[1] … are of the environment, so many. */
	int num_environment;
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 4];
	/* Options that were seen: index in the table. */
	bool seen[MAX_OPTIONS];
	/* No command before a "--". */
	bool literal;
};

bool cli_args_set(struct cli_args *args, const char *name, const char *value)
{
	struct cli_setting *settings = reallocarray(
		args->settings, args->num_settings + 1, sizeof(*settings));

	if (!settings) {
		cli_error("out of memory");
		return false;
	}
	args->settings = settings;
	settings[args->num_settings].name = name;
	settings[args->num_settings++].value = value;
	return true;
}

void cli_args_deinit(struct cli_args *args)
{
	free(args->settings);
	free(args->words);
	free(args->exes);
	free(args->environment);
	args->environment = NULL;
	args->settings = NULL;
	args->words = NULL;
	args->exes = NULL;
}

const char *cli_args_shift(struct cli_args *args)
{
	const char *word = args->words[0];

	args->num_words--;
	memmove(args->words, args->words + 1,
		args->num_words * sizeof(*args->words));
	return word;
}

/* ---- the arguments, those of the environment first */

static size_t count_words(const char *text)
{
	size_t num = 0;

	for (text += strspn(text, " \t\n"); *text;
	     text += strspn(text, " \t\n")) {
		text += strcspn(text, " \t\n");
		num++;
	}
	return num;
}

static bool parser_arguments(struct parser *p, int argc, char **argv)
{
	const char *environment = getenv("INQUEST_OPTIONS");
	char *save = NULL;
	size_t extra;

	p->args->environment = strdup(environment ? environment : "");
	if (!p->args->environment)
		return false;
	extra = count_words(p->args->environment);
	p->argv = calloc((size_t)argc + extra + 1, sizeof(*p->argv));
	if (!p->argv)
		return false;
	p->argv[p->argc++] = argc ? argv[0] : p->args->environment;
	for (char *word = strtok_r(p->args->environment, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save))
		p->argv[p->argc++] = word;
	p->num_environment = p->argc - 1;
	for (int i = 1; i < argc; i++)
		p->argv[p->argc++] = argv[i];
	p->args->words = calloc((size_t)p->argc + 1, sizeof(*p->args->words));
	p->args->exes = calloc((size_t)p->argc + 1, sizeof(*p->args->exes));
	return p->args->words && p->args->exes;
}

static void parser_tables(struct parser *p)
{
	const struct cli_option *o;
	char *shorts = p->shorts;

	// Words in their order; a missing argument is told from a wrong name.
	*shorts++ = '-';
	*shorts++ = ':';
	for (size_t i = 0; (o = cli_option_at(i)) && i < MAX_OPTIONS; i++) {
		bool optional = o->argument && o->argument[0] == '[';

		p->longs[i].name = o->name;
		p->longs[i].has_arg = optional	  ? optional_argument :
				      o->argument ? required_argument :
						    no_argument;
		p->longs[i].val = LONG_BASE + (int)i;
		if (!o->letter)
			continue;
		*shorts++ = o->letter;
		if (o->argument && !optional)
			*shorts++ = ':';
	}
	*shorts = '\0';
}

/* ---- what is wrong with one */

static void unknown_option(const char *text)
{
	char name[64];
	size_t len = strcspn(text + strspn(text, "-"), "=");
	struct cli_suggestion suggestion = { .word = name };
	const struct cli_option *o;

	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, text + strspn(text, "-"), len);
	name[len] = '\0';
	for (size_t i = 0; (o = cli_option_at(i)); i++)
		cli_suggest(&suggestion, o->name);
	if (suggestion.best)
		cli_error("there is no option --%s; did you mean --%s?", name,
			  suggestion.best);
	else
		cli_error("there is no option --%s; \"inquest --help\" lists "
			  "them all",
			  name);
}

static void wrong_option(const struct parser *p, int c)
{
	const struct cli_option *o;

	if (c == ':' || optopt >= LONG_BASE) {
		char letter[2] = { (char)optopt, '\0' };

		o = optopt >= LONG_BASE ?
			    cli_option_at((size_t)(optopt - LONG_BASE)) :
			    cli_option_find(letter);
		if (o && c == ':')
			cli_error("--%s wants an argument: %s", o->name,
				  o->argument);
		else if (o)
			cli_error("--%s takes no argument", o->name);
	} else if (optopt) {
		cli_error("there is no option -%c; \"inquest --help\" lists "
			  "them all",
			  optopt);
	} else {
		unknown_option(p->argv[optind - 1]);
	}
}

/* ---- words and options */

static void take_word(struct parser *p, const char *word)
{
	struct cli_args *args = p->args;

	if (!args->command && !args->num_words && !p->literal) {
		args->command = cli_command_find(word);
		if (args->command)
			return;
	}
	args->words[args->num_words++] = word;
}

static bool take_option(struct parser *p, int c)
{
	const struct cli_option *o;
	char letter[2] = { (char)c, '\0' };

	o = c >= LONG_BASE ? cli_option_at((size_t)(c - LONG_BASE)) :
			     cli_option_find(letter);
	if (!o) {
		wrong_option(p, c);
		return false;
	}
	for (size_t i = 0; i < MAX_OPTIONS; i++)
		p->seen[i] |= cli_option_at(i) == o;
	if (!o->take(p->args, o, optarg))
		return false;
	if (c == 'h')
		p->args->help = CLI_HELP_SHORT;
	return true;
}

static bool parse_all(struct parser *p)
{
	int c, at = 1;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(p->argc, p->argv, p->shorts, p->longs, NULL)) !=
	       -1) {
		cli_error_where(at <= p->num_environment ? "INQUEST_OPTIONS" :
							   NULL);
		at = optind;
		if (c == 1) {
			take_word(p, optarg);
			// "help --fail-on" asks about the option.
			if (p->args->command &&
			    p->args->command->bit == CLI_ON_HELP)
				break;
		} else if (c == '?' || c == ':') {
			wrong_option(p, c);
			return false;
		} else if (!take_option(p, c)) {
			return false;
		}
	}
	cli_error_where(NULL);
	p->literal = true;
	for (; optind < p->argc; optind++) {
		take_word(p, p->argv[optind]);
		p->args->num_literal++;
	}
	return true;
}

/* Options that the command does not know; those of the environment may be
 * meant for another one. */
static bool check_options(const struct parser *p)
{
	const struct cli_command *command = p->args->command;
	const struct cli_option *o;

	for (size_t i = 0; (o = cli_option_at(i)); i++) {
		const struct cli_command *other;
		size_t j = 0;

		if (!p->seen[i] || (o->commands & command->bit))
			continue;
		while ((other = cli_command_at(j)) &&
		       !(other->bit & o->commands))
			j++;
		cli_error("--%s is no option of \"%s\" but of \"%s\"", o->name,
			  command->name, other ? other->name : "none");
		return false;
	}
	return true;
}

bool cli_args_parse(int argc, char **argv, struct cli_args *args)
{
	struct parser p = { .args = args };
	bool good;

	*args = (struct cli_args){ .exit_code = CLI_FOUND, .format = "text" };
	good = parser_arguments(&p, argc, argv);
	if (!good)
		cli_error("out of memory");
	parser_tables(&p);
	good = good && parse_all(&p);
	args->named = args->command;
	if (!args->command)
		args->command = cli_command_at(0);
	good = good && (args->help || args->version || check_options(&p));
	free(p.argv);
	return good;
}
