/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/goroutine.h"
#include "formats/go/references.h"
#include "formats/go/stacks.h"
#include "formats/go/symbolize.h"
#include "formats/go/unlocks.h"
#include "formats/go/word_set.h"
#include "go-process.h"

/* Goroutine 1 waits for a mutex; 2 may have it. */
struct locking {
	struct go_process p;
	const struct iq_go_layout *l;
	uint64_t mutex;
	struct iq_wait wait;
};

static void begin(struct locking *k)
{
	memset(k, 0, sizeof(*k));
	go_process_init(&k->p, "go1.26.8");
	k->l = k->p.image.version->layout;
	k->mutex = go_process_alloc(&k->p, 16);
	go_process_g(&k->p, 1, IQ_GSTATUS_WAITING, "sync.Mutex.Lock");
	go_process_g(&k->p, 2, IQ_GSTATUS_WAITING, "chan receive");
	k->wait = (struct iq_wait){
		.kind = IQ_WAIT_MUTEX,
		.has_address = true,
		.address = k->mutex,
		.has_sema = true,
		.sema_addr = k->mutex + 4,
	};
}

/* Reads everything; goroutine 1's facts say that it waits for the mutex. */
static void read_references(struct locking *k)
{
	const struct iq_stack *stacks[GO_PROCESS_GS];
	struct iq_go_symbolizer *sym;

	go_process_allgs(&k->p);
	go_process_open(&k->p);
	k->p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	assert_null(iq_go_goroutines_read(&k->p.rt));
	assert_null(iq_go_symbolizer_create(&k->p.rt, &sym));
	assert_null(iq_go_stacks_read(&k->p.rt, sym, stacks));
	iq_go_symbolizer_destroy(sym);
	for (size_t i = 0; i < k->p.rt.num_gs; i++) {
		struct iq_goroutine_fact fact = { .stack = stacks[i] };

		fact.waits = &k->wait;
		fact.num_waits = i == 0;
		assert_true(iq_vec_push(&k->p.facts->goroutines, fact));
	}
	assert_null(iq_go_references_read(&k->p.rt, 0));
}

static void assert_reference(const struct locking *k, size_t i,
			     uint32_t goroutine, uint32_t frame)
{
	const struct iq_reference_fact *ref;

	assert_true(i < k->p.facts->references.len);
	ref = &k->p.facts->references.data[i];
	assert_int_equal(ref->object, k->mutex);
	assert_int_equal(ref->goroutine, goroutine);
	assert_int_equal(ref->frame, frame);
}

static void mention_belongs_to_its_frame(void **state iq_unused)
{
	struct locking k;
	uint64_t sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	go_process_word(&k.p, sp + GO_PROCESS_FRAME + 8, k.mutex);
	read_references(&k);
	// Frames: main.inner, inlined into main.main; main.G; goexit.
	assert_int_equal(k.p.facts->references.len, 1);
	assert_reference(&k, 0, 1, 2);
	go_process_close(&k.p);
}

static void innermost_call_of_a_frame_is_named(void **state iq_unused)
{
	struct locking k;
	uint64_t sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	go_process_word(&k.p, sp, k.mutex + 4);
	go_process_word(&k.p, sp + 8, k.mutex);
	read_references(&k);
	assert_int_equal(k.p.facts->references.len, 1);
	assert_reference(&k, 0, 1, 0);
	go_process_close(&k.p);
}

static void what_lies_below_the_stack_is_no_mention(void **state iq_unused)
{
	struct locking k;
	uint64_t sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	go_process_word(&k.p, sp - 8, k.mutex);
	go_process_word(&k.p, sp + 8, k.mutex + 8);
	read_references(&k);
	assert_int_equal(k.p.facts->references.len, 0);
	go_process_close(&k.p);
}

static void mention_behind_a_broken_frame_is_left_out(void **state iq_unused)
{
	struct locking k;
	uint64_t sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	go_process_word(&k.p, sp + GO_PROCESS_FRAME - 8, 42);
	go_process_word(&k.p, sp + GO_PROCESS_FRAME + 8, k.mutex);
	read_references(&k);
	assert_int_equal(k.p.facts->references.len, 0);
	go_process_close(&k.p);
}

static void deferred_unlock_is_a_mention(void **state iq_unused)
{
	struct locking k;
	uint64_t defer, closure, sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	closure = go_process_alloc(&k.p, 16);
	go_process_word(&k.p, closure + 8, k.mutex);
	defer = go_process_alloc(&k.p, k.l->defer_size);
	go_process_field(&k.p, defer, k.l->defer_fn, closure);
	go_process_field(&k.p, defer, k.l->defer_sp, sp + GO_PROCESS_FRAME);
	// A circle: it ends.
	go_process_field(&k.p, defer, k.l->defer_link, defer);
	go_process_field(&k.p, k.p.gs[1], k.l->g_defer, defer);
	read_references(&k);
	assert_int_equal(k.p.facts->references.len, 1);
	assert_reference(&k, 0, 1, 2);
	go_process_close(&k.p);
}

