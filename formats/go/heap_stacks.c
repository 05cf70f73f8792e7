/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_stacks.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/go/stack_start.h"

/*
 * Go: src/runtime/mgcmark.go, scanstack, scanframeworker; stkframe.go, getStackMap
 * (stack.go before 1.21); 1.18 - 1.27. A whole stack counts, beyond what the
 * runtime takes so, where a signal interrupted a frame, calls are deferred by
 * records or a panic is under way, and where a table is missing.
 */

/* Go: src/internal/abi/symtab.go, FUNCDATA_StackObjects; stack.go,
 * stackObjectRecord. */
#define FUNCDATA_OBJECTS 2
#define OBJECT_RECORD 16
/* Larger stacks, and those with more variables whose address was taken, are
 * not narrowed, or not as far. */
#define WORDS_MAX (1u << 16)
#define OBJECTS_MAX 64
/* Sets of reached variables that are told apart for one stack. */
#define VARIANTS_MAX 64
/* Bytes of a stack of a few frames. */
#define FETCHED 512

/* A variable whose address was taken: words from the stack's beginning. */
struct object {
	uint32_t begin, end;
};

/* A mask for those of whom these variables are reached. */
struct variant {
	struct variant *next;
	uint64_t reached;
	uint8_t *mask;
};

struct iq_go_heap_shape {
	/* From the innermost frame on; 0: all of the stack counts. */
	uint32_t num_words;
	uint32_t num_objects;
	uint32_t num_variants;
	/* By the maps alone. */
	uint8_t *mask;
	struct object *objects; /* ordered */
	struct variant *variants;
};

struct iq_error *iq_go_heap_stacks_init(struct iq_go_heap_stacks *s)
{
	struct iq_error *err = iq_go_pc_cache_init(&s->cache, s->rt);

	if (!err)
		err = iq_go_live_init(&s->live, &s->cache);
	if (err)
		return err;
	s->unwound.has_fps = true;
	s->num_shapes = s->rt->facts->stacks.len;
	s->shapes =
		calloc(s->num_shapes + 1, sizeof(struct iq_go_heap_shape *));
	return s->shapes ? NULL : &iq_enomem;
}

void iq_go_heap_stacks_deinit(struct iq_go_heap_stacks *s)
{
	iq_go_live_deinit(&s->live);
	iq_go_pc_cache_deinit(&s->cache);
	iq_go_unwound_deinit(&s->unwound);
	free(s->shapes);
}

static void set_bit(uint8_t *mask, uint64_t i)
{
	mask[i / 8] = (uint8_t)(mask[i / 8] | 1u << i % 8);
}

static bool get_bit(const uint8_t *mask, uint64_t i)
{
	return mask[i / 8] >> i % 8 & 1;
}

/* ---- the shape of a stack */

struct shaping {
	struct iq_go_heap_stacks *s;
	struct iq_go_heap_shape *shape;
	/* The frame at hand. */
	size_t number;
	struct iq_go_live_map tables;
};

/* The bits of @map become those of the words from @addr on. */
static bool add_bits(const struct shaping *f, uint64_t addr,
		     const uint8_t *bits, uint64_t num)
{
	uint64_t first = (addr - f->s->unwound.sp) / 8;

	if (addr < f->s->unwound.sp || first > f->shape->num_words ||
	    num > f->shape->num_words - first)
		return false;
	for (uint64_t i = 0; i < num; i++) {
		if (get_bit(bits, i))
			set_bit(f->shape->mask, first + i);
	}
	return true;
}

/* Words below the saved frame pointer that a frame must have before it needs a
 * map: on arm64 the link register and padding. */
static uint64_t min_locals(const struct iq_arch *cpu)
{
	return cpu->lr >= 0 ? 16 : 0;
}

