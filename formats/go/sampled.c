/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/sampled.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "formats/go/record.h"
#include "formats/go/symbolize.h"

/* Frames of one stack: GODEBUG=profstackdepth can ask for 1,024, and two more
 * are kept. Go: src/runtime/mprof.go, maxProfStackDepth. */
#define STACK_MAX 4096
/* Buckets of one list, by far: each takes 400 bytes that are never freed. */
#define BUCKETS_MAX (16u << 20)
/* Cycles that are still to be published. Go: src/runtime/mprof.go, memRecord. */
#define CYCLES 3

void iq_go_bucket_deinit(struct iq_go_bucket *bucket)
{
	iq_vec_deinit(&bucket->stack);
}

/* Go: src/runtime/mprof.go, stkbucket. */
static uint64_t hash_of(const struct iq_go_bucket *b)
{
	uint64_t h = 0;

	for (size_t i = 0; i < b->stack.len; i++) {
		h += b->stack.data[i];
		h += h << 10;
		h ^= h >> 6;
	}
	h += b->block_size;
	h += h << 10;
	h ^= h >> 6;
	h += h << 3;
	h ^= h >> 11;
	return h;
}

static bool stack_read(const struct iq_go_runtime *rt, uint64_t addr,
		       uint64_t num, struct iq_go_bucket *ret)
{
	ret->stack.len = 0;
	if (!iq_vec_reserve(&ret->stack, num + 1))
		return false;
	for (uint64_t i = 0; i < num; i++) {
		uint64_t pc;

		if (!iq_memory_u64(rt->memory, addr + 8 * i, &pc))
			return false;
		ret->stack.data[ret->stack.len++] = pc;
	}
	return true;
}

bool iq_go_bucket_read(const struct iq_go_runtime *rt, uint64_t addr,
		       struct iq_go_bucket *ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record r;
	uint64_t num;

	ret->stack.len = 0;
	if (!l->bucket_size ||
	    !iq_go_record_read(rt->memory, addr, l->bucket_size, &r))
		return false;
	ret->addr = addr;
	ret->type = iq_go_record_uint(&r, l->bucket_typ);
	ret->next = iq_go_record_uint(&r, l->bucket_allnext);
	ret->block_size = iq_go_record_uint(&r, l->bucket_block_size);
	num = iq_go_record_uint(&r, l->bucket_nstk);
	if (ret->type < IQ_GO_BUCKET_MEMORY || ret->type > IQ_GO_BUCKET_MUTEX ||
	    num > STACK_MAX ||
	    !stack_read(rt, addr + l->bucket_size, num, ret) ||
	    hash_of(ret) != iq_go_record_uint(&r, l->bucket_hash))
		return false;
	ret->record = addr + l->bucket_size + 8 * num;
	return true;
}

/* ---- what was counted */

/* Allocations and frees of a bucket of the heap, by the cycle that they belong
 * to: first what is published. */
struct counts {
	uint64_t allocs[CYCLES + 1];
	uint64_t frees[CYCLES + 1];
};

static bool counts_read(const struct iq_go_runtime *rt,
			const struct iq_go_bucket *b, struct counts *ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record r;

	if (!l->mem_record_cycle_size ||
	    !iq_go_has(l->mem_record_cycle_allocs) ||
	    !iq_go_record_read(rt->memory, b->record, l->mem_record_size, &r))
		return false;
	for (unsigned i = 0; i <= CYCLES; i++) {
		struct iq_go_field allocs = l->mem_record_cycle_allocs;
		struct iq_go_field frees = l->mem_record_cycle_frees;
		uint32_t at =
			i ? l->mem_record_future.offset +
					(i - 1) * l->mem_record_cycle_size :
			    l->mem_record_active.offset;

		allocs.offset = (uint16_t)(allocs.offset + at);
		frees.offset = (uint16_t)(frees.offset + at);
		ret->allocs[i] = iq_go_record_uint(&r, allocs);
		ret->frees[i] = iq_go_record_uint(&r, frees);
	}
	return true;
}

