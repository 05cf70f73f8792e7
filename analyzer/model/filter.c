/* SPDX-License-Identifier: Apache-2.0 */
#include "model/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/out.h"
#include "model/filter_key.h"
#include "model/text.h"

/* A regular expression's answers that are remembered: texts are interned, and
 * there are a few hundred functions on a million stacks. */
#define CACHE_SIZE 4096
/* Texts up to this length are matched without an allocation. */
#define SHORT_TEXT 512

enum filter_op {
	OP_ANY, /* the key alone */
	OP_EQUAL,
	OP_UNEQUAL,
	OP_MATCHES,
	OP_DIFFERS,
	OP_MORE,
	OP_LESS,
};

struct cached {
	const void *identity;
	size_t len;
	bool hit;
};

struct iq_filter {
	const struct iq_filter_key *key;
	enum filter_op op;
	struct iq_str argument, value;
	uint64_t number; /* the value of a number or a time */
	bool has_regex;
	regex_t regex;
	struct cached *cache; /* of a regular expression */
	char text[];	      /* what argument and value point into */
};

/* ---- parsing */

/* The position of the operator in @text, or its length. "label.a=b". */
static size_t find_operator(struct iq_str text, enum filter_op *op_ret,
			    size_t *len_ret)
{
	size_t i = 0;

	while (i < text.len && !memchr("=!~<>", text.ptr[i], 5))
		i++;
	*op_ret = OP_ANY;
	*len_ret = i < text.len ? 1 : 0;
	if (i == text.len)
		return i;
	switch (text.ptr[i]) {
	case '=':
		*op_ret = OP_EQUAL;
		return i;
	case '~':
		*op_ret = OP_MATCHES;
		return i;
	case '>':
		*op_ret = OP_MORE;
		return i;
	case '<':
		*op_ret = OP_LESS;
		return i;
	default:
		break;
	}
	// A lone "!" is no operator.
	*len_ret = 2;
	if (i + 1 < text.len && text.ptr[i + 1] == '=')
		*op_ret = OP_UNEQUAL;
	else if (i + 1 < text.len && text.ptr[i + 1] == '~')
		*op_ret = OP_DIFFERS;
	else
		*len_ret = 0;
	return i;
}

/* How many letters must be changed, put in or left out, at most 3 of them. */
static unsigned distance(struct iq_str a, struct iq_str b, unsigned left)
{
	while (a.len && b.len && a.ptr[0] == b.ptr[0]) {
		a = iq_str_sub(a, 1, a.len);
		b = iq_str_sub(b, 1, b.len);
	}
	if (!a.len && !b.len)
		return 0;
	if (!left)
		return 1;

	struct iq_str a1 = iq_str_sub(a, 1, a.len);
	struct iq_str b1 = iq_str_sub(b, 1, b.len);
	unsigned best = left + 1, d;

	d = a.len && b.len ? 1 + distance(a1, b1, left - 1) : best;
	best = d < best ? d : best;
	d = a.len ? 1 + distance(a1, b, left - 1) : best;
	best = d < best ? d : best;
	d = b.len ? 1 + distance(a, b1, left - 1) : best;
	return d < best ? d : best;
}

static struct iq_error *unknown_key(struct iq_str name)
{
	const struct iq_filter_key *row, *best = NULL;
	char quoted[IQ_STR_QUOTE_SIZE];
	unsigned nearest = name.len > 3 ? 3 : 2;

	for (size_t i = 0; (row = iq_filter_key_row(i)); i++) {
		unsigned d = distance(name, iq_str_of(row->name), 2);

		if (d < nearest) {
			nearest = d;
			best = row;
		}
	}
	iq_str_quote(name, quoted);
	if (best)
		return iq_error_new(IQ_ERROR_USAGE,
				    "goroutines have no %s; did you mean "
				    "\"%s\"?",
				    quoted, best->name);
	return iq_error_new(IQ_ERROR_USAGE,
			    "goroutines have no %s, but status, site, since "
			    "and others",
			    quoted);
}

static struct iq_error *find_key(struct iq_str name, struct iq_filter *filter)
{
	const struct iq_filter_key *row;

