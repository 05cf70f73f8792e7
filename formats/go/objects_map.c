/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/objects.h"
#include "formats/go/record.h"

/* More elements than any map has; slots of the smallest one, and what two that
 * write at once can be wrong by. */
#define LENGTH_MAX (1ull << 40)
#define SMALL_MAX 16
#define DEPTH_MAX 48

static bool is_in_heap(const struct iq_go_scene *s, uint64_t addr,
		       uint64_t size)
{
	struct iq_go_span span;

	return iq_go_span_find(s->rt, s->mheap_addr, addr, &span) &&
	       span.state == 1 && span.elem_size >= size;
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

static bool is_map(const struct iq_go_scene *s, uint64_t addr,
		   bool passed iq_unused)
{
	const struct iq_go_layout *l = s->rt->layout;
	bool swiss = iq_go_has(l->swiss_map_used);

	// What is on a stack or in package variables is no map that others
	// could use, but for pointers.
	if (!addr || addr % 8 ||
	    !is_in_heap(s, addr, swiss ? l->swiss_map_size : l->hmap_size))
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
	struct iq_error *err = NULL;
	uint64_t addr, len;

	if (!iq_go_wanted_find(s, &wanted, &addr))
		return NULL;
	if (iq_go_field_read(s->rt->memory, addr,
			     iq_go_has(l->swiss_map_used) ? l->swiss_map_used :
							    l->hmap_count,
			     &len))
		err = iq_go_values_number(v, "length", (int64_t)len);
	return err ? err : iq_go_object_add(s, "map", addr, v);
}
