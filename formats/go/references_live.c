/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_live.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/go/record.h"

#define MAP_SLOTS 1024
/* Words of a frame, and of a goroutine, that are looked at. */
#define FRAME_WORDS_MAX 4096
#define WORDS_MAX (1u << 18)
/* Variables of a frame whose address was taken, and those of a goroutine. */
#define OBJECTS_MAX 1024
#define ALL_OBJECTS_MAX (1u << 16)

/* Go: src/internal/abi/symtab.go (src/cmd/internal/objabi/funcdata.go before
 * 1.20); 1.18 - 1.27. */
#define PCDATA_STACK_MAP 1
#define FUNCDATA_ARGS 0
#define FUNCDATA_LOCALS 1
#define FUNCDATA_OBJECTS 2
#define FUNCDATA_OPEN_DEFERS 4

/* Go: src/runtime/symtab.go, stackmap: n, nbit, bitmaps; 1.18 - 1.27. */
#define STACKMAP_HEADER 8
#define STACKMAP_MAX (1u << 20)
/* Go: src/runtime/stack.go, stackObjectRecord: off, size, two more; 1.18 -
 * 1.27. A word with their number stands before them. */
#define OBJECT_RECORD 16

struct iq_error *iq_go_live_init(struct iq_go_live *live,
				 struct iq_go_pc_cache *cache)
{
	live->cache = cache;
	live->maps = calloc(MAP_SLOTS, sizeof(*live->maps));
	return live->maps ? NULL : &iq_enomem;
}

