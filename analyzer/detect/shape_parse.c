/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules from text: sections, keys and values, which inih divides. It tells no
 * line numbers, cuts long lines and names silently, and is silent about empty
 * sections: the reader that hands it lines looks at those.
 */
#include <ini.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "detect/shape.h"

/* inih cuts names that are longer. */
#define MAX_NAME 49

struct parser {
	struct iq_shapes *shapes;
	size_t first; /* of this file */
	const char *name;
	iq_shapes_line line;
	void *line_ctx;
	unsigned line_no;
	/* Headers seen, and the one that the last key stood under. */
	unsigned num_headers, handled;
	unsigned header_line;
	struct iq_shape *shape;
	/* Texts as they are written, in the order of text_rows. */
	struct parser_text {
		char *text;
		unsigned line;
	} texts[6], grounds[IQ_LIMIT_RULE_SELECTIONS];
	struct iq_error *err;
};

static const struct {
	const char *key;
	size_t offset;
} text_rows[] = {
	{ "title", offsetof(struct iq_shape, title) },
	{ "one", offsetof(struct iq_shape, one) },
	{ "ground", offsetof(struct iq_shape, ground) },
	{ "advice", offsetof(struct iq_shape, advice) },
	{ "settle", offsetof(struct iq_shape, settle) },
	{ "summary", SIZE_MAX },
};

enum { TEXT_TITLE = 0, TEXT_SUMMARY = 5 };

/* Keeps the first error, with its place. */
static bool fail_at(struct parser *p, unsigned line, struct iq_error *err)
{
	if (p->err)
		iq_error_destroy(err);
	else
		p->err = err == &iq_enomem ?
				 err :
				 iq_error_within(err, "%s:%u", p->name, line);
	return false;
}

static bool fail(struct parser *p, struct iq_error *err)
{
	return fail_at(p, p->line_no, err);
}

static bool fail_text(struct parser *p, const char *what, const char *value)
{
	char quoted[IQ_STR_QUOTE_SIZE];

	return fail(p, iq_error_new(IQ_ERROR_USAGE, "%s %s", what,
				    iq_str_quote(iq_str_of(value), quoted)));
}

/* ---- what a rule owns */

static const char *copy(struct parser *p, struct iq_str text)
{
	char *to = iq_arena_alloc(&p->shapes->arena, text.len + 1);

	if (!to) {
		fail(p, &iq_enomem);
		return NULL;
	}
	if (text.len)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
	return to;
}

static const struct iq_filter *make_filter(struct parser *p, const char *text)
{
	struct iq_filter *filter;
	struct iq_error *err = iq_filter_parse(text, &filter);

	if (err) {
		fail(p, err);
		return NULL;
	}
	if (iq_vec_push(&p->shapes->filters, filter))
		return filter;
	iq_filter_destroy(filter);
	fail(p, &iq_enomem);
	return NULL;
}

/* A key alone, for a group or a text. */
static const struct iq_filter *make_key(struct parser *p, const char *text)
{
	const struct iq_filter *filter = make_filter(p, text);

	if (!filter ||
	    (iq_filter_is_bare(filter) && !iq_filter_is_judged(filter)))
		return filter;
	fail_text(p, "only a key that rules can ask for is wanted, not", text);
	return NULL;
}

/* ---- texts */

static struct iq_shape_selection *find_selection(struct iq_shape *shape,
						 struct iq_str name)
{
	for (size_t i = 0; i < shape->num_selections; i++) {
		if (iq_str_equal(iq_str_of(shape->selections[i].name), name))
			return &shape->selections[i];
	}
	return NULL;
}

/* "count", "peer", "others.count", "others.site", "label.user". */
static bool parse_hole(struct parser *p, struct iq_str hole,
		       struct iq_shape_part *ret)
{
	size_t dot = iq_str_find(hole, '.');
	struct iq_shape_selection *at =
		dot < hole.len ?
			find_selection(p->shape, iq_str_sub(hole, 0, dot)) :
			NULL;
	const char *text;

	*ret = (struct iq_shape_part){ 0 };
	if (at) {
		ret->selection = (size_t)(at - p->shape->selections);
		hole = iq_str_sub(hole, dot + 1, hole.len);
	}
	ret->is_count = iq_str_equal(hole, IQ_STR("count"));
	if (ret->is_count)
		return true;
	text = copy(p, hole);
	ret->values = text ? make_key(p, text) : NULL;
	return ret->values;
}

