/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fact.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"

/* The key is the text behind the entry. */
struct string_entry {
	UT_hash_handle hh;
	struct iq_str str;
	char text[];
};

/* The key is the frame, all of it, its padding zero. */
struct frame_entry {
	UT_hash_handle hh;
	struct iq_frame frame;
};

/* What tells two stacks apart beside their frames; no padding. */
struct stack_shape {
	uint32_t num_frames;
	uint32_t elided_at;
	uint64_t num_elided;
	uint32_t complete;
	uint32_t elided;
};

/* The key is a stack_shape followed by the frames' addresses. */
struct stack_entry {
	UT_hash_handle hh;
	struct iq_stack stack;
};

/* The key is the sorted items. */
struct labels_entry {
	UT_hash_handle hh;
	struct iq_labels labels;
};

struct gap_entry {
	UT_hash_handle hh;
	/* Index of the gap that was added last with this text. */
	size_t gap;
	size_t num;
};

struct iq_facts_tables {
	struct string_entry *strings;
	struct frame_entry *frames;
	struct stack_entry *stacks;
	struct labels_entry *labels;
	struct gap_entry *gaps;
	/* The key of the stack, or of the labels, that is looked up. */
	IQ_VEC(char) scratch;
};

// The layout of a key: what follows struct stack_shape must be aligned.
_Static_assert(sizeof(struct stack_shape) % sizeof(void *) == 0,
	       "frames are aligned");

const char *iq_gstatus_name(enum iq_gstatus status)
{
	static const char *const names[] = {
		[IQ_GSTATUS_IDLE] = "idle",
		[IQ_GSTATUS_RUNNABLE] = "runnable",
		[IQ_GSTATUS_RUNNING] = "running",
		[IQ_GSTATUS_SYSCALL] = "syscall",
		[IQ_GSTATUS_WAITING] = "waiting",
		[IQ_GSTATUS_MORIBUND_UNUSED] = "moribund",
		[IQ_GSTATUS_DEAD] = "dead",
		[IQ_GSTATUS_ENQUEUE_UNUSED] = "enqueue",
		[IQ_GSTATUS_COPYSTACK] = "copystack",
		[IQ_GSTATUS_PREEMPTED] = "preempted",
		[IQ_GSTATUS_LEAKED] = "leaked",
		[IQ_GSTATUS_DEADEXTRA] = "deadextra",
		[IQ_GSTATUS_UNKNOWN] = "unknown",
	};

	return (size_t)status < IQ_ARRAY_SIZE(names) ? names[status] :
						       "unknown";
}

const char *iq_wait_kind_name(enum iq_wait_kind kind)
{
	static const char *const names[] = {
		[IQ_WAIT_NONE] = "none",
		[IQ_WAIT_CHAN] = "chan",
		[IQ_WAIT_NIL_CHAN] = "nil-chan",
		[IQ_WAIT_SELECT] = "select",
		[IQ_WAIT_MUTEX] = "mutex",
		[IQ_WAIT_RWMUTEX] = "rwmutex",
		[IQ_WAIT_WAITGROUP] = "waitgroup",
		[IQ_WAIT_COND] = "cond",
		[IQ_WAIT_SEMAPHORE] = "semaphore",
		[IQ_WAIT_TIMER] = "timer",
		[IQ_WAIT_FD] = "fd",
		[IQ_WAIT_SYSCALL] = "syscall",
		[IQ_WAIT_CGO] = "cgo",
		[IQ_WAIT_COROUTINE] = "coroutine",
		[IQ_WAIT_BUBBLE] = "bubble",
		[IQ_WAIT_RUNTIME] = "runtime",
	};

	return (size_t)kind < IQ_ARRAY_SIZE(names) ? names[kind] : "none";
}

const char *iq_wait_op_name(enum iq_wait_op op)
{
	static const char *const names[] = {
		[IQ_OP_UNKNOWN] = "unknown", [IQ_OP_SEND] = "send",
		[IQ_OP_RECEIVE] = "receive", [IQ_OP_LOCK] = "lock",
		[IQ_OP_RLOCK] = "rlock",     [IQ_OP_WAIT] = "wait",
		[IQ_OP_ACCEPT] = "accept",   [IQ_OP_READ] = "read",
		[IQ_OP_WRITE] = "write",     [IQ_OP_CONNECT] = "connect",
	};

	return (size_t)op < IQ_ARRAY_SIZE(names) ? names[op] : "unknown";
}

