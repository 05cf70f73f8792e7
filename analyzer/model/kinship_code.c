/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether two witnesses saw one program: by where its functions are in memory
 * and in files.
 */
#include "model/kinship.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/map.h"

/* Stacks of one witness that are looked at: code that is another one differs
 * everywhere. */
#define STACKS_MAX 4096
/* Addresses of one program differ by whole pages between two processes, and by
 * one where a witness has calls in place of return addresses. */
#define PAGE_SIZE 4096

/* A function of the program, and where the first witness has it. */
struct function_entry {
	uint64_t name;
	const struct iq_frame *frame;
	UT_hash_handle hh;
};

/* A stack of the first witness. */
struct stack_entry {
	uint64_t strong;
	const struct iq_stack *stack;
	const struct iq_signature *sig;
	UT_hash_handle hh;
};

/* The key is the address of the frame. */
struct frame_entry {
	const struct iq_frame *frame;
	UT_hash_handle hh;
};

/* A hash that one of the witnesses has. */
struct mark_entry {
	uint64_t key;
	UT_hash_handle hh;
};

struct code {
	const struct iq_kinship_pair *pair;
	struct iq_arena arena;
	struct function_entry *functions;
	struct stack_entry *stacks;
	/* What the first one has of calls, files and packages, by hash; what
	 * was counted of the second. */
	struct mark_entry *marks, *counted;
	/* Frames that were compared. */
	struct frame_entry *frames;
	/* In memory, from calls of the first to the same ones of the second. */
	IQ_VEC(uint64_t) distances;
	struct iq_kinship_signs *signs;
};

static void code_deinit(struct code *code)
{
	HASH_CLEAR(hh, code->functions);
	HASH_CLEAR(hh, code->stacks);
	HASH_CLEAR(hh, code->marks);
	HASH_CLEAR(hh, code->counted);
	HASH_CLEAR(hh, code->frames);
	iq_vec_deinit(&code->distances);
	iq_arena_deinit(&code->arena);
}

static bool is_own_function(struct iq_str function)
{
	return function.len && !iq_function_is_runtime(function) &&
	       !iq_package_is_std(iq_function_package(function));
}

/* *@new_ret: @frame was not seen before. */
static struct iq_error *frame_once(struct code *code,
				   const struct iq_frame *frame, bool *new_ret)
{
	bool iq_map_failed = false;
	struct frame_entry *e;

	HASH_FIND_PTR(code->frames, &frame, e);
	*new_ret = !e;
	if (e)
		return NULL;
	e = iq_arena_calloc(&code->arena, 1, sizeof(*e));
	if (!e)
		return &iq_enomem;
	e->frame = frame;
	HASH_ADD_PTR(code->frames, frame, e);
	return iq_map_failed ? &iq_enomem : NULL;
}

static bool has_mark(struct mark_entry *marks, uint64_t key)
{
	struct mark_entry *e;

	HASH_FIND(hh, marks, &key, sizeof(key), e);
	return e;
}

static struct iq_error *add_mark(struct code *code, struct mark_entry **marks,
				 uint64_t key)
{
	bool iq_map_failed = false;
	struct mark_entry *e, *list = *marks;

	if (has_mark(list, key))
		return NULL;
	e = iq_arena_calloc(&code->arena, 1, sizeof(*e));
	if (!e)
		return &iq_enomem;
	e->key = key;
	HASH_ADD(hh, list, key, sizeof(e->key), e);
	*marks = list;
	return iq_map_failed ? &iq_enomem : NULL;
}

/* A large odd number: equal words in other places give another sum. */
#define MIX 0x9e3779b97f4a7c15ull

/*
 * A call of the standard library, which has it in other lines in each version
 * of Go. False where the frame is none, or what it calls is not known.
 */
static bool library_call(const struct iq_stack *stack, uint32_t i,
			 uint64_t *ret)
{
	const struct iq_frame *f = stack->frames[i];

	if (i == 0 || !f->line || f->foreign || f->wrapper ||
	    stack->frames[i - 1]->wrapper ||
	    (stack->elided && stack->elided_at + 1 == i) ||
	    iq_function_is_runtime(f->function) ||
	    !iq_package_is_std(iq_function_package(f->function)))
		return false;
	*ret = iq_function_hash(f->function) * MIX +
	       iq_function_hash(stack->frames[i - 1]->function);
	return true;
}

static struct iq_error *add_call(struct code *code,
				 const struct iq_stack *stack, uint32_t i)
{
	struct iq_error *err;
	uint64_t call;

	if (!library_call(stack, i, &call))
		return NULL;
	err = add_mark(code, &code->marks, call);
	return err ? err :
		     add_mark(code, &code->marks,
			      call * MIX + stack->frames[i]->line);
}