static bool add_locals(const struct shaping *f)
{
	uint64_t begin = iq_go_live_begin(&f->s->live, f->number);
	uint64_t varp = iq_go_live_varp(&f->s->live, f->number);
	const struct iq_go_live_map *t = &f->tables;

	if (varp <= begin || varp - begin <= min_locals(f->s->cache.cpu))
		return true;
	return t->locals && t->num_locals <= (varp - begin) / 8 &&
	       add_bits(f, varp - 8 * (uint64_t)t->num_locals, t->locals,
			t->num_locals);
}

static uint64_t argp(const struct shaping *f)
{
	return f->s->unwound.fps.data[f->number] + f->s->cache.cpu->fixed_frame;
}

static bool add_args(const struct shaping *f, const struct iq_go_func *func)
{
	const struct iq_go_live_map *t = &f->tables;
	uint64_t size;

	// ArgsSizeUnknown is negative, and no map tells of the words then.
	if (!iq_go_field_read(f->s->rt->memory, func->func_addr,
			      f->s->rt->layout->func_args, &size) ||
	    size > INT32_MAX)
		return false;
	if (!size)
		return true;
	return t->args && add_bits(f, argp(f), t->args, t->num_args);
}

static bool add_object(const struct shaping *f, int32_t off, uint32_t size)
{
	struct iq_go_heap_shape *shape = f->shape;
	uint64_t sp = f->s->unwound.sp;
	uint64_t words = ((uint64_t)size + 7) / 8;
	uint64_t begin =
		(off < 0 ? iq_go_live_varp(&f->s->live, f->number) : argp(f)) +
		(uint64_t)(int64_t)off;
	struct object *o = &shape->objects[shape->num_objects];

	// It does not exist yet.
	if (begin < iq_go_live_begin(&f->s->live, f->number))
		return true;
	if (shape->num_objects == OBJECTS_MAX || begin % 8 ||
	    (begin - sp) / 8 > shape->num_words ||
	    words > shape->num_words - (begin - sp) / 8)
		return false;
	o->begin = (uint32_t)((begin - sp) / 8);
	o->end = o->begin + (uint32_t)words;
	if (shape->num_objects && o->begin < o[-1].end)
		return false;
	shape->num_objects++;
	return true;
}

static bool add_objects(const struct shaping *f, const struct iq_go_func *func)
{
	const struct iq_go_runtime *rt = f->s->rt;
	const uint8_t *p;
	uint64_t addr, have, num;

	if (!iq_pclntab_funcdata(rt->program->pcln, func, FUNCDATA_OBJECTS,
				 &addr))
		return true;
	p = iq_memory_window(rt->memory, addr, &have);
	if (!p || have < 8 || !iq_memory_u64(rt->memory, addr, &num) ||
	    num > (have - 8) / OBJECT_RECORD)
		return false;
	for (uint64_t i = 0; i < num; i++) {
		uint32_t off, size;

		memcpy(&off, p + 8 + i * OBJECT_RECORD, 4);
		memcpy(&size, p + 12 + i * OBJECT_RECORD, 4);
		if (!add_object(f, (int32_t)le32toh(off), le32toh(size)))
			return false;
	}
	return true;
}

/* Whether each word of frame f->number is known to count or not. */
static bool add_frame(struct shaping *f)
{
	const struct iq_go_runtime *rt = f->s->rt;
	uint64_t pc = f->s->unwound.pcs.data[f->number];
	const struct iq_go_pc *info = iq_go_pc_cache_get(&f->s->cache, pc);
	struct iq_go_func func;

	// The outermost function has nothing but its return address.
	if (info->flags & IQ_GO_PC_TOP)
		return f->number + 1 == f->s->unwound.pcs.len;
	if (info->flags & (IQ_GO_PC_EXTERNAL | IQ_GO_PC_INJECTED |
			   IQ_GO_PC_SPWRITE | IQ_GO_PC_PUSHES) ||
	    !iq_pclntab_func(rt->program->pcln, pc, &func))
		return false;
	f->tables = *iq_go_live_map(&f->s->live, pc);
	return add_locals(f) && add_args(f, &func) && add_objects(f, &func);
}