	for (size_t i = 0; (row = iq_filter_key_row(i)); i++) {
		struct iq_str key = iq_str_of(row->name);
		bool takes = key.ptr[key.len - 1] == '.';

		if (takes ? name.len > key.len && iq_str_starts(name, key) :
			    iq_str_equal(name, key)) {
			filter->key = row;
			filter->argument = iq_str_sub(name, key.len, name.len);
			return NULL;
		}
	}
	return unknown_key(name);
}

static bool parse_digits(struct iq_str *rest, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < rest->len && rest->ptr[i] >= '0' && rest->ptr[i] <= '9';
	     i++) {
		unsigned digit = (unsigned)(rest->ptr[i] - '0');

		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*rest = iq_str_sub(*rest, i, rest->len);
	*ret = n;
	return i > 0;
}

static bool parse_hex(struct iq_str text, uint64_t *ret)
{
	char *end;

	if (text.len < 3 || text.len > 18 ||
	    !iq_str_starts(text, IQ_STR("0x")) ||
	    strspn(text.ptr + 2, "0123456789abcdefABCDEF") != text.len - 2)
		return false;
	*ret = strtoull(text.ptr, &end, 16);
	return !*end;
}

static struct iq_error *parse_number(const struct iq_filter *filter,
				     uint64_t *ret)
{
	struct iq_str rest = filter->value;
	char quoted[IQ_STR_QUOTE_SIZE];

	if (parse_hex(rest, ret) || (parse_digits(&rest, ret) && !rest.len))
		return NULL;
	return iq_error_new(IQ_ERROR_USAGE, "%s wants a number, not %s",
			    filter->key->name,
			    iq_str_quote(filter->value, quoted));
}

/* "1h30m", "2.5s": a number, which may have a fraction, and its unit. */
static bool parse_duration_part(struct iq_str *rest, uint64_t *total)
{
	static const struct {
		struct iq_str unit;
		uint64_t ns;
	} units[] = {
		// Longer ones first: "ms" is no "m".
		{ { "ns", 2 }, 1 },
		{ { "us", 2 }, 1000 },
		{ { "ms", 2 }, 1000000 },
		{ { "s", 1 }, 1000000000 },
		{ { "m", 1 }, 60000000000 },
		{ { "h", 1 }, 3600000000000 },
		{ { "d", 1 }, 86400000000000 },
	};
	uint64_t n, fraction = 0, scale = 1, add;

	if (!parse_digits(rest, &n))
		return false;
	if (rest->len && rest->ptr[0] == '.') {
		size_t before;

		*rest = iq_str_sub(*rest, 1, rest->len);
		before = rest->len;
		if (!parse_digits(rest, &fraction) || before - rest->len > 9)
			return false;
		for (size_t i = rest->len; i < before; i++)
			scale *= 10;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(units); i++) {
		if (!iq_str_starts(*rest, units[i].unit))
			continue;
		*rest = iq_str_sub(*rest, units[i].unit.len, rest->len);
		// A fraction of a day has at most 9 digits of 86400e9 ns.
		add = (uint64_t)((double)fraction / (double)scale *
				 (double)units[i].ns);
		if (n > (INT64_MAX - add) / units[i].ns ||
		    *total > INT64_MAX - n * units[i].ns - add)
			return false;
		*total += n * units[i].ns + add;
		return true;
	}
	return false;
}

static struct iq_error *parse_duration(const struct iq_filter *filter,
				       uint64_t *ret)
{
	struct iq_str rest = filter->value;
	char quoted[IQ_STR_QUOTE_SIZE];
	uint64_t total = 0;
	bool fine = rest.len;

	while (rest.len && fine)
		fine = parse_duration_part(&rest, &total);
	if (fine) {
		*ret = total;
		return NULL;
	}
	return iq_error_new(
		IQ_ERROR_USAGE, "%s wants a time as 5m, 1h30m or 250ms, not %s",
		filter->key->name, iq_str_quote(filter->value, quoted));
}

static struct iq_error *parse_regex(struct iq_filter *filter)
{
	char quoted[IQ_STR_QUOTE_SIZE], why[128];
	int code;