/* The part that @text begins with. */
static bool parse_part(struct parser *p, struct iq_str *text,
		       struct iq_shape_part *ret)
{
	size_t open = iq_str_find(*text, '{');
	size_t close = iq_str_find(*text, '}');

	if (open > 0) {
		*ret = (struct iq_shape_part){
			.letters = iq_str_sub(*text, 0, open),
		};
		*text = iq_str_sub(*text, open, text->len);
		return true;
	}
	if (close == text->len)
		return fail_text(p, "no } ends", text->ptr);
	if (!parse_hole(p, iq_str_sub(*text, 1, close - 1), ret))
		return false;
	*text = iq_str_sub(*text, close + 1, text->len);
	return true;
}

static bool parse_text(struct parser *p, const char *from,
		       struct iq_shape_text *ret)
{
	struct iq_str text = iq_str_of(from ? from : "");
	IQ_VEC(struct iq_shape_part) parts = { 0 };
	struct iq_shape_part part, *list;
	bool fine = true;

	while (text.len && fine) {
		fine = parse_part(p, &text, &part);
		if (fine && !iq_vec_push(&parts, part))
			fine = fail(p, &iq_enomem);
	}
	list = fine && parts.len ? iq_arena_calloc(&p->shapes->arena, parts.len,
						   sizeof(*list)) :
				   NULL;
	if (fine && parts.len && !list)
		fine = fail(p, &iq_enomem);
	if (fine && parts.len) {
		memcpy(list, parts.data, parts.len * sizeof(*list));
		*ret = (struct iq_shape_text){ list, parts.len };
	}
	iq_vec_deinit(&parts);
	return fine;
}

/* ---- a rule's beginning and end */

static const struct iq_detector *find_builtin(const char *id)
{
	const struct iq_detector *d;

	for (size_t i = 0; (d = iq_detector_at(i)); i++) {
		if (!strcmp(d->id, id))
			return d;
	}
	return NULL;
}

static bool is_taken(const struct parser *p, const char *id)
{
	for (size_t i = 0; i < p->shapes->list.len; i++) {
		if (!strcmp(p->shapes->list.data[i]->detector.id, id))
			return true;
	}
	return p->name[0] && find_builtin(id);
}

static bool check_id(struct parser *p, const char *id)
{
	size_t len = strlen(id);

	if (!len)
		return fail(p, iq_error_new(IQ_ERROR_USAGE,
					    "a key stands before the first "
					    "[rule]"));
	if (len >= MAX_NAME || id[0] == '-' || id[len - 1] == '-' ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return fail_text(p,
				 "an id has small letters, digits and \"-\", "
				 "at most 48, not",
				 id);
	return !is_taken(p, id) || fail_text(p, "there is a rule", id);
}

static void forget_texts(struct parser *p)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(p->texts); i++) {
		free(p->texts[i].text);
		p->texts[i].text = NULL;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(p->grounds); i++) {
		free(p->grounds[i].text);
		p->grounds[i].text = NULL;
	}
}

static bool begin_rule(struct parser *p, const char *id)
{
	struct iq_arena *arena = &p->shapes->arena;
	struct iq_shape *shape = iq_arena_calloc(arena, 1, sizeof(*shape));
	const char *own = copy(p, iq_str_of(id));

	if (p->shapes->list.len >= IQ_LIMIT_RULES)
		return fail(p,
			    iq_error_new(IQ_ERROR_USAGE, "more than %d rules",
					 IQ_LIMIT_RULES));
	if (shape)
		shape->selections =
			iq_arena_calloc(arena, IQ_LIMIT_RULE_SELECTIONS,
					sizeof(*shape->selections));
	if (!shape || !own || !shape->selections)
		return fail(p, &iq_enomem);
	shape->line = p->header_line;
	shape->num_selections = 1;
	shape->selections[0] = (struct iq_shape_selection){
		.name = "",
		.least = 1,
		.most = UINT64_MAX,
	};
	shape->detector = (struct iq_detector){
		.id = own,
		.class = IQ_CLASS_BLOCKED,
		.severity = IQ_SEVERITY_WARNING,
		.needs_text = IQ_SHAPE_NEEDS_TEXT,
		// Who writes a rule wants to see what it finds.
		.yields = !p->name[0],
		.is_shape = true,
	};
	p->shape = shape;
	if (!check_id(p, id))
		return false;
	// Findings outlive the parsed form of what is built in.
	if (!p->name[0] && find_builtin(id))
		shape->detector.id = find_builtin(id)->id;
	return iq_vec_push(&p->shapes->list, shape) || fail(p, &iq_enomem);
}

