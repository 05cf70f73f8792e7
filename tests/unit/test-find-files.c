/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/elf/find_files.h"

#define ID "abcdef0123"

/* A folder for one test, which is the working directory meanwhile. */
static char root[64];

static int setup(void **state iq_unused)
{
	strcpy(root, "/tmp/inquest-test-XXXXXX");
	return mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

static int teardown(void **state iq_unused)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return chdir("/") || system(command);
}

static void make_folders(const char *path)
{
	char part[256];

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		mkdir(part, 0700);
	}
}

/* A file below the test's folder that begins like an executable. */
static void make_elf(const char *path)
{
	uint8_t bytes[64] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	FILE *f;

	bytes[16] = ET_EXEC;
	make_folders(path);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	fclose(f);
}

/* What was found, a line each; stops at the one named. */
struct found {
	char text[1024];
	const char *stop;
};

static struct iq_error *note_path(void *ctx, const char *path,
				  enum iq_find_place place, bool *done)
{
	struct found *found = ctx;
	size_t len = strlen(found->text);

	snprintf(found->text + len, sizeof(found->text) - len, "%s%s\n",
		 place == IQ_FIND_NAMED ? "named: " : "", path);
	*done = found->stop && !strcmp(found->stop, path);
	return NULL;
}

static const char *const folders[] = { "store", "other" };

static struct iq_read_context context_make(const char *sysroot)
{
	return (struct iq_read_context){
		.sysroot = sysroot,
		.debug_dirs = folders,
		.num_debug_dirs = IQ_ARRAY_SIZE(folders),
	};
}

static void assert_programs(const struct iq_find *find, const char *expected)
{
	struct found found = { 0 };

	assert_null(iq_find_program(find, note_path, &found));
	assert_string_equal(found.text, expected);
}

static void places_come_in_the_documented_order(void **state iq_unused)
{
	struct iq_read_context context = context_make("root");
	const struct iq_find find = {
		.context = &context,
		.core_path = "cores/core",
		.path = IQ_STR("/srv/bin/server"),
		.build_id = IQ_STR(ID),
		.scan = true,
	};

	make_elf("root/srv/bin/server");
	make_elf("store/.build-id/ab/cdef0123");
	make_elf("other/" ID);
	make_elf("root/usr/lib/debug/.build-id/ab/cdef0123");
	make_elf("other/bin/server");
	make_elf("cores/server");
	make_elf("server");
	make_elf("store/anything");
	assert_programs(&find, "named: root/srv/bin/server\n"
			       "store/.build-id/ab/cdef0123\n"
			       "other/" ID "\n"
			       "root/usr/lib/debug/.build-id/ab/cdef0123\n"
			       "root/srv/bin/server\n"
			       "other/bin/server\n"
			       "cores/server\n"
			       "./server\n"
			       "store/anything\n"
			       "other/" ID "\n");
}

static void search_ends_with_the_file_that_fits(void **state iq_unused)
{
	struct iq_read_context context = context_make(NULL);
	struct found found = { .stop = "other/" ID };
	const struct iq_find find = {
		.context = &context,
		.core_path = "-",
		.path = IQ_STR("server"),
		.build_id = IQ_STR(ID),
	};

	make_elf("store/" ID "/executable");
	make_elf("other/" ID);
	make_elf("server");
	assert_null(iq_find_program(&find, note_path, &found));
	assert_string_equal(found.text, "store/" ID "/executable\n"
					"other/" ID "\n");
}

static void every_form_of_a_store_is_known(void **state iq_unused)
{
	static const char *const forms[] = {
		"store/.build-id/ab/cdef0123",
		"store/ab/cdef0123",
		"store/" ID,
		"store/" ID "/executable",
	};
	struct iq_read_context context = context_make(NULL);
	const struct iq_find find = {
		.context = &context,
		.core_path = "core",
		.build_id = IQ_STR(ID),
	};
	char expected[64];

	for (size_t i = 0; i < IQ_ARRAY_SIZE(forms); i++) {
		make_elf(forms[i]);
		snprintf(expected, sizeof(expected), "%s\n", forms[i]);
		assert_programs(&find, expected);
		assert_int_equal(unlink(forms[i]), 0);
	}
}