	if (filter->value.len > IQ_LIMIT_FILTER_REGEX)
		return iq_error_new(IQ_ERROR_USAGE,
				    "the regular expression is longer than %d "
				    "bytes",
				    IQ_LIMIT_FILTER_REGEX);
	filter->cache = calloc(CACHE_SIZE, sizeof(*filter->cache));
	if (!filter->cache)
		return &iq_enomem;
	code = regcomp(&filter->regex, filter->value.ptr,
		       REG_EXTENDED | REG_NOSUB);
	if (code == REG_ESPACE)
		return &iq_enomem;
	if (!code) {
		filter->has_regex = true;
		return NULL;
	}
	regerror(code, &filter->regex, why, sizeof(why));
	return iq_error_new(IQ_ERROR_USAGE, "%s is no regular expression: %s",
			    iq_str_quote(filter->value, quoted), why);
}

static struct iq_error *parse_flag(const struct iq_filter *filter)
{
	char quoted[IQ_STR_QUOTE_SIZE];

	if (iq_str_equal(filter->value, IQ_STR("yes")) ||
	    iq_str_equal(filter->value, IQ_STR("no")))
		return NULL;
	return iq_error_new(IQ_ERROR_USAGE, "%s is yes or no, not %s",
			    filter->key->name,
			    iq_str_quote(filter->value, quoted));
}

/* What can never match is a slip of the pen. */
static struct iq_error *parse_word(const struct iq_filter *filter)
{
	const struct iq_filter_key *key = filter->key;
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_error *err;
	const char *word, *alias;
	struct iq_out list;

	if (!iq_filter_key_value(key, 0, &alias))
		return NULL;
	iq_out_init_memory(&list);
	for (size_t i = 0; (word = iq_filter_key_value(key, i, &alias)); i++) {
		if (iq_str_equal(filter->value, iq_str_of(word)) ||
		    (alias && iq_str_equal(filter->value, iq_str_of(alias)))) {
			iq_out_deinit(&list);
			return NULL;
		}
		iq_out_printf(&list, "%s%s", i ? ", " : "", word);
	}
	err = list.err ? &iq_enomem :
			 iq_error_new(IQ_ERROR_USAGE,
				      "%s is never %s, only one of %.*s",
				      key->name,
				      iq_str_quote(filter->value, quoted),
				      (int)list.len, list.buf);
	iq_out_deinit(&list);
	return err;
}

static struct iq_error *parse_value(struct iq_filter *filter)
{
	enum iq_key_type type = filter->key->type;
	bool ordered = filter->op == OP_MORE || filter->op == OP_LESS;

	if (filter->op == OP_ANY)
		return NULL;
	if (filter->op == OP_MATCHES || filter->op == OP_DIFFERS) {
		if (type == IQ_KEY_DURATION)
			return iq_error_new(IQ_ERROR_USAGE,
					    "%s is a time: compare it with > "
					    "or <",
					    filter->key->name);
		return parse_regex(filter);
	}
	if (type == IQ_KEY_NUMBER)
		return parse_number(filter, &filter->number);
	if (type == IQ_KEY_DURATION)
		return parse_duration(filter, &filter->number);
	if (ordered)
		return iq_error_new(IQ_ERROR_USAGE,
				    "%s is no number: compare it with = or ~",
				    filter->key->name);
	return type == IQ_KEY_FLAG ? parse_flag(filter) : parse_word(filter);
}

static struct iq_error *parse(struct iq_filter *filter)
{
	struct iq_str text = iq_str_of(filter->text);
	char quoted[IQ_STR_QUOTE_SIZE];
	size_t len, at = find_operator(text, &filter->op, &len);
	struct iq_str name = iq_str_trim(iq_str_sub(text, 0, at));
	struct iq_error *err;

	if (!name.len || (at < text.len && !len))
		return iq_error_new(IQ_ERROR_USAGE,
				    "%s is no condition; write KEY=VALUE, "
				    "KEY~REGEX, KEY>NUMBER and the like",
				    iq_str_quote(text, quoted));
	err = find_key(name, filter);
	if (err)
		return err;
	// Blanks around the operator are for people; regcomp() wants the NUL
	// that ends the text.
	filter->value = iq_str_trim(iq_str_sub(text, at + len, text.len));
	filter->text[(size_t)(filter->value.ptr - filter->text) +
		     filter->value.len] = '\0';
	return parse_value(filter);
}

struct iq_error *iq_filter_parse(const char *text, struct iq_filter **ret)
{
	size_t len = strlen(text);
	struct iq_filter *filter = calloc(1, sizeof(*filter) + len + 1);
	struct iq_error *err;

