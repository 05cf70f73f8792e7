/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types.h"
#include "formats/go/record.h"

/* 2^B buckets, 2^globalDepth entries of a directory: more fit into no memory. */
#define DEPTH_MAX 40

static bool begins_slot(const struct iq_go_typing *t, uint64_t addr,
			struct iq_go_typed_object *ret)
{
	return addr && iq_go_typed_object(t, addr, ret) && !ret->offset &&
	       !iq_go_is_banned(t, ret->slot);
}

/* ---- channels */

struct chan {
	uint64_t count, cap, buf, elem_size, closed, elem_type;
	uint64_t send, receive;
};

/* Whether what is at @addr can be nothing but a channel. Go: src/runtime/chan.go,
 * hchan, makechan. */
static bool chan_read(const struct iq_go_typing *t, uint64_t addr,
		      struct chan *ret)
{
	const struct iq_go_layout *l = t->rt->layout;
	struct iq_go_record r;

	if (!iq_go_record_read(t->rt->memory, addr, l->hchan_size, &r))
		return false;
	*ret = (struct chan){
		.count = iq_go_record_uint(&r, l->hchan_qcount),
		.cap = iq_go_record_uint(&r, l->hchan_dataqsiz),
		.buf = iq_go_record_uint(&r, l->hchan_buf),
		.elem_size = iq_go_record_uint(&r, l->hchan_elemsize),
		.closed = iq_go_record_uint(&r, l->hchan_closed),
		.elem_type = iq_go_record_uint(&r, l->hchan_elemtype),
		.send = iq_go_record_uint(&r, l->hchan_sendx),
		.receive = iq_go_record_uint(&r, l->hchan_recvx),
	};
	return ret->count <= ret->cap && ret->closed <= 1 && ret->buf &&
	       ret->elem_type &&
	       (ret->cap ? ret->send < ret->cap && ret->receive < ret->cap :
			   !ret->send && !ret->receive);
}

/* The size of the object that has it: what has no pointers holds its buffer. */
static bool chan_fits(const struct iq_go_typing *t,
		      const struct iq_go_typed_object *o,
		      const struct chan *chan,
		      const struct iq_go_model_type *elem)
{
	uint64_t size = t->rt->layout->hchan_size, bytes;
	bool apart;

	if (chan->elem_size != elem->size ||
	    (elem->size && chan->cap > (UINT64_MAX >> 8) / elem->size))
		return false;
	bytes = chan->cap * elem->size;
	apart = bytes && elem->has_pointers;
	return apart != o->span->noscan &&
	       iq_go_slot_size(t->rt, apart ? size : size + bytes, apart) ==
		       o->span->elem_size;
}

void iq_go_typing_chan(struct iq_go_typing *t, uint64_t addr)
{
	const struct iq_go_model_type *elem;
	struct iq_go_typed_object o;
	struct chan chan;
	uint32_t type;

	if (!begins_slot(t, addr, &o) || iq_go_typing_settled(t, &o) ||
	    !chan_read(t, addr, &chan))
		return;
	type = iq_go_type_model_at(t->model, chan.elem_type);
	if (!type)
		return;
	elem = iq_go_type_model_get(t->model, type);
	if (!chan_fits(t, &o, &chan, elem))
		return;
	iq_go_typing_exact(t, &o,
			   iq_go_type_model_derive(t->model, IQ_GO_KIND_HCHAN,
						   type, 0, 0));
	if (t->hchan)
		iq_go_typing_range(t, addr, t->hchan, 1);
	if (elem->has_pointers && chan.cap)
		iq_go_typing_elems(t, chan.buf, type, chan.cap,
				   IQ_GO_KIND_ARRAY);
}

/* ---- maps */

/* An array that the runtime made of one type, whatever its length. */
static void map_array(struct iq_go_typing *t, uint64_t addr, uint32_t type)
{
	struct iq_go_typed_object o;
	const struct iq_go_model_type *bucket;

	if (!type || !begins_slot(t, addr, &o) || iq_go_typing_settled(t, &o))
		return;
	bucket = iq_go_type_model_get(t->model, type);
	if (!bucket->size || bucket->has_pointers == o.span->noscan ||
	    bucket->size > o.size)
		return;
	if (iq_go_slot_size(t->rt, bucket->size, bucket->has_pointers) !=
	    o.span->elem_size)
		type = iq_go_type_model_derive(t->model, IQ_GO_KIND_ELEMS, type,
					       0, 0);
	iq_go_typing_exact(t, &o, type);
}

/* Go: src/runtime/map.go, hmap; until 1.23. */
static bool hmap_parts(struct iq_go_typing *t, uint64_t addr, uint32_t bucket)
{
	const struct iq_go_layout *l = t->rt->layout;
	uint64_t b, buckets, old;
	struct iq_go_record r;

	if (!iq_go_record_read(t->rt->memory, addr, l->hmap_size, &r))
		return false;
	b = iq_go_record_uint(&r, l->hmap_b);
	buckets = iq_go_record_uint(&r, l->hmap_buckets);
	old = iq_go_record_uint(&r, l->hmap_oldbuckets);
	if (b > DEPTH_MAX)
		return false;
	map_array(t, buckets, bucket);
	map_array(t, old, bucket);
	if (t->hmap)
		iq_go_typing_range(t, addr, t->hmap, 1);
	return true;
}

