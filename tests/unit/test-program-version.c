/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which row of the table a process is read with, when its version is not told,
 * is told wrongly or was not measured: the captures of testdata/, without their
 * executables and with other texts where the version stands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "formats/elf/core.h"
#include "formats/go/agreement.h"
#include "formats/go/program.h"

static const struct capture {
	const char *core;
	unsigned minor;
	const char *arch;
} captures[] = {
	{ "kinds/go1.18-stripped", 18, "amd64" },
	{ "kinds/go1.19-stripped", 19, "amd64" },
	{ "kinds/go1.20-stripped", 20, "amd64" },
	{ "kinds/go1.21-stripped", 21, "amd64" },
	{ "zoo/go1.22-stripped", 22, "amd64" },
	{ "kinds/go1.23-stripped", 23, "amd64" },
	{ "kinds/go1.25-stripped", 25, "amd64" },
	{ "zoo/go1.26-stripped", 26, "amd64" },
	{ "kinds/go1.27-stripped", 27, "amd64" },
	{ "kinds/go1.18-arm64-stripped", 18, "arm64" },
	{ "kinds/go1.22-arm64-stripped", 22, "arm64" },
	{ "kinds/go1.27-arm64-stripped", 27, "arm64" },
};

/* A copy of a capture's core, open. */
struct opened {
	struct iq_source *packed;
	uint8_t *bytes;
	struct iq_source source;
	struct iq_facts *facts;
	struct iq_core *core;
	struct iq_go_program *program;
	struct iq_error *err;
};

static bool capture_load(const struct capture *capture, struct opened *o)
{
	const char *root = getenv("srcdir");
	char path[1024];

	*o = (struct opened){ 0 };
	snprintf(path, sizeof(path), "%s/testdata/%s/core.zst",
		 root ? root : ".", capture->core);
	if (access(path, R_OK))
		return false;
	assert_null(iq_source_open(path, NULL, &o->packed));
	o->bytes = malloc(o->packed->size);
	assert_non_null(o->bytes);
	memcpy(o->bytes, o->packed->data, o->packed->size);
	o->source = (struct iq_source){
		.path = "core",
		.data = o->bytes,
		.size = o->packed->size,
	};
	return true;
}

static void capture_read(struct opened *o)
{
	const struct iq_read_context context = { .no_file_system = true };

	assert_null(iq_facts_create(&o->facts));
	assert_null(iq_core_open(&context, &o->source, o->facts, &o->core));
	o->err = iq_go_program_open(o->core, o->facts, &o->program);
}

static void capture_close(struct opened *o)
{
	iq_error_destroy(o->err);
	iq_facts_destroy(o->facts);
	iq_source_destroy(o->packed);
	free(o->bytes);
}

/* Puts @text over every "go1.NN" of the copy that is a version's beginning. */
static void version_overwrite(struct opened *o, unsigned minor,
			      const char *text)
{
	char old[16];
	uint8_t *at = o->bytes, *end = o->bytes + o->source.size;
	size_t len = (size_t)snprintf(old, sizeof(old), "go1.%u.", minor);

	assert_int_equal(strlen(text), len);
	while ((at = memmem(at, (size_t)(end - at), old, len)) != NULL) {
		memcpy(at, text, len);
		at += len;
	}
}

static bool has_gap(const struct iq_facts *facts, enum iq_gap_code code,
		    const char *part)
{
	for (size_t i = 0; i < facts->gaps.len; i++) {
		struct iq_str text = facts->gaps.data[i].text;

		if (facts->gaps.data[i].code == code &&
		    memmem(text.ptr, text.len, part, strlen(part)))
			return true;
	}
	return false;
}

/* Whether the two rows are read alike where the checks look. */
static bool is_like(const struct iq_go_version *a,
		    const struct iq_go_version *b)
{
	return a->minor == b->minor || a->wait_reasons == b->wait_reasons;
}