/* False if it is none of a process. */
static bool number_of(double value, int64_t *ret)
{
	if (!(value >= 0 && value < 9e18))
		return false;
	*ret = (int64_t)value;
	return true;
}

/* Go: src/runtime/pprof/protomem.go, scaleHeapSample. */
static bool scale(int64_t count, uint64_t size, int64_t rate, int64_t ret[2])
{
	double bytes = (double)count * (double)size;
	double factor = 1;

	if (count && size && rate > 1)
		factor = 1 / (1 - exp(-(double)size / (double)rate));
	return number_of((double)count * factor, &ret[0]) &&
	       number_of(bytes * factor, &ret[1]);
}

struct reading {
	const struct iq_go_runtime *rt;
	struct iq_arena *arena;
	struct iq_go_symbolizer *sym;
	struct iq_go_bucket bucket;
	IQ_VEC(const struct iq_frame *) frames;
	IQ_VEC(struct iq_sampled_record) records;
	struct iq_sampled_table *table;
	/* Of the heap: which cycles are added to what is published. */
	bool cycles[CYCLES + 1];
	int64_t rate;
	double ns_per_tick; /* 0: not known */
	/* Of mutexes: how many waits each one that was counted stands for. */
	int64_t each;
};

/* Adds a reason, each once. */
static void lacks(struct reading *r, const char *why)
{
	struct iq_str *text = &r->table->lacks;
	struct iq_str add = iq_str_of(why);
	char *all;

	if (iq_str_search(*text, add) < text->len)
		return;
	if (!text->len) {
		*text = add;
		return;
	}
	all = iq_arena_alloc(r->arena, text->len + add.len + 3);
	// The first one says enough.
	if (!all)
		return;
	memcpy(all, text->ptr, text->len);
	memcpy(all + text->len, "; ", 2);
	memcpy(all + text->len + 2, add.ptr, add.len + 1);
	*text = (struct iq_str){ .ptr = all, .len = text->len + 2 + add.len };
}

static void reading_deinit(struct reading *r)
{
	iq_go_symbolizer_destroy(r->sym);
	iq_go_bucket_deinit(&r->bucket);
	iq_vec_deinit(&r->frames);
	iq_vec_deinit(&r->records);
}

static bool memory_values(const struct reading *r, int64_t *values)
{
	uint64_t allocs = 0;
	uint64_t frees = 0;
	struct counts counts;

	if (!counts_read(r->rt, &r->bucket, &counts))
		return false;
	for (unsigned i = 0; i <= CYCLES; i++) {
		if (!r->cycles[i])
			continue;
		allocs += counts.allocs[i];
		frees += counts.frees[i];
	}
	if (allocs > INT64_MAX / 2 || frees > allocs ||
	    r->bucket.block_size > 1ull << 48)
		return false;
	return scale((int64_t)allocs, r->bucket.block_size, r->rate, values) &&
	       scale((int64_t)(allocs - frees), r->bucket.block_size, r->rate,
		     values + 2);
}

/* Go: src/runtime/mprof.go, blockRecord; pprof/pprof.go, printCountCycleProfile. */
static bool block_values(const struct reading *r, int64_t *values)
{
	const struct iq_go_layout *l = r->rt->layout;
	struct iq_go_record record;
	uint64_t bits, cycles;
	double count;

	if (!iq_go_record_read(r->rt->memory, r->bucket.record,
			       l->block_record_size, &record))
		return false;
	bits = iq_go_record_uint(&record, l->block_record_count);
	cycles = iq_go_record_uint(&record, l->block_record_cycles);
	memcpy(&count, &bits, sizeof(count));
	if (!(count >= 0 && count < 1e18) || cycles > INT64_MAX)
		return false;
	if (count < 1)
		count = 1;
	return number_of(count * (double)r->each, &values[0]) &&
	       number_of((double)cycles * (double)r->each *
				 (r->ns_per_tick > 0 ? r->ns_per_tick : 1),
			 &values[1]);
}

/* ---- stacks */

static bool is_same_call(const struct iq_frame *a, const struct iq_frame *b)
{
	return a->line == b->line && a->entry == b->entry &&
	       iq_str_equal(a->function, b->function);
}

