/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "tests/programs.h"

/* gcore's cores hold all that a process has reserved: too large to break. */
static const char *const left_out[] = { "gcore.zst" };

/*
 * Readers of DWARF fork. What ASan keeps of freed memory would have to be copied
 * each time, which is most of the time that mangle takes.
 */
iq_public const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64";
}

static const char *testdata(void)
{
	static char path[4096];
	const char *srcdir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/testdata", srcdir ? srcdir : ".");
	return path;
}

struct iq_source *fixture_open(const char *name)
{
	const struct iq_source_options options = { 0 };
	struct iq_source *source = NULL;
	char path[8192];

	snprintf(path, sizeof(path), "%s/%s", testdata(), name);
	iq_error_destroy(iq_source_open(path, &options, &source));
	return source;
}

/* "zoo/go1.26-default/core.zst" gives what follows the first slash. */
static const char *kind_of(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool wanted(const struct fixtures *fixtures, const char *name)
{
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(left_out); i++) {
		if (strcmp(base, left_out[i]) == 0)
			return false;
	}
	for (size_t i = 0; i < fixtures->list.len; i++) {
		if (strcmp(kind_of(fixtures->list.data[i].name),
			   kind_of(name)) == 0)
			return false;
	}
	return true;
}

struct iq_source *fixture_executable(const char *name)
{
	const char *flavour = kind_of(name);
	const char *end = strchr(flavour, '/');
	char path[4096];

	if (!end || strncmp(name, "bin/", 4) == 0)
		return NULL;
	snprintf(path, sizeof(path), "bin/%.*s/%s.zst", (int)(end - flavour),
		 flavour, program_of_case(name));
	return fixture_open(path);
}

static void add(struct fixtures *fixtures, const char *name)
{
	struct fixture fixture = { .source = fixture_open(name) };

	if (fixture.source)
		fixture.reader = iq_reader_for(fixture.source);
	if (!fixture.reader) {
		iq_source_destroy(fixture.source);
		return;
	}
	fixture.name = strdup(name);
	fixture.executable = fixture_executable(name);
	if (!fixture.name || !iq_vec_push(&fixtures->list, fixture))
		abort();
}

bool fixtures_open(struct fixtures *fixtures)
{
	char line[8192], path[8192];

	memset(fixtures, 0, sizeof(*fixtures));
	snprintf(path, sizeof(path), "%s/MANIFEST", testdata());
	FILE *manifest = fopen(path, "r");
	if (!manifest) {
		printf("1..0 # SKIP the captures are not in the tarball\n");
		return false;
	}
	while (fgets(line, sizeof(line), manifest)) {
		line[strcspn(line, "\t\n")] = '\0';
		if (line[0] != '#' && wanted(fixtures, line))
			add(fixtures, line);
	}
	fclose(manifest);
	return true;
}

void fixtures_close(struct fixtures *fixtures)
{
	for (size_t i = 0; i < fixtures->list.len; i++) {
		struct fixture *fixture = &fixtures->list.data[i];

		free(fixture->name);
		iq_source_destroy(fixture->source);
		iq_source_destroy(fixture->executable);
	}
	iq_vec_deinit(&fixtures->list);
}

void fixture_read(const struct fixture *fixture, const struct iq_source *source,
		  struct iq_facts **facts_ret, struct iq_error **err_ret)
{
	const struct iq_source *executables[] = { fixture->executable };
	const struct iq_read_context context = {
		.executables = executables,
		.num_executables = fixture->executable ? 1 : 0,
		.no_file_system = true,
	};
	const struct iq_reader *reader = iq_reader_for(source);
	struct iq_facts *facts = NULL;

	*facts_ret = NULL;
	*err_ret = NULL;
	if (!reader)
		return;
	*err_ret = iq_facts_create(&facts);
	if (*err_ret)
		return;
	facts->witness.kind = reader->kind;
	facts->witness.format = iq_str_of(reader->name);
	facts->witness.path = iq_str_of(source->path);
	facts->witness.complete = true;
	*err_ret = reader->read(&context, source, facts);
	if (!*err_ret)
		iq_facts_finish(facts);
	*facts_ret = facts;
}
