/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every capture, cut at many lengths and with single bits flipped, through its
 * reader: no crash, no hang, every error with a place, and a core that was cut
 * says so. One TAP line a capture. The tries of a reader are divided among its
 * captures, each of which gets others; MANGLE_TRIES is another number of them.
 * MANGLE_VERBOSE names each try before it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/profile.h"
#include "tests/fixtures.h"

/* Longest that one try may take, sanitizers and a busy machine included. */
#define SECONDS_PER_TRY 60
/* Tries of all captures of one reader, and of one capture. */
#define TRIES 6000
#define TRIES_MIN 64
#define TRIES_MAX 1000
/* Texts are small, a core is 45 MiB. */
#define LARGE (4u << 20)
/* Headers are worth more tries than what they describe. */
#define HEAD 8192

struct mangler {
	const struct fixture *fixture;
	uint8_t *bytes; /* a copy of all of the source's */
	size_t size;
	uint64_t seed;
	bool verbose;
	/* A bit of bytes is flipped. */
	bool broken;
	/* What went wrong first; empty if nothing did. */
	char wrong[512];
};

/* xorshift64: the same tries on every machine. */
static uint64_t next(struct mangler *m, uint64_t below)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return below ? m->seed % below : 0;
}

static void complain(struct mangler *m, const char *what, uint64_t place,
		     const char *text)
{
	if (!m->wrong[0])
		snprintf(m->wrong, sizeof(m->wrong), "%s %" PRIu64 ": %s", what,
			 place, text);
}

/* Whether @facts say something: a reader that says nothing cannot be wrong. */
static bool has_content(const struct iq_facts *facts)
{
	if (facts->witness.kind == IQ_WITNESS_PROFILE)
		return facts->profile && facts->profile->num_samples;
	return facts->witness.kind == IQ_WITNESS_EXECUTABLE ||
	       facts->goroutines.len;
}

/* What is not broken is read: else the rest would prove nothing. */
static void judge_whole(struct mangler *m, const struct iq_facts *facts,
			const struct iq_error *err)
{
	if (err)
		complain(m, "whole, to", m->size, err->text);
	else if (!facts)
		complain(m, "whole, to", m->size, "no reader takes it");
	else if (!has_content(facts))
		complain(m, "whole, to", m->size, "nothing is in it");
}

/* What is wrong in a process's memory has an address, in words. */
static bool has_place(const struct mangler *m, const struct iq_error *err)
{
	return err->has_offset || m->fixture->reader->kind == IQ_WITNESS_CORE ||
	       (err->code != IQ_ERROR_FORMAT &&
		err->code != IQ_ERROR_TRUNCATED);
}

static void judge(struct mangler *m, const char *what, uint64_t place,
		  size_t size, const struct iq_facts *facts,
		  const struct iq_error *err)
{
	if (size == m->size && !m->broken)
		judge_whole(m, facts, err);
	else if (err && err->code == IQ_ERROR_NOMEM)
		complain(m, what, place, "out of memory");
	else if (err && !has_place(m, err))
		complain(m, what, place, err->text);
	else if (!err && facts && facts->gaps.len == 0 && size < m->size &&
		 facts->witness.kind == IQ_WITNESS_CORE)
		complain(m, what, place,
			 "the core does not say that it is cut");
}

static void try(struct mangler *m, const char *what, uint64_t place,
		const uint8_t *bytes, size_t size)
{
	const struct iq_source_options options = { 0 };
	struct iq_source *source;
	struct iq_facts *facts;
	struct iq_error *err;

	if (m->verbose) {
		printf("# %s %s %" PRIu64 "\n", m->fixture->name, what, place);
		fflush(stdout);
	}
	alarm(SECONDS_PER_TRY);
	err = iq_source_open_buffer(m->fixture->name, bytes, size, &options,
				    &source);
	if (!err) {
		fixture_read(m->fixture, source, &facts, &err);
		judge(m, what, place, size, facts, err);
		iq_facts_destroy(facts);
		iq_source_destroy(source);
	}
	iq_error_destroy(err);
	alarm(0);
}