/* What a witness must tell: what all of the own conditions ask for. */
static unsigned needs_of(const struct iq_shape *shape)
{
	const struct iq_shape_selection *own = &shape->selections[0];
	unsigned needs = 0;

	for (size_t i = 0; i < own->num_conditions; i++) {
		if (!own->conditions[i].without)
			needs |= iq_filter_tells(own->conditions[i].filter);
	}
	return needs;
}

static bool take_text(struct parser *p, const struct parser_text *from,
		      struct iq_shape_text *to)
{
	const char *text = from->text ? copy(p, iq_str_of(from->text)) : "";

	p->line_no = from->line;
	return text && parse_text(p, text, to);
}

/* They may name selections that follow them: parsed at the rule's end. */
static bool take_texts(struct parser *p)
{
	struct iq_shape *shape = p->shape;
	unsigned line_no = p->line_no;
	bool fine = true;

	for (size_t i = 0; i < TEXT_SUMMARY && fine; i++)
		fine = take_text(p, &p->texts[i],
				 (void *)((char *)shape + text_rows[i].offset));
	for (size_t i = 0; i < shape->num_selections && fine; i++)
		fine = take_text(p, &p->grounds[i],
				 &shape->selections[i].ground);
	p->line_no = line_no;
	return fine;
}

static bool finish_rule(struct parser *p)
{
	struct iq_shape *shape = p->shape;

	shape->detector.summary =
		copy(p, iq_str_of(p->texts[TEXT_SUMMARY].text));
	shape->detector.needs = needs_of(shape);
	forget_texts(p);
	p->shape = NULL;
	return shape->detector.summary;
}

static bool end_rule(struct parser *p)
{
	struct iq_shape *shape = p->shape;
	struct iq_error *err = NULL;

	if (!shape || p->err)
		return !p->err;
	for (size_t i = 0; i < shape->num_selections && !err; i++) {
		if (!shape->selections[i].num_conditions)
			err = iq_error_new(IQ_ERROR_USAGE,
					   "rule \"%s\" has no \"%s%swith\"",
					   shape->detector.id,
					   shape->selections[i].name,
					   i ? "." : "");
	}
	if (!err &&
	    (!p->texts[TEXT_TITLE].text || !p->texts[TEXT_SUMMARY].text))
		err = iq_error_new(IQ_ERROR_USAGE, "rule \"%s\" has no %s",
				   shape->detector.id,
				   p->texts[TEXT_TITLE].text ? "summary" :
							       "title");
	if (err)
		return fail_at(p, shape->line, err);
	return take_texts(p) && finish_rule(p);
}
/* ---- keys */

/* A text may go on in lines that begin with a blank: they are joined. */
static bool add_text(struct parser *p, struct parser_text *to,
		     const char *value)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", to->text ? to->text : "",
		     to->text ? " " : "", value) < 0)
		return fail(p, &iq_enomem);
	free(to->text);
	*to = (struct parser_text){ joined, p->line_no };
	return true;
}

static bool set_class(struct parser *p, const char *value)
{
	for (int c = IQ_CLASS_CRASH; c <= IQ_CLASS_BLOCKED; c++) {
		if (strcmp(value, iq_class_name((enum iq_class)c)) != 0)
			continue;
		p->shape->detector.class = (enum iq_class)c;
		return true;
	}
	return fail_text(p, "a class is crash, deadlock, leak or blocked, not",
			 value);
}

static bool set_severity(struct parser *p, const char *value)
{
	for (int s = IQ_SEVERITY_NOTE; s <= IQ_SEVERITY_ERROR; s++) {
		if (strcmp(value, iq_severity_name((enum iq_severity)s)) != 0)
			continue;
		p->shape->detector.severity = (enum iq_severity)s;
		return true;
	}
	return fail_text(p, "a severity is error, warning or note, not", value);
}

static bool set_bool(struct parser *p, const char *value, bool *to)
{
	*to = !strcmp(value, "yes");
	return *to || !strcmp(value, "no") ||
	       fail_text(p, "yes or no is wanted, not", value);
}

static bool set_number(struct parser *p, const char *value, uint64_t *to)
{
	size_t len = strlen(value);

	if (!len || len > 18 || strspn(value, "0123456789") != len)
		return fail_text(p, "a number is wanted, not", value);
	*to = strtoull(value, NULL, 10);
	return true;
}

