/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/goroutine.h"
#include "formats/go/heap.h"
#include "formats/go/references.h"
#include "formats/go/references_heap.h"
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
	struct iq_go_heap heap;
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
	if (k->heap.mheap_addr) {
		k->heap.rt = &k->p.rt;
		k->p.facts->heap = &k->heap.heap;
	}
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

/* What main.main does as @name, if it calls main.G as @callee. */
static unsigned deeds_of(const char *name, const char *callee)
{
	struct go_process p;
	struct iq_go_unlocks memo = { 0 };
	uint8_t *names;
	unsigned ret;

	memset(&p, 0, sizeof(p));
	go_process_init(&p, "go1.26.8");
	names = p.image.bytes + p.image.funcname;
	// The names of main.G and of runtime.goexit make room.
	memcpy(names + 11, callee, strlen(callee) + 1);
	memcpy(names + 35, name, strlen(name) + 1);
	go_image_put(&p.image,
		     p.image.func[0] +
			     p.image.version->layout->func_name_off.offset,
		     35, 4);
	go_process_put(&p, GO_IMAGE_TEXT + 0x10, 0xe8, 1);
	go_process_put(&p, GO_IMAGE_TEXT + 0x11, 0x40 - 0x15, 4);
	go_process_open(&p);
	ret = iq_go_deeds(&memo, p.core.cpu, p.rt.memory, p.rt.program->pcln,
			  GO_IMAGE_TEXT);
	// What is inside of a function is no closure's address.
	assert_int_equal(iq_go_deeds(&memo, p.core.cpu, p.rt.memory,
				     p.rt.program->pcln, GO_IMAGE_TEXT + 1),
			 0);
	go_process_close(&p);
	return ret;
}

static void wrapper_of_unlock_is_told_from_others(void **state iq_unused)
{
	const unsigned unlock = IQ_GO_DEED_UNLOCK | IQ_GO_DEED_WRAPPER;

	assert_int_equal(deeds_of("m.deferwrap1", "sync.(*Mutex).Unlock"),
			 unlock);
	assert_int_equal(deeds_of("m.dwrap.1", "sync.(*Mutex).Unlock"), unlock);
	assert_int_equal(deeds_of("m.deferwrap1", "sync.(*RWMutex).RUnlock"),
			 unlock);
	assert_int_equal(deeds_of("m.deferwrap1", "main.(*Cache).Close"), 0);
	assert_int_equal(deeds_of("m.deferwrap1", "sync.(*Mutex).Lock"), 0);
	assert_int_equal(deeds_of("main.func1", "sync.(*Mutex).Unlock"),
			 IQ_GO_DEED_UNLOCK);
}

static void closure_that_wakes_is_told_by_what_it_calls(void **state iq_unused)
{
	assert_int_equal(deeds_of("main.func1", "sync.(*WaitGroup).Done"),
			 IQ_GO_DEED_DONE);
	assert_int_equal(deeds_of("main.func1", "sync.(*Cond).Signal"),
			 IQ_GO_DEED_SIGNAL);
	assert_int_equal(deeds_of("main.func1", "sync.(*Cond).Broadcast"),
			 IQ_GO_DEED_SIGNAL);
	assert_int_equal(deeds_of("m.deferwrap1", "runtime.closechan"),
			 IQ_GO_DEED_CLOSE | IQ_GO_DEED_WRAPPER);
	assert_int_equal(deeds_of("main.func1", "sync.(*WaitGroup).Wait"), 0);
}

static void own_channel_is_no_mention(void **state iq_unused)
{
	struct locking k;

	begin(&k);
	k.wait.kind = IQ_WAIT_CHAN;
	k.wait.has_sema = false;
	go_process_word(&k.p, go_process_sp(&k.p, k.p.gs[0]) + 8, k.mutex);
	go_process_word(&k.p, go_process_sp(&k.p, k.p.gs[1]) + 8, k.mutex);
	read_references(&k);
	assert_int_equal(k.p.facts->references.len, 1);
	assert_reference(&k, 0, 1, 0);
	go_process_close(&k.p);
}

/* main.main's frame has two words: bit i of @bits says that word i lives. The
 * lower one is a variable whose address was taken. */
static void put_maps(struct locking *k, unsigned bits)
{
	size_t funcdata = k->p.image.func[0] + k->l->func_size + 3 * 4;
	size_t map = (k->p.image.used + 7) & ~(size_t)7;
	size_t objects = map + 16;

	go_image_put(&k->p.image, map, 1, 4);
	go_image_put(&k->p.image, map + 4, 2, 4);
	go_image_put(&k->p.image, map + 8, bits, 1);
	go_image_put(&k->p.image, objects, 1, 8);
	go_image_put(&k->p.image, objects + 8, (uint32_t)-16, 4);
	go_image_put(&k->p.image, objects + 12, 8, 4);
	go_image_put(&k->p.image, funcdata + 1 * 4, map - k->p.image.gofunc, 4);
	go_image_put(&k->p.image, funcdata + 2 * 4, objects - k->p.image.gofunc,
		     4);
}

static size_t mentions_with(unsigned bits, bool by_address)
{
	struct locking k;
	uint64_t sp;
	size_t ret;

	begin(&k);
	put_maps(&k, bits);
	sp = go_process_sp(&k.p, k.p.gs[1]);
	go_process_word(&k.p, sp, k.mutex);
	if (by_address)
		go_process_word(&k.p, sp + 8, sp);
	read_references(&k);
	ret = k.p.facts->references.len;
	go_process_close(&k.p);
	return ret;
}

