/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "formats/go/record.h"
#include "formats/go/stack_start.h"
#include "formats/go/unlocks.h"
#include "formats/go/unwind.h"
#include "formats/go/word_set.h"

/* Frames of one goroutine that are recorded for one object. */
#define FRAMES_MAX 16
/* Deferred calls of one goroutine that are looked at. */
#define DEFERS_MAX 64
/* Words of a frame that are looked at. */
#define FRAME_WORDS_MAX 4096

/* A mention on a goroutine's stack. */
struct hit {
	uint64_t place; /* address of the stack's word, or of its frame */
	uint64_t object;
	/* Address of a closure that unlocks the object; 0: none. */
	uint64_t closure;
	bool unlocks; /* and the call is deferred */
};

struct worker {
	struct iq_go_unlocks unlocks;
	struct iq_go_pc_cache cache;
	struct iq_go_unwound unwound;
	IQ_VEC(struct hit) hits;
	IQ_VEC(struct iq_reference_fact) found;
};

struct job {
	const struct iq_go_runtime *rt;
	size_t first;
	struct iq_go_word_set words;
	struct worker *workers;
	unsigned num_workers;
};

static void job_deinit(struct job *job)
{
	for (unsigned i = 0; job->workers && i < job->num_workers; i++) {
		struct worker *w = &job->workers[i];

		iq_go_pc_cache_deinit(&w->cache);
		iq_go_unwound_deinit(&w->unwound);
		iq_vec_deinit(&w->hits);
		iq_vec_deinit(&w->found);
	}
	free(job->workers);
	iq_go_word_set_deinit(&job->words);
}

static bool is_lock(const struct iq_wait *wait)
{
	return wait->has_address &&
	       (wait->kind == IQ_WAIT_MUTEX || wait->kind == IQ_WAIT_RWMUTEX ||
		wait->kind == IQ_WAIT_WAITGROUP);
}

static struct iq_error *collect_words(struct job *job)
{
	const struct iq_goroutine_fact *facts =
		job->rt->facts->goroutines.data + job->first;

	for (size_t i = 0; i < job->rt->num_gs; i++) {
		for (uint32_t k = 0; k < facts[i].num_waits; k++) {
			const struct iq_wait *wait = &facts[i].waits[k];

			if (!is_lock(wait))
				continue;
			if (!iq_go_word_set_add(&job->words, wait->address,
						wait->address) ||
			    (wait->has_sema &&
			     !iq_go_word_set_add(&job->words, wait->sema_addr,
						 wait->address)))
				return &iq_enomem;
		}
	}
	return NULL;
}

/* A closure at @addr is a function's address, and then what it captured. */
static bool is_unlock(const struct job *job, struct worker *w, uint64_t addr)
{
	const struct iq_go_runtime *rt = job->rt;
	uint64_t pc;

	return iq_memory_u64(rt->memory, addr, &pc) &&
	       iq_go_unlocks(&w->unlocks, rt->core->cpu, rt->memory,
			     rt->program->pcln, pc);
}

static struct iq_error *scan_stack(const struct job *job, struct worker *w,
				   uint64_t addr, uint64_t hi)
{
	uint64_t have = 0;
	const uint8_t *bytes = NULL;

	addr = (addr + 7) & ~7ull;
	for (; addr < hi && hi - addr >= 8; addr += 8) {
		uint64_t word, object;

		if (have < 8) {
			bytes = iq_memory_window(job->rt->memory, addr, &have);
			if (!bytes || have < 8)
				break;
		}
		memcpy(&word, bytes, sizeof(word));
		bytes += 8;
		have -= 8;
		object = iq_go_word_set_object(&job->words, le64toh(word));
		if (!object)
			continue;

		uint64_t closure = is_unlock(job, w, addr - 8) ? addr - 8 : 0;
		if (!iq_vec_push(&w->hits,
				 ((struct hit){ .place = addr,
						.object = object,
						.closure = closure })))
			return &iq_enomem;
	}
	return NULL;
}

/*
 * "defer mu.Unlock()" in a loop makes a record that refers to a closure, whose
 * first variable is the receiver. Outside of loops it is on the stack.
 */
static struct iq_error *scan_defers(const struct job *job, struct worker *w,
				    const struct iq_go_g *g)
{
	const struct iq_go_layout *l = job->rt->layout;
	const struct iq_memory *mem = job->rt->memory;
	uint64_t addr = g->defers;

	for (unsigned n = 0; addr && n < DEFERS_MAX; n++) {
		uint64_t fn, sp, receiver, object;

		if (iq_go_field_read(mem, addr, l->defer_fn, &fn) &&
		    iq_go_field_read(mem, addr, l->defer_sp, &sp) &&
		    iq_memory_u64(mem, fn + 8, &receiver)) {
			object = iq_go_word_set_object(&job->words, receiver);
			struct hit hit = { .place = sp, .object = object };

			hit.unlocks = object && is_unlock(job, w, fn);
			if (object && !iq_vec_push(&w->hits, hit))
				return &iq_enomem;
		}
		if (!iq_go_field_read(mem, addr, l->defer_link, &addr))
			break;
	}
	return NULL;
}

