/* SPDX-License-Identifier: Apache-2.0 */
/* Types as no compiler makes them: damaged memory and debug information may. */
#include "formats/go/type_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "formats/go/type.h"
#include "go-process.h"

/* Far more than types can be followed, were each way followed. */
#define LEVELS 60
#define FIELDS 3000

struct fixture {
	struct go_process p;
	struct iq_arena arena;
	struct iq_go_type_model model;
};

static void init(struct fixture *x)
{
	memset(x, 0, sizeof(*x));
	go_process_init(&x->p, "go1.26.8");
	go_process_open(&x->p);
	iq_arena_init(&x->arena);
	iq_go_type_model_init(&x->model, &x->p.rt, &x->arena);
}

static void deinit(struct fixture *x)
{
	assert_false(x->model.no_memory);
	iq_go_type_model_deinit(&x->model);
	iq_arena_deinit(&x->arena);
	go_process_close(&x->p);
}

static uint32_t type_add(struct fixture *x, unsigned kind, uint64_t size)
{
	struct iq_go_model_type *type;
	uint32_t number;

	type = iq_go_type_model_add(&x->model, &number);
	assert_non_null(type);
	type->kind = kind;
	type->size = size;
	type->has_pointers = true;
	return number;
}

/* A struct of @num fields of @type that share one place. */
static uint32_t struct_add(struct fixture *x, uint32_t type, uint32_t num,
			   uint64_t size)
{
	uint32_t number = type_add(x, IQ_GO_KIND_STRUCT, size);
	struct iq_go_model_field *fields =
		iq_arena_calloc(&x->arena, num, sizeof(*fields));

	assert_non_null(fields);
	for (uint32_t i = 0; i < num; i++)
		fields[i].type = type;
	iq_go_type_model_get(&x->model, number)->fields = fields;
	iq_go_type_model_get(&x->model, number)->num_fields = num;
	return number;
}

static uint32_t array_add(struct fixture *x, uint32_t elem, uint64_t len,
			  uint64_t size)
{
	uint32_t number = type_add(x, IQ_GO_KIND_ARRAY, size);

	iq_go_type_model_get(&x->model, number)->elem = elem;
	iq_go_type_model_get(&x->model, number)->len = len;
	return number;
}

static void beginnings_that_share_a_place_end(void **state iq_unused)
{
	uint32_t other, number;
	struct fixture x;

	init(&x);
	other = type_add(&x, IQ_GO_KIND_INT, 8);
	number = type_add(&x, IQ_GO_KIND_INT, 8);
	for (unsigned i = 0; i < LEVELS; i++)
		number = struct_add(&x, number, 2, 8);
	assert_false(iq_go_type_model_begins(&x.model, number, other));
	assert_true(iq_go_type_model_begins(&x.model, number, number - 1));
	deinit(&x);
}

static void mask_of_what_overlaps_is_unknown(void **state iq_unused)
{
	struct fixture x;
	uint32_t number;

	init(&x);
	number = type_add(&x, IQ_GO_KIND_POINTER, 8);
	for (unsigned i = 0; i < 7; i++) {
		number = array_add(&x, number, 1, 8);
		number = struct_add(&x, number, FIELDS, 8);
	}
	assert_false(iq_go_type_model_lay(&x.model, number)->has_mask);
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beginnings_that_share_a_place_end),
		cmocka_unit_test(mask_of_what_overlaps_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