static void parameter_belongs_to_the_function_called(void **state iq_unused)
{
	struct locking k;
	uint64_t sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	go_image_put(&k.p.image, k.p.image.func[0] + k.l->func_args.offset, 8,
		     4);
	go_process_word(&k.p, sp + GO_PROCESS_FRAME, k.mutex);
	read_references(&k);
	// main.main, which main.G called, not main.inner in it.
	assert_int_equal(k.p.facts->references.len, 1);
	assert_reference(&k, 0, 1, 1);
	go_process_close(&k.p);
}

/* main.main as a wrapper for defer, which calls main.G as @callee. */
static bool wrapper_unlocks(const char *wrapper, const char *callee)
{
	struct go_process p;
	struct iq_go_unlocks memo = { 0 };
	uint8_t *names;
	bool ret;

	memset(&p, 0, sizeof(p));
	go_process_init(&p, "go1.26.8");
	names = p.image.bytes + p.image.funcname;
	// The names of main.G and of runtime.goexit make room.
	memcpy(names + 11, callee, strlen(callee) + 1);
	memcpy(names + 35, wrapper, strlen(wrapper) + 1);
	go_image_put(&p.image,
		     p.image.func[0] +
			     p.image.version->layout->func_name_off.offset,
		     35, 4);
	go_process_put(&p, GO_IMAGE_TEXT + 0x10, 0xe8, 1);
	go_process_put(&p, GO_IMAGE_TEXT + 0x11, 0x40 - 0x15, 4);
	go_process_open(&p);
	ret = iq_go_unlocks(&memo, p.core.cpu, p.rt.memory, p.rt.program->pcln,
			    GO_IMAGE_TEXT);
	// What is inside of a function is no closure's address.
	assert_false(iq_go_unlocks(&memo, p.core.cpu, p.rt.memory,
				   p.rt.program->pcln, GO_IMAGE_TEXT + 1));
	go_process_close(&p);
	return ret;
}

static void wrapper_of_unlock_is_told_from_others(void **state iq_unused)
{
	assert_true(wrapper_unlocks("m.deferwrap1", "sync.(*Mutex).Unlock"));
	assert_true(wrapper_unlocks("m.dwrap.1", "sync.(*Mutex).Unlock"));
	assert_false(wrapper_unlocks("m.deferwrap1", "main.(*Cache).Close"));
	assert_false(wrapper_unlocks("main.func1", "sync.(*Mutex).Unlock"));
}

static void frames_of_one_goroutine_are_all_mentions(void **state iq_unused)
{
	struct locking k;
	uint64_t sp;

	begin(&k);
	sp = go_process_sp(&k.p, k.p.gs[0]);
	go_process_word(&k.p, sp + 8, k.mutex);
	go_process_word(&k.p, sp + GO_PROCESS_FRAME + 8, k.mutex);
	read_references(&k);
	assert_int_equal(k.p.facts->references.len, 2);
	assert_reference(&k, 0, 0, 0);
	assert_reference(&k, 1, 0, 2);
	go_process_close(&k.p);
}

static void set_finds_what_was_added(void **state iq_unused)
{
	struct iq_go_word_set set = { 0 };

	for (uint64_t i = 1; i <= 5000; i++)
		assert_true(iq_go_word_set_add(&set, i * 8, i * 16));
	assert_true(iq_go_word_set_add(&set, 8, 16));
	assert_true(iq_go_word_set_add(&set, 0, 7));
	assert_int_equal(set.num, 5000);
	for (uint64_t i = 1; i <= 5000; i++) {
		assert_int_equal(iq_go_word_set_object(&set, i * 8), i * 16);
		assert_int_equal(iq_go_word_set_object(&set, i * 8 + 4), 0);
	}
	assert_int_equal(iq_go_word_set_object(&set, 0), 0);
	assert_int_equal(iq_go_word_set_object(&set, UINT64_MAX), 0);
	iq_go_word_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mention_belongs_to_its_frame),
		cmocka_unit_test(innermost_call_of_a_frame_is_named),
		cmocka_unit_test(what_lies_below_the_stack_is_no_mention),
		cmocka_unit_test(mention_behind_a_broken_frame_is_left_out),
		cmocka_unit_test(deferred_unlock_is_a_mention),
		cmocka_unit_test(parameter_belongs_to_the_function_called),
		cmocka_unit_test(wrapper_of_unlock_is_told_from_others),
		cmocka_unit_test(frames_of_one_goroutine_are_all_mentions),
		cmocka_unit_test(set_finds_what_was_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
