/* SPDX-License-Identifier: Apache-2.0 */
#include "model/retained.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the first three above.
#include <cmocka.h>

#include "facts-builder.h"
#include "heap-builder.h"
#include "model/liveness.h"
#include "model/model.h"

#define SEND                                                                   \
	"runtime.gopark proc.go:1;runtime.chansend1 chan.go:2;"                \
	"main.work main.go:34;runtime.goexit asm.s:1"

#define HEAP 0xc000000000ull
#define GLOBALS 0x600000ull
#define STACKS 0xc000400000ull
#define NUM_GLOBALS 4
#define STACK_WORDS 8
#define STACK_BYTES 2048
#define OBJECT_BYTES 96
#define OBJECT_WORDS (OBJECT_BYTES / 8)
#define OBJECT(i) (HEAP + OBJECT_BYTES * (uint64_t)(i))
#define NUM_OBJECTS 64
#define MAX_GOROUTINES 16
#define MAX_FINDINGS 6
#define NONE UINT32_MAX

/* A core whose goroutine i has the stack of number i - 1 and sends on the
 * channel that is object i - 1. */
struct fixture {
	struct heap_builder heap;
	struct iq_facts *facts;
	const struct iq_facts *witnesses[1];
	struct iq_model *model;
	uint32_t num_goroutines;
	/* What refers to what, besides the memory itself. */
	bool global[NUM_OBJECTS];
	bool stack[MAX_GOROUTINES][NUM_OBJECTS];
	bool object[NUM_OBJECTS][NUM_OBJECTS];
	unsigned words_of_object[NUM_OBJECTS];
	unsigned words_of_stack[MAX_GOROUTINES];
	struct iq_finding findings[MAX_FINDINGS];
	uint32_t members[MAX_FINDINGS][MAX_GOROUTINES];
	size_t num_findings;
};

static uint64_t stack_of(uint32_t goroutine)
{
	return STACKS + 8ull * STACK_WORDS * goroutine;
}

static void init(struct fixture *x, uint32_t num_goroutines)
{
	*x = (struct fixture){ .num_goroutines = num_goroutines };
	heap_builder_init(&x->heap);
	heap_builder_root(&x->heap, GLOBALS, NUM_GLOBALS);
	heap_builder_span(&x->heap, HEAP, OBJECT_BYTES, NUM_OBJECTS);
	x->facts = facts_new(IQ_WITNESS_CORE, "core");
	x->facts->heap = &x->heap.heap;
	for (uint32_t i = 0; i < num_goroutines; i++) {
		struct iq_goroutine_fact *fact;

		heap_builder_stack(&x->heap, stack_of(i), STACK_WORDS);
		x->heap.holders.data[i].stack_bytes = STACK_BYTES;
		fact = facts_add(x->facts, i + 1, "chan send", SEND);
		facts_waits(x->facts, fact, IQ_WAIT_CHAN, OBJECT(i));
		// The record of its wait does.
		x->stack[i][i] = true;
	}
}

static void deinit(struct fixture *x)
{
	iq_model_destroy(x->model);
	iq_facts_destroy(x->facts);
	heap_builder_deinit(&x->heap);
}

static void variable_refers(struct fixture *x, unsigned word, uint32_t object)
{
	heap_builder_word(&x->heap, GLOBALS + 8ull * word, OBJECT(object));
	x->global[object] = true;
}

static void stack_refers(struct fixture *x, uint32_t goroutine, uint32_t object)
{
	unsigned word = x->words_of_stack[goroutine]++;

	assert_true(word < STACK_WORDS);
	heap_builder_word(&x->heap, stack_of(goroutine) + 8ull * word,
			  OBJECT(object));
	x->stack[goroutine][object] = true;
}

static void object_refers(struct fixture *x, uint32_t from, uint32_t to)
{
	unsigned word = x->words_of_object[from]++;

	assert_true(word < OBJECT_WORDS);
	heap_builder_word(&x->heap, OBJECT(from) + 8ull * word, OBJECT(to) + 8);
	x->object[from][to] = true;
}

