/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AArch64. Linux: arch/arm64/include/uapi/asm/ptrace.h, struct user_pt_regs;
 * arch/arm64/kernel/signal.c, struct rt_sigframe;
 * arch/arm64/include/uapi/asm/sigcontext.h. DWARF numbers: DWARF for the Arm
 * 64-bit Architecture, 4.1.
 */
#include <elf.h>
#include <endian.h>
#include <string.h>

#include "formats/elf/arch.h"
#include "formats/elf/arch_arm64.h"

#define NONE IQ_ARCH_NONE

enum {
	X0 = 0,
	X28 = 28,
	X29,
	X30,
	SP,
	PC,
	PSTATE,
	NUM_REGS,
};

/* struct sigcontext stands at 176 of ucontext: fault_address, then these. */
#define REG(n) (184 + (n)*8)

/* clang-format off */
static const struct iq_arch_reg regs[NUM_REGS] = {
	{ "x0", REG(0), 8 }, { "x1", REG(1), 8 }, { "x2", REG(2), 8 },
	{ "x3", REG(3), 8 }, { "x4", REG(4), 8 }, { "x5", REG(5), 8 },
	{ "x6", REG(6), 8 }, { "x7", REG(7), 8 }, { "x8", REG(8), 8 },
	{ "x9", REG(9), 8 }, { "x10", REG(10), 8 }, { "x11", REG(11), 8 },
	{ "x12", REG(12), 8 }, { "x13", REG(13), 8 }, { "x14", REG(14), 8 },
	{ "x15", REG(15), 8 }, { "x16", REG(16), 8 }, { "x17", REG(17), 8 },
	{ "x18", REG(18), 8 }, { "x19", REG(19), 8 }, { "x20", REG(20), 8 },
	{ "x21", REG(21), 8 }, { "x22", REG(22), 8 }, { "x23", REG(23), 8 },
	{ "x24", REG(24), 8 }, { "x25", REG(25), 8 }, { "x26", REG(26), 8 },
	{ "x27", REG(27), 8 }, { "x28", REG(X28), 8 }, { "x29", REG(X29), 8 },
	{ "x30", REG(X30), 8 }, { "sp", REG(SP), 8 }, { "pc", REG(PC), 8 },
	{ "pstate", REG(PSTATE), 8 },
};

/* The numbers are those of the registers, up to pc. */
static const int8_t dwarf[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
	21, 22, 23, 24, 25, 26, 27, X28, X29, X30, SP, PC,
};
/* clang-format on */

#define INSTRUCTION_SIZE 4
/* BL, and its bits without the distance. */
#define BL 0x94000000
#define BL_MASK 0xfc000000
/* BLR, and its bits without the register. */
#define BLR 0xd63f0000
#define BLR_MASK 0xfffffc1f

static uint32_t instruction(const uint8_t *code)
{
	uint32_t word;

	memcpy(&word, code, sizeof(word));
	return le32toh(word);
}

static bool is_call(const uint8_t *end, size_t len)
{
	uint32_t word;

	if (len < INSTRUCTION_SIZE)
		return false;
	word = instruction(end - INSTRUCTION_SIZE);
	return (word & BL_MASK) == BL || (word & BLR_MASK) == BLR;
}

static bool call_target(const uint8_t *code, size_t len, uint64_t pc,
			uint64_t *ret)
{
	uint32_t word;

	if (len < INSTRUCTION_SIZE)
		return false;
	word = instruction(code);
	if ((word & BL_MASK) != BL)
		return false;
	// The low 26 bits are signed and count instructions.
	*ret = pc + (uint64_t)((int64_t)((uint64_t)word << 38) >> 36);
	return true;
}

/* ADRP, the address of a page, and what adds the rest: ADD of a number, or LDR
 * of 8 bytes. */
#define ADRP 0x90000000
#define ADRP_MASK 0x9f000000
#define PAGE_MASK 0xfffull
#define ADD 0x91000000
#define LDR 0xf9400000
#define IMM12_MASK 0xffc00000

static bool names(const uint8_t *code, size_t len, uint64_t pc,
		  struct iq_arch_place *ret)
{
	uint32_t page, rest;
	uint64_t distance;

	if (len < 2 * INSTRUCTION_SIZE)
		return false;
	page = instruction(code);
	rest = instruction(code + INSTRUCTION_SIZE);
	// The second must add to the register that the first has set.
	if ((page & ADRP_MASK) != ADRP || (page & 31) != ((rest >> 5) & 31))
		return false;
	if ((rest & IMM12_MASK) != ADD && (rest & IMM12_MASK) != LDR)
		return false;
	ret->loads = (rest & IMM12_MASK) == LDR;
	// 21 bits, signed, of which the lower two stand apart.
	distance = (uint64_t)(page >> 5 & 0x7ffff) << 2 | (page >> 29 & 3);
	distance = (uint64_t)((int64_t)(distance << 43) >> 31);
	ret->addr = (pc & ~PAGE_MASK) + distance +
		    ((uint64_t)(rest >> 10 & 0xfff) << (ret->loads ? 3 : 0));
	return true;
}

