/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "formats/go/objects.h"
#include "formats/go/record.h"

/* Functions that call each other in a recursion, and how often they must have. */
#define CYCLE_MAX 64
#define CYCLE_TIMES 8

/* What stands in @text between @begin and @end, which may be empty. */
static bool between(struct iq_str text, const char *begin, const char *end,
		    struct iq_str *ret)
{
	struct iq_str b = iq_str_of(begin);
	struct iq_str e = iq_str_of(end);
	size_t at = iq_str_search(text, b);

	if (at == text.len)
		return false;
	text = iq_str_sub(text, at + b.len, text.len);
	at = e.len ? iq_str_search(text, e) : text.len;
	if (e.len && at == text.len)
		return false;
	*ret = iq_str_sub(text, 0, at);
	return ret->len > 0;
}

static bool is_number(struct iq_str s)
{
	size_t i = s.len && s.ptr[0] == '-';

	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	}
	return true;
}

static struct iq_error *number_add(struct iq_go_values *v, const char *name,
				   struct iq_str text)
{
	// Empty where the expression had none.
	return is_number(text) ?
		       iq_go_values_add(v, name, IQ_STR("int"), text) :
		       NULL;
}

/* "[:7]", "[2:1]", "[::9]", "[:3:2]", "[4:2:]": what is too large, and, where
 * nothing else is named, what it was compared with. */
static struct iq_error *slice_add(struct iq_go_values *v, struct iq_str in,
				  bool is_limited)
{
	const char *names[] = { "low", "high", "max" };
	struct iq_error *err = NULL;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names) && !err; i++) {
		size_t colon = iq_str_find(in, ':');

		err = number_add(v, is_limited ? "index" : names[i],
				 iq_str_sub(in, 0, colon));
		if (colon == in.len)
			break;
		in = iq_str_sub(in, colon + 1, in.len);
	}
	return err;
}

/* Go: src/runtime/error.go, boundsErrorFmts, 1.18 - 1.27. */
struct iq_error *iq_go_object_bounds(struct iq_go_scene *s,
				     struct iq_go_values *v)
{
	struct iq_str text = iq_go_panics_words(s);
	struct iq_str part, length = { 0 }, capacity = { 0 };
	struct iq_error *err = NULL;

	(void)between(text, "] with length ", "", &length);
	(void)between(text, "] with capacity ", "", &capacity);
	if (between(text, "index out of range [", "]", &part))
		err = number_add(v, "index", part);
	else if (between(text, "slice bounds out of range [", "]", &part))
		err = slice_add(v, part, length.len || capacity.len);
	else if (between(text, "cannot convert slice with length ", " to ",
			 &part)) {
		err = number_add(v, "length", part);
		if (!err &&
		    between(text, "pointer to array with length ", "", &part))
			err = number_add(v, "array length", part);
	}
	if (!err)
		err = number_add(v, "length", length);
	if (!err)
		err = number_add(v, "capacity", capacity);
	if (err || !v->items.len)
		return err;
	return iq_go_object_add(s, "slice, array or string", NULL, false, v);
}

static struct iq_error *text_add(struct iq_go_values *v, const char *name,
				 struct iq_str text)
{
	return iq_go_values_add(v, name, IQ_STR(""), text);
}

/* Go: src/runtime/error.go, TypeAssertionError.Error, 1.18 - 1.27. */
struct iq_error *iq_go_object_assertion(struct iq_go_scene *s,
					struct iq_go_values *v)
{
	struct iq_str text = iq_go_panics_words(s);
	struct iq_str first, second, method;
	struct iq_error *err;