static void folders_of_containers_are_left_out(void **state iq_unused)
{
	struct iq_read_context context = context_make("layer/merged");
	struct iq_find find = {
		.context = &context,
		.core_path = "core",
		.path = IQ_STR("/proc/4711/root/app/server"),
	};

	make_elf("layer/merged/app/server");
	assert_programs(&find, "layer/merged/app/server\n");
	find.path = IQ_STR("/var/lib/overlay2/0123/merged/app/server");
	assert_programs(&find, "layer/merged/app/server\n");
}

static void only_programs_are_opened(void **state iq_unused)
{
	struct iq_read_context context = context_make(NULL);
	const struct iq_find find = {
		.context = &context,
		.core_path = "cores/core",
		.path = IQ_STR("/srv/server"),
		.scan = true,
	};
	FILE *f;

	make_folders("store/x");
	make_folders("other/x");
	make_folders("cores/x");
	// Who opens a pipe waits for ever.
	assert_int_equal(mkfifo("store/server", 0600), 0);
	f = fopen("other/server", "w");
	assert_non_null(f);
	fputs("#!/bin/sh\n# longer than a header's beginning\n", f);
	fclose(f);
	assert_int_equal(mkdir("cores/server", 0700), 0);
	assert_programs(&find, "");
}

static void
nothing_is_looked_for_where_that_is_forbidden(void **state iq_unused)
{
	struct iq_read_context context = context_make(NULL);
	struct found found = { 0 };
	const struct iq_find find = {
		.context = &context,
		.core_path = "core",
		.path = IQ_STR("/srv/server"),
		.build_id = IQ_STR(ID),
		.scan = true,
	};

	make_elf("server");
	make_elf("store/" ID);
	make_elf("store/" ID ".debug");
	context.no_file_system = true;
	assert_programs(&find, "");
	assert_null(iq_find_debug(&find, "server", IQ_STR(ID ".debug"),
				  note_path, &found));
	assert_string_equal(found.text, "");
}

static void debug_files_are_found_by_id_and_by_link(void **state iq_unused)
{
	struct iq_read_context context = context_make(NULL);
	const struct iq_find find = {
		.context = &context,
		.core_path = "core",
		.path = IQ_STR("/srv/bin/server"),
		.build_id = IQ_STR(ID),
	};
	struct found found = { 0 };

	make_elf("store/.build-id/ab/cdef0123.debug");
	make_elf("other/" ID "/debuginfo");
	make_elf("here/server.debug");
	make_elf("here/.debug/server.debug");
	make_elf("other/srv/bin/server.debug");
	make_elf("other/server.debug");
	assert_null(iq_find_debug(&find, "here/server", IQ_STR("server.debug"),
				  note_path, &found));
	assert_string_equal(found.text, "store/.build-id/ab/cdef0123.debug\n"
					"other/" ID "/debuginfo\n"
					"here/server.debug\n"
					"here/.debug/server.debug\n"
					"other//srv/bin/server.debug\n"
					"other/server.debug\n");
}

static void link_leads_to_no_other_folder(void **state iq_unused)
{
	struct iq_read_context context = context_make(NULL);
	const struct iq_find find = {
		.context = &context,
		.core_path = "core",
		.path = IQ_STR("/srv/server"),
	};
	struct found found = { 0 };

	make_elf("secret.debug");
	make_folders("here/x");
	assert_null(iq_find_debug(&find, "here/server",
				  IQ_STR("../secret.debug"), note_path,
				  &found));
	assert_string_equal(found.text, "");
}

static void path_that_is_too_long_is_none(void **state iq_unused)
{
	static char path[70000];
	struct iq_read_context context = context_make(NULL);
	struct iq_find find = {
		.context = &context,
		.core_path = "core",
		.path = { .ptr = path, .len = sizeof(path) },
	};

	memset(path, '/', sizeof(path));
	assert_programs(&find, "");
	memset(path, 'x', sizeof(path));
	find.path.len = 4000;
	assert_programs(&find, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(places_come_in_the_documented_order),
		TEST(search_ends_with_the_file_that_fits),
		TEST(every_form_of_a_store_is_known),
		TEST(folders_of_containers_are_left_out),
		TEST(only_programs_are_opened),
		TEST(nothing_is_looked_for_where_that_is_forbidden),
		TEST(debug_files_are_found_by_id_and_by_link),
		TEST(link_leads_to_no_other_folder),
		TEST(path_that_is_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
