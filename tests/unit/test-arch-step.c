/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include "formats/elf/arch.h"

#define PC 0x1000

/* One instruction of @machine; false if it is none. */
static bool step(uint16_t machine, const char *code, size_t len,
		 struct iq_arch_step *ret)
{
	return iq_arch_find(machine)->step((const uint8_t *)code, len, PC, ret);
}

#define AMD64(code, ret) step(EM_X86_64, code, sizeof(code) - 1, ret)
#define ARM64(code, ret) step(EM_AARCH64, code, sizeof(code) - 1, ret)

static void lengths_are_those_of_the_encoding(void **state iq_unused)
{
	// As objdump has them: prefixes, REX, SIB, VEX, EVEX, immediates.
	static const struct {
		const char *code;
		uint8_t len;
	} list[] = {
		{ "\x55", 1 },
		{ "\x0f\x1f\x44\x00\x00", 5 },
		{ "\x66\x0f\x1f\x44\x00\x00", 6 },
		{ "\x48\xc7\x44\x24\x10\x00\x00\x00\x00", 9 },
		{ "\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08", 10 },
		{ "\x66\xc7\x04\x24\x01\x02", 6 },
		{ "\xf0\x48\x0f\xb1\x11", 5 },
		{ "\x80\x3d\xcf\x57\x12\x00\x00", 7 },
		{ "\xc5\xf8\x77", 3 },
		{ "\xc4\xe3\x7d\x39\xc1\x01", 6 },
		{ "\x62\xf1\x7c\x48\x10\x07", 6 },
		{ "\xf6\x00\x01", 3 },
		{ "\xf7\xd8", 2 },
		{ "\x42\x8b\x04\x85\x00\x00\x00\x00", 8 },
		{ "\x66\x0f\x3a\x0f\xc1\x08", 6 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(list); i++) {
		struct iq_arch_step s;

		assert_true(step(EM_X86_64, list[i].code, list[i].len, &s));
		assert_int_equal(s.len, list[i].len);
		// A byte less, and nobody knows what it is.
		assert_false(
			step(EM_X86_64, list[i].code, list[i].len - 1u, &s));
	}
}

static void jumps_lead_to_their_targets(void **state iq_unused)
{
	struct iq_arch_step s;

	assert_true(AMD64("\x76\x3d", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_BRANCH);
	assert_int_equal(s.target, PC + 2 + 0x3d);
	assert_true(AMD64("\xeb\xb6", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_JUMP);
	assert_int_equal(s.target, PC + 2 - 0x4a);
	assert_true(AMD64("\x0f\x84\x00\x01\x00\x00", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_BRANCH);
	assert_int_equal(s.target, PC + 6 + 0x100);
	// B, B.NE, CBZ, TBNZ.
	assert_true(ARM64("\xff\xff\xff\x17", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_JUMP);
	assert_int_equal(s.target, PC - 4);
	assert_true(ARM64("\x41\x00\x00\x54", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_BRANCH);
	assert_int_equal(s.target, PC + 8);
	assert_true(ARM64("\xe0\xff\xff\xb4", &s));
	assert_int_equal(s.target, PC - 4);
	assert_true(ARM64("\x40\x00\x00\x37", &s));
	assert_int_equal(s.target, PC + 8);
}

static void ends_are_told_from_calls(void **state iq_unused)
{
	struct iq_arch_step s;

	assert_true(AMD64("\xc3", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_RETURN);
	assert_true(AMD64("\x0f\x0b", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_TRAP);
	assert_true(AMD64("\xff\xe0", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_STRAY);
	assert_true(AMD64("\xff\xd0", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_ON);
	assert_true(AMD64("\xe8\0\0\0\0", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_ON);
	assert_true(ARM64("\xc0\x03\x5f\xd6", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_RETURN);
	assert_true(ARM64("\x00\x00\x1f\xd6", &s));
	assert_int_equal(s.kind, IQ_ARCH_STEP_STRAY);
}

static void moves_say_from_where_to_where(void **state iq_unused)
{
	struct iq_arch_step s;

	// MOVQ 0x20(SP), AX; MOVQ AX, 0x20(SP); MOVQ 0x8(DX), AX.
	assert_true(AMD64("\x48\x8b\x44\x24\x20", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_LOAD);
	assert_int_equal(s.reg, 0);
	assert_int_equal(s.value, 0x20);
	assert_true(AMD64("\x48\x89\x44\x24\x20", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_STORE);
	assert_true(AMD64("\x48\x8b\x42\x08", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_FIELD);
	assert_int_equal(s.base, iq_arch_find(EM_X86_64)->closure);
	assert_int_equal(s.value, 8);
	// MOVQ CX, AX; MOVL $2, SI; XORL SI, SI; LEAQ 0x18(SP), BX.
	assert_true(AMD64("\x48\x89\xc8", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_COPY);
	assert_int_equal(s.base, 1);
	assert_true(AMD64("\xbe\x02\0\0\0", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_NUMBER);
	assert_int_equal(s.reg, iq_arch_find(EM_X86_64)->arguments[4]);
	assert_int_equal(s.value, 2);
	assert_true(AMD64("\x31\xf6", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_NUMBER);
	assert_int_equal(s.value, 0);
	assert_true(AMD64("\x48\x8d\x5c\x24\x18", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_OTHER);
	assert_int_equal(s.reg, 3);
	// LDR X0, [SP, #16]; STR X1, [SP, #8]; LDR X0, [X26, #8]; MOV X2, X3.
	assert_true(ARM64("\xe0\x0b\x40\xf9", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_LOAD);
	assert_int_equal(s.value, 16);
	assert_true(ARM64("\xe1\x07\x00\xf9", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_STORE);
	assert_int_equal(s.reg, 1);
	assert_true(ARM64("\x40\x07\x40\xf9", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_FIELD);
	assert_int_equal(s.base, 26);
	assert_true(ARM64("\xe2\x03\x03\xaa", &s));
	assert_int_equal(s.move, IQ_ARCH_MOVE_COPY);
	assert_int_equal(s.base, 3);
}

static void prefixes_without_end_are_no_instruction(void **state iq_unused)
{
	struct iq_arch_step s;
	char code[300];

	memset(code, 0x66, sizeof(code));
	code[14] = code[255] = '\x90';
	assert_true(step(EM_X86_64, code, sizeof(code), &s));
	assert_int_equal(s.len, 15);
	assert_false(step(EM_X86_64, code + 15, sizeof(code) - 15, &s));
	assert_false(step(EM_X86_64, code + 239, 17, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_those_of_the_encoding),
		cmocka_unit_test(jumps_lead_to_their_targets),
		cmocka_unit_test(ends_are_told_from_calls),
		cmocka_unit_test(moves_say_from_where_to_where),
		cmocka_unit_test(prefixes_without_end_are_no_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
