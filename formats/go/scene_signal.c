/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>

#include "formats/go/record.h"
#include "formats/go/scene.h"

/* Go: src/runtime/signal_unix.go, sigpanic: what is below is a nil pointer. */
#define NULL_PAGE 4096

/* What the kernel says of a fault. Linux: include/uapi/asm-generic/siginfo.h. */
/* clang-format off */
static const struct {
	int signal;
	int code;
	const char *text;
} codes[] = {
	{ SIGSEGV, SEGV_MAPERR, "address not mapped" },
	{ SIGSEGV, SEGV_ACCERR, "access not permitted" },
	{ SIGSEGV, 3, "failed address bound checks" },
	{ SIGSEGV, 4, "access denied by protection keys" },
	{ SIGSEGV, SI_KERNEL, "non-canonical address, or a protection fault" },
	{ SIGBUS, BUS_ADRALN, "invalid address alignment" },
	{ SIGBUS, BUS_ADRERR, "no memory behind the address" },
	{ SIGBUS, BUS_OBJERR, "hardware error of the object" },
	{ SIGBUS, 4, "hardware memory error, consumed" },
	{ SIGBUS, 5, "hardware memory error, detected" },
	{ SIGBUS, SI_KERNEL, "protection fault" },
	{ SIGFPE, FPE_INTDIV, "integer divide by zero" },
	{ SIGFPE, FPE_INTOVF, "integer overflow" },
	{ SIGFPE, FPE_FLTDIV, "floating-point divide by zero" },
	{ SIGFPE, FPE_FLTOVF, "floating-point overflow" },
	{ SIGFPE, FPE_FLTUND, "floating-point underflow" },
	{ SIGFPE, FPE_FLTRES, "floating-point inexact result" },
	{ SIGFPE, FPE_FLTINV, "invalid floating-point operation" },
	{ SIGFPE, FPE_FLTSUB, "subscript out of range" },
	{ SIGILL, ILL_ILLOPC, "illegal opcode" },
	{ SIGILL, ILL_ILLOPN, "illegal operand" },
	{ SIGILL, ILL_ILLADR, "illegal addressing mode" },
	{ SIGILL, ILL_ILLTRP, "illegal trap" },
	{ SIGILL, ILL_PRVOPC, "privileged opcode" },
	{ SIGILL, ILL_PRVREG, "privileged register" },
	{ SIGILL, ILL_COPROC, "coprocessor error" },
	{ SIGILL, ILL_BADSTK, "internal stack error" },
	{ SIGTRAP, TRAP_BRKPT, "breakpoint" },
	{ SIGTRAP, TRAP_TRACE, "trace trap" },
	{ SIGTRAP, SI_KERNEL, "breakpoint" },
	{ SIGSYS, 1, "system call is filtered" },
};
/* clang-format on */

static const char *code_text(int signal, int code)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(codes); i++) {
		if (codes[i].signal == signal && codes[i].code == code)
			return codes[i].text;
	}
	if (code == SI_USER || code == SI_QUEUE)
		return "sent by a process";
	return code == SI_TKILL ? "sent by a thread to a thread" : NULL;
}

/* Who sent it; 0: unknown, or of a pid namespace that is not the process's. */
static int32_t sender(const struct iq_go_scene *s)
{
	const struct iq_go_signal_frame *frame = &s->crash.frame;

	return s->crash.has_frame && frame->pid > 0 &&
			       (frame->code == SI_USER ||
				frame->code == SI_QUEUE) ?
		       frame->pid :
		       0;
}

static struct iq_error *text_fill(struct iq_go_scene *s)
{
	struct iq_scene *scene = s->scene;
	const char *name = iq_core_signal_name(scene->signal);
	const char *text = NULL;
	struct iq_error *err;
	struct iq_out out;

	if (scene->has_signal_code)
		text = code_text(scene->signal, scene->signal_code);
	iq_out_init_memory(&out);
	if (name)
		iq_out_cstr(&out, name);
	else
		iq_out_printf(&out, "signal %d", scene->signal);
	if (sender(s))
		iq_out_printf(&out, ": sent by process %" PRId32, sender(s));
	else if (text)
		iq_out_printf(&out, ": %s", text);
	else if (scene->has_signal_code)
		iq_out_printf(&out, ", code %d", scene->signal_code);
	err = iq_go_scene_text(s->rt->facts, &out, &scene->signal_text);
	iq_out_deinit(&out);
	return err;
}