const char *iq_gap_code_name(enum iq_gap_code code)
{
	static const char *const names[] = {
		[IQ_GAP_TRUNCATED] = "truncated",
		[IQ_GAP_DAMAGED] = "damaged",
		[IQ_GAP_MISSING] = "missing",
		[IQ_GAP_LIMIT] = "limit",
		[IQ_GAP_LAYOUT] = "layout",
		[IQ_GAP_MISMATCH] = "mismatch",
		[IQ_GAP_ORDER] = "order",
		[IQ_GAP_UNSUPPORTED] = "unsupported",
		[IQ_GAP_IO] = "io",
	};

	return (size_t)code < IQ_ARRAY_SIZE(names) ? names[code] : "unknown";
}

struct iq_error *iq_facts_create(struct iq_facts **ret)
{
	struct iq_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return &iq_enomem;
	facts->tables = calloc(1, sizeof(*facts->tables));
	if (!facts->tables) {
		free(facts);
		return &iq_enomem;
	}
	iq_arena_init(&facts->arena);
	facts->witness.complete = true;
	*ret = facts;
	return NULL;
}

void iq_facts_destroy(struct iq_facts *facts)
{
	if (!facts)
		return;
	while (facts->resources.len) {
		struct iq_facts_resource *r =
			&facts->resources.data[--facts->resources.len];

		r->destroy(r->object);
	}
	// Entries lie in the arena: only the tables themselves are freed.
	HASH_CLEAR(hh, facts->tables->strings);
	HASH_CLEAR(hh, facts->tables->frames);
	HASH_CLEAR(hh, facts->tables->stacks);
	HASH_CLEAR(hh, facts->tables->labels);
	HASH_CLEAR(hh, facts->tables->gaps);
	iq_vec_deinit(&facts->tables->scratch);
	free(facts->tables);
	iq_vec_deinit(&facts->goroutines);
	iq_vec_deinit(&facts->stacks);
	iq_vec_deinit(&facts->references);
	iq_vec_deinit(&facts->objects);
	iq_vec_deinit(&facts->threads);
	iq_vec_deinit(&facts->gaps);
	iq_vec_deinit(&facts->resources);
	iq_arena_deinit(&facts->arena);
	free(facts);
}

struct iq_error *iq_facts_string(struct iq_facts *facts, struct iq_str s,
				 struct iq_str *ret)
{
	struct iq_facts_tables *t = facts->tables;
	struct string_entry *entry = NULL;
	bool iq_map_failed = false;

	if (s.len == 0) {
		*ret = IQ_STR("");
		return NULL;
	}
	HASH_FIND(hh, t->strings, s.ptr, s.len, entry);
	if (!entry) {
		entry = iq_arena_alloc(&facts->arena, sizeof(*entry) + s.len);
		if (!entry)
			return &iq_enomem;
		memcpy(entry->text, s.ptr, s.len);
		entry->str = (struct iq_str){ entry->text, s.len };
		HASH_ADD_KEYPTR(hh, t->strings, entry->text, s.len, entry);
		if (iq_map_failed)
			return &iq_enomem;
	}
	*ret = entry->str;
	return NULL;
}

/*
 * Writes @frame to @ret with interned texts and padding of zeros, so that
 * equal frames are equal bytes.
 */
static struct iq_error *frame_normalise(struct iq_facts *facts,
					const struct iq_frame *frame,
					struct iq_frame *ret)
{
	struct iq_error *err;

	memset(ret, 0, sizeof(*ret));
	err = iq_facts_string(facts, frame->function, &ret->function);
	if (!err)
		err = iq_facts_string(facts, frame->file, &ret->file);
	if (!err)
		err = iq_facts_string(facts, frame->module, &ret->module);
	if (!err)
		err = iq_facts_string(facts, frame->args, &ret->args);
	ret->line = frame->line;
	ret->offset = frame->offset;
	ret->has_pc = frame->has_pc;
	ret->pc_exact = frame->pc_exact;
	ret->inlined = frame->inlined;
	ret->wrapper = frame->wrapper;
	ret->foreign = frame->foreign;
	ret->guessed = frame->guessed;
	ret->pc = frame->pc;
	ret->entry = frame->entry;
	return err;
}

struct iq_error *iq_facts_frame(struct iq_facts *facts,
				const struct iq_frame *frame,
				const struct iq_frame **ret)
{
	struct iq_facts_tables *t = facts->tables;
	struct frame_entry *entry = NULL;
	bool iq_map_failed = false;
	struct iq_frame key;
	struct iq_error *err = frame_normalise(facts, frame, &key);

	if (err)
		return err;
	HASH_FIND(hh, t->frames, &key, sizeof(key), entry);
	if (!entry) {
		entry = iq_arena_alloc(&facts->arena, sizeof(*entry));
		if (!entry)
			return &iq_enomem;
		memcpy(&entry->frame, &key, sizeof(key));
		HASH_ADD_KEYPTR(hh, t->frames, &entry->frame, sizeof(key),
				entry);
		if (iq_map_failed)
			return &iq_enomem;
	}
	*ret = &entry->frame;
	return NULL;
}

