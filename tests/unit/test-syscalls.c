/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>

#include "base/attr.h"
#include "formats/elf/syscalls.h"

static const uint16_t machines[] = { EM_X86_64, EM_AARCH64 };

static void tables_ascend_and_name_arguments_that_are(void **state iq_unused)
{
	for (size_t m = 0; m < IQ_ARRAY_SIZE(machines); m++) {
		size_t num;
		const struct iq_syscall *all =
			iq_syscalls_all(machines[m], &num);

		assert_true(num > 250);
		for (size_t i = 0; i < num; i++) {
			assert_true(i == 0 ||
				    all[i].number > all[i - 1].number);
			assert_true(all[i].num_args <= IQ_SYSCALL_ARGS);
			assert_true(all[i].fd < (int)all[i].num_args);
			assert_ptr_equal(
				iq_syscall_find(machines[m], all[i].number),
				&all[i]);
		}
	}
}

/* Go: src/syscall/zsysnum_linux_{amd64,arm64}.go. */
static void numbers_are_those_of_go(void **state iq_unused)
{
	assert_string_equal(iq_syscall_find(EM_X86_64, 0)->name, "read");
	assert_string_equal(iq_syscall_find(EM_X86_64, 202)->name, "futex");
	assert_string_equal(iq_syscall_find(EM_X86_64, 281)->name,
			    "epoll_pwait");
	assert_string_equal(iq_syscall_find(EM_X86_64, 288)->name, "accept4");
	assert_string_equal(iq_syscall_find(EM_AARCH64, 63)->name, "read");
	assert_string_equal(iq_syscall_find(EM_AARCH64, 98)->name, "futex");
	assert_string_equal(iq_syscall_find(EM_AARCH64, 242)->name, "accept4");
	assert_null(iq_syscall_find(EM_X86_64, 9999));
	assert_null(iq_syscall_find(EM_X86_64, UINT64_MAX));
	assert_null(iq_syscall_find(EM_386, 0));
	assert_null(iq_syscalls_of(EM_386));
}

static bool slots(uint16_t machine, const uint8_t *code, size_t len,
		  struct iq_syscall_slots *ret)
{
	memset(ret, 0, sizeof(*ret));
	return iq_syscalls_of(machine)->slots(code, len, ret);
}

/* Go 1.27's syscall.Syscall, behind its call of entersyscall. */
static const uint8_t go_amd64[] = {
	0x48, 0x8b, 0x44, 0x24, 0x60,			// MOVQ 0x60(SP), AX
	0x48, 0x8b, 0x5c, 0x24, 0x68,			// MOVQ 0x68(SP), BX
	0x48, 0x8b, 0x4c, 0x24, 0x70,			// MOVQ 0x70(SP), CX
	0x48, 0x8b, 0xbc, 0x24, 0x80, 0x00, 0x00, 0x00, // MOVQ 0x80(SP), DI
	0x31, 0xf6,					// XORL SI, SI
};

/* Go 1.18's: the call itself follows. */
static const uint8_t asm_amd64[] = {
	0x48, 0x8b, 0x7c, 0x24, 0x10, // MOVQ 0x10(SP), DI
	0x48, 0x8b, 0x74, 0x24, 0x18, // MOVQ 0x18(SP), SI
	0x48, 0x8b, 0x54, 0x24, 0x20, // MOVQ 0x20(SP), DX
	0x48, 0x8b, 0x44, 0x24, 0x08, // MOVQ 0x8(SP), AX
	0x0f, 0x05,		      // SYSCALL
};

static void code_of_amd64_says_where_arguments_are(void **state iq_unused)
{
	struct iq_syscall_slots s;

	assert_true(slots(EM_X86_64, go_amd64, sizeof(go_amd64), &s));
	assert_int_equal(s.number, 0x60);
	assert_int_equal(s.num_args, 3);
	assert_int_equal(s.args[0], 0x68);
	assert_int_equal(s.args[1], 0x70);
	assert_int_equal(s.args[2], 0x80);

	assert_true(slots(EM_X86_64, asm_amd64, sizeof(asm_amd64), &s));
	assert_int_equal(s.number, 0x08);
	assert_int_equal(s.num_args, 3);
	assert_int_equal(s.args[0], 0x10);
	assert_int_equal(s.args[2], 0x20);
}

static void code_that_loads_nothing_says_nothing(void **state iq_unused)
{
	static const uint8_t code[32] = { 0x31, 0xc0, 0x90, 0x0f, 0x05 };
	struct iq_syscall_slots s;

	assert_false(slots(EM_X86_64, code, sizeof(code), &s));
	for (size_t len = 0; len < 5; len++)
		assert_false(slots(EM_X86_64, go_amd64, len, &s));
	assert_false(slots(EM_AARCH64, code, sizeof(code), &s));
	assert_false(slots(EM_AARCH64, code, 0, &s));
}

static void code_of_arm64_says_where_arguments_are(void **state iq_unused)
{
	static const uint8_t go[] = {
		0xe0, 0x37, 0x40, 0xf9, // MOVD 104(RSP), R0
		0xe1, 0x3b, 0x40, 0xf9, // MOVD 112(RSP), R1
		0xe2, 0x8f, 0x47, 0xa9, // LDP 120(RSP), (R2, R3)
		0xe4, 0x03, 0x1f, 0xaa, // MOVD ZR, R4
		0xe1, 0xff, 0xff, 0x97, // BL
	};
	static const uint8_t kernel[] = {
		0xe0, 0x0f, 0x40, 0xf9, // MOVD 24(RSP), R0
		0xe8, 0x0b, 0x40, 0xf9, // MOVD 16(RSP), R8
		0x01, 0x00, 0x00, 0xd4, // SVC
	};
	struct iq_syscall_slots s;

	assert_true(slots(EM_AARCH64, go, sizeof(go), &s));
	assert_int_equal(s.number, 104);
	assert_int_equal(s.num_args, 3);
	assert_int_equal(s.args[0], 112);
	assert_int_equal(s.args[1], 120);
	assert_int_equal(s.args[2], 128);
	assert_true(slots(EM_AARCH64, kernel, sizeof(kernel), &s));
	assert_int_equal(s.number, 16);
	assert_int_equal(s.num_args, 1);
	assert_int_equal(s.args[0], 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_ascend_and_name_arguments_that_are),
		cmocka_unit_test(numbers_are_those_of_go),
		cmocka_unit_test(code_of_amd64_says_where_arguments_are),
		cmocka_unit_test(code_that_loads_nothing_says_nothing),
		cmocka_unit_test(code_of_arm64_says_where_arguments_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
