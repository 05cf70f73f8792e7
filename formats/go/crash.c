/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/crash.h"

#include <inttypes.h>
#include <signal.h>

#include "base/limits.h"
#include "formats/go/backlog.h"
#include "formats/go/crash_first.h"
#include "formats/go/panic_value.h"
#include "formats/go/record.h"
#include "formats/go/signal_frame.h"

/* What the runtime calls the signals that end a process.
 * Go: src/runtime/sigtab_linux_generic.go */
/* clang-format off */
static const struct {
	int signal;
	const char *name;
	const char *text;
} signals[] = {
	{ SIGHUP, "SIGHUP", "SIGHUP: terminal line hangup" },
	{ SIGINT, "SIGINT", "SIGINT: interrupt" },
	{ SIGQUIT, "SIGQUIT", "SIGQUIT: quit" },
	{ SIGILL, "SIGILL", "SIGILL: illegal instruction" },
	{ SIGTRAP, "SIGTRAP", "SIGTRAP: trace trap" },
	{ SIGABRT, "SIGABRT", "SIGABRT: abort" },
	{ SIGBUS, "SIGBUS", "SIGBUS: bus error" },
	{ SIGFPE, "SIGFPE", "SIGFPE: floating-point exception" },
	{ SIGSEGV, "SIGSEGV", "SIGSEGV: segmentation violation" },
	{ SIGTERM, "SIGTERM", "SIGTERM: termination" },
	{ SIGSTKFLT, "SIGSTKFLT", "SIGSTKFLT: stack fault" },
	{ SIGSYS, "SIGSYS", "SIGSYS: bad system call" },
};
/* clang-format on */

static void signal_set(struct iq_process_fact *p, int signal, bool with_text)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(signals); i++) {
		if (signals[i].signal != signal)
			continue;
		p->signal = iq_str_of(signals[i].name);
		if (with_text)
			p->end_text = iq_str_of(signals[i].text);
	}
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
	       signal == SIGILL;
}

/* Sent by kill or sigqueue, from outside or not; SI_TKILL is C's abort(). */
static bool is_from_user(int code)
{
	return code == SI_USER || code == SI_QUEUE;
}

static void end_signal(struct iq_process_fact *p, int signal, int code,
		       bool has_addr, uint64_t addr)
{
	bool wanted =
		signal == SIGQUIT || (signal == SIGABRT && is_from_user(code));

	p->end = wanted ? IQ_END_OPERATOR : IQ_END_SIGNAL;
	signal_set(p, signal, true);
	if (has_addr && is_fault(signal) && !is_from_user(code) &&
	    code != SI_KERNEL) {
		p->has_fault_addr = true;
		p->fault_addr = addr;
	}
}

/* Whether all of [@addr, @end) can be read. */
static bool is_readable(const struct iq_memory *memory, uint64_t addr,
			uint64_t end)
{
	while (addr < end) {
		uint64_t len;

		if (!iq_memory_window(memory, addr, &len) || !len)
			return false;
		if (len > end - addr)
			len = end - addr;
		if (iq_memory_faulted(memory, addr, len))
			return false;
		addr += len;
	}
	return true;
}

/* Zeros that no used part of a stack has in one piece. */
#define ZEROS 512

static bool has_zeros(const struct iq_memory *memory, uint64_t addr,
		      uint64_t end)
{
	uint64_t word;

	for (uint64_t zeros = 0; addr < end; addr += 8) {
		zeros = iq_memory_u64(memory, addr, &word) && !word ?
				zeros + 8 :
				0;
		if (zeros == ZEROS)
			return true;
	}
	return false;
}

/* The end of @frame with what lies above it, as the vector registers do: those
 * may be pages of zeros. */
static uint64_t frame_end(const struct iq_go_runtime *rt,
			  const struct iq_go_m *m,
			  const struct iq_go_signal_frame *frame, uint64_t addr)
{
	const struct iq_arch *cpu = rt->core->cpu;
	uint64_t end;

	return cpu->signal.saved_end(rt->memory, frame->ucontext, &end) &&
			       end > addr && end <= m->gsignal_hi ?
		       end :
		       addr;
}