static struct iq_error *compare_call(struct code *code,
				     const struct iq_stack *stack, uint32_t i)
{
	uint64_t call, line;

	if (!library_call(stack, i, &call) || !has_mark(code->marks, call))
		return NULL;
	line = call * MIX + stack->frames[i]->line;
	if (has_mark(code->counted, line))
		return NULL;
	if (has_mark(code->marks, line))
		code->signs->num_lines++;
	else
		code->signs->num_other_lines++;
	return add_mark(code, &code->counted, line);
}

/* Where the function comes from: its file; its package, unless each program has
 * one of that name. 0: unknown. */
static void origins(const struct iq_frame *frame, uint64_t ret[2])
{
	struct iq_str package = iq_function_package(frame->function);

	ret[0] = XXH3_64bits(frame->file.ptr, frame->file.len);
	ret[1] = iq_str_equal(package, IQ_STR("main")) ?
			 0 :
			 XXH3_64bits(package.ptr, package.len);
}

/* Every program has it. */
static bool is_main(struct iq_str function)
{
	return iq_str_equal(function, IQ_STR("main.main")) ||
	       iq_str_starts(function, IQ_STR("main.main.")) ||
	       iq_str_starts(function, IQ_STR("main.init"));
}

static struct iq_error *add_origins(struct code *code,
				    const struct iq_frame *frame)
{
	struct iq_error *err = NULL;
	uint64_t keys[2];

	origins(frame, keys);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(keys) && !err; i++) {
		if (keys[i])
			err = add_mark(code, &code->marks, keys[i]);
	}
	return err;
}

/* A function of the second's program; @e is the first's of its name, or NULL. */
static struct iq_error *compare_function(struct code *code,
					 const struct iq_frame *frame,
					 uint64_t name,
					 const struct function_entry *e)
{
	uint64_t keys[2];

	origins(frame, keys);
	if ((e && !is_main(frame->function)) ||
	    has_mark(code->marks, keys[0]) ||
	    (keys[1] && has_mark(code->marks, keys[1])))
		code->signs->has_common = true;
	if (has_mark(code->counted, name))
		return NULL;
	code->signs->num_functions[1]++;
	return add_mark(code, &code->counted, name);
}