/* Whether the calls at the next pc are those that @frames have from @at on: then
 * it stands for one that was inlined, and they are there already. */
static struct iq_error *is_told(struct reading *r, size_t next,
				const struct iq_go_frames *frames, uint32_t at,
				bool *ret)
{
	const struct iq_go_frames *other;
	struct iq_error *err;

	*ret = false;
	if (next >= r->bucket.stack.len || at >= frames->num)
		return NULL;
	err = iq_go_symbolize(r->sym, r->bucket.stack.data[next], false,
			      &other);
	if (err || other->num != frames->num - at)
		return err;
	for (uint32_t i = 0; i < other->num; i++) {
		if (!is_same_call(other->frames[i], frames->frames[at + i]))
			return NULL;
	}
	*ret = true;
	return NULL;
}

static bool frame_push(struct reading *r, const struct iq_frame *frame)
{
	// Go: src/runtime/pprof/proto.go, allFrames.
	if (iq_str_equal(frame->function, IQ_STR("runtime.goexit")))
		return true;
	return iq_vec_push(&r->frames, frame);
}

/* A pc in no function: where functions are known it is C's, or a mark of the
 * runtime, both of which Go's own profiles leave out. */
static struct iq_error *unknown_push(struct reading *r, uint64_t pc)
{
	struct iq_frame *frame;

	if (r->rt->program->modules[0].has_pclntab)
		return NULL;
	frame = iq_arena_calloc(r->arena, 1, sizeof(*frame));
	if (!frame)
		return &iq_enomem;
	frame->has_pc = true;
	frame->pc = pc;
	lacks(r, "functions have no names: the executable is not there");
	return iq_vec_push(&r->frames, frame) ? NULL : &iq_enomem;
}

/*
 * The stack's frames. Each pc stands for one call, inlined ones having pcs of
 * their own; but where the runtime followed frame pointers (block and mutex
 * profiles from 1.23 on) most stand for all that was inlined there.
 * Go: src/runtime/traceback.go, tracebackPCs; mprof.go, fpTracebackPartialExpand.
 */
static struct iq_error *frames_collect(struct reading *r)
{
	bool each = r->bucket.type == IQ_GO_BUCKET_MEMORY;

	r->frames.len = 0;
	for (size_t i = 0; i < r->bucket.stack.len; i++) {
		const struct iq_go_frames *f;
		uint32_t at = 0;
		bool told;
		struct iq_error *err = iq_go_symbolize(
			r->sym, r->bucket.stack.data[i], false, &f);

		if (!err && !f->num)
			err = unknown_push(r, r->bucket.stack.data[i]);
		else if (!err && each && !frame_push(r, f->frames[0]))
			err = &iq_enomem;
		if (err)
			return err;
		if (each)
			continue;
		// Wrappers count where they stand themselves alone.
		// Go: src/runtime/symtab.go, Frames.Next.
		for (uint32_t k = 0; k < f->num; k++) {
			if ((!k || !f->frames[k]->wrapper) &&
			    !frame_push(r, f->frames[k]))
				return &iq_enomem;
		}
		do {
			err = is_told(r, i + 1, f, ++at, &told);
			i += told;
		} while (!err && told);
		if (err)
			return err;
	}
	return NULL;
}

static bool is_runtime(const struct iq_frame *frame)
{
	return iq_str_starts(frame->function, IQ_STR("runtime.")) ||
	       iq_str_starts(frame->function, IQ_STR("internal/runtime/"));
}

/* The allocator's own frames are left out, unless there are no others.
 * Go: src/runtime/pprof/protomem.go, writeHeapProto. */
static size_t first_frame(const struct reading *r)
{
	size_t first = 0;

	if (r->bucket.type != IQ_GO_BUCKET_MEMORY)
		return 0;
	while (first < r->frames.len && is_runtime(r->frames.data[first]))
		first++;
	return first < r->frames.len ? first : 0;
}

static struct iq_error *record_add(struct reading *r)
{
	struct iq_sampled_record record = { 0 };
	bool is_memory = r->bucket.type == IQ_GO_BUCKET_MEMORY;
	const struct iq_frame **frames;
	struct iq_error *err;
	size_t first;

