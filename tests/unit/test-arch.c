/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>
#include <endian.h>
#include <sys/ucontext.h>

#include "formats/elf/arch.h"
#include "formats/source.h"

#define UCONTEXT 0x10000

/* Memory with a ucontext, whose words say where they stand. */
struct frame {
	uint8_t bytes[8192];
	struct iq_source source;
	struct iq_memory *memory;
};

static void put(struct frame *f, size_t at, uint64_t value)
{
	value = htole64(value);
	memcpy(f->bytes + at, &value, sizeof(value));
}

static void frame_open(struct frame *f, size_t size)
{
	struct iq_memory_range range = {
		.addr = UCONTEXT,
		.len = size,
		.source = &f->source,
		.state = IQ_MEMORY_PRESENT,
	};

	f->source = (struct iq_source){
		.data = f->bytes,
		.size = sizeof(f->bytes),
	};
	assert_null(iq_memory_create(&f->memory));
	assert_null(iq_memory_add(f->memory, &range));
	assert_null(iq_memory_finish(f->memory));
}

static const struct iq_arch *arch(const char *name)
{
	size_t num;
	const struct iq_arch *const *all = iq_archs(&num);

	for (size_t i = 0; i < num; i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	fail();
	return NULL;
}

static uint32_t reg(const struct iq_arch *a, const char *name)
{
	for (uint32_t i = 0; i < a->num_regs; i++) {
		if (strcmp(a->regs[i].name, name) == 0)
			return i;
	}
	fail_msg("%s has no %s", a->name, name);
	return 0;
}

static void every_row_is_whole(void **state iq_unused)
{
	size_t num;
	const struct iq_arch *const *all = iq_archs(&num);

	assert_true(num >= 2);
	for (size_t i = 0; i < num; i++) {
		const struct iq_arch *a = all[i];

		assert_ptr_equal(iq_arch_find(a->machine), a);
		assert_in_range(a->num_regs, 1, IQ_CORE_MAX_REGS);
		// The registers, and pr_fpvalid with its padding.
		assert_int_equal(a->prstatus_size,
				 a->regs_offset + a->num_regs * 8 + 8);
		assert_true(a->pc < a->num_regs && a->sp < a->num_regs &&
			    a->fp < a->num_regs && a->g < (int)a->num_regs &&
			    a->lr < (int)a->num_regs &&
			    a->tls < (int)a->num_regs);
		// One of both says where to return to, and where TLS is.
		assert_true((a->lr >= 0) != (a->call_push > 0));
		assert_true((a->tls >= 0) != (a->tls_note > 0));
		assert_true(a->tls_lo < a->tls_hi);
		assert_true(iq_arch_signal_has(a, a->pc));
		assert_true(iq_arch_signal_has(a, a->sp));
		assert_true(iq_arch_signal_has(a, (uint32_t)a->g));
		for (uint32_t r = 0; r < a->num_regs; r++) {
			assert_non_null(a->regs[r].name);
			assert_ptr_not_equal(a->regs[r].name, "");
			for (uint32_t s = 0; s < r; s++)
				assert_string_not_equal(a->regs[r].name,
							a->regs[s].name);
			assert_false(iq_arch_signal_has(a, r) &&
				     a->regs[r].signal_offset >=
					     a->signal.size);
		}
		assert_int_not_equal(iq_arch_dwarf_reg(a, a->dwarf_return),
				     IQ_ARCH_NONE);
		for (uint32_t d = 0; d < a->num_dwarf; d++)
			assert_true(a->dwarf[d] < (int)a->num_regs);
		assert_int_equal(iq_arch_dwarf_reg(a, a->num_dwarf),
				 IQ_ARCH_NONE);
		assert_int_equal(iq_arch_dwarf_reg(a, UINT64_MAX),
				 IQ_ARCH_NONE);
		assert_in_range(a->call_max, 1, 16);
		assert_true(a->pc_align > 0);
	}
	assert_null(iq_arch_find(EM_NONE));
}

static void dwarf_numbers_name_the_registers(void **state iq_unused)
{
	// System V ABI for AMD64, figure 3.36; DWARF for the Arm 64-bit
	// Architecture, 4.1.
	static const struct {
		const char *arch, *reg;
		unsigned number;
	} pairs[] = {
		{ "amd64", "rax", 0 },	    { "amd64", "rdx", 1 },
		{ "amd64", "rcx", 2 },	    { "amd64", "rbx", 3 },
		{ "amd64", "rsi", 4 },	    { "amd64", "rdi", 5 },
		{ "amd64", "rbp", 6 },	    { "amd64", "rsp", 7 },
		{ "amd64", "r8", 8 },	    { "amd64", "r15", 15 },
		{ "amd64", "rip", 16 },	    { "amd64", "eflags", 49 },
		{ "amd64", "es", 50 },	    { "amd64", "gs", 55 },
		{ "amd64", "fs_base", 58 }, { "amd64", "gs_base", 59 },
		{ "arm64", "x0", 0 },	    { "arm64", "x19", 19 },
		{ "arm64", "x29", 29 },	    { "arm64", "x30", 30 },
		{ "arm64", "sp", 31 },	    { "arm64", "pc", 32 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(pairs); i++) {
		const struct iq_arch *a = arch(pairs[i].arch);

		assert_int_equal(iq_arch_dwarf_reg(a, pairs[i].number),
				 reg(a, pairs[i].reg));
	}
	assert_int_equal(iq_arch_dwarf_reg(arch("amd64"), 17), IQ_ARCH_NONE);
}

static void
signal_registers_stand_in_the_order_of_the_notes(void **state iq_unused)
{
	static const struct {
		const char *arch, *reg;
		unsigned offset;
	} places[] = {
		{ "amd64", "r8", 40 },	 { "amd64", "r15", 96 },
		{ "amd64", "rdi", 104 }, { "amd64", "rsi", 112 },
		{ "amd64", "rbp", 120 }, { "amd64", "rbx", 128 },
		{ "amd64", "rdx", 136 }, { "amd64", "rax", 144 },
		{ "amd64", "rcx", 152 }, { "amd64", "rsp", 160 },
		{ "amd64", "rip", 168 }, { "amd64", "eflags", 176 },
		{ "arm64", "x0", 184 },	 { "arm64", "x28", 408 },
		{ "arm64", "x30", 424 }, { "arm64", "sp", 432 },
		{ "arm64", "pc", 440 },	 { "arm64", "pstate", 448 },
	};
	size_t num;
	const struct iq_arch *const *all = iq_archs(&num);

	for (size_t i = 0; i < num; i++) {
		uint64_t regs[IQ_CORE_MAX_REGS];
		struct frame f = { 0 };

		for (size_t at = 0; at < all[i]->signal.size; at += 8)
			put(&f, at, 0xabcd00 + at);
		if (all[i]->signal.fixed_mask)
			put(&f, all[i]->signal.fixed,
			    all[i]->signal.fixed_value);
		frame_open(&f, all[i]->signal.size);
		assert_true(
			iq_arch_signal_regs(all[i], f.memory, UCONTEXT, regs));
		for (size_t p = 0; p < IQ_ARRAY_SIZE(places); p++) {
			if (strcmp(places[p].arch, all[i]->name) == 0)
				assert_int_equal(
					regs[reg(all[i], places[p].reg)],
					0xabcd00 + places[p].offset);
		}
		for (uint32_t r = 0; r < all[i]->num_regs; r++) {
			if (!iq_arch_signal_has(all[i], r))
				assert_int_equal(regs[r], 0);
		}
		iq_memory_destroy(f.memory);
	}
}

/* What the C library says of the machine that this runs on. */
static void
signal_registers_are_where_the_system_has_them(void **state iq_unused)
{
#ifdef __x86_64__
	const struct iq_arch *a = arch("amd64");
	static const struct {
		const char *name;
		int index;
	} gregs[] = {
		{ "r8", REG_R8 },   { "r14", REG_R14 }, { "rdi", REG_RDI },
		{ "rbp", REG_RBP }, { "rbx", REG_RBX }, { "rax", REG_RAX },
		{ "rsp", REG_RSP }, { "rip", REG_RIP }, { "eflags", REG_EFL },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(gregs); i++)
		assert_int_equal(a->regs[reg(a, gregs[i].name)].signal_offset,
				 offsetof(ucontext_t, uc_mcontext.gregs) +
					 (size_t)gregs[i].index * 8);
#elif defined(__aarch64__)
	const struct iq_arch *a = arch("arm64");

	assert_int_equal(a->regs[reg(a, "x0")].signal_offset,
			 offsetof(ucontext_t, uc_mcontext.regs));
	assert_int_equal(a->regs[a->pc].signal_offset,
			 offsetof(ucontext_t, uc_mcontext.pc));
	assert_int_equal(a->regs[a->sp].signal_offset,
			 offsetof(ucontext_t, uc_mcontext.sp));
#else
	skip();
#endif
}

static void narrow_registers_are_read_in_their_size(void **state iq_unused)
{
	const struct iq_arch *a = arch("amd64");
	uint64_t regs[IQ_CORE_MAX_REGS];
	struct frame f = { 0 };

	// cs, gs, fs and ss share a word.
	put(&f, 184, 0x002b000200010033);
	frame_open(&f, a->signal.size);
	assert_true(iq_arch_signal_regs(a, f.memory, UCONTEXT, regs));
	assert_int_equal(regs[reg(a, "cs")], 0x33);
	assert_int_equal(regs[reg(a, "gs")], 1);
	assert_int_equal(regs[reg(a, "fs")], 2);
	assert_int_equal(regs[reg(a, "ss")], 0x2b);
	assert_false(iq_arch_signal_has(a, reg(a, "fs_base")));
	iq_memory_destroy(f.memory);
}

static void frame_that_is_none_gives_no_registers(void **state iq_unused)
{
	uint64_t regs[IQ_CORE_MAX_REGS] = { 7 };
	const struct iq_arch *a = arch("amd64");
	struct frame f = { 0 };

	// The selector of 32-bit code.
	put(&f, 184, 0x23);
	frame_open(&f, a->signal.size);
	assert_false(iq_arch_signal_regs(a, f.memory, UCONTEXT, regs));
	assert_false(iq_arch_signal_regs(a, f.memory, UCONTEXT + 8192, regs));
	assert_false(iq_arch_signal_regs(a, f.memory, UINT64_MAX - 8, regs));
	assert_int_equal(regs[0], 7);
	iq_memory_destroy(f.memory);
}

static void frame_that_is_cut_gives_no_registers(void **state iq_unused)
{
	uint64_t regs[IQ_CORE_MAX_REGS] = { 7 };
	const struct iq_arch *a = arch("arm64");
	struct frame f = { 0 };

	frame_open(&f, a->regs[a->pc].signal_offset);
	assert_false(iq_arch_signal_regs(a, f.memory, UCONTEXT, regs));
	assert_int_equal(regs[0], 7);
	iq_memory_destroy(f.memory);
}

static void calls_are_told_from_what_is_none(void **state iq_unused)
{
	static const struct {
		const char *arch;
		bool call;
		uint8_t len;
		uint8_t bytes[8];
	} codes[] = {
		// CALL rel32; CALL RAX; CALL R12; CALL [RDX]; CALL [RAX+RCX*8+8].
		{ "amd64", true, 5, { 0xe8, 1, 2, 3, 4 } },
		{ "amd64", true, 2, { 0xff, 0xd0 } },
		{ "amd64", true, 3, { 0x41, 0xff, 0xd4 } },
		{ "amd64", true, 2, { 0xff, 0x12 } },
		{ "amd64", true, 4, { 0xff, 0x54, 0xc8, 0x08 } },
		// JMP rel32; JMP RAX; PUSH [RAX]; RET; nothing.
		{ "amd64", false, 5, { 0xe9, 1, 2, 3, 4 } },
		{ "amd64", false, 2, { 0xff, 0xe0 } },
		{ "amd64", false, 2, { 0xff, 0x30 } },
		{ "amd64", false, 1, { 0xc3 } },
		{ "amd64", false, 0, { 0 } },
		// A call that is not known whole.
		{ "amd64", false, 4, { 1, 2, 3, 4 } },
		// BL +4; BL -4; BLR X1.
		{ "arm64", true, 4, { 0x01, 0x00, 0x00, 0x94 } },
		{ "arm64", true, 4, { 0xff, 0xff, 0xff, 0x97 } },
		{ "arm64", true, 4, { 0x20, 0x00, 0x3f, 0xd6 } },
		// B +4; BR X1; RET; NOP; half a BL.
		{ "arm64", false, 4, { 0x01, 0x00, 0x00, 0x14 } },
		{ "arm64", false, 4, { 0x20, 0x00, 0x1f, 0xd6 } },
		{ "arm64", false, 4, { 0xc0, 0x03, 0x5f, 0xd6 } },
		{ "arm64", false, 4, { 0x1f, 0x20, 0x03, 0xd5 } },
		{ "arm64", false, 2, { 0x00, 0x94 } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(codes); i++) {
		// In a block of its own: what stands before must not be read.
		uint8_t *code = malloc(codes[i].len + 1u);

		assert_non_null(code);
		memcpy(code, codes[i].bytes, codes[i].len);
		assert_int_equal(
			arch(codes[i].arch)
				->is_call(code + codes[i].len, codes[i].len),
			codes[i].call);
		free(code);
	}
}

static void direct_calls_lead_somewhere(void **state iq_unused)
{
	static const struct {
		const char *arch;
		uint64_t target; /* of a call at 0x401000; 0: none */
		uint8_t len;
		uint8_t bytes[8];
	} codes[] = {
		{ "amd64", 0x401005, 5, { 0xe8, 0, 0, 0, 0 } },
		{ "amd64", 0x401105, 5, { 0xe8, 0, 1, 0, 0 } },
		{ "amd64", 0x401004, 5, { 0xe8, 0xff, 0xff, 0xff, 0xff } },
		{ "amd64", 0, 4, { 0xe8, 0, 0, 0 } },
		{ "amd64", 0, 5, { 0xe9, 0, 0, 0, 0 } },
		{ "arm64", 0x401004, 4, { 0x01, 0x00, 0x00, 0x94 } },
		{ "arm64", 0x400ffc, 4, { 0xff, 0xff, 0xff, 0x97 } },
		{ "arm64", 0, 4, { 0x01, 0x00, 0x00, 0x14 } },
		{ "arm64", 0, 3, { 0x01, 0x00, 0x00 } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(codes); i++) {
		uint64_t target = 0;

		assert_int_equal(arch(codes[i].arch)
					 ->call_target(codes[i].bytes,
						       codes[i].len, 0x401000,
						       &target),
				 codes[i].target != 0);
		assert_int_equal(target, codes[i].target);
	}
}

static void code_names_places_by_their_distance(void **state iq_unused)
{
	static const struct {
		const char *arch;
		uint64_t addr; /* for code at 0x401010; 0: none */
		bool loads;
		uint8_t len;
		uint8_t bytes[8];
	} codes[] = {
		// LEA RAX, [RIP+0x10]; MOV R8, [RIP-7]; MOV EAX, [RIP]; MOV [RIP].
		{ "amd64", 0x401027, false, 7, { 0x48, 0x8d, 5, 0x10 } },
		{ "amd64",
		  0x401010,
		  true,
		  7,
		  { 0x4c, 0x8b, 5, 0xf9, 0xff, 0xff, 0xff } },
		{ "amd64", 0, false, 6, { 0x8b, 5 } },
		{ "amd64", 0, false, 7, { 0x48, 0x89, 5 } },
		{ "amd64", 0, false, 6, { 0x48, 0x8d, 5 } },
		// ADRP X27, +0x1000; ADD X0, X27, #0x20.
		{ "arm64",
		  0x402020,
		  false,
		  8,
		  { 0x1b, 0, 0, 0xb0, 0x60, 0x83, 0, 0x91 } },
		// ADRP X27, -0x1000; LDR X1, [X27, #8].
		{ "arm64",
		  0x400008,
		  true,
		  8,
		  { 0xfb, 0xff, 0xff, 0xf0, 0x61, 0x07, 0x40, 0xf9 } },
		// ADD to another register; half of it.
		{ "arm64",
		  0,
		  false,
		  8,
		  { 0x1b, 0, 0, 0xb0, 0, 0x80, 0, 0x91 } },
		{ "arm64", 0, false, 4, { 0x1b, 0, 0, 0xb0 } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(codes); i++) {
		struct iq_arch_place place = { 0 };

		assert_int_equal(arch(codes[i].arch)
					 ->names(codes[i].bytes, codes[i].len,
						 0x401010, &place),
				 codes[i].addr != 0);
		if (!codes[i].addr)
			continue;
		assert_int_equal(place.addr, codes[i].addr);
		assert_int_equal(place.loads, codes[i].loads);
	}
}

static void code_accesses_memory_at_a_register(void **state iq_unused)
{
	static const struct {
		const char *arch;
		const char *reg; /* NULL: none */
		int64_t offset;
		bool writes;
		uint8_t bytes[15];
	} codes[] = {
		// MOV RAX, [RCX]; MOV [RAX+8], RBX; MOV EDX, [R12-0x20].
		{ "amd64", "rcx", 0, false, { 0x48, 0x8b, 0x01 } },
		{ "amd64", "rax", 8, true, { 0x48, 0x89, 0x58, 0x08 } },
		{ "amd64",
		  "r12",
		  -32,
		  false,
		  { 0x41, 0x8b, 0x54, 0x24, 0xe0 } },
		// MOVUPS [RDI+0x100], X15; TEST [RAX], AL.
		{ "amd64",
		  "rdi",
		  256,
		  true,
		  { 0x44, 0x0f, 0x11, 0xbf, 0, 1, 0, 0 } },
		{ "amd64", "rax", 0, false, { 0x84, 0x00 } },
		// With an index; of a register alone; RIP-relative; RET.
		{ "amd64", NULL, 0, false, { 0x48, 0x8b, 0x04, 0xc8 } },
		{ "amd64", NULL, 0, false, { 0x48, 0x89, 0xc8 } },
		{ "amd64", NULL, 0, false, { 0x48, 0x8b, 0x05 } },
		{ "amd64", NULL, 0, false, { 0xc3 } },
		// LDR X0, [X1, #8]; STR X2, [X3]; LDUR X4, [X5, #-8].
		{ "arm64", "x1", 8, false, { 0x20, 0x04, 0x40, 0xf9 } },
		{ "arm64", "x3", 0, true, { 0x62, 0, 0, 0xf9 } },
		{ "arm64", "x5", -8, false, { 0xa4, 0x80, 0x5f, 0xf8 } },
		// LDP X0, X1, [X2, #16]; LDR X0, [SP]; NOP.
		{ "arm64", "x2", 16, false, { 0x40, 0x04, 0x41, 0xa9 } },
		{ "arm64", NULL, 0, false, { 0xe0, 0x03, 0x40, 0xf9 } },
		{ "arm64", NULL, 0, false, { 0x1f, 0x20, 0x03, 0xd5 } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(codes); i++) {
		const struct iq_arch *a = arch(codes[i].arch);
		struct iq_arch_access access;

		assert_int_equal(a->access(codes[i].bytes,
					   sizeof(codes[i].bytes), &access),
				 codes[i].reg != NULL);
		if (!codes[i].reg)
			continue;
		assert_string_equal(a->regs[access.reg].name, codes[i].reg);
		assert_int_equal(access.offset, codes[i].offset);
		assert_int_equal(access.writes, codes[i].writes);
		// However much of it is known.
		for (size_t len = 0; len < sizeof(codes[i].bytes); len++) {
			uint8_t *part = malloc(len + 1);

			assert_non_null(part);
			memcpy(part, codes[i].bytes, len);
			if (a->access(part, len, &access))
				assert_int_equal(access.offset,
						 codes[i].offset);
			free(part);
		}
	}
}

static void frame_ends_behind_the_vector_registers(void **state iq_unused)
{
	const struct iq_arch *a = arch("amd64");
	struct frame f = { 0 };
	uint64_t end = 0;

	// The area, with 0x46505853 and its size in it.
	put(&f, 224, UCONTEXT + 1024);
	put(&f, 1024 + 464, 0x46505853 | 836ull << 32);
	frame_open(&f, sizeof(f.bytes));
	assert_true(a->signal.saved_end(f.memory, UCONTEXT, &end));
	assert_int_equal(end, UCONTEXT + 1024 + 832);
	assert_false(a->signal.saved_end(f.memory, UCONTEXT + 8, &end));
	iq_memory_destroy(f.memory);

	a = arch("arm64");
	memset(&f, 0, sizeof(f));
	// FPSIMD, then EXTRA, which is elsewhere.
	put(&f, 464, 0x46508001 | 528ull << 32);
	frame_open(&f, sizeof(f.bytes));
	assert_false(a->signal.saved_end(f.memory, UCONTEXT, &end));
	put(&f, 464 + 528, 0x45585401 | 32ull << 32);
	put(&f, 464 + 536, UCONTEXT + 5000);
	put(&f, 464 + 544, 100);
	assert_true(a->signal.saved_end(f.memory, UCONTEXT, &end));
	assert_int_equal(end, UCONTEXT + 5100);
	// A record that is longer than all of them.
	put(&f, 464, 0x46508001 | 5000ull << 32);
	assert_false(a->signal.saved_end(f.memory, UCONTEXT, &end));
	iq_memory_destroy(f.memory);
}

/* Closures by Go 1.27: MOVQ 8(DX), AX; ...; the call is at the end. */
#define ARGUMENT(bytes, ret)                                                   \
	iq_arch_find(EM_X86_64)->argument((const uint8_t *)(bytes),            \
					  sizeof(bytes) - 1,                   \
					  sizeof(bytes) - 6, 0x1000, ret)

static void argument_of_a_call_is_traced_to_the_closure(void **state iq_unused)
{
	struct iq_arch_origin o;

	assert_true(ARGUMENT("\x48\x8b\x42\x08\xf0\x0f\xc1\x58\x18"
			     "\x48\x83\xc0\x18\xe8\0\0\0\0",
			     &o));
	assert_true(o.captured && o.loads);
	assert_int_equal(o.at, 8);
	assert_int_equal(o.offset, 0x18);
	// LEAQ 0x10(CX), AX
	assert_true(
		ARGUMENT("\x48\x8b\x4a\x10\x48\x8d\x41\x10\xe8\0\0\0\0", &o));
	assert_true(o.captured && o.loads);
	assert_int_equal(o.at, 16);
	assert_int_equal(o.offset, 16);
	// LEAQ 0x100(IP), AX
	assert_true(ARGUMENT("\x48\x8d\x05\0\1\0\0\xe8\0\0\0\0", &o));
	assert_false(o.captured || o.loads);
	assert_int_equal(o.at, 0x1107);
}

static void argument_that_is_not_plain_is_not_traced(void **state iq_unused)
{
	struct iq_arch_origin o;

	// A field of what was captured: MOVQ 0x10(AX), AX.
	assert_false(
		ARGUMENT("\x48\x8b\x42\x08\x48\x8b\x40\x10\xe8\0\0\0\0", &o));
	// A jump over the second of two loads.
	assert_false(ARGUMENT("\x48\x8b\x42\x08\x74\x04\x48\x8b\x42\x10"
			      "\xe8\0\0\0\0",
			      &o));
	// A call in between.
	assert_false(ARGUMENT("\x48\x8b\x42\x08\xe8\0\0\0\0\xe8\0\0\0\0", &o));
	// The context is another's: MOVQ CX, DX.
	assert_false(ARGUMENT("\x48\x89\xca\x48\x8b\x42\x08\xe8\0\0\0\0", &o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(dwarf_numbers_name_the_registers),
		cmocka_unit_test(
			signal_registers_stand_in_the_order_of_the_notes),
		cmocka_unit_test(
			signal_registers_are_where_the_system_has_them),
		cmocka_unit_test(narrow_registers_are_read_in_their_size),
		cmocka_unit_test(frame_that_is_none_gives_no_registers),
		cmocka_unit_test(frame_that_is_cut_gives_no_registers),
		cmocka_unit_test(calls_are_told_from_what_is_none),
		cmocka_unit_test(direct_calls_lead_somewhere),
		cmocka_unit_test(code_names_places_by_their_distance),
		cmocka_unit_test(code_accesses_memory_at_a_register),
		cmocka_unit_test(frame_ends_behind_the_vector_registers),
		cmocka_unit_test(argument_of_a_call_is_traced_to_the_closure),
		cmocka_unit_test(argument_that_is_not_plain_is_not_traced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