static struct iq_error *add_function(struct code *code,
				     const struct iq_stack *stack, uint32_t at)
{
	const struct iq_frame *frame = stack->frames[at];
	bool iq_map_failed = false;
	struct function_entry *e;
	struct iq_error *err;
	bool is_new;

	err = frame_once(code, frame, &is_new);
	if (!err && is_new)
		err = add_call(code, stack, at);
	if (err || !is_new || !frame->file.len ||
	    !is_own_function(frame->function))
		return err;
	uint64_t name = iq_function_hash(frame->function);
	HASH_FIND(hh, code->functions, &name, sizeof(name), e);
	err = add_origins(code, frame);
	if (err || e)
		return err;
	e = iq_arena_calloc(&code->arena, 1, sizeof(*e));
	if (!e)
		return &iq_enomem;
	e->name = name;
	e->frame = frame;
	HASH_ADD(hh, code->functions, name, sizeof(e->name), e);
	code->signs->num_functions[0]++;
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct iq_error *add_stack(struct code *code,
				  const struct iq_stack *stack)
{
	const struct iq_signature *sig =
		iq_model_signature(code->pair->model, code->pair->a, stack);
	bool iq_map_failed = false;
	struct iq_error *err = NULL;
	struct stack_entry *e;

	for (uint32_t i = sig->begin; i < sig->end && !err; i++)
		err = add_function(code, stack, i);
	HASH_FIND(hh, code->stacks, &sig->strong, sizeof(sig->strong), e);
	if (err || e)
		return err;
	e = iq_arena_calloc(&code->arena, 1, sizeof(*e));
	if (!e)
		return &iq_enomem;
	e->strong = sig->strong;
	e->stack = stack;
	e->sig = sig;
	HASH_ADD(hh, code->stacks, strong, sizeof(e->strong), e);
	return iq_map_failed ? &iq_enomem : NULL;
}

static struct iq_error *compare_file(struct code *code,
				     const struct iq_stack *stack, uint32_t at)
{
	const struct iq_frame *frame = stack->frames[at];
	struct function_entry *e;
	struct iq_error *err;
	bool is_new;

	err = frame_once(code, frame, &is_new);
	if (!err && is_new)
		err = compare_call(code, stack, at);
	if (err || !is_new || !frame->file.len ||
	    !is_own_function(frame->function))
		return err;
	uint64_t name = iq_function_hash(frame->function);
	HASH_FIND(hh, code->functions, &name, sizeof(name), e);
	err = compare_function(code, frame, name, e);
	if (err || !e)
		return err;
	if (iq_str_equal(iq_str_basename(frame->file),
			 iq_str_basename(e->frame->file)))
		code->signs->num_files++;
	else
		code->signs->num_other_files++;
	return NULL;
}

/* Bytes from the function's start to the call, where the witness tells. */
static bool offset_of(const struct iq_frame *f, uint64_t *ret)
{
	*ret = f->has_pc && f->entry ? f->pc - f->entry : f->offset;
	return *ret != 0;
}

/* Both frames are the same line of the same function. */
static struct iq_error *compare_addresses(struct code *code,
					  const struct iq_frame *a,
					  const struct iq_frame *b)
{
	uint64_t x, y;

	if (a->has_pc && b->has_pc)
		return iq_vec_push(&code->distances, a->pc - b->pc) ?
			       NULL :
			       &iq_enomem;
	if (!offset_of(a, &x) || !offset_of(b, &y))
		return NULL;
	if (x == y)
		code->signs->num_addresses++;
	else
		code->signs->num_other_addresses++;
	return NULL;
}

/*
 * Whether the frame's address says where a call of the program is: the standard
 * library's are the same in many programs, and a trace gives none to a call
 * that was inlined, or in which others were.
 */
static bool has_address(const struct iq_stack *stack, uint32_t i, bool traced)
{
	if (i == 0 || !is_own_function(stack->frames[i]->function))
		return false;
	return !traced ||
	       (!stack->frames[i]->inlined && !stack->frames[i - 1]->inlined);
}

static uint32_t next_compared(const struct iq_stack *stack,
			      const struct iq_signature *sig, uint32_t i)
{
	while (i < sig->end && !iq_signature_compares(sig, stack->frames[i]))
		i++;
	return i;
}

static struct iq_error *compare_frames(struct code *code,
				       const struct stack_entry *a,
				       const struct iq_stack *stack,
				       const struct iq_signature *sig)
{
	uint32_t i = next_compared(a->stack, a->sig, a->sig->begin);
	uint32_t j = next_compared(stack, sig, sig->begin);
	bool traced = code->pair->x->trace || code->pair->y->trace;
	struct iq_error *err = NULL;

	while (i < a->sig->end && j < sig->end && !err) {
		const struct iq_frame *x = a->stack->frames[i];
		const struct iq_frame *y = stack->frames[j];
		bool is_new = false;

		if (has_address(a->stack, i, traced) &&
		    has_address(stack, j, traced))
			err = frame_once(code, y, &is_new);
		if (!err && is_new)
			err = compare_addresses(code, x, y);
		i = next_compared(a->stack, a->sig, i + 1);
		j = next_compared(stack, sig, j + 1);
	}
	return err;
}

static struct iq_error *compare_stack(struct code *code,
				      const struct iq_stack *stack)
{
	const struct iq_signature *sig =
		iq_model_signature(code->pair->model, code->pair->b, stack);
	struct stack_entry *e;

	if (!sig->own)
		return NULL;
	code->signs->num_all_stacks++;
	HASH_FIND(hh, code->stacks, &sig->strong, sizeof(sig->strong), e);
	if (!e)
		return NULL;
	code->signs->num_stacks++;
	return compare_frames(code, e, stack, sig);
}

static int compare_u64(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* Distances that most calls have are those of one program, if they are whole
 * pages: code that was built anew is shifted by anything. */
static void count_distances(struct code *code)
{
	size_t len = code->distances.len, best = 0;
	uint64_t *list = code->distances.data, distance = 0;

	if (len)
		qsort(list, len, sizeof(*list), compare_u64);
	for (size_t i = 0, end; i < len; i = end) {
		for (end = i; end < len && list[end] - list[i] <= 1;)
			end++;
		if (end - i > best) {
			best = end - i;
			distance = list[i];
		}
	}
	if ((distance + 1) % PAGE_SIZE > 2)
		best = 0;
	code->signs->num_addresses += best;
	code->signs->num_other_addresses += len - best;
}

static struct iq_error *compare_code(struct code *code)
{
	const struct iq_facts *x = code->pair->x, *y = code->pair->y;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < x->stacks.len && i < STACKS_MAX && !err; i++)
		err = add_stack(code, x->stacks.data[i]);
	for (size_t i = 0; i < y->stacks.len && i < STACKS_MAX && !err; i++) {
		const struct iq_stack *stack = y->stacks.data[i];

		for (uint32_t j = 0; j < stack->num_frames && !err; j++)
			err = compare_file(code, stack, j);
	}
	HASH_CLEAR(hh, code->frames);
	for (size_t i = 0; i < y->stacks.len && i < STACKS_MAX && !err; i++)
		err = compare_stack(code, y->stacks.data[i]);
	if (!err)
		count_distances(code);
	return err;
}

struct iq_error *iq_kinship_compare_code(const struct iq_kinship_pair *pair,
					 struct iq_kinship_signs *signs)
{
	struct code code = { .pair = pair, .signs = signs };
	struct iq_error *err;

	iq_arena_init(&code.arena);
	err = compare_code(&code);
	code_deinit(&code);
	return err;
}
