/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>

/*
 * Records beside objects. What the runtime's collector takes for roots is one
 * here. Go: src/runtime/mgcmark.go, markrootSpans.
 */

/* A special record and whose it is. */
struct special {
	uint64_t addr;
	enum iq_special_kind kind;
	uint64_t object;
};

static struct iq_error *add_word(struct iq_go_specials *s,
				 const struct special *special, uint64_t word,
				 uint64_t addr)
{
	struct iq_heap_word root = {
		.word = word,
		.addr = addr,
		.kind = IQ_ROOT_SPECIAL,
		.special = special->kind,
		.object = special->object,
	};

	return !word || iq_vec_push(&s->map->root_words, root) ? NULL :
								 &iq_enomem;
}

static struct iq_error *add_field(struct iq_go_specials *s,
				  const struct special *special,
				  struct iq_go_field field)
{
	uint64_t addr = special->addr;
	uint64_t word;

	if (!iq_go_has(field))
		return NULL;
	if (!iq_go_field_read(s->heap->rt->memory, addr, field, &word)) {
		iq_heap_map_lacks(s->map,
				  "a finalizer or cleanup at 0x%" PRIx64
				  " is not in the core",
				  addr);
		return NULL;
	}
	return add_word(s, special, word, addr + field.offset);
}

/* What the object refers to is alive; the object itself need not be. */
static struct iq_error *add_finalizer(struct iq_go_specials *s,
				      const struct special *special,
				      uint64_t size, bool noscan)
{
	struct iq_heap_range range = { .addr = special->object,
				       .len = size,
				       .kind = IQ_ROOT_SPECIAL,
				       .special = special->kind };

	if (!noscan && !iq_vec_push(&s->map->roots, range))
		return &iq_enomem;
	return add_field(s, special, s->heap->rt->layout->specialfinalizer_fn);
}

static struct iq_error *add_cleanup(struct iq_go_specials *s,
				    const struct special *special)
{
	const struct iq_go_layout *l = s->heap->rt->layout;
	struct iq_error *err = add_field(s, special, l->special_cleanup_fn);

	return err ? err : add_field(s, special, l->special_cleanup_arg);
}

/*
 * Who has a weak pointer can make a strong one of it at any time, so the object
 * counts as reachable. The runtime's own leak finder does not go so far.
 */
static struct iq_error *add_weak(struct iq_go_specials *s,
				 const struct special *special)
{
	struct iq_error *err =
		add_word(s, special, special->object, special->addr);

	return err ? err :
		     add_field(s, special,
			       s->heap->rt->layout->special_weak_handle_handle);
}

static struct iq_error *add_special(struct iq_go_specials *s,
				    const struct iq_go_record *span,
				    const struct iq_go_record *special)
{
	const struct iq_go_layout *l = s->heap->rt->layout;
	const struct iq_go_constants *k = s->heap->rt->version->constants;
	int64_t kind = (int64_t)iq_go_record_uint(special, l->special_kind);
	uint64_t offset = iq_go_record_uint(special, l->special_offset);
	uint64_t size = iq_go_record_uint(span, l->mspan_elemsize);
	struct special sp = {
		.addr = special->addr,
		.object = iq_go_record_uint(span, l->mspan_start_addr) +
			  offset / size * size,
	};

	if (kind == k->special_finalizer) {
		sp.kind = IQ_SPECIAL_FINALIZER;
		return add_finalizer(
			s, &sp, size,
			iq_go_record_uint(span, l->mspan_spanclass) & 1);
	}
	if (kind == k->special_cleanup) {
		sp.kind = IQ_SPECIAL_CLEANUP;
		return add_cleanup(s, &sp);
	}
	if (kind == k->special_weak_handle) {
		sp.kind = IQ_SPECIAL_WEAK;
		return add_weak(s, &sp);
	}
	return NULL;
}

struct iq_error *iq_go_heap_specials(struct iq_go_specials *s,
				     const struct iq_go_record *span)
{
	const struct iq_go_layout *l = s->heap->rt->layout;
	uint64_t addr = iq_go_record_uint(span, l->mspan_specials);

	while (addr) {
		struct iq_go_record special;
		struct iq_error *err;

		if (!s->budget ||
		    !iq_go_record_read(s->heap->rt->memory, addr,
				       l->special_size, &special)) {
			iq_heap_map_lacks(s->map,
					  "the list of finalizers at 0x%" PRIx64
					  " is broken",
					  addr);
			return NULL;
		}
		s->budget--;
		err = add_special(s, span, &special);
		if (err)
			return err;
		addr = iq_go_record_uint(&special, l->special_next);
	}
	return NULL;
}
