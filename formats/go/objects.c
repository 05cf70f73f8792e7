/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/objects.h"

#include <elf.h>
#include <endian.h>
#include <string.h>

/* Words of a frame that are looked at, and words that a closure captured. */
#define FRAME_WORDS_MAX 4096
#define CAPTURED_MAX 8
/* Bytes of code before a call that can load its arguments. */
#define CODE_BYTES 64
/* Words beyond a frame where the function keeps arguments of registers. */
#define SPILLED_WORDS 4
/* Frames between a function of the runtime and the program's. */
#define FRAMES_BETWEEN 16

/* Objects that fit; more than one is none. */
struct found {
	uint64_t addr;
	bool several;
};

static void consider(const struct iq_go_scene *s,
		     const struct iq_go_wanted *wanted, uint64_t addr,
		     struct found *found)
{
	if (!addr || addr == found->addr || !wanted->test(s, addr, false))
		return;
	found->several = found->addr != 0;
	found->addr = addr;
}

/* What a function captured whose closure is at @addr. */
static void consider_closure(const struct iq_go_scene *s,
			     const struct iq_go_wanted *wanted, uint64_t addr,
			     struct found *found)
{
	struct iq_go_func func;
	uint64_t pc;

	if (addr % 8 || !iq_memory_u64(s->rt->memory, addr, &pc) ||
	    !iq_pclntab_func(s->rt->program->pcln, pc, &func) ||
	    func.entry != pc)
		return;
	for (unsigned i = 1; i <= CAPTURED_MAX; i++) {
		uint64_t word;

		if (!iq_memory_u64(s->rt->memory, addr + 8 * i, &word))
			return;
		consider(s, wanted, word, found);
	}
}

/*
 * Package variables that the code before the call at @pc names: LEA and MOV of
 * an address relative to the next instruction. Intel SDM 2, 2.2.1.6.
 */
static void consider_code(const struct iq_go_scene *s,
			  const struct iq_go_wanted *wanted, uint64_t pc,
			  struct found *found)
{
	uint8_t code[CODE_BYTES];

	if (s->rt->core->machine != EM_X86_64 || pc < sizeof(code) ||
	    !iq_memory_read(s->rt->memory, pc - sizeof(code), sizeof(code),
			    code))
		return;
	for (size_t i = 0; i + 7 <= sizeof(code); i++) {
		bool lea = code[i + 1] == 0x8d;
		uint64_t addr;
		uint32_t rel;

		if ((code[i] & 0xfb) != 0x48 || (!lea && code[i + 1] != 0x8b) ||
		    (code[i + 2] & 0xc7) != 0x05)
			continue;
		memcpy(&rel, code + i + 3, sizeof(rel));
		addr = pc - sizeof(code) + i + 7 +
		       (uint64_t)(int64_t)(int32_t)le32toh(rel);
		if (lea || iq_memory_u64(s->rt->memory, addr, &addr))
			consider(s, wanted, addr, found);
	}
}

static void consider_frame(const struct iq_go_scene *s,
			   const struct iq_go_wanted *wanted, size_t at,
			   struct found *found)
{
	const struct iq_go_scene_frame *f = &s->frames[at];
	uint64_t addr = (f->sp + 7) & ~7ull;
	uint64_t end = f->args + 8 * SPILLED_WORDS;

	for (unsigned n = 0; n < FRAME_WORDS_MAX && addr < end;
	     n++, addr += 8) {
		uint64_t word;

		if (!iq_memory_u64(s->rt->memory, addr, &word))
			return;
		consider(s, wanted, word, found);
		// A variable that does not escape is in the frame itself.
		if (addr < f->fp)
			consider(s, wanted, addr, found);
	}
	if (found->addr)
		return;
	addr = (f->sp + 7) & ~7ull;
	for (unsigned n = 0; n < FRAME_WORDS_MAX && addr < end;
	     n++, addr += 8) {
		uint64_t word;

		if (!iq_memory_u64(s->rt->memory, addr, &word))
			return;
		consider_closure(s, wanted, word, found);
	}
}

