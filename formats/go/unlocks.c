/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/unlocks.h"

#include "base/attr.h"

/* Such a wrapper calls one method: nothing longer is looked through. */
#define WRAPPER_MAX 512
#define CALLS_MAX 8

/* Go: src/cmd/compile/internal/ir/func.go, closureName; "dwrap" before 1.21. */
static bool is_wrapper(struct iq_str name)
{
	return iq_str_search(name, IQ_STR(".deferwrap")) < name.len ||
	       iq_str_search(name, IQ_STR(".dwrap")) < name.len;
}

static bool is_unlock(struct iq_str name)
{
	return (iq_str_starts(name, IQ_STR("sync.(*")) ||
		iq_str_starts(name, IQ_STR("internal/sync.(*"))) &&
	       (iq_str_ends(name, IQ_STR(").Unlock")) ||
		iq_str_ends(name, IQ_STR(").RUnlock")));
}

static bool is_unlock_at(const struct iq_pclntab *pcln, uint64_t pc)
{
	struct iq_go_func func;
	struct iq_str name;

	return iq_pclntab_func(pcln, pc, &func) && func.entry == pc &&
	       iq_pclntab_name(pcln, &func, &name) && is_unlock(name);
}

static bool inlines_unlock(const struct iq_pclntab *pcln,
			   const struct iq_go_func *func, uint64_t pc)
{
	struct iq_go_call calls[CALLS_MAX];
	size_t num = iq_pclntab_calls(pcln, func, pc, calls, CALLS_MAX);

	for (size_t i = 0; i < num; i++) {
		if (is_unlock(calls[i].function))
			return true;
	}
	return false;
}

static bool calls_unlock(const struct iq_arch *cpu,
			 const struct iq_memory *memory,
			 const struct iq_pclntab *pcln, uint64_t pc)
{
	uint64_t len, target;
	const uint8_t *bytes = iq_memory_window(memory, pc, &len);

	return bytes && cpu->call_target(bytes, (size_t)len, pc, &target) &&
	       is_unlock_at(pcln, target);
}

static bool look(const struct iq_arch *cpu, const struct iq_memory *memory,
		 const struct iq_pclntab *pcln, uint64_t pc)
{
	struct iq_go_func func;
	struct iq_str name;

	if (!iq_pclntab_func(pcln, pc, &func) || func.entry != pc ||
	    !iq_pclntab_name(pcln, &func, &name) || !is_wrapper(name))
		return false;
	for (uint64_t at = pc; at < func.end && at - pc < WRAPPER_MAX;
	     at += cpu->pc_align) {
		if (inlines_unlock(pcln, &func, at) ||
		    calls_unlock(cpu, memory, pcln, at))
			return true;
	}
	return false;
}

bool iq_go_unlocks(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		   const struct iq_memory *memory,
		   const struct iq_pclntab *pcln, uint64_t pc)
{
	size_t i = (pc >> 5) % IQ_ARRAY_SIZE(memo->slots);

	if (!pc)
		return false;
	if (memo->slots[i].pc != pc) {
		memo->slots[i].pc = pc;
		memo->slots[i].unlocks = look(cpu, memory, pcln, pc);
	}
	return memo->slots[i].unlocks;
}