/* Whether the runtime's handler is on the stack in [@addr, @end), where that of
 * the frame at @end is. Go: src/runtime/sys_linux_amd64.s, sigtramp. */
static bool is_handled_by_go(const struct iq_go_runtime *rt, uint64_t addr,
			     uint64_t end)
{
	for (addr = (addr + 7) & ~7ull; addr < end; addr += 8) {
		struct iq_go_func func;
		struct iq_str name;
		uint64_t pc;

		if (iq_memory_u64(rt->memory, addr, &pc) && pc &&
		    iq_pclntab_func(rt->program->pcln, pc - 1, &func) &&
		    iq_pclntab_name(rt->program->pcln, &func, &name) &&
		    iq_str_equal(name, IQ_STR("runtime.sigtramp")))
			return true;
	}
	return false;
}

/* Whether @frame interrupted C code on the signal stack: the kernel need not say
 * which signal that code had been called for.
 * Linux: arch/x86/kernel/signal_64.c, x64_setup_rt_frame. */
static bool is_in_handler_of_c(const struct iq_go_runtime *rt,
			       const struct iq_go_m *m,
			       const struct iq_go_signal_frame *frame)
{
	struct iq_go_func func;

	return iq_go_on_signal_stack(m, frame->sp) && frame->pc &&
	       frame->signo != SIGABRT &&
	       !iq_pclntab_func(rt->program->pcln, frame->pc, &func);
}

/*
 * The signal that the runtime's handler was called for first; a handler of C may
 * have been interrupted by it, on the same stack. The runtime's own SIGABRT may
 * have a frame inside of it, and would be taken for it where what is above
 * cannot be read.
 */
static bool first_signal(const struct iq_go_runtime *rt,
			 const struct iq_go_m *m,
			 struct iq_go_signal_frame *ret)
{
	struct iq_go_signal_frame frame;
	bool found = false, by_go = false;
	uint64_t at, below;

	if (!m->thread)
		return false;
	at = below = m->thread->sp;
	for (unsigned i = 0; i < IQ_LIMIT_SIGNAL_FRAMES &&
			     iq_go_signal_frame_find(rt, m, at, &frame, &at);
	     i++, below = at) {
		bool is_go = is_handled_by_go(rt, below, frame.ucontext);

		if (is_go || !by_go)
			*ret = frame;
		by_go |= is_go;
		found = true;
	}
	if (by_go && is_in_handler_of_c(rt, m, ret))
		return true;
	return found && is_readable(rt->memory, at, m->gsignal_hi) &&
	       !has_zeros(rt->memory, frame_end(rt, m, &frame, at),
			  m->gsignal_hi);
}

static void goroutine_set(const struct iq_go_runtime *rt,
			  const struct iq_go_m *m, struct iq_process_fact *p)
{
	const struct iq_go_g *g = iq_go_runtime_g(rt, m->curg);

	if (!g)
		return;
	p->has_end_goroutine = true;
	p->end_goroutine = g->goid;
}

bool iq_go_crash_has_addr(const struct iq_go_signal_frame *frame)
{
	return is_fault(frame->signo) && !is_from_user(frame->code) &&
	       frame->code > 0 && frame->code != SI_KERNEL;
}

bool iq_go_crash_fault(const struct iq_go_runtime *rt, uint64_t g,
		       int *signal_ret, int *code_ret, bool *has_addr_ret,
		       uint64_t *addr_ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t signal, code, addr;

	if (!g || !iq_go_field_read(rt->memory, g, l->g_sig, &signal) ||
	    !is_fault((int)signal) ||
	    !iq_go_field_read(rt->memory, g, l->g_sigcode0, &code) ||
	    !iq_go_field_read(rt->memory, g, l->g_sigcode1, &addr))
		return false;
	*signal_ret = (int)signal;
	*code_ret = (int)code;
	// An address that is none faults without one. Linux:
	// arch/x86/kernel/traps.c, exc_general_protection.
	*has_addr_ret = (int)code != SI_KERNEL;
	*addr_ret = addr;
	return true;
}

