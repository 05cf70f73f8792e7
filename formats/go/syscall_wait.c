/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/syscall_wait.h"

#include <string.h>

#include "base/limits.h"
#include "formats/elf/syscalls.h"
#include "formats/go/cgo_wait.h"
#include "formats/go/signal_frame.h"

/* Code behind the call of entersyscall that is looked at. */
#define CODE_MAX 96

/*
 * Results that the kernel shows while the call is not over: it has not begun
 * (ENOSYS), what took the dump interrupted it (EINTR), and it goes on when the
 * signal is handled. Linux: include/linux/errno.h.
 */
#define RESULT_EINTR (-4)
#define RESULT_ENOSYS (-38)
#define RESULT_RESTART_FIRST (-516)
#define RESULT_RESTART_LAST (-512)

/* What a thread's registers say of the call that it is in. */
struct by_thread {
	bool is_inside;
	bool has_number;
	uint64_t number;
	unsigned num_args;
	uint64_t args[IQ_SYSCALL_ARGS];
	/* The kernel has answered. */
	bool has_result;
	int64_t result;
	uint64_t pc;
};

/* ---- registers */

/* Those that the thread had when the first of its signals came, and whether a
 * signal came at all. */
static bool registers_of(const struct iq_go_runtime *rt,
			 const struct iq_go_m *m,
			 uint64_t regs[IQ_CORE_MAX_REGS], bool *by_signal_ret)
{
	const struct iq_core_thread *t = m->thread;
	const struct iq_arch *cpu = rt->core->cpu;
	struct iq_go_signal_frame frame;
	uint64_t next = t->sp;

	*by_signal_ret = false;
	// Nobody knows then whether it is in a handler, which makes calls, too.
	if (!m->gsignal_hi)
		return false;
	memcpy(regs, t->regs, sizeof(t->regs));
	for (unsigned i = 0;
	     i < IQ_LIMIT_SIGNAL_FRAMES &&
	     iq_go_on_signal_stack(m, regs[cpu->sp]) &&
	     iq_go_signal_frame_find(rt, m, next, &frame, &next);
	     i++) {
		memcpy(regs, frame.regs, sizeof(frame.regs));
		*by_signal_ret = true;
	}
	// A handler whose frame is gone says nothing about what it interrupted.
	return !iq_go_on_signal_stack(m, regs[cpu->sp]);
}

static bool has_insn(const struct iq_go_runtime *rt,
		     const struct iq_syscalls *calls, uint64_t addr)
{
	uint8_t code[sizeof(calls->insn)];

	return iq_memory_read(rt->memory, addr, calls->insn_size, code) &&
	       memcmp(code, calls->insn, calls->insn_size) == 0;
}

static bool is_answer(int64_t result)
{
	return result != RESULT_EINTR && result != RESULT_ENOSYS &&
	       !(result >= RESULT_RESTART_FIRST &&
		 result <= RESULT_RESTART_LAST);
}

/* It stands behind the instruction: the kernel has it, or has just let it go. */
static void read_behind(const struct iq_go_runtime *rt,
			const struct iq_syscalls *calls, const uint64_t *regs,
			bool by_signal, struct by_thread *ret)
{
	uint64_t number = regs[calls->kept_number];
	bool is_kept = !by_signal ||
		       iq_arch_signal_has(rt->core->cpu, calls->kept_number);

	if (is_kept && calls->knows_inside && (int64_t)number < 0)
		return;
	ret->is_inside = true;
	ret->has_number = is_kept;
	ret->number = number;
	ret->result = (int64_t)regs[calls->result];
	ret->has_result = is_answer(ret->result);
	// The result stands where the first argument did.
	if (calls->result_is_arg)
		return;
	for (size_t i = 0; i < IQ_SYSCALL_ARGS; i++)
		ret->args[i] = regs[calls->args[i]];
	ret->num_args = IQ_SYSCALL_ARGS;
}

/* It stands at the instruction, which is made, or made again after a signal. */
static void read_at(const struct iq_syscalls *calls, const uint64_t *regs,
		    struct by_thread *ret)
{
	ret->is_inside = true;
	ret->has_number = true;
	ret->number = regs[calls->number];
	for (size_t i = 0; i < IQ_SYSCALL_ARGS; i++)
		ret->args[i] = regs[calls->args[i]];
	ret->num_args = IQ_SYSCALL_ARGS;
}

static void thread_read(const struct iq_go_runtime *rt,
			const struct iq_syscalls *calls,
			const struct iq_go_g *g, struct by_thread *ret)
{
	const struct iq_go_m *m = iq_go_runtime_m(rt, g->m);
	uint64_t regs[IQ_CORE_MAX_REGS];
	bool by_signal;

	*ret = (struct by_thread){ 0 };
	if (!m || !m->thread || m->curg != g->addr ||
	    !registers_of(rt, m, regs, &by_signal))
		return;
	ret->pc = regs[rt->core->cpu->pc];
	// Of a thread that no signal took away the kernel's own note is enough
	// where the code is not here.
	if (has_insn(rt, calls, ret->pc - calls->insn_size) ||
	    (!by_signal && calls->knows_inside &&
	     iq_memory_state(rt->memory, ret->pc) == IQ_MEMORY_NOT_DUMPED))
		read_behind(rt, calls, regs, by_signal, ret);
	else if (has_insn(rt, calls, ret->pc))
		read_at(calls, regs, ret);
}

/* ---- the goroutine's stack */

