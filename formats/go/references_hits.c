/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "formats/go/references_scan.h"

/* Mentions of one goroutine that are weighed, and objects of the heap that are
 * looked into for it. */
#define HITS_MAX 4096
#define OBJECTS_MAX 1024
/* Mentions of one object that are kept: the strongest ones. Of a lock that it
 * waits for itself all callers matter. */
#define KEPT 2
#define KEPT_OF_OWN 16
/* Variables of a deferred closure that are looked at. */
#define CAPTURED_MAX 16

static struct iq_error *hit_add(struct iq_go_scanner *s, size_t begin,
				const struct iq_reference_fact *ref)
{
	if (ref->frame == IQ_GO_NO_PLACE)
		return NULL;
	if (s->found.len - begin >= HITS_MAX) {
		s->live.is_cut = true;
		return NULL;
	}
	return iq_vec_push(&s->found, *ref) ? NULL : &iq_enomem;
}

/* What goroutine and frame a mention by @word is of. */
static struct iq_reference_fact mention_by(const struct iq_go_scanner *s,
					   size_t i,
					   const struct iq_go_live_word *word)
{
	const struct iq_go_frame_place *place =
		&s->places.frames.data[word->frame];

	return (struct iq_reference_fact){
		.goroutine = (uint32_t)(s->scan->first + i),
		.frame = word->parameter ? place->function : place->call,
	};
}

/* What the object has that @word refers to. */
static struct iq_error *object_hits(struct iq_go_scanner *s, size_t begin,
				    uint64_t word, struct iq_reference_fact ref)
{
	struct iq_go_held held[IQ_GO_HOLDS_MAX];
	struct iq_error *err = NULL;
	unsigned num =
		iq_go_holders_find(s->scan->holders, word, &ref.via, held);

	for (unsigned k = 0; k < num && !err; k++) {
		ref.object = held[k].object;
		if (held[k].kinds & IQ_GO_WAITED_RW ||
		    !iq_go_scanner_waits(s, ref.object))
			err = hit_add(s, begin, &ref);
	}
	return err;
}

/* Bytes of an object of @kinds; 0: not known. Go: src/sync/mutex.go, rwmutex.go,
 * waitgroup.go; 1.18 - 1.27. */
static uint64_t size_of(unsigned kinds)
{
	if (kinds & IQ_GO_WAITED_RW)
		return 24;
	if (kinds & IQ_GO_WAITED_LOCK)
		return 8;
	return kinds & IQ_GO_WAITED_GROUP ? 16 : 0;
}

/* What @word itself is: @ref's object, of @kinds, or a struct that begins with
 * it. */
static struct iq_error *direct_hit(struct iq_go_scanner *s, size_t begin,
				   uint64_t word, unsigned kinds,
				   struct iq_reference_fact ref)
{
	bool waits = !s->scan->all && iq_go_scanner_waits(s, ref.object);
	uint64_t size = size_of(kinds);

	if (ref.object == word && size &&
	    iq_go_holders_more(s->scan->holders, word, size)) {
		ref.via = word;
		if (waits && !(kinds & IQ_GO_WAITED_RW))
			return NULL;
	}
	if (waits && !(kinds & IQ_GO_WAITED_LOCK))
		return NULL;
	return hit_add(s, begin, &ref);
}

static struct iq_error *word_hits(struct iq_go_scanner *s, size_t i,
				  size_t begin)
{
	const struct iq_go_word_set *words = s->scan->words;
	struct iq_error *err = NULL;
	unsigned objects = 0;

	for (size_t k = 0; k < s->live.words.len && !err; k++) {
		const struct iq_go_live_word *w = &s->live.words.data[k];
		const struct iq_go_word *found;
		struct iq_reference_fact ref;

		if (w->frame >= s->places.frames.len)
			continue;
		found = iq_go_word_set_find(words, w->word);
		ref = mention_by(s, i, w);
		if (found) {
			ref.object = found->object;
			err = direct_hit(s, begin, w->word, found->kinds, ref);
			ref.object = 0;
		}
		if (err || !iq_go_holders_may(s->scan->holders, w->word))
			continue;
		if (objects++ < OBJECTS_MAX)
			err = object_hits(s, begin, w->word, ref);
		else
			s->live.is_cut = true;
	}
	return err;
}

/* Words that the closure at @addr has behind its function's address. */
static uint64_t num_captured(struct iq_go_scanner *s, uint64_t addr,
			     unsigned deeds)
{
	const struct iq_go_live_object *o;
	uint64_t size = 0;

	// The receiver, or the channel: the call has no other argument.
	if (deeds & IQ_GO_DEED_WRAPPER)
		return 1;
	if (addr >= s->unwound.sp && addr < s->live.hi) {
		o = iq_go_live_object(&s->live, addr);
		size = o ? o->end - addr : 0;
	} else {
		size = iq_go_holders_size(s->scan->holders, addr);
	}
	if (size < 16)
		return 1;
	return size / 8 - 1 < CAPTURED_MAX ? size / 8 - 1 : CAPTURED_MAX;
}

