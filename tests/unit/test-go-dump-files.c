/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dumps of others, with what another parser makes of them, and the captures.
 */
#include "formats/reader.h"

#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "go-dump.h"

static char *path_of(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char *path;

	if (asprintf(&path, "%s/testdata/%s", srcdir ? srcdir : ".", name) < 0)
		abort();
	return path;
}

static char *file_text(const char *path)
{
	struct iq_source *source;
	char *text;

	if (iq_source_open(path, &(struct iq_source_options){ 0 }, &source))
		return NULL;
	text = strndup((const char *)source->data, source->size);
	iq_source_destroy(source);
	return text;
}

static yajl_val json_at(yajl_val object, const char *key, yajl_type type)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(object, path, type);
}

static void golden_frame_assert(const struct iq_frame *frame, yajl_val json)
{
	const char *function = json_at(json, "Func", yajl_t_string)->u.string;

	assert_str(frame->function, function);
	assert_str(frame->file, json_at(json, "File", yajl_t_string)->u.string);
	assert_int_equal(frame->line,
			 json_at(json, "Line", yajl_t_number)->u.number.i);
}

static void golden_assert(const struct dump *d, yajl_val json)
{
	const struct iq_goroutine_fact *g = goroutine(
		d, (uint64_t)json_at(json, "ID", yajl_t_number)->u.number.i);
	const char *state = json_at(json, "State", yajl_t_string)->u.string;
	yajl_val stack = json_at(json, "Stack", yajl_t_array);
	yajl_val creator = json_at(json, "CreatedBy", yajl_t_object);

	if (g->status == IQ_GSTATUS_WAITING)
		assert_str(g->wait_reason, state);
	else
		assert_string_equal(iq_gstatus_name(g->status), state);
	assert_int_equal(g->minutes * UINT64_C(60000000000),
			 json_at(json, "Wait", yajl_t_number)->u.number.i);
	assert_int_equal(g->locked, YAJL_IS_TRUE(json_at(json, "LockedToThread",
							 yajl_t_any)));
	assert_int_equal(
		g->stack->elided,
		YAJL_IS_TRUE(json_at(json, "FramesElided", yajl_t_any)));
	assert_int_equal(g->stack->num_frames, stack->u.array.len);
	for (size_t i = 0; i < stack->u.array.len; i++)
		golden_frame_assert(g->stack->frames[i],
				    stack->u.array.values[i]);
	assert_int_equal(!g->created_by, !creator);
	if (creator)
		golden_frame_assert(g->created_by, creator);
}

/* Damaged goroutines, which that parser leaves out, may be more here. */
static void another_parser_agrees(void **state iq_unused)
{
	static const char *const names[] = { "ancestors", "errorhandling",
					     "frameselided_goroutine",
					     "lockedm", "windows" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		char name[64];

		snprintf(name, sizeof(name), "foreign/dumps/gsp-%s.txt",
			 names[i]);
		char *path = path_of(name);
		char *text = file_text(path);

		free(path);
		snprintf(name, sizeof(name), "foreign/dumps/gsp-%s.golden.json",
			 names[i]);
		path = path_of(name);
		char *golden = file_text(path);

		free(path);
		if (!text || !golden)
			skip();
		yajl_val json = yajl_tree_parse(golden, NULL, 0);
		yajl_val all = json_at(json, "Goroutines", yajl_t_array);
		struct dump d = dump_of(text);

		for (size_t k = 0; k < all->u.array.len; k++)
			golden_assert(&d, all->u.array.values[k]);
		dump_close(&d);
		yajl_tree_free(json);
		free(golden);
		free(text);
	}
}

/* Headers but those of threads, each id once. */
static size_t headers_count(const char *text)
{
	uint64_t ids[4096];
	size_t num = 0;

	for (const char *at = text; (at = strstr(at, "\ngoroutine "));) {
		uint64_t id;
		bool known = false;

		at += strlen("\ngoroutine ");
		if (sscanf(at, "%" SCNu64 " ", &id) != 1 || id == 0)
			continue;
		for (size_t i = 0; i < num; i++)
			known |= ids[i] == id;
		if (!known && num < IQ_ARRAY_SIZE(ids))
			ids[num++] = id;
	}
	return num;
}

static void capture_assert(const char *path)
{
	char *text = file_text(path);

	if (!text)
		return;
	// A header may stand in the first line.
	char *with_newline;

	assert_true(asprintf(&with_newline, "\n%s", text) > 0);
	struct dump d = dump_of(text);

	assert_int_equal(d.facts->gaps.len, 0);
	assert_int_equal(d.facts->goroutines.len, headers_count(with_newline));
	assert_int_equal(d.facts->witness.num_sections, 1);
	for (size_t i = 0; i < d.facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *g =
			&d.facts->goroutines.data[i];

		// Up to Go 1.20 a text ends after 100 calls without a word.
		assert_true(!g->stack || g->stack->complete ||
			    strstr(path, "/kinds/") || strstr(path, "/leaks/"));
		// A finalizer's goroutine is the runtime's, which is hidden.
		assert_true(g->created_by || g->id == 1 || strstr(path, "zoo"));
	}
	assert_true(d.facts->process.end != IQ_END_UNKNOWN);
	dump_close(&d);
	free(with_newline);
	free(text);
}

static void captures_are_read_without_gaps(void **state iq_unused)
{
	static const char *const patterns[] = { "*/*/debug2.txt.zst",
						"*/*/sigquit.txt.zst",
						"*/*/crash.txt.zst" };
	size_t num = 0;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(patterns); i++) {
		char *pattern = path_of(patterns[i]);
		glob_t found;

		if (glob(pattern, 0, NULL, &found) == 0) {
			for (size_t k = 0; k < found.gl_pathc; k++)
				capture_assert(found.gl_pathv[k]);
			num += found.gl_pathc;
			globfree(&found);
		}
		free(pattern);
	}
	if (num == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_parser_agrees),
		cmocka_unit_test(captures_are_read_without_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
