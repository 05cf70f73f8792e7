/* SPDX-License-Identifier: Apache-2.0 */
#include "model/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "base/out.h"
#include "facts-builder.h"
#include "heap-builder.h"
#include "model/fact.h"
#include "model/graph.h"
#include "model/heap_types.h"
#include "model/liveness.h"
#include "model/model.h"

#define GOEXIT ";runtime.goexit asm.s:1"
#define PARK "runtime.gopark proc.go:1;"
#define RECEIVE PARK "runtime.chanrecv1 chan.go:2;main.work main.go:35" GOEXIT
#define SLEEP PARK "time.Sleep time.go:1;main.owner f.go:1" GOEXIT
#define READ PARK "internal/poll.(*FD).Read fd.go:1;main.read f.go:2" GOEXIT

#define HEAP 0xc000000000ull
#define GLOBALS 0x600000ull
#define STACKS 0xc000400000ull
#define NUM_GLOBALS 8
#define STACK_WORDS 8
#define OBJECT(i) (HEAP + 96ull * (i))
#define NUM_OBJECTS 256

struct fixture {
	struct heap_builder heap;
	struct iq_facts *facts;
	const struct iq_facts *witnesses[1];
	struct iq_model *model;
	struct iq_arena arena;
};

/* Word i of a stack is of frame i. */
static uint32_t frame_of(const struct iq_heap *heap, size_t goroutine,
			 uint64_t addr)
{
	(void)heap;
	return (uint32_t)((addr - STACKS - 8 * STACK_WORDS * goroutine) / 8);
}

static void put_section(const struct iq_heap *heap, uint64_t addr,
			struct iq_out *out)
{
	(void)heap;
	if (addr - GLOBALS < 0x1000)
		iq_out_printf(out, ".bss+0x%x", (unsigned)(addr - GLOBALS));
}

/* Frame 2 of the second stack uses the variables at GLOBALS and GLOBALS + 8. */
static struct iq_error *users(const struct iq_heap *heap, const uint64_t *addrs,
			      size_t num, uint32_t *frames)
{
	(void)heap;
	for (size_t i = 0; i < num; i++) {
		if (addrs[i] == GLOBALS || addrs[i] == GLOBALS + 8)
			frames[1] = 2;
	}
	return NULL;
}

static void init(struct fixture *x)
{
	*x = (struct fixture){ 0 };
	heap_builder_init(&x->heap);
	x->heap.heap.frame_of = frame_of;
	x->heap.heap.put_section = put_section;
	x->heap.heap.users = users;
	heap_builder_root(&x->heap, GLOBALS, NUM_GLOBALS);
	x->heap.roots.data[0].kind = IQ_ROOT_VARIABLE;
	heap_builder_span(&x->heap, HEAP, 96, NUM_OBJECTS);
	x->facts = facts_new(IQ_WITNESS_CORE, "core");
	x->facts->heap = &x->heap.heap;
}

static void deinit(struct fixture *x)
{
	iq_arena_deinit(&x->arena);
	iq_model_destroy(x->model);
	iq_facts_destroy(x->facts);
	heap_builder_deinit(&x->heap);
}

static uint64_t stack_of(uint64_t id)
{
	return STACKS + 8 * STACK_WORDS * (id - 1);
}

static struct iq_goroutine_fact *add(struct fixture *x, uint64_t id,
				     const char *state, const char *stack)
{
	assert_int_equal(x->heap.holders.len, id - 1);
	heap_builder_stack(&x->heap, stack_of(id), STACK_WORDS);
	x->heap.holders.data[id - 1].stack.kind = IQ_ROOT_STACK;
	return facts_add(x->facts, id, state, stack);
}

static struct iq_goroutine_fact *add_receiver(struct fixture *x, uint64_t id,
					      uint64_t object)
{
	struct iq_goroutine_fact *fact = add(x, id, "chan receive", RECEIVE);

	facts_waits(x->facts, fact, IQ_WAIT_CHAN, object);
	return fact;
}

