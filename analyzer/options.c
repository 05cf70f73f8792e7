/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

#define MIN_WIDTH 40
#define MAX_WIDTH 1000
#define MAX_THREADS 1024

enum option_type {
	OPTION_BOOL,
	OPTION_UNSIGNED,
	OPTION_U64,
	OPTION_TEXT,
	OPTION_FOLDER,	 /* one more of the debug folders */
	OPTION_ID,	 /* a u64 and a flag that it was set */
	OPTION_TRACE_ID, /* the same */
	OPTION_WITH,	 /* one more condition on goroutines */
	OPTION_WITHOUT,
	OPTION_SINCE, /* one on their time: ">5m", or "5m" for that */
	OPTION_RULES, /* one more file of rules */
	OPTION_SORT,  /* a key, with "-" the other way round */
	OPTION_VIEW,  /* what is asked of the heap */
	OPTION_ADDR,  /* one more address in it, in hex */
};

struct option_row {
	const char *name;
	enum option_type type;
	size_t offset;
	uint64_t min;
	uint64_t max;
};

#define ROW(n, t, member, lo, hi)                                              \
	{                                                                      \
		.name = n, .type = t,                                          \
		.offset = offsetof(struct iq_options, member), .min = lo,      \
		.max = hi,                                                     \
	}

static const struct option_row rows[] = {
	ROW("all", OPTION_BOOL, report.all, 0, 0),
	ROW("by-thread", OPTION_BOOL, report.by_thread, 0, 0),
	ROW("color", OPTION_BOOL, report.color, 0, 0),
	ROW("debug-dir", OPTION_FOLDER, read.debug_dirs, 0, 0),
	ROW("finding", OPTION_TEXT, report.finding, 0, 0),
	ROW("frames", OPTION_UNSIGNED, report.frames, 0, UINT32_MAX),
	ROW("go", OPTION_BOOL, report.go_style, 0, 0),
	ROW("group", OPTION_TEXT, report.group_by, 0, 0),
	ROW("heap-address", OPTION_ADDR, report.heap.addrs, 0, 0),
	ROW("heap-type", OPTION_TEXT, report.heap.type, 0, 0),
	ROW("heap-view", OPTION_VIEW, report.heap.view, 0, 0),
	ROW("id", OPTION_ID, report.id, 0, UINT64_MAX),
	ROW("labels", OPTION_BOOL, report.labels, 0, 0),
	ROW("limit", OPTION_U64, report.limit, 0, UINT64_MAX),
	ROW("no-file-system", OPTION_BOOL, read.no_file_system, 0, 0),
	ROW("path", OPTION_BOOL, report.path, 0, 0),
	ROW("per-goroutine", OPTION_BOOL, report.per_goroutine, 0, 0),
	ROW("profile", OPTION_TEXT, report.profile, 0, 0),
	ROW("rules", OPTION_RULES, shapes, 0, 0),
	ROW("runtime", OPTION_BOOL, report.runtime_frames, 0, 0),
	ROW("sample-index", OPTION_TEXT, report.sample_index, 0, 0),
	ROW("show-values", OPTION_BOOL, report.show_values, 0, 0),
	ROW("since", OPTION_SINCE, report.conditions, 0, 0),
	ROW("sort", OPTION_SORT, report.sort, 0, 0),
	ROW("spool-dir", OPTION_TEXT, read.source_options.spool_dir, 0, 0),
	ROW("spool-limit", OPTION_U64, read.source_options.spool_limit, 0,
	    UINT64_MAX),
	ROW("stacks", OPTION_BOOL, report.stacks, 0, 0),
	ROW("sysroot", OPTION_TEXT, read.sysroot, 0, 0),
	ROW("threads", OPTION_UNSIGNED, threads, 0, MAX_THREADS),
	ROW("top", OPTION_BOOL, report.top, 0, 0),
	ROW("trace-blocked", OPTION_BOOL, report.trace_blocked, 0, 0),
	ROW("trace-goroutines", OPTION_BOOL, report.trace_goroutines, 0, 0),
	ROW("trace-of", OPTION_TRACE_ID, read.trace_of, 0, UINT64_MAX),
	ROW("trace-tasks", OPTION_BOOL, report.trace_tasks, 0, 0),
	ROW("unique", OPTION_BOOL, report.unique, 0, 0),
	ROW("utf8", OPTION_BOOL, report.utf8, 0, 0),
	ROW("width", OPTION_UNSIGNED, report.width, MIN_WIDTH, MAX_WIDTH),
	ROW("with", OPTION_WITH, report.conditions, 0, 0),
	ROW("without", OPTION_WITHOUT, report.conditions, 0, 0),
};

void iq_options_init(struct iq_options *options)
{
	*options = (struct iq_options){ .report = { .width = 80 } };
	iq_arena_init(&options->arena);
	iq_shapes_init(&options->shapes);
}

