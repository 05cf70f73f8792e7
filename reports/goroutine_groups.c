/* SPDX-License-Identifier: Apache-2.0 */
/* "goroutines -g KEY": the largest groups first. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "reports/goroutine_line.h"
#include "reports/goroutine_select.h"
#include "reports/record.h"
#include "reports/words.h"

#define MAX_STATE 20
#define CREATOR_WIDTH 100
/* Times and states go where a site has less. */
#define SITE_MIN 12

enum key_kind {
	KEY_SITE,
	KEY_FUNC,
	KEY_CREATOR,
	KEY_STATUS,
	KEY_REASON,
	KEY_STACK,
	KEY_LABEL,
	KEY_VALUE, /* any other of model/filter_keys.def */
};

/* A piece of one goroutine that the others of its group may not share. */
enum shared { SHARED_NONE, SHARED_ONE, SHARED_SEVERAL };

struct group {
	UT_hash_handle hh;
	struct iq_str key;
	const struct iq_goroutine *first;
	const struct iq_goroutine *last; /* that joined */
	uint64_t count;
	uint64_t system;
	/* Of the members' states, sites and creators. */
	enum shared state, site, creator;
	bool has_wait_min;
	bool wait_unknown; /* of some member */
	int64_t wait_min_ns;
	/* The largest, if all have one. */
	bool max_unknown;
	int64_t wait_max_ns;
};

struct groups {
	const struct iq_model *model;
	const struct iq_report_options *options;
	struct iq_term *term;
	enum key_kind kind;
	struct iq_str label;
	struct iq_filter *value; /* of KEY_VALUE */
	struct group *table;
	struct iq_selection selection;
	struct iq_out key;
	bool failed;
	/* Columns of the table. */
	unsigned count_width, key_width, state_width, since_width;
	struct iq_term_columns columns;
};

static const struct {
	const char *name;
	enum key_kind kind;
} key_names[] = {
	{ "creator", KEY_CREATOR }, { "func", KEY_FUNC },
	{ "reason", KEY_REASON },   { "site", KEY_SITE },
	{ "stack", KEY_STACK },	    { "status", KEY_STATUS },
};

/* What else goroutines can be asked for: a peer, an object, a fd. */
static struct iq_error *parse_value(struct groups *groups)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_error *err =
		iq_filter_parse(groups->options->group_by, &groups->value);

	if (err == &iq_enomem)
		return err;
	groups->kind = KEY_VALUE;
	if (!err && iq_filter_is_bare(groups->value) &&
	    !iq_filter_is_judged(groups->value))
		return NULL;
	iq_error_destroy(err);
	iq_filter_destroy(groups->value);
	groups->value = NULL;
	return iq_error_new(
		IQ_ERROR_USAGE,
		"cannot group by %s, only by site, func, creator, "
		"status, reason, stack, label.KEY, peer, object or "
		"another key of conditions that needs no rules to run "
		"(not behind, cycle or finding)",
		iq_str_quote(iq_str_of(groups->options->group_by), quoted));
}

static struct iq_error *parse_key(struct groups *groups)
{
	struct iq_str by = iq_str_of(groups->options->group_by);

	if (iq_str_starts(by, IQ_STR("label.")) && by.len > 6) {
		groups->kind = KEY_LABEL;
		groups->label = iq_str_sub(by, 6, by.len);
		return NULL;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(key_names); i++) {
		if (!iq_str_equal(by, iq_str_of(key_names[i].name)))
			continue;
		groups->kind = key_names[i].kind;
		return NULL;
	}

	return parse_value(groups);
}

/* ---- the key of one goroutine */

static void key_frame(struct iq_out *key, const struct iq_frame *frame,
		      bool line)
{
	if (!frame)
		return;
	iq_out_str(key, frame->function);
	// What nothing names is told apart by its address.
	if (!frame->function.len && frame->has_pc)
		iq_out_hex(key, frame->pc);
	if (!line)
		return;
	iq_out_char(key, '\n');
	iq_out_str(key, frame->file);
	iq_out_char(key, '\n');
	iq_out_u64(key, frame->line);
}

static void key_label(struct groups *groups, const struct iq_labels *labels)
{
	for (size_t i = 0; labels && i < labels->num; i++) {
		if (!iq_str_equal(labels->items[i].key, groups->label))
			continue;
		// Tells an empty value from none.
		iq_out_char(&groups->key, '=');
		iq_out_str(&groups->key, labels->items[i].value);
	}
}

