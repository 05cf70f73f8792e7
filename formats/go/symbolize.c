/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/symbolize.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

/* What a pc is looked up as; no padding. */
struct place {
	uint64_t pc;
	uint64_t use;
};

enum { USE_CALL, USE_EXACT, USE_ENTRY, USE_CREATOR };

struct entry {
	UT_hash_handle hh;
	struct place place;
	struct iq_go_frames frames;
	/* What frames points at where it is one. */
	const struct iq_frame *one;
};

struct iq_go_symbolizer {
	const struct iq_go_runtime *rt;
	struct iq_arena arena;
	struct entry *entries;
	/* Scratch for one pc, and for one name. */
	struct iq_go_call calls[IQ_LIMIT_INLINE + 1];
	char name[IQ_LIMIT_NAME];
};

struct iq_error *iq_go_symbolizer_create(const struct iq_go_runtime *rt,
					 struct iq_go_symbolizer **ret)
{
	struct iq_go_symbolizer *sym = calloc(1, sizeof(*sym));

	if (!sym)
		return &iq_enomem;
	sym->rt = rt;
	iq_arena_init(&sym->arena);
	*ret = sym;
	return NULL;
}

void iq_go_symbolizer_destroy(struct iq_go_symbolizer *sym)
{
	if (!sym)
		return;
	HASH_CLEAR(hh, sym->entries);
	iq_arena_deinit(&sym->arena);
	free(sym);
}

static bool is_id(uint8_t id, int16_t of)
{
	return of >= 0 && id == of;
}

/* Names as the runtime prints them; the result's function is one only until
 * the next call. */
static struct iq_frame frame_of(struct iq_go_symbolizer *sym,
				const struct iq_go_func *f,
				const struct iq_go_call *call, uint64_t pc,
				bool exact)
{
	return (struct iq_frame){
		.function = iq_go_name_print(call->function, sym->name,
					     sizeof(sym->name)),
		.file = call->file,
		.module = f->module->path,
		.line = call->line,
		.has_pc = true,
		.pc_exact = exact,
		.inlined = call->inlined,
		.wrapper = is_id(call->func_id,
				 sym->rt->version->func_ids->wrapper),
		.pc = pc,
		.entry = f->entry,
	};
}

/*
 * The function that holds @pc and where to look lines up: one before a return
 * address, so that it is the call's. Go: src/runtime/traceback.go, symPC.
 */
static bool lookup(const struct iq_go_symbolizer *sym, uint64_t pc, bool *exact,
		   struct iq_go_func *f_ret, uint64_t *at_ret)
{
	if (!iq_pclntab_func(sym->rt->program->pcln, pc, f_ret))
		return false;
	if (pc <= f_ret->entry)
		*exact = true;
	*at_ret = *exact ? pc : pc - 1;
	return true;
}

/* All calls at entry->place.pc. */
static struct iq_error *fill_calls(struct iq_go_symbolizer *sym,
				   struct entry *entry)
{
	const struct iq_go_func_ids *ids = sym->rt->version->func_ids;
	uint64_t pc = entry->place.pc;
	bool exact = entry->place.use == USE_EXACT;
	struct iq_go_func f;
	const struct iq_frame **frames;
	uint64_t at;
	size_t n;

	if (!lookup(sym, pc, &exact, &f, &at))
		return NULL;
	n = iq_pclntab_calls(sym->rt->program->pcln, &f, at, sym->calls,
			     IQ_ARRAY_SIZE(sym->calls));
	if (n == 0) {
		// A frame without a name is still a frame.
		sym->calls[0] = (struct iq_go_call){ .func_id = f.func_id };
		n = 1;
	}
	frames = iq_arena_calloc(&sym->arena, n, sizeof(*frames));
	if (!frames)
		return &iq_enomem;
	for (size_t i = 0; i < n; i++) {
		struct iq_frame frame =
			frame_of(sym, &f, &sym->calls[i], pc, exact);
		struct iq_error *err =
			iq_facts_frame(sym->rt->facts, &frame, &frames[i]);

		if (err)
			return err;
	}
	entry->frames = (struct iq_go_frames){
		.frames = frames,
		.num = (uint32_t)n,
		.injected = is_id(f.func_id, ids->sigpanic) ||
			    is_id(f.func_id, ids->async_preempt) ||
			    is_id(f.func_id, ids->debug_call_v2),
	};
	return NULL;
}

