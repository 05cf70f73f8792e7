/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/process.h"
#include "formats/go/program.h"

#define SENTINEL "0123456789abcdef"
#define MODINFO                                                                \
	"path\texample.org/server\n"                                           \
	"mod\texample.org/server\tv1.2.3\th1:xyz=\n"                           \
	"dep\tmod.example/mod\tv1.0.0\n"                                       \
	"build\t-compiler=gc\n"                                                \
	"build\t-ldflags=\"-s -w\"\n"                                          \
	"build\tGOARCH=amd64\n"                                                \
	"build\tvcs.revision=0badc0de\n"

/* A blob of the inline form in @buf; its size. */
static size_t blob(uint8_t *buf, const char *version, const char *modinfo)
{
	size_t version_len = strlen(version), modinfo_len = strlen(modinfo);
	size_t at = 32;

	memset(buf, 0, 32);
	memcpy(buf, "\xff Go buildinf:", 14);
	buf[14] = 8;
	buf[15] = 2;
	buf[at++] = (uint8_t)version_len;
	memcpy(buf + at, version, version_len);
	at += version_len;
	buf[at++] = (uint8_t)(modinfo_len | 0x80);
	buf[at++] = (uint8_t)(modinfo_len >> 7);
	memcpy(buf + at, modinfo, modinfo_len);
	return at + modinfo_len;
}

static void assert_str(struct iq_str s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	assert_memory_equal(s.ptr, expected, s.len);
}

static void inline_form_is_found_and_unframed(void **state iq_unused)
{
	uint8_t data[1024] = { 0 };
	struct iq_go_buildinfo info;
	size_t size =
		64 + blob(data + 64, "go1.26.8", SENTINEL MODINFO SENTINEL);

	assert_true(iq_go_buildinfo_find(data, size, &info));
	assert_str(info.version, "go1.26.8");
	assert_str(info.modinfo, MODINFO);
}

static void program_without_modules_has_a_version(void **state iq_unused)
{
	uint8_t data[256];
	struct iq_go_buildinfo info;
	size_t size = blob(data, "devel go1.27-abc X:nodwarf5", "");

	assert_true(iq_go_buildinfo_find(data, size, &info));
	assert_str(info.version, "devel go1.27-abc X:nodwarf5");
	assert_int_equal(info.modinfo.len, 0);
}

static void lookalikes_are_passed_over(void **state iq_unused)
{
	uint8_t data[1024] = { 0 };
	struct iq_go_buildinfo info;

	// Not aligned; of the form before go1.18; with a version of control
	// characters; then the right one.
	blob(data + 8, "go9.1", "");
	blob(data + 96, "go9.2", "");
	data[96 + 15] = 0;
	blob(data + 192, "\n\n\n", "");
	size_t size = 512 + blob(data + 512, "go1.22.12", "");
	assert_true(iq_go_buildinfo_find(data, size, &info));
	assert_str(info.version, "go1.22.12");
	assert_false(iq_go_buildinfo_find(data, 512, &info));
}

static void lengths_that_lie_are_no_build_information(void **state iq_unused)
{
	uint8_t data[256];
	struct iq_go_buildinfo info;
	size_t size = blob(data, "go1.22.12", "abc");

	for (size_t cut = 0; cut < size; cut++)
		assert_false(iq_go_buildinfo_find(data, cut, &info));
	assert_true(iq_go_buildinfo_find(data, size, &info));
	data[32] = 0x7f;
	assert_false(iq_go_buildinfo_find(data, size, &info));
	memset(data + 32, 0xff, 16);
	assert_false(iq_go_buildinfo_find(data, size, &info));
}

static void settings_are_found_by_key(void **state iq_unused)
{
	const struct iq_str modinfo = IQ_STR(MODINFO);
	struct iq_str value;

	assert_true(iq_go_buildinfo_setting(modinfo, "-ldflags", &value));
	assert_str(value, "-s -w");
	assert_true(iq_go_buildinfo_setting(modinfo, "GOARCH", &value));
	assert_str(value, "amd64");
	assert_true(iq_go_buildinfo_setting(modinfo, "vcs.revision", &value));
	assert_str(value, "0badc0de");
	assert_false(iq_go_buildinfo_setting(modinfo, "vcs", &value));
	assert_false(iq_go_buildinfo_setting(IQ_STR(""), "vcs", &value));
	assert_true(iq_go_buildinfo_module(modinfo, &value));
	assert_str(value, "example.org/server");
	assert_false(iq_go_buildinfo_module(IQ_STR("path\tx\n"), &value));
}

static void flags_say_how_it_was_built(void **state iq_unused)
{
	const struct {
		const char *modinfo;
		enum iq_tristate optimised, stripped, cgo;
	} rows[] = {
		{ "", IQ_UNKNOWN, IQ_UNKNOWN, IQ_UNKNOWN },
		{ MODINFO, IQ_YES, IQ_YES, IQ_UNKNOWN },
		{ "build\t-compiler=gc\nbuild\t-gcflags=\"all=-N -l\"\n"
		  "build\tCGO_ENABLED=0\n",
		  IQ_NO, IQ_UNKNOWN, IQ_NO },
		{ "build\t-compiler=gc\nbuild\t-gcflags=-l\n"
		  "build\tCGO_ENABLED=1\n",
		  IQ_YES, IQ_UNKNOWN, IQ_UNKNOWN },
		{ "build\t-ldflags=\"-X main.s=-static\"\n", IQ_UNKNOWN,
		  IQ_UNKNOWN, IQ_UNKNOWN },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		const struct iq_go_buildinfo info = {
			.version = IQ_STR("go1.22.12"),
			.modinfo = iq_str_of(rows[i].modinfo),
		};
		struct iq_facts *facts;

		assert_null(iq_facts_create(&facts));
		assert_null(iq_go_process_fill(facts, &info, NULL));
		assert_str(facts->process.go_version, "go1.22.12");
		assert_int_equal(facts->process.optimised, rows[i].optimised);
		assert_int_equal(facts->process.stripped, rows[i].stripped);
		assert_int_equal(facts->process.cgo, rows[i].cgo);
		iq_facts_destroy(facts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inline_form_is_found_and_unframed),
		cmocka_unit_test(program_without_modules_has_a_version),
		cmocka_unit_test(lookalikes_are_passed_over),
		cmocka_unit_test(lengths_that_lie_are_no_build_information),
		cmocka_unit_test(settings_are_found_by_key),
		cmocka_unit_test(flags_say_how_it_was_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
