/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/syscalls.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

#include "base/attr.h"

#define NONE IQ_ARCH_NONE
#define IQ_SYSCALL(number, name, args, fd) { number, #name, args, fd },

static const struct iq_syscall calls_amd64[] = {
#include "formats/elf/syscalls_amd64.def"
};

static const struct iq_syscall calls_arm64[] = {
#include "formats/elf/syscalls_arm64.def"
};

#undef IQ_SYSCALL

/*
 * What a run of loads from the stack puts where: into the kernel's registers if
 * the call follows, else into those of Go's calling convention, in which the
 * number is the first of seven. Go: src/syscall/syscall_linux.go, Syscall6;
 * asm_linux_*.s in 1.18; src/cmd/compile/abi-internal.md.
 */
#define GO_ARGS (1 + IQ_SYSCALL_ARGS)

struct loads {
	/* By the number that instructions have for a register. */
	bool has[32];
	int32_t offset[32];
	bool calls_kernel;
};

static bool slots_of(const struct loads *loads, uint8_t number,
		     const uint8_t *args, const uint8_t *go,
		     struct iq_syscall_slots *ret)
{
	if (!loads->calls_kernel) {
		number = go[0];
		args = go + 1;
	}
	if (!loads->has[number])
		return false;
	ret->number = loads->offset[number];
	ret->num_args = 0;
	while (ret->num_args < IQ_SYSCALL_ARGS &&
	       loads->has[args[ret->num_args]]) {
		ret->args[ret->num_args] = loads->offset[args[ret->num_args]];
		ret->num_args++;
	}
	return true;
}

/* ---- amd64 */

enum { AX, CX, DX, BX, SP, BP, SI, DI, R8, R9, R10 };

/* MOV of 8 bytes from the stack: REX.W 8B /r, SIB of RSP alone, disp8 or disp32.
 * Its size, or 0. Intel SDM 2. */
static size_t load_amd64(const uint8_t *at, size_t len, unsigned *reg_ret,
			 int32_t *offset_ret)
{
	uint32_t word;

	if (len < 5 || (at[0] != 0x48 && at[0] != 0x4c) || at[1] != 0x8b ||
	    (at[2] & 7) != 4 || at[3] != 0x24)
		return 0;
	*reg_ret = (at[2] >> 3 & 7u) | (at[0] == 0x4c ? 8u : 0u);
	switch (at[2] >> 6) {
	case 0:
		*offset_ret = 0;
		return 4;
	case 1:
		*offset_ret = (int8_t)at[4];
		return 5;
	case 2:
		if (len < 8)
			return 0;
		memcpy(&word, at + 4, sizeof(word));
		*offset_ret = (int32_t)le32toh(word);
		return 8;
	default:
		return 0;
	}
}

static bool slots_amd64(const uint8_t *code, size_t len,
			struct iq_syscall_slots *ret)
{
	static const uint8_t kernel[] = { DI, SI, DX, R10, R8, R9 };
	static const uint8_t go[GO_ARGS] = { AX, BX, CX, DI, SI, R8, R9 };
	struct loads loads = { 0 };
	size_t at = 0, size;
	unsigned reg;
	int32_t offset;

	while ((size = load_amd64(code + at, len - at, &reg, &offset)) != 0) {
		loads.has[reg] = true;
		loads.offset[reg] = offset;
		at += size;
	}
	loads.calls_kernel =
		len - at >= 2 && code[at] == 0x0f && code[at + 1] == 0x05;
	return slots_of(&loads, AX, kernel, go, ret);
}

/* ---- arm64 */

/* Instructions between entersyscall and the call. */
#define ARM64_INSNS 20

/* LDR Xt, [SP, #imm] and LDP Xt, Xt2, [SP, #imm]; Arm ARM, C6.2. */
static void load_arm64(uint32_t insn, struct loads *loads)
{
	if ((insn & 0xffc003e0) == 0xf94003e0) {
		loads->has[insn & 31] = true;
		loads->offset[insn & 31] = (int32_t)(insn >> 10 & 0xfff) * 8;
	} else if ((insn & 0xffc003e0) == 0xa94003e0) {
		int32_t offset = (int32_t)(insn >> 15 & 0x7f);

		offset = (offset >= 64 ? offset - 128 : offset) * 8;
		loads->has[insn & 31] = true;
		loads->offset[insn & 31] = offset;
		loads->has[insn >> 10 & 31] = true;
		loads->offset[insn >> 10 & 31] = offset + 8;
	}
}

static bool slots_arm64(const uint8_t *code, size_t len,
			struct iq_syscall_slots *ret)
{
	static const uint8_t kernel[] = { 0, 1, 2, 3, 4, 5 };
	static const uint8_t go[GO_ARGS] = { 0, 1, 2, 3, 4, 5, 6 };
	struct loads loads = { 0 };
	uint32_t insn;

	for (size_t i = 0; i < ARM64_INSNS && len - 4 * i >= 4; i++) {
		memcpy(&insn, code + 4 * i, sizeof(insn));
		insn = le32toh(insn);
		loads.calls_kernel = insn == 0xd4000001;      // SVC #0
		if (loads.calls_kernel || insn >> 26 == 0x25) // BL
			return slots_of(&loads, 8, kernel, go, ret);
		load_arm64(insn, &loads);
	}
	return false;
}

/* ---- */

/*
 * Linux: arch/x86/entry/entry_64.S, the kernel keeps the number in orig_ax, -1 for
 * what is no system call; arch/arm64/kernel/signal.c, x0 is taken back and the
 * instruction is the next one if the call is made again.
 */
/* clang-format off */
static const struct iq_syscalls rows[] = {
	{
		.machine = EM_X86_64,
		.kept_number = 15, // orig_rax
		.knows_inside = true,
		.number = 10,
		.result = 10,
		.args = { 14, 13, 12, 7, 9, 8 },
		.insn = { 0x0f, 0x05 },
		.insn_size = 2,
		.slots = slots_amd64,
	},
	{
		.machine = EM_AARCH64,
		.kept_number = 8,
		.number = 8,
		.result = 0,
		.args = { 0, 1, 2, 3, 4, 5 },
		.result_is_arg = true,
		.insn = { 0x01, 0x00, 0x00, 0xd4 },
		.insn_size = 4,
		.slots = slots_arm64,
	},
};
/* clang-format on */

const struct iq_syscalls *iq_syscalls_of(uint16_t machine)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		if (rows[i].machine == machine)
			return &rows[i];
	}
	return NULL;
}

const struct iq_syscall *iq_syscalls_all(uint16_t machine, size_t *num_ret)
{
	*num_ret = 0;
	if (machine == EM_X86_64) {
		*num_ret = IQ_ARRAY_SIZE(calls_amd64);
		return calls_amd64;
	}
	if (machine == EM_AARCH64) {
		*num_ret = IQ_ARRAY_SIZE(calls_arm64);
		return calls_arm64;
	}
	return NULL;
}

const struct iq_syscall *iq_syscall_find(uint16_t machine, uint64_t number)
{
	size_t lo = 0, hi;
	const struct iq_syscall *all = iq_syscalls_all(machine, &hi);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (all[mid].number == number)
			return &all[mid];
		if (all[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
