/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/cgo_wait.h"

#include "formats/go/record.h"

/* Frames of the runtime between C and the Go function that called it. */
#define BETWEEN_MAX 8

/* cgo's Go function for a call of C: "main._Cfunc_sleep", "net._C2func_getaddrinfo",
 * the latter for a call that asks for errno. Go: src/cmd/cgo/out.go. */
static bool called_by(struct iq_str caller, struct iq_str *ret)
{
	static const struct iq_str marks[] = { { "._Cfunc_", 8 },
					       { "._C2func_", 9 } };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(marks); i++) {
		size_t at = iq_str_search(caller, marks[i]);

		if (at >= caller.len || at + marks[i].len >= caller.len)
			continue;
		*ret = iq_str_sub(caller, at + marks[i].len, caller.len);
		return true;
	}
	return false;
}

/* Its name as the frames tell: by the Go function that called it, else the
 * outermost one of C, which may be cgo's stub. Empty if there is none. */
static struct iq_str function_of(const struct iq_stack *stack)
{
	struct iq_str name = IQ_STR("");
	uint32_t i = 0;

	for (; stack && i < stack->num_frames && stack->frames[i]->foreign;
	     i++) {
		if (stack->frames[i]->has_pc)
			name = stack->frames[i]->function;
	}
	for (uint32_t n = 0; stack && i < stack->num_frames && n < BETWEEN_MAX;
	     i++, n++) {
		struct iq_str function = stack->frames[i]->function;

		if (called_by(function, &name) ||
		    !iq_str_starts(function, IQ_STR("runtime.")))
			break;
	}
	return name;
}

static bool is_in_c(const struct iq_go_runtime *rt, const struct iq_go_g *g)
{
	struct iq_go_func func;
	struct iq_str name;

	return g->syscallsp &&
	       iq_pclntab_func(rt->program->pcln, g->syscallpc, &func) &&
	       iq_pclntab_name(rt->program->pcln, &func, &name) &&
	       iq_str_equal(name, IQ_STR("runtime.cgocall"));
}

/*
 * The first argument of asmcgocall, at the lower end of the frame of cgocall,
 * which entersyscall noted. Go: src/runtime/cgocall.go, asm_*.s, 1.18 - 1.27.
 */
static bool argument_of(const struct iq_go_runtime *rt, const struct iq_go_g *g,
			uint64_t *ret)
{
	const struct iq_memory_range *range;

	if (!iq_memory_u64(rt->memory,
			   g->syscallsp + rt->core->cpu->fixed_frame, ret))
		return false;
	range = iq_memory_find(rt->memory, *ret);
	return range && (range->prot & IQ_MEMORY_EXEC);
}

struct iq_error *iq_go_cgo_wait_read(const struct iq_go_runtime *rt,
				     const struct iq_go_g *g,
				     const struct iq_stack *stack,
				     struct iq_arena *arena,
				     struct iq_wait *wait)
{
	struct iq_str function;
	struct iq_cgo_fact *cgo;
	uint64_t pc = 0;

	if (!is_in_c(rt, g))
		return NULL;
	wait->kind = IQ_WAIT_CGO;
	function = function_of(stack);
	if (!argument_of(rt, g, &pc))
		pc = 0;
	if (!pc && !function.len)
		return NULL;
	cgo = iq_arena_alloc(arena, sizeof(*cgo));
	if (!cgo)
		return &iq_enomem;
	// Texts of frames are the facts'.
	*cgo = (struct iq_cgo_fact){ .pc = pc, .function = function };
	wait->cgo = cgo;
	return NULL;
}
