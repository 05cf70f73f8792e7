/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/unlocks.h"

#include "base/attr.h"

/* A wrapper calls one method; what programs defer is short, too. Nothing longer
 * is looked through. */
#define CODE_MAX 1024
#define CALLS_MAX 8
/* Go: src/internal/abi/symtab.go; 1.18 - 1.27. */
#define PCDATA_INL_TREE 2

/* Takes a lock: what unlocks it in the same function was not locked before. */
#define LOCKS (1u << 8)

/* Go: src/cmd/compile/internal/ir/func.go, closureName; "dwrap" before 1.21. */
static bool is_wrapper(struct iq_str name)
{
	return iq_str_search(name, IQ_STR(".deferwrap")) < name.len ||
	       iq_str_search(name, IQ_STR(".dwrap")) < name.len;
}

/* What a call of @name does. */
static unsigned deed_of(struct iq_str name)
{
	static const struct {
		const char *method;
		unsigned deed;
	} methods[] = {
		{ ").Unlock", IQ_GO_DEED_UNLOCK },
		{ ").RUnlock", IQ_GO_DEED_UNLOCK },
		{ ").Lock", LOCKS },
		{ ").RLock", LOCKS },
		{ ").TryLock", LOCKS },
		{ ").TryRLock", LOCKS },
		{ ".(*WaitGroup).Done", IQ_GO_DEED_DONE },
		{ ".(*Cond).Signal", IQ_GO_DEED_SIGNAL },
		{ ".(*Cond).Broadcast", IQ_GO_DEED_SIGNAL },
	};

	if (iq_str_equal(name, IQ_STR("runtime.closechan")))
		return IQ_GO_DEED_CLOSE;
	if (!iq_str_starts(name, IQ_STR("sync.(*")) &&
	    !iq_str_starts(name, IQ_STR("internal/sync.(*")))
		return 0;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(methods); i++) {
		if (iq_str_ends(name, iq_str_of(methods[i].method)))
			return methods[i].deed;
	}
	return 0;
}

/* Of the calls that are inlined into @func, by the pieces of its code. */
static unsigned inlined_deeds(const struct iq_pclntab *pcln,
			      const struct iq_go_func *func, uint64_t end)
{
	unsigned deeds = 0;

	for (uint64_t pc = func->entry, next; pc < end; pc = next) {
		struct iq_go_call calls[CALLS_MAX];
		int32_t index;
		size_t num = 0;

		if (!iq_pclntab_pcdata_range(pcln, func, PCDATA_INL_TREE, pc,
					     &index, &next))
			break;
		if (index >= 0)
			num = iq_pclntab_calls(pcln, func, pc, calls,
					       CALLS_MAX);
		// The last one is the function itself.
		for (size_t i = 0; i + 1 < num; i++)
			deeds |= deed_of(calls[i].function);
	}
	return deeds;
}

static unsigned called_deeds(const struct iq_arch *cpu,
			     const struct iq_memory *memory,
			     const struct iq_pclntab *pcln, uint64_t begin,
			     uint64_t end)
{
	unsigned deeds = 0;
	uint64_t len;
	const uint8_t *code = iq_memory_window(memory, begin, &len);

	if (!code)
		return 0;
	if (len > end - begin)
		len = end - begin;
	for (uint64_t at = 0; at < len; at += cpu->pc_align) {
		struct iq_go_func func;
		struct iq_str name;
		uint64_t target;

		if (cpu->call_target(code + at, (size_t)(len - at), begin + at,
				     &target) &&
		    iq_pclntab_func(pcln, target, &func) &&
		    func.entry == target && iq_pclntab_name(pcln, &func, &name))
			deeds |= deed_of(name);
	}
	return deeds;
}

static unsigned look(const struct iq_arch *cpu, const struct iq_memory *memory,
		     const struct iq_pclntab *pcln, uint64_t pc)
{
	struct iq_go_func func;
	struct iq_str name;
	unsigned deeds;
	uint64_t end;

	if (!iq_pclntab_func(pcln, pc, &func) || func.entry != pc ||
	    !iq_pclntab_name(pcln, &func, &name))
		return 0;
	end = func.end - pc < CODE_MAX ? func.end : pc + CODE_MAX;
	deeds = inlined_deeds(pcln, &func, end) |
		called_deeds(cpu, memory, pcln, pc, end);
	if (deeds & LOCKS)
		deeds &= ~(unsigned)IQ_GO_DEED_UNLOCK;
	deeds &= ~LOCKS;
	return deeds && is_wrapper(name) ? deeds | IQ_GO_DEED_WRAPPER : deeds;
}

unsigned iq_go_deeds(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		     const struct iq_memory *memory,
		     const struct iq_pclntab *pcln, uint64_t pc)
{
	size_t i = (pc >> 5) % IQ_ARRAY_SIZE(memo->slots);

	if (!pc || !iq_pclntab_module(pcln, pc))
		return 0;
	if (memo->slots[i].pc != pc) {
		memo->slots[i].pc = pc;
		memo->slots[i].deeds = look(cpu, memory, pcln, pc);
	}
	return memo->slots[i].deeds;
}

bool iq_go_unlocks(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		   const struct iq_memory *memory,
		   const struct iq_pclntab *pcln, uint64_t pc)
{
	const unsigned both = IQ_GO_DEED_UNLOCK | IQ_GO_DEED_WRAPPER;

	return (iq_go_deeds(memo, cpu, memory, pcln, pc) & both) == both;
}
