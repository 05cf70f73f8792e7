/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void error_has_code_and_text(void **state iq_unused)
{
	struct iq_error *err = iq_error_new(
		IQ_ERROR_FORMAT, "word size is %d, not 4 or %s", 3, "8");

	assert_int_equal(err->code, IQ_ERROR_FORMAT);
	assert_string_equal(err->text, "word size is 3, not 4 or 8");
	assert_false(err->has_offset);
	iq_error_destroy(err);
}

static void error_knows_its_offset(void **state iq_unused)
{
	struct iq_error *err =
		iq_error_at(IQ_ERROR_TRUNCATED, UINT64_MAX, "cut off");

	assert_int_equal(err->code, IQ_ERROR_TRUNCATED);
	assert_true(err->has_offset);
	assert_int_equal(err->offset, UINT64_MAX);
	assert_string_equal(err->text, "cut off");
	iq_error_destroy(err);
}

static void prefix_keeps_code_and_offset(void **state iq_unused)
{
	struct iq_error *err = iq_error_at(IQ_ERROR_LIMIT, 0x10, "100%% full");

	err = iq_error_within(err, "section %s", ".text");
	err = iq_error_within(err, "file %d", 1);
	assert_int_equal(err->code, IQ_ERROR_LIMIT);
	assert_true(err->has_offset);
	assert_int_equal(err->offset, 0x10);
	assert_string_equal(err->text, "file 1: section .text: 100% full");
	iq_error_destroy(err);
}

static void prefix_of_no_memory_is_no_memory(void **state iq_unused)
{
	assert_ptr_equal(iq_error_within(&iq_enomem, "section"), &iq_enomem);
	assert_null(iq_error_within(NULL, "section"));
	assert_int_equal(iq_enomem.code, IQ_ERROR_NOMEM);
	assert_string_equal(iq_enomem.text, "out of memory");
}

static void nothing_and_no_memory_can_be_destroyed(void **state iq_unused)
{
	iq_cleanup(iq_error_destroyp) struct iq_error *none = NULL;
	iq_cleanup(iq_error_destroyp) struct iq_error *nomem = &iq_enomem;

	iq_error_destroy(none);
	iq_error_destroy(nomem);
}

static void long_texts_are_whole(void **state iq_unused)
{
	char *text = calloc(1, 100001);
	struct iq_error *err;

	assert_non_null(text);
	memset(text, 'x', 100000);
	err = iq_error_new(IQ_ERROR_IO, "%s", text);
	err = iq_error_within(err, "%s", text);
	assert_int_equal(strlen(err->text), 200002);
	iq_error_destroy(err);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_has_code_and_text),
		cmocka_unit_test(error_knows_its_offset),
		cmocka_unit_test(prefix_keeps_code_and_offset),
		cmocka_unit_test(prefix_of_no_memory_is_no_memory),
		cmocka_unit_test(nothing_and_no_memory_can_be_destroyed),
		cmocka_unit_test(long_texts_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