static void own_row_agrees_and_no_other_agrees_more(void **state iq_unused)
{
	size_t num, tried = 0;
	const struct iq_go_version *rows = iq_go_versions(&num);

	for (size_t i = 0; i < IQ_ARRAY_SIZE(captures); i++) {
		struct iq_go_agreement own, other;
		struct opened o;

		if (!capture_load(&captures[i], &o))
			continue;
		capture_read(&o);
		assert_null(o.err);
		assert_true(o.program->version_exact);
		uint64_t addr = o.program->modules[0].moduledata_addr;
		iq_go_agreement_check(o.program, o.program->version, addr, true,
				      &own);
		assert_int_equal(iq_go_agreement_failures(&own), 0);
		for (int k = 0; k < IQ_GO_AGREES_NUM; k++)
			if (k != IQ_GO_AGREES_FUNCTIONS)
				assert_true(iq_go_agreement_holds(
					&own, (enum iq_go_agreement_kind)k));
		for (size_t r = 0; r < num; r++) {
			if (strcmp(rows[r].arch, captures[i].arch) != 0)
				continue;
			iq_go_agreement_check(o.program, &rows[r], addr, true,
					      &other);
			int by = iq_go_agreement_compare(&own, &other);
			if (is_like(&rows[r], o.program->version))
				assert_true(by <= 0);
			else
				assert_true(by < 0);
			tried++;
		}
		capture_close(&o);
	}
	if (!tried)
		skip();
}

/* Reads every capture as if its version were @format's, and expects the row of
 * the version that it is. */
static void expect_true_row(const char *format, enum iq_gap_code code,
			    const char *gap)
{
	size_t tried = 0;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(captures); i++) {
		unsigned minor = captures[i].minor;
		struct iq_str text;
		struct opened o;
		char version[16];

		if (!capture_load(&captures[i], &o))
			continue;
		snprintf(version, sizeof(version), format,
			 minor == 22 ? 26 : 22);
		version_overwrite(&o, minor, version);
		capture_read(&o);
		assert_null(o.err);
		assert_false(o.program->version_exact);
		// 1.18 and 1.19 are alike in all that a core shows.
		if (minor == 18)
			assert_in_range(o.program->version->minor, 18, 19);
		else
			assert_int_equal(o.program->version->minor, minor);
		assert_string_equal(o.program->version->arch, captures[i].arch);
		// The reasons' numbers are proven by their lengths.
		for (unsigned k = 0; k < o.program->version->num_wait_reasons;
		     k++)
			assert_true(iq_go_wait_reason(o.program->version, k,
						      &text));
		// A patch that was not measured is not told from a lie.
		if (!has_gap(o.facts, code, gap) &&
		    !has_gap(o.facts, code, "was not measured"))
			fail_msg("%s: no gap \"%s\"", captures[i].core, gap);
		capture_close(&o);
		tried++;
	}
	if (!tried)
		skip();
}

static void untold_version_is_the_one_that_agrees(void **state iq_unused)
{
	expect_true_row("no-%u-v", IQ_GAP_LAYOUT, "agree with it");
}

static void newer_version_is_read_with_what_agrees(void **state iq_unused)
{
	expect_true_row("go1.%u9", IQ_GAP_LAYOUT, "agree with it");
}

static void wrong_version_gives_way_to_what_agrees(void **state iq_unused)
{
	expect_true_row("go1.%u.", IQ_GAP_LAYOUT, "which is taken");
}

static void damage_changes_no_measured_row(void **state iq_unused)
{
	size_t tried = 0;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(captures); i++) {
		struct opened o;

		if (!capture_load(&captures[i], &o))
			continue;
		// From the heap on nothing is left.
		memset(o.bytes + o.source.size / 3, 0,
		       (size_t)(o.source.size - o.source.size / 3));
		capture_read(&o);
		if (!o.err) {
			assert_true(o.program->version_exact);
			assert_int_equal(o.program->version->minor,
					 captures[i].minor);
		}
		capture_close(&o);
		tried++;
	}
	if (!tried)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_row_agrees_and_no_other_agrees_more),
		cmocka_unit_test(untold_version_is_the_one_that_agrees),
		cmocka_unit_test(newer_version_is_read_with_what_agrees),
		cmocka_unit_test(wrong_version_gives_way_to_what_agrees),
		cmocka_unit_test(damage_changes_no_measured_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