/* The kinds of objects that who does @deeds lets go on. */
static unsigned kinds_of(unsigned deeds)
{
	return (deeds & IQ_GO_DEED_UNLOCK ? IQ_GO_WAITED_LOCK : 0u) |
	       (deeds & IQ_GO_DEED_DONE ? IQ_GO_WAITED_GROUP : 0u) |
	       (deeds & IQ_GO_DEED_SIGNAL ? IQ_GO_WAITED_COND : 0u) |
	       (deeds & IQ_GO_DEED_CLOSE ? IQ_GO_WAITED_CHAN : 0u);
}

/* What the code names that the frames will still come to. */
static struct iq_error *code_hits(struct iq_go_scanner *s, size_t i,
				  size_t begin)
{
	struct iq_error *err = NULL;

	if (!s->scan->named || !s->scan->named->places.num)
		return NULL;
	for (size_t k = 0; k < s->places.frames.len && !err; k++) {
		const struct iq_go_code *code = iq_go_named_find(
			s->scan->named, &s->codes, s->unwound.pcs.data[k]);
		const struct iq_go_live_word word = { .frame = (uint32_t)k };
		struct iq_reference_fact ref = mention_by(s, i, &word);

		for (unsigned n = 0; n < code->num && !err; n++) {
			ref.object = code->items[n]->object;
			if (code->items[n]->kinds & IQ_GO_WAITED_LOCK ||
			    !iq_go_scanner_waits(s, ref.object))
				err = hit_add(s, begin, &ref);
		}
	}
	return err;
}

struct captured {
	const struct iq_go_word *items[CAPTURED_MAX + IQ_GO_NAMED_MAX];
	unsigned num;
	/* The first ones are variables; code names the rest. */
	unsigned num_words;
};

/* The one object of @kind that the closure has; with several nobody knows which
 * of them is meant. */
static bool is_only(const struct captured *c, unsigned at, unsigned kind)
{
	for (unsigned i = 0; i < c->num; i++) {
		if (i != at && c->items[i]->kinds & kind &&
		    c->items[i]->object != c->items[at]->object)
			return false;
	}
	return true;
}

/* What the closure captured, and what its code names. */
static void capture(struct iq_go_scanner *s, uint64_t closure, unsigned deeds,
		    struct captured *c)
{
	const struct iq_memory *memory = s->scan->rt->memory;
	uint64_t num = num_captured(s, closure, deeds);
	const struct iq_go_code *code;
	uint64_t word;

	for (uint64_t k = 1; k <= num; k++) {
		if (!iq_memory_u64(memory, closure + 8 * k, &word))
			break;
		c->items[c->num] = iq_go_word_set_find(s->scan->words, word);
		c->num += c->items[c->num] != NULL;
	}
	c->num_words = c->num;
	if (!s->scan->named || !iq_memory_u64(memory, closure, &word))
		return;
	code = iq_go_named_find(s->scan->named, &s->codes, word);
	for (unsigned k = 0; k < code->num; k++)
		c->items[c->num++] = code->items[k];
}

/*
 * Locks that the closure's code is seen to unlock. What it captured may be a
 * struct, of which it unlocks any field.
 */
static struct iq_error *unlocked_hits(struct iq_go_scanner *s, size_t begin,
				      uint64_t closure,
				      struct iq_reference_fact ref)
{
	uint64_t addrs[IQ_GO_UNLOCKED_MAX];
	unsigned num = iq_go_scanner_unlocked(s, closure, addrs);
	struct iq_error *err = NULL;

	ref.unlocks = true;
	for (unsigned i = 0; i < num && !err; i++) {
		const struct iq_go_word *found =
			iq_go_word_set_find(s->scan->words, addrs[i]);

		if (!found || found->object != addrs[i] ||
		    !(found->kinds & IQ_GO_WAITED_LOCK))
			continue;
		ref.object = found->object;
		err = hit_add(s, begin, &ref);
	}
	return err;
}

/* @holds: that an Unlock is deferred proves that the lock is held. */
static struct iq_error *closure_hits(struct iq_go_scanner *s, size_t begin,
				     uint64_t closure, bool holds,
				     struct iq_reference_fact ref)
{
	unsigned deeds = iq_go_scanner_deeds(s, closure);
	unsigned kinds = kinds_of(deeds);
	struct captured c = { .num = 0 };
	struct iq_error *err = NULL;

	capture(s, closure, deeds, &c);
	for (unsigned k = 0; k < c.num && !err; k++) {
		unsigned kind = c.items[k]->kinds & kinds;
		// A wrapper has the lock itself, not what it is a part of.
		bool exact = deeds & IQ_GO_DEED_WRAPPER;

		ref.object = c.items[k]->object;
		ref.unlocks = holds && exact && kind & IQ_GO_WAITED_LOCK &&
			      is_only(&c, k, IQ_GO_WAITED_LOCK);
		ref.wakes = kind & ~(unsigned)IQ_GO_WAITED_LOCK &&
			    is_only(&c, k, kind);
		if (ref.unlocks || ref.wakes)
			err = hit_add(s, begin, &ref);
		else if (k < c.num_words && !exact)
			err = direct_hit(s, begin, ref.object,
					 c.items[k]->kinds, ref);
		else if (s->scan->all ||
			 c.items[k]->kinds & IQ_GO_WAITED_LOCK ||
			 !iq_go_scanner_waits(s, ref.object))
			err = hit_add(s, begin, &ref);
	}
	if (err || !holds || s->scan->all)
		return err;
	ref.wakes = false;
	return unlocked_hits(s, begin, closure, ref);
}

