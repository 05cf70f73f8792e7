/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86-64. Linux: arch/x86/include/asm/user_64.h, struct user_regs_struct;
 * arch/x86/include/asm/sigframe.h, struct rt_sigframe;
 * arch/x86/include/uapi/asm/sigcontext.h. DWARF numbers and red zone: System V
 * ABI for AMD64, 3.2.2 and 3.6.2.
 */
#include <elf.h>
#include <endian.h>
#include <string.h>

#include "formats/elf/arch.h"
#include "formats/elf/arch_amd64.h"

#define NONE IQ_ARCH_NONE

enum {
	R15,
	R14,
	R13,
	R12,
	RBP,
	RBX,
	R11,
	R10,
	R9,
	R8,
	RAX,
	RCX,
	RDX,
	RSI,
	RDI,
	ORIG_RAX,
	RIP,
	CS,
	EFLAGS,
	RSP,
	SS,
	FS_BASE,
	GS_BASE,
	DS,
	ES,
	FS,
	GS,
	NUM_REGS,
};

#define BIT(reg) (UINT64_C(1) << (reg))

/* clang-format off */
static const struct iq_arch_reg regs[NUM_REGS] = {
	[R15] = { "r15", 96, 8 },
	[R14] = { "r14", 88, 8 },
	[R13] = { "r13", 80, 8 },
	[R12] = { "r12", 72, 8 },
	[RBP] = { "rbp", 120, 8 },
	[RBX] = { "rbx", 128, 8 },
	[R11] = { "r11", 64, 8 },
	[R10] = { "r10", 56, 8 },
	[R9] = { "r9", 48, 8 },
	[R8] = { "r8", 40, 8 },
	[RAX] = { "rax", 144, 8 },
	[RCX] = { "rcx", 152, 8 },
	[RDX] = { "rdx", 136, 8 },
	[RSI] = { "rsi", 112, 8 },
	[RDI] = { "rdi", 104, 8 },
	[ORIG_RAX] = { .name = "orig_rax" },
	[RIP] = { "rip", 168, 8 },
	[CS] = { "cs", 184, 2 },
	[EFLAGS] = { "eflags", 176, 8 },
	[RSP] = { "rsp", 160, 8 },
	[SS] = { "ss", 190, 2 },
	[FS_BASE] = { .name = "fs_base" },
	[GS_BASE] = { .name = "gs_base" },
	[DS] = { .name = "ds" },
	[ES] = { .name = "es" },
	[FS] = { "fs", 188, 2 },
	[GS] = { "gs", 186, 2 },
};

static const int8_t dwarf[] = {
	RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14,
	R15, RIP,
	// 17 to 48 are vectors and the like.
	NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
	NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
	NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
	EFLAGS, ES, CS, SS, DS, FS, GS, NONE, NONE, FS_BASE, GS_BASE,
};
/* clang-format on */

/* CALL rel32. */
#define CALL_DIRECT 0xe8
#define CALL_DIRECT_SIZE 5
/* The longest CALL r/m64: FF /2, SIB, displacement of 4 bytes; with a prefix 8,
 * but its last 7 bytes are a call, too. */
#define CALL_MAX 7

/* E8 rel32, or FF /2 with whatever operand. */
static bool is_call(const uint8_t *end, size_t len)
{
	if (len >= CALL_DIRECT_SIZE && end[-CALL_DIRECT_SIZE] == CALL_DIRECT)
		return true;
	for (size_t n = 2; n <= CALL_MAX && n <= len; n++) {
		const uint8_t *at = end - n;

		if (at[0] == 0xff && (at[1] & 0x38) == 0x10)
			return true;
	}
	return false;
}

static bool call_target(const uint8_t *code, size_t len, uint64_t pc,
			uint64_t *ret)
{
	uint32_t word;

	if (len < CALL_DIRECT_SIZE || code[0] != CALL_DIRECT)
		return false;
	memcpy(&word, code + 1, sizeof(word));
	*ret = pc + CALL_DIRECT_SIZE +
	       (uint64_t)(int64_t)(int32_t)le32toh(word);
	return true;
}

/* LEA or MOV of 8 bytes, relative to the next instruction. Intel SDM 2,
 * 2.2.1.6. */
#define RELATIVE_SIZE 7

static bool names(const uint8_t *code, size_t len, uint64_t pc,
		  struct iq_arch_place *ret)
{
	uint32_t word;

	if (len < RELATIVE_SIZE || (code[0] & 0xfb) != 0x48 ||
	    (code[1] != 0x8d && code[1] != 0x8b) || (code[2] & 0xc7) != 0x05)
		return false;
	memcpy(&word, code + 3, sizeof(word));
	ret->addr =
		pc + RELATIVE_SIZE + (uint64_t)(int64_t)(int32_t)le32toh(word);
	ret->loads = code[1] == 0x8b;
	return true;
}

/* Registers by the numbers that instructions have for them. */
static const uint8_t numbers[] = {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
	R8,  R9,  R10, R11, R12, R13, R14, R15,
};