static void holds(struct fixture *x, uint64_t id, unsigned word,
		  uint64_t object)
{
	heap_builder_word(&x->heap, stack_of(id) + 8ull * word, object);
}

static void refers(struct fixture *x, unsigned from, unsigned offset,
		   unsigned to)
{
	heap_builder_word(&x->heap, OBJECT(from) + offset, OBJECT(to));
}

static void analyse(struct fixture *x)
{
	x->witnesses[0] = x->facts;
	iq_facts_finish(x->facts);
	assert_null(iq_model_create(x->witnesses, 1, &x->model));
	assert_null(iq_model_join(x->model));
	assert_null(iq_liveness_run(x->model, NULL));
	assert_null(iq_graph_make(x->model));
}

static struct iq_path find_typed(struct fixture *x,
				 const struct iq_heap_types *types,
				 uint64_t addr, struct iq_str *why_ret)
{
	struct iq_path path = { .goroutine = UINT32_MAX, .frame = UINT32_MAX };
	struct iq_paths *paths;

	assert_null(iq_paths_create(x->model, 0, &paths, why_ret));
	if (paths)
		assert_null(iq_paths_find(paths, types, addr, &x->arena, &path,
					  why_ret));
	iq_paths_destroy(paths);
	return path;
}

static struct iq_path find(struct fixture *x, uint64_t addr)
{
	struct iq_str why;

	return find_typed(x, NULL, addr, &why);
}

static uint64_t id_of(const struct fixture *x, uint32_t goroutine)
{
	assert_true(goroutine < x->model->num_goroutines);
	return x->model->goroutines[goroutine].id;
}

static struct iq_suspects suspects(struct fixture *x, uint64_t id)
{
	struct iq_suspects ret;
	size_t index;

	assert_true(iq_model_goroutine(x->model, id, &index));
	assert_null(iq_path_suspects(x->model, NULL, index, &x->arena, &ret));
	return ret;
}

/* ---- ways */

static void test_a_way_tells_each_object_and_place(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS + 16, OBJECT(5) + 8);
	refers(&x, 5, 40, 6);
	refers(&x, 6, 88, 7);
	analyse(&x);
	path = find(&x, OBJECT(7) + 24);
	assert_true(path.found && !path.only_blocked);
	assert_int_equal(path.root, IQ_ROOT_VARIABLE);
	assert_int_equal(path.root_addr, GLOBALS + 16);
	assert_true(iq_str_equal(path.root_name, IQ_STR(".bss+0x10")));
	assert_int_equal(path.num_steps, 3);
	assert_int_equal(path.steps[0].address, OBJECT(5));
	assert_int_equal(path.steps[0].size, 96);
	assert_int_equal(path.steps[0].offset, 40);
	assert_int_equal(path.steps[1].address, OBJECT(6));
	assert_int_equal(path.steps[1].offset, 88);
	assert_int_equal(path.steps[2].address, OBJECT(7));
	assert_int_equal(path.steps[2].offset, 24);
	deinit(&x);
}

static void test_the_shortest_way_is_told(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(1));
	refers(&x, 1, 0, 2);
	refers(&x, 2, 0, 7);
	heap_builder_word(&x.heap, GLOBALS + 56, OBJECT(3));
	refers(&x, 3, 0, 7);
	analyse(&x);
	path = find(&x, OBJECT(7));
	assert_int_equal(path.root_addr, GLOBALS + 56);
	assert_int_equal(path.num_steps, 2);
	deinit(&x);
}

static void test_variables_come_before_stacks(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add(&x, 1, "sleep", SLEEP);
	holds(&x, 1, 2, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS + 8, OBJECT(7));
	add_receiver(&x, 2, OBJECT(7));
	analyse(&x);
	path = find(&x, OBJECT(7));
	assert_int_equal(path.root, IQ_ROOT_VARIABLE);
	deinit(&x);
}