static bool is_one_of(struct iq_str name, const char *const *functions)
{
	for (; *functions; functions++) {
		if (iq_str_starts(name, iq_str_of(*functions)))
			return true;
	}
	return false;
}

static bool has_program_call(const struct iq_go_scene *s, size_t at)
{
	const struct iq_go_frames *calls = s->frames[at].calls;

	for (uint32_t i = 0; i < calls->num; i++) {
		if (iq_go_scene_is_program(s, calls->frames[i]))
			return true;
	}
	return false;
}

bool iq_go_wanted_find(const struct iq_go_scene *s,
		       const struct iq_go_wanted *wanted, uint64_t *ret)
{
	size_t from = iq_go_panics_frame(s);
	size_t at = from < s->num_frames ? from : 0;
	struct found found = { 0 };
	uint64_t word;

	while (at < s->num_frames &&
	       !is_one_of(iq_go_scene_function(&s->frames[at]),
			  wanted->functions) &&
	       !has_program_call(s, at))
		at++;
	for (size_t i = at; i < s->num_frames && i - at < FRAMES_BETWEEN; i++) {
		if (is_one_of(iq_go_scene_function(&s->frames[i]),
			      wanted->functions) &&
		    iq_memory_u64(s->rt->memory,
				  s->frames[i].args + 8 * wanted->argument,
				  &word) &&
		    wanted->test(s, word, true)) {
			*ret = word;
			return true;
		}
		if (has_program_call(s, i))
			break;
	}
	for (size_t i = at; i < s->num_frames && i - at < FRAMES_BETWEEN; i++) {
		consider_frame(s, wanted, i, &found);
		consider_code(s, wanted, s->frames[i].pc, &found);
		if (found.addr || has_program_call(s, i))
			break;
	}
	if (!found.addr || found.several)
		return false;
	*ret = found.addr;
	return true;
}

struct iq_error *iq_go_object_add(struct iq_go_scene *s, const char *what,
				  uint64_t addr, struct iq_go_values *values)
{
	struct iq_scene_object object = {
		.what = iq_str_of(what),
		.has_address = addr != 0,
		.address = addr,
	};
	struct iq_error *err =
		iq_go_values_take(values, &object.values, &object.num_values);

	if (!err && !iq_vec_push(&s->objects, object))
		err = &iq_enomem;
	return err;
}

static struct iq_error *object_read(struct iq_go_scene *s,
				    struct iq_go_values *values)
{
	switch (s->scene->cause) {
	case IQ_CAUSE_SEND_ON_CLOSED:
	case IQ_CAUSE_CLOSE_OF_CLOSED:
		return iq_go_object_channel(s, values);
	case IQ_CAUSE_NEGATIVE_WAITGROUP:
		return iq_go_object_waitgroup(s, values);
	case IQ_CAUSE_UNLOCK_OF_UNLOCKED:
		return iq_go_object_mutex(s, values);
	case IQ_CAUSE_CONCURRENT_MAP:
		return iq_go_object_map(s, values);
	case IQ_CAUSE_BOUNDS:
		return iq_go_object_bounds(s, values);
	case IQ_CAUSE_TYPE_ASSERTION:
		return iq_go_object_assertion(s, values);
	case IQ_CAUSE_STACK_OVERFLOW:
		return iq_go_object_stack(s, values);
	case IQ_CAUSE_OUT_OF_MEMORY:
		return iq_go_object_memory(s, values);
	default:
		return NULL;
	}
}

struct iq_error *iq_go_objects_read(struct iq_go_scene *s)
{
	iq_cleanup(iq_go_values_deinit) struct iq_go_values values = {
		.facts = s->rt->facts,
	};
	struct iq_error *err = object_read(s, &values);

	return err ? err : iq_go_objects_referrers(s);
}