/* Whether a ModRM byte follows. Intel SDM 2, appendix A. */
static bool has_modrm(uint8_t op)
{
	if (op < 0x40)
		return (op & 7) < 4;
	return op == 0x63 || op == 0x69 || op == 0x6b ||
	       (op >= 0x80 && op <= 0x8f) || op == 0xc0 || op == 0xc1 ||
	       op == 0xc6 || op == 0xc7 || (op >= 0xd0 && op <= 0xd3) ||
	       op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

static bool has_modrm_0f(uint8_t op)
{
	return op != 0x05 && op != 0x0b && op != 0x31 && op != 0xa2 &&
	       !(op >= 0x80 && op <= 0x8f) && !(op >= 0xc8 && op <= 0xcf);
}

/* Of moves alone: what reads and writes counts as neither. */
static bool is_store(uint8_t op, bool two_bytes)
{
	if (two_bytes)
		return op == 0x11 || op == 0x29 || op == 0x7f || op == 0xd6;
	return op == 0x88 || op == 0x89 || op == 0xc6 || op == 0xc7;
}

/* The ModRM byte at @code and what follows. Intel SDM 2, 2.1.5. */
static bool modrm(const uint8_t *code, size_t len, uint8_t rex,
		  struct iq_arch_access *ret)
{
	unsigned mod = code[0] >> 6;
	unsigned base = code[0] & 7;
	uint32_t wide;
	size_t at = 1;

	if (mod == 3 || (mod == 0 && base == 5))
		return false;
	if (base == 4) {
		// With an index nothing says which of the two was wrong.
		if (at >= len || ((code[at] >> 3 & 7) | (rex & 2) << 2) != 4)
			return false;
		base = code[at++] & 7;
		if (mod == 0 && base == 5)
			return false;
	}
	ret->offset = 0;
	if (mod == 1 && at < len) {
		ret->offset = (int8_t)code[at];
	} else if (mod == 2 && at + 4 <= len) {
		memcpy(&wide, code + at, sizeof(wide));
		ret->offset = (int32_t)le32toh(wide);
	} else if (mod) {
		return false;
	}
	ret->reg = numbers[base | (rex & 1u) << 3];
	return true;
}

static bool access(const uint8_t *code, size_t len, struct iq_arch_access *ret)
{
	bool two_bytes = false;
	uint8_t rex = 0;
	size_t at = 0;

	while (at < len && (code[at] == 0x66 || code[at] == 0xf0 ||
			    code[at] == 0xf2 || code[at] == 0xf3))
		at++;
	if (at < len && (code[at] & 0xf0) == 0x40)
		rex = code[at++];
	if (at < len && code[at] == 0x0f) {
		two_bytes = true;
		at++;
	}
	if (at + 1 >= len ||
	    !(two_bytes ? has_modrm_0f(code[at]) : has_modrm(code[at])))
		return false;
	ret->writes = is_store(code[at], two_bytes);
	return modrm(code + at + 1, len - at - 1, rex, ret);
}

/* Offsets from ucontext of the pointer to the vector registers, and there of
 * struct _fpx_sw_bytes, which says how many bytes they take. */
#define FPSTATE 224
#define FPX_MAGIC_AT 464
#define FPX_SIZE_AT 468
#define FPX_MAGIC 0x46505853

static bool saved_end(const struct iq_memory *memory, uint64_t ucontext,
		      uint64_t *ret)
{
	uint64_t area;
	uint32_t magic, size;

	if (!iq_memory_u64(memory, ucontext + FPSTATE, &area) ||
	    !iq_memory_u32(memory, area + FPX_MAGIC_AT, &magic) ||
	    magic != FPX_MAGIC ||
	    !iq_memory_u32(memory, area + FPX_SIZE_AT, &size))
		return false;
	*ret = area + (size & ~7u);
	return *ret > area;
}

const struct iq_arch iq_arch_amd64 = {
	.machine = EM_X86_64,
	.name = "amd64",
	.prstatus_size = 336,
	.regs_offset = 112,
	.regs = regs,
	.num_regs = NUM_REGS,
	.system_regs = BIT(ORIG_RAX) | BIT(CS) | BIT(SS) | BIT(FS_BASE) |
		       BIT(GS_BASE) | BIT(DS) | BIT(ES) | BIT(FS) | BIT(GS),
	.pc = RIP,
	.sp = RSP,
	.fp = RBP,
	.lr = NONE,
	// Go: src/cmd/compile/abi-internal.md, "amd64 architecture".
	.g = R14,
	// Static TLS lies below the base. Go: src/cmd/link/internal/ld/sym.go,
	// Tlsoffset, where no C library takes a part of it.
	.tls = FS_BASE,
	.tls_lo = -0x2000,
	.tls_hi = 0,
	.tls_g = -8,
	.signal = {
		.siginfo = 304,
		.size = 304 + 128,
		// cs is the selector of 64-bit user code.
		.fixed = 184,
		.fixed_mask = 0xffff,
		.fixed_value = 0x33,
		.saved_end = saved_end,
	},
	.dwarf = dwarf,
	.num_dwarf = IQ_ARRAY_SIZE(dwarf),
	.dwarf_return = 16,
	.call_push = 8,
	.fixed_frame = 0,
	.injected_frame = 0,
	.red_zone = 128,
	.pc_align = 1,
	.call_max = CALL_MAX,
	.is_call = is_call,
	.call_target = call_target,
	.names = names,
	.argument = iq_arch_amd64_argument,
	// RAX, RBX, RCX, RDI, RSI, R8; RDX.
	.arguments = { 0, 3, 1, 7, 6, 8 },
	.closure = 2,
	.step = iq_arch_amd64_step,
	.access = access,
};
