/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/crash_first.h"

#include "formats/go/pclntab.h"

/* Words of the system stack between a system call and dopanic_m. */
#define SCAN_MAX 4096
#define CALLS_MAX 16

/*
 * Where dopanic_m called lock: it does so only to wait for others that panic,
 * first the lock that is free, then the one that it holds, so that the first
 * one to come waits in the second call. @inner is the function that the word
 * before belonged to, where lock is not inlined. 0 if @pc is not there.
 * Go: src/runtime/panic.go, dopanic_m; 1.18 - 1.27.
 */
static uint32_t waits_in(const struct iq_go_call *calls, size_t num,
			 struct iq_str inner)
{
	const struct iq_go_call *outer = &calls[num - 1];
	struct iq_str name = num > 1 ? calls[0].function : inner;

	if (!iq_str_equal(outer->function, IQ_STR("runtime.dopanic_m")))
		return 0;
	return iq_str_equal(name, IQ_STR("runtime.lock")) ||
			       iq_str_equal(name,
					    IQ_STR("runtime.lockWithRank")) ||
			       iq_str_equal(name, IQ_STR("runtime.lock2")) ?
		       outer->line :
		       0;
}

/* The line of dopanic_m in which @m waits; 0 if it does not. */
static uint32_t line_of(const struct iq_go_runtime *rt, const struct iq_go_m *m)
{
	struct iq_go_call calls[CALLS_MAX];
	struct iq_str inner = IQ_STR("");
	uint64_t sp, pc;

	if (!m->thread || m->thread->sp < m->g0_lo || m->thread->sp >= m->g0_hi)
		return 0;
	sp = (m->thread->sp + 7) & ~7ull;
	for (unsigned i = 0; i < SCAN_MAX && sp < m->g0_hi; i++, sp += 8) {
		struct iq_go_func func;
		uint32_t line;
		size_t num;

		if (!iq_memory_u64(rt->memory, sp, &pc))
			return 0;
		if (!pc || !iq_pclntab_func(rt->program->pcln, pc - 1, &func) ||
		    func.entry >= pc)
			continue;
		num = iq_pclntab_calls(rt->program->pcln, &func, pc - 1, calls,
				       CALLS_MAX);
		if (!num)
			continue;
		line = waits_in(calls, num, inner);
		if (line)
			return line;
		inner = calls[num - 1].function;
	}
	return 0;
}

const struct iq_go_m *iq_go_crash_first(const struct iq_go_runtime *rt)
{
	const struct iq_go_m *last = NULL, *found = NULL, *waits = NULL;
	uint32_t line = 0;
	bool several = false;

	for (size_t i = 0; i < rt->num_ms; i++) {
		const struct iq_go_m *m = &rt->ms[i];
		uint32_t at;

		if (!m->dying)
			continue;
		if (!found)
			found = m;
		// The core's first thread is the one that dumped it.
		if (m->thread && m->thread == rt->core->threads)
			last = m;
		at = line_of(rt, m);
		if (at && at == line)
			several = true;
		if (at <= line)
			continue;
		line = at;
		waits = m;
		several = false;
	}
	if (waits && !several)
		return waits;
	return last ? last : found;
}
