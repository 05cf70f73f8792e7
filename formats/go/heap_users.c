/* SPDX-License-Identifier: Apache-2.0 */
/* Whose code uses a variable: struct iq_heap's users. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "formats/go/heap.h"

/* Bytes of code of one function that are looked through. */
#define CODE_MAX 65536
/* Functions whose answers are kept. */
#define CACHED 4096

struct answer {
	uint64_t entry; /* 0: the slot is free */
	bool uses;
};

struct users {
	const struct iq_go_runtime *rt;
	const uint64_t *addrs;
	size_t num;
	struct answer *answers;
};

static bool is_asked(const struct users *u, uint64_t addr)
{
	size_t lo = 0;
	size_t hi = u->num;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->addrs[mid] < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < u->num && u->addrs[lo] == addr;
}

/* All of the function: what it does in a loop stands before the call, too. */
static bool look(const struct users *u, const struct iq_go_func *func)
{
	const struct iq_arch *cpu = u->rt->core->cpu;
	uint64_t size = func->end - func->entry;
	uint64_t len;
	const uint8_t *code =
		iq_memory_window(u->rt->memory, func->entry, &len);
	struct iq_arch_place place;

	if (!code)
		return false;
	if (len > size)
		len = size;
	if (len > CODE_MAX)
		len = CODE_MAX;
	for (uint64_t at = 0; at < len; at += cpu->pc_align) {
		if (cpu->names(code + at, (size_t)(len - at), func->entry + at,
			       &place) &&
		    is_asked(u, place.addr))
			return true;
	}
	return false;
}

static bool uses(struct users *u, uint64_t pc)
{
	struct iq_go_func func;
	struct answer *a;

	if (!iq_pclntab_func(u->rt->program->pcln, pc, &func))
		return false;
	a = &u->answers[(func.entry >> 4) % CACHED];
	if (a->entry != func.entry)
		*a = (struct answer){ func.entry, look(u, &func) };
	return a->uses;
}

static uint32_t first_user(struct users *u, const struct iq_stack *stack)
{
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *frame = stack->frames[i];

		if (frame->inlined || frame->foreign || !frame->has_pc ||
		    iq_str_starts(frame->function, IQ_STR("runtime.")))
			continue;
		// A return address may be the first one behind its function.
		if (uses(u, i ? frame->pc - 1 : frame->pc))
			return i;
	}
	return UINT32_MAX;
}

struct iq_error *iq_go_heap_users(const struct iq_heap *base,
				  const uint64_t *addrs, size_t num,
				  uint32_t *frames)
{
	const struct iq_go_runtime *rt = ((const struct iq_go_heap *)base)->rt;
	const struct iq_facts *facts = rt->facts;
	iq_cleanup(iq_freep) void *answers =
		calloc(CACHED, sizeof(struct answer));
	struct users u = { rt, addrs, num, answers };

	if (!answers)
		return &iq_enomem;
	for (size_t i = 0; i < facts->stacks.len; i++)
		frames[facts->stacks.data[i]->index] =
			rt->core->cpu->names ?
				first_user(&u, facts->stacks.data[i]) :
				UINT32_MAX;
	return NULL;
}
