/* SPDX-License-Identifier: Apache-2.0 */
/* Who refers to the objects of a type, grouped by what refers and where. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/vec.h"
#include "model/frame.h"
#include "model/heap_survey_parts.h"
#include "model/heap_walk.h"

/* Places nearer to an object's start than this are looked up by their offset
 * before they are put into words. */
#define NEAR_BYTES 1024
/* Names that are like one that is not there. */
#define MAX_LIKES 8

/* What makes references alike. */
struct kin {
	uint32_t is_root;
	uint32_t root;
	uint32_t type;
	uint32_t leaked;
	uint64_t size;
	const void *frame; /* of goroutines: the line that they stand in */
};

struct line {
	struct iq_heap_referrer referrer;
	/* The kin and the place: the key. */
	void *key;
	UT_hash_handle hh;
};

/* A line by the offset in its objects. */
struct near {
	struct {
		struct kin kin;
		uint64_t offset;
	} key;
	struct line *line;
	UT_hash_handle hh;
};

struct asking {
	struct iq_surveying *s;
	bool *wanted;	    /* by type number */
	uint64_t *referred; /* bit i: slot i is referred to */
	struct line *lines;
	struct near *nears;
	/* Where references are looked for now. */
	struct kin kin;
	uint32_t goroutine;
	uint64_t base; /* what offsets count from */
	struct iq_out text;
	bool failed; /* without memory */
};

static void asking_deinit(struct asking *a)
{
	struct line *line, *next_line;
	struct near *near, *next_near;

	HASH_ITER (hh, a->nears, near, next_near) {
		HASH_DEL(a->nears, near);
		free(near);
	}
	HASH_ITER (hh, a->lines, line, next_line) {
		HASH_DEL(a->lines, line);
		free(line->key);
		free(line);
	}
	free(a->wanted);
	free(a->referred);
	iq_out_deinit(&a->text);
}

/* ---- the type that is asked for */

/* "chan T" is a pointer to the object that "hchan T" stands for. */
static bool is_called(struct iq_str type, struct iq_str name)
{
	return iq_str_equal(type, name) ||
	       (iq_str_starts(name, IQ_STR("chan ")) &&
		iq_str_starts(type, IQ_STR("h")) &&
		iq_str_equal(iq_str_sub(type, 1, type.len), name));
}

static bool want(struct asking *a)
{
	const struct iq_heap_types *types = a->s->types;
	struct iq_str name = iq_str_of(a->s->query->type);
	bool known = false;

	for (uint32_t i = 1; types && i < types->num_types; i++) {
		a->wanted[i] = is_called(types->types[i].name, name);
		known |= a->wanted[i];
	}
	return known;
}

/* Whether "*main.T" stands in the name of @type and ends there. */
static bool has_pointer_to(struct iq_str type, struct iq_str name)
{
	while (name.len && type.len > name.len) {
		size_t at = iq_str_search(type, name);
		size_t end = at + name.len;

		if (at >= type.len)
			return false;
		if (at && type.ptr[at - 1] == '*' &&
		    (end == type.len || strchr(",;)]} ", type.ptr[end])))
			return true;
		type = iq_str_sub(type, end, type.len);
	}
	return false;
}

/* Names that have the word in them; rows are ordered by what they hold. */
static struct iq_error *find_likes(struct iq_surveying *s)
{
	struct iq_heap_survey *survey = s->survey;
	struct iq_str name = iq_str_of(s->query->type);
	struct iq_str *list =
		iq_arena_calloc(&s->model->arena, MAX_LIKES, sizeof(*list));

	if (!list)
		return &iq_enomem;
	survey->who.likes = list;
	for (size_t i = 0; i < survey->num_rows; i++) {
		struct iq_str type = survey->rows[i].type;

		survey->who.has_pointers |= has_pointer_to(type, name);
		if (survey->who.num_likes < MAX_LIKES && name.len && type.len &&
		    iq_str_search(type, name) < type.len)
			list[survey->who.num_likes++] = type;
	}
	return NULL;
}

/* ---- lines */