/* The frame that begins at or holds @sp. */
static bool frame_at(const struct iq_go_unwound *u, uint64_t sp, size_t *ret)
{
	size_t lo = 0, hi = u->fps.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->fps.data[mid] <= sp)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret = lo;
	return sp >= u->sp && lo < u->fps.len;
}

/* Closures that the frames have deferred. */
static struct iq_error *deferreds_read(struct iq_go_scanner *s, size_t i)
{
	const struct iq_go_runtime *rt = s->scan->rt;
	struct iq_go_defer_record records[IQ_GO_DEFER_RECORDS_MAX];
	struct iq_error *err = NULL;
	size_t num, frame;

	s->deferreds.items.len = 0;
	for (size_t k = 0; k < s->places.frames.len && !err; k++)
		err = iq_go_open_defers(&s->live, k, &s->deferreds);
	num = iq_go_defer_records(rt, rt->gs[i].defers, records,
				  IQ_ARRAY_SIZE(records));
	for (size_t k = 0; k < num && !err; k++) {
		struct iq_go_deferred item = { .closure = records[k].closure };

		if (!frame_at(&s->unwound, records[k].sp, &frame))
			continue;
		item.frame = (uint32_t)frame;
		if (!iq_vec_push(&s->deferreds.items, item))
			err = &iq_enomem;
	}
	return err;
}

static struct iq_error *deferred_hits(struct iq_go_scanner *s, size_t i,
				      size_t begin)
{
	struct iq_error *err = deferreds_read(s, i);

	for (size_t k = 0; k < s->deferreds.items.len && !err; k++) {
		const struct iq_go_deferred *d = &s->deferreds.items.data[k];
		// Functions that defer are not inlined.
		const struct iq_go_live_word word = {
			.frame = d->frame,
			.parameter = true,
		};

		if (d->frame < s->places.frames.len)
			err = closure_hits(
				s, begin, d->closure,
				!iq_go_scanner_gives_back(s, d->frame),
				mention_by(s, i, &word));
	}
	return err;
}

/* How much a mention says: less is more. */
static unsigned rank(const struct iq_reference_fact *ref)
{
	if (ref->unlocks || ref->wakes)
		return 0;
	return ref->via ? 2 : 1;
}

static int compare_strength(const void *a, const void *b)
{
	const struct iq_reference_fact *x = a;
	const struct iq_reference_fact *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (rank(x) != rank(y))
		return rank(x) < rank(y) ? -1 : 1;
	if (x->frame != y->frame)
		return x->frame < y->frame ? -1 : 1;
	return x->via < y->via ? -1 : x->via > y->via;
}

static int compare_place(const void *a, const void *b)
{
	const struct iq_reference_fact *x = a;
	const struct iq_reference_fact *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

/* Whether @ref says no more than one of @kept, of the same object. */
static bool is_known(const struct iq_reference_fact *kept, size_t num,
		     const struct iq_reference_fact *ref)
{
	for (size_t i = 0; i < num; i++) {
		if (kept[i].frame == ref->frame || (ref->via && !kept[i].via))
			return true;
	}
	return false;
}

/* Keeps the strongest mentions of each object, each frame once. */
static void tidy(struct iq_go_scanner *s, size_t begin)
{
	struct iq_reference_fact *found;
	size_t n = s->found.len - begin;
	size_t kept = 0, first = 0, max = 0;

	if (n < 2)
		return;
	found = s->found.data + begin;
	qsort(found, n, sizeof(*found), compare_strength);
	for (size_t i = 0; i < n; i++) {
		if (!kept || found[kept - 1].object != found[i].object) {
			first = kept;
			max = s->scan->all || iq_go_scanner_waits(
						      s, found[i].object) ?
				      KEPT_OF_OWN :
				      KEPT;
		}
		if (kept - first < max &&
		    !is_known(found + first, kept - first, &found[i]))
			found[kept++] = found[i];
	}
	qsort(found, kept, sizeof(*found), compare_place);
	s->found.len = begin + kept;
}

struct iq_error *iq_go_scanner_hits(struct iq_go_scanner *s, size_t i,
				    uint64_t hi)
{
	size_t begin = s->found.len;
	struct iq_error *err =
		iq_go_live_read(&s->live, &s->unwound, hi, !s->scan->all);

	if (!err)
		err = word_hits(s, i, begin);
	if (!err)
		err = code_hits(s, i, begin);
	if (!err)
		err = deferred_hits(s, i, begin);
	if (err)
		return err;
	tidy(s, begin);
	s->num_cut += s->live.is_cut;
	return NULL;
}
