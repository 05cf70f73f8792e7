/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/unwind.h"

#include <endian.h>
#include <string.h>

#include "base/limits.h"

/* A walk over one stack. */
struct walk {
	const struct iq_memory *memory;
	uint64_t lo, hi;
	/* The bytes of the stack from window_addr on. */
	const uint8_t *window;
	uint64_t window_addr, window_len;
	uint64_t pc, sp, fp, lr;
	bool exact;
	bool innermost;
	/* What pc was read from is not what a call left there. */
	bool uncalled;
	bool syscall;
	const struct iq_arch *cpu;
};

static bool stack_word(const struct walk *w, uint64_t addr, uint64_t *ret)
{
	uint64_t offset = addr - w->window_addr;
	uint64_t value;

	if (addr < w->lo || addr >= w->hi || w->hi - addr < 8)
		return false;
	if (addr < w->window_addr || offset >= w->window_len ||
	    w->window_len - offset < sizeof(value))
		return iq_memory_u64(w->memory, addr, ret);
	memcpy(&value, w->window + offset, sizeof(value));
	*ret = le64toh(value);
	return true;
}

static void walk_init(struct walk *w, const struct iq_go_pc_cache *cache,
		      const struct iq_go_unwind_start *start)
{
	*w = (struct walk){
		.memory = cache->rt->memory,
		.lo = start->lo,
		.hi = start->hi,
		.pc = start->pc,
		.sp = start->sp,
		.lr = start->lr,
		.exact = start->exact,
		.innermost = true,
		.uncalled = true,
		.syscall = start->syscall,
		.cpu = cache->cpu,
	};
	w->window_addr = w->sp;
	w->window = iq_memory_window(w->memory, w->sp, &w->window_len);
	if (!w->window)
		w->window_len = 0;
	// A call of a nil function: the caller's frame is the first.
	if (w->pc == 0 && stack_word(w, w->sp, &w->pc)) {
		w->exact = false;
		w->lr = 0;
		w->sp += w->cpu->call_push;
	}
}

/* The frame that begins at w->sp: whether its caller can be found. */
static enum iq_go_unwind_end resolve(struct walk *w,
				     const struct iq_go_pc *info)
{
	uint64_t at;

	// Code that a register set interrupted may have changed its stack
	// already. A pc that was saved belongs to a function that stopped
	// itself on entry. Go: src/runtime/traceback.go, resolveInternal.
	if (info->flags & IQ_GO_PC_SPWRITE &&
	    !(w->innermost && (w->syscall || !w->exact)))
		return IQ_GO_UNWIND_SPWRITE;
	if (!(info->flags & IQ_GO_PC_HAS_SPDELTA))
		return IQ_GO_UNWIND_NO_TABLE;
	w->fp = w->sp + (uint64_t)info->spdelta + w->cpu->call_push;
	if (w->sp < w->lo || w->fp < w->sp || w->fp > w->hi)
		return IQ_GO_UNWIND_OUTSIDE;
	if (w->cpu->lr >= 0) {
		if (w->lr && !(w->innermost && w->sp < w->fp))
			return IQ_GO_UNWIND_COMPLETE;
		at = w->sp;
	} else {
		at = w->fp - w->cpu->call_push;
	}
	return stack_word(w, at, &w->lr) ? IQ_GO_UNWIND_COMPLETE :
					   IQ_GO_UNWIND_MISSING;
}

/* Goes to the caller of the frame that was resolved. */
static bool step(struct walk *w, struct iq_go_pc_cache *cache,
		 const struct iq_go_pc *info)
{
	bool injected = info->flags & IQ_GO_PC_INJECTED;

	// No progress is possible.
	if (w->pc == w->lr && w->sp == w->fp)
		return false;
	w->pc = w->lr;
	w->lr = 0;
	w->sp = w->fp;
	w->exact = injected;
	w->innermost = false;
	w->uncalled = injected || info->flags & IQ_GO_PC_PUSHES;
	if (injected && w->cpu->injected_frame) {
		uint64_t saved;

		// The handler pushed a frame with the link register in it.
		if (!stack_word(w, w->sp, &saved))
			return false;
		w->sp += w->cpu->injected_frame;
		const struct iq_go_pc *at = iq_go_pc_cache_get(cache, w->pc);
		// Where tables are lost Go code is not known, either.
		if (!(at->flags & IQ_GO_PC_KNOWN) &&
		    !iq_pclntab_module(cache->rt->program->pcln, w->pc))
			w->pc = saved;
		else if (at->spdelta == 0)
			w->lr = saved;
	}
	return true;
}

