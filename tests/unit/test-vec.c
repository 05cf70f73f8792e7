/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/vec.h"

struct pair {
	int a;
	char b;
};

static void values_are_appended(void **state iq_unused)
{
	IQ_VEC(struct pair) v = { 0 };

	for (int i = 0; i < 1000; i++)
		assert_true(iq_vec_push(&v, ((struct pair){ i, 'x' })));
	assert_int_equal(v.len, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v.data[i].a, i);
	iq_vec_deinit(&v);
	assert_null(v.data);
	assert_int_equal(v.len, 0);
	assert_int_equal(v.cap, 0);
}

static void reserved_room_is_not_moved(void **state iq_unused)
{
	IQ_VEC(char) v = { 0 };
	const char *data;

	assert_true(iq_vec_reserve(&v, 100));
	assert_true(v.cap >= 100);
	data = v.data;
	for (int i = 0; i < 100; i++)
		assert_true(iq_vec_push(&v, 'x'));
	assert_ptr_equal(v.data, data);
	iq_vec_deinit(&v);
}

static void room_that_overflows_is_refused(void **state iq_unused)
{
	IQ_VEC(uint64_t) v = { 0 };

	assert_true(iq_vec_push(&v, 7));
	assert_false(iq_vec_reserve(&v, SIZE_MAX));
	assert_false(iq_vec_reserve(&v, SIZE_MAX / 8));
	assert_int_equal(v.len, 1);
	assert_int_equal(v.data[0], 7);
	iq_vec_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_appended),
		cmocka_unit_test(reserved_room_is_not_moved),
		cmocka_unit_test(room_that_overflows_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