/* Lengths around which readers decide: near 0, then ever larger, then any. */
static size_t cut_length(struct mangler *m, size_t n, size_t num)
{
	if (n < num / 4)
		return (n * HEAD + (size_t)next(m, HEAD)) / (num / 4) % m->size;
	return (size_t)next(m, m->size);
}

static void cuts(struct mangler *m, size_t num)
{
	for (size_t n = 0; n < num; n++) {
		size_t len = cut_length(m, n, num);
		// A buffer of exactly this size, so that ASan sees its end.
		uint8_t *bytes = m->size < LARGE ? malloc(len ? len : 1) : NULL;

		if (bytes)
			memcpy(bytes, m->bytes, len);
		try(m, "cut at", len, bytes ? bytes : m->bytes, len);
		free(bytes);
	}
}

/* A byte that means something: most of a core is zero. */
static size_t flip_place(struct mangler *m, size_t n)
{
	size_t below = n % 2 == 0 && m->size > HEAD ? HEAD : m->size;
	size_t place = 0;

	for (int i = 0; i < 64; i++) {
		place = (size_t)next(m, below);
		if (m->bytes[place])
			break;
	}
	return place;
}

static void flips(struct mangler *m, size_t num)
{
	for (size_t n = 0; n < num; n++) {
		size_t place = flip_place(m, n);
		uint8_t bit = (uint8_t)(1u << next(m, 8));

		m->bytes[place] ^= bit;
		m->broken = true;
		try(m, "bit flipped at", place, m->bytes, m->size);
		m->broken = false;
		m->bytes[place] ^= bit;
	}
}

/* A large one is shared memory: a fork has nothing to copy of it. */
static uint8_t *bytes_create(size_t size)
{
	uint8_t *bytes = size < LARGE ? malloc(size) :
					mmap(NULL, size, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!bytes || bytes == MAP_FAILED)
		abort();
	return bytes;
}

static void bytes_destroy(uint8_t *bytes, size_t size)
{
	if (size < LARGE)
		free(bytes);
	else
		munmap(bytes, size);
}

/* How many tries one of the captures of @reader gets. */
static size_t num_tries(const struct fixtures *fixtures,
			const struct iq_reader *reader, size_t all)
{
	size_t num = 0, each;

	for (size_t i = 0; i < fixtures->list.len; i++)
		num += fixtures->list.data[i].reader == reader;
	each = all / num;
	if (each < TRIES_MIN)
		return TRIES_MIN;
	return each > TRIES_MAX && all <= TRIES ? TRIES_MAX : each;
}

static bool mangle(const struct fixture *fixture, int number, size_t num,
		   bool verbose)
{
	struct mangler m = {
		.fixture = fixture,
		.size = (size_t)fixture->source->size,
		.seed = 0x9e3779b97f4a7c15 * (uint64_t)number,
		.verbose = verbose,
	};

	m.bytes = bytes_create(m.size);
	memcpy(m.bytes, fixture->source->data, m.size);
	printf("# %s\n", fixture->name);
	fflush(stdout);
	try(&m, "whole, to", m.size, m.bytes, m.size);
	cuts(&m, num / 2);
	flips(&m, num / 2);
	bytes_destroy(m.bytes, m.size);
	printf("%s %d - %s %s\n", m.wrong[0] ? "not ok" : "ok", number,
	       fixture->reader->name, fixture->name);
	if (m.wrong[0])
		printf("# %s\n", m.wrong);
	return !m.wrong[0];
}

int main(void)
{
	struct fixtures fixtures;
	const char *more = getenv("MANGLE_TRIES");
	size_t tries = more ? (size_t)strtoull(more, NULL, 10) : TRIES;
	bool all = true;

	if (!fixtures_open(&fixtures))
		return EXIT_SUCCESS;
	printf("1..%zu\n", fixtures.list.len);
	for (size_t i = 0; i < fixtures.list.len; i++) {
		const struct fixture *fixture = &fixtures.list.data[i];

		all &= mangle(fixture, (int)i + 1,
			      num_tries(&fixtures, fixture->reader, tries),
			      getenv("MANGLE_VERBOSE"));
	}
	fixtures_close(&fixtures);
	return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