static struct line *line_new(struct asking *a, const struct kin *kin,
			     const char *place, size_t len, void *key)
{
	const struct iq_surveying *s = a->s;
	struct line *line = calloc(1, sizeof(*line));
	struct iq_heap_referrer *r;
	struct iq_error *err;
	bool iq_map_failed = false;

	if (!line)
		return NULL;
	line->key = key;
	r = &line->referrer;
	r->is_root = kin->is_root;
	r->root = (enum iq_root_kind)kin->root;
	r->size = kin->size;
	r->leaked = kin->leaked;
	r->goroutine = a->goroutine;
	err = iq_surveying_name(s, kin->type, &r->type);
	if (!err &&
	    !iq_str_dup(&s->model->arena,
			(struct iq_str){ .ptr = place, .len = len }, &r->place))
		err = &iq_enomem;
	HASH_ADD_KEYPTR(hh, a->lines, line->key, (unsigned)(sizeof(*kin) + len),
			line);
	if (!err && !iq_map_failed)
		return line;
	if (iq_map_failed)
		free(line);
	return NULL;
}

/* The line of what is in a->text; NULL without memory. */
static struct line *line_of_text(struct asking *a)
{
	size_t len = a->text.len;
	struct line *line;
	char *key;

	if (a->text.err)
		return NULL;
	key = malloc(sizeof(a->kin) + len);
	if (!key)
		return NULL;
	memcpy(key, &a->kin, sizeof(a->kin));
	if (len)
		memcpy(key + sizeof(a->kin), a->text.buf, len);
	HASH_FIND(hh, a->lines, key, (unsigned)(sizeof(a->kin) + len), line);
	if (line) {
		free(key);
		return line;
	}
	line = line_new(a, &a->kin, key + sizeof(a->kin), len, key);
	if (!line)
		free(key);
	return line;
}

/* ".items[17].next" and ".items[18].next" are one place. */
static void drop_indexes(struct iq_out *out)
{
	size_t to = 0;
	bool inside = false;

	for (size_t i = 0; i < out->len; i++) {
		char c = out->buf[i];

		if (inside && c >= '0' && c <= '9')
			continue;
		inside = c == '[';
		out->buf[to++] = c;
	}
	out->len = to;
}

static struct line *line_of_object(struct asking *a, uint64_t offset)
{
	const struct iq_heap_types *types = a->s->types;

	a->text.len = 0;
	if (a->kin.type && types->put_place)
		types->put_place(types, a->kin.type, offset, &a->text);
	drop_indexes(&a->text);
	return line_of_text(a);
}

static struct line *line_of_near(struct asking *a, uint64_t offset)
{
	struct near *near, key = { .key = { .kin = a->kin, .offset = offset } };
	bool iq_map_failed = false;

	HASH_FIND(hh, a->nears, &key.key, sizeof(key.key), near);
	if (near)
		return near->line;
	near = malloc(sizeof(*near));
	if (!near)
		return NULL;
	*near = key;
	near->line = line_of_object(a, offset);
	if (near->line) {
		HASH_ADD(hh, a->nears, key, sizeof(near->key), near);
		if (!iq_map_failed)
			return near->line;
	}
	free(near);
	return NULL;
}

static struct line *line_of_root(struct asking *a, uint64_t addr)
{
	const struct iq_heap_types *types = a->s->types;

	a->text.len = 0;
	if (a->kin.root == IQ_ROOT_VARIABLE && addr && types->put_variable &&
	    types->put_variable(types, addr, &a->text))
		drop_indexes(&a->text);
	return line_of_text(a);
}

static bool take(void *ctx, const struct iq_heap_reference *ref)
{
	struct asking *a = ctx;
	uint64_t addr = a->base ? a->base + ref->offset : 0;
	struct line *line;

	if (!a->wanted[iq_surveying_type(a->s, ref->slot)])
		return true;
	a->referred[ref->slot / 64] |= 1ull << ref->slot % 64;
	if (a->kin.is_root)
		line = line_of_root(a, addr);
	else if (ref->offset < NEAR_BYTES)
		line = line_of_near(a, ref->offset);
	else
		line = line_of_object(a, ref->offset);
	if (!line) {
		a->failed = true;
		return false;
	}
	if (!line->referrer.references++)
		line->referrer.first_addr = addr;
	return true;
}

/* ---- who refers */

