/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/unlocks.h"

#include "base/attr.h"

/* A wrapper calls one method; what programs defer is short, too. Nothing longer
 * is looked through. */
#define CODE_MAX 1024
#define CALLS_MAX 8
/* Of functions that defer; a longer one may do anything. */
#define FUNCTION_MAX (1u << 16)
/* Direct calls of Unlock in one of them, likewise. */
#define UNLOCKS_MAX 64
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
		{ ").unlockSlow", IQ_GO_DEED_UNLOCK },
		{ ").rUnlockSlow", IQ_GO_DEED_UNLOCK },
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
			      const struct iq_go_func *func, uint64_t begin,
			      uint64_t end)
{
	unsigned deeds = 0;

	for (uint64_t pc = begin, next; pc < end; pc = next) {
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

/* What the direct calls in [@begin, @end) do, and the first place of one that
 * unlocks; @end if none does. */
static unsigned called_deeds(const struct iq_arch *cpu,
			     const struct iq_memory *memory,
			     const struct iq_pclntab *pcln, uint64_t begin,
			     uint64_t end, uint64_t *unlock_ret)
{
	unsigned deeds = 0;
	uint64_t len;
	const uint8_t *code = iq_memory_window(memory, begin, &len);

	*unlock_ret = end;
	if (!code)
		return 0;
	if (len > end - begin)
		len = end - begin;
	for (uint64_t at = 0; at < len; at += cpu->pc_align) {
		struct iq_go_func func;
		struct iq_str name;
		uint64_t target;

		if (!cpu->call_target(code + at, (size_t)(len - at), begin + at,
				      &target) ||
		    !iq_pclntab_func(pcln, target, &func) ||
		    func.entry != target ||
		    !iq_pclntab_name(pcln, &func, &name))
			continue;
		deeds |= deed_of(name);
		if (deeds & IQ_GO_DEED_UNLOCK && *unlock_ret == end)
			*unlock_ret = begin + at;
	}
	return deeds;
}

/* What its calls of Unlock, and of what is left of it where it is inlined, are
 * passed: the lock. */
static void locks_find(const struct iq_arch *cpu,
		       const struct iq_memory *memory,
		       const struct iq_pclntab *pcln, uint64_t begin,
		       struct iq_go_unlocks *memo, size_t slot)
{
	struct iq_go_func func;
	struct iq_str name;
	uint64_t len, target;
	const uint8_t *code = iq_memory_window(memory, begin, &len);

	if (!code || !iq_pclntab_func(pcln, begin, &func))
		return;
	if (len > func.end - begin)
		len = func.end - begin;
	if (len > CODE_MAX)
		len = CODE_MAX;
	for (uint64_t at = 0;
	     at < len && memo->slots[slot].num < IQ_GO_UNLOCKED_MAX;
	     at += cpu->pc_align) {
		if (cpu->call_target(code + at, (size_t)(len - at), begin + at,
				     &target) &&
		    iq_pclntab_func(pcln, target, &func) &&
		    func.entry == target &&
		    iq_pclntab_name(pcln, &func, &name) &&
		    deed_of(name) == IQ_GO_DEED_UNLOCK &&
		    cpu->argument(
			    code, (size_t)len, (size_t)at, begin,
			    &memo->slots[slot].locks[memo->slots[slot].num]))
			memo->slots[slot].num++;
	}
}

static unsigned look(const struct iq_arch *cpu, const struct iq_memory *memory,
		     const struct iq_pclntab *pcln, uint64_t pc)
{
	struct iq_go_func func;
	struct iq_str name;
	unsigned deeds;
	uint64_t end, at;

	if (!iq_pclntab_func(pcln, pc, &func) || func.entry != pc ||
	    !iq_pclntab_name(pcln, &func, &name))
		return 0;
	end = func.end - pc < CODE_MAX ? func.end : pc + CODE_MAX;
	deeds = inlined_deeds(pcln, &func, pc, end) |
		called_deeds(cpu, memory, pcln, pc, end, &at);
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
		memo->slots[i].num = 0;
		if (memo->slots[i].deeds & IQ_GO_DEED_UNLOCK)
			locks_find(cpu, memory, pcln, pc, memo, i);
	}
	return memo->slots[i].deeds;
}

unsigned iq_go_unlocked(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
			const struct iq_memory *memory,
			const struct iq_pclntab *pcln, uint64_t addr,
			uint64_t ret[IQ_GO_UNLOCKED_MAX])
{
	unsigned num = 0;
	uint64_t pc;
	size_t slot;

	if (!iq_memory_u64(memory, addr, &pc) ||
	    !(iq_go_deeds(memo, cpu, memory, pcln, pc) & IQ_GO_DEED_UNLOCK))
		return 0;
	slot = (pc >> 5) % IQ_ARRAY_SIZE(memo->slots);
	for (unsigned i = 0; i < memo->slots[slot].num; i++) {
		const struct iq_arch_origin *o = &memo->slots[slot].locks[i];
		uint64_t value = o->captured ? addr + o->at : o->at;

		if (o->loads && !iq_memory_u64(memory, value, &value))
			continue;
		ret[num++] = value + (uint64_t)o->offset;
	}
	return num;
}

/* The line of @func itself at @pc; 0: not known. */
static uint32_t line_of(const struct iq_pclntab *pcln,
			const struct iq_go_func *func, uint64_t pc)
{
	struct iq_go_call calls[CALLS_MAX];
	size_t num = iq_pclntab_calls(pcln, func, pc, calls, CALLS_MAX);

	return num ? calls[num - 1].line : 0;
}

/* The first line of @func that unlocks something; UINT32_MAX: none does. */
static uint32_t unlock_line(const struct iq_arch *cpu,
			    const struct iq_memory *memory,
			    const struct iq_pclntab *pcln,
			    const struct iq_go_func *func)
{
	uint32_t first = UINT32_MAX;
	unsigned num = 0;
	uint64_t at, next;

	if (func->end - func->entry > FUNCTION_MAX)
		return 0;
	for (uint64_t pc = func->entry; pc < func->end; pc = next) {
		int32_t index;
		uint32_t line;

		if (!iq_pclntab_pcdata_range(pcln, func, PCDATA_INL_TREE, pc,
					     &index, &next))
			break;
		if (!(inlined_deeds(pcln, func, pc, next) & IQ_GO_DEED_UNLOCK))
			continue;
		line = line_of(pcln, func, pc);
		first = line < first ? line : first;
	}
	for (uint64_t pc = func->entry; pc < func->end;
	     pc = at + cpu->pc_align) {
		uint32_t line;

		if (num++ == UNLOCKS_MAX)
			return 0;
		called_deeds(cpu, memory, pcln, pc, func->end, &at);
		if (at == func->end)
			break;
		line = line_of(pcln, func, at);
		first = line < first ? line : first;
	}
	return first;
}

bool iq_go_gives_back(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		      const struct iq_memory *memory,
		      const struct iq_pclntab *pcln, uint64_t pc)
{
	struct iq_go_func func;
	size_t i;

	if (!iq_pclntab_func(pcln, pc, &func))
		return false;
	i = (func.entry >> 5) % IQ_ARRAY_SIZE(memo->functions);
	if (memo->functions[i].entry != func.entry) {
		memo->functions[i].entry = func.entry;
		memo->functions[i].line = unlock_line(cpu, memory, pcln, &func);
	}
	if (memo->functions[i].line == UINT32_MAX)
		return false;
	return memo->functions[i].line <=
	       line_of(pcln, &func, pc > func.entry ? pc - 1 : pc);
}

bool iq_go_unlocks(struct iq_go_unlocks *memo, const struct iq_arch *cpu,
		   const struct iq_memory *memory,
		   const struct iq_pclntab *pcln, uint64_t pc)
{
	const unsigned both = IQ_GO_DEED_UNLOCK | IQ_GO_DEED_WRAPPER;

	return (iq_go_deeds(memo, cpu, memory, pcln, pc) & both) == both;
}