static bool add_condition(struct parser *p, struct iq_shape_selection *to,
			  const char *value, bool without)
{
	const struct iq_filter *filter;

	if (to->num_conditions >= IQ_LIMIT_CONDITIONS)
		return fail(p, iq_error_new(IQ_ERROR_USAGE,
					    "more than %d conditions",
					    IQ_LIMIT_CONDITIONS));
	filter = make_filter(p, value);
	if (!filter)
		return false;
	if (iq_filter_is_judged(filter))
		return fail_text(
			p, "rules cannot ask for what they find out:", value);
	to->conditions[to->num_conditions++] = (struct iq_shape_condition){
		.filter = filter,
		.without = without,
	};
	return true;
}

static struct iq_shape_selection *selection_of(struct parser *p,
					       struct iq_str name)
{
	struct iq_shape *shape = p->shape;
	struct iq_shape_selection *at = find_selection(shape, name);
	const char *own;

	if (at)
		return at;
	own = copy(p, name);
	if (!own)
		return NULL;
	if (shape->num_selections == IQ_LIMIT_RULE_SELECTIONS) {
		fail(p, iq_error_new(IQ_ERROR_USAGE, "more than %d selections",
				     IQ_LIMIT_RULE_SELECTIONS));
		return NULL;
	}
	at = &shape->selections[shape->num_selections++];
	*at = (struct iq_shape_selection){ .name = own, .most = UINT64_MAX };
	return at;
}

/* "with", "least" and so on; of others with their name before it. */
static bool set_of_selection(struct parser *p, const char *key,
			     const char *value)
{
	struct iq_str text = iq_str_of(key);
	size_t dot = iq_str_find(text, '.');
	bool others = dot < text.len;
	struct iq_shape_selection *at =
		selection_of(p, others ? iq_str_sub(text, 0, dot) : IQ_STR(""));
	const char *last = others ? key + dot + 1 : key;

	if (!at)
		return false;
	if (!strcmp(last, "with") || !strcmp(last, "without"))
		return add_condition(p, at, value, last[4]);
	if (!strcmp(last, "least"))
		return set_number(p, value, &at->least);
	if (!strcmp(last, "most"))
		return set_number(p, value, &at->most);
	if (others && !strcmp(last, "times"))
		return set_number(p, value, &at->times);
	if (others && !strcmp(last, "same"))
		return set_bool(p, value, &at->same);
	if (others && !strcmp(last, "weighs"))
		return set_bool(p, value, &at->weighs);
	if (others && !strcmp(last, "ground"))
		return add_text(p, &p->grounds[at - p->shape->selections],
				value);
	if (others && !strcmp(last, "beyond")) {
		at->has_beyond = true;
		return set_number(p, value, &at->beyond);
	}
	return fail_text(p, "rules have no", key);
}

static bool set_key(struct parser *p, const char *key, const char *value)
{
	if (strlen(key) >= MAX_NAME)
		return fail_text(p, "rules have no", key);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(text_rows); i++) {
		if (!strcmp(text_rows[i].key, key))
			return add_text(p, &p->texts[i], value);
	}
	if (!strcmp(key, "class"))
		return set_class(p, value);
	if (!strcmp(key, "severity"))
		return set_severity(p, value);
	if (!strcmp(key, "yields"))
		return set_bool(p, value, &p->shape->detector.yields);
	if (!strcmp(key, "group")) {
		p->shape->group = make_key(p, value);
		return p->shape->group;
	}
	return set_of_selection(p, key, value);
}

/* inih's: 0 is an error. */
static int handle(void *user, const char *section, const char *name,
		  const char *value)
{
	struct parser *p = user;

	if (p->err)
		return 0;
	if (!p->shape || p->handled != p->num_headers) {
		p->handled = p->num_headers;
		if (!begin_rule(p, section))
			return 0;
	}
	return set_key(p, name, value);
}

/* ---- lines */

static bool check_header(struct parser *p, struct iq_str line)
{
	if (p->num_headers != p->handled)
		return fail_at(
			p, p->header_line,
			iq_error_new(IQ_ERROR_USAGE, "the rule has no keys"));
	// The rule above ends here: its errors are its own.
	if (!end_rule(p))
		return false;
	p->num_headers++;
	p->header_line = p->line_no;
	return iq_str_find(line, ']') <= MAX_NAME ||
	       fail(p, iq_error_new(IQ_ERROR_USAGE,
				    "an id has at most 48 letters and ends "
				    "with ]"));
}