static void ask_object(struct asking *a, const struct iq_heap_span *span,
		       uint32_t slot, enum iq_heap_state state)
{
	uint32_t type = iq_surveying_type(a->s, slot);

	memset(&a->kin, 0, sizeof(a->kin));
	a->kin.type = type;
	a->kin.size = type ? 0 : span->elem_size;
	a->kin.leaked = state == IQ_HEAP_LEAKED;
	a->base = span->addr + (slot - span->first) * span->elem_size;
	iq_heap_walk_object(a->s->proof->map, slot, take, a);
}

/* Garbage refers to nothing that counts. */
static void ask_objects(struct asking *a)
{
	const struct iq_heap_map *map = a->s->proof->map;

	a->goroutine = UINT32_MAX;
	for (size_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		for (uint32_t k = 0;
		     k < span->num_slots && !span->noscan && !a->failed; k++) {
			enum iq_heap_state state;

			if (!iq_heap_allocated(span, k))
				continue;
			state = iq_surveying_state(a->s, span->first + k);
			if (state != IQ_HEAP_GARBAGE)
				ask_object(a, span, span->first + k, state);
		}
	}
}

static void ask_range(struct asking *a, const struct iq_heap_range *range,
		      enum iq_root_kind kind, const void *frame, bool leaked)
{
	memset(&a->kin, 0, sizeof(a->kin));
	a->kin.is_root = true;
	a->kin.root = kind;
	a->kin.frame = frame;
	a->kin.leaked = leaked;
	a->base = range->addr;
	if (!a->failed && range->len)
		iq_heap_walk_range(a->s->proof->map, range, take, a);
}

static void ask_words(struct asking *a)
{
	const struct iq_heap_map *map = a->s->proof->map;

	for (size_t i = 0; i < map->root_words.len && !a->failed; i++) {
		const struct iq_heap_word *word = &map->root_words.data[i];
		struct iq_heap_reference ref = {
			.word = word->word,
			.slot = iq_heap_map_slot(map, word->word),
		};

		if (ref.slot == IQ_HEAP_NONE)
			continue;
		memset(&a->kin, 0, sizeof(a->kin));
		a->kin.is_root = true;
		a->kin.root = word->kind;
		a->base = word->addr;
		take(a, &ref);
	}
}

/* The line of code that @goroutine stands in; NULL if it is not known. */
static const struct iq_frame *frame_of(const struct iq_model *m,
				       uint32_t goroutine)
{
	const struct iq_goroutine *g;
	const struct iq_signature *sig;
	const struct iq_stack *stack;

	if (goroutine == UINT32_MAX)
		return NULL;
	g = &m->goroutines[goroutine];
	stack = g->fact->stack;
	sig = iq_model_signature(m, g->witness, stack);
	if (!stack || !sig || sig->site >= stack->num_frames)
		return NULL;
	return stack->frames[sig->site];
}

/* The record of its wait refers to what goroutine @index of the facts, which
 * stays blocked, waits for; told of what nothing else refers to. */
static void ask_waits(struct asking *a, size_t index, const void *frame,
		      bool leaked)
{
	const struct iq_surveying *s = a->s;
	const struct iq_goroutine_fact *fact =
		&s->facts->goroutines.data[index];

	memset(&a->kin, 0, sizeof(a->kin));
	a->kin.is_root = true;
	a->kin.root = IQ_ROOT_GOROUTINE;
	a->kin.frame = frame;
	a->kin.leaked = leaked;
	a->base = 0;
	for (uint32_t i = 0; i < fact->num_waits && !a->failed; i++) {
		struct iq_heap_reference ref = {
			.slot = iq_heap_slot_of_wait(s->proof->map,
						     &fact->waits[i]),
		};

		if (ref.slot != IQ_HEAP_NONE &&
		    !iq_surveying_bit(a->referred, ref.slot))
			take(a, &ref);
	}
}