	if (!between(text, "interface conversion: ", " is ", &first))
		return NULL;
	if (between(text, " is not ", ": missing method ", &second) &&
	    between(text, ": missing method ", "", &method)) {
		err = text_add(v, "type", first);
		if (!err)
			err = text_add(v, "wanted", second);
		if (!err)
			err = text_add(v, "missing method", method);
	} else if (between(text, " is ", ", not ", &second) &&
		   between(text, ", not ", "", &method)) {
		method = iq_str_sub(method, 0,
				    iq_str_search(method, IQ_STR(" (types")));
		err = text_add(v, "interface", first);
		if (!err)
			err = text_add(v, "type", second);
		if (!err)
			err = text_add(v, "wanted", method);
	} else {
		return NULL;
	}
	return err ? err :
		     iq_go_object_add(s, "interface value", NULL, false, v);
}

static bool is_same_function(const struct iq_go_scene *s, size_t a, size_t b)
{
	const struct iq_go_frames *x = s->frames[a].calls;
	const struct iq_go_frames *y = s->frames[b].calls;

	return x->num && y->num &&
	       x->frames[x->num - 1]->entry == y->frames[y->num - 1]->entry;
}

/* How many functions call each other from frame @at on, again and again, and in
 * how many frames they do. */
static size_t cycle_at(const struct iq_go_scene *s, size_t at, size_t *num_ret)
{
	for (size_t len = 1; len <= CYCLE_MAX; len++) {
		size_t n = at;

		while (n + len < s->num_frames &&
		       is_same_function(s, n, n + len))
			n++;
		if (n - at < len * CYCLE_TIMES)
			continue;
		*num_ret = n - at + len;
		return len;
	}
	return 0;
}

static struct iq_error *cycle_add(struct iq_go_scene *s, struct iq_go_values *v)
{
	struct iq_error *err = NULL;
	size_t len = 0, num = 0, at;

	for (at = 0; at < s->num_frames && at < CYCLE_MAX && !len; at++)
		len = cycle_at(s, at, &num);
	at -= len != 0;
	if (!len)
		return NULL;
	for (size_t i = 0; i < len && !err; i++) {
		struct iq_str name =
			iq_go_scene_function(&s->frames[at + len - 1 - i]);

		err = text_add(v,
			       len == 1 ? "calls itself" :
			       i	? "which calls" :
					  "in a circle",
			       name);
	}
	if (!err && s->num_frames < IQ_GO_SCENE_FRAMES)
		err = iq_go_values_number(v, "times", (int64_t)(num / len));
	return err;
}

struct iq_error *iq_go_object_stack(struct iq_go_scene *s,
				    struct iq_go_values *v)
{
	struct iq_go_found found = { .trust = IQ_GO_PASSED };
	struct iq_error *err;

	if (!s->g)
		return NULL;
	found.addr = found.holder = s->g->stack_lo;
	err = iq_go_values_number(v, "bytes",
				  (int64_t)(s->g->stack_hi - s->g->stack_lo));
	if (!err)
		err = cycle_add(s, v);
	return err ? err : iq_go_object_add(s, "stack", &found, false, v);
}

/*
 * "runtime: out of memory: cannot allocate N-byte block (M in use)", and what
 * the heap has. Go: src/runtime/malloc.go, sysAlloc; mheap.go.
 */
struct iq_error *iq_go_object_memory(struct iq_go_scene *s,
				     struct iq_go_values *v)
{
	const struct iq_go_constants *k = s->rt->version->constants;
	struct iq_str part;
	struct iq_error *err = NULL;
	uint64_t pages;

	if (between(s->scene->last_words, "-byte block (", " in use)", &part))
		err = number_add(v, "bytes in use", part);
	else if (s->mheap_addr && k->page_size > 0 &&
		 iq_go_field_read(s->rt->memory, s->mheap_addr,
				  s->rt->layout->mheap_pages_in_use, &pages) &&
		 pages < 1ull << 40)
		err = iq_go_values_number(v, "bytes of its pages in use",
					  (int64_t)pages * k->page_size);
	if (!err && between(s->scene->last_words, "cannot allocate ",
			    "-byte block", &part))
		err = number_add(v, "bytes asked for", part);
	if (err || !v->items.len)
		return err;
	return iq_go_object_add(s, "heap", NULL, false, v);
}