static void test_a_stack_is_told_with_its_frame(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add(&x, 1, "sleep", SLEEP);
	holds(&x, 1, 2, OBJECT(7));
	add_receiver(&x, 2, OBJECT(7));
	holds(&x, 2, 0, OBJECT(7));
	analyse(&x);
	path = find(&x, OBJECT(7));
	assert_int_equal(path.root, IQ_ROOT_STACK);
	assert_int_equal(path.root_addr, stack_of(1) + 16);
	assert_int_equal(id_of(&x, path.goroutine), 1);
	assert_int_equal(path.frame, 2);
	assert_int_equal(path.num_steps, 1);
	deinit(&x);
}

/* Each is woken by what the other's object is in: only one has a way that does
 * not lead through who waits for it. */
static void test_no_way_begins_on_who_waits_for_it(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	holds(&x, 1, 0, OBJECT(7));
	holds(&x, 1, 1, OBJECT(8));
	add_receiver(&x, 2, OBJECT(8));
	holds(&x, 2, 0, OBJECT(7));
	holds(&x, 2, 1, OBJECT(8));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(1));
	refers(&x, 1, 0, 2);
	refers(&x, 2, 0, 7);
	analyse(&x);
	path = find(&x, OBJECT(7));
	assert_int_equal(path.root, IQ_ROOT_VARIABLE);
	assert_int_equal(path.num_steps, 3);
	path = find(&x, OBJECT(8));
	assert_int_equal(path.root, IQ_ROOT_STACK);
	assert_int_equal(id_of(&x, path.goroutine), 1);
	deinit(&x);
}

static void test_what_only_blocked_goroutines_have_is_told_so(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	holds(&x, 1, 1, OBJECT(7));
	analyse(&x);
	path = find(&x, OBJECT(7));
	assert_true(path.found && path.only_blocked);
	assert_int_equal(id_of(&x, path.goroutine), 1);
	deinit(&x);
}

static void test_a_blocked_wait_keeps_what_it_is_for(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	refers(&x, 7, 16, 9);
	analyse(&x);
	path = find(&x, OBJECT(9));
	assert_true(path.found && path.only_blocked);
	assert_int_equal(path.root, IQ_ROOT_GOROUTINE);
	assert_int_equal(path.root_addr, 0);
	assert_int_equal(id_of(&x, path.goroutine), 1);
	assert_int_equal(path.num_steps, 2);
	deinit(&x);
}

static void test_nothing_leads_to_garbage(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	refers(&x, 9, 0, 10);
	analyse(&x);
	assert_false(find(&x, OBJECT(10)).found);
	assert_false(find(&x, 0x1234).found);
	deinit(&x);
}

static void test_a_variable_is_its_own_root(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	analyse(&x);
	path = find(&x, GLOBALS + 0x80);
	assert_true(path.found);
	assert_int_equal(path.root, IQ_ROOT_VARIABLE);
	assert_int_equal(path.num_steps, 0);
	path = find(&x, stack_of(1) + 8);
	assert_int_equal(path.root, IQ_ROOT_STACK);
	assert_true(path.only_blocked);
	deinit(&x);
}

static void test_of_a_long_way_both_ends_are_kept(void **state)
{
	struct fixture x;
	struct iq_path path;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(200));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(0));
	for (unsigned i = 0; i < 200; i++)
		refers(&x, i, 8, i + 1);
	analyse(&x);
	path = find(&x, OBJECT(200));
	assert_int_equal(path.num_steps + path.num_skipped, 201);
	assert_true(path.num_skipped > 0 && path.skipped_at > 0);
	assert_int_equal(path.steps[0].address, OBJECT(0));
	assert_int_equal(path.steps[path.skipped_at - 1].address,
			 OBJECT(path.skipped_at - 1));
	assert_int_equal(path.steps[path.skipped_at].address,
			 OBJECT(path.skipped_at + path.num_skipped));
	assert_int_equal(path.steps[path.num_steps - 1].address, OBJECT(200));
	deinit(&x);
}

