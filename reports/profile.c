/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/profile.h"

#include <stdlib.h>

#include "base/map.h"
#include "model/frame.h"
#include "model/signature.h"
#include "model/wait.h"

struct iq_error *iq_profile_missing(const struct iq_model *model)
{
	char quoted[IQ_STR_QUOTE_SIZE];

	for (size_t i = 0; i < model->num_witnesses; i++) {
		const struct iq_facts *f = model->witnesses[i];

		if (f->witness.kind != IQ_WITNESS_PROFILE || !f->gaps.len)
			continue;
		return iq_error_new(IQ_ERROR_FORMAT,
				    "%s is no profile that can be read: %.*s",
				    iq_str_quote(f->witness.path, quoted),
				    IQ_STR_ARG(f->gaps.data[0].text));
	}
	return iq_error_new(IQ_ERROR_FORMAT, "none of the files is a profile");
}

int64_t iq_profile_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

uint64_t iq_profile_size(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

const int64_t *iq_profile_values(const struct iq_profile *profile,
				 size_t sample)
{
	return profile->values + sample * profile->num_types;
}

struct iq_error *iq_profile_by_stack(const struct iq_profile *profile,
				     int64_t **sums_ret)
{
	size_t num_types = profile->num_types;
	int64_t *sums = calloc(profile->num_stacks + 1,
			       (num_types + 1) * sizeof(*sums));

	if (!sums)
		return &iq_enomem;
	for (size_t i = 0; i < profile->num_samples; i++) {
		const int64_t *values = iq_profile_values(profile, i);
		int64_t *to = sums + profile->samples[i].stack * num_types;

		for (size_t t = 0; t < num_types; t++)
			to[t] = iq_profile_add(to[t], values[t]);
	}
	*sums_ret = sums;
	return NULL;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By what names a frame. */
static int frame_order(const struct iq_frame *a, const struct iq_frame *b)
{
	int order;

	if (!a || !b || a->function.len || b->function.len)
		return iq_frame_compare(a, b);
	order = iq_str_compare(a->module, b->module);
	return order ? order : compare_u64(a->pc, b->pc);
}

/* ---- by function */

struct function {
	UT_hash_handle hh;
	struct iq_top_row row;
	/* The stack that was added last, from 1. */
	size_t seen;
};

/* Every frame of every stack is looked up: open addressing by pointer, as
 * equal frames of a witness are one. */
struct frame_slot {
	const struct iq_frame *frame;
	struct function *function;
};

struct top_build {
	struct iq_top *top;
	const struct iq_profile *profile;
	struct function *table; /* by name */
	size_t num;
	struct frame_slot *slots;
	unsigned bits;
	size_t used;
	struct iq_out key;
};

static struct frame_slot *slot_of(const struct top_build *build,
				  const struct iq_frame *frame)
{
	// Knuth's multiplier spreads what allocators align.
	uint64_t hash = (uint64_t)(uintptr_t)frame * 0x9e3779b97f4a7c15;
	size_t mask = ((size_t)1 << build->bits) - 1;
	size_t i = (size_t)(hash >> (64 - build->bits));

	while (build->slots[i].frame && build->slots[i].frame != frame)
		i = (i + 1) & mask;
	return &build->slots[i];
}

/* Twice the room; false without memory. */
static bool slots_grow(struct top_build *build)
{
	struct top_build bigger = { .bits = build->bits + 1 };
	size_t num = build->slots ? (size_t)1 << build->bits : 0;

	bigger.slots = calloc((size_t)1 << bigger.bits, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < num; i++) {
		if (build->slots[i].frame)
			*slot_of(&bigger, build->slots[i].frame) =
				build->slots[i];
	}
	free(build->slots);
	build->slots = bigger.slots;
	build->bits = bigger.bits;
	return true;
}

static void key_address(struct iq_out *key, const struct iq_frame *frame)
{
	iq_out_char(key, '\0');
	iq_out_str(key, frame->module);
	iq_out_char(key, '\0');
	iq_out_u64(key, frame->pc);
}

/* What names the function of a frame. */
static void function_key(struct iq_out *key, const struct iq_frame *frame)
{
	key->len = 0;
	iq_out_str(key, frame->function);
	if (!frame->function.len)
		key_address(key, frame);
}

static struct function *function_add(struct top_build *build,
				     const struct iq_frame *frame)
{
	struct iq_arena *arena = &build->top->arena;
	size_t num_types = build->profile->num_types;
	struct function *f = iq_arena_calloc(arena, 1, sizeof(*f));
	struct iq_str key = { build->key.buf, build->key.len };
	bool iq_map_failed = false;

	if (!f || !iq_str_dup(arena, key, &key))
		return NULL;
	f->row.frame = frame;
	f->row.flat =
		iq_arena_calloc(arena, num_types + 1, 2 * sizeof(*f->row.flat));
	if (!f->row.flat)
		return NULL;
	f->row.cum = f->row.flat + num_types;
	HASH_ADD_KEYPTR(hh, build->table, key.ptr, key.len, f);
	if (iq_map_failed)
		return NULL;
	build->num++;
	return f;
}

/* The function of @frame; NULL without memory. */
static struct function *function_find(struct top_build *build,
				      const struct iq_frame *frame)
{
	struct function *f = NULL;
	struct frame_slot *slot;

	if (!build->slots || build->used >= (size_t)1 << (build->bits - 1)) {
		if (!slots_grow(build))
			return NULL;
	}
	slot = slot_of(build, frame);
	if (slot->frame)
		return slot->function;
	function_key(&build->key, frame);
	if (build->key.err)
		return NULL;
	HASH_FIND(hh, build->table, build->key.buf, build->key.len, f);
	if (!f)
		f = function_add(build, frame);
	if (!f)
		return NULL;
	*slot = (struct frame_slot){ .frame = frame, .function = f };
	build->used++;
	return f;
}

static void add_values(int64_t *to, const int64_t *from, size_t num)
{
	for (size_t i = 0; i < num; i++)
		to[i] = iq_profile_add(to[i], from[i]);
}

static struct iq_error *add_stack(struct top_build *build, uint32_t number,
				  const int64_t *values)
{
	size_t num_types = build->profile->num_types;
	const struct iq_stack *stack;
	struct iq_error *err = iq_profile_stack(build->profile, number, &stack);

	if (err)
		return err;
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		struct function *f = function_find(build, stack->frames[i]);

		if (!f)
			return &iq_enomem;
		if (i == 0)
			add_values(f->row.flat, values, num_types);
		if (f->seen == (size_t)number + 1)
			continue;
		f->seen = (size_t)number + 1;
		add_values(f->row.cum, values, num_types);
	}
	return NULL;
}

static struct iq_error *add_stacks(struct top_build *build)
{
	const struct iq_profile *p = build->profile;
	int64_t *sums = NULL;
	struct iq_error *err = iq_profile_by_stack(p, &sums);

	for (uint32_t i = 0; i < p->num_stacks && !err; i++)
		err = add_stack(build, i, sums + i * p->num_types);
	free(sums);
	return err;
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct iq_top_row *x = *(const struct iq_top_row *const *)a;
	const struct iq_top_row *y = *(const struct iq_top_row *const *)b;
	size_t type = *(const size_t *)ctx;
	int order;

	order = compare_u64(iq_profile_size(y->flat[type]),
			    iq_profile_size(x->flat[type]));
	if (!order)
		order = compare_u64(iq_profile_size(y->cum[type]),
				    iq_profile_size(x->cum[type]));
	return order ? order : frame_order(x->frame, y->frame);
}

static bool collect_rows(struct top_build *build, size_t type)
{
	struct iq_top *top = build->top;
	struct function *f, *next;

	top->rows = iq_arena_calloc(&top->arena, build->num + 1,
				    sizeof(*top->rows));
	if (!top->rows)
		return false;
	HASH_ITER (hh, build->table, f, next)
		top->rows[top->num_rows++] = &f->row;
	if (build->profile->num_types)
		qsort_r(top->rows, top->num_rows, sizeof(*top->rows),
			compare_rows, &type);
	return true;
}

struct iq_error *iq_top_init(struct iq_top *top,
			     const struct iq_profile *profile, size_t type)
{
	struct top_build build = {
		.top = top,
		.profile = profile,
		.bits = 9,
	};
	struct iq_error *err;

	*top = (struct iq_top){ 0 };
	iq_arena_init(&top->arena);
	iq_out_init_memory(&build.key);
	err = add_stacks(&build);
	if (!err && !collect_rows(&build, type))
		err = &iq_enomem;
	HASH_CLEAR(hh, build.table);
	iq_out_deinit(&build.key);
	free(build.slots);
	return err;
}

void iq_top_deinit(struct iq_top *top)
{
	iq_arena_deinit(&top->arena);
}

/* ---- by place */

struct iq_place_entry {
	UT_hash_handle hh;
	struct iq_place place;
};

void iq_places_init(struct iq_places *places, size_t num_columns)
{
	*places = (struct iq_places){ .num_columns = num_columns };
	iq_arena_init(&places->arena);
	iq_out_init_memory(&places->key);
}

void iq_places_deinit(struct iq_places *places)
{
	HASH_CLEAR(hh, places->table);
	iq_vec_deinit(&places->rows);
	iq_out_deinit(&places->key);
	iq_arena_deinit(&places->arena);
}

/* Frame and state of @stack. */
static struct iq_place place_of(const struct iq_stack *stack)
{
	struct iq_goroutine_fact fact = {
		.status = IQ_GSTATUS_UNKNOWN,
		.stack = stack,
	};
	enum iq_wait_class class = iq_wait_class_of(&fact);
	struct iq_place place = { 0 };
	struct iq_signature sig;
	uint32_t site;

	if (!stack->num_frames)
		return place;
	iq_signature_compute(stack, &sig);
	site = sig.site < stack->num_frames ? sig.site : sig.begin;
	place.frame = stack->frames[site];
	if (class != IQ_CLASS_UNKNOWN_WAIT && class != IQ_CLASS_SYSTEM)
		place.state = iq_str_of(iq_wait_class_words(class));
	else if (site)
		place.state = stack->frames[site - 1]->function;
	return place;
}

/* A name without what stands in its outermost brackets: Go 1.21 began to write
 * the type arguments out. */
static void key_name(struct iq_out *key, struct iq_str name)
{
	size_t open = iq_str_find(name, '[');
	size_t close = iq_str_rfind(name, ']');

	if (open > close || close == name.len) {
		iq_out_str(key, name);
		return;
	}
	iq_out_str(key, iq_str_sub(name, 0, open));
	iq_out_str(key, iq_str_sub(name, close + 1, name.len));
}

/* Builds of one source differ in where it lay: the file's own name counts. */
static void place_key(struct iq_out *key, const struct iq_place *place)
{
	const struct iq_frame *frame = place->frame;

	key->len = 0;
	iq_out_str(key, place->state);
	iq_out_char(key, '\0');
	if (frame && !frame->function.len)
		key_address(key, frame);
	if (!frame || !frame->function.len)
		return;
	key_name(key, frame->function);
	iq_out_char(key, '\0');
	iq_out_str(key, iq_str_basename(frame->file));
	iq_out_char(key, '\0');
	iq_out_u64(key, frame->line);
}

struct iq_error *iq_places_find(struct iq_places *places,
				const struct iq_stack *stack,
				struct iq_place **ret)
{
	struct iq_place place = place_of(stack);
	struct iq_place_entry *entry = NULL;
	bool iq_map_failed = false;
	struct iq_str key;

	place_key(&places->key, &place);
	if (places->key.err)
		return &iq_enomem;
	key = (struct iq_str){ places->key.buf, places->key.len };
	HASH_FIND(hh, places->table, key.ptr, key.len, entry);
	if (entry) {
		*ret = &entry->place;
		return NULL;
	}
	place.values = iq_arena_calloc(&places->arena, places->num_columns + 1,
				       sizeof(*place.values));
	entry = iq_arena_calloc(&places->arena, 1, sizeof(*entry));
	if (!entry || !place.values || !iq_vec_reserve(&places->rows, 1) ||
	    !iq_str_dup(&places->arena, key, &key))
		return &iq_enomem;
	entry->place = place;
	HASH_ADD_KEYPTR(hh, places->table, key.ptr, key.len, entry);
	if (iq_map_failed)
		return &iq_enomem;
	places->rows.data[places->rows.len++] = &entry->place;
	*ret = &entry->place;
	return NULL;
}

static int compare_places(const void *a, const void *b, void *ctx)
{
	const struct iq_place *x = *(const struct iq_place *const *)a;
	const struct iq_place *y = *(const struct iq_place *const *)b;
	size_t column = *(const size_t *)ctx;
	int order = compare_u64(iq_profile_size(y->values[column]),
				iq_profile_size(x->values[column]));

	if (!order)
		order = frame_order(x->frame, y->frame);
	return order ? order : iq_str_compare(x->state, y->state);
}

void iq_places_sort(struct iq_places *places, size_t column)
{
	if (places->rows.len && column < places->num_columns)
		qsort_r(places->rows.data, places->rows.len,
			sizeof(*places->rows.data), compare_places, &column);
}
