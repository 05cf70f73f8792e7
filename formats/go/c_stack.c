/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/c_stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* A stack frame of C that a frame pointer leads over. */
#define GUESS_MAX (1u << 20)

struct iq_c_walker {
	const struct iq_go_runtime *rt;
	struct iq_go_symbolizer *sym;
	const struct iq_arch *cpu;
	struct iq_code code;
	struct iq_cfi_module *tables;
	struct iq_cfi *cfi;
	/* DWARF's numbers of sp and fp. */
	unsigned sp, fp;
};

/* Where a walk stands. */
struct walk {
	struct iq_c_walker *w;
	const struct iq_go_g *g;
	struct iq_cfi_regs regs;
	uint64_t pc;
	bool exact;
	bool guessed;
	/* Nothing but registers led here. */
	bool innermost;
	unsigned signals;
	struct iq_c_stack *out;
};

void iq_c_stack_deinit(struct iq_c_stack *stack)
{
	iq_vec_deinit(&stack->frames);
}

void iq_c_frames_deinit(struct iq_c_frames *frames)
{
	iq_vec_deinit(&frames->all);
}

const char *iq_c_end_text(enum iq_c_end end)
{
	static const char *const texts[] = {
		[IQ_C_END_BOTTOM] = "it is complete",
		[IQ_C_END_CALLED] = "it goes on in a goroutine",
		[IQ_C_END_GOROUTINE] = "it goes on in a goroutine",
		[IQ_C_END_NO_TABLE] = "no unwind table has its next pc",
		[IQ_C_END_UNKNOWN_RULE] =
			"its unwind table asks for what is not known",
		[IQ_C_END_MISSING] = "its memory is not in the core",
		[IQ_C_END_NO_CALL] = "its next return address follows no call",
		[IQ_C_END_LIMIT] = "there are too many frames",
	};

	return texts[end];
}

static unsigned dwarf_number(const struct iq_arch *cpu, unsigned reg)
{
	for (unsigned i = 0; i < cpu->num_dwarf; i++) {
		if (cpu->dwarf[i] == (int)reg)
			return i;
	}
	return IQ_CFI_REGS;
}

static struct iq_error *tables_create(struct iq_c_walker *w)
{
	w->tables = calloc(w->code.num_modules + 1, sizeof(*w->tables));
	if (!w->tables)
		return &iq_enomem;
	for (size_t i = 0; i < w->code.num_modules; i++) {
		const struct iq_code_module *m = &w->code.modules[i];

		w->tables[i] = (struct iq_cfi_module){
			.eh_frame = m->eh_frame,
			.eh_frame_len = m->eh_frame_len,
			.eh_frame_addr = m->eh_frame_addr,
			.elf = m->elf,
			.bias = m->bias,
		};
	}
	return iq_cfi_create(w->tables, w->code.num_modules, &w->cfi);
}

struct iq_error *iq_c_walker_create(const struct iq_go_runtime *rt,
				    struct iq_go_symbolizer *sym,
				    struct iq_c_walker **ret)
{
	struct iq_c_walker *w = calloc(1, sizeof(*w));
	struct iq_error *err;

	if (!w)
		return &iq_enomem;
	w->rt = rt;
	w->sym = sym;
	w->cpu = rt->core->cpu;
	w->sp = w->cpu ? dwarf_number(w->cpu, w->cpu->sp) : IQ_CFI_REGS;
	w->fp = w->cpu ? dwarf_number(w->cpu, w->cpu->fp) : IQ_CFI_REGS;
	err = iq_code_init(&w->code, rt->core);
	if (!err)
		err = tables_create(w);
	if (err) {
		iq_c_walker_destroy(w);
		return err;
	}
	*ret = w;
	return NULL;
}

void iq_c_walker_destroy(struct iq_c_walker *walker)
{
	if (!walker)
		return;
	iq_cfi_destroy(walker->cfi);
	free(walker->tables);
	iq_code_deinit(&walker->code);
	free(walker);
}

/* ---- one step */

enum next {
	NEXT_FRAME,
	NEXT_END, /* out->end says why */
};