static void test_a_circle_ends(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(1));
	refers(&x, 1, 0, 2);
	refers(&x, 2, 0, 1);
	refers(&x, 2, 8, 7);
	analyse(&x);
	assert_int_equal(find(&x, OBJECT(7)).num_steps, 3);
	deinit(&x);
}

static void test_where_memory_lacks_no_way_is_no_answer(void **state)
{
	struct fixture x;
	const struct iq_proof *proof;
	struct iq_path path;
	struct iq_str why;

	(void)state;
	init(&x);
	x.heap.lacks = "half of it is gone";
	add_receiver(&x, 1, OBJECT(7));
	holds(&x, 1, 0, OBJECT(7));
	analyse(&x);
	path = find_typed(&x, NULL, OBJECT(9), &why);
	assert_true(!path.found && why.len);
	assert_null(iq_proof_make(x.model, 0, &proof));
	path = find_typed(&x, NULL, OBJECT(9), &why);
	assert_false(path.found);
	assert_true(iq_str_equal(why, IQ_STR("half of it is gone")));
	// Nobody is proven to stay blocked.
	path = find(&x, OBJECT(7));
	assert_true(path.found && !path.only_blocked);
	deinit(&x);
}

/* ---- types */

static void put_place(const struct iq_heap_types *types, uint32_t type,
		      uint64_t offset, struct iq_out *out)
{
	(void)types;
	iq_out_printf(out, ".f%u_%u", type, (unsigned)offset);
}

static bool put_variable(const struct iq_heap_types *types, uint64_t addr,
			 struct iq_out *out)
{
	(void)types;
	if (addr - GLOBALS >= 24)
		return false;
	iq_out_printf(out, "a.b/main.pool.f%u", (unsigned)(addr - GLOBALS));
	return true;
}

static void types_init(struct iq_heap_types *types, uint32_t *of)
{
	static const struct iq_heap_type list[] = {
		{ .name = { NULL, 0 } },
		{ .name = { "main.pool", 9 }, .size = 96 },
	};

	of[5] = 1;
	*types = (struct iq_heap_types){
		.of = of,
		.types = list,
		.num_types = 2,
		.put_place = put_place,
		.put_variable = put_variable,
	};
}

static void test_types_give_names(void **state)
{
	uint32_t of[NUM_OBJECTS] = { 0 };
	struct iq_heap_types types;
	struct iq_path path;
	struct iq_str why;
	struct fixture x;

	(void)state;
	types_init(&types, of);
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS + 16, OBJECT(5));
	refers(&x, 5, 40, 7);
	analyse(&x);
	path = find_typed(&x, &types, OBJECT(7), &why);
	assert_true(iq_str_equal(path.root_name, IQ_STR("a.b/main.pool.f16")));
	assert_true(iq_str_equal(path.steps[0].type, IQ_STR("main.pool")));
	assert_true(iq_str_equal(path.steps[0].place, IQ_STR(".f1_40")));
	assert_int_equal(path.steps[1].type.len, 0);
	deinit(&x);
}

/* ---- suspects */

static void test_a_sleeping_owner_is_suspected_before_farther_ones(void **state)
{
	struct iq_suspects s;
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	add(&x, 2, "IO wait", READ);
	holds(&x, 2, 3, OBJECT(4));
	refers(&x, 4, 0, 7);
	add(&x, 3, "sleep", SLEEP);
	holds(&x, 3, 2, OBJECT(7));
	analyse(&x);
	s = suspects(&x, 1);
	assert_int_equal(s.num, 2);
	assert_int_equal(id_of(&x, s.list[0].goroutine), 3);
	assert_int_equal(s.list[0].kind, IQ_SUSPECT_SLEEPS);
	assert_int_equal(s.list[0].frame, 2);
	assert_int_equal(s.list[0].distance, 0);
	assert_int_equal(id_of(&x, s.list[1].goroutine), 2);
	assert_int_equal(s.list[1].kind, IQ_SUSPECT_REACHES);
	assert_int_equal(s.list[1].distance, 1);
	assert_int_equal(s.list[1].frame, 3);
	deinit(&x);
}