/* The next goroutine of finding @finding, ascending. */
static void claim(struct fixture *x, size_t finding, uint32_t goroutine)
{
	struct iq_finding *f = &x->findings[finding];

	if (finding >= x->num_findings)
		x->num_findings = finding + 1;
	f->confidence = IQ_CONFIDENCE_PROVEN;
	x->members[finding][f->num_goroutines++] = goroutine;
	f->goroutines = x->members[finding];
	f->count = f->num_goroutines;
}

static void run(struct fixture *x)
{
	iq_facts_finish(x->facts);
	x->witnesses[0] = x->facts;
	assert_null(iq_model_create(x->witnesses, 1, &x->model));
	assert_null(iq_model_join(x->model));
	assert_null(iq_liveness_run(x->model, NULL));
}

static void count(struct fixture *x)
{
	x->model->findings = x->findings;
	x->model->num_findings = x->num_findings;
	assert_null(iq_retained_run(x->model));
}

/* ---- the same by its meaning */

/* What is reached without the goroutines of @out (bits) and without @object. */
static void reach(const struct fixture *x, uint32_t out, uint32_t object,
		  bool *ret)
{
	uint32_t stack[NUM_OBJECTS];
	uint32_t depth = 0;

	for (uint32_t i = 0; i < NUM_OBJECTS; i++) {
		ret[i] = x->global[i];
		for (uint32_t g = 0; g < x->num_goroutines; g++)
			ret[i] |= !(out >> g & 1) && x->stack[g][i];
		ret[i] &= i != object;
		if (ret[i])
			stack[depth++] = i;
	}
	while (depth) {
		uint32_t at = stack[--depth];

		for (uint32_t i = 0; i < NUM_OBJECTS; i++) {
			if (!x->object[at][i] || ret[i] || i == object)
				continue;
			ret[i] = true;
			stack[depth++] = i;
		}
	}
}

/* Those that are only reached with them. */
static uint32_t kept_by(const struct fixture *x, uint32_t out, uint32_t object,
			bool *ret)
{
	bool all[NUM_OBJECTS], rest[NUM_OBJECTS];
	uint32_t num = 0;

	reach(x, 0, NONE, all);
	reach(x, out, object, rest);
	for (uint32_t i = 0; i < NUM_OBJECTS; i++) {
		bool kept = all[i] && !rest[i];

		num += kept;
		if (kept && ret)
			ret[i] = true;
	}
	return num;
}

static uint32_t bits_of(const struct iq_finding *f)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < f->num_goroutines; i++)
		bits |= 1u << f->goroutines[i];
	return bits;
}

static void check_finding(const struct fixture *x, const struct iq_finding *f,
			  bool *kept)
{
	const struct iq_retained *r = &f->retained;
	uint32_t num = kept_by(x, bits_of(f), NONE, kept);

	assert_true(f->has_retained);
	assert_int_equal(r->objects, num);
	assert_int_equal(r->heap_bytes, (uint64_t)num * OBJECT_BYTES);
	assert_int_equal(r->stack_bytes, f->num_goroutines * STACK_BYTES);
	assert_int_equal(r->bytes, r->heap_bytes + r->stack_bytes);
	assert_int_equal(r->num_retainers > 0, num > 0);
	for (size_t i = 0; i < r->num_retainers; i++) {
		const struct iq_retainer *one = &r->retainers[i];
		uint32_t object =
			(uint32_t)((one->address - HEAP) / OBJECT_BYTES);

		assert_int_equal(one->objects, kept_by(x, 0, object, NULL));
		assert_int_equal(one->bytes, one->objects * OBJECT_BYTES);
		assert_true(!i || one[-1].bytes >= one->bytes);
	}
	// All objects are of one size, and no type is known.
	assert_int_equal(r->num_kinds, num > 0);
	for (size_t i = 0; i < r->num_kinds; i++) {
		assert_int_equal(r->kinds[i].size, OBJECT_BYTES);
		assert_int_equal(r->kinds[i].objects, num);
		assert_int_equal(r->kinds[i].bytes, r->heap_bytes);
	}
	for (size_t i = 0; i < r->num_goroutines; i++) {
		const struct iq_retained_goroutine *one = &r->goroutines[i];

		assert_int_equal(one->objects,
				 kept_by(x, 1u << one->goroutine, NONE, NULL));
		assert_int_equal(one->stack_bytes, STACK_BYTES);
	}
}

