/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"

#define S(lit) IQ_STR(lit)

static int setup(void **state)
{
	struct iq_facts *facts;
	struct iq_error *err = iq_facts_create(&facts);

	*state = err ? NULL : facts;
	return err != NULL;
}

static int teardown(void **state)
{
	iq_facts_destroy(*state);
	return 0;
}

static void nothing_can_be_destroyed(void **state iq_unused)
{
	iq_facts_destroy(NULL);
}

static void equal_texts_have_equal_pointers(void **state)
{
	char first[] = "chan receive", second[] = "chan receive";
	struct iq_str a, b, c;

	assert_null(iq_facts_string(*state, iq_str_of(first), &a));
	first[0] = 'x';
	assert_null(iq_facts_string(*state, iq_str_of(second), &b));
	assert_null(iq_facts_string(*state, S("chan"), &c));
	assert_ptr_equal(a.ptr, b.ptr);
	assert_true(iq_str_equal(a, S("chan receive")));
	assert_ptr_not_equal(a.ptr, c.ptr);
	assert_null(iq_facts_string(*state, (struct iq_str){ 0 }, &c));
	assert_int_equal(c.len, 0);
	assert_non_null(c.ptr);
}

static const struct iq_frame *frame_of(void **state, struct iq_frame frame)
{
	const struct iq_frame *ret;

	assert_null(iq_facts_frame(*state, &frame, &ret));
	return ret;
}

static void equal_frames_are_one(void **state)
{
	struct iq_frame frame = { .function = S("main.f"),
				  .file = S("/src/main.go"),
				  .line = 7,
				  .has_pc = true,
				  .pc = 0x401000 };
	const struct iq_frame *a = frame_of(state, frame);

	assert_ptr_equal(a, frame_of(state, frame));
	frame.offset = 1;
	assert_ptr_not_equal(a, frame_of(state, frame));
	frame.offset = 0;
	frame.inlined = true;
	assert_ptr_not_equal(a, frame_of(state, frame));
	frame.inlined = false;
	frame.args = S("0x1");
	assert_ptr_not_equal(a, frame_of(state, frame));
}

static const struct iq_stack *
stack_of(void **state, const struct iq_frame *frames, struct iq_stack shape)
{
	const struct iq_stack *ret, *again;

	assert_null(iq_facts_stack_of(*state, frames, &shape, &ret));
	shape.frames = ret->frames;
	assert_null(iq_facts_stack(*state, &shape, &again));
	assert_ptr_equal(again, ret);
	return ret;
}

static void equal_stacks_are_one(void **state)
{
	struct iq_facts *facts = *state;
	struct iq_frame frames[] = {
		{ .function = S("main.f"), .line = 1 },
		{ .function = S("main.g"), .line = 2 },
	};
	struct iq_stack stack = { .num_frames = 2 };
	const struct iq_stack *a = stack_of(state, frames, stack);
	const struct iq_stack *b;

	frames[0].line = 9;
	b = stack_of(state, frames, stack);
	assert_ptr_not_equal(a, b);
	assert_int_equal(a->frames[0]->line, 1);
	frames[0].line = 1;
	stack.index = 77;
	// Without an elision its place says nothing.
	stack.elided_at = 1;
	assert_ptr_equal(a, stack_of(state, frames, stack));
	stack.elided = true;
	assert_ptr_not_equal(a, stack_of(state, frames, stack));
	stack.elided = false;
	stack.complete = true;
	assert_ptr_not_equal(a, stack_of(state, frames, stack));
	assert_int_equal(facts->stacks.len, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(facts->stacks.data[i]->index, i);
}

static void labels_are_sorted_and_shared(void **state)
{
	const struct iq_label one[] = { { S("user"), S("ann") },
					{ S("req"), S("42") } };
	const struct iq_label two[] = { { S("req"), S("42") },
					{ S("user"), S("ann") } };
	const struct iq_labels *a, *b, *none;

	assert_null(iq_facts_labels(*state, one, 2, &a));
	assert_null(iq_facts_labels(*state, two, 2, &b));
	assert_null(iq_facts_labels(*state, NULL, 0, &none));
	assert_ptr_equal(a, b);
	assert_int_equal(a->num, 2);
	assert_true(iq_str_equal(a->items[0].key, S("req")));
	assert_int_equal(none->num, 0);
}

static void equal_gaps_are_counted_in_the_end(void **state)
{
	struct iq_facts *facts = *state;

	assert_true(facts->witness.complete);
	for (unsigned i = 0; i < IQ_LIMIT_EQUAL_GAPS + 5; i++)
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED, i, "bad %s", "line");
	iq_facts_gap_addr(facts, IQ_GAP_MISSING, 0x10, "no page");
	assert_false(facts->witness.complete);
	assert_int_equal(facts->gaps.len, IQ_LIMIT_EQUAL_GAPS + 1);
	assert_int_equal(facts->gaps.data[0].count, 1);
	assert_int_equal(facts->gaps.data[IQ_LIMIT_EQUAL_GAPS - 1].count, 6);
	assert_int_equal(facts->gaps.data[1].offset, 1);
	assert_true(facts->gaps.data[1].has_offset);
	assert_true(iq_str_equal(facts->gaps.data[1].text, S("bad line")));
	const struct iq_gap *last = &facts->gaps.data[IQ_LIMIT_EQUAL_GAPS];

	assert_true(last->has_addr);
	assert_int_equal(last->addr, 0x10);
	assert_int_equal(last->code, IQ_GAP_MISSING);
}