static void word_that_the_frame_cannot_use_is_no_mention(void **state iq_unused)
{
	assert_int_equal(mentions_with(1, false), 1);
	assert_int_equal(mentions_with(2, false), 0);
	assert_int_equal(mentions_with(0, true), 0);
	// What the other word refers to is used.
	assert_int_equal(mentions_with(2, true), 1);
}

#define SPAN (GO_PROCESS_HEAP + 65536)

/* A heap of one span of 8 KiB at SPAN. */
static void put_heap(struct locking *k, uint64_t elem_size, unsigned class)
{
	uint64_t span = go_process_alloc(&k->p, k->l->mspan_size);
	uint64_t list = go_process_alloc(&k->p, 8);
	uint64_t bits = go_process_alloc(&k->p, 1024 / 8);

	k->heap.mheap_addr =
		GO_PROCESS_BSS + 8192 - k->l->mheap_allspans.offset;
	go_process_word(&k->p, list, span);
	go_process_slice(&k->p, GO_PROCESS_BSS + 8192, list, 1);
	go_process_word(&k->p, GO_PROCESS_BSS + 8192 + 16, 1);
	go_process_field(&k->p, span, k->l->mspan_start_addr, SPAN);
	go_process_field(&k->p, span, k->l->mspan_npages, 1);
	go_process_field(&k->p, span, k->l->mspan_elemsize, elem_size);
	go_process_field(&k->p, span, k->l->mspan_nelems, 8192 / elem_size);
	go_process_field(&k->p, span, k->l->mspan_freeindex, 8192 / elem_size);
	go_process_field(&k->p, span, k->l->mspan_state, 1);
	go_process_field(&k->p, span, k->l->mspan_spanclass, class);
	go_process_field(&k->p, span, k->l->mspan_alloc_bits, bits);
}

/* What goroutine 2 mentions if its frame has @word, and goroutine 1 waits for a
 * mutex at @mutex; *@via_ret is of the only mention. */
static size_t mentions_of_word(uint64_t elem_size, unsigned class,
			       uint64_t mutex, uint64_t word, uint64_t *via_ret)
{
	struct locking k;
	size_t ret;

	begin(&k);
	k.mutex = k.wait.address = mutex;
	k.wait.sema_addr = mutex + 4;
	put_heap(&k, elem_size, class);
	// The object of number 5 refers to the mutex.
	if (class == 8)
		go_process_word(&k.p, SPAN + 5 * elem_size + 8, mutex);
	go_process_word(&k.p, go_process_sp(&k.p, k.p.gs[1]) + 8, word);
	read_references(&k);
	ret = k.p.facts->references.len;
	if (ret) {
		assert_reference(&k, 0, 1, 0);
		*via_ret = k.p.facts->references.data[0].via;
	}
	go_process_close(&k.p);
	return ret;
}

static void part_of_an_object_is_mentioned_by_it(void **state iq_unused)
{
	const uint64_t mutex = SPAN + 3 * 64 + 16;
	uint64_t via = 1;

	assert_int_equal(mentions_of_word(64, 8, mutex, SPAN + 3 * 64, &via),
			 1);
	assert_true(via == SPAN + 3 * 64);
	// A pointer to another part of it is none to the whole.
	assert_int_equal(
		mentions_of_word(64, 8, mutex, SPAN + 3 * 64 + 8, &via), 0);
	assert_int_equal(mentions_of_word(64, 8, mutex, mutex, &via), 1);
	assert_true(via == 0);
}

static void neighbour_of_an_object_is_no_mention(void **state iq_unused)
{
	const uint64_t mutex = SPAN + 3 * 64 + 16;
	uint64_t via;

	assert_int_equal(mentions_of_word(64, 8, mutex, SPAN + 2 * 64, &via),
			 0);
	assert_int_equal(
		mentions_of_word(64, 8, mutex, SPAN + 4 * 64 - 8, &via), 0);
	assert_int_equal(mentions_of_word(64, 8, mutex, SPAN + 4 * 64, &via),
			 0);
	// Small values without pointers may share a slot.
	assert_int_equal(mentions_of_word(16, 5, SPAN + 8, SPAN, &via), 0);
	assert_int_equal(mentions_of_word(16, 5, SPAN + 8, SPAN + 8, &via), 1);
}

static void object_that_refers_to_it_is_one_step_away(void **state iq_unused)
{
	const uint64_t mutex = SPAN + 3 * 64 + 16;
	uint64_t via = 1;

	assert_int_equal(mentions_of_word(64, 8, mutex, SPAN + 5 * 64, &via),
			 1);
	assert_true(via == SPAN + 5 * 64);
	// What is behind it in the object has nothing.
	assert_int_equal(
		mentions_of_word(64, 8, mutex, SPAN + 5 * 64 + 16, &via), 0);
	assert_int_equal(mentions_of_word(64, 8, mutex, SPAN + 6 * 64, &via),
			 0);
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
		cmocka_unit_test(closure_that_wakes_is_told_by_what_it_calls),
		cmocka_unit_test(own_channel_is_no_mention),
		cmocka_unit_test(word_that_the_frame_cannot_use_is_no_mention),
		cmocka_unit_test(part_of_an_object_is_mentioned_by_it),
		cmocka_unit_test(neighbour_of_an_object_is_no_mention),
		cmocka_unit_test(object_that_refers_to_it_is_one_step_away),
		cmocka_unit_test(frames_of_one_goroutine_are_all_mentions),
		cmocka_unit_test(set_finds_what_was_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