/* Code that locks, and is not who holds the lock: sync.Once may be. */
static bool is_plumbing(const struct iq_frame *frame)
{
	static const char *const prefixes[] = {
		"runtime.",
		"sync.(*Mutex).",
		"sync.(*RWMutex).",
		"sync.runtime_",
		"sync.(*rlocker).",
		"sync.(*WaitGroup).",
		"sync.(*Cond).",
		"internal/sync.(*Mutex).",
		"internal/sync.runtime_",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(prefixes); i++) {
		if (iq_str_starts(frame->function, iq_str_of(prefixes[i])))
			return true;
	}
	return false;
}

/*
 * The innermost call of the program in the @number-th frame of @stack, where
 * inlined calls come before the function that they are in; false if it has
 * none.
 */
static bool call_in_frame(const struct iq_stack *stack, size_t number,
			  uint32_t *ret)
{
	size_t at = 0;

	for (uint32_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *frame = stack->frames[i];

		if (at == number && !is_plumbing(frame)) {
			*ret = i;
			return true;
		}
		if (!frame->inlined && ++at > number)
			return false;
	}
	return false;
}

/* The function that the @number-th frame of @stack belongs to; false if it is
 * not the program's. */
static bool function_of_frame(const struct iq_stack *stack, size_t number,
			      uint32_t *ret)
{
	size_t at = 0;

	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (stack->frames[i]->inlined || at++ != number)
			continue;
		*ret = i;
		return !is_plumbing(stack->frames[i]);
	}
	return false;
}

/*
 * Whether @place, in @frame, is a parameter of the function that it called:
 * those that are passed in registers have a slot in the caller's frame, and are
 * the callee's to use. Go: src/cmd/compile/abi-internal.md, "Stack layout".
 */
static bool is_parameter(const struct job *job, struct worker *w, size_t frame,
			 uint64_t place)
{
	const struct iq_go_layout *l = job->rt->layout;
	struct iq_go_func func;
	uint64_t args, begin;

	if (!frame ||
	    !iq_pclntab_func(job->rt->program->pcln,
			     w->unwound.pcs.data[frame - 1], &func) ||
	    !iq_go_field_read(job->rt->memory, func.func_addr, l->func_args,
			      &args))
		return false;
	begin = w->unwound.fps.data[frame - 1] + w->cache.cpu->fixed_frame;
	// ArgsSizeUnknown is negative. Go: src/internal/abi/stack.go.
	return args <= INT32_MAX && place >= begin && place - begin < args;
}

/* The frame that @place is in; false if none has it. */
static bool frame_at(const struct iq_go_unwound *u, uint64_t place, size_t *ret)
{
	size_t lo = 0;
	size_t hi = u->fps.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->fps.data[mid] <= place)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret = lo;
	return place >= u->sp && lo < u->fps.len;
}