static void check(const struct fixture *x)
{
	const struct iq_retained_total *total = &x->model->retained;
	bool kept[NUM_OBJECTS] = { false };
	uint32_t all = 0, of_one = 0, num;

	for (size_t i = 0; i < x->num_findings; i++) {
		check_finding(x, &x->findings[i], kept);
		all |= bits_of(&x->findings[i]);
	}
	for (uint32_t i = 0; i < NUM_OBJECTS; i++)
		of_one += kept[i];
	num = kept_by(x, all, NONE, NULL);
	assert_true(total->known);
	assert_int_equal(total->goroutines, __builtin_popcount(all));
	assert_int_equal(total->objects, num);
	assert_int_equal(total->shared_objects, num - of_one);
	assert_int_equal(total->shared_bytes,
			 (uint64_t)(num - of_one) * OBJECT_BYTES);
}

/* ---- tests */

static void test_what_only_they_refer_to_is_kept_with_their_stacks(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 2);
	stack_refers(&x, 0, 0);
	stack_refers(&x, 0, 10);
	object_refers(&x, 10, 11);
	object_refers(&x, 11, 12);
	stack_refers(&x, 1, 1);
	claim(&x, 0, 0);
	claim(&x, 1, 1);
	run(&x);
	count(&x);
	check(&x);
	assert_int_equal(x.findings[0].retained.objects, 4);
	assert_int_equal(x.findings[0].retained.bytes,
			 4 * OBJECT_BYTES + STACK_BYTES);
	assert_int_equal(x.findings[0].retained.retainers[0].address,
			 OBJECT(10));
	assert_int_equal(x.findings[0].retained.retainers[0].objects, 3);
	assert_int_equal(x.findings[0].retained.retainers[0].goroutine, 0);
	deinit(&x);
}

static void test_what_it_waits_for_is_kept_by_the_wait(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 1);
	object_refers(&x, 0, 10);
	claim(&x, 0, 0);
	run(&x);
	count(&x);
	check(&x);
	assert_int_equal(x.findings[0].retained.objects, 2);
	assert_int_equal(x.findings[0].retained.retainers[0].address,
			 OBJECT(0));
	deinit(&x);
}

static void test_what_lives_is_not_theirs(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 1);
	stack_refers(&x, 0, 0);
	stack_refers(&x, 0, 10);
	object_refers(&x, 10, 20);
	variable_refers(&x, 0, 20);
	object_refers(&x, 20, 21);
	claim(&x, 0, 0);
	run(&x);
	count(&x);
	check(&x);
	assert_int_equal(x.findings[0].retained.objects, 2);
	deinit(&x);
}

static void test_what_two_findings_share_is_of_neither(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 2);
	stack_refers(&x, 0, 0);
	stack_refers(&x, 1, 1);
	stack_refers(&x, 0, 30);
	stack_refers(&x, 1, 30);
	object_refers(&x, 30, 31);
	claim(&x, 0, 0);
	claim(&x, 1, 1);
	run(&x);
	count(&x);
	check(&x);
	assert_int_equal(x.findings[0].retained.objects, 1);
	assert_int_equal(x.model->retained.shared_objects, 2);
	deinit(&x);
}

static void test_a_goroutine_of_two_findings_counts_for_both(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 3);
	for (uint32_t i = 0; i < 3; i++) {
		stack_refers(&x, i, i);
		stack_refers(&x, i, 40 + i);
	}
	stack_refers(&x, 0, 50);
	stack_refers(&x, 1, 50);
	claim(&x, 0, 0);
	claim(&x, 0, 1);
	claim(&x, 1, 1);
	claim(&x, 1, 2);
	run(&x);
	count(&x);
	check(&x);
	assert_int_equal(x.findings[0].retained.objects, 5);
	assert_int_equal(x.findings[1].retained.objects, 4);
	deinit(&x);
}

static void test_goroutines_that_can_run_keep_nothing_alone(void **state)
{
	struct fixture x;

	(void)state;
	init(&x, 2);
	stack_refers(&x, 0, 0);
	stack_refers(&x, 1, 1);
	variable_refers(&x, 0, 0);
	claim(&x, 0, 0);
	claim(&x, 0, 1);
	run(&x);
	count(&x);
	assert_false(x.findings[0].has_retained);
	assert_false(x.model->retained.known);
	deinit(&x);
}