uint64_t iq_go_crash_fault_g(const struct iq_go_runtime *rt,
			     const struct iq_go_m *m)
{
	uint64_t signal;

	// The runtime never goes on after a fault of g0: it is no old one.
	return m->g0 &&
			       iq_go_field_read(rt->memory, m->g0,
						rt->layout->g_sig, &signal) &&
			       is_fault((int)signal) ?
		       m->g0 :
		       m->curg;
}

/* The signal behind a panic or a fatal error: what sigpanic was called for. */
static void fault_set(const struct iq_go_runtime *rt, const struct iq_go_m *m,
		      struct iq_process_fact *p)
{
	int signal, code;
	uint64_t addr;
	bool has_addr;

	if (!iq_go_crash_fault(rt, iq_go_crash_fault_g(rt, m), &signal, &code,
			       &has_addr, &addr))
		return;
	signal_set(p, signal, false);
	p->has_fault_addr = has_addr;
	p->fault_addr = has_addr ? addr : 0;
}

/*
 * The panic that ended it: the newest, unless it repeats the value of the one
 * before, which alone is printed then. Panics of runtime.Goexit are none. 0 if
 * there is none. Go: src/runtime/panic.go, printpanics.
 */
static uint64_t last_panic(const struct iq_go_runtime *rt, uint64_t addr)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t link, again, goexit;

	for (unsigned n = 0; addr && n < IQ_LIMIT_PANICS; n++) {
		if (!iq_go_field_read(rt->memory, addr, l->panic_link, &link))
			return 0;
		if (!iq_go_field_read(rt->memory, addr, l->panic_goexit,
				      &goexit))
			goexit = 0;
		if (!link || !iq_go_field_read(rt->memory, link,
					       l->panic_repanicked, &again))
			again = 0;
		if (!goexit && !again)
			return addr;
		addr = link;
	}
	return 0;
}

static struct iq_error *end_panic(const struct iq_go_runtime *rt,
				  const struct iq_go_m *m, uint64_t panic,
				  struct iq_process_fact *p)
{
	const char *why;
	struct iq_error *err;

	p->end = IQ_END_PANIC;
	goroutine_set(rt, m, p);
	fault_set(rt, m, p);
	err = iq_go_panic_value(rt, panic + rt->layout->panic_arg.offset,
				&p->end_text, &why);
	if (!err && why)
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISSING, panic,
				  "the message of the panic is unknown: %s",
				  why);
	return err;
}

static struct iq_error *end_fatal(const struct iq_go_runtime *rt,
				  const struct iq_go_m *m,
				  struct iq_process_fact *p)
{
	struct iq_error *err;

	p->end = IQ_END_FATAL;
	goroutine_set(rt, m, p);
	fault_set(rt, m, p);
	err = iq_go_backlog_fatal(rt, &p->end_text);
	if (!err && !p->end_text.len)
		iq_facts_gap(rt->facts, IQ_GAP_MISSING,
			     "the text of the fatal error was not found");
	return err;
}

static struct iq_error *end_by_runtime(const struct iq_go_runtime *rt,
				       const struct iq_go_m *m,
				       struct iq_process_fact *p)
{
	struct iq_go_signal_frame frame;
	uint64_t panics = 0;

