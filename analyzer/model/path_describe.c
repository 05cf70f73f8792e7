/* SPDX-License-Identifier: Apache-2.0 */
/* The way to one object, from what the search has found for each. */
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "model/heap_types.h"
#include "model/path_search.h"
#include "model/text.h"

/* Steps that are kept of one way: as many of its beginning as of its end. Lists
 * have a million, and nobody reads more. */
#define STEPS_MAX 24

struct describe {
	const struct iq_paths *paths;
	const struct iq_heap_types *types;
	struct iq_arena *arena;
	struct iq_path *path;
};

/* ---- words */

/* The text of @out, which is emptied. */
static struct iq_error *take_text(struct describe *d, struct iq_out *out,
				  struct iq_str *ret)
{
	char *copy;

	if (out->err)
		return &iq_enomem;
	*ret = IQ_STR("");
	if (!out->len)
		return NULL;
	copy = iq_arena_alloc(d->arena, out->len);
	if (!copy)
		return &iq_enomem;
	memcpy(copy, out->buf, out->len);
	*ret = (struct iq_str){ copy, out->len };
	return NULL;
}

static struct iq_error *name_step(struct describe *d, uint32_t slot,
				  struct iq_path_step *step)
{
	uint32_t type = d->types ? d->types->of[slot] : 0;
	struct iq_error *err;
	struct iq_out out;

	if (!type)
		return NULL;
	iq_out_init_memory(&out);
	iq_out_str(&out, d->types->types[type].name);
	err = take_text(d, &out, &step->type);
	out.len = 0;
	if (!err && d->types->put_place) {
		d->types->put_place(d->types, type, step->offset, &out);
		err = take_text(d, &out, &step->place);
	}
	iq_out_deinit(&out);
	return err;
}

/* "main.pool.jobs", ".bss+0x1a0"; stays empty where @addr is no variable. */
static struct iq_error *name_variable(struct describe *d, uint64_t addr)
{
	const struct iq_heap *heap = d->paths->facts->heap;
	struct iq_error *err;
	struct iq_out out;

	iq_out_init_memory(&out);
	if ((!d->types || !d->types->put_variable ||
	     !d->types->put_variable(d->types, addr, &out)) &&
	    heap && heap->put_section)
		heap->put_section(heap, addr, &out);
	err = take_text(d, &out, &d->path->root_name);
	iq_out_deinit(&out);
	return err;
}

/* "finalizer of main.conn 0xc000096000" */
static struct iq_error *name_special(struct describe *d,
				     enum iq_special_kind kind, uint64_t object)
{
	static const char *const names[] = {
		[IQ_SPECIAL_FINALIZER] = "finalizer of ",
		[IQ_SPECIAL_CLEANUP] = "cleanup of ",
		[IQ_SPECIAL_WEAK] = "weak pointer to ",
	};
	uint32_t slot = iq_heap_map_slot(d->paths->map, object);
	uint32_t type =
		d->types && slot != IQ_HEAP_NONE ? d->types->of[slot] : 0;
	struct iq_error *err;
	struct iq_out out;

	if (kind == IQ_SPECIAL_UNKNOWN)
		return NULL;
	iq_out_init_memory(&out);
	iq_out_cstr(&out, names[kind]);
	if (type) {
		iq_out_str(&out, d->types->types[type].name);
		iq_out_char(&out, ' ');
	}
	iq_out_hex(&out, object);
	err = take_text(d, &out, &d->path->root_name);
	iq_out_deinit(&out);
	return err;
}

/* ---- the root */

/* Looks for the first reference to one slot. */
struct look {
	uint32_t slot;
	struct iq_heap_reference found;
};

static bool look(void *ctx, const struct iq_heap_reference *ref)
{
	struct look *l = ctx;

	if (ref->slot != l->slot)
		return true;
	l->found = *ref;
	return false;
}

static void place_goroutine(struct describe *d, size_t goroutine)
{
	const struct iq_model *m = d->paths->model;
	const struct iq_facts *facts = d->paths->facts;
	const struct iq_goroutine_fact *fact =
		&facts->goroutines.data[goroutine];
	struct iq_path *path = d->path;

	for (size_t i = 0; i < m->num_goroutines; i++) {
		if (m->goroutines[i].fact == fact)
			path->goroutine = (uint32_t)i;
	}
	if (path->root == IQ_ROOT_STACK && path->root_addr &&
	    facts->heap->frame_of)
		path->frame = facts->heap->frame_of(facts->heap, goroutine,
						    path->root_addr);
	if (!fact->stack || path->frame >= fact->stack->num_frames)
		path->frame = UINT32_MAX;
}

static bool stays_blocked(const struct iq_paths *p, size_t goroutine)
{
	return !p->proof->lacks[0] &&
	       !(p->proof->can_run[goroutine / 64] >> goroutine % 64 & 1);
}

