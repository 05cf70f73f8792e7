/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/objects.h"
#include "formats/go/record.h"

/* More elements than any map has; slots of the smallest one, and what two that
 * write at once can be wrong by. */
#define LENGTH_MAX (1ull << 40)
#define SMALL_MAX 16
#define DEPTH_MAX 48
#define HASH_WRITING 4

static bool is_in_heap(const struct iq_go_scene *s, uint64_t addr,
		       uint64_t size)
{
	struct iq_go_span span;

	return iq_go_span_find(s->rt, s->mheap_addr, addr, &span) &&
	       span.state == 1 && span.elem_size >= size;
}

/* An object of the heap of @size bytes, or the next size that there is. */
static bool is_object(const struct iq_go_scene *s, uint64_t addr, uint64_t size)
{
	struct iq_go_span span;

	return iq_go_span_find(s->rt, s->mheap_addr, addr, &span) &&
	       span.state == 1 && span.elem_size >= size &&
	       span.elem_size < 2 * size &&
	       (addr - span.start) % span.elem_size == 0;
}

/* Go: src/internal/runtime/maps/map.go, Map; 1.24 and newer. */
static bool is_swiss_map(const struct iq_go_scene *s, uint64_t addr)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t used, dir, len, depth, table;
	struct iq_go_record r;

	if (!iq_go_record_read(s->rt->memory, addr, l->swiss_map_size, &r))
		return false;
	used = iq_go_record_uint(&r, l->swiss_map_used);
	dir = iq_go_record_uint(&r, l->swiss_map_dir_ptr);
	len = iq_go_record_uint(&r, l->swiss_map_dir_len);
	depth = iq_go_record_uint(&r, l->swiss_map_global_depth);
	if (used >= LENGTH_MAX || depth > DEPTH_MAX || dir % 8)
		return false;
	if (!len)
		return !depth && used <= SMALL_MAX && is_in_heap(s, dir, 8);
	return len == 1ull << depth && is_in_heap(s, dir, 8) &&
	       iq_memory_u64(s->rt->memory, dir, &table) &&
	       is_in_heap(s, table, l->swiss_table_size);
}

/* Go: src/runtime/map.go, hmap; until 1.23. */
static bool is_hmap(const struct iq_go_scene *s, uint64_t addr)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t count, flags, b, buckets, old;
	struct iq_go_record r;

	if (!iq_go_record_read(s->rt->memory, addr, l->hmap_size, &r))
		return false;
	count = iq_go_record_uint(&r, l->hmap_count);
	flags = iq_go_record_uint(&r, l->hmap_flags);
	b = iq_go_record_uint(&r, l->hmap_b);
	buckets = iq_go_record_uint(&r, l->hmap_buckets);
	old = iq_go_record_uint(&r, l->hmap_oldbuckets);
	return count < LENGTH_MAX && flags < 32 && b <= DEPTH_MAX &&
	       count <= 16ull << b && buckets % 8 == 0 &&
	       is_in_heap(s, buckets, 8) && (!old || is_in_heap(s, old, 8));
}

/* Whether somebody writes to it. Go: src/runtime/map.go, hashWriting;
 * src/internal/runtime/maps/map.go, Map: {…, globalDepth, globalShift, writing
 * uint8}, 1.24 - 1.27. */
static bool is_written(const struct iq_go_scene *s, uint64_t addr, bool swiss)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t value;

	if (swiss)
		return iq_memory_uint(s->rt->memory,
				      addr + l->swiss_map_global_depth.offset +
					      2,
				      1, &value) &&
		       value;
	return iq_go_field_read(s->rt->memory, addr, l->hmap_flags, &value) &&
	       value & HASH_WRITING;
}

static bool is_map(const struct iq_go_scene *s, uint64_t addr,
		   enum iq_go_trust trust iq_unused)
{
	const struct iq_go_layout *l = s->rt->layout;
	bool swiss = iq_go_has(l->swiss_map_used);

	// A map that several use is an object of the heap, all by itself.
	if (!addr ||
	    !is_object(s, addr, swiss ? l->swiss_map_size : l->hmap_size))
		return false;
	return swiss ? is_swiss_map(s, addr) : is_hmap(s, addr);
}

struct iq_error *iq_go_object_map(struct iq_go_scene *s, struct iq_go_values *v)
{
	static const char *const functions[] = {
		"runtime.map",
		"internal/runtime/maps.",
		"runtime.(*hiter)",
		"reflect.map",
		NULL,
	};
	// (type, map, key …)
	const struct iq_go_wanted wanted = {
		.functions = functions,
		.argument = 1,
		.test = is_map,
	};
	const struct iq_go_layout *l = s->rt->layout;
	bool swiss = iq_go_has(l->swiss_map_used);
	struct iq_error *err = NULL;
	struct iq_go_found found;
	bool written;
	uint64_t len;

	if (!iq_go_wanted_find(s, &wanted, &found))
		return NULL;
	if (iq_go_field_read(s->rt->memory, found.addr,
			     swiss ? l->swiss_map_used : l->hmap_count, &len))
		err = iq_go_values_number(v, "length", (int64_t)len);
	written = is_written(s, found.addr, swiss);
	if (!err && written)
		err = iq_go_values_add(v, "being written", IQ_STR("bool"),
				       IQ_STR("true"));
	// One of many maps, unless it is shared.
	return err ? err :
		     iq_go_object_add(s, "map", &found,
				      found.trust == IQ_GO_DEEP && !written, v);
}
