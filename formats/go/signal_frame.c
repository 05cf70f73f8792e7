/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/signal_frame.h"

#include <elf.h>

/*
 * Offsets from struct ucontext. uc_flags, uc_link, uc_stack {ss_sp, ss_flags,
 * ss_size} come first on both.
 * Linux: arch/x86/include/asm/sigframe.h, struct rt_sigframe;
 * arch/x86/include/uapi/asm/sigcontext.h; arch/arm64/kernel/signal.c.
 */
struct shape {
	uint16_t machine;
	int64_t pc, sp, lr;
	int64_t siginfo;
	/* Bytes of ucontext and siginfo from ucontext on. */
	uint64_t size;
	/* A field that has one value in every process; 0: none. */
	int64_t fixed;
	uint64_t fixed_value, fixed_mask;
};

/* clang-format off */
static const struct shape shapes[] = {
	// cs is the selector of 64-bit user code.
	{
		.machine = EM_X86_64,
		.pc = 168,
		.sp = 160,
		.siginfo = 304,
		.size = 304 + 128,
		.fixed = 184,
		.fixed_value = 0x33,
		.fixed_mask = 0xffff,
	},
	{
		.machine = EM_AARCH64,
		.pc = 440,
		.sp = 432,
		.lr = 424,
		.siginfo = -128,
		.size = 456,
	},
};
/* clang-format on */

#define UC_LINK 8
#define UC_STACK_SP 16
#define UC_STACK_SIZE 32

/* si_signo, si_code, and what follows, of siginfo on 64-bit Linux. */
#define SI_CODE 8
#define SI_PID 16
#define SI_ADDR 16
#define NSIG 64

/* Words of a signal stack that are looked through; the runtime's has 4096. */
#define SCAN_MAX (1u << 20)

static const struct shape *shape_of(const struct iq_core *core)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(shapes); i++) {
		if (shapes[i].machine == core->machine)
			return &shapes[i];
	}
	return NULL;
}

bool iq_go_on_signal_stack(const struct iq_go_m *m, uint64_t sp)
{
	return m->gsignal_hi && sp >= m->gsignal_lo && sp < m->gsignal_hi;
}

static bool frame_read(const struct iq_memory *mem, const struct shape *shape,
		       uint64_t uc, struct iq_go_signal_frame *ret)
{
	struct iq_go_signal_frame f = { 0 };
	uint64_t info = uc + (uint64_t)shape->siginfo;
	uint64_t fixed;
	uint32_t signo, code, pid;

	if (shape->fixed &&
	    (!iq_memory_u64(mem, uc + (uint64_t)shape->fixed, &fixed) ||
	     (fixed & shape->fixed_mask) != shape->fixed_value))
		return false;
	if (!iq_memory_u64(mem, uc + (uint64_t)shape->pc, &f.pc) ||
	    !iq_memory_u64(mem, uc + (uint64_t)shape->sp, &f.sp) ||
	    (shape->lr &&
	     !iq_memory_u64(mem, uc + (uint64_t)shape->lr, &f.lr)) ||
	    !iq_memory_u32(mem, info, &signo) ||
	    !iq_memory_u32(mem, info + SI_CODE, &code) ||
	    !iq_memory_u32(mem, info + SI_PID, &pid) ||
	    !iq_memory_u64(mem, info + SI_ADDR, &f.fault_addr))
		return false;
	if (signo == 0 || signo > NSIG)
		return false;
	f.signo = (int32_t)signo;
	f.code = (int32_t)code;
	f.pid = (int32_t)pid;
	*ret = f;
	return true;
}

bool iq_go_signal_frame_find(const struct iq_go_runtime *rt,
			     const struct iq_go_m *m, uint64_t sp,
			     struct iq_go_signal_frame *ret, uint64_t *next_ret)
{
	const struct shape *shape = shape_of(rt->core);
	uint64_t size = m->gsignal_hi - m->gsignal_lo;

	if (!shape || !iq_go_on_signal_stack(m, sp) || size < shape->size)
		return false;
	sp = (sp + 7) & ~7ull;
	for (unsigned i = 0; i < SCAN_MAX; i++, sp += 8) {
		uint64_t link, lo, stack_size;

		if (sp > m->gsignal_hi - shape->size ||
		    !iq_memory_u64(rt->memory, sp + UC_STACK_SP, &lo))
			return false;
		if (lo != m->gsignal_lo ||
		    !iq_memory_u64(rt->memory, sp + UC_LINK, &link) || link ||
		    !iq_memory_u64(rt->memory, sp + UC_STACK_SIZE,
				   &stack_size) ||
		    stack_size != size ||
		    !frame_read(rt->memory, shape, sp, ret))
			continue;
		*next_ret = sp + shape->size;
		return true;
	}
	return false;
}