static void ever_new_gaps_come_to_an_end(void **state)
{
	struct iq_facts *facts = *state;
	const unsigned num = 2 * IQ_LIMIT_GAPS;

	for (unsigned i = 0; i < num; i++)
		iq_facts_gap(facts, IQ_GAP_DAMAGED, "line %u is bad", i);
	assert_int_equal(facts->gaps.len, IQ_LIMIT_GAPS);
	const struct iq_gap *last = &facts->gaps.data[IQ_LIMIT_GAPS - 1];

	assert_int_equal(last->code, IQ_GAP_LIMIT);
	assert_int_equal(last->count, num - IQ_LIMIT_GAPS + 1);
}

static void errors_become_gaps(void **state)
{
	struct iq_facts *facts = *state;

	iq_facts_gap_error(facts, IQ_GAP_LAYOUT, NULL);
	assert_int_equal(facts->gaps.len, 0);
	iq_facts_gap_error(facts, IQ_GAP_LAYOUT,
			   iq_error_at(IQ_ERROR_FORMAT, 12, "no g"));
	iq_facts_gap_error(facts, IQ_GAP_LIMIT, &iq_enomem);
	assert_int_equal(facts->gaps.len, 2);
	assert_int_equal(facts->gaps.data[0].offset, 12);
	assert_true(iq_str_equal(facts->gaps.data[0].text, S("no g")));
	assert_false(facts->gaps.data[1].has_offset);
}

static void goroutine_add(struct iq_facts *facts, bool has_id, uint64_t id,
			  uint64_t place)
{
	const struct iq_goroutine_fact g = { .has_id = has_id,
					     .id = id,
					     .place = place };

	assert_true(iq_vec_push(&facts->goroutines, g));
}

static void goroutines_come_in_the_order_of_ids(void **state)
{
	struct iq_facts *facts = *state;

	goroutine_add(facts, false, 0, 5);
	goroutine_add(facts, true, 9, 1);
	goroutine_add(facts, true, 2, 8);
	goroutine_add(facts, true, 2, 3);
	for (uint32_t i = 0; i < 4; i++) {
		struct iq_reference_fact r = { .goroutine = i, .object = i };

		assert_true(iq_vec_push(&facts->references, r));
	}
	iq_facts_finish(facts);
	const struct iq_goroutine_fact *g = facts->goroutines.data;

	assert_int_equal(g[0].place, 3);
	assert_int_equal(g[1].place, 8);
	assert_int_equal(g[2].id, 9);
	assert_false(g[3].has_id);
	// Who refers to what has not changed.
	const uint32_t places[] = { 3, 2, 1, 0 };

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(facts->references.data[i].goroutine,
				 places[i]);
	iq_facts_finish(facts);
	assert_int_equal(facts->references.data[3].goroutine, 0);
}