/* Room for the key of a stack of @shape in the scratch; its frames are left to
 * the caller. */
static struct iq_error *stack_key(struct iq_facts_tables *t,
				  const struct iq_stack *stack,
				  const struct iq_frame ***frames_ret)
{
	const struct stack_shape shape = {
		.num_frames = stack->num_frames,
		.complete = stack->complete,
		.elided = stack->elided,
		.elided_at = stack->elided ? stack->elided_at : 0,
		.num_elided = stack->elided ? stack->num_elided : 0,
	};
	size_t len = sizeof(shape) +
		     stack->num_frames * sizeof(const struct iq_frame *);

	t->scratch.len = 0;
	if (!iq_vec_reserve(&t->scratch, len))
		return &iq_enomem;
	memcpy(t->scratch.data, &shape, sizeof(shape));
	t->scratch.len = len;
	*frames_ret = (void *)(t->scratch.data + sizeof(shape));
	return NULL;
}

/* The stack whose key is in the scratch, new or known. */
static struct iq_error *stack_intern(struct iq_facts *facts,
				     const struct iq_stack *stack,
				     const struct iq_stack **ret)
{
	struct iq_facts_tables *t = facts->tables;
	struct stack_entry *entry = NULL;
	size_t len = t->scratch.len;
	bool iq_map_failed = false;

	HASH_FIND(hh, t->stacks, t->scratch.data, len, entry);
	if (entry) {
		*ret = &entry->stack;
		return NULL;
	}
	entry = iq_arena_alloc(&facts->arena, sizeof(*entry));
	char *key = iq_arena_alloc(&facts->arena, len);

	if (!entry || !key || !iq_vec_reserve(&facts->stacks, 1))
		return &iq_enomem;
	memcpy(key, t->scratch.data, len);
	entry->stack = *stack;
	entry->stack.frames = (void *)(key + sizeof(struct stack_shape));
	entry->stack.index = (uint32_t)facts->stacks.len;
	HASH_ADD_KEYPTR(hh, t->stacks, key, len, entry);
	if (iq_map_failed)
		return &iq_enomem;
	facts->stacks.data[facts->stacks.len++] = &entry->stack;
	*ret = &entry->stack;
	return NULL;
}

struct iq_error *iq_facts_stack(struct iq_facts *facts,
				const struct iq_stack *stack,
				const struct iq_stack **ret)
{
	const struct iq_frame **frames;
	struct iq_error *err = stack_key(facts->tables, stack, &frames);

	if (err)
		return err;
	if (stack->num_frames)
		memcpy(frames, stack->frames,
		       stack->num_frames * sizeof(*frames));
	return stack_intern(facts, stack, ret);
}

struct iq_error *iq_facts_stack_of(struct iq_facts *facts,
				   const struct iq_frame *frames,
				   const struct iq_stack *shape,
				   const struct iq_stack **ret)
{
	const struct iq_frame **key;
	struct iq_error *err = stack_key(facts->tables, shape, &key);

	for (uint32_t i = 0; i < shape->num_frames && !err; i++)
		err = iq_facts_frame(facts, &frames[i], &key[i]);
	return err ? err : stack_intern(facts, shape, ret);
}

static int label_compare(const void *a, const void *b)
{
	const struct iq_label *x = a, *y = b;
	int order = iq_str_compare(x->key, y->key);

	return order ? order : iq_str_compare(x->value, y->value);
}

struct iq_error *iq_facts_labels(struct iq_facts *facts,
				 const struct iq_label *items, size_t num,
				 const struct iq_labels **ret)
{
	struct iq_facts_tables *t = facts->tables;
	struct labels_entry *entry = NULL;
	bool iq_map_failed = false;
	size_t len = num * sizeof(*items);

	t->scratch.len = 0;
	if (!iq_vec_reserve(&t->scratch, len + 1))
		return &iq_enomem;
	struct iq_label *key = (void *)t->scratch.data;

	for (size_t i = 0; i < num; i++) {
		struct iq_error *err =
			iq_facts_string(facts, items[i].key, &key[i].key);

		if (!err)
			err = iq_facts_string(facts, items[i].value,
					      &key[i].value);
		if (err)
			return err;
	}
	qsort(key, num, sizeof(*key), label_compare);
	HASH_FIND(hh, t->labels, key, len, entry);
	if (!entry) {
		entry = iq_arena_alloc(&facts->arena, sizeof(*entry) + len);
		if (!entry)
			return &iq_enomem;
		struct iq_label *copy = (void *)(entry + 1);

		memcpy(copy, key, len);
		entry->labels = (struct iq_labels){ copy, num };
		HASH_ADD_KEYPTR(hh, t->labels, copy, len, entry);
		if (iq_map_failed)
			return &iq_enomem;
	}
	*ret = &entry->labels;
	return NULL;
}

