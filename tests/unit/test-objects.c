/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "go-crash.h"

static void assert_text(struct iq_str text, const char *expected)
{
	if (!iq_str_equal(text, iq_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(text), expected);
}

/* A crash by a panic with these words. */
static void panics_with(struct go_crash *c, const char *text)
{
	go_crash_init(c, "go1.26.8");
	go_crash_panic(c, 0, go_crash_type(c, "string", IQ_GO_KIND_STRING, 16),
		       go_crash_string(c, text));
}

static uint64_t channel_make(struct go_crash *c, uint64_t closed)
{
	uint64_t elem = go_crash_type(c, "int", IQ_GO_KIND_INT, 8);
	uint64_t chan = go_process_alloc(&c->p, c->l->hchan_size);

	go_process_field(&c->p, chan, c->l->hchan_qcount, 1);
	go_process_field(&c->p, chan, c->l->hchan_dataqsiz, 3);
	go_process_field(&c->p, chan, c->l->hchan_buf, chan + 96);
	go_process_field(&c->p, chan, c->l->hchan_elemsize, 8);
	go_process_field(&c->p, chan, c->l->hchan_elemtype, elem);
	go_process_field(&c->p, chan, c->l->hchan_closed, closed);
	return chan;
}

static void closed_channel_is_found_on_the_stack(void **state iq_unused)
{
	const struct iq_scene_object *object;
	const struct iq_scene *scene;
	struct go_crash c;
	uint64_t chan, other;

	// One that is open stands there, too; goroutine 2 has it as well.
	panics_with(&c, "send on closed channel");
	chan = channel_make(&c, 1);
	other = go_process_g(&c.p, 2, IQ_GSTATUS_WAITING, "chan receive");
	go_process_word(&c.p, c.sp + 8, channel_make(&c, 0));
	go_process_word(&c.p, c.sp + 16, chan);
	go_process_word(&c.p, go_process_sp(&c.p, other) + 8, chan);
	scene = go_crash_read(&c);
	assert_int_equal(scene->cause, IQ_CAUSE_SEND_ON_CLOSED);
	assert_int_equal(scene->num_objects, 1);
	object = scene->objects;
	assert_text(object->what, "channel");
	assert_int_equal(object->address, chan);
	assert_int_equal(object->num_values, 4);
	assert_text(object->values[0].name, "length");
	assert_text(object->values[0].text, "1");
	assert_text(object->values[1].text, "3");
	assert_text(object->values[2].text, "true");
	assert_text(object->values[3].text, "int");
	assert_int_equal(object->num_referrers, 1);
	assert_int_equal(object->referrers[0].goroutine, 2);
	assert_text(object->referrers[0].how, "mentions it");
	go_crash_close(&c);
}

static void one_of_two_is_none(void **state iq_unused)
{
	struct go_crash c;

	panics_with(&c, "close of closed channel");
	go_process_word(&c.p, c.sp + 8, channel_make(&c, 1));
	go_process_word(&c.p, c.sp + 16, channel_make(&c, 1));
	assert_int_equal(go_crash_read(&c)->num_objects, 0);
	go_crash_close(&c);
}

static void channel_that_contradicts_itself_is_none(void **state iq_unused)
{
	struct go_crash c;
	uint64_t chan;

	panics_with(&c, "close of closed channel");
	chan = channel_make(&c, 1);
	go_process_field(&c.p, chan, c.l->hchan_qcount, 4);
	go_process_word(&c.p, c.sp + 8, chan);
	assert_int_equal(go_crash_read(&c)->num_objects, 0);
	go_crash_close(&c);
}

static void negative_counter_is_found(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;
	uint64_t wg;

	panics_with(&c, "sync: negative WaitGroup counter");
	wg = go_process_alloc(&c.p, c.l->wait_group_size);
	go_process_word(&c.p, wg + c.l->wait_group_state.offset,
			0xffffffff00000002);
	go_process_word(&c.p, c.sp + 8, wg);
	scene = go_crash_read(&c);
	assert_int_equal(scene->cause, IQ_CAUSE_NEGATIVE_WAITGROUP);
	assert_int_equal(scene->num_objects, 1);
	assert_int_equal(scene->objects[0].address, wg);
	assert_text(scene->objects[0].values[0].text, "-1");
	assert_text(scene->objects[0].values[1].text, "2");
	go_crash_close(&c);
}

static void bounds_are_taken_from_the_words(void **state iq_unused)
{
	static const struct {
		const char *text;
		const char *names[2];
		const char *values[2];
	} cases[] = {
		{ "index out of range [5] with length 3",
		  { "index", "length" },
		  { "5", "3" } },
		{ "index out of range [-1]",
		  { "index", NULL },
		  { "-1", NULL } },
		{ "slice bounds out of range [:9] with capacity 8",
		  { "index", "capacity" },
		  { "9", "8" } },
		{ "slice bounds out of range [4:2]",
		  { "low", "high" },
		  { "4", "2" } },
		{ "slice bounds out of range [:5:4]",
		  { "high", "max" },
		  { "5", "4" } },
		{ "slice bounds out of range [::9] with length 8",
		  { "index", "length" },
		  { "9", "8" } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		const struct iq_scene_object *object;
		const struct iq_scene *scene;
		char text[128] = "runtime error: ";
		struct go_crash c;
		size_t num = cases[i].names[1] ? 2 : 1;

		strncat(text, cases[i].text, 100);
		panics_with(&c, text);
		scene = go_crash_read(&c);
		assert_int_equal(scene->cause, IQ_CAUSE_BOUNDS);
		assert_int_equal(scene->num_objects, 1);
		object = scene->objects;
		assert_int_equal(object->num_values, num);
		for (size_t k = 0; k < num; k++) {
			assert_text(object->values[k].name, cases[i].names[k]);
			assert_text(object->values[k].text, cases[i].values[k]);
		}
		go_crash_close(&c);
	}
}

static void types_are_taken_from_the_words(void **state iq_unused)
{
	const struct iq_scene_object *object;
	struct go_crash c;

	panics_with(&c, "interface conversion: *a.T is not b.I: missing method "
			"Read");
	object = go_crash_read(&c)->objects;
	assert_int_equal(object->num_values, 3);
	assert_text(object->values[0].text, "*a.T");
	assert_text(object->values[1].text, "b.I");
	assert_text(object->values[2].text, "Read");
	go_crash_close(&c);

	panics_with(&c, "interface conversion: interface {} is string, not int "
			"(types from different scopes)");
	object = go_crash_read(&c)->objects;
	assert_int_equal(object->num_values, 3);
	assert_text(object->values[0].text, "interface {}");
	assert_text(object->values[1].text, "string");
	assert_text(object->values[2].text, "int");
	go_crash_close(&c);
}

static void words_of_the_program_are_only_a_panic(void **state iq_unused)
{
	const struct iq_scene *scene;
	struct go_crash c;

	// main.G called what stands for gopanic, and is not the runtime's; the
	// record is in that frame, as far as its return address.
	go_crash_init(&c, "go1.26.8");
	uint64_t type = go_crash_type(&c, "string", IQ_GO_KIND_STRING, 16);
	uint64_t text = go_crash_string(&c, "close of nil channel");
	go_crash_panic(&c, c.sp, type, text);
	scene = go_crash_read(&c);
	assert_int_equal(scene->num_panics, 1);
	assert_text(scene->panics[0].text, "close of nil channel");
	assert_int_equal(scene->cause, IQ_CAUSE_PANIC);
	go_crash_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_channel_is_found_on_the_stack),
		cmocka_unit_test(one_of_two_is_none),
		cmocka_unit_test(channel_that_contradicts_itself_is_none),
		cmocka_unit_test(negative_counter_is_found),
		cmocka_unit_test(bounds_are_taken_from_the_words),
		cmocka_unit_test(types_are_taken_from_the_words),
		cmocka_unit_test(words_of_the_program_are_only_a_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