static enum next end(struct walk *k, enum iq_c_end why)
{
	k->out->end = why;
	return NEXT_END;
}

static uint64_t sp_of(const struct walk *k)
{
	return k->regs.values[k->w->sp];
}

/* All registers of a note or of a signal's frame. */
static void regs_take(const struct iq_c_walker *w, const uint64_t *values,
		      bool of_signal, struct iq_cfi_regs *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned i = 0; i < IQ_CFI_REGS; i++) {
		int reg = iq_arch_dwarf_reg(w->cpu, i);

		if (reg < 0 ||
		    (of_signal && !iq_arch_signal_has(w->cpu, (uint32_t)reg)))
			continue;
		ret->values[i] = values[reg];
		ret->known[i] = true;
	}
}

/* What the signal interrupted whose frame ends a stack at @sp. */
static bool signal_take(struct walk *k, uint64_t sp)
{
	const struct iq_arch_signal *shape = &k->w->cpu->signal;
	uint64_t regs[IQ_CORE_MAX_REGS];

	// siginfo stands before ucontext on some.
	if (shape->siginfo < 0)
		sp += (uint64_t)(int64_t)-shape->siginfo;
	if (k->signals == IQ_LIMIT_SIGNAL_FRAMES ||
	    !iq_arch_signal_regs(k->w->cpu, k->w->rt->memory, sp, regs))
		return false;
	k->signals++;
	regs_take(k->w, regs, true, &k->regs);
	k->pc = regs[k->w->cpu->pc];
	k->exact = true;
	k->guessed = false;
	k->innermost = true;
	return true;
}

/* Whether a call ends where a return address points; also where nobody can
 * tell. */
static bool is_called(const struct iq_c_walker *w, uint64_t pc)
{
	uint8_t bytes[16];
	size_t len = w->cpu->call_max;

	if (len > sizeof(bytes) || pc < len)
		return false;
	for (; len; len--) {
		if (iq_memory_read(w->rt->memory, pc - len, len, bytes))
			return w->cpu->is_call(bytes + len, len);
	}
	return true;
}

/*
 * What kernels make programs return to from a handler: a number of a system
 * call, and the call. Code without tables, in static programs and Go's own.
 * Linux: arch/x86/entry/syscalls/syscall_64.tbl, rt_sigreturn (15);
 * include/uapi/asm-generic/unistd.h (139).
 */
static bool is_sigreturn(const struct iq_c_walker *w, uint64_t pc)
{
	static const uint8_t amd64[] = { 0x48, 0xc7, 0xc0, 0x0f, 0,
					 0,    0,    0x0f, 0x05 };
	static const uint8_t arm64[] = { 0x68, 0x11, 0x80, 0xd2,
					 0x01, 0,    0,	   0xd4 };
	uint8_t bytes[sizeof(amd64)];
	bool is_pushing = w->cpu->call_push != 0;
	size_t len = is_pushing ? sizeof(amd64) : sizeof(arm64);

	return iq_memory_read(w->rt->memory, pc, len, bytes) &&
	       memcmp(bytes, is_pushing ? amd64 : arm64, len) == 0;
}

/* Goes to the caller that returned registers lead to. */
static enum next caller_take(struct walk *k, const struct iq_cfi_regs *regs,
			     uint64_t pc, bool interrupted)
{
	uint64_t sp = regs->values[k->w->sp];

	if (!regs->known[k->w->sp])
		return end(k, IQ_C_END_UNKNOWN_RULE);
	if (!interrupted && (!iq_code_is_executable(&k->w->code, pc) ||
			     (!is_called(k->w, pc) && !is_sigreturn(k->w, pc))))
		return end(k, IQ_C_END_NO_CALL);
	if (interrupted) {
		if (k->signals++ == IQ_LIMIT_SIGNAL_FRAMES)
			return end(k, IQ_C_END_LIMIT);
	} else if (sp < sp_of(k) || (sp == sp_of(k) && !k->innermost)) {
		return end(k, IQ_C_END_NO_CALL);
	}
	k->regs = *regs;
	k->pc = pc;
	k->exact = interrupted;
	k->innermost = interrupted;
	return NEXT_FRAME;
}

