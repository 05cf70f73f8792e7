/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/pc_cache.h"

#include <stdlib.h>

struct iq_error *iq_go_pc_cache_init(struct iq_go_pc_cache *cache,
				     const struct iq_go_runtime *rt)
{
	*cache = (struct iq_go_pc_cache){
		.rt = rt,
		.cpu = rt->core->cpu,
		.slots = calloc(IQ_GO_PC_CACHE_SLOTS, sizeof(*cache->slots)),
	};
	return cache->slots ? NULL : &iq_enomem;
}

void iq_go_pc_cache_deinit(struct iq_go_pc_cache *cache)
{
	free(cache->slots);
	cache->slots = NULL;
}

/* No architecture has longer ones. */
#define CALL_MAX 16

static bool is_called(const struct iq_go_runtime *rt, uint64_t entry,
		      uint64_t pc)
{
	const struct iq_arch *cpu = rt->core->cpu;
	size_t len = cpu->call_max;
	uint8_t bytes[CALL_MAX];

	if (len > pc - entry)
		len = (size_t)(pc - entry);
	// Where text is not in the core nobody can tell.
	if (len > sizeof(bytes) ||
	    !iq_memory_read(rt->memory, pc - len, len, bytes))
		return true;
	return cpu->is_call(bytes + len, len);
}

static bool is_id(uint8_t id, int16_t of)
{
	return of >= 0 && id == of;
}

static unsigned flags_of(const struct iq_go_runtime *rt,
			 const struct iq_go_func *f, uint64_t pc)
{
	const struct iq_go_func_ids *ids = rt->version->func_ids;
	unsigned flags = IQ_GO_PC_KNOWN;

	if (f->pcsp == 0)
		flags |= IQ_GO_PC_EXTERNAL;
	if (f->flag & IQ_FUNC_TOPFRAME || is_id(f->func_id, ids->goexit))
		flags |= IQ_GO_PC_TOP;
	// cgocallback writes SP, but arranges its frame on both stacks.
	if (f->flag & IQ_FUNC_SPWRITE && !is_id(f->func_id, ids->cgocallback))
		flags |= IQ_GO_PC_SPWRITE;
	if (is_id(f->func_id, ids->sigpanic) ||
	    is_id(f->func_id, ids->async_preempt) ||
	    is_id(f->func_id, ids->debug_call_v2))
		flags |= IQ_GO_PC_INJECTED;
	// cgocallback returns to what asmcgocall has saved, without a call.
	// Go: src/runtime/asm_amd64.s.
	if (is_id(f->func_id, ids->cgocallback))
		flags |= IQ_GO_PC_PUSHES;
	// So is goexit+1, which newproc1 puts below everything.
	if (flags & IQ_GO_PC_TOP || is_called(rt, f->entry, pc))
		flags |= IQ_GO_PC_CALLED;
	return flags;
}

static void pc_fill(const struct iq_go_runtime *rt, uint64_t pc,
		    struct iq_go_pc *ret)
{
	struct iq_go_func f;

	*ret = (struct iq_go_pc){ .pc = pc };
	if (pc % rt->core->cpu->pc_align ||
	    !iq_pclntab_func(rt->program->pcln, pc, &f))
		return;
	ret->entry = f.entry;
	ret->flags = flags_of(rt, &f, pc);
	if (iq_pclntab_spdelta(rt->program->pcln, &f, pc, &ret->spdelta) &&
	    ret->spdelta >= 0)
		ret->flags |= IQ_GO_PC_HAS_SPDELTA;
}

const struct iq_go_pc *iq_go_pc_cache_get(struct iq_go_pc_cache *cache,
					  uint64_t pc)
{
	// The golden ratio spreads neighbours over all slots.
	size_t slot = (pc * 0x9e3779b97f4a7c15ull) >> 32;
	struct iq_go_pc *info = &cache->slots[slot % IQ_GO_PC_CACHE_SLOTS];

	if (info->pc != pc || !pc)
		pc_fill(cache->rt, pc, info);
	return info;
}