static void make_key(struct groups *groups, const struct iq_goroutine *g)
{
	struct iq_out *key = &groups->key;
	const struct iq_signature *sig;
	const char *status;

	key->len = 0;
	switch (groups->kind) {
	case KEY_SITE:
	case KEY_FUNC:
		key_frame(key, iq_line_site(groups->model, g),
			  groups->kind == KEY_SITE);
		break;
	case KEY_CREATOR:
		key_frame(key, g->fact->created_by, true);
		break;
	case KEY_STATUS:
		status = iq_record_status(g->fact);
		iq_out_cstr(key, status ? status : "unknown");
		break;
	case KEY_REASON:
		iq_out_str(key, g->fact->wait_reason);
		break;
	case KEY_STACK:
		sig = iq_model_signature(groups->model, g->witness,
					 g->fact->stack);
		iq_out_hex(key, sig ? sig->strong : 0);
		break;
	case KEY_LABEL:
		key_label(groups, g->fact->labels);
		break;
	case KEY_VALUE:
		break;
	}
}

/* ---- the groups */

static bool same_frame(const struct iq_frame *a, const struct iq_frame *b)
{
	if (a == b || !a || !b)
		return a == b;
	return a->line == b->line && iq_str_equal(a->function, b->function) &&
	       iq_str_equal(a->file, b->file) &&
	       (a->function.len || a->pc == b->pc);
}

static enum shared share(enum shared before, bool same)
{
	return before == SHARED_ONE && same ? SHARED_ONE : SHARED_SEVERAL;
}

static void group_join(struct groups *groups, struct group *group,
		       const struct iq_goroutine *g)
{
	const struct iq_goroutine *first = group->first;

	group->count += g->count;
	group->last = g;
	if (!g->has_wait_max)
		group->max_unknown = true;
	else if (g->wait_max_ns > group->wait_max_ns)
		group->wait_max_ns = g->wait_max_ns;
	if (g->system)
		group->system += g->count;
	if (!g->has_wait_min)
		group->wait_unknown = true;
	else if (!group->has_wait_min || g->wait_min_ns < group->wait_min_ns)
		group->wait_min_ns = g->wait_min_ns;
	group->has_wait_min |= g->has_wait_min;
	if (g == first) {
		group->state = group->site = group->creator = SHARED_ONE;
		return;
	}
	group->state =
		share(group->state,
		      iq_str_equal(iq_line_state(first->fact, first->class),
				   iq_line_state(g->fact, g->class)));
	if (first->fact->stack != g->fact->stack)
		group->site =
			share(group->site,
			      same_frame(iq_line_site(groups->model, first),
					 iq_line_site(groups->model, g)));
	group->creator =
		share(group->creator,
		      same_frame(first->fact->created_by, g->fact->created_by));
}

/* @g counts in the group of @key, once however often it is said. */
static bool add_to(struct groups *groups, const struct iq_goroutine *g,
		   struct iq_str key)
{
	bool iq_map_failed = false;
	struct group *group;

	if (!key.ptr)
		key.ptr = "";
	HASH_FIND(hh, groups->table, key.ptr, key.len, group);
	if (!group) {
		group = iq_arena_calloc(&groups->term->arena, 1,
					sizeof(*group));
		if (!group ||
		    !iq_str_dup(&groups->term->arena, key, &group->key))
			return false;
		group->first = g;
		HASH_ADD_KEYPTR(hh, groups->table, group->key.ptr,
				group->key.len, group);
	}
	if (group->last != g)
		group_join(groups, group, g);
	return !iq_map_failed;
}

struct values {
	struct groups *groups;
	const struct iq_goroutine *g;
	unsigned num;
};

static void add_value(void *ctx, struct iq_str text)
{
	struct values *values = ctx;

	values->groups->failed |= !add_to(values->groups, values->g, text);
	values->num++;
}

/* Each of several values has its group: those of a select, of a stack. */
static bool add_values(struct groups *groups, const struct iq_goroutine *g)
{
	struct values values = { .groups = groups, .g = g };

	iq_filter_each(groups->value, groups->model,
		       (size_t)(g - groups->model->goroutines), add_value,
		       &values);
	if (!values.num)
		add_value(&values, IQ_STR(""));
	return !groups->failed;
}

static bool groups_add(struct groups *groups, const struct iq_goroutine *g)
{
	if (groups->kind == KEY_VALUE)
		return add_values(groups, g);
	make_key(groups, g);
	return !groups->key.err &&
	       add_to(groups, g,
		      (struct iq_str){ groups->key.buf, groups->key.len });
}

static int group_order(const struct group *a, const struct group *b)
{
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return iq_str_compare(a->key, b->key);
}

/* ---- the table */

/* What a key may take of the line: a creator is a site, too. */
static unsigned key_max(const struct groups *groups)
{
	unsigned width = groups->term->width;

	return groups->kind == KEY_CREATOR ? width * 2 / 5 : width / 3;
}