static enum next guess(struct walk *k)
{
	const struct iq_memory *memory = k->w->rt->memory;
	uint64_t fp = k->regs.values[k->w->fp];
	struct iq_cfi_regs next = { 0 };
	uint64_t pc, saved;

	if (!k->regs.known[k->w->fp] || fp % 8 || fp < sp_of(k) ||
	    fp - sp_of(k) > GUESS_MAX || !iq_memory_u64(memory, fp, &saved) ||
	    !iq_memory_u64(memory, fp + 8, &pc) ||
	    !iq_code_is_executable(&k->w->code, pc) || !is_called(k->w, pc))
		return end(k, IQ_C_END_NO_TABLE);
	next.values[k->w->sp] = fp + 16;
	next.known[k->w->sp] = true;
	next.values[k->w->fp] = saved;
	next.known[k->w->fp] = true;
	k->guessed = true;
	return caller_take(k, &next, pc, false);
}

/* A call of what is no code: its return address is still on top. */
static enum next wild_step(struct walk *k)
{
	struct iq_cfi_regs next = k->regs;
	uint64_t pc;

	if (!k->innermost || !k->w->cpu->call_push)
		return end(k, IQ_C_END_NO_TABLE);
	if (!iq_memory_u64(k->w->rt->memory, sp_of(k), &pc))
		return end(k, IQ_C_END_MISSING);
	next.values[k->w->sp] += k->w->cpu->call_push;
	return caller_take(k, &next, pc, false);
}

static enum next c_step(struct walk *k, struct iq_c_frame *frame,
			struct iq_error **err)
{
	// A return address may be the first one of the next function.
	uint64_t at = k->exact ? k->pc : k->pc - 1;
	const struct iq_cfi_row *row;
	struct iq_cfi_regs next;
	uint64_t pc;
	size_t module;

	if (!iq_code_is_executable(&k->w->code, k->pc))
		return wild_step(k);
	if (!iq_code_module_find(&k->w->code, at, &module))
		return guess(k);
	*err = iq_cfi_row_find(k->w->cfi, module, at, &row);
	if (*err)
		return end(k, IQ_C_END_NO_TABLE);
	if (!row->found || row->is_signal) {
		// The kernel enters it as if it had been called.
		*err = iq_cfi_row_find(k->w->cfi, module, k->pc, &row);
		if (*err)
			return end(k, IQ_C_END_NO_TABLE);
	}
	if (!row->found) {
		frame->is_signal =
			is_sigreturn(k->w, k->pc) && signal_take(k, sp_of(k));
		return frame->is_signal ? NEXT_FRAME : guess(k);
	}
	frame->is_signal = row->is_signal;
	k->guessed = false;
	switch (iq_cfi_step(row, k->w->sp, k->pc, &k->regs, k->w->rt->memory,
			    &next, &pc)) {
	case IQ_CFI_STEP_DONE:
		break;
	case IQ_CFI_STEP_BOTTOM:
		return end(k, IQ_C_END_BOTTOM);
	case IQ_CFI_STEP_MISSING:
		return end(k, IQ_C_END_MISSING);
	case IQ_CFI_STEP_UNKNOWN:
		return end(k, IQ_C_END_UNKNOWN_RULE);
	}
	return caller_take(k, &next, pc, row->is_signal);
}

/* ---- Go's frames on stacks of the system */

static bool is_id(uint8_t id, int16_t of)
{
	return of >= 0 && id == of;
}

static bool is_go(const struct iq_c_walker *w, uint64_t pc,
		  struct iq_go_func *ret)
{
	return iq_pclntab_func(w->rt->program->pcln, pc, ret) && ret->pcsp != 0;
}

static bool has_name(const struct iq_c_walker *w, const struct iq_go_func *f,
		     const char *name)
{
	struct iq_str found;

	return iq_pclntab_name(w->rt->program->pcln, f, &found) &&
	       (iq_str_equal(found, iq_str_of(name)) ||
		(iq_str_starts(found, iq_str_of(name)) &&
		 iq_str_ends(found, IQ_STR(".abi0")) &&
		 found.len == strlen(name) + 5));
}