	if (is_memory ? !memory_values(r, record.values) :
			!block_values(r, record.values)) {
		lacks(r, "counts of some stacks make no sense");
		return NULL;
	}
	// Of a cycle that is not published yet.
	if (is_memory && !record.values[0])
		return NULL;
	err = frames_collect(r);
	if (err)
		return err;
	first = first_frame(r);
	record.num_frames = (uint32_t)(r->frames.len - first);
	frames = iq_arena_calloc(r->arena, record.num_frames + 1,
				 sizeof(*frames));
	if (!frames)
		return &iq_enomem;
	if (record.num_frames)
		memcpy(frames, r->frames.data + first,
		       record.num_frames * sizeof(*frames));
	record.frames = frames;
	record.block_size = is_memory ? r->bucket.block_size : 0;
	return iq_vec_push(&r->records, record) ? NULL : &iq_enomem;
}

/* ---- tables */

static const struct kind {
	enum iq_profile_type type;
	enum iq_go_bucket_type bucket;
	size_t num_types;
	const char *types[IQ_SAMPLED_VALUES][2];
	const char *period_type[2];
} kinds[] = {
	{ IQ_PROFILE_HEAP,
	  IQ_GO_BUCKET_MEMORY,
	  4,
	  { { "alloc_objects", "count" },
	    { "alloc_space", "bytes" },
	    { "inuse_objects", "count" },
	    { "inuse_space", "bytes" } },
	  { "space", "bytes" } },
	{ IQ_PROFILE_BLOCK,
	  IQ_GO_BUCKET_BLOCK,
	  2,
	  { { "contentions", "count" }, { "delay", "nanoseconds" } },
	  { "contentions", "count" } },
	{ IQ_PROFILE_MUTEX,
	  IQ_GO_BUCKET_MUTEX,
	  2,
	  { { "contentions", "count" }, { "delay", "nanoseconds" } },
	  { "contentions", "count" } },
};

static struct iq_value_type value_type(const char *const words[2])
{
	return (struct iq_value_type){ iq_str_of(words[0]),
				       iq_str_of(words[1]) };
}

/* Calls @visit for each bucket from @head on; a list that leads back into itself
 * or to what is none ends there, and the table lacks the rest. */
static struct iq_error *each_bucket(struct reading *r, uint64_t head,
				    enum iq_go_bucket_type type,
				    struct iq_error *(*visit)(struct reading *))
{
	uint64_t addr = head;
	uint64_t kept = 0;
	struct iq_error *err = NULL;

	// Brent's: the bucket that was kept last comes again in a circle.
	for (uint64_t n = 0, lap = 1; addr && !err; n++) {
		if (addr == kept || n == BUCKETS_MAX ||
		    !iq_go_bucket_read(r->rt, addr, &r->bucket) ||
		    r->bucket.type != type) {
			lacks(r, "the runtime's list of stacks is cut off");
			r->table->is_cut = true;
			break;
		}
		if (n == lap) {
			kept = addr;
			lap *= 2;
		}
		err = visit(r);
		addr = r->bucket.next;
	}
	return err;
}

/* Whether anything is published yet. */
static struct iq_error *see_published(struct reading *r)
{
	struct counts counts;

	if (counts_read(r->rt, &r->bucket, &counts) &&
	    (counts.allocs[0] || counts.frees[0]))
		r->cycles[0] = true;
	return NULL;
}

/* What a profile of the heap would show: what is published and the cycle whose
 * time has come; before the first collection, everything.
 * Go: src/runtime/mprof.go, memProfileInternal. */
static struct iq_error *choose_cycles(struct reading *r, uint64_t head)
{
	struct iq_error *err =
		each_bucket(r, head, IQ_GO_BUCKET_MEMORY, see_published);
	uint64_t cycle;

	if (err)
		return err;
	// Of a list that is cut off the rest may be published.
	if (!r->cycles[0] && !r->table->is_cut) {
		memset(r->cycles, true, sizeof(r->cycles));
		return NULL;
	}
	r->cycles[0] = true;
	if (iq_go_sampled_cycle(r->rt, CYCLES, &cycle))
		r->cycles[1 + cycle] = true;
	else
		lacks(r, "what the last collection has published is not known");
	return NULL;
}