static struct iq_str key_cell(struct groups *groups, const struct group *group)
{
	struct iq_term *term = groups->term;

	switch (groups->kind) {
	case KEY_CREATOR:
		if (!group->first->fact->created_by)
			return IQ_STR("(unknown)");
		return iq_term_site(term, group->first->fact->created_by,
				    key_max(groups));
	case KEY_LABEL:
		if (!group->key.len)
			return IQ_STR("(no such label)");
		return iq_term_clean(term,
				     iq_str_sub(group->key, 1, group->key.len));
	case KEY_STATUS:
	case KEY_REASON:
	case KEY_VALUE:
		if (!group->key.len)
			return IQ_STR("(none)");
		return iq_term_clean(term, group->key);
	default:
		return IQ_STR("");
	}
}

static struct iq_str state_cell(struct groups *groups,
				const struct group *group)
{
	if (group->state == SHARED_SEVERAL)
		return IQ_STR("several");
	return iq_term_cut(
		groups->term,
		iq_term_clean(groups->term, iq_line_state(group->first->fact,
							  group->first->class)),
		MAX_STATE);
}

static const char *since_cell(const struct group *group, char *buf)
{
	if (group->first->class == IQ_CLASS_RUNNING &&
	    group->state == SHARED_ONE)
		return "";
	if (group->wait_unknown && !group->max_unknown)
		return iq_words_at_most(buf, group->wait_max_ns);
	return iq_words_since(buf, group->has_wait_min && !group->wait_unknown,
			      group->wait_min_ns, false);
}