static void nothing_can_be_finished(void **state)
{
	iq_facts_finish(*state);
}

static void a_later_section_starts_anew(void **state)
{
	struct iq_facts *facts = *state;
	struct iq_frame frame = { .function = S("main.f") };
	const struct iq_stack stack = { .num_frames = 1 };

	goroutine_add(facts, true, 1, 1);
	stack_of(state, &frame, stack);
	iq_facts_gap(facts, IQ_GAP_DAMAGED, "a line");
	iq_facts_restart(facts);
	assert_int_equal(facts->goroutines.len, 0);
	assert_int_equal(facts->stacks.len, 0);
	assert_int_equal(facts->gaps.len, 0);
	assert_true(facts->witness.complete);
	assert_int_equal(stack_of(state, &frame, stack)->index, 0);
	assert_int_equal(facts->stacks.len, 1);
	iq_facts_gap(facts, IQ_GAP_DAMAGED, "a line");
	assert_int_equal(facts->gaps.data[0].count, 1);
}

static void note_destroyed(void *object)
{
	char **at = object;

	*(*at)++ = 'x';
}

static void what_is_owned_dies_with_the_facts(void **state iq_unused)
{
	struct iq_facts *facts;
	char text[3] = "..";
	char *at = text;

	assert_null(iq_facts_create(&facts));
	assert_null(iq_facts_own(facts, note_destroyed, &at));
	assert_null(iq_facts_own(facts, note_destroyed, &at));
	assert_string_equal(text, "..");
	iq_facts_destroy(facts);
	assert_string_equal(text, "xx");
}

static void every_number_has_a_name(void **state iq_unused)
{
	assert_string_equal(iq_gstatus_name(IQ_GSTATUS_WAITING), "waiting");
	assert_string_equal(iq_gstatus_name(IQ_GSTATUS_DEADEXTRA), "deadextra");
	assert_string_equal(iq_gstatus_name((enum iq_gstatus)99), "unknown");
	assert_string_equal(iq_wait_kind_name(IQ_WAIT_NIL_CHAN), "nil-chan");
	assert_string_equal(iq_wait_kind_name(IQ_WAIT_SYSCALL), "syscall");
	assert_string_equal(iq_wait_op_name(IQ_OP_RLOCK), "rlock");
	assert_string_equal(iq_gap_code_name(IQ_GAP_TRUNCATED), "truncated");
	assert_string_equal(iq_gap_code_name(IQ_GAP_IO), "io");
	for (int i = 0; i <= IQ_GSTATUS_UNKNOWN; i++)
		assert_non_null(iq_gstatus_name((enum iq_gstatus)i));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void test_what_explains_most_is_the_worst_gap(void **state)
{
	struct iq_facts *facts;

	(void)state;
	assert_null(iq_facts_create(&facts));
	assert_null(iq_facts_worst_gap(facts));
	iq_facts_gap(facts, IQ_GAP_DAMAGED, "a list is broken");
	iq_facts_gap(facts, IQ_GAP_MISSING, "no goroutines");
	iq_facts_gap_costly(facts);
	assert_true(iq_str_equal(iq_facts_worst_gap(facts)->text,
				 IQ_STR("no goroutines")));
	iq_facts_gap(facts, IQ_GAP_TRUNCATED, "the file ends");
	assert_true(iq_str_equal(iq_facts_worst_gap(facts)->text,
				 IQ_STR("the file ends")));
	iq_facts_destroy(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_can_be_destroyed),
		TEST(equal_texts_have_equal_pointers),
		TEST(equal_frames_are_one),
		TEST(equal_stacks_are_one),
		TEST(labels_are_sorted_and_shared),
		TEST(equal_gaps_are_counted_in_the_end),
		TEST(ever_new_gaps_come_to_an_end),
		TEST(errors_become_gaps),
		TEST(goroutines_come_in_the_order_of_ids),
		TEST(nothing_can_be_finished),
		TEST(a_later_section_starts_anew),
		cmocka_unit_test(what_is_owned_dies_with_the_facts),
		cmocka_unit_test(every_number_has_a_name),
		cmocka_unit_test(test_what_explains_most_is_the_worst_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