/* The address is that of the instruction, not of data.
 * Linux: sigaction(2), si_addr. */
static bool is_of_instruction(int signal)
{
	return signal == SIGFPE || signal == SIGILL || signal == SIGTRAP;
}

/* A mapping of the core that does not allow what is common. */
static void put_protection(const struct iq_go_scene *s, uint64_t addr,
			   struct iq_out *out)
{
	const struct iq_memory_range *range =
		iq_memory_find(s->rt->memory, addr);

	if (!range || range->state == IQ_MEMORY_UNMAPPED)
		iq_out_cstr(out, "nothing is mapped there");
	else if (!(range->prot & IQ_MEMORY_READ))
		iq_out_cstr(out, "memory that may not be read");
	else if (!(range->prot & IQ_MEMORY_WRITE))
		iq_out_cstr(out, "memory that may not be written");
	else
		iq_out_cstr(out, "memory that may be read and written");
}

static struct iq_error *place_fill(struct iq_go_scene *s)
{
	struct iq_scene *scene = s->scene;
	struct iq_error *err;
	struct iq_out out;

	if (!scene->has_fault_addr)
		return NULL;
	iq_out_init_memory(&out);
	if (is_of_instruction(scene->signal)) {
		size_t begin = out.len;

		iq_out_cstr(&out, "the instruction in ");
		size_t end = out.len;
		iq_go_scene_place(s, scene->fault_addr, &out);
		if (out.len == end)
			out.len = begin;
	} else if (scene->fault_addr < NULL_PAGE) {
		iq_out_printf(&out, "nil + 0x%" PRIx64, scene->fault_addr);
	} else {
		put_protection(s, scene->fault_addr, &out);
		size_t begin = out.len;
		iq_out_cstr(&out, ": ");
		iq_go_scene_place(s, scene->fault_addr, &out);
		if (out.len == begin + 2)
			out.len = begin;
	}
	err = iq_go_scene_text(s->rt->facts, &out, &scene->fault_place);
	iq_out_deinit(&out);
	return err;
}

/* Kernel threads of C, and processes that died before Go's handlers. */
static bool core_signal(struct iq_go_scene *s)
{
	const struct iq_core *core = s->rt->core;
	struct iq_scene *scene = s->scene;

	if (s->crash.m || !core->has_signal)
		return false;
	scene->signal = core->signal;
	scene->has_signal_code = core->has_signal_code;
	scene->signal_code = core->signal_code;
	scene->has_fault_addr = s->rt->facts->process.has_fault_addr;
	scene->fault_addr = s->rt->facts->process.fault_addr;
	return true;
}

/* The g that sigpanic was called on; 0 if there is none. */
static uint64_t fault_g(const struct iq_go_scene *s)
{
	if (s->crash.m)
		return iq_go_crash_fault_g(s->rt, s->crash.m);
	return s->g ? s->g->addr : 0;
}

uint64_t iq_go_scene_fault_pc(const struct iq_go_scene *s)
{
	uint64_t g = fault_g(s), pc;

	if (s->crash.has_frame)
		return s->crash.frame.pc;
	return g && iq_go_field_read(s->rt->memory, g, s->rt->layout->g_sigpc,
				     &pc) ?
		       pc :
		       0;
}

struct iq_error *iq_go_scene_signal(struct iq_go_scene *s)
{
	struct iq_scene *scene = s->scene;
	const struct iq_go_signal_frame *frame = &s->crash.frame;
	struct iq_error *err;

	if (s->crash.has_frame) {
		scene->signal = frame->signo;
		scene->has_signal_code = true;
		scene->signal_code = frame->code;
		scene->has_fault_addr = iq_go_crash_has_addr(frame);
		scene->fault_addr =
			scene->has_fault_addr ? frame->fault_addr : 0;
	} else if (iq_go_crash_fault(s->rt, fault_g(s), &scene->signal,
				     &scene->signal_code,
				     &scene->has_fault_addr,
				     &scene->fault_addr)) {
		scene->has_signal_code = true;
	} else if (!core_signal(s)) {
		return NULL;
	}
	scene->has_signal = true;
	err = text_fill(s);
	return err ? err : place_fill(s);
}