static void test_code_that_uses_the_variable_is_suspected(void **state)
{
	struct iq_suspects s;
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	add(&x, 2, "IO wait", READ);
	heap_builder_word(&x.heap, GLOBALS + 8, OBJECT(4));
	refers(&x, 4, 0, 7);
	analyse(&x);
	assert_int_equal(x.facts->goroutines.data[1].stack->index, 1);
	s = suspects(&x, 1);
	assert_int_equal(s.num, 1);
	assert_int_equal(id_of(&x, s.list[0].goroutine), 2);
	assert_int_equal(s.list[0].kind, IQ_SUSPECT_VARIABLE);
	assert_int_equal(s.list[0].frame, 2);
	assert_int_equal(s.list[0].distance, 1);
	deinit(&x);
}

/* The word that refers to the object is the variable's third. */
static void test_a_variable_is_used_by_its_beginning(void **state)
{
	uint32_t of[NUM_OBJECTS] = { 0 };
	struct iq_heap_types types;
	struct iq_suspects s;
	struct fixture x;

	(void)state;
	types_init(&types, of);
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	add(&x, 2, "IO wait", READ);
	heap_builder_word(&x.heap, GLOBALS + 16, OBJECT(7));
	analyse(&x);
	assert_int_equal(suspects(&x, 1).num, 0);
	assert_null(iq_path_suspects(x.model, &types, 0, &x.arena, &s));
	assert_int_equal(s.num, 1);
	assert_int_equal(s.list[0].kind, IQ_SUSPECT_VARIABLE);
	deinit(&x);
}

/* "var bus = &Bus{...}": the struct is at GLOBALS + 0x20, its word at + 0x30, and
 * code uses the variable at GLOBALS + 8. What is referred to nearer is another
 * one's beginning. */
static void test_code_that_uses_what_refers_to_it_is_suspected(void **state)
{
	(void)state;
	for (unsigned nearer = 0; nearer < 2; nearer++) {
		struct iq_suspects s;
		struct fixture x;

		init(&x);
		add_receiver(&x, 1, OBJECT(7));
		add(&x, 2, "IO wait", READ);
		heap_builder_word(&x.heap, GLOBALS + 8, GLOBALS + 0x20);
		heap_builder_word(&x.heap, GLOBALS + 0x30, OBJECT(7));
		if (nearer)
			heap_builder_word(&x.heap, GLOBALS + 0x10,
					  GLOBALS + 0x28);
		analyse(&x);
		s = suspects(&x, 1);
		assert_int_equal(s.num, !nearer);
		if (!nearer)
			assert_int_equal(s.list[0].kind, IQ_SUSPECT_VARIABLE);
		deinit(&x);
	}
}