/* Counts @gap at an equal one that stands; true if that was done. */
static bool gap_count(struct iq_facts *facts, struct gap_entry *entry)
{
	if (entry->num < IQ_LIMIT_EQUAL_GAPS && facts->gaps.len < IQ_LIMIT_GAPS)
		return false;
	facts->gaps.data[entry->gap].count++;
	return true;
}

/* Adds @gap, whose text is NUL-terminated scratch of the caller. */
static void gap_add(struct iq_facts *facts, struct iq_gap gap)
{
	struct iq_facts_tables *t = facts->tables;
	struct gap_entry *entry = NULL;
	bool iq_map_failed = false;

	facts->witness.complete = false;
	// A file can be wrong in ever new words: the last place is for them.
	if (facts->gaps.len + 1 >= IQ_LIMIT_GAPS) {
		gap = (struct iq_gap){
			.code = IQ_GAP_LIMIT,
			.text = IQ_STR("further problems are not listed"),
		};
	}
	gap.count = 1;
	HASH_FIND(hh, t->gaps, gap.text.ptr, gap.text.len, entry);
	if (entry && gap_count(facts, entry))
		return;
	if (!iq_vec_reserve(&facts->gaps, 1))
		return;
	if (!entry) {
		entry = iq_arena_calloc(&facts->arena, 1, sizeof(*entry));
		if (!entry || !iq_str_dup(&facts->arena, gap.text, &gap.text))
			return;
		HASH_ADD_KEYPTR(hh, t->gaps, gap.text.ptr, gap.text.len, entry);
		if (iq_map_failed)
			return;
	}
	gap.text.ptr = entry->hh.key;
	entry->gap = facts->gaps.len;
	entry->num++;
	facts->gaps.data[facts->gaps.len++] = gap;
}

static void gap_format(struct iq_facts *facts, struct iq_gap gap,
		       const char *fmt, va_list args)
	__attribute__((__format__(__printf__, 3, 0)));

static void gap_format(struct iq_facts *facts, struct iq_gap gap,
		       const char *fmt, va_list args)
{
	char text[1024];
	int len = vsnprintf(text, sizeof(text), fmt, args);

	if (len < 0)
		len = 0;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	gap.text = (struct iq_str){ text, (size_t)len };
	gap_add(facts, gap);
}

void iq_facts_gap(struct iq_facts *facts, enum iq_gap_code code,
		  const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	gap_format(facts, (struct iq_gap){ .code = code }, fmt, args);
	va_end(args);
}

void iq_facts_gap_offset(struct iq_facts *facts, enum iq_gap_code code,
			 uint64_t offset, const char *fmt, ...)
{
	const struct iq_gap gap = { .code = code,
				    .has_offset = true,
				    .offset = offset };
	va_list args;

	va_start(args, fmt);
	gap_format(facts, gap, fmt, args);
	va_end(args);
}

void iq_facts_gap_addr(struct iq_facts *facts, enum iq_gap_code code,
		       uint64_t addr, const char *fmt, ...)
{
	const struct iq_gap gap = { .code = code,
				    .has_addr = true,
				    .addr = addr };
	va_list args;

	va_start(args, fmt);
	gap_format(facts, gap, fmt, args);
	va_end(args);
}

void iq_facts_gap_costly(struct iq_facts *facts)
{
	if (facts->gaps.len)
		facts->gaps.data[facts->gaps.len - 1].costly = true;
}

unsigned iq_gap_rank(const struct iq_gap *gap)
{
	if (gap->code == IQ_GAP_TRUNCATED)
		return 0;
	return gap->costly ? 1 : 2 + (unsigned)gap->code;
}

uint64_t iq_facts_gap_times(const struct iq_facts *facts, size_t index)
{
	const struct iq_gap *gaps = facts->gaps.data;
	uint64_t times = 0;

	for (size_t i = 0; i < facts->gaps.len; i++) {
		if (iq_gap_rank(&gaps[i]) != iq_gap_rank(&gaps[index]) ||
		    !iq_str_equal(gaps[i].text, gaps[index].text))
			continue;
		if (i < index)
			return 0;
		times += gaps[i].count ? gaps[i].count : 1;
	}
	return times;
}