/* A table of a map that has several. Go: src/internal/runtime/maps/table.go. */
static void swiss_table(struct iq_go_typing *t, uint64_t addr, uint32_t group)
{
	const struct iq_go_layout *l = t->rt->layout;
	struct iq_go_typed_object o;
	struct iq_go_record r;

	if (!begins_slot(t, addr, &o) || iq_go_typing_settled(t, &o) ||
	    !iq_go_record_read(t->rt->memory, addr, l->swiss_table_size, &r) ||
	    iq_go_slot_size(t->rt, l->swiss_table_size, true) !=
		    o.span->elem_size)
		return;
	if (t->swiss_table)
		iq_go_typing_exact(t, &o, t->swiss_table);
	map_array(t, iq_go_record_uint(&r, l->swiss_table_groups_data), group);
}

/* Go: src/internal/runtime/maps/map.go, Map; 1.24 and newer. */
static bool swiss_parts(struct iq_go_typing *t, uint64_t addr, uint32_t group)
{
	const struct iq_go_layout *l = t->rt->layout;
	struct iq_go_typed_object o;
	uint64_t dir, len, table;
	struct iq_go_record r;

	if (!iq_go_record_read(t->rt->memory, addr, l->swiss_map_size, &r))
		return false;
	dir = iq_go_record_uint(&r, l->swiss_map_dir_ptr);
	len = iq_go_record_uint(&r, l->swiss_map_dir_len);
	if (!len) {
		map_array(t, dir, group);
		return true;
	}
	if (!begins_slot(t, dir, &o) || o.span->noscan || len > o.size / 8)
		return false;
	iq_go_typing_exact(
		t, &o,
		iq_go_type_model_derive(t->model, IQ_GO_KIND_TABLES, 0, 0, 0));
	// Several entries in a row may be the same table.
	for (uint64_t i = 0, last = 0; i < len; i++) {
		if (!iq_memory_u64(t->rt->memory, dir + 8 * i, &table))
			return false;
		if (table != last)
			swiss_table(t, table, group);
		last = table;
	}
	return true;
}

/* Which of both the map is: an experiment of Go 1.24 and 1.25 has the old ones,
 * and what is a slot's type tells. */
static uint64_t map_size(const struct iq_go_typing *t,
			 const struct iq_go_model_type *bucket, bool *swiss_ret)
{
	const struct iq_go_layout *l = t->rt->layout;

	*swiss_ret = iq_str_starts(bucket->name, IQ_STR("map.group["));
	if (*swiss_ret)
		return iq_go_has(l->swiss_map_used) ? l->swiss_map_size : 0;
	return iq_str_starts(bucket->name, IQ_STR("map.bucket[")) ?
		       l->hmap_size :
		       0;
}

void iq_go_typing_map(struct iq_go_typing *t, uint64_t addr, uint32_t number)
{
	const struct iq_go_model_type *type;
	struct iq_go_typed_object o;
	uint64_t size;
	bool swiss;

	if (!begins_slot(t, addr, &o) || iq_go_typing_settled(t, &o) ||
	    o.span->noscan)
		return;
	type = iq_go_type_model_lay(t->model, number);
	if (!type->bucket)
		return;
	size = map_size(t, iq_go_type_model_get(t->model, type->bucket),
			&swiss);
	if (!size || iq_go_slot_size(t->rt, size, true) != o.span->elem_size)
		return;
	if (swiss ? !swiss_parts(t, addr, type->bucket) :
		    !hmap_parts(t, addr, type->bucket))
		return;
	iq_go_typing_exact(t, &o,
			   iq_go_type_model_derive(t->model, IQ_GO_KIND_HMAP,
						   number, 0, 0));
}

/* ---- functions */

/* What the compiler calls functions that need what they captured: literals,
 * method values, and what it makes for go and defer statements. */
static bool captures(struct iq_str name)
{
	static const char *const marks[] = {
		".func", "-fm", ".gowrap", ".deferwrap", "·dwrap·", "-range"
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(marks); i++)
		if (iq_str_search(name, iq_str_of(marks[i])) < name.len)
			return true;
	return false;
}

/* The type of what begins with @entry; 0 if that is no function's. */
static uint32_t function_type(struct iq_go_typing *t, uint64_t entry, bool sure)
{
	const struct iq_pclntab *pcln = t->rt->program->pcln;
	uint64_t known = t->functions.num ?
				 iq_go_word_set_object(&t->functions, entry) :
				 0;
	struct iq_go_func func;
	struct iq_str name;
	uint32_t type;

	if (!known) {
		if (!iq_pclntab_func(pcln, entry, &func) ||
		    func.entry != entry || !iq_pclntab_name(pcln, &func, &name))
			return 0;
		type = iq_go_type_model_derive(t->model, IQ_GO_KIND_CLOSURE, 0,
					       entry, 0);
		known = (uint64_t)type << 1 | captures(name);
		if (!type || !iq_go_word_set_add(&t->functions, entry, known))
			return 0;
	}
	return sure || known & 1 ? (uint32_t)(known >> 1) : 0;
}

void iq_go_typing_func(struct iq_go_typing *t, uint64_t addr, bool sure)
{
	struct iq_go_typed_object o;
	uint64_t entry;
	uint32_t type;

	if (!begins_slot(t, addr, &o) || iq_go_typing_settled(t, &o) ||
	    t->of[o.slot] || !iq_memory_u64(t->rt->memory, addr, &entry))
		return;
	type = function_type(t, entry, sure);
	if (type)
		iq_go_typing_exact(t, &o, type);
}
