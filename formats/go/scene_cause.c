/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "formats/go/scene.h"

/* Go: src/runtime/signal_unix.go, sigpanic. */
#define NULL_PAGE 4096

/* Whether a panic's message is its thrower's own, and no text of the program's:
 * who called panic is in the runtime or in sync, as far as it has a name. */
static bool is_known_thrower(const struct iq_go_scene *s)
{
	size_t i = iq_go_panics_frame(s);
	struct iq_str name;

	if (i + 1 >= s->num_frames || !s->frames[i + 1].calls->num)
		return true;
	// Inlined calls count: panicmem is one of sigpanic.
	name = s->frames[i + 1].calls->frames[0]->function;
	return iq_str_starts(name, IQ_STR("runtime.")) ||
	       iq_str_starts(name, IQ_STR("internal/runtime/")) ||
	       iq_str_starts(name, IQ_STR("sync.(*WaitGroup)."));
}

/* External linking puts C code into the text of Go's module. */
static bool is_c(const struct iq_go_scene *s, uint64_t pc)
{
	struct iq_go_func func;

	if (!pc)
		return false;
	return !iq_pclntab_module(s->rt->program->pcln, pc) ||
	       (s->rt->program->modules[0].has_pclntab &&
		!iq_pclntab_func(s->rt->program->pcln, pc, &func));
}

/* A fault that the runtime could not turn into a panic, in code that is none of
 * its own. Go: src/runtime/signal_unix.go, sigpanic. */
static bool is_fault_in_c(const struct iq_go_scene *s, struct iq_str text)
{
	return iq_str_starts(text, IQ_STR("unexpected signal")) &&
	       is_c(s, iq_go_scene_fault_pc(s));
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE ||
	       signal == SIGILL;
}

/* A signal that no panic came of: raised from outside, in C, or where the
 * runtime could not panic. */
static enum iq_cause signal_cause(const struct iq_go_scene *s)
{
	const struct iq_core *core = s->rt->core;
	int signal = core->signal;
	int code = core->has_signal_code ? core->signal_code : SI_USER;
	uint64_t pc = core->num_threads ? core->threads[0].pc : 0;

	if (s->crash.has_frame) {
		signal = s->crash.frame.signo;
		code = s->crash.frame.code;
		pc = s->crash.frame.pc;
	} else if (s->crash.m) {
		return IQ_CAUSE_SIGNAL;
	}
	if (!is_fault(signal) || code <= 0)
		return IQ_CAUSE_SIGNAL;
	if (is_c(s, pc))
		return IQ_CAUSE_C_FAULT;
	if (signal == SIGFPE)
		return IQ_CAUSE_DIVIDE;
	if (signal == SIGILL)
		return IQ_CAUSE_SIGNAL;
	return s->rt->facts->process.has_fault_addr &&
			       s->rt->facts->process.fault_addr < NULL_PAGE ?
		       IQ_CAUSE_NIL_DEREFERENCE :
		       IQ_CAUSE_BAD_ADDRESS;
}

enum iq_cause iq_go_scene_cause(const struct iq_go_scene *s)
{
	const struct iq_process_fact *p = &s->rt->facts->process;

	switch (p->end) {
	case IQ_END_PANIC:
		return is_known_thrower(s) ?
			       iq_cause_of_panic(iq_go_panics_words(s)) :
			       IQ_CAUSE_PANIC;
	case IQ_END_FATAL:
		return is_fault_in_c(s, p->end_text) ?
			       IQ_CAUSE_C_FAULT :
			       iq_cause_of_fatal(p->end_text);
	case IQ_END_SIGNAL:
		return signal_cause(s);
	default:
		return IQ_CAUSE_UNKNOWN;
	}
}
