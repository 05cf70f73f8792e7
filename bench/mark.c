/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long marking a heap takes, and how much memory, for bench/run:
 *
 *	mark CORE EXE
 *
 * Marks what the roots and all goroutines reach, as a collection would, and
 * prints in one line, in seconds, how long it took to read the core, to read the
 * heap's tables and to mark, and the processor's time of the last two; the
 * objects marked, their bytes, and the bytes of stacks that were looked through;
 * the bytes that the map and marking took, and those of the list of stacks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/str.h"
#include "formats/reader.h"
#include "model/mark.h"

extern const struct iq_reader iq_reader_elf_core;

/* Stacks that are fetched before they are looked through. */
#define AHEAD 8

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A moment on both clocks. */
struct moment {
	double wall;
	double cpu;
};

static struct moment now(void)
{
	return (struct moment){ seconds(CLOCK_MONOTONIC),
				seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

static struct iq_error *read_core(const char *core, const char *exe,
				  struct iq_facts **ret)
{
	// What is opened lives as long as the program.
	static struct iq_source *sources[2];
	const struct iq_source_options options = { 0 };
	struct iq_read_context context = {
		.executables = (const struct iq_source *const *)&sources[1],
		.num_executables = 1,
		.no_file_system = true,
	};
	struct iq_error *err = iq_source_open(core, &options, &sources[0]);

	if (!err)
		err = iq_source_open(exe, &options, &sources[1]);
	if (!err)
		err = iq_facts_create(ret);
	if (!err)
		err = iq_reader_elf_core.read(&context, sources[0], *ret);
	if (!err)
		iq_facts_finish(*ret);
	return err;
}

static void fetch(struct iq_mark *mark, const struct iq_heap_map *map,
		  size_t holder)
{
	struct iq_heap_holder h = iq_heap_map_holder(map, holder);

	iq_mark_fetch(mark, &h.stack);
	iq_mark_fetch(mark, &h.self);
}

static struct iq_error *mark_all(const struct iq_heap_map *map,
				 struct iq_mark **ret)
{
	struct iq_error *err = iq_mark_create(map, ret);

	if (err)
		return err;
	iq_mark_words(*ret, map->root_words.data, map->root_words.len);
	for (size_t i = 0; i < map->roots.len; i++)
		iq_mark_range(*ret, &map->roots.data[i]);
	for (size_t i = 0; i < map->num_holders; i++) {
		struct iq_heap_holder h;

		if (i + AHEAD < map->num_holders)
			fetch(*ret, map, i + AHEAD);
		h = iq_heap_map_holder(map, i);
		iq_mark_range(*ret, &h.stack);
		iq_mark_range(*ret, &h.self);
		iq_mark_range(*ret, &h.registers);
	}
	return iq_mark_reach(*ret);
}

struct sum {
	uint64_t objects;
	uint64_t bytes;
	uint64_t stacks;
};

static struct sum count(const struct iq_heap_map *map,
			const struct iq_mark *mark)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		for (uint32_t slot = 0; slot < span->num_slots; slot++) {
			if (!iq_heap_allocated(span, slot) ||
			    !iq_mark_is_marked(mark, span->first + slot))
				continue;
			sum.objects++;
			sum.bytes += span->elem_size;
		}
	}
	for (size_t i = 0; i < map->num_holders; i++)
		sum.stacks += iq_heap_map_holder(map, i).stack.len;
	return sum;
}

static void print(const struct moment t[4], const struct iq_heap_map *map,
		  const struct iq_mark *mark)
{
	struct sum sum = count(map, mark);
	uint64_t list = iq_heap_map_holders_memory(map);

	printf("%.4f %.4f %.4f %.4f %.4f", t[1].wall - t[0].wall,
	       t[2].wall - t[1].wall, t[3].wall - t[2].wall,
	       t[2].cpu - t[1].cpu, t[3].cpu - t[2].cpu);
	printf(" %" PRIu64 " %" PRIu64 " %" PRIu64, sum.objects, sum.bytes,
	       sum.stacks);
	printf(" %" PRIu64 " %" PRIu64 "\n",
	       iq_heap_map_memory(map) - list + iq_mark_memory(mark), list);
}

static struct iq_error *run(const char *core, const char *exe)
{
	struct moment t[4] = { now() };
	struct iq_facts *facts = NULL;
	struct iq_heap_map *map;
	struct iq_mark *mark;
	struct iq_error *err = read_core(core, exe, &facts);

	t[1] = now();
	if (!err && !facts->heap)
		err = iq_error_new(IQ_ERROR_FORMAT, "this core has no heap");
	if (!err)
		err = facts->heap->load(facts->heap, &map);
	t[2] = now();
	if (!err)
		err = mark_all(map, &mark);
	t[3] = now();
	if (err)
		return err;
	print(t, map, mark);
	iq_mark_destroy(mark);
	iq_heap_map_destroy(map);
	iq_facts_destroy(facts);
	return NULL;
}

int main(int argc, char **argv)
{
	struct iq_error *err;

	if (argc != 3) {
		fprintf(stderr, "usage: mark CORE EXE\n");
		return 2;
	}
	err = run(argv[1], argv[2]);
	if (!err)
		return 0;
	fprintf(stderr, "mark: %s\n", err->text);
	return 2;
}