static void ask_goroutines(struct asking *a)
{
	const struct iq_surveying *s = a->s;
	const struct iq_heap_map *map = s->proof->map;

	for (size_t i = 0; i < map->num_holders && !a->failed; i++) {
		struct iq_heap_holder h = iq_heap_map_holder(map, i);
		const struct iq_frame *frame;
		bool leaked;

		a->goroutine = i < s->facts->goroutines.len ? s->goroutines[i] :
							      UINT32_MAX;
		frame = frame_of(s->model, a->goroutine);
		leaked = iq_surveying_is_leaked(s, a->goroutine);
		ask_range(a, &h.stack, IQ_ROOT_STACK, frame, leaked);
		ask_range(a, &h.self, IQ_ROOT_GOROUTINE, frame, leaked);
		ask_range(a, &h.registers, IQ_ROOT_REGISTERS, frame, leaked);
		if (i < s->facts->goroutines.len &&
		    !(s->proof->can_run[i / 64] >> i % 64 & 1))
			ask_waits(a, i, frame, leaked);
	}
}

static void ask_all(struct asking *a)
{
	const struct iq_heap_map *map = a->s->proof->map;

	ask_objects(a);
	for (size_t i = 0; i < map->roots.len; i++)
		ask_range(a, &map->roots.data[i], map->roots.data[i].kind, NULL,
			  false);
	ask_words(a);
	ask_goroutines(a);
}

/* ---- results */

static void count_targets(struct asking *a)
{
	const struct iq_heap_map *map = a->s->proof->map;
	struct iq_heap_who *who = &a->s->survey->who;

	for (size_t i = 0; i < map->spans.len; i++) {
		const struct iq_heap_span *span = &map->spans.data[i];

		for (uint32_t k = 0; k < span->num_slots; k++) {
			uint32_t slot = span->first + k;
			enum iq_heap_state state;
			struct iq_heap_sum *sum;

			if (!iq_heap_allocated(span, k) ||
			    !a->wanted[iq_surveying_type(a->s, slot)])
				continue;
			state = iq_surveying_state(a->s, slot);
			sum = state == IQ_HEAP_LIVE   ? &who->live :
			      state == IQ_HEAP_LEAKED ? &who->leaked :
							&who->garbage;
			sum->objects++;
			sum->bytes += span->elem_size;
			if (!iq_surveying_bit(a->referred, slot))
				who->num_unreferred++;
		}
	}
	who->known = who->live.objects || who->leaked.objects ||
		     who->garbage.objects;
}

static int compare_lines(const void *a, const void *b)
{
	const struct iq_heap_referrer *x = a;
	const struct iq_heap_referrer *y = b;
	int order;

	if (x->references != y->references)
		return x->references > y->references ? -1 : 1;
	if (x->is_root != y->is_root)
		return x->is_root ? -1 : 1;
	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	order = iq_str_compare(x->type, y->type);
	if (!order)
		order = iq_str_compare(x->place, y->place);
	if (order)
		return order;
	if (x->first_addr != y->first_addr)
		return x->first_addr < y->first_addr ? -1 : 1;
	return x->goroutine < y->goroutine ? -1 : x->goroutine > y->goroutine;
}

static struct iq_error *keep_lines(struct asking *a)
{
	struct iq_heap_who *who = &a->s->survey->who;
	size_t num = HASH_COUNT(a->lines);
	struct iq_heap_referrer *list =
		iq_arena_calloc(&a->s->model->arena, num + 1, sizeof(*list));
	size_t i = 0;

	if (!list)
		return &iq_enomem;
	for (struct line *line = a->lines; line; line = line->hh.next) {
		list[i++] = line->referrer;
		who->num_references += line->referrer.references;
	}
	if (num)
		qsort(list, num, sizeof(*list), compare_lines);
	who->referrers = list;
	who->num_referrers = num;
	return NULL;
}

struct iq_error *iq_surveying_who(struct iq_surveying *s)
{
	size_t num_types = s->types ? s->types->num_types : 0;
	iq_cleanup(asking_deinit) struct asking a = { .s = s };

	iq_out_init_memory(&a.text);
	a.wanted = calloc(num_types + 1, sizeof(*a.wanted));
	a.referred =
		calloc(s->proof->map->num_slots / 64 + 1, sizeof(*a.referred));
	if (!a.wanted || !a.referred)
		return &iq_enomem;
	if (!want(&a))
		return find_likes(s);
	ask_all(&a);
	if (a.failed)
		return &iq_enomem;
	count_targets(&a);
	return s->survey->who.known ? keep_lines(&a) : find_likes(s);
}