/* Adds one frame and goes on; COMPLETE and *@more_ret false at the bottom. */
static enum iq_go_unwind_end unwind_frame(struct walk *w,
					  struct iq_go_pc_cache *cache,
					  const struct iq_go_pc *info,
					  bool *more_ret)
{
	enum iq_go_unwind_end end;

	*more_ret = false;
	if (info->flags & IQ_GO_PC_TOP) {
		w->fp = w->sp + (uint64_t)info->spdelta;
		return IQ_GO_UNWIND_COMPLETE;
	}
	end = resolve(w, info);
	if (end != IQ_GO_UNWIND_COMPLETE)
		return end;
	*more_ret = step(w, cache, info);
	return *more_ret ? IQ_GO_UNWIND_COMPLETE : IQ_GO_UNWIND_OUTSIDE;
}

void iq_go_unwound_deinit(struct iq_go_unwound *unwound)
{
	iq_vec_deinit(&unwound->pcs);
	iq_vec_deinit(&unwound->fps);
}

static struct iq_error *unwind_frames(struct iq_go_pc_cache *cache,
				      struct walk *w, struct iq_go_unwound *ret)
{
	bool more = true;

	ret->end = IQ_GO_UNWIND_LIMIT;
	for (uint32_t n = 0; more && n < IQ_LIMIT_FRAMES; n++) {
		const struct iq_go_pc *info = iq_go_pc_cache_get(cache, w->pc);

		ret->end = IQ_GO_UNWIND_NOT_GO;
		if (!(info->flags & IQ_GO_PC_KNOWN) ||
		    info->flags & IQ_GO_PC_EXTERNAL)
			break;
		ret->end = IQ_GO_UNWIND_NO_CALL;
		if (!w->uncalled && !(info->flags & IQ_GO_PC_CALLED))
			break;
		if (!iq_vec_push(&ret->pcs, w->pc))
			return &iq_enomem;
		// The cache's slot may be reused by a step.
		struct iq_go_pc copy = *info;

		ret->end = unwind_frame(w, cache, &copy, &more);
		if (ret->has_fps && !iq_vec_push(&ret->fps, w->fp))
			return &iq_enomem;
		if (more)
			ret->end = IQ_GO_UNWIND_LIMIT;
	}
	return NULL;
}

struct iq_error *iq_go_unwind(struct iq_go_pc_cache *cache,
			      const struct iq_go_unwind_start *start,
			      struct iq_go_unwound *ret)
{
	struct walk w;

	walk_init(&w, cache, start);
	ret->pcs.len = 0;
	ret->fps.len = 0;
	ret->sp = w.sp;
	ret->exact = w.exact;

	struct iq_error *err = unwind_frames(cache, &w, ret);
	ret->end_addr = w.sp;
	return err;
}

const char *iq_go_unwind_end_text(enum iq_go_unwind_end end)
{
	static const char *const texts[] = {
		[IQ_GO_UNWIND_COMPLETE] = "it is complete",
		[IQ_GO_UNWIND_NOT_GO] = "the next pc is in no Go function",
		[IQ_GO_UNWIND_NO_CALL] =
			"no call stands before the next return address",
		[IQ_GO_UNWIND_MISSING] = "its memory is not in the core",
		[IQ_GO_UNWIND_OUTSIDE] = "the next frame is outside the stack",
		[IQ_GO_UNWIND_NO_TABLE] =
			"the size of the next frame is unreadable",
		[IQ_GO_UNWIND_SPWRITE] =
			"the function changes its stack pointer",
		[IQ_GO_UNWIND_LIMIT] = "there are too many frames",
	};

	return texts[end];
}
