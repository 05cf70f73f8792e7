/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"

static bool take_setting(struct cli_args *args, const struct cli_option *option,
			 const char *value)
{
	if (!strcmp(option->name, "all"))
		args->all = true;
	return cli_args_set(args, option->setting, value ? value : "yes");
}

static bool take_unique(struct cli_args *args, const struct cli_option *option,
			const char *value)
{
	args->all = true;
	return take_setting(args, option, value);
}

static bool take_by_thread(struct cli_args *args,
			   const struct cli_option *option, const char *value)
{
	args->all = true;
	return take_setting(args, option, value);
}

static bool take_output(struct cli_args *args, const struct cli_option *option,
			const char *value)
{
	(void)option;
	args->output = strcmp(value, "-") ? value : NULL;
	return true;
}

static bool take_format(struct cli_args *args, const struct cli_option *option,
			const char *value)
{
	(void)option;
	args->format = value;
	return true;
}

static bool take_json(struct cli_args *args, const struct cli_option *option,
		      const char *value)
{
	(void)option;
	if (value)
		args->json = value;
	else
		args->format = "json";
	return true;
}

static bool take_to(struct cli_args *args, const struct cli_option *option,
		    const char *value)
{
	(void)option;
	args->to = value;
	return true;
}

static bool take_dot(struct cli_args *args, const struct cli_option *option,
		     const char *value)
{
	(void)option;
	(void)value;
	args->format = "dot";
	return true;
}

static bool take_html(struct cli_args *args, const struct cli_option *option,
		      const char *value)
{
	(void)option;
	args->html = value;
	return true;
}

static bool take_exe(struct cli_args *args, const struct cli_option *option,
		     const char *value)
{
	(void)option;
	args->exes[args->num_exes++] = value;
	return true;
}

static bool take_fail_on(struct cli_args *args, const struct cli_option *option,
			 const char *value)
{
	(void)option;
	args->fail_on = value;
	return true;
}

/* A number from @low to @high. */
static bool take_number(const struct cli_option *option, const char *value,
			long low, long high, long *ret)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end || n < low || n > high) {
		cli_error("--%s wants a number from %ld to %ld, not \"%s\"%s",
			  option->name, low, high, value,
			  strcmp(option->name, "threads") == 0 ?
				  "; --by-thread shows the threads" :
				  "");
		return false;
	}
	*ret = n;
	return true;
}

/* Numbers that the library takes, refused here in the words of options. */
static bool take_count(struct cli_args *args, const struct cli_option *option,
		       const char *value)
{
	long n;

	return take_number(option, value, 0, INT32_MAX, &n) &&
	       take_setting(args, option, value);
}

static bool take_threads(struct cli_args *args, const struct cli_option *option,
			 const char *value)
{
	long n;

	return take_number(option, value, 0, 1024, &n) &&
	       take_setting(args, option, value);
}

static bool take_id(struct cli_args *args, const struct cli_option *option,
		    const char *value)
{
	if (!value[0] || value[strspn(value, "0123456789")]) {
		cli_error("--%s wants the number of a goroutine, not \"%s\"",
			  option->name, value);
		return false;
	}
	return take_setting(args, option, value);
}

/* A trace is read for it, a report of waits chooses by it. */
static bool take_of(struct cli_args *args, const struct cli_option *option,
		    const char *value)
{
	return take_id(args, option, value) && cli_args_set(args, "id", value);
}

static bool take_exit_code(struct cli_args *args,
			   const struct cli_option *option, const char *value)
{
	long n;

	if (!take_number(option, value, 0, 255, &n))
		return false;
	args->exit_code = (int)n;
	return true;
}

static bool take_width(struct cli_args *args, const struct cli_option *option,
		       const char *value)
{
	long n;

	if (!take_number(option, value, 40, 1000, &n))
		return false;
	args->width = (unsigned)n;
	return true;
}

static bool take_color(struct cli_args *args, const struct cli_option *option,
		       const char *value)
{
	if (!value || !strcmp(value, "always")) {
		args->color = CLI_COLOR_ALWAYS;
	} else if (!strcmp(value, "never")) {
		args->color = CLI_COLOR_NEVER;
	} else if (!strcmp(value, "auto")) {
		args->color = CLI_COLOR_AUTO;
	} else {
		cli_error("--%s is auto, always or never, not \"%s\"",
			  option->name, value);
		return false;
	}
	return true;
}

static bool take_strict(struct cli_args *args, const struct cli_option *option,
			const char *value)
{
	(void)option;
	(void)value;
	args->strict = true;
	return true;
}

static bool take_ascii(struct cli_args *args, const struct cli_option *option,
		       const char *value)
{
	(void)option;
	(void)value;
	args->ascii = true;
	return true;
}

static bool take_no_pager(struct cli_args *args,
			  const struct cli_option *option, const char *value)
{
	(void)option;
	(void)value;
	args->no_pager = true;
	return true;
}

static bool take_quiet(struct cli_args *args, const struct cli_option *option,
		       const char *value)
{
	(void)option;
	(void)value;
	args->quiet = true;
	return true;
}

static bool take_verbose(struct cli_args *args, const struct cli_option *option,
			 const char *value)
{
	(void)option;
	(void)value;
	args->verbose = true;
	return true;
}

static bool take_help(struct cli_args *args, const struct cli_option *option,
		      const char *value)
{
	(void)option;
	(void)value;
	// Which one of "-h" and "--help" it was, the caller knows.
	args->help = CLI_HELP_LONG;
	return true;
}

static bool take_version(struct cli_args *args, const struct cli_option *option,
			 const char *value)
{
	(void)option;
	(void)value;
	args->version = true;
	return true;
}

static const struct cli_option options[] = {
#define IQ_OPTION(n, l, a, c, f, s, h)                                         \
	{                                                                      \
		.name = (n),                                                   \
		.letter = (l),                                                 \
		.argument = (a),                                               \
		.commands = (c),                                               \
		.take = (f),                                                   \
		.setting = (s),                                                \
		.help = (h),                                                   \
	},
#include "cli/options.def"
#undef IQ_OPTION
};

const struct cli_option *cli_option_at(size_t index)
{
	return index < sizeof(options) / sizeof(*options) ? &options[index] :
							    NULL;
}

const struct cli_option *cli_option_find(const char *name)
{
	name += strspn(name, "-");
	for (size_t i = 0; cli_option_at(i); i++) {
		if (!strcmp(options[i].name, name) ||
		    (name[0] == options[i].letter && name[0] && !name[1]))
			return &options[i];
	}
	return NULL;
}