void iq_options_deinit(struct iq_options *options)
{
	for (size_t i = 0; i < options->filters.len; i++)
		iq_filter_destroy(options->filters.data[i]);
	iq_vec_deinit(&options->filters);
	iq_shapes_deinit(&options->shapes);
	iq_arena_deinit(&options->arena);
}

static struct iq_error *parse_bool(const struct option_row *row,
				   const char *value, bool *ret)
{
	if (!strcmp(value, "yes") || !strcmp(value, "true") ||
	    !strcmp(value, "1"))
		*ret = true;
	else if (!strcmp(value, "no") || !strcmp(value, "false") ||
		 !strcmp(value, "0"))
		*ret = false;
	else
		return iq_error_new(IQ_ERROR_USAGE,
				    "%s wants yes or no, not \"%s\"", row->name,
				    value);
	return NULL;
}

static struct iq_error *parse_number(const struct option_row *row,
				     const char *value, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-')
		return iq_error_new(IQ_ERROR_USAGE,
				    "%s wants a number, not \"%s\"", row->name,
				    value);
	if (v < row->min || v > row->max)
		return iq_error_new(IQ_ERROR_USAGE,
				    "%s wants a number from %llu to %llu, not "
				    "%llu",
				    row->name, (unsigned long long)row->min,
				    (unsigned long long)row->max, v);
	*ret = v;
	return NULL;
}

static struct iq_error *copy_text(struct iq_arena *arena, const char *value,
				  const char **ret)
{
	size_t len = strlen(value) + 1;
	char *copy = iq_arena_alloc(arena, len);

	if (!copy)
		return &iq_enomem;
	memcpy(copy, value, len);
	*ret = copy;
	return NULL;
}

/* The list is made anew each time: it is short, and the arena keeps it. */
static struct iq_error *add_folder(struct iq_options *options,
				   const char *value)
{
	struct iq_read_context *read = &options->read;
	size_t num = read->num_debug_dirs;
	struct iq_error *err;
	const char **list;

	if (num >= IQ_LIMIT_DEBUG_DIRS)
		return iq_error_new(IQ_ERROR_USAGE,
				    "more than %d folders of debug files",
				    IQ_LIMIT_DEBUG_DIRS);
	list = iq_arena_calloc(&options->arena, num + 1, sizeof(*list));
	if (!list)
		return &iq_enomem;
	if (num)
		memcpy(list, read->debug_dirs, num * sizeof(*list));
	err = copy_text(&options->arena, value, &list[num]);
	if (err)
		return err;
	read->debug_dirs = list;
	read->num_debug_dirs = num + 1;
	return NULL;
}

/* Parses what the options then own. */
static struct iq_error *keep_filter(struct iq_options *options,
				    const char *text,
				    const struct iq_filter **ret)
{
	struct iq_filter *filter;
	struct iq_error *err = iq_filter_parse(text, &filter);

	if (err)
		return err;
	if (!iq_vec_push(&options->filters, filter)) {
		iq_filter_destroy(filter);
		return &iq_enomem;
	}
	*ret = filter;
	return NULL;
}

static struct iq_error *add_condition(struct iq_options *options,
				      const char *text, bool without)
{
	struct iq_report_options *report = &options->report;
	size_t num = report->num_conditions;
	struct iq_condition *list;
	struct iq_error *err;

	if (num >= IQ_LIMIT_CONDITIONS)
		return iq_error_new(IQ_ERROR_USAGE, "more than %d conditions",
				    IQ_LIMIT_CONDITIONS);
	list = iq_arena_calloc(&options->arena, num + 1, sizeof(*list));
	if (!list)
		return &iq_enomem;
	if (num)
		memcpy(list, report->conditions, num * sizeof(*list));
	list[num].without = without;
	err = keep_filter(options, text, &list[num].filter);
	if (err)
		return err;
	report->conditions = list;
	report->num_conditions = num + 1;
	return NULL;
}

static struct iq_error *add_since(struct iq_options *options, const char *value)
{
	const char *op = strchr("<>=", value[0]) && value[0] ? "" : ">";
	struct iq_error *err;
	char *text;

	if (asprintf(&text, "since%s%s", op, value) < 0)
		return &iq_enomem;
	err = add_condition(options, text, false);
	free(text);
	return err;
}

/* What people write is short: a file that is larger is another one. */
static struct iq_error *read_rules(int fd, char *buf, size_t *len_ret)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, buf + len, IQ_LIMIT_RULES_FILE + 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return iq_error_new(IQ_ERROR_USAGE, "%s", strerror(errno));
	if (len > IQ_LIMIT_RULES_FILE)
		return iq_error_new(IQ_ERROR_USAGE,
				    "larger than %u bytes: no file of rules",
				    IQ_LIMIT_RULES_FILE);
	*len_ret = len;
	return NULL;
}

