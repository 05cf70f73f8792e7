/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every reader with the n-th allocation failing: either it says that there was
 * no memory, or it goes on; it never crashes and, under ASan, leaks nothing.
 * One TAP line a capture; the captures of a reader divide its tries. The linker
 * sends our calls of malloc through here (--wrap); those of shared libraries
 * stay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fixtures.h"

/* Tries of all captures of one reader, and of one capture: the first half of
 * them from the first allocation on, the others evenly over the rest. */
#define TRIES 1500
#define TRIES_MIN 20
#define TRIES_MAX 300
#define SECONDS_PER_TRY 60

static size_t num_allocations;
/* Which one fails, from 1; 0: none. */
static size_t failing;

static bool fails(void)
{
	num_allocations++;
	return num_allocations == failing;
}

/* The linker's names for what it wraps; nothing else has such. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t num, size_t size)
{
	return fails() ? NULL : __real_calloc(num, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

/* Reads with allocation @n failing. */
static bool once(const struct fixture *fixture, size_t n)
{
	struct iq_facts *facts;
	struct iq_error *err;

	alarm(SECONDS_PER_TRY);
	num_allocations = 0;
	failing = n;
	fixture_read(fixture, fixture->source, &facts, &err);
	failing = 0;
	alarm(0);

	// Whoever cannot say that memory is short must not say something else.
	bool fine = !err || err->code == IQ_ERROR_NOMEM;
	if (!fine)
		printf("# allocation %zu of %s: %s\n", n, fixture->name,
		       err->text);
	iq_facts_destroy(facts);
	iq_error_destroy(err);
	return fine;
}

/* Capture @number in turn begins elsewhere than the one before it. */
static bool starve(const struct fixture *fixture, int number, size_t tries)
{
	size_t half = tries / 2;
	bool fine = true;

	printf("# %s\n", fixture->name);
	fflush(stdout);
	fine &= once(fixture, 0);
	size_t num = num_allocations;
	for (size_t n = 1; n <= num && n <= half; n++)
		fine &= once(fixture, n);
	for (size_t i = 0; num > half && i < half; i++) {
		size_t from = half + 1 + (num - half) * i / half;
		size_t to = half + 1 + (num - half) * (i + 1) / half;

		if (from < to)
			fine &= once(fixture,
				     from + (size_t)number * 7 % (to - from));
	}
	printf("%s %d - %s %s, %zu allocations\n", fine ? "ok" : "not ok",
	       number, fixture->reader->name, fixture->name, num);
	return fine;
}

/* One capture for each reader and file name is enough here. */
static bool seen(const struct fixtures *fixtures, size_t index)
{
	const struct fixture *fixture = &fixtures->list.data[index];
	const char *base = strrchr(fixture->name, '/');

	for (size_t i = 0; i < index; i++) {
		const struct fixture *other = &fixtures->list.data[i];
		const char *name = strrchr(other->name, '/');

		if (other->reader == fixture->reader && name && base &&
		    strcmp(name, base) == 0)
			return true;
	}
	return false;
}

/* How many tries one of the captures of @reader gets. */
static size_t num_tries(const struct fixtures *fixtures,
			const struct iq_reader *reader)
{
	size_t num = 0, each;

	for (size_t i = 0; i < fixtures->list.len; i++)
		num += fixtures->list.data[i].reader == reader &&
		       !seen(fixtures, i);
	each = num ? TRIES / num : TRIES;
	if (each < TRIES_MIN)
		return TRIES_MIN;
	return each > TRIES_MAX ? TRIES_MAX : each;
}

int main(void)
{
	struct fixtures fixtures;
	bool all = true;
	int number = 0;

	if (!fixtures_open(&fixtures))
		return EXIT_SUCCESS;
	for (size_t i = 0; i < fixtures.list.len; i++) {
		const struct fixture *fixture = &fixtures.list.data[i];

		if (!seen(&fixtures, i))
			all &= starve(fixture, ++number,
				      num_tries(&fixtures, fixture->reader));
	}
	printf("1..%d\n", number);
	fixtures_close(&fixtures);
	return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