/*
 * Where crosscall2 keeps what C wants back, in bytes from its sp while it calls.
 * Go: src/runtime/cgo/asm_amd64.s, abi_amd64.h,
 * asm_arm64.s, 1.18 - 1.27.
 */
struct kept {
	uint8_t reg; /* DWARF's number */
	uint16_t offset;
};

static const struct kept kept_amd64[] = {
	{ 3, 24 }, { 12, 32 }, { 13, 40 }, { 14, 48 }, { 15, 56 },
};
static const struct kept kept_arm64[] = {
	{ 19, 32 }, { 20, 40 },	 { 21, 48 },  { 22, 56 },
	{ 23, 64 }, { 24, 72 },	 { 25, 80 },  { 26, 88 },
	{ 27, 96 }, { 28, 104 }, { 29, 112 }, { 30, 120 },
};

#define CROSSCALL2_LR_ARM64 120

/* crosscall2 is entered by C and calls cgocallback. */
static enum next crosscall_step(struct walk *k, const struct iq_go_func *f)
{
	bool pushes = k->w->cpu->call_push != 0;
	const struct kept *kept = pushes ? kept_amd64 : kept_arm64;
	size_t num =
		pushes ? IQ_ARRAY_SIZE(kept_amd64) : IQ_ARRAY_SIZE(kept_arm64);
	const struct iq_memory *memory = k->w->rt->memory;
	struct iq_cfi_regs next = { 0 };
	uint64_t sp = sp_of(k), pc, top;
	int32_t delta;

	if (!iq_pclntab_spdelta(k->w->rt->program->pcln, f, k->pc, &delta) ||
	    delta < 0)
		return end(k, IQ_C_END_NO_TABLE);
	top = sp + (uint64_t)delta;
	for (size_t i = 0; i < num; i++)
		next.known[kept[i].reg] = iq_memory_u64(
			memory, sp + kept[i].offset, &next.values[kept[i].reg]);
	// The assembler pushes the frame pointer first.
	if (pushes)
		next.known[k->w->fp] =
			iq_memory_u64(memory, top - 8, &next.values[k->w->fp]);
	if (!iq_memory_u64(memory, pushes ? top : sp + CROSSCALL2_LR_ARM64,
			   &pc))
		return end(k, IQ_C_END_MISSING);
	next.values[k->w->sp] = top + k->w->cpu->call_push;
	next.known[k->w->sp] = true;
	return caller_take(k, &next, pc, false);
}

/* Functions below which is another stack, or nothing.
 * Go: src/runtime/traceback.go, unwinder.resolveInternal. */
static bool is_bottom(const struct iq_c_walker *w, const struct iq_go_func *f)
{
	const struct iq_go_func_ids *ids = w->rt->version->func_ids;

	return f->flag & IQ_FUNC_TOPFRAME || is_id(f->func_id, ids->goexit) ||
	       is_id(f->func_id, ids->gogo) || is_id(f->func_id, ids->mcall) ||
	       is_id(f->func_id, ids->morestack) ||
	       is_id(f->func_id, ids->mstart) ||
	       is_id(f->func_id, ids->rt0_go) ||
	       is_id(f->func_id, ids->systemstack);
}

/* The caller of a plain Go function. */
static enum next plain_step(struct walk *k, const struct iq_go_func *f)
{
	const struct iq_arch *cpu = k->w->cpu;
	const struct iq_memory *memory = k->w->rt->memory;
	struct iq_cfi_regs next = { 0 };
	uint64_t sp = sp_of(k), at, pc;
	unsigned lr = (unsigned)IQ_ARCH_NONE;
	int32_t delta;

