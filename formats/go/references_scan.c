/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_scan.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/go/stack_start.h"

/* Waits that are searched one by one. */
#define WAITS_FEW 8
/* Variables of a deferred closure that are looked at here. */
#define CAPTURED_MAX 8

struct iq_error *iq_go_scanner_init(struct iq_go_scanner *s,
				    const struct iq_go_scan *scan)
{
	struct iq_error *err = iq_go_pc_cache_init(&s->cache, scan->rt);

	s->scan = scan;
	s->unwound.has_fps = true;
	return err ? err : iq_go_live_init(&s->live, &s->cache);
}

void iq_go_scanner_deinit(struct iq_go_scanner *s)
{
	iq_go_pc_cache_deinit(&s->cache);
	iq_go_unwound_deinit(&s->unwound);
	iq_go_live_deinit(&s->live);
	iq_vec_deinit(&s->deferreds.items);
	iq_vec_deinit(&s->places.frames);
	iq_vec_deinit(&s->own);
	iq_vec_deinit(&s->found);
}

static unsigned deeds_of(struct iq_go_scanner *s, uint64_t pc)
{
	const struct iq_go_runtime *rt = s->scan->rt;

	return iq_go_deeds(&s->unlocks, rt->core->cpu, rt->memory,
			   rt->program->pcln, pc);
}

/* A closure at @addr is a function's address, and then what it captured. */
unsigned iq_go_scanner_deeds(struct iq_go_scanner *s, uint64_t addr)
{
	uint64_t pc;

	return iq_memory_u64(s->scan->rt->memory, addr, &pc) ? deeds_of(s, pc) :
							       0;
}

unsigned iq_go_scanner_unlocked(struct iq_go_scanner *s, uint64_t addr,
				uint64_t ret[IQ_GO_UNLOCKED_MAX])
{
	const struct iq_go_runtime *rt = s->scan->rt;

	return iq_go_unlocked(&s->unlocks, rt->core->cpu, rt->memory,
			      rt->program->pcln, addr, ret);
}

bool iq_go_scanner_gives_back(struct iq_go_scanner *s, size_t number)
{
	const struct iq_go_runtime *rt = s->scan->rt;

	return iq_go_gives_back(&s->unlocks, rt->core->cpu, rt->memory,
				rt->program->pcln, s->unwound.pcs.data[number]);
}