const struct iq_gap *iq_facts_worst_gap(const struct iq_facts *facts)
{
	const struct iq_gap *worst = NULL;

	for (size_t i = 0; i < facts->gaps.len; i++) {
		const struct iq_gap *gap = &facts->gaps.data[i];

		if (!worst || iq_gap_rank(gap) < iq_gap_rank(worst))
			worst = gap;
	}
	return worst;
}

void iq_facts_gap_error(struct iq_facts *facts, enum iq_gap_code code,
			struct iq_error *err)
{
	if (!err)
		return;
	gap_add(facts, (struct iq_gap){ .code = code,
					.has_offset = err->has_offset,
					.offset = err->offset,
					.text = iq_str_of(err->text) });
	iq_error_destroy(err);
}

struct iq_error *iq_facts_own(struct iq_facts *facts, void (*destroy)(void *),
			      void *object)
{
	const struct iq_facts_resource resource = { destroy, object };

	if (iq_vec_push(&facts->resources, resource))
		return NULL;
	destroy(object);
	return &iq_enomem;
}

struct iq_error *iq_facts_refer(struct iq_facts *facts)
{
	struct iq_error *(*refer)(struct iq_facts *, void *) = facts->refer;

	facts->refer = NULL;
	return refer ? refer(facts, facts->refer_ctx) : NULL;
}

uint64_t iq_facts_count(const struct iq_facts *facts)
{
	uint64_t num = 0;

	for (size_t i = 0; i < facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *g = &facts->goroutines.data[i];

		if (g->status != IQ_GSTATUS_DEAD &&
		    g->status != IQ_GSTATUS_DEADEXTRA)
			num += g->count;
	}
	return num;
}

void iq_facts_restart(struct iq_facts *facts)
{
	HASH_CLEAR(hh, facts->tables->stacks);
	HASH_CLEAR(hh, facts->tables->gaps);
	facts->goroutines.len = 0;
	facts->references.len = 0;
	facts->objects.len = 0;
	facts->threads.len = 0;
	facts->stacks.len = 0;
	facts->gaps.len = 0;
	facts->witness.complete = true;
}

/* Where a goroutine goes: what orders them, and where it stood. */
struct place {
	uint64_t no_id;
	uint64_t id;
	uint64_t place;
	size_t index;
};

static int place_compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->no_id != y->no_id)
		return x->no_id < y->no_id ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct place place_of(const struct iq_goroutine_fact *g, size_t index)
{
	return (struct place){
		.no_id = !g->has_id,
		.id = g->has_id ? g->id : 0,
		.place = g->place,
		.index = index,
	};
}

static bool is_ordered(const struct iq_facts *facts)
{
	const struct iq_goroutine_fact *g = facts->goroutines.data;

	for (size_t i = 1; i < facts->goroutines.len; i++) {
		struct place a = place_of(&g[i - 1], i - 1);
		struct place b = place_of(&g[i], i);

		if (place_compare(&a, &b) > 0)
			return false;
	}
	return true;
}

/* Moves the goroutines to the order of @places; references follow. */
static void goroutines_permute(struct iq_facts *facts,
			       const struct place *places,
			       struct iq_goroutine_fact *sorted,
			       uint32_t *new_index)
{
	size_t num = facts->goroutines.len;

	for (size_t i = 0; i < num; i++) {
		sorted[i] = facts->goroutines.data[places[i].index];
		new_index[places[i].index] = (uint32_t)i;
	}
	free(facts->goroutines.data);
	facts->goroutines.data = sorted;
	facts->goroutines.cap = num;
	for (size_t i = 0; i < facts->references.len; i++) {
		struct iq_reference_fact *r = &facts->references.data[i];

		if (r->goroutine < num)
			r->goroutine = new_index[r->goroutine];
	}
}

void iq_facts_finish(struct iq_facts *facts)
{
	size_t num = facts->goroutines.len;

	if (is_ordered(facts))
		return;
	struct place *places = calloc(num, sizeof(*places));
	struct iq_goroutine_fact *sorted = calloc(num, sizeof(*sorted));
	uint32_t *new_index = calloc(num, sizeof(*new_index));

	if (places && sorted && new_index) {
		for (size_t i = 0; i < num; i++)
			places[i] = place_of(&facts->goroutines.data[i], i);
		qsort(places, num, sizeof(*places), place_compare);
		goroutines_permute(facts, places, sorted, new_index);
	} else {
		free(sorted);
		iq_facts_gap(facts, IQ_GAP_LIMIT,
			     "not enough memory to order %zu goroutines", num);
	}
	free(places);
	free(new_index);
}