static bool function_at(const struct iq_go_runtime *rt, uint64_t pc,
			struct iq_str *ret)
{
	struct iq_go_func func;

	return iq_pclntab_func(rt->program->pcln, pc, &func) &&
	       iq_pclntab_name(rt->program->pcln, &func, ret);
}

/*
 * What Syscall or Syscall6 have kept over entersyscall, which noted where they
 * are. The code itself says in which slots. Zeros are no call that anybody waits
 * in, on any machine: what wrote the core could not read that page.
 */
static bool stack_read(const struct iq_go_runtime *rt,
		       const struct iq_syscalls *calls, const struct iq_go_g *g,
		       struct iq_syscall_fact *ret)
{
	struct iq_syscall_slots slots;
	struct iq_str name;
	const uint8_t *code;
	uint64_t len, number, some;

	if (!g->syscallsp || !function_at(rt, g->syscallpc, &name) ||
	    !iq_str_starts(name, IQ_STR("syscall.Syscall")))
		return false;
	code = iq_memory_window(rt->memory, g->syscallpc, &len);
	if (!code ||
	    !calls->slots(code, len < CODE_MAX ? (size_t)len : CODE_MAX,
			  &slots) ||
	    !iq_memory_u64(rt->memory,
			   g->syscallsp + (uint64_t)(int64_t)slots.number,
			   &number) ||
	    !iq_syscall_find(calls->machine, number))
		return false;
	some = number;
	ret->number = (int64_t)number;
	for (unsigned i = 0; i < slots.num_args; i++) {
		if (!iq_memory_u64(rt->memory,
				   g->syscallsp +
					   (uint64_t)(int64_t)slots.args[i],
				   &ret->args[i]))
			break;
		some |= ret->args[ret->num_args++];
	}
	if (!some)
		memset(ret, 0, sizeof(*ret));
	ret->has_number = some;
	return ret->has_number;
}

/* ---- */

/* The code that the thread is in belongs to the call itself, and not to what
 * the runtime does before or after it. */
static bool is_call(const struct iq_go_runtime *rt, uint64_t pc)
{
	struct iq_str name;

	return function_at(rt, pc, &name) &&
	       (iq_str_starts(name, IQ_STR("syscall.")) ||
		iq_str_starts(name, IQ_STR("runtime/internal/syscall.")) ||
		iq_str_starts(name, IQ_STR("internal/runtime/syscall")));
}

static void take_thread(const struct by_thread *t, struct iq_syscall_fact *ret)
{
	ret->has_number = t->has_number;
	ret->number = (int64_t)t->number;
	ret->num_args = t->num_args;
	memcpy(ret->args, t->args, sizeof(ret->args));
	ret->has_result = t->has_result;
	ret->result = t->has_result ? t->result : 0;
}

/* Where both know the call, it must be the same one. */
static void join_thread(const struct iq_go_runtime *rt,
			const struct by_thread *t, struct iq_syscall_fact *ret)
{
	if (!t->is_inside || !is_call(rt, t->pc) ||
	    (t->has_number && t->number != (uint64_t)ret->number))
		return;
	ret->has_result = t->has_result;
	ret->result = t->has_result ? t->result : 0;
	if (t->num_args > ret->num_args) {
		ret->num_args = t->num_args;
		memcpy(ret->args, t->args, sizeof(ret->args));
	}
}

/* Name, how many arguments it has, and which is a file. */
static void describe(const struct iq_syscalls *calls,
		     struct iq_syscall_fact *fact)
{
	const struct iq_syscall *call;

	if (!fact->has_number)
		return;
	call = iq_syscall_find(calls->machine, (uint64_t)fact->number);
	if (!call)
		return;
	fact->name = call->name;
	if (fact->num_args > call->num_args)
		fact->num_args = call->num_args;
	if (call->fd < 0 || (unsigned)call->fd >= fact->num_args)
		return;
	// AT_FDCWD and "none" are negative.
	fact->fd = (int32_t)(uint32_t)fact->args[call->fd];
	fact->has_fd = fact->fd >= 0;
	fact->fd = fact->has_fd ? fact->fd : 0;
}

struct iq_error *iq_go_syscall_wait_read(const struct iq_go_runtime *rt,
					 const struct iq_go_g *g,
					 struct iq_arena *arena,
					 struct iq_wait *wait)
{
	const struct iq_syscalls *calls =
		rt->core->cpu ? iq_syscalls_of(rt->core->cpu->machine) : NULL;
	struct iq_syscall_fact fact = { 0 }, *kept;
	struct by_thread thread;

	if (!calls)
		return NULL;
	thread_read(rt, calls, g, &thread);
	if (wait->kind == IQ_WAIT_SYSCALL && stack_read(rt, calls, g, &fact))
		join_thread(rt, &thread, &fact);
	else if (thread.is_inside && thread.has_number)
		take_thread(&thread, &fact);
	if (!fact.has_number)
		return NULL;
	describe(calls, &fact);
	kept = iq_arena_alloc(arena, sizeof(*kept));
	if (!kept)
		return &iq_enomem;
	*kept = fact;
	wait->syscall = kept;
	return NULL;
}

struct iq_error *iq_go_wait_syscall_read(struct iq_go_wait_reader *r, size_t i,
					 struct iq_wait *wait)
{
	const struct iq_go_g *g = &r->rt->gs[i];
	struct iq_error *err = iq_go_cgo_wait_read(
		r->rt, g, r->goroutines[i].stack, &r->arena, wait);

	return err ? err : iq_go_syscall_wait_read(r->rt, g, &r->arena, wait);
}