	if (m->caughtsig) {
		if (first_signal(rt, m, &frame)) {
			end_signal(p, frame.signo, frame.code, true,
				   frame.fault_addr);
			// Sent from somewhere, it can hit any thread.
			if (!is_from_user(frame.code))
				goroutine_set(rt, m, p);
			return NULL;
		}
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISSING, m->addr,
				  "how the process ended cannot be told: the "
				  "signal that did it is unreadable");
		return NULL;
	}
	if (m->throwing)
		return end_fatal(rt, m, p);
	if (m->curg)
		(void)iq_go_field_read(rt->memory, m->curg, rt->layout->g_panic,
				       &panics);
	panics = last_panic(rt, panics);
	if (panics)
		return end_panic(rt, m, panics, p);
	iq_facts_gap_addr(rt->facts, IQ_GAP_DAMAGED, m->addr,
			  "how the process ended cannot be told: what its "
			  "dying thread died of is unreadable");
	return NULL;
}

/*
 * Go code raised the signal: the thread that dumped the core did it itself.
 * Where the thread stands in runtime.tgkill.
 */
static bool is_raised_by_go(const struct iq_go_runtime *rt)
{
	const struct iq_core *core = rt->core;

	return core->signal == SIGABRT && core->signal_code == SI_TKILL &&
	       core->num_threads &&
	       iq_pclntab_module(rt->program->pcln, core->threads[0].pc);
}

/*
 * Whether the core's own signal is what ended the process. The runtime ends it
 * with a SIGABRT to itself whatever the cause was, and leaves a dying thread
 * behind: that there is none counts only where all of them were read. What the
 * processor found is no such signal.
 * Go: src/runtime/signal_unix.go, crash and dieFromSignal, 1.18 - 1.27.
 */
static bool is_own_cause(const struct iq_go_runtime *rt)
{
	const struct iq_core *core = rt->core;

	if (core->has_signal_code && core->signal_code > 0 &&
	    core->signal != SIGABRT)
		return true;
	return rt->num_ms && rt->has_all_ms && !core->truncated &&
	       core->has_signal_code && !is_raised_by_go(rt);
}

void iq_go_crash_find(const struct iq_go_runtime *rt, struct iq_go_crash *ret)
{
	const struct iq_core *core = rt->core;

	*ret = (struct iq_go_crash){ .m = iq_go_crash_first(rt) };
	if (ret->m)
		ret->has_frame = ret->m->caughtsig &&
				 first_signal(rt, ret->m, &ret->frame);
	else if (core->has_signal && is_fault(core->signal) &&
		 core->has_signal_code && core->signal_code == SI_TKILL &&
		 core->num_threads)
		// The runtime's handler raises anew what hit a thread of C's.
		ret->has_frame = iq_go_signal_frame_foreign(
			rt, core->threads[0].sp, core->signal, &ret->frame);
}

struct iq_error *iq_go_crash_read(const struct iq_go_runtime *rt)
{
	struct iq_process_fact *p = &rt->facts->process;
	const struct iq_go_m *m = iq_go_crash_first(rt);

	if (m) {
		// The core's own is how the runtime kills itself.
		p->signal = IQ_STR("");
		p->has_fault_addr = false;
		return end_by_runtime(rt, m, p);
	}
	if (rt->core->from_gcore ||
	    (rt->core->has_signal && !rt->core->signal)) {
		p->end = IQ_END_NONE;
		return NULL;
	}
	if (!rt->core->has_signal) {
		iq_facts_gap(rt->facts, IQ_GAP_MISSING,
			     "how the process ended cannot be told: the core "
			     "has no note of a signal");
		return NULL;
	}
	if (!is_own_cause(rt)) {
		iq_facts_gap(
			rt->facts, IQ_GAP_MISSING,
			"how the process ended cannot be told: the runtime "
			"ends it with its last signal whatever the cause, "
			"and not all of its threads could be read");
		return NULL;
	}
	struct iq_go_crash crash;

	// Before the runtime's handlers, or in spite of them: C code's.
	iq_go_crash_find(rt, &crash);
	if (crash.has_frame) {
		end_signal(p, crash.frame.signo, crash.frame.code, true,
			   crash.frame.fault_addr);
		return NULL;
	}
	end_signal(p, rt->core->signal, rt->core->signal_code,
		   rt->core->has_fault_addr, rt->core->fault_addr);
	return NULL;
}