static struct iq_error *place_root(struct describe *d, uint32_t number,
				   uint32_t slot)
{
	struct look l = { .slot = slot };
	struct iq_path_root root;

	iq_paths_root(d->paths, number, &root);
	d->path->root = root.kind;
	if (root.word) {
		d->path->root_addr = root.word->addr;
	} else if (!iq_heap_walk_range(d->paths->map, &root.range, look, &l)) {
		d->path->root_addr = root.range.addr + l.found.offset;
	}
	if (root.goroutine != SIZE_MAX) {
		d->path->only_blocked = stays_blocked(d->paths, root.goroutine);
		place_goroutine(d, root.goroutine);
	}
	if (root.kind == IQ_ROOT_SPECIAL)
		return name_special(
			d, root.word ? root.word->special : root.range.special,
			root.word ? root.word->object : root.range.addr);
	return root.kind == IQ_ROOT_VARIABLE && d->path->root_addr ?
		       name_variable(d, d->path->root_addr) :
		       NULL;
}

/* ---- the steps */

static bool is_slot(const struct iq_paths *p, uint32_t from)
{
	return from && from <= p->map->num_slots;
}

static uint64_t length(const struct iq_paths *p, uint32_t slot)
{
	uint64_t num = 1;

	// Each object is reached once and after the one before it: no circle.
	while (is_slot(p, p->from[slot])) {
		slot = p->from[slot] - 1;
		num++;
	}
	return num;
}

static struct iq_error *fill_step(struct describe *d, uint32_t slot,
				  uint32_t next, uint64_t addr,
				  struct iq_path_step *step)
{
	const struct iq_heap_map *map = d->paths->map;
	uint64_t start = iq_heap_slot_addr(map, slot), header;
	struct look l = { .slot = next };
	struct iq_error *err;

	step->address = iq_heap_object_addr(map, slot);
	step->size = iq_heap_slot_size(map, slot);
	if (next == IQ_HEAP_NONE)
		step->offset = addr - start;
	else if (!iq_heap_walk_object(map, slot, look, &l))
		step->offset = l.found.offset;
	err = name_step(d, slot, step);
	// Types count from the slot, what is told from the object.
	header = step->address - start;
	step->offset -= step->offset < header ? step->offset : header;
	return err;
}

static bool is_kept(const struct iq_path *path, uint64_t step)
{
	return !path->num_skipped || step < path->skipped_at ||
	       step - path->skipped_at >= path->num_skipped;
}

/* Where step number @step, which is kept, stands. */
static size_t index_of(const struct iq_path *path, uint64_t step)
{
	return (size_t)(!path->num_skipped || step < path->skipped_at ?
				step :
				step - path->num_skipped);
}

/* From the object itself back to the first one. */
static struct iq_error *fill_steps(struct describe *d, uint32_t slot,
				   uint64_t addr)
{
	uint64_t num = length(d->paths, slot);
	size_t kept = num < STEPS_MAX ? (size_t)num : STEPS_MAX;
	struct iq_path_step *steps =
		iq_arena_calloc(d->arena, kept, sizeof(*steps));
	uint32_t next = IQ_HEAP_NONE;
	struct iq_error *err = NULL;

	if (!steps)
		return &iq_enomem;
	d->path->steps = steps;
	d->path->num_steps = kept;
	d->path->num_skipped = num - kept;
	d->path->skipped_at = num > kept ? STEPS_MAX / 2 : 0;
	for (uint64_t i = num; i-- > 0 && !err;) {
		if (is_kept(d->path, i))
			err = fill_step(d, slot, next, addr,
					&steps[index_of(d->path, i)]);
		next = slot;
		if (i)
			slot = d->paths->from[slot] - 1;
	}
	return err ? err :
		     place_root(d,
				d->paths->from[slot] - 1 -
					d->paths->map->num_slots,
				slot);
}

/* ---- an address that is in no object */

static struct iq_error *find_root(struct describe *d, uint64_t addr)
{
	const struct iq_heap_map *map = d->paths->map;
	struct iq_error *err;

	d->path->root_addr = addr;
	for (size_t i = 0; i < map->num_holders; i++) {
		struct iq_heap_holder holder = iq_heap_map_holder(map, i);

		if (!iq_heap_range_has(&holder.stack, addr))
			continue;
		d->path->found = true;
		d->path->root = IQ_ROOT_STACK;
		d->path->only_blocked = stays_blocked(d->paths, i);
		place_goroutine(d, i);
		return NULL;
	}
	d->path->root = IQ_ROOT_VARIABLE;
	err = name_variable(d, addr);
	d->path->found = d->path->root_name.len > 0;
	for (size_t i = 0; i < map->roots.len && !d->path->found; i++) {
		if (!iq_heap_range_has(&map->roots.data[i], addr))
			continue;
		d->path->found = true;
		d->path->root = map->roots.data[i].kind;
	}
	return err;
}

struct iq_error *iq_paths_find(const struct iq_paths *paths,
			       const struct iq_heap_types *types, uint64_t addr,
			       struct iq_arena *arena, struct iq_path *ret,
			       struct iq_str *why_ret)
{
	struct iq_path path = { .goroutine = UINT32_MAX, .frame = UINT32_MAX };
	struct describe d = { paths, types, arena, &path };
	uint32_t slot = iq_heap_map_slot(paths->map, addr);
	struct iq_error *err = NULL;

	*why_ret = IQ_STR("");
	if (slot == IQ_HEAP_NONE) {
		err = find_root(&d, addr);
	} else if (paths->from[slot]) {
		path.found = true;
		err = fill_steps(&d, slot, addr);
	}
	if (!err && !path.found && paths->proof->lacks[0])
		err = iq_textf(arena, why_ret, "%s", paths->proof->lacks);
	if (!err)
		*ret = path;
	return err;
}