void iq_go_live_deinit(struct iq_go_live *live)
{
	free(live->maps);
	live->maps = NULL;
	iq_vec_deinit(&live->words);
	iq_vec_deinit(&live->objects);
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

/* Bitmap number @index of FUNCDATA @table; NULL if it cannot be read. */
static const uint8_t *bitmap(const struct iq_go_runtime *rt,
			     const struct iq_go_func *func, unsigned table,
			     uint32_t index, uint32_t *num_ret)
{
	const uint8_t *p;
	uint64_t addr, have;
	uint32_t n, nbit, size;

	if (!iq_pclntab_funcdata(rt->program->pcln, func, table, &addr))
		return NULL;
	p = iq_memory_window(rt->memory, addr, &have);
	if (!p || have < STACKMAP_HEADER)
		return NULL;
	n = u32_at(p);
	nbit = u32_at(p + 4);
	size = (nbit + 7) / 8;
	if (n > STACKMAP_MAX || nbit > STACKMAP_MAX || index >= n ||
	    (uint64_t)(index + 1) * size > have - STACKMAP_HEADER)
		return NULL;
	*num_ret = nbit;
	return p + STACKMAP_HEADER + (uint64_t)index * size;
}

static void objects_find(const struct iq_go_runtime *rt,
			 const struct iq_go_func *func,
			 struct iq_go_live_map *map)
{
	const uint8_t *p;
	uint64_t addr, have;

	if (!iq_pclntab_funcdata(rt->program->pcln, func, FUNCDATA_OBJECTS,
				 &addr))
		return;
	p = iq_memory_window(rt->memory, addr, &have);
	if (!p || have < 8 || u32_at(p + 4) || u32_at(p) > OBJECTS_MAX ||
	    (uint64_t)u32_at(p) * OBJECT_RECORD > have - 8)
		return;
	map->num_objects = u32_at(p);
	map->objects = p + 8;
}

/* Go: src/runtime/stkframe.go, getStackMap (stack.go before 1.21). */
static void map_fill(const struct iq_go_runtime *rt, uint64_t pc,
		     struct iq_go_live_map *map)
{
	const struct iq_pclntab *pcln = rt->program->pcln;
	struct iq_go_func func;
	uint64_t args;
	int32_t index = -1;

	*map = (struct iq_go_live_map){ .pc = pc };
	if (!iq_pclntab_func(pcln, pc, &func))
		return;
	// ArgsSizeUnknown is negative. Go: src/internal/abi/stack.go.
	if (iq_go_field_read(rt->memory, func.func_addr, rt->layout->func_args,
			     &args) &&
	    args <= 8 * FRAME_WORDS_MAX)
		map->args_size = (uint32_t)args;
	if (pc != func.entry &&
	    !iq_pclntab_pcdata(pcln, &func, PCDATA_STACK_MAP, pc - 1, &index))
		index = -1;
	// No value is that of the entry: the function has just begun.
	if (index == -1)
		index = 0;
	if (index < 0)
		return;
	map->locals = bitmap(rt, &func, FUNCDATA_LOCALS, (uint32_t)index,
			     &map->num_locals);
	map->args = bitmap(rt, &func, FUNCDATA_ARGS, (uint32_t)index,
			   &map->num_args);
	objects_find(rt, &func, map);
	if (!iq_pclntab_funcdata(pcln, &func, FUNCDATA_OPEN_DEFERS,
				 &map->open_defers))
		map->open_defers = 0;
}

const struct iq_go_live_map *iq_go_live_map(struct iq_go_live *live,
					    uint64_t pc)
{
	size_t slot = (pc * 0x9e3779b97f4a7c15ull) >> 32;
	struct iq_go_live_map *map = &live->maps[slot % MAP_SLOTS];

	if (map->pc != pc || !pc)
		map_fill(live->cache->rt, pc, map);
	return map;
}

uint64_t iq_go_live_begin(const struct iq_go_live *live, size_t number)
{
	const struct iq_go_unwound *u = live->unwound;

	return number ? u->fps.data[number - 1] : u->sp;
}

/* Go: src/runtime/traceback.go, unwinder.resolveInternal: the frame pointer is
 * saved there, if there is a frame; on arm64 it is as if. */
uint64_t iq_go_live_varp(const struct iq_go_live *live, size_t number)
{
	uint64_t varp =
		live->unwound->fps.data[number] - live->cache->cpu->call_push;

	return varp > iq_go_live_begin(live, number) ? varp - 8 : varp;
}

bool iq_go_live_word_at(const struct iq_go_live *live, uint64_t addr,
			uint64_t *ret)
{
	uint64_t offset = addr - live->unwound->sp;
	uint64_t word;

	if (offset < live->window_len && live->window_len - offset >= 8) {
		memcpy(&word, live->window + offset, sizeof(word));
		*ret = le64toh(word);
		return true;
	}
	return iq_memory_u64(live->cache->rt->memory, addr, ret);
}

static struct iq_error *word_add(struct iq_go_live *live, uint64_t addr,
				 size_t frame, bool parameter)
{
	struct iq_go_live_word word = {
		.frame = (uint32_t)frame,
		.parameter = parameter,
	};

	// Nothing is so low: Go: src/runtime/malloc.go, minLegalPointer.
	if (!iq_go_live_word_at(live, addr, &word.word) || word.word < 4096)
		return NULL;
	if (live->words.len >= WORDS_MAX) {
		live->is_cut = true;
		return NULL;
	}
	return iq_vec_push(&live->words, word) ? NULL : &iq_enomem;
}

/* The words from @addr on whose bits are set; all of them without @bits. */
static struct iq_error *words_add(struct iq_go_live *live, uint64_t addr,
				  const uint8_t *bits, uint64_t num,
				  size_t frame, bool parameter)
{
	struct iq_error *err = NULL;

	for (uint64_t i = 0; i < num && !err; i++) {
		if (!bits || bits[i / 8] >> i % 8 & 1)
			err = word_add(live, addr + 8 * i, frame, parameter);
	}
	return err;
}

/* Where the parameters of frame @number are: in its caller's. */
static uint64_t argp(const struct iq_go_live *live, size_t number)
{
	return live->unwound->fps.data[number] + live->cache->cpu->fixed_frame;
}

static struct iq_error *args_add(struct iq_go_live *live,
				 const struct iq_go_live_map *map,
				 size_t number, bool has_map)
{
	uint64_t begin = argp(live, number);
	uint64_t num = map->args_size / 8;

	if (!num || begin > live->hi || live->hi - begin < map->args_size)
		return NULL;
	if (!has_map || !map->args)
		return words_add(live, begin, NULL, num, number, true);
	// What a map does not tell of holds no pointer.
	if (num > map->num_args)
		num = map->num_args;
	return words_add(live, begin, map->args, num, number, true);
}

/* All of a frame but what its callee got there. */
static struct iq_error *frame_add(struct iq_go_live *live, size_t number,
				  size_t owner)
{
	uint64_t end = live->unwound->fps.data[number];
	uint64_t skip = 0, skip_end = 0;
	struct iq_error *err = NULL;
	uint64_t addr = iq_go_live_begin(live, number);

	if (number) {
		uint64_t pc = live->unwound->pcs.data[number - 1];

		skip = argp(live, number - 1);
		skip_end = skip + iq_go_live_map(live, pc)->args_size;
	}
	for (unsigned n = 0; n < FRAME_WORDS_MAX && addr < end && !err;
	     n++, addr += 8) {
		if (addr < skip || addr >= skip_end)
			err = word_add(live, addr, owner, false);
	}
	return err;
}

/* A signal interrupted the frame: it stands anywhere, not at a call. */
static bool is_interrupted(const struct iq_go_live *live, size_t number)
{
	const struct iq_go_unwound *u = live->unwound;

	if (!number)
		return u->exact;
	return iq_go_pc_cache_get(live->cache, u->pcs.data[number - 1])->flags &
	       IQ_GO_PC_INJECTED;
}

static struct iq_error *objects_add(struct iq_go_live *live,
				    const struct iq_go_live_map *map,
				    size_t number)
{
	uint64_t varp = iq_go_live_varp(live, number);

	for (uint32_t i = 0; i < map->num_objects; i++) {
		const uint8_t *p = map->objects + (size_t)i * OBJECT_RECORD;
		int32_t off = (int32_t)u32_at(p);
		uint32_t size = u32_at(p + 4);
		struct iq_go_live_object o = {
			.begin = (off < 0 ? varp : argp(live, number)) +
				 (uint64_t)off,
			.frame = (uint32_t)number,
			.parameter = off >= 0,
		};
		uint64_t last =
			live->objects.len ?
				live->objects.data[live->objects.len - 1].end :
				iq_go_live_begin(live, number);

		o.end = o.begin + size;
		// The compiler orders them: what is not was no record.
		if (o.begin < last || o.end < o.begin || o.end > live->hi ||
		    o.begin % 8)
			continue;
		if (live->objects.len >= ALL_OBJECTS_MAX) {
			live->is_cut = true;
			return NULL;
		}
		if (!iq_vec_push(&live->objects, o))
			return &iq_enomem;
	}
	return NULL;
}

/* The variables of frame @number, by its map or all of it. */
static struct iq_error *locals_add(struct iq_go_live *live,
				   const struct iq_go_live_map *map,
				   size_t number, bool has_map)
{
	uint64_t begin = iq_go_live_begin(live, number);
	uint64_t varp = iq_go_live_varp(live, number);
	uint64_t pc = live->unwound->pcs.data[number];
	size_t owner = number;

	if (has_map && varp <= begin)
		return NULL;
	if (has_map && map->locals && map->num_locals <= (varp - begin) / 8)
		return words_add(live, varp - 8 * (uint64_t)map->num_locals,
				 map->locals, map->num_locals, number, false);
	// What a signal pushed are registers of the function that it stopped.
	if (iq_go_pc_cache_get(live->cache, pc)->flags & IQ_GO_PC_INJECTED &&
	    number + 1 < live->unwound->pcs.len)
		owner++;
	return frame_add(live, number, owner);
}

struct iq_go_live_object *iq_go_live_object(struct iq_go_live *live,
					    uint64_t addr)
{
	size_t lo = 0, hi = live->objects.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (live->objects.data[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < live->objects.len && live->objects.data[lo].begin <= addr ?
		       &live->objects.data[lo] :
		       NULL;
}

/* What is reached from the words that are there: more words. */
static struct iq_error *trace(struct iq_go_live *live)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < live->words.len && !err; i++) {
		uint64_t word = live->words.data[i].word;
		struct iq_go_live_object *o;

		if (word < live->unwound->sp || word >= live->hi)
			continue;
		o = iq_go_live_object(live, word);
		if (!o || o->reached)
			continue;
		o->reached = true;
		err = words_add(live, o->begin, NULL, (o->end - o->begin) / 8,
				o->frame, o->parameter);
	}
	return err;
}

struct iq_error *iq_go_live_read(struct iq_go_live *live,
				 const struct iq_go_unwound *unwound,
				 uint64_t hi, bool maps)
{
	struct iq_error *err = NULL;

	live->unwound = unwound;
	live->hi = hi;
	live->words.len = live->objects.len = 0;
	live->is_cut = false;
	live->window = iq_memory_window(live->cache->rt->memory, unwound->sp,
					&live->window_len);
	if (!live->window)
		live->window_len = 0;
	for (size_t i = 0; i < unwound->fps.len && !err; i++) {
		const struct iq_go_live_map *map =
			iq_go_live_map(live, unwound->pcs.data[i]);
		bool has_map = maps && !is_interrupted(live, i);

		// The last one may be where the unwinding failed.
		if (unwound->fps.data[i] <= iq_go_live_begin(live, i) ||
		    unwound->fps.data[i] > hi)
			continue;
		err = objects_add(live, map, i);
		if (!err)
			err = args_add(live, map, i, has_map);
		// The callee's map takes the slot, maybe.
		if (!err) {
			struct iq_go_live_map copy = *map;

			err = locals_add(live, &copy, i, has_map);
		}
	}
	return err ? err : trace(live);
}