/* One that runs has it in a register, one in what signals saved. */
static void test_registers_and_specials_tell_whose_they_are(void **state)
{
	static const struct iq_heap_word words[] = {
		{ OBJECT(4), .kind = IQ_ROOT_REGISTERS, .holder = 2 },
		// Of nobody that there is.
		{ OBJECT(6), .kind = IQ_ROOT_REGISTERS, .holder = 9 },
		{ OBJECT(8), .kind = IQ_ROOT_SPECIAL, .object = OBJECT(9),
		  .special = IQ_SPECIAL_WEAK },
	};
	struct iq_suspects s;
	struct iq_path path;
	struct fixture x;

	(void)state;
	init(&x);
	heap_builder_root(&x.heap, 0x700000, 4);
	x.heap.roots.data[1].kind = IQ_ROOT_REGISTERS;
	x.heap.roots.data[1].holder = 3;
	add_receiver(&x, 1, OBJECT(7));
	add(&x, 2, "running", "main.spin f.go:7" GOEXIT);
	add(&x, 3, "running", "main.spin f.go:7" GOEXIT);
	refers(&x, 4, 8, 7);
	heap_builder_word(&x.heap, 0x700008, OBJECT(5));
	refers(&x, 5, 8, 4);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(words); i++)
		assert_true(iq_vec_push(&x.heap.root_words, words[i]));
	analyse(&x);
	path = find(&x, OBJECT(8));
	assert_true(iq_str_equal(path.root_name,
				 IQ_STR("weak pointer to 0xc000000360")));
	path = find(&x, OBJECT(6));
	assert_int_equal(path.root, IQ_ROOT_REGISTERS);
	assert_int_equal(path.goroutine, UINT32_MAX);
	path = find(&x, OBJECT(4));
	assert_int_equal(path.root, IQ_ROOT_REGISTERS);
	assert_int_equal(id_of(&x, path.goroutine), 2);
	path = find(&x, OBJECT(5));
	assert_int_equal(path.root, IQ_ROOT_REGISTERS);
	assert_int_equal(id_of(&x, path.goroutine), 3);
	s = suspects(&x, 1);
	assert_int_equal(s.num, 2);
	assert_int_equal(id_of(&x, s.list[0].goroutine), 2);
	assert_int_equal(s.list[0].kind, IQ_SUSPECT_REACHES);
	assert_int_equal(s.list[0].frame, UINT32_MAX);
	assert_int_equal(id_of(&x, s.list[1].goroutine), 3);
	deinit(&x);
}

static void mentions(struct fixture *x, uint64_t id, uint64_t object,
		     bool wakes)
{
	struct iq_reference_fact ref = {
		.object = object,
		.goroutine = (uint32_t)id - 1,
		.frame = 2,
		.wakes = wakes,
	};

	holds(x, id, 2, object);
	assert_true(iq_vec_push(&x->facts->references, ref));
}

/* Blocked ones that merely mention it come after those that sleep. */
static void test_who_has_deferred_the_end_is_suspected_first(void **state)
{
	static const uint64_t wanted[] = { 5, 4, 3, 2 };
	struct iq_suspects s;
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	add_receiver(&x, 2, OBJECT(8));
	mentions(&x, 2, OBJECT(7), false);
	heap_builder_word(&x.heap, GLOBALS + 24, OBJECT(8));
	add(&x, 3, "sleep", SLEEP);
	mentions(&x, 3, OBJECT(7), false);
	add(&x, 4, "running", "main.spin f.go:7" GOEXIT);
	holds(&x, 4, 0, OBJECT(7));
	add(&x, 5, "sleep", SLEEP);
	mentions(&x, 5, OBJECT(7), true);
	analyse(&x);
	s = suspects(&x, 1);
	assert_int_equal(s.num, IQ_ARRAY_SIZE(wanted));
	for (size_t i = 0; i < IQ_ARRAY_SIZE(wanted); i++)
		assert_int_equal(id_of(&x, s.list[i].goroutine), wanted[i]);
	assert_int_equal(s.list[0].kind, IQ_SUSPECT_DEFERS);
	assert_int_equal(s.list[3].kind, IQ_SUSPECT_MENTIONS);
	deinit(&x);
}

static void test_nobody_serves_a_sleep(void **state)
{
	struct iq_goroutine_fact *fact;
	struct fixture x;

	(void)state;
	init(&x);
	fact = add(&x, 1, "sleep", SLEEP);
	facts_created(x.facts, fact, 2, "main.start main.go:9");
	add(&x, 2, "sleep", SLEEP);
	analyse(&x);
	assert_int_equal(suspects(&x, 1).num, 0);
	deinit(&x);
}

static void test_who_waits_for_the_same_is_no_suspect(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	add_receiver(&x, 2, OBJECT(7));
	holds(&x, 2, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(7));
	analyse(&x);
	assert_int_equal(suspects(&x, 1).num, 0);
	deinit(&x);
}

