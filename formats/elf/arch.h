/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that reading a core has to know about the machine: where registers stand
 * in thread notes and signal frames, which of them are what, how calls look and
 * where they leave the return address, where Go keeps g. Mostly data; nobody
 * else asks what machine it is.
 *
 * Adding one is a file arch_<name>.c with one const struct iq_arch iq_arch_<name>,
 * a row in archs.def, and the rows that tools/go_layouts makes for it. What the
 * file says comes from the kernel's struct elf_prstatus, user_regs_struct and
 * rt_sigframe, the psABI's DWARF numbers, and Go's src/runtime/asm_<name>.s and
 * signal_<name>.go. No function is left out; one that returns false costs what it
 * would have told: where a signal frame ends, what code names and accesses.
 * What that would be elsewhere:
 *
 *   riscv64  The form here is enough. 32 registers (pc ra sp gp tp ...), lr = ra,
 *            g = x27, the TLS base is the register tp; JAL and JALR link; the
 *            signal handler pushes 16 bytes; siginfo stands before ucontext.
 *   ppc64le  The form here is enough. 48 registers, lr = link, g = r30, the TLS
 *            base is r13; BL, BCTRL and BLRL link; fixed_frame is 32; DWARF's
 *            return column is 65.
 *   s390x    Needs more than a file: all words of core, notes and runtime are
 *            big-endian, and iq_memory_u64() and its like read little-endian.
 *   386      Needs more than a file: words of 4 bytes in ELF headers, notes and
 *            the runtime's structs. formats/elf reads ELF64 alone, and formats/go
 *            takes a word for 8 bytes (slices, stack slots, spans).
 */
#ifndef IQ_ELF_ARCH_H
#define IQ_ELF_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "formats/memory.h"

/* The most that an architecture has; ppc64le. */
#define IQ_CORE_MAX_REGS 48

/* No such register, place or note. */
#define IQ_ARCH_NONE (-1)

/* A register as a note or a frame has it. */
struct iq_arch_reg {
	const char *name; /* as the architecture's manuals write it */
	/* Bytes from ucontext on; 0: signal frames do not have it. */
	uint16_t signal_offset;
	uint8_t signal_size; /* in bytes; 0: 8 */
};

/* The frame that the kernel makes for a signal handler, with SA_SIGINFO. */
struct iq_arch_signal {
	/* Bytes from ucontext on, negative if it stands before. */
	int32_t siginfo;
	/* Bytes that ucontext and siginfo take, from ucontext on. */
	uint32_t size;
	/* A field of 8 bytes that has one value in every process; mask 0: there
	 * is none. */
	uint32_t fixed;
	uint64_t fixed_mask, fixed_value;
	/* Where what the kernel saved above that ends, as vector registers;
	 * false if there is nothing. */
	bool (*saved_end)(const struct iq_memory *memory, uint64_t ucontext,
			  uint64_t *ret);
};

/* A place in memory that an instruction names. */
struct iq_arch_place {
	uint64_t addr;
	/* It takes what is there, of 8 bytes; else the address itself. */
	bool loads;
};

/* What an instruction does to memory, at a register and a constant. */
struct iq_arch_access {
	uint32_t reg; /* index into regs */
	int64_t offset;
	/* Writes alone; what does both, or reads, does not. */
	bool writes;
};

/* What an address is computed of that code of a closure passes on. */
struct iq_arch_origin {
	/* A word of the closure, at @at from its start; else what is at the
	 * address @at. */
	bool captured;
	/* It is what is there; else @at itself. */
	bool loads;
	uint64_t at;
	int64_t offset; /* added to it */
};

enum iq_arch_step_kind {
	IQ_ARCH_STEP_ON,     /* the next one follows; calls, too */
	IQ_ARCH_STEP_BRANCH, /* or the one at the target */
	IQ_ARCH_STEP_JUMP,   /* the one at the target */
	IQ_ARCH_STEP_RETURN,
	IQ_ARCH_STEP_TRAP,  /* no other follows */
	IQ_ARCH_STEP_STRAY, /* where it leads is not in the code */
};

enum iq_arch_move {
	IQ_ARCH_MOVE_NONE,
	IQ_ARCH_MOVE_LOAD,   /* a word of the frame to a register */
	IQ_ARCH_MOVE_STORE,  /* a register to a word of the frame */
	IQ_ARCH_MOVE_FIELD,  /* a word in memory to a register */
	IQ_ARCH_MOVE_COPY,   /* a register to another */
	IQ_ARCH_MOVE_NUMBER, /* a number to a register */
	IQ_ARCH_MOVE_OTHER,  /* something else to a register */
};

/* One instruction, as far as the order of calls and what is passed to them
 * depend on it. */