static void test_missing_memory_of_theirs_is_said_and_not_guessed(void **state)
{
	struct fixture x;
	struct iq_heap_span span = {
		.addr = 0xc000800000,
		.elem_size = 4096,
		.num_slots = 2,
		.free_index = 2,
	};

	(void)state;
	init(&x, 1);
	assert_true(iq_vec_push(&x.heap.spans, span));
	stack_refers(&x, 0, 0);
	heap_builder_word(&x.heap, stack_of(0) + 56, span.addr + 4096);
	claim(&x, 0, 0);
	run(&x);
	// It is none of what can run: the proof stands.
	assert_int_equal(x.model->goroutines[0].reach, IQ_REACH_UNREACHABLE);
	count(&x);
	assert_false(x.findings[0].has_retained);
	assert_false(x.model->retained.known);
	assert_true(
		iq_str_search(x.model->retained.lacks, IQ_STR("0xc000801000")) <
		x.model->retained.lacks.len);
	deinit(&x);
}

/* The order of a generator whose numbers everybody can make again. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(*seed >> 8) * below >> 24);
}

static void fill_randomly(struct fixture *x, uint32_t *seed)
{
	uint32_t edges = draw(seed, 3 * NUM_OBJECTS);

	for (uint32_t g = 0; g < x->num_goroutines; g++) {
		stack_refers(x, g, g);
		for (uint32_t n = draw(seed, STACK_WORDS - 1); n > 0; n--)
			stack_refers(x, g, draw(seed, NUM_OBJECTS));
	}
	for (uint32_t i = 0; i < edges; i++) {
		uint32_t from = draw(seed, NUM_OBJECTS);

		if (x->words_of_object[from] < OBJECT_WORDS)
			object_refers(x, from, draw(seed, NUM_OBJECTS));
	}
	for (unsigned i = draw(seed, NUM_GLOBALS); i > 0; i--)
		variable_refers(x, i, draw(seed, NUM_OBJECTS));
}

static void test_random_heaps_agree_with_marking_without_them(void **state)
{
	uint32_t seed = 7, num_counted = 0, num_shared = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct fixture x;
		uint32_t found = 1 + draw(&seed, MAX_FINDINGS);
		bool overlap = draw(&seed, 2);

		init(&x, 1 + draw(&seed, MAX_GOROUTINES));
		fill_randomly(&x, &seed);
		run(&x);
		for (uint32_t g = 0; g < x.num_goroutines; g++) {
			if (x.model->goroutines[g].reach !=
			    IQ_REACH_UNREACHABLE)
				continue;
			// Some are in no finding, some in several.
			for (uint32_t f = 0; f < found; f++) {
				if (draw(&seed, found + 1) == f) {
					claim(&x, f, g);
					if (!overlap)
						break;
				}
			}
		}
		for (size_t f = 0; f < x.num_findings; f++) {
			if (x.findings[f].num_goroutines)
				continue;
			x.findings[f] = x.findings[--x.num_findings];
			memcpy(x.members[f], x.members[x.num_findings],
			       sizeof(x.members[f]));
			x.findings[f].goroutines = x.members[f];
			f--;
		}
		count(&x);
		if (x.num_findings) {
			check(&x);
			num_counted++;
			num_shared += x.model->retained.shared_objects > 0;
		}
		deinit(&x);
	}
	assert_true(num_counted > 100);
	assert_true(num_shared > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_waits_for_is_kept_by_the_wait),
		cmocka_unit_test(
			test_what_only_they_refer_to_is_kept_with_their_stacks),
		cmocka_unit_test(test_what_lives_is_not_theirs),
		cmocka_unit_test(test_what_two_findings_share_is_of_neither),
		cmocka_unit_test(
			test_a_goroutine_of_two_findings_counts_for_both),
		cmocka_unit_test(
			test_goroutines_that_can_run_keep_nothing_alone),
		cmocka_unit_test(
			test_missing_memory_of_theirs_is_said_and_not_guessed),
		cmocka_unit_test(
			test_random_heaps_agree_with_marking_without_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