static void test_who_stays_blocked_is_no_suspect(void **state)
{
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	heap_builder_word(&x.heap, GLOBALS, OBJECT(7));
	add_receiver(&x, 2, OBJECT(8));
	holds(&x, 2, 1, OBJECT(7));
	holds(&x, 2, 2, OBJECT(8));
	analyse(&x);
	assert_int_equal(suspects(&x, 1).num, 0);
	// Nor has it any itself: nothing can serve it.
	assert_int_equal(suspects(&x, 2).num, 0);
	deinit(&x);
}

static void test_the_creator_is_suspected_last(void **state)
{
	struct iq_goroutine_fact *fact;
	struct iq_suspects s;
	struct fixture x;

	(void)state;
	init(&x);
	fact = add_receiver(&x, 1, OBJECT(7));
	facts_created(x.facts, fact, 2, "main.start main.go:9");
	heap_builder_word(&x.heap, GLOBALS + 24, OBJECT(7));
	add(&x, 2, "sleep", SLEEP);
	add(&x, 3, "sleep", SLEEP);
	holds(&x, 3, 0, OBJECT(7));
	analyse(&x);
	s = suspects(&x, 1);
	assert_int_equal(s.num, 2);
	assert_int_equal(id_of(&x, s.list[0].goroutine), 3);
	assert_int_equal(id_of(&x, s.list[1].goroutine), 2);
	assert_int_equal(s.list[1].kind, IQ_SUSPECT_CREATOR);
	deinit(&x);
}

static void test_many_suspects_are_counted(void **state)
{
	struct iq_suspects s;
	struct fixture x;

	(void)state;
	init(&x);
	add_receiver(&x, 1, OBJECT(7));
	for (uint64_t id = 2; id <= 41; id++) {
		add(&x, id, "sleep", SLEEP);
		holds(&x, id, 1, OBJECT(7));
	}
	analyse(&x);
	s = suspects(&x, 1);
	assert_true(s.num >= 8 && s.num_more > 0);
	assert_int_equal(s.num + s.num_more, 40);
	assert_int_equal(id_of(&x, s.list[0].goroutine), 2);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_way_tells_each_object_and_place),
		cmocka_unit_test(test_the_shortest_way_is_told),
		cmocka_unit_test(test_variables_come_before_stacks),
		cmocka_unit_test(test_a_stack_is_told_with_its_frame),
		cmocka_unit_test(test_no_way_begins_on_who_waits_for_it),
		cmocka_unit_test(
			test_what_only_blocked_goroutines_have_is_told_so),
		cmocka_unit_test(test_a_blocked_wait_keeps_what_it_is_for),
		cmocka_unit_test(test_nothing_leads_to_garbage),
		cmocka_unit_test(test_a_variable_is_its_own_root),
		cmocka_unit_test(test_of_a_long_way_both_ends_are_kept),
		cmocka_unit_test(test_a_circle_ends),
		cmocka_unit_test(test_where_memory_lacks_no_way_is_no_answer),
		cmocka_unit_test(test_types_give_names),
		cmocka_unit_test(
			test_a_sleeping_owner_is_suspected_before_farther_ones),
		cmocka_unit_test(test_code_that_uses_the_variable_is_suspected),
		cmocka_unit_test(test_a_variable_is_used_by_its_beginning),
		cmocka_unit_test(
			test_code_that_uses_what_refers_to_it_is_suspected),
		cmocka_unit_test(
			test_registers_and_specials_tell_whose_they_are),
		cmocka_unit_test(
			test_who_has_deferred_the_end_is_suspected_first),
		cmocka_unit_test(test_nobody_serves_a_sleep),
		cmocka_unit_test(test_who_waits_for_the_same_is_no_suspect),
		cmocka_unit_test(test_who_stays_blocked_is_no_suspect),
		cmocka_unit_test(test_the_creator_is_suspected_last),
		cmocka_unit_test(test_many_suspects_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