	if (!filter)
		return &iq_enomem;
	memcpy(filter->text, text, len);
	err = parse(filter);
	if (err) {
		iq_filter_destroy(filter);
		return err;
	}
	*ret = filter;
	return NULL;
}

void iq_filter_destroy(struct iq_filter *filter)
{
	if (!filter)
		return;
	if (filter->has_regex)
		regfree(&filter->regex);
	free(filter->cache);
	free(filter);
}

void iq_filter_destroyp(struct iq_filter **filter)
{
	iq_filter_destroy(*filter);
}

/* ---- matching */

struct match {
	struct iq_probe probe; /* first: it is handed around */
	const struct iq_filter *filter;
	bool any; /* a value is known */
	bool hit; /* one is as the operator wants, "not" left aside */
};

/* A text of a file may hold NULs: what stands behind one is not seen. */
static bool regex_matches(const struct iq_filter *filter, struct iq_str text)
{
	char small[SHORT_TEXT];
	char *copy = text.len < sizeof(small) ? small : malloc(text.len + 1);
	bool ret;

	if (!copy)
		return false;
	if (text.len)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	ret = regexec(&filter->regex, copy, 0, NULL, 0) == 0;
	if (copy != small)
		free(copy);
	return ret;
}

static bool regex_cached(const struct iq_filter *filter, struct iq_str text,
			 const void *identity)
{
	uint64_t hash = (uint64_t)(uintptr_t)identity * 0x9e3779b97f4a7c15ull +
			text.len;
	struct cached *slot = &filter->cache[(hash >> 40) % CACHE_SIZE];

	if (!identity)
		return regex_matches(filter, text);
	if (slot->identity != identity || slot->len != text.len)
		*slot = (struct cached){
			.identity = identity,
			.len = text.len,
			.hit = regex_matches(filter, text),
		};
	return slot->hit;
}

static void match_text(struct iq_probe *probe, struct iq_str text,
		       const void *identity, bool alias)
{
	struct match *m = (struct match *)probe;

	(void)alias;
	m->any = true;
	if (m->hit)
		return;
	switch (m->filter->op) {
	case OP_EQUAL:
	case OP_UNEQUAL:
		m->hit = iq_str_equal(text, m->filter->value);
		break;
	case OP_MATCHES:
	case OP_DIFFERS:
		m->hit = regex_cached(m->filter, text, identity);
		break;
	default:
		break;
	}
}

static void match_number(struct iq_probe *probe, uint64_t value, bool is_hex)
{
	struct match *m = (struct match *)probe;
	char text[24];
	int len;

	m->any = true;
	switch (m->filter->op) {
	case OP_EQUAL:
	case OP_UNEQUAL:
		m->hit |= value == m->filter->number;
		break;
	case OP_MORE:
		m->hit |= value > m->filter->number;
		break;
	case OP_LESS:
		m->hit |= value < m->filter->number;
		break;
	case OP_MATCHES:
	case OP_DIFFERS:
		len = is_hex ? snprintf(text, sizeof(text), "0x%" PRIx64,
					value) :
			       snprintf(text, sizeof(text), "%" PRIu64, value);
		m->hit |= regex_matches(m->filter,
					(struct iq_str){ text, (size_t)len });
		break;
	default:
		break;
	}
}

/* Only what is certain: at least so long, at most so long. */
static void match_range(struct iq_probe *probe, int64_t min, int64_t max)
{
	struct match *m = (struct match *)probe;
	int64_t wanted = (int64_t)m->filter->number;

	switch (m->filter->op) {
	case OP_MORE:
		m->hit = min >= 0 && min > wanted;
		break;
	case OP_LESS:
		m->hit = max >= 0 && max < wanted;
		break;
	case OP_EQUAL:
		m->hit = min >= 0 && min == max && min == wanted;
		break;
	case OP_UNEQUAL:
		// It may be: then it is not known to differ.
		m->hit = !((min >= 0 && min > wanted) ||
			   (max >= 0 && max < wanted));
		break;
	default:
		break;
	}
	m->any = true;
}

static void probe_run(const struct iq_filter *filter,
		      const struct iq_model *model, size_t goroutine,
		      struct iq_probe *probe)
{
	probe->model = model;
	probe->index = goroutine;
	probe->goroutine = &model->goroutines[goroutine];
	probe->argument = filter->argument;
	filter->key->put(probe);
}