/* Whether the unwinding that is at hand leads to the bottom of [sp, hi). */
static bool is_whole(const struct iq_go_heap_stacks *s, uint64_t hi)
{
	const struct iq_go_unwound *u = &s->unwound;
	uint64_t end;

	if (u->end != IQ_GO_UNWIND_COMPLETE || u->exact || !u->fps.len ||
	    u->fps.len != u->pcs.len || u->sp % 8)
		return false;
	end = u->fps.data[u->fps.len - 1];
	return end >= u->sp && end <= hi && (end - u->sp) / 8 <= WORDS_MAX;
}

static struct iq_error *shape_fill(struct iq_go_heap_stacks *s, uint64_t hi,
				   struct iq_go_heap_shape *shape)
{
	struct shaping f = { .s = s, .shape = shape };
	uint64_t end;

	if (!is_whole(s, hi))
		return NULL;
	end = s->unwound.fps.data[s->unwound.fps.len - 1];
	shape->num_words = (uint32_t)((end - s->unwound.sp) / 8);
	shape->mask =
		iq_arena_calloc(&s->map->arena, shape->num_words / 8 + 1, 1);
	shape->objects = iq_arena_calloc(&s->map->arena, OBJECTS_MAX + 1,
					 sizeof(*shape->objects));
	if (!shape->mask || !shape->objects)
		return &iq_enomem;
	s->live.unwound = &s->unwound;
	s->live.hi = hi;
	for (; f.number < s->unwound.pcs.len; f.number++) {
		if (!add_frame(&f)) {
			shape->num_words = 0;
			break;
		}
	}
	return NULL;
}

/* ---- the mask of a goroutine */

/* Which variables are reached from the words of @mask. */
struct tracing {
	const struct iq_go_heap_stacks *s;
	const struct iq_go_heap_shape *shape;
	uint64_t sp;
	const uint8_t *bytes;
	uint64_t reached;
	/* Numbers of those whose words are still to be looked at. */
	uint8_t stack[OBJECTS_MAX];
	unsigned depth;
};

static void trace_word(struct tracing *t, uint64_t i)
{
	uint64_t word, at;

	memcpy(&word, t->bytes + 8 * i, sizeof(word));
	at = (le64toh(word) - t->sp) / 8;
	if (le64toh(word) < t->sp || at >= t->shape->num_words)
		return;
	for (uint32_t k = 0; k < t->shape->num_objects; k++) {
		const struct object *o = &t->shape->objects[k];

		if (at < o->begin || at >= o->end || t->reached >> k % 64 & 1)
			continue;
		t->reached |= 1ull << k;
		t->stack[t->depth++] = (uint8_t)k;
	}
}

static uint64_t trace(struct tracing *t)
{
	for (uint64_t i = 0; i < t->shape->num_words; i++) {
		if (get_bit(t->shape->mask, i))
			trace_word(t, i);
	}
	while (t->depth) {
		const struct object *o =
			&t->shape->objects[t->stack[--t->depth]];

		for (uint64_t i = o->begin; i < o->end; i++)
			trace_word(t, i);
	}
	return t->reached;
}

/* The mask for who reaches these variables. */
static struct iq_error *variant_of(struct iq_go_heap_stacks *s,
				   struct iq_go_heap_shape *shape,
				   uint64_t reached, const uint8_t **ret)
{
	size_t size = shape->num_words / 8 + 1;
	struct variant *v = shape->variants;

	// All of them, for all that come now.
	if (shape->num_variants >= VARIANTS_MAX)
		reached = UINT64_MAX;
	while (v && v->reached != reached)
		v = v->next;
	if (!v) {
		v = iq_arena_calloc(&s->map->arena, 1, sizeof(*v));
		if (!v || !(v->mask = iq_arena_alloc(&s->map->arena, size)))
			return &iq_enomem;
		memcpy(v->mask, shape->mask, size);
		for (uint32_t k = 0; k < shape->num_objects; k++) {
			const struct object *o = &shape->objects[k];

			for (uint32_t i = o->begin;
			     reached >> k & 1 && i < o->end; i++)
				set_bit(v->mask, i);
		}
		v->reached = reached;
		v->next = shape->variants;
		shape->variants = v;
		shape->num_variants++;
	}
	*ret = v->mask;
	return NULL;
}

