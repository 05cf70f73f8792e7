/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/panic_value.h"
#include "formats/go/type.h"
#include "go-process.h"

#define INT_BITS(x) ((uint64_t)(x))

/* A type descriptor with this name in the heap; its address. */
static uint64_t type_make(struct go_process *p, const char *name, unsigned kind,
			  uint64_t size)
{
	const struct iq_go_layout *l = p->image.version->layout;
	const struct iq_go_constants *k = p->image.version->constants;
	uint64_t type = go_process_alloc(p, l->type_header_size);
	uint64_t text = go_process_alloc(p, strlen(name) + 3);

	// As the linker writes it: "*T", and a flag that there is a star.
	go_process_put(p, text + 1, strlen(name) + 1, 1);
	go_process_text(p, text + 2, "*");
	go_process_text(p, text + 3, name);
	go_process_field(p, type, l->type_size, size);
	go_process_field(p, type, l->type_kind, kind);
	go_process_field(p, type, l->type_tflag, (uint64_t)k->tflag_extra_star);
	go_process_field(p, type, l->type_str, text - GO_PROCESS_HEAP);
	return type;
}

/* An interface value of a type and eight bytes. */
static uint64_t value_make(struct go_process *p, uint64_t type, uint64_t value)
{
	uint64_t eface = go_process_alloc(p, 16);
	uint64_t data = go_process_alloc(p, 8);

	go_process_word(p, data, value);
	go_process_word(p, eface, type);
	go_process_word(p, eface + 8, data);
	return eface;
}

static uint64_t text_make(struct go_process *p, uint64_t type, const char *text)
{
	uint64_t bytes = go_process_alloc(p, strlen(text) + 1);
	uint64_t eface = go_process_alloc(p, 16);
	uint64_t data = go_process_alloc(p, 16);

	go_process_text(p, bytes, text);
	go_process_slice(p, data, bytes, strlen(text));
	go_process_word(p, eface, type);
	go_process_word(p, eface + 8, data);
	return eface;
}

static void assert_value(struct go_process *p, uint64_t eface,
			 const char *expected)
{
	struct iq_str text;
	const char *why;

	assert_null(iq_go_panic_value(&p->rt, eface, &text, &why));
	if (!iq_str_equal(text, iq_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(text), expected);
	assert_int_equal(why == NULL, *expected != '\0');
}

static void values_are_printed_as_the_runtime_does(void **state iq_unused)
{
	static const char *const versions[] = { "go1.18.10", "go1.22.12",
						"go1.26.8" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		bool is_short = i == 2;
		struct go_process p;
		uint64_t v[12];

		go_process_init(&p, versions[i]);
		v[0] = value_make(&p, type_make(&p, "int", IQ_GO_KIND_INT, 8),
				  INT_BITS(-42));
		v[1] = value_make(&p, type_make(&p, "int8", IQ_GO_KIND_INT8, 1),
				  0xff);
		v[2] = value_make(&p,
				  type_make(&p, "uint16", IQ_GO_KIND_UINT16, 2),
				  0xffff);
		v[3] = value_make(&p, type_make(&p, "bool", IQ_GO_KIND_BOOL, 1),
				  1);
		v[4] = value_make(
			&p, type_make(&p, "float64", IQ_GO_KIND_FLOAT64, 8),
			0x3ff8000000000000);
		v[5] = text_make(&p,
				 type_make(&p, "string", IQ_GO_KIND_STRING, 16),
				 "words\nand more");
		v[6] = text_make(
			&p, type_make(&p, "main.Name", IQ_GO_KIND_STRING, 16),
			"x");
		v[7] = value_make(
			&p, type_make(&p, "main.Code", IQ_GO_KIND_UINT8, 1), 9);
		v[8] = value_make(&p, 0, 0);
		v[9] = value_make(
			&p, type_make(&p, "complex64", IQ_GO_KIND_COMPLEX64, 8),
			0xc00000003fc00000);
		v[10] = value_make(
			&p, type_make(&p, "main.Temp", IQ_GO_KIND_FLOAT64, 8),
			0x40424ccccccccccd);
		v[11] = value_make(
			&p, type_make(&p, "float64", IQ_GO_KIND_FLOAT64, 8),
			0xc132d68700000000);
		go_process_open(&p);
		assert_value(&p, v[0], "-42");
		assert_value(&p, v[1], "-1");
		assert_value(&p, v[2], "65535");
		assert_value(&p, v[3], "true");
		assert_value(&p, v[4], is_short ? "1.5" : "+1.500000e+000");
		assert_value(&p, v[5], "words");
		assert_value(&p, v[6], "main.Name(\"x\")");
		assert_value(&p, v[7], "main.Code(9)");
		assert_value(&p, v[8], "nil");
		assert_value(&p, v[9],
			     is_short ? "(1.5-2i)" :
					"(+1.500000e+000-2.000000e+000i)");
		assert_value(&p, v[10],
			     is_short ? "main.Temp(36.6)" :
					"main.Temp(+3.660000e+001)");
		assert_value(&p, v[11],
			     is_short ? "-1.234567e+06" : "-1.234567e+006");
		go_process_close(&p);
	}
}

static void value_of_the_program_is_only_an_address(void **state iq_unused)
{
	struct go_process p;
	char expected[64];
	uint64_t v;

	go_process_init(&p, "go1.26.8");
	v = value_make(&p, type_make(&p, "main.Secret", 25, 8), 0x1234);
	go_process_open(&p);
	// Allocated right behind the interface value.
	snprintf(expected, sizeof(expected), "(main.Secret) 0x%llx",
		 (unsigned long long)v + 16);
	assert_value(&p, v, expected);
	go_process_close(&p);
}

static void errors_of_the_runtime_have_their_text(void **state iq_unused)
{
	struct go_process p;
	uint64_t v[2];

	go_process_init(&p, "go1.26.8");
	v[0] = text_make(
		&p, type_make(&p, "runtime.errorString", IQ_GO_KIND_STRING, 16),
		"integer divide by zero");
	v[1] = text_make(&p, type_make(&p, "*errors.errorString", 22, 8),
			 "no such thing");
	go_process_open(&p);
	assert_value(&p, v[0], "runtime error: integer divide by zero");
	assert_value(&p, v[1], "no such thing");
	go_process_close(&p);
}

static void what_cannot_be_read_is_unknown(void **state iq_unused)
{
	struct go_process p;
	uint64_t v[3];

	go_process_init(&p, "go1.26.8");
	v[0] = value_make(&p, 0x1000, 0);
	v[1] = go_process_alloc(&p, 16);
	go_process_word(&p, v[1],
			type_make(&p, "string", IQ_GO_KIND_STRING, 16));
	go_process_word(&p, v[1] + 8, UINT64_MAX - 3);
	v[2] = UINT64_MAX - 7;
	go_process_open(&p);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(v); i++)
		assert_value(&p, v[i], "");
	go_process_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_printed_as_the_runtime_does),
		cmocka_unit_test(value_of_the_program_is_only_an_address),
		cmocka_unit_test(errors_of_the_runtime_have_their_text),
		cmocka_unit_test(what_cannot_be_read_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