/* What inih would take in silence, or cut. */
static bool check_line(struct parser *p, struct iq_str line, size_t room)
{
	struct iq_str trimmed = iq_str_trim(line);

	if (memchr(line.ptr, 0, line.len))
		return fail(p, iq_error_new(IQ_ERROR_USAGE,
					    "this is no text: a byte is 0"));
	if (line.len + 2 > room)
		return fail(p,
			    iq_error_new(IQ_ERROR_USAGE,
					 "the line is longer than %zu bytes; "
					 "a text can go on in lines that "
					 "begin with a blank",
					 room - 2));
	if (!iq_str_starts(trimmed, IQ_STR("[")))
		return true;
	if (trimmed.ptr != line.ptr)
		return fail(p, iq_error_new(IQ_ERROR_USAGE,
					    "[ begins a rule in the first "
					    "column only"));
	return check_header(p, line);
}

/* inih's: as fgets(). */
static char *read_line(char *to, int room, void *stream)
{
	struct parser *p = stream;
	struct iq_str line;

	if (p->err || room < 4 || !p->line(p->line_ctx, &line))
		return NULL;
	p->line_no++;
	if (p->line_no == 1 && iq_str_starts(line, IQ_STR("\xef\xbb\xbf")))
		line = iq_str_sub(line, 3, line.len);
	if (!line.len)
		line.ptr = "";
	if (!check_line(p, line, (size_t)room))
		return NULL;
	memcpy(to, line.ptr, line.len);
	to[line.len] = '\n';
	to[line.len + 1] = '\0';
	return to;
}

struct iq_error *iq_shapes_parse(struct iq_shapes *shapes, const char *name,
				 iq_shapes_line line, void *ctx)
{
	struct parser p = {
		.shapes = shapes,
		.first = shapes->list.len,
		.name = name,
		.line = line,
		.line_ctx = ctx,
	};
	int wrong = ini_parse_stream(read_line, &p, handle, &p);

	if (!p.err && wrong > 0)
		fail_at(&p, (unsigned)wrong,
			iq_error_new(IQ_ERROR_USAGE,
				     "neither [rule] nor KEY = VALUE"));
	else if (!p.err && wrong < 0)
		fail(&p, &iq_enomem);
	if (!p.err && p.num_headers != p.handled)
		fail_at(&p, p.header_line,
			iq_error_new(IQ_ERROR_USAGE, "the rule has no keys"));
	if (!p.err)
		end_rule(&p);
	forget_texts(&p);
	if (p.err)
		shapes->list.len = p.first;
	return p.err;
}

/* ---- texts as they come */

static bool next_line(void *ctx, struct iq_str *ret)
{
	struct iq_str *rest = ctx;
	size_t end = iq_str_find(*rest, '\n');

	if (!rest->len)
		return false;
	*ret = iq_str_sub(*rest, 0, end);
	if (ret->len && ret->ptr[ret->len - 1] == '\r')
		ret->len--;
	*rest = iq_str_sub(*rest, end + 1, rest->len);
	return true;
}

struct iq_error *iq_shapes_parse_text(struct iq_shapes *shapes,
				      const char *name, struct iq_str text)
{
	return iq_shapes_parse(shapes, name, next_line, &text);
}

/* ---- the built-in ones */

static const char *const builtin_lines[] = {
#define IQ_SHAPE(i, c, s, t, y)
#define IQ_SHAPE_LINE(x) x,
#include "detect/shapes.inc"
#undef IQ_SHAPE_LINE
#undef IQ_SHAPE
};

static bool next_builtin(void *ctx, struct iq_str *ret)
{
	size_t *at = ctx;

	if (*at >= IQ_ARRAY_SIZE(builtin_lines))
		return false;
	*ret = iq_str_of(builtin_lines[(*at)++]);
	return true;
}

struct iq_error *iq_shapes_builtin(struct iq_shapes *shapes)
{
	size_t at = 0;

	return iq_shapes_parse(shapes, "", next_builtin, &at);
}

void iq_shapes_init(struct iq_shapes *shapes)
{
	*shapes = (struct iq_shapes){ 0 };
	iq_arena_init(&shapes->arena);
}

void iq_shapes_deinit(struct iq_shapes *shapes)
{
	for (size_t i = 0; i < shapes->filters.len; i++)
		iq_filter_destroy(shapes->filters.data[i]);
	iq_vec_deinit(&shapes->filters);
	iq_vec_deinit(&shapes->list);
	iq_arena_deinit(&shapes->arena);
}