static int compare_found(const void *a, const void *b)
{
	const struct iq_reference_fact *x = a;
	const struct iq_reference_fact *y = b;

	if (x->goroutine != y->goroutine)
		return x->goroutine < y->goroutine ? -1 : 1;
	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* Orders what was found from @begin on; each once, and not too often. */
static void tidy(struct worker *w, size_t begin)
{
	struct iq_reference_fact *found = w->found.data + begin;
	size_t n = w->found.len - begin;
	size_t kept = 0;
	unsigned of_object = 0;

	if (n < 2)
		return;
	qsort(found, n, sizeof(*found), compare_found);
	for (size_t i = 0; i < n; i++) {
		const struct iq_reference_fact *last =
			kept ? &found[kept - 1] : NULL;

		if (!last || last->object != found[i].object)
			of_object = 0;
		else if (last->frame == found[i].frame) {
			found[kept - 1].unlocks |= found[i].unlocks;
			continue;
		}
		if (of_object++ < FRAMES_MAX)
			found[kept++] = found[i];
	}
	w->found.len = begin + kept;
}

/*
 * Whether @frame refers to the closure: a function's slot for a deferred call is
 * cleared on entry, and set by the defer statement; the closure itself may be
 * what an earlier call left there. Go: src/cmd/compile/internal/ssagen/ssa.go,
 * openDeferSave().
 */
static bool is_deferred(const struct job *job, const struct iq_go_unwound *u,
			size_t frame, uint64_t closure)
{
	uint64_t addr = frame ? u->fps.data[frame - 1] : u->sp;

	for (unsigned n = 0;
	     closure && n < FRAME_WORDS_MAX && addr < u->fps.data[frame];
	     n++, addr += 8) {
		uint64_t word;

		if (iq_memory_u64(job->rt->memory, addr, &word) &&
		    word == closure)
			return true;
	}
	return false;
}

static struct iq_error *place_hits(const struct job *job, struct worker *w,
				   size_t i,
				   const struct iq_go_unwind_start *start)
{
	size_t goroutine = job->first + i;
	const struct iq_stack *stack =
		job->rt->facts->goroutines.data[goroutine].stack;
	size_t begin = w->found.len;
	struct iq_error *err;

	w->unwound.has_fps = true;
	err = iq_go_unwind(&w->cache, start, &w->unwound);
	if (err)
		return err;
	for (size_t k = 0; k < w->hits.len; k++) {
		struct iq_reference_fact ref = {
			.object = w->hits.data[k].object,
			.goroutine = (uint32_t)goroutine,
			.unlocks = w->hits.data[k].unlocks,
		};
		size_t frame;

		uint64_t place = w->hits.data[k].place;

		if (!frame_at(&w->unwound, place, &frame) ||
		    (!(is_parameter(job, w, frame, place) &&
		       function_of_frame(stack, frame - 1, &ref.frame)) &&
		     !call_in_frame(stack, frame, &ref.frame)))
			continue;
		ref.unlocks |= is_deferred(job, &w->unwound, frame,
					   w->hits.data[k].closure);
		if (!iq_vec_push(&w->found, ref))
			return &iq_enomem;
	}
	tidy(w, begin);
	return NULL;
}

static struct iq_error *scan_goroutine(const struct job *job, struct worker *w,
				       size_t i)
{
	const struct iq_go_g *g = &job->rt->gs[i];
	struct iq_go_unwind_start start;
	struct iq_error *err;

	if (!job->rt->facts->goroutines.data[job->first + i].stack ||
	    iq_go_stack_start(job->rt, g, &start) != IQ_GO_START_FOUND ||
	    start.sp < start.lo)
		return NULL;
	w->hits.len = 0;
	err = scan_stack(job, w, start.sp, start.hi);
	if (!err)
		err = scan_defers(job, w, g);
	if (!err && w->hits.len)
		err = place_hits(job, w, i, &start);
	return err;
}

static struct iq_error *scan_range(void *ctx, unsigned worker, size_t begin,
				   size_t end)
{
	const struct job *job = ctx;

	for (size_t i = begin; i < end; i++) {
		struct iq_error *err =
			scan_goroutine(job, &job->workers[worker], i);

		if (err)
			return err;
	}
	return NULL;
}

static struct iq_error *scan(struct job *job, struct iq_go_references *ret)
{
	struct iq_error *err = NULL;

	job->num_workers = iq_pool_num_workers(job->rt->pool);
	job->workers = calloc(job->num_workers, sizeof(*job->workers));
	if (!job->workers)
		return &iq_enomem;
	for (unsigned i = 0; i < job->num_workers && !err; i++)
		err = iq_go_pc_cache_init(&job->workers[i].cache, job->rt);
	if (!err)
		err = iq_pool_run(job->rt->pool, job->rt->num_gs, 256,
				  scan_range, job);
	for (unsigned i = 0; i < job->num_workers && !err; i++) {
		const struct worker *w = &job->workers[i];

		if (!w->found.len)
			continue;
		if (!iq_vec_reserve(&ret->found, w->found.len))
			return &iq_enomem;
		memcpy(ret->found.data + ret->found.len, w->found.data,
		       w->found.len * sizeof(*w->found.data));
		ret->found.len += w->found.len;
	}
	if (!err && ret->found.len)
		qsort(ret->found.data, ret->found.len, sizeof(*ret->found.data),
		      compare_found);
	return err;
}

void iq_go_references_deinit(struct iq_go_references *references)
{
	iq_vec_deinit(&references->found);
}

struct iq_error *iq_go_references_of(struct iq_go_runtime *rt, size_t first,
				     const uint64_t *addrs, size_t num,
				     struct iq_go_references *ret)
{
	iq_cleanup(job_deinit) struct job job = { .rt = rt, .first = first };

	for (size_t i = 0; i < num; i++) {
		if (!iq_go_word_set_add(&job.words, addrs[i], addrs[i]))
			return &iq_enomem;
	}
	return job.words.num ? scan(&job, ret) : NULL;
}

struct iq_error *iq_go_references_read(struct iq_go_runtime *rt, size_t first)
{
	iq_cleanup(iq_go_references_deinit) struct iq_go_references r = { 0 };
	iq_cleanup(job_deinit) struct job job = { .rt = rt, .first = first };
	struct iq_facts *facts = rt->facts;
	struct iq_error *err = collect_words(&job);

	if (err || !job.words.num)
		return err;
	err = scan(&job, &r);
	if (err || !r.found.len)
		return err;
	if (!iq_vec_reserve(&facts->references, r.found.len))
		return &iq_enomem;
	memcpy(facts->references.data + facts->references.len, r.found.data,
	       r.found.len * sizeof(*r.found.data));
	facts->references.len += r.found.len;
	return NULL;
}