static struct iq_error *read_memory(struct reading *r, uint64_t head)
{
	struct iq_sampled_table *t = r->table;
	struct iq_error *err = choose_cycles(r, head);

	t->has_period = iq_go_sampled_rate(r->rt, &t->period);
	r->rate = t->has_period ? t->period : 0;
	if (!t->has_period)
		lacks(r,
		      "MemProfileRate is not known: values are those sampled");
	return err;
}

static void read_ticks(struct reading *r)
{
	int64_t ticks;

	r->table->has_period = true;
	r->table->period = 1;
	if (iq_go_sampled_ticks(r->rt, &ticks)) {
		r->ns_per_tick = 1e9 / (double)ticks;
		return;
	}
	r->table->types[1].unit = IQ_STR("ticks");
	lacks(r, "how long a tick of the process's clock is, is not known");
}

/* Up to Go 1.19 who writes the profile of mutexes multiplies, and who samples
 * does from then on. Go: src/runtime/pprof/pprof.go, scaleMutexProfile. */
static void read_fraction(struct reading *r, enum iq_go_bucket_type type)
{
	r->each = 1;
	if (type == IQ_GO_BUCKET_MUTEX &&
	    !iq_go_sampled_fraction(r->rt, &r->each))
		lacks(r,
		      "the fraction of waits that is sampled is not known: values are those sampled");
}

static struct iq_error *table_read(struct reading *r, const struct kind *kind,
				   uint64_t head)
{
	struct iq_sampled_table *t = r->table;
	struct iq_error *err = NULL;
	struct iq_sampled_record *records;

	t->type = kind->type;
	t->num_types = kind->num_types;
	for (size_t i = 0; i < t->num_types; i++)
		t->types[i] = value_type(kind->types[i]);
	t->period_type = value_type(kind->period_type);
	if (kind->bucket == IQ_GO_BUCKET_MEMORY)
		err = read_memory(r, head);
	else
		read_ticks(r);
	read_fraction(r, kind->bucket);
	if (!err)
		err = each_bucket(r, head, kind->bucket, record_add);
	if (err)
		return err;
	records =
		iq_arena_calloc(r->arena, r->records.len + 1, sizeof(*records));
	if (!records)
		return &iq_enomem;
	if (r->records.len)
		memcpy(records, r->records.data,
		       r->records.len * sizeof(*records));
	t->records = records;
	t->num_records = r->records.len;
	return NULL;
}

struct sampled {
	struct iq_sampled sampled;
	const struct iq_go_runtime *rt;
};

static struct iq_error *read_type(const struct iq_sampled *base,
				  enum iq_profile_type type,
				  struct iq_arena *arena,
				  struct iq_sampled_table **ret)
{
	const struct sampled *s = (const struct sampled *)base;
	iq_cleanup(reading_deinit) struct reading r = { .rt = s->rt,
							.arena = arena };
	const struct kind *kind = kinds;
	struct iq_error *err;
	uint64_t head;

	*ret = NULL;
	while (kind->type != type) {
		if (++kind == kinds + IQ_ARRAY_SIZE(kinds))
			return NULL;
	}
	if (!iq_go_sampled_head(s->rt, kind->bucket, &head))
		return NULL;
	err = iq_go_symbolizer_create(s->rt, &r.sym);
	if (err)
		return err;
	r.table = iq_arena_calloc(arena, 1, sizeof(*r.table));
	err = r.table ? table_read(&r, kind, head) : &iq_enomem;
	if (!err)
		*ret = r.table;
	return err;
}

struct iq_error *iq_go_sampled_open(const struct iq_go_runtime *rt,
				    const struct iq_sampled **ret)
{
	struct sampled *s = iq_arena_calloc(&rt->facts->arena, 1, sizeof(*s));

	if (!s)
		return &iq_enomem;
	s->sampled.read = read_type;
	s->rt = rt;
	*ret = &s->sampled;
	return NULL;
}