	if (!iq_pclntab_spdelta(k->w->rt->program->pcln, f, k->pc, &delta) ||
	    delta < 0)
		return end(k, IQ_C_END_NO_TABLE);
	if (cpu->lr >= 0)
		lr = dwarf_number(cpu, (unsigned)cpu->lr);
	at = sp + (uint64_t)delta;
	if (cpu->lr >= 0 && delta == 0) {
		if (!k->innermost || lr >= IQ_CFI_REGS || !k->regs.known[lr])
			return end(k, IQ_C_END_UNKNOWN_RULE);
		pc = k->regs.values[lr];
	} else if (!iq_memory_u64(memory, cpu->lr >= 0 ? sp : at, &pc)) {
		return end(k, IQ_C_END_MISSING);
	}
	next.values[k->w->sp] = at + cpu->call_push;
	next.known[k->w->sp] = true;
	// A frame that was entered has the caller's frame pointer under its
	// return address; until then it is where it was.
	if (k->regs.known[k->w->fp] && cpu->call_push) {
		bool saved = delta && k->regs.values[k->w->fp] == at - 8;

		next.values[k->w->fp] = k->regs.values[k->w->fp];
		next.known[k->w->fp] =
			!saved ||
			iq_memory_u64(memory, at - 8, &next.values[k->w->fp]);
	}
	return caller_take(k, &next, pc, false);
}

static enum next sigtramp_step(struct walk *k, const struct iq_go_func *f)
{
	int32_t delta;

	if (!iq_pclntab_spdelta(k->w->rt->program->pcln, f, k->pc, &delta) ||
	    delta < 0)
		return end(k, IQ_C_END_NO_TABLE);
	// The kernel puts what sigtramp returns to where a call would.
	if (!signal_take(k, sp_of(k) + (uint64_t)delta + k->w->cpu->call_push))
		return end(k, IQ_C_END_MISSING);
	return NEXT_FRAME;
}

static enum next go_step(struct walk *k, const struct iq_go_func *f,
			 struct iq_c_frame *frame)
{
	const struct iq_go_func_ids *ids = k->w->rt->version->func_ids;

	if (is_id(f->func_id, ids->asmcgocall))
		return end(k, IQ_C_END_CALLED);
	if (has_name(k->w, f, "runtime.sigtramp")) {
		frame->is_signal = true;
		return sigtramp_step(k, f);
	}
	if (is_bottom(k->w, f))
		return end(k, IQ_C_END_BOTTOM);
	if (has_name(k->w, f, "crosscall2"))
		return crosscall_step(k, f);
	if (is_sigreturn(k->w, k->pc) && signal_take(k, sp_of(k)))
		return NEXT_FRAME;
	if (f->flag & IQ_FUNC_SPWRITE && !is_id(f->func_id, ids->cgocallback))
		return end(k, IQ_C_END_UNKNOWN_RULE);
	return plain_step(k, f);
}

/* ---- a walk */

static bool is_on_stack(const struct iq_go_g *g, uint64_t sp)
{
	return g && sp > g->stack_lo && sp <= g->stack_hi;
}

static struct iq_error *walk(struct walk *k)
{
	enum next next = NEXT_FRAME;
	struct iq_error *err = NULL;

	for (unsigned n = 0; next == NEXT_FRAME; n++) {
		struct iq_c_frame frame = {
			.pc = k->pc,
			.exact = k->exact,
			.guessed = k->guessed,
		};
		struct iq_go_func f;

		k->out->end_sp = sp_of(k);
		if (n == IQ_LIMIT_C_FRAMES) {
			k->out->end = IQ_C_END_LIMIT;
			return NULL;
		}
		if (is_on_stack(k->g, sp_of(k))) {
			k->out->end = IQ_C_END_GOROUTINE;
			return NULL;
		}
		frame.is_go = is_go(k->w, k->exact ? k->pc : k->pc - 1, &f);
		if (frame.is_go) {
			next = go_step(k, &f, &frame);
			if (k->out->end == IQ_C_END_CALLED && next == NEXT_END)
				return NULL;
		} else {
			next = c_step(k, &frame, &err);
		}
		if (!iq_vec_push(&k->out->frames, frame)) {
			iq_error_destroy(err);
			return &iq_enomem;
		}
		if (err && err->code == IQ_ERROR_NOMEM)
			return err;
		if (err)
			iq_facts_gap_error(k->w->rt->facts, IQ_GAP_DAMAGED,
					   err);
		err = NULL;
	}
	return NULL;
}

