/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "formats/go/heap_masks.h"
#include "formats/go/heap_masks_types.h"
#include "formats/go/record.h"
#include "formats/go/type.h"

/* What is missing of a core is missing by pages. */
#define PAGE_BYTES 4096

static bool has_flag(int64_t flag, uint64_t value)
{
	return flag != IQ_GO_NO_CONSTANT && value & (uint64_t)flag;
}

/*
 * The type at @addr, if one can be there; made by the runtime itself or by
 * reflect, it has no kind and is in no module. Go: src/internal/abi/type.go;
 * src/runtime/mbitmap.go, heapSetType, 1.22; src/reflect/type.go, funcLayout.
 */
bool iq_go_scan_type_read(const struct iq_go_runtime *rt, uint64_t addr,
			  struct iq_go_scan_type *ret)
{
	const struct iq_go_constants *k = rt->version->constants;
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record r;
	uint64_t size, ptr_bytes, kind;

	if (!addr || addr % 8 ||
	    !iq_go_record_read(rt->memory, addr, l->type_header_size, &r))
		return false;
	size = iq_go_record_uint(&r, l->type_size);
	ptr_bytes = iq_go_record_uint(&r, l->type_ptr_bytes);
	kind = iq_go_record_uint(&r, l->type_kind);
	// Programs stand for masks of what is allocated in arenas of bitmaps
	// alone: elsewhere the runtime runs them first.
	if (!ptr_bytes || ptr_bytes > size || (size | ptr_bytes) % 8 ||
	    has_flag(k->kind_gc_prog, kind))
		return false;
	*ret = (struct iq_go_scan_type){
		.addr = addr,
		.words = size / 8,
		.ptr_words = ptr_bytes / 8,
		.gc_data = iq_go_record_uint(&r, l->type_gc_data),
		.on_demand = has_flag(k->tflag_gc_mask_on_demand,
				      iq_go_record_uint(&r, l->type_tflag)),
	};
	if (k->kind_mask != IQ_GO_NO_CONSTANT)
		kind &= (uint64_t)k->kind_mask;
	ret->kind = (unsigned)kind;
	return ret->gc_data != 0;
}