static int compare_addrs(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The cases of a large select. */
static struct iq_error *own_read(struct iq_go_scanner *s)
{
	s->own.len = 0;
	if (s->fact->num_waits <= WAITS_FEW)
		return NULL;
	if (!iq_vec_reserve(&s->own, s->fact->num_waits))
		return &iq_enomem;
	for (uint32_t i = 0; i < s->fact->num_waits; i++)
		s->own.data[s->own.len++] = s->fact->waits[i].address;
	qsort(s->own.data, s->own.len, sizeof(*s->own.data), compare_addrs);
	return NULL;
}

bool iq_go_scanner_waits(const struct iq_go_scanner *s, uint64_t object)
{
	if (s->own.len)
		return bsearch(&object, s->own.data, s->own.len,
			       sizeof(*s->own.data), compare_addrs);
	for (uint32_t i = 0; i < s->fact->num_waits; i++) {
		if (s->fact->waits[i].address == object &&
		    s->fact->waits[i].has_address)
			return true;
	}
	return false;
}

/* Whether a word that @found stands for, behind the word @before, may say
 * something: its own wait does only for a lock, which it may hold, or if it
 * would end it. */
static bool may_mention(struct iq_go_scanner *s, const struct iq_go_word *found,
			uint64_t before)
{
	return s->scan->all || found->kinds & IQ_GO_WAITED_LOCK ||
	       !iq_go_scanner_waits(s, found->object) || deeds_of(s, before);
}

/* Its own lock only if a closure that unlocks something has captured it. */
static bool may_hold(struct iq_go_scanner *s, uint64_t word, uint64_t before)
{
	struct iq_go_held held[IQ_GO_HOLDS_MAX];
	unsigned num;
	uint64_t via;

	num = iq_go_holders_find(s->scan->holders, word, &via, held);
	for (unsigned i = 0; i < num; i++) {
		if (held[i].kinds & IQ_GO_WAITED_RW ||
		    !iq_go_scanner_waits(s, held[i].object) ||
		    deeds_of(s, before) & IQ_GO_DEED_UNLOCK)
			return true;
	}
	return false;
}

/* Whether a word of the stack [@addr, @hi) may mention something. */
static bool may_stack(struct iq_go_scanner *s, uint64_t addr, uint64_t hi)
{
	const struct iq_go_word_set *words = s->scan->words;
	uint64_t have = 0;
	const uint8_t *bytes = NULL;
	uint64_t word = 0;

	addr = (addr + 7) & ~7ull;
	for (; addr < hi && hi - addr >= 8; addr += 8) {
		const struct iq_go_word *found;
		uint64_t before = word;

		if (have < 8) {
			bytes = iq_memory_window(s->scan->rt->memory, addr,
						 &have);
			if (!bytes || have < 8)
				break;
		}
		memcpy(&word, bytes, sizeof(word));
		word = le64toh(word);
		bytes += 8;
		have -= 8;
		if (iq_go_word_set_may(words, word)) {
			found = iq_go_word_set_find(words, word);
			if (found && may_mention(s, found, before))
				return true;
		}
		if (iq_go_holders_may(s->scan->holders, word) &&
		    may_hold(s, word, before))
			return true;
	}
	return false;
}

/* The same for closures that records of the runtime refer to. */
static bool may_defers(struct iq_go_scanner *s, const struct iq_go_g *g)
{
	const struct iq_go_runtime *rt = s->scan->rt;
	struct iq_go_defer_record records[IQ_GO_DEFER_RECORDS_MAX];
	size_t num;

	if (!g->defers)
		return false;
	num = iq_go_defer_records(rt, g->defers, records,
				  IQ_ARRAY_SIZE(records));
	for (size_t i = 0; i < num; i++) {
		if (iq_go_scanner_deeds(s, records[i].closure) &
		    IQ_GO_DEED_UNLOCK)
			return true;
		for (unsigned k = 1; k <= CAPTURED_MAX; k++) {
			uint64_t addr = records[i].closure + 8 * k;
			uint64_t word;

			if (iq_memory_u64(rt->memory, addr, &word) &&
			    iq_go_word_set_find(s->scan->words, word))
				return true;
		}
	}
	return false;
}

/* What the functions on @stack name: that of few stacks is asked for often. */
static const struct iq_go_stack_code *stack_code(struct iq_go_scanner *s,
						 const struct iq_stack *stack)
{
	struct iq_go_stack_code *ret =
		&s->stacks[stack->index % IQ_GO_STACK_CODES];

	if (ret->stack == stack)
		return ret;
	*ret = (struct iq_go_stack_code){ .stack = stack };
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *frame = stack->frames[i];
		const struct iq_go_code *code;

		if (frame->inlined || !frame->has_pc)
			continue;
		code = iq_go_named_find(s->scan->named, &s->codes, frame->pc);
		for (unsigned k = 0;
		     k < code->num && ret->num < IQ_ARRAY_SIZE(ret->items); k++)
			ret->items[ret->num++] = code->items[k];
	}
	return ret;
}

/* Whether code that the goroutine comes to names something. */
static bool may_code(struct iq_go_scanner *s)
{
	const struct iq_go_stack_code *code;

	if (!s->scan->named || !s->scan->named->places.num)
		return false;
	code = stack_code(s, s->fact->stack);
	for (unsigned i = 0; i < code->num; i++) {
		if (code->items[i]->kinds & IQ_GO_WAITED_LOCK ||
		    !iq_go_scanner_waits(s, code->items[i]->object))
			return true;
	}
	// There may be more.
	return code->num == IQ_ARRAY_SIZE(code->items);
}

struct iq_error *iq_go_scanner_run(struct iq_go_scanner *s, size_t i)
{
	const struct iq_go_runtime *rt = s->scan->rt;
	const struct iq_go_g *g = &rt->gs[i];
	struct iq_go_unwind_start start;
	struct iq_error *err;

	s->fact = &rt->facts->goroutines.data[s->scan->first + i];
	if (!s->fact->stack ||
	    iq_go_stack_start(rt, g, &start) != IQ_GO_START_FOUND ||
	    start.sp < start.lo)
		return NULL;
	err = own_read(s);
	if (err || (!may_code(s) && !may_stack(s, start.sp, start.hi) &&
		    !may_defers(s, g)))
		return err;
	err = iq_go_unwind(&s->cache, &start, &s->unwound);
	if (err)
		return err;
	if (!iq_go_frame_places_find(s->fact->stack, &s->unwound, &s->places))
		return &iq_enomem;
	return iq_go_scanner_hits(s, i, start.hi);
}