static unsigned max_u(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned min_u(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static struct iq_str site_cell(struct groups *groups, const struct group *group)
{
	const struct iq_frame *site = iq_line_site(groups->model, group->first);

	// Of so few groups nobody expects one place.
	if (groups->kind == KEY_STATUS && group->site == SHARED_SEVERAL)
		return IQ_STR("");
	// The key is the site, or a part of it.
	if (groups->kind != KEY_FUNC && group->site == SHARED_SEVERAL)
		return iq_term_cut(groups->term, IQ_STR("several places"),
				   groups->columns.site);
	if (groups->kind == KEY_FUNC && site) {
		struct iq_frame name = { .function = site->function };

		return iq_term_site(groups->term, &name, groups->columns.site);
	}
	return iq_term_site(groups->term, site, groups->columns.site);
}

/* What "created " takes before the creator. */
#define CREATED 8

/* "created main.main main.go:113"; empty where nobody knows. */
static struct iq_str creator_cell(struct groups *groups,
				  const struct group *group)
{
	const struct iq_frame *creator = group->first->fact->created_by;
	struct iq_str text;

	if (group->creator == SHARED_SEVERAL)
		return groups->kind == KEY_STATUS ?
			       IQ_STR("") :
			       IQ_STR("created in several places");
	if (!creator || groups->columns.creator <= CREATED)
		return IQ_STR("");
	text = iq_term_site(groups->term, creator,
			    groups->columns.creator - CREATED);
	return iq_term_textf(groups->term, "created %.*s", IQ_STR_ARG(text));
}

static void measure_site(struct groups *groups, const struct group *group)
{
	bool creators = groups->term->width >= CREATOR_WIDTH &&
			groups->kind != KEY_CREATOR &&
			group->creator == SHARED_ONE;
	const struct iq_frame *site = iq_line_site(groups->model, group->first);
	struct iq_frame name = { 0 };

	if (groups->kind == KEY_FUNC && site)
		name.function = site->function;
	iq_term_wish(groups->term, &groups->columns,
		     groups->kind == KEY_FUNC ? &name : site,
		     creators ? group->first->fact->created_by : NULL);
}

static void divide(struct groups *groups, unsigned room)
{
	struct iq_term_columns *columns = &groups->columns;

	if (columns->creator_full) {
		columns->creator_full += CREATED;
		columns->creator_least += CREATED;
	}
	iq_term_divide(columns, room);
}

/* A column and the blanks behind it. */
static unsigned column(unsigned width)
{
	return width ? width + 2 : 0;
}

static unsigned room_for_site(const struct groups *groups)
{
	unsigned used =
		column(groups->count_width) + column(groups->key_width) +
		column(groups->state_width) + column(groups->since_width);

	return groups->term->width > used + 8 ? groups->term->width - used : 8;
}

static void measure(struct groups *groups)
{
	char buf[IQ_WORDS_SIZE];

	groups->count_width = 4;
	groups->state_width = 5;
	groups->since_width = 5;
	for (struct group *g = groups->table; g; g = g->hh.next) {
		groups->count_width =
			max_u(groups->count_width,
			      iq_term_width(iq_str_of(
				      iq_words_number(buf, g->count))));
		groups->key_width = max_u(groups->key_width,
					  iq_term_width(key_cell(groups, g)));
		groups->state_width =
			max_u(groups->state_width,
			      iq_term_width(state_cell(groups, g)));
		groups->since_width =
			max_u(groups->since_width,
			      iq_term_width(iq_str_of(since_cell(g, buf))));
		measure_site(groups, g);
	}
	groups->key_width = min_u(groups->key_width, key_max(groups));
	// The reason is the state, and the status is a summary of it.
	if (groups->kind == KEY_REASON || groups->kind == KEY_STATUS)
		groups->state_width = 0;
	if (room_for_site(groups) < SITE_MIN)
		groups->since_width = 0;
	if (room_for_site(groups) < SITE_MIN)
		groups->state_width = 0;
	divide(groups, room_for_site(groups));
}

/* A column that may have been left out. */
static void put_cell(struct iq_term *term, struct iq_str clean, unsigned width)
{
	if (!width)
		return;
	iq_term_left(term, iq_term_cut(term, clean, width), width);
	iq_out_cstr(term->out, "  ");
}

static void put_group(struct groups *groups, const struct group *group)
{
	struct iq_term *term = groups->term;
	char buf[IQ_WORDS_SIZE];
	struct iq_str site = site_cell(groups, group);
	struct iq_str creator = groups->columns.creator ?
					creator_cell(groups, group) :
					IQ_STR("");

	iq_term_right(term, iq_str_of(iq_words_number(buf, group->count)),
		      groups->count_width);
	iq_out_cstr(term->out, "  ");
	put_cell(term, key_cell(groups, group), groups->key_width);
	put_cell(term, state_cell(groups, group), groups->state_width);
	if (site.len || creator.len)
		put_cell(term, iq_str_of(since_cell(group, buf)),
			 groups->since_width);
	else if (groups->since_width)
		iq_out_cstr(term->out, since_cell(group, buf));
	iq_term_left(term, site, creator.len ? groups->columns.site : 0);
	if (creator.len) {
		iq_out_cstr(term->out, "  ");
		iq_out_str(term->out,
			   iq_term_cut(term, creator, groups->columns.creator));
	}
	iq_out_char(term->out, '\n');
	// Those of the first are those of all only if all are at one site.
	if (groups->options->frames && group->site == SHARED_ONE)
		iq_line_frames(term, term->out, group->first->fact->stack,
			       groups->options->frames,
			       groups->options->runtime_frames);
}

static void put_groups(struct groups *groups)
{
	uint64_t left =
		groups->options->limit ? groups->options->limit : UINT64_MAX;
	uint64_t num = 0, count = 0, sum = 0;

	HASH_SRT(hh, groups->table, group_order);
	measure(groups);
	iq_line_heading(groups->term, groups->model, groups->options);
	iq_selection_tell(&groups->selection, groups->term->out);
	for (struct group *g = groups->table; g; g = g->hh.next)
		sum += g->count;
	if (sum > groups->selection.count)
		iq_out_cstr(groups->term->out,
			    "who has several values counts for each\n");
	for (struct group *g = groups->table; g; g = g->hh.next) {
		if (left) {
			put_group(groups, g);
			left--;
			continue;
		}
		num++;
		count += g->count;
	}
	if (num)
		iq_out_printf(groups->term->out,
			      "and %" PRIu64 " more groups of %" PRIu64
			      " goroutines (--limit %" PRIu64 ")\n",
			      num, count, groups->options->limit);
}

struct iq_error *
iq_goroutine_groups_render(const struct iq_model *model,
			   const struct iq_report_options *options,
			   struct iq_term *term)
{
	struct groups groups = {
		.model = model,
		.options = options,
		.term = term,
	};
	struct iq_error *err = parse_key(&groups);

	if (!err)
		err = iq_selection_init(model, options, options->all,
					&groups.selection);
	if (err) {
		iq_filter_destroy(groups.value);
		return err;
	}
	iq_out_init_memory(&groups.key);
	for (size_t i = 0; i < groups.selection.num && !err; i++) {
		size_t index = iq_selection_at(&groups.selection, i);

		if (!groups_add(&groups, &model->goroutines[index]))
			err = &iq_enomem;
	}
	if (!err)
		put_groups(&groups);
	HASH_CLEAR(hh, groups.table);
	iq_selection_deinit(&groups.selection);
	iq_filter_destroy(groups.value);
	iq_out_deinit(&groups.key);
	return err;
}