static bool is_zero(const uint8_t *bytes, uint64_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

bool iq_go_heap_masks_hole(const struct iq_memory *memory, uint64_t addr)
{
	uint64_t page = addr & ~(PAGE_BYTES - 1ull);
	uint64_t len = page + PAGE_BYTES - addr;
	uint64_t have;
	const uint8_t *bytes = iq_memory_window(memory, addr, &have);

	if (!bytes)
		return true;
	if (len > have)
		len = have;
	// What is asked for is mostly next to something.
	if (!is_zero(bytes, len < 64 ? len : 64))
		return false;
	bytes = iq_memory_window(memory, page, &have);
	return !bytes || is_zero(bytes, have < PAGE_BYTES ? have : PAGE_BYTES);
}

/* Whether some page of the @len bytes at @addr is a hole. */
static bool has_hole(const struct iq_memory *memory, uint64_t addr,
		     uint64_t len)
{
	uint64_t next;

	for (uint64_t at = addr; at < addr + len; at = next) {
		next = (at & ~(PAGE_BYTES - 1ull)) + PAGE_BYTES;
		if (iq_go_heap_masks_hole(memory, at))
			return true;
	}
	return false;
}

static bool bit_at(const uint64_t *bits, uint64_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

/* Copies a mask of @num bits, if there can be one at @addr: the last bit of
 * masks is set. Bits behind them are cleared. */
static bool mask_read(const struct iq_memory *memory, uint64_t addr,
		      uint64_t num, uint64_t *bits)
{
	uint64_t len = (num + 7) / 8;

	bits[(num - 1) / 64] = 0;
	if (!iq_memory_read(memory, addr, len, bits) ||
	    has_hole(memory, addr, len))
		return false;
	for (uint64_t i = 0; i <= (num - 1) / 64; i++)
		bits[i] = le64toh(bits[i]);
	if (num % 64)
		bits[num / 64] &= (1ull << num % 64) - 1;
	return bit_at(bits, num - 1);
}

/* An array of values of @type is as good as itself: such are the largest. Each
 * step makes the type smaller, but for arrays of one. */
bool iq_go_scan_type_skip_arrays(const struct iq_go_runtime *rt,
				 struct iq_go_scan_type *type)
{
	const struct iq_go_layout *l = rt->layout;

	for (unsigned i = 0; i < IQ_LIMIT_TYPE_PARTS; i++) {
		uint64_t elem, len;
		struct iq_go_scan_type of;

		if (!type->on_demand || type->kind != IQ_GO_KIND_ARRAY)
			return true;
		if (!iq_go_field_read(rt->memory, type->addr,
				      l->array_type_elem, &elem) ||
		    !iq_go_field_read(rt->memory, type->addr, l->array_type_len,
				      &len) ||
		    !iq_go_scan_type_read(rt, elem, &of) || !len ||
		    type->words % len || type->words / len != of.words)
			return false;
		*type = of;
	}
	return false;
}

/* Values of one type that a mask is put together from. */
struct part {
	uint64_t type;
	uint64_t at; /* in words */
	uint64_t left;
	uint64_t step;
};

struct build {
	const struct iq_go_runtime *rt;
	atomic_llong *budget;
	uint64_t *bits;
	uint64_t num_bits;
	size_t num_parts;
	struct part parts[IQ_LIMIT_TYPE_PARTS];
	/* Of a type whose mask is there: at most abi.MaxPtrmaskBytes. */
	uint64_t mask[2048 / 8];
};

static bool push_part(struct build *b, uint64_t type, uint64_t at,
		      uint64_t left, uint64_t step)
{
	if (b->num_parts == IQ_LIMIT_TYPE_PARTS)
		return false;
	b->parts[b->num_parts++] = (struct part){
		.type = type, .at = at, .left = left, .step = step
	};
	return true;
}

static void or_bits(struct build *b, uint64_t at, uint64_t num)
{
	for (uint64_t i = 0; i <= (num - 1) / 64; i++) {
		uint64_t word = (at + 64 * i) / 64;
		unsigned shift = (unsigned)(at % 64);

		b->bits[word] |= b->mask[i] << shift;
		if (shift && b->mask[i] >> (64 - shift))
			b->bits[word + 1] |= b->mask[i] >> (64 - shift);
	}
}

/* All values of @part, whose type's mask is there. */
static bool put_values(struct build *b, struct part part,
		       const struct iq_go_scan_type *type)
{
	if (type->ptr_words > sizeof(b->mask) * 8 ||
	    !mask_read(b->rt->memory, type->gc_data, type->ptr_words, b->mask))
		return false;
	for (; part.left; part.left--, part.at += part.step) {
		if (part.at > b->num_bits ||
		    type->ptr_words > b->num_bits - part.at)
			return false;
		or_bits(b, part.at, type->ptr_words);
	}
	return true;
}

static bool push_fields(struct build *b, const struct iq_go_scan_type *type,
			uint64_t at)
{
	const struct iq_memory *memory = b->rt->memory;
	const struct iq_go_layout *l = b->rt->layout;
	uint64_t fields, num;

	if (!iq_go_has(l->struct_type_fields) ||
	    !iq_go_slice_read(memory, type->addr + l->struct_type_fields.offset,
			      &fields, &num))
		return false;
	for (uint64_t i = 0; i < num; i++) {
		uint64_t field = fields + i * l->struct_field_size;
		uint64_t of, offset, ptr_bytes;

		if (!iq_go_field_read(memory, field, l->struct_field_type,
				      &of) ||
		    !iq_go_field_read(memory, field, l->struct_field_offset,
				      &offset) ||
		    !iq_go_field_read(memory, of, l->type_ptr_bytes,
				      &ptr_bytes))
			return false;
		if (!ptr_bytes)
			continue;
		if (offset % 8 || offset / 8 >= type->words ||
		    !push_part(b, of, at + offset / 8, 1, 0))
			return false;
	}
	return true;
}

static bool push_elements(struct build *b, const struct iq_go_scan_type *type,
			  uint64_t at)
{
	const struct iq_go_layout *l = b->rt->layout;
	uint64_t elem, len;

	return iq_go_field_read(b->rt->memory, type->addr, l->array_type_elem,
				&elem) &&
	       iq_go_field_read(b->rt->memory, type->addr, l->array_type_len,
				&len) &&
	       len && type->words % len == 0 &&
	       push_part(b, elem, at, len, type->words / len);
}

/* Takes one value, or all of a type whose mask is there. */
static bool next_part(struct build *b)
{
	struct part *part = &b->parts[b->num_parts - 1];
	struct part now = *part;
	struct iq_go_scan_type type;

	if (--*b->budget < 0 || !iq_go_scan_type_read(b->rt, now.type, &type) ||
	    now.at >= b->num_bits || (now.step && now.step != type.words))
		return false;
	if (!type.on_demand || !--part->left)
		b->num_parts--;
	part->at += part->step;
	if (!type.on_demand)
		return put_values(b, now, &type);
	if (type.kind == IQ_GO_KIND_STRUCT)
		return push_fields(b, &type, now.at);
	return type.kind == IQ_GO_KIND_ARRAY && push_elements(b, &type, now.at);
}

/* The mask of a type that has none yet, of the types it is made of.
 * Go: src/runtime/type.go, buildGCMask, 1.24. */
static bool mask_build(const struct iq_go_runtime *rt,
		       const struct iq_go_scan_type *type, atomic_llong *budget,
		       uint64_t *bits)
{
	struct build *b = calloc(1, sizeof(*b));
	bool ok = b != NULL;

	if (!b)
		return false;
	b->rt = rt;
	b->budget = budget;
	b->bits = bits;
	b->num_bits = type->ptr_words;
	memset(bits, 0, (type->ptr_words / 64 + 1) * sizeof(*bits));
	push_part(b, type->addr, 0, 1, 0);
	while (ok && b->num_parts)
		ok = next_part(b);
	free(b);
	return ok && bit_at(bits, type->ptr_words - 1);
}

bool iq_go_scan_type_mask(const struct iq_go_runtime *rt,
			  const struct iq_go_scan_type *type,
			  atomic_llong *budget, uint64_t *bits)
{
	const struct iq_memory *memory = rt->memory;
	uint64_t built;

	if (!type->on_demand)
		return mask_read(memory, type->gc_data, type->ptr_words, bits);
	// While somebody builds it there is something else.
	// Go: src/runtime/type.go, getGCMaskOnDemand, inProgress.
	return (iq_memory_u64(memory, type->gc_data, &built) && built &&
		mask_read(memory, built, type->ptr_words, bits)) ||
	       mask_build(rt, type, budget, bits);
}