static void walk_begin(struct walk *k, struct iq_c_walker *w,
		       struct iq_c_stack *out)
{
	memset(k, 0, sizeof(*k));
	k->w = w;
	k->out = out;
	out->frames.len = 0;
	out->end = IQ_C_END_NO_TABLE;
	out->end_sp = 0;
}

struct iq_error *iq_c_walk_thread(struct iq_c_walker *walker,
				  const struct iq_core_thread *thread,
				  const struct iq_go_g *g,
				  struct iq_c_stack *ret)
{
	struct walk k;

	walk_begin(&k, walker, ret);
	if (walker->sp >= IQ_CFI_REGS || walker->fp >= IQ_CFI_REGS)
		return NULL;
	regs_take(walker, thread->regs, false, &k.regs);
	k.g = g;
	k.pc = thread->pc;
	k.exact = true;
	k.innermost = true;
	return walk(&k);
}

struct iq_error *iq_c_walk_callback(struct iq_c_walker *walker, uint64_t pc,
				    uint64_t sp, struct iq_c_stack *ret)
{
	struct iq_go_func f;
	struct walk k;

	walk_begin(&k, walker, ret);
	if (walker->sp >= IQ_CFI_REGS || walker->fp >= IQ_CFI_REGS ||
	    !is_go(walker, pc - 1, &f))
		return NULL;
	k.pc = pc;
	k.regs.values[walker->sp] = sp;
	k.regs.known[walker->sp] = true;
	if (plain_step(&k, &f) != NEXT_FRAME || !is_go(walker, k.pc - 1, &f) ||
	    !has_name(walker, &f, "crosscall2") ||
	    crosscall_step(&k, &f) != NEXT_FRAME)
		return NULL;
	return walk(&k);
}

/* ---- names */

/* "libc.so.6+0x8b2e6": code whose function nobody names. */
static struct iq_str place_name(const struct iq_code_module *m, uint64_t pc,
				char *buf, size_t size)
{
	struct iq_str base = iq_str_basename(m->path);
	int len;

	if (!base.len)
		base = IQ_STR("unknown");
	if (base.len > size / 2)
		base.len = size / 2;
	len = snprintf(buf, size, "%.*s+0x%llx", IQ_STR_ARG(base),
		       (unsigned long long)(pc - m->bias));
	return (struct iq_str){ .ptr = buf, .len = (size_t)len };
}

static struct iq_error *c_name(struct iq_c_walker *w,
			       const struct iq_c_frame *frame,
			       struct iq_c_frames *ret)
{
	struct iq_frame f = {
		.foreign = true,
		.guessed = frame->guessed,
		.has_pc = true,
		.pc_exact = frame->exact,
		.pc = frame->pc,
	};
	uint64_t at =
		frame->exact || frame->is_signal ? frame->pc : frame->pc - 1;
	const struct iq_frame *kept;
	struct iq_error *err = NULL;
	char buf[256];
	size_t module;

	if (iq_code_module_find(&w->code, at, &module)) {
		const struct iq_code_module *m = &w->code.modules[module];

		f.module = m->path;
		err = iq_code_function(&w->code, module, at, &f.function,
				       &f.entry);
		if (!f.function.len && frame->is_signal)
			f.function = IQ_STR("(return from a signal's handler)");
		else if (!f.function.len)
			f.function = place_name(m, frame->pc, buf, sizeof(buf));
	} else {
		f.function = IQ_STR("(code of no module)");
	}
	if (!err)
		err = iq_facts_frame(w->rt->facts, &f, &kept);
	if (!err && !iq_vec_push(&ret->all, kept))
		err = &iq_enomem;
	return err;
}

struct iq_error *iq_c_frame_name(struct iq_c_walker *walker,
				 const struct iq_c_frame *frame,
				 struct iq_c_frames *ret)
{
	const struct iq_go_frames *calls;
	struct iq_error *err;

	if (!frame->is_go)
		return c_name(walker, frame, ret);
	err = iq_go_symbolize(walker->sym, frame->pc, frame->exact, &calls);
	for (uint32_t i = 0; !err && i < calls->num; i++) {
		if (!iq_vec_push(&ret->all, calls->frames[i]))
			err = &iq_enomem;
	}
	return err;
}