bool iq_filter_match(const struct iq_filter *filter,
		     const struct iq_model *model, size_t goroutine)
{
	struct match m = {
		.probe = {
			.text = match_text,
			.number = match_number,
			.range = match_range,
		},
		.filter = filter,
	};

	probe_run(filter, model, goroutine, &m.probe);
	switch (filter->op) {
	case OP_ANY:
		return m.any;
	case OP_UNEQUAL:
	case OP_DIFFERS:
		return m.any && !m.hit;
	default:
		return m.hit;
	}
}

/* ---- the values themselves */

struct visit {
	struct iq_probe probe; /* first */
	void (*visit)(void *ctx, struct iq_str text);
	void *ctx;
};

static void visit_text(struct iq_probe *probe, struct iq_str text,
		       const void *identity, bool alias)
{
	struct visit *v = (struct visit *)probe;

	(void)identity;
	if (!alias)
		v->visit(v->ctx, text);
}

static void visit_number(struct iq_probe *probe, uint64_t value, bool is_hex)
{
	struct visit *v = (struct visit *)probe;
	char text[24];
	int len = is_hex ? snprintf(text, sizeof(text), "0x%" PRIx64, value) :
			   snprintf(text, sizeof(text), "%" PRIu64, value);

	v->visit(v->ctx, (struct iq_str){ text, (size_t)len });
}

static void visit_range(struct iq_probe *probe, int64_t min, int64_t max)
{
	struct visit *v = (struct visit *)probe;
	char words[IQ_DURATION_SIZE];

	(void)max;
	if (min >= 0)
		v->visit(v->ctx, iq_str_of(iq_duration_words(words, min)));
}

void iq_filter_each(const struct iq_filter *filter,
		    const struct iq_model *model, size_t goroutine,
		    void (*visit)(void *ctx, struct iq_str text), void *ctx)
{
	struct visit v = {
		.probe = {
			.text = visit_text,
			.number = visit_number,
			.range = visit_range,
		},
		.visit = visit,
		.ctx = ctx,
	};

	probe_run(filter, model, goroutine, &v.probe);
}

struct smallest {
	struct iq_probe probe; /* first */
	bool any;
	uint64_t value;
};

static void smallest_number(struct iq_probe *probe, uint64_t value, bool is_hex)
{
	struct smallest *s = (struct smallest *)probe;

	(void)is_hex;
	if (!s->any || value < s->value)
		s->value = value;
	s->any = true;
}

static void smallest_range(struct iq_probe *probe, int64_t min, int64_t max)
{
	(void)max;
	if (min >= 0)
		smallest_number(probe, (uint64_t)min, false);
}

bool iq_filter_number(const struct iq_filter *filter,
		      const struct iq_model *model, size_t goroutine,
		      uint64_t *ret)
{
	struct smallest s = {
		.probe = {
			.number = smallest_number,
			.range = smallest_range,
		},
	};

	if (!iq_filter_is_number(filter))
		return false;
	probe_run(filter, model, goroutine, &s.probe);
	if (s.any)
		*ret = s.value;
	return s.any;
}

/* ---- what a condition is */

bool iq_filter_is_number(const struct iq_filter *filter)
{
	return filter->key->type == IQ_KEY_NUMBER ||
	       filter->key->type == IQ_KEY_DURATION;
}

bool iq_filter_is_judged(const struct iq_filter *filter)
{
	return filter->key->flags & IQ_KEY_JUDGED;
}

bool iq_filter_is_of_group(const struct iq_filter *filter)
{
	return filter->key->flags & IQ_KEY_OF_GROUP;
}

bool iq_filter_is_bare(const struct iq_filter *filter)
{
	return filter->op == OP_ANY;
}

unsigned iq_filter_tells(const struct iq_filter *filter)
{
	return filter->key->flags &
	       ~(unsigned)(IQ_KEY_OF_GROUP | IQ_KEY_JUDGED);
}

bool iq_filter_key_at(size_t index, const char **name_ret,
		      const char **help_ret)
{
	const struct iq_filter_key *row = iq_filter_key_row(index);

	if (!row)
		return false;
	*name_ret = row->name;
	*help_ret = row->help;
	return true;
}