struct iq_arch_step {
	enum iq_arch_step_kind kind;
	uint8_t len;
	uint64_t target; /* of BRANCH and JUMP */
	enum iq_arch_move move;
	uint8_t reg;   /* the machine's number of the register */
	uint8_t base;  /* the other register, or that with the address */
	int64_t value; /* distance from sp or base, or the number */
};

#define IQ_ARCH_NO_REG UINT8_MAX
/* Of Go's registers for arguments those that are told. */
#define IQ_ARCH_ARGUMENTS 6

struct iq_arch {
	uint16_t machine; /* EM_... */
	const char *name; /* Go's: "amd64" */

	/* NT_PRSTATUS, in bytes: its size and where the registers begin. */
	uint32_t prstatus_size;
	uint32_t regs_offset;
	/* Its registers, of 8 bytes each, in its order. */
	const struct iq_arch_reg *regs;
	uint32_t num_regs;

	/* A bit for each that is a segment or the kernel's own note. */
	uint64_t system_regs;

	/* Which of them is what. */
	uint8_t pc, sp;
	uint8_t fp; /* frame pointer of Go code */
	int8_t lr;  /* link register; IQ_ARCH_NONE: calls push */
	int8_t g;   /* holds g while in Go code */
	int8_t tls; /* base of thread-local memory, or IQ_ARCH_NONE ... */
	/* ... where a note of its own has it, of owner "LINUX"; 0: none. */
	uint32_t tls_note;
	/* Where g can stand, in bytes from that base: [lo, hi). In programs
	 * without C it is at tls_g, if that is not 0. */
	int32_t tls_lo, tls_hi;
	int32_t tls_g;

	struct iq_arch_signal signal;

	/* Register of each DWARF number, IQ_ARCH_NONE where NT_PRSTATUS has
	 * none; and the number under which CFI says the return address. */
	const int8_t *dwarf;
	uint32_t num_dwarf;
	uint32_t dwarf_return;

	/* Bytes that a call pushes below the caller's frame. */
	uint8_t call_push;
	/* Bytes at the lower end of each frame that the callee's arguments come
	 * after. Go: src/internal/runtime/sys, MinFrameSize. */
	uint8_t fixed_frame;
	/* Bytes that a fake call by a signal handler leaves beside the frame of
	 * the function that it makes run: the link register. */
	uint8_t injected_frame;
	/* Bytes below sp that C functions use without moving it. */
	uint8_t red_zone;
	/* Instructions begin at multiples of it. */
	uint8_t pc_align;
	/* The longest call. */
	uint8_t call_max;
	/* Whether a call ends at @end, before which @len bytes are known. */
	bool (*is_call)(const uint8_t *end, size_t len);
	/* Where the direct call leads that stands at @pc, of whose bytes @len
	 * are at @code; false if there is none. */
	bool (*call_target)(const uint8_t *code, size_t len, uint64_t pc,
			    uint64_t *ret);
	/* What the code at @pc names by its distance from there, as above. */
	bool (*names)(const uint8_t *code, size_t len, uint64_t pc,
		      struct iq_arch_place *ret);
	/* Of what the first argument of the call at code[@call] is computed, in
	 * the function that begins at @code, which is at @pc, and has @len
	 * bytes; false if it is not plain. */
	bool (*argument)(const uint8_t *code, size_t len, size_t call,
			 uint64_t pc, struct iq_arch_origin *ret);
	/* The numbers that step() has for the registers of arguments, in the
	 * order of Go's ABI, and for that of a closure. */
	uint8_t arguments[IQ_ARCH_ARGUMENTS];
	uint8_t closure;
	/* The instruction at @code, which stands at @pc; false if it is none
	 * that compilers use, or its end is not there. */
	bool (*step)(const uint8_t *code, size_t len, uint64_t pc,
		     struct iq_arch_step *ret);
	/* What the instruction at @code accesses; false if it is none of those
	 * that compilers use, or if more than a register says where. */
	bool (*access)(const uint8_t *code, size_t len,
		       struct iq_arch_access *ret);
};

/* All of them, in the order of archs.def. */
const struct iq_arch *const *iq_archs(size_t *num_ret);
/* NULL if there is no row for @machine. */
const struct iq_arch *iq_arch_find(uint16_t machine);

/* Index into regs of DWARF's @number, or IQ_ARCH_NONE. */
int iq_arch_dwarf_reg(const struct iq_arch *arch, uint64_t number);

/* Whether signal frames have register @reg. */
bool iq_arch_signal_has(const struct iq_arch *arch, uint32_t reg);
/*
 * All registers of the signal frame whose ucontext is at @ucontext, in the
 * order of NT_PRSTATUS; those that it does not have are 0: ask
 * iq_arch_signal_has(). False, and @regs untouched, if it cannot be read or
 * what is fixed in it is not there.
 */
bool iq_arch_signal_regs(const struct iq_arch *arch,
			 const struct iq_memory *memory, uint64_t ucontext,
			 uint64_t regs[IQ_CORE_MAX_REGS]) iq_must_check;

#endif
