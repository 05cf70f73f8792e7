/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/signal_frame.h"

/*
 * struct ucontext begins with uc_flags, uc_link and uc_stack {ss_sp, ss_flags,
 * ss_size}, on all 64-bit machines. Linux: include/uapi/asm-generic/ucontext.h.
 */
#define UC_LINK 8
#define UC_STACK_SP 16
#define UC_STACK_FLAGS 24
#define UC_STACK_SIZE 32
/* There is no alternate stack. Linux: include/uapi/linux/signal.h. */
#define SS_IS_DISABLED 2

/* si_signo, si_code, and what follows, of siginfo on 64-bit Linux. */
#define SI_CODE 8
#define SI_PID 16
#define SI_ADDR 16
#define NSIG 64

/* Words of a signal stack that are looked through; the runtime's has 4096. */
#define SCAN_MAX (1u << 20)
/* Words of another stack between the handler and its frame: Go's and C's
 * handlers together need a few KiB. */
#define FOREIGN_MAX 8192

bool iq_go_on_signal_stack(const struct iq_go_m *m, uint64_t sp)
{
	return m->gsignal_hi && sp >= m->gsignal_lo && sp < m->gsignal_hi;
}

static bool frame_read(const struct iq_memory *mem, const struct iq_arch *cpu,
		       uint64_t uc, struct iq_go_signal_frame *ret)
{
	struct iq_go_signal_frame f = { .ucontext = uc };
	uint64_t info = uc + (uint64_t)(int64_t)cpu->signal.siginfo;
	uint32_t signo, code, pid;

	if (!iq_arch_signal_regs(cpu, mem, uc, f.regs) ||
	    !iq_memory_u32(mem, info, &signo) ||
	    !iq_memory_u32(mem, info + SI_CODE, &code) ||
	    !iq_memory_u32(mem, info + SI_PID, &pid) ||
	    !iq_memory_u64(mem, info + SI_ADDR, &f.fault_addr))
		return false;
	if (signo == 0 || signo > NSIG)
		return false;
	f.pc = f.regs[cpu->pc];
	f.sp = f.regs[cpu->sp];
	f.lr = cpu->lr >= 0 ? f.regs[cpu->lr] : 0;
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
	const struct iq_arch *cpu = rt->core->cpu;
	uint64_t size = m->gsignal_hi - m->gsignal_lo;

	if (!iq_go_on_signal_stack(m, sp) || size < cpu->signal.size)
		return false;
	sp = (sp + 7) & ~7ull;
	for (unsigned i = 0; i < SCAN_MAX; i++, sp += 8) {
		uint64_t link, lo, stack_size;

		if (sp > m->gsignal_hi - cpu->signal.size ||
		    !iq_memory_u64(rt->memory, sp + UC_STACK_SP, &lo))
			return false;
		if (lo != m->gsignal_lo ||
		    !iq_memory_u64(rt->memory, sp + UC_LINK, &link) || link ||
		    !iq_memory_u64(rt->memory, sp + UC_STACK_SIZE,
				   &stack_size) ||
		    stack_size != size || !frame_read(rt->memory, cpu, sp, ret))
			continue;
		*next_ret = sp + cpu->signal.size;
		return true;
	}
	return false;
}

bool iq_go_signal_frame_foreign(const struct iq_go_runtime *rt, uint64_t sp,
				int signo, struct iq_go_signal_frame *ret)
{
	const struct iq_memory *mem = rt->memory;
	struct iq_go_signal_frame f;

	if (!rt->core->cpu)
		return false;
	sp = (sp + 7) & ~7ull;
	for (unsigned i = 0; i < FOREIGN_MAX; i++, sp += 8) {
		uint64_t link, lo, size;
		uint32_t flags;

		if (!iq_memory_u64(mem, sp + UC_LINK, &link) ||
		    !iq_memory_u64(mem, sp + UC_STACK_SP, &lo) ||
		    !iq_memory_u32(mem, sp + UC_STACK_FLAGS, &flags) ||
		    !iq_memory_u64(mem, sp + UC_STACK_SIZE, &size))
			return false;
		if (link || lo || flags != SS_IS_DISABLED || size ||
		    !frame_read(mem, rt->core->cpu, sp, &f))
			continue;
		// What was interrupted is above, on the same stack.
		if (f.signo != signo || f.code <= 0 || f.sp <= sp ||
		    f.sp - sp > 8 * FOREIGN_MAX)
			continue;
		*ret = f;
		return true;
	}
	return false;
}