static struct iq_error *add_rules(struct iq_options *options, const char *path)
{
	iq_cleanup(iq_freep) void *buf = malloc(IQ_LIMIT_RULES_FILE + 1);
	iq_cleanup(iq_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct iq_error *err;
	size_t len = 0;

	if (!buf)
		return &iq_enomem;
	if (fd < 0)
		return iq_error_new(IQ_ERROR_USAGE, "%s: %s", path,
				    strerror(errno));
	err = read_rules(fd, buf, &len);
	if (err)
		return iq_error_within(err, "%s", path);
	return iq_shapes_parse_text(&options->shapes, path,
				    (struct iq_str){ buf, len });
}

static struct iq_error *set_sort(struct iq_options *options, const char *value)
{
	const struct iq_filter *filter = NULL;
	bool descending = value[0] == '-';
	struct iq_error *err =
		keep_filter(options, value + descending, &filter);

	if (err)
		return err;
	if (!iq_filter_is_bare(filter))
		return iq_error_new(IQ_ERROR_USAGE,
				    "sort wants a key as id, since or site, "
				    "not \"%s\"",
				    value);
	options->report.sort = filter;
	options->report.descending = descending;
	return NULL;
}

static struct iq_error *set_view(const struct option_row *row,
				 const char *value, enum iq_heap_view *ret)
{
	static const char *const names[] = {
		[IQ_HEAP_TOTALS] = "totals",	 [IQ_HEAP_TYPES] = "types",
		[IQ_HEAP_RETAINED] = "retained", [IQ_HEAP_WHY] = "why",
		[IQ_HEAP_WHO] = "who",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		*ret = (enum iq_heap_view)i;
		return NULL;
	}
	return iq_error_new(IQ_ERROR_USAGE,
			    "%s wants totals, types, retained, why or who, not "
			    "\"%s\"",
			    row->name, value);
}

static struct iq_error *parse_address(const struct option_row *row,
				      const char *value, uint64_t *ret)
{
	const char *digits = value;

	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
		digits += 2;
	if (!digits[0] || strlen(digits) > 16 ||
	    digits[strspn(digits, "0123456789abcdefABCDEF")])
		return iq_error_new(IQ_ERROR_USAGE,
				    "%s wants an address in hex, not \"%s\"",
				    row->name, value);
	*ret = strtoull(digits, NULL, 16);
	return NULL;
}

/* The list is made anew each time, as that of the folders. */
static struct iq_error *add_address(struct iq_options *options,
				    const struct option_row *row,
				    const char *value)
{
	struct iq_heap_query *query = &options->report.heap;
	size_t num = query->num_addrs;
	struct iq_error *err;
	uint64_t *list;

	if (num >= IQ_LIMIT_HEAP_ADDRESSES)
		return iq_error_new(IQ_ERROR_USAGE, "more than %d addresses",
				    IQ_LIMIT_HEAP_ADDRESSES);
	list = iq_arena_calloc(&options->arena, num + 1, sizeof(*list));
	if (!list)
		return &iq_enomem;
	if (num)
		memcpy(list, query->addrs, num * sizeof(*list));
	err = parse_address(row, value, &list[num]);
	if (err)
		return err;
	query->addrs = list;
	query->num_addrs = num + 1;
	return NULL;
}

static struct iq_error *set_row(struct iq_options *options,
				const struct option_row *row, const char *value)
{
	void *at = (char *)options + row->offset;
	struct iq_error *err;
	uint64_t number = 0;

	switch (row->type) {
	case OPTION_BOOL:
		return parse_bool(row, value, at);
	case OPTION_TEXT:
		return copy_text(&options->arena, value, at);
	case OPTION_FOLDER:
		return add_folder(options, value);
	case OPTION_WITH:
		return add_condition(options, value, false);
	case OPTION_WITHOUT:
		return add_condition(options, value, true);
	case OPTION_SINCE:
		return add_since(options, value);
	case OPTION_RULES:
		return add_rules(options, value);
	case OPTION_SORT:
		return set_sort(options, value);
	case OPTION_VIEW:
		return set_view(row, value, at);
	case OPTION_ADDR:
		return add_address(options, row, value);
	default:
		err = parse_number(row, value, &number);
	}
	if (err)
		return err;
	if (row->type == OPTION_UNSIGNED)
		*(unsigned *)at = (unsigned)number;
	else
		*(uint64_t *)at = number;
	if (row->type == OPTION_ID)
		options->report.has_id = true;
	if (row->type == OPTION_TRACE_ID)
		options->read.has_trace_of = true;
	return NULL;
}

struct iq_error *iq_options_set(struct iq_options *options, const char *name,
				const char *value)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return set_row(options, &rows[i], value);
	}
	return iq_error_new(IQ_ERROR_USAGE, "no option is called \"%s\"", name);
}