/* The place of a go statement in code whose tables are not here: its address
 * alone, which the executable can name later. */
static struct iq_error *fill_unnamed(struct iq_go_symbolizer *sym,
				     struct entry *entry)
{
	uint64_t pc = entry->place.pc;
	const struct iq_go_module *module =
		iq_pclntab_module(sym->rt->program->pcln, pc);
	struct iq_frame frame = { .has_pc = true, .pc = pc };
	struct iq_error *err;

	if (!module || module->has_pclntab || entry->place.use != USE_CREATOR)
		return NULL;
	frame.module = module->path;
	err = iq_facts_frame(sym->rt->facts, &frame, &entry->one);
	if (err)
		return err;
	entry->frames.frames = &entry->one;
	entry->frames.num = 1;
	return NULL;
}

/*
 * One frame: the function that holds the code, with the file and line of the
 * innermost call there for a go statement, of its own for its entry.
 * Go: src/runtime/traceback.go, printcreatedby1.
 */
static struct iq_error *fill_one(struct iq_go_symbolizer *sym,
				 struct entry *entry)
{
	bool exact = entry->place.use == USE_ENTRY;
	uint64_t pc = entry->place.pc;
	struct iq_go_call call;
	struct iq_go_func f;
	const struct iq_frame *kept;
	uint64_t at;
	size_t n;

	if (!lookup(sym, pc, &exact, &f, &at))
		return fill_unnamed(sym, entry);
	// Goroutines begin where functions do.
	if (exact && f.entry != pc)
		return NULL;
	n = iq_pclntab_calls(sym->rt->program->pcln, &f, at, sym->calls,
			     IQ_ARRAY_SIZE(sym->calls));
	if (n == 0)
		return NULL;
	call = sym->calls[n - 1];
	if (entry->place.use == USE_CREATOR) {
		call.file = sym->calls[0].file;
		call.line = sym->calls[0].line;
	}

	struct iq_frame frame = frame_of(sym, &f, &call, pc, exact);
	struct iq_error *err = iq_facts_frame(sym->rt->facts, &frame, &kept);
	if (err)
		return err;
	entry->one = kept;
	entry->frames.frames = &entry->one;
	entry->frames.num = 1;
	return NULL;
}

static struct iq_error *get(struct iq_go_symbolizer *sym, uint64_t pc,
			    uint64_t use, const struct iq_go_frames **ret)
{
	struct place place = { pc, use };
	bool iq_map_failed = false;
	struct iq_error *err;
	struct entry *entry;

	HASH_FIND(hh, sym->entries, &place, sizeof(place), entry);
	if (entry) {
		*ret = &entry->frames;
		return NULL;
	}
	entry = iq_arena_calloc(&sym->arena, 1, sizeof(*entry));
	if (!entry)
		return &iq_enomem;
	entry->place = place;
	if (use == USE_CALL || use == USE_EXACT)
		err = fill_calls(sym, entry);
	else
		err = fill_one(sym, entry);
	if (err)
		return err;
	HASH_ADD(hh, sym->entries, place, sizeof(place), entry);
	if (iq_map_failed)
		return &iq_enomem;
	*ret = &entry->frames;
	return NULL;
}

struct iq_error *iq_go_symbolize(struct iq_go_symbolizer *sym, uint64_t pc,
				 bool exact, const struct iq_go_frames **ret)
{
	return get(sym, pc, exact ? USE_EXACT : USE_CALL, ret);
}

static struct iq_error *get_one(struct iq_go_symbolizer *sym, uint64_t pc,
				uint64_t use, const struct iq_frame **ret)
{
	const struct iq_go_frames *frames;
	struct iq_error *err = get(sym, pc, use, &frames);

	if (!err)
		*ret = frames->num ? frames->frames[0] : NULL;
	return err;
}

struct iq_error *iq_go_symbolize_entry(struct iq_go_symbolizer *sym,
				       uint64_t pc, const struct iq_frame **ret)
{
	return get_one(sym, pc, USE_ENTRY, ret);
}

struct iq_error *iq_go_symbolize_creator(struct iq_go_symbolizer *sym,
					 uint64_t pc,
					 const struct iq_frame **ret)
{
	return get_one(sym, pc, USE_CREATOR, ret);
}
