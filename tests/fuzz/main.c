/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its seeds, one TAP line each:
 *
 *	fuzz-go-dump [FILE...]		without FILE: all of its corpus
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No seed is worth more time than this, sanitizers included. */
#define SECONDS_PER_FILE 60

/* All of @path in a buffer of exactly its size, so that ASan sees the end. */
static uint8_t *file_read(const char *path, size_t *size_ret)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;

	uint8_t *data = NULL;
	long size = -1;
	if (fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
		data = malloc(size ? (size_t)size : 1);
	if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
		free(data);
		data = NULL;
	}
	fclose(file);
	*size_ret = (size_t)size;
	return data;
}

static bool seed_run(int number, const char *path)
{
	const char *name = strrchr(path, '/');
	size_t size;
	uint8_t *data = file_read(path, &size);

	name = name ? name + 1 : path;
	if (!data) {
		printf("not ok %d - %s cannot be read\n", number, name);
		return false;
	}
	// Said before, for the case that it does not come back.
	printf("# %s\n", name);
	fflush(stdout);
	alarm(SECONDS_PER_FILE);
	LLVMFuzzerTestOneInput(data, size);
	alarm(0);
	free(data);
	printf("ok %d - %s\n", number, name);
	return true;
}

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool corpus_run(const char *folder)
{
	struct dirent **entries;
	int num = scandir(folder, &entries, is_seed, alphasort);
	bool all = true;

	if (num <= 0) {
		printf("1..0 # SKIP no seeds in %s\n", folder);
		return true;
	}
	printf("1..%d\n", num);
	for (int i = 0; i < num; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
			abort();
		all = seed_run(i + 1, path) && all;
		free(path);
		free(entries[i]);
	}
	free(entries);
	return all;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *target = strstr(argv[0], "fuzz-");
	bool all = true;

	if (argc > 1) {
		printf("1..%d\n", argc - 1);
		for (int i = 1; i < argc; i++)
			all = seed_run(i, argv[i]) && all;
		return all ? EXIT_SUCCESS : EXIT_FAILURE;
	}

	char *folder;
	if (asprintf(&folder, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		     target ? target + strlen("fuzz-") : "") < 0)
		abort();
	all = corpus_run(folder);
	free(folder);
	return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