static struct iq_error *mask_of(struct iq_go_heap_stacks *s,
				struct iq_go_heap_shape *shape, uint64_t sp,
				const uint8_t **ret)
{
	struct tracing t = { .s = s, .shape = shape, .sp = sp };
	uint64_t have = 0;

	*ret = shape->mask;
	if (!shape->num_objects)
		return NULL;
	t.bytes = iq_memory_window(s->rt->memory, sp, &have);
	if (!t.bytes || have < 8ull * shape->num_words)
		return variant_of(s, shape, UINT64_MAX, ret);
	return variant_of(s, shape, trace(&t), ret);
}

/* ---- who is narrowed */

/* It stopped itself, and its saved registers are what it goes on with. */
static bool is_stopped(const struct iq_go_g *g)
{
	// A call of a nil function: there is a word before the first frame.
	if (!(g->syscallsp ? g->syscallpc : g->sched_pc))
		return false;
	switch (g->status) {
	case IQ_GSTATUS_RUNNABLE:
	case IQ_GSTATUS_SYSCALL:
	case IQ_GSTATUS_WAITING:
	case IQ_GSTATUS_LEAKED:
		return !g->panics && !g->defers;
	default:
		return false;
	}
}

/* The shape of a stack that is known to be whole; NULL where nobody can tell. */
static struct iq_error *shape_of(struct iq_go_heap_stacks *s, size_t index,
				 struct iq_go_heap_shape **ret)
{
	const struct iq_goroutine_fact *fact =
		&s->rt->facts->goroutines.data[index];
	const struct iq_go_g *g = &s->rt->gs[index];
	struct iq_go_unwind_start start;
	struct iq_go_heap_shape *shape;
	struct iq_error *err;

	*ret = NULL;
	if (!fact->stack || !fact->stack->complete ||
	    fact->stack->index >= s->num_shapes ||
	    fact->stack != s->rt->facts->stacks.data[fact->stack->index])
		return NULL;
	*ret = s->shapes[fact->stack->index];
	if (*ret)
		return NULL;
	shape = iq_arena_calloc(&s->map->arena, 1, sizeof(*shape));
	if (!shape)
		return &iq_enomem;
	s->shapes[fact->stack->index] = *ret = shape;
	if (iq_go_stack_start(s->rt, g, &start) != IQ_GO_START_FOUND)
		return NULL;
	err = iq_go_unwind(&s->cache, &start, &s->unwound);
	return err ? err : shape_fill(s, g->stack_hi, shape);
}

void iq_go_heap_stacks_fetch(const struct iq_go_heap_stacks *s, size_t index)
{
	iq_memory_prefetch(s->rt->memory, s->rt->gs[index].sched_sp, FETCHED);
}

struct iq_error *iq_go_heap_stacks_narrow(struct iq_go_heap_stacks *s,
					  size_t index,
					  struct iq_heap_range *range)
{
	struct iq_go_heap_shape *shape;
	const uint8_t *mask;
	struct iq_error *err;

	if (!is_stopped(&s->rt->gs[index]))
		return NULL;
	err = shape_of(s, index, &shape);
	// Equal stacks have equal frames, wherever they are.
	if (err || !shape || !shape->num_words ||
	    shape->num_words > range->len / 8)
		return err;
	err = mask_of(s, shape, range->addr, &mask);
	if (err)
		return err;
	range->len = 8ull * shape->num_words;
	range->mask = mask;
	return NULL;
}