/* Undecided: no code is looked through for it. */
static bool argument(const uint8_t *code iq_unused, size_t len iq_unused,
		     size_t call iq_unused, uint64_t pc iq_unused,
		     struct iq_arch_origin *ret iq_unused)
{
	return false;
}

/* Loads and stores of one register or a pair, at a base and a constant.
 * Arm ARM, C4.1.94. */
static bool access(const uint8_t *code, size_t len, struct iq_arch_access *ret)
{
	uint32_t word;
	unsigned scale;

	if (len < INSTRUCTION_SIZE)
		return false;
	word = instruction(code);
	scale = word >> 30;
	// 128 bits of a vector register.
	if (word & 1u << 26 && word & 1u << 23)
		scale = 4;
	if ((word & 0x3b000000) == 0x39000000) {
		ret->offset = (int64_t)(word >> 10 & 0xfff) << scale;
		ret->writes = !(word >> 22 & 1) && scale < 4;
	} else if ((word & 0x3b200c00) == 0x38000000) {
		ret->offset = (int32_t)(word << 11) >> 23;
		ret->writes = !(word >> 22 & 3);
	} else if ((word & 0x3f800000) == 0x29000000) {
		// A pair; the top bit is the size.
		ret->offset =
			((int32_t)(word << 10) >> 25) * (word >> 31 ? 8 : 4);
		ret->writes = !(word >> 22 & 1);
	} else {
		return false;
	}
	if ((word >> 5 & 31) == 31)
		return false;
	ret->reg = word >> 5 & 31;
	return true;
}

/* Records of vector registers and the like, {magic, size, ...}, which end the
 * frame; what has no room there is said by one of them to be elsewhere. */
#define RECORDS 464
#define RECORDS_SIZE 4096
#define RECORDS_MAX 32
#define EXTRA_MAGIC 0x45585401
#define EXTRA_ADDR_AT 8
#define EXTRA_SIZE_AT 16

static bool saved_end(const struct iq_memory *memory, uint64_t ucontext,
		      uint64_t *ret)
{
	uint64_t at = ucontext + RECORDS;
	uint64_t left = RECORDS_SIZE;
	uint64_t addr;
	uint32_t magic, size;

	for (unsigned i = 0; i < RECORDS_MAX; i++) {
		if (!iq_memory_u32(memory, at, &magic) || !magic ||
		    !iq_memory_u32(memory, at + 4, &size) || size < 8 ||
		    size > left)
			return false;
		if (magic == EXTRA_MAGIC)
			break;
		at += size;
		left -= size;
	}
	if (magic != EXTRA_MAGIC ||
	    !iq_memory_u64(memory, at + EXTRA_ADDR_AT, &addr) ||
	    !iq_memory_u32(memory, at + EXTRA_SIZE_AT, &size))
		return false;
	*ret = addr + size;
	return *ret > addr;
}

const struct iq_arch iq_arch_arm64 = {
	.machine = EM_AARCH64,
	.name = "arm64",
	.prstatus_size = 392,
	.regs_offset = 112,
	.regs = regs,
	.num_regs = NUM_REGS,
	.pc = PC,
	.sp = SP,
	.fp = X29,
	.lr = X30,
	// Go: src/cmd/compile/abi-internal.md, "arm64 architecture".
	.g = X28,
	// Static TLS lies above the base; the runtime keeps g there only in
	// programs with C. Go: src/runtime/tls_arm64.s.
	.tls = NONE,
	.tls_note = NT_ARM_TLS,
	.tls_lo = 0,
	.tls_hi = 0x2000,
	.tls_g = 0,
	.signal = {
		.siginfo = -128,
		.size = RECORDS + RECORDS_SIZE,
		.saved_end = saved_end,
	},
	.dwarf = dwarf,
	.num_dwarf = IQ_ARRAY_SIZE(dwarf),
	.dwarf_return = X30,
	.call_push = 0,
	.fixed_frame = 8,
	// Go: src/runtime/signal_arm64.go, preparePanic and pushCall.
	.injected_frame = 16,
	.red_zone = 0,
	.pc_align = INSTRUCTION_SIZE,
	.call_max = INSTRUCTION_SIZE,
	.is_call = is_call,
	.call_target = call_target,
	.names = names,
	.argument = argument,
	.arguments = { 0, 1, 2, 3, 4, 5 },
	.closure = 26,
	.step = iq_arch_arm64_step,
	.access = access,
};
