/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/objects.h"

/* Words of a frame that are looked at, and words that a closure captured. */
#define FRAME_WORDS_MAX 4096
#define CAPTURED_MAX 8
/* Bytes of code before a call that can load its arguments. */
#define CODE_BYTES 64
/* Words beyond a frame where the function keeps arguments of registers. */
#define SPILLED_WORDS 4
/* Frames between a function of the runtime and the program's, and callers of
 * that which may still have it. */
#define FRAMES_BETWEEN 16
#define CALLERS 4
/* Bytes of a heap's object that are looked through. */
#define OBJECT_MAX 1024

static void consider(const struct iq_go_scene *s,
		     const struct iq_go_wanted *wanted, uint64_t addr,
		     struct iq_go_found *found)
{
	if (!addr || addr == found->addr ||
	    !wanted->test(s, addr, found->trust))
		return;
	found->several |= found->addr != 0;
	found->addr = addr;
	if (found->trust != IQ_GO_DEEP)
		found->holder = addr;
}

/* What a function captured whose closure is at @addr. */
static void consider_closure(const struct iq_go_scene *s,
			     const struct iq_go_wanted *wanted, uint64_t addr,
			     struct iq_go_found *found)
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

/* Package variables that the code before the call at @pc names. */
static void consider_code(const struct iq_go_scene *s,
			  const struct iq_go_wanted *wanted, uint64_t pc,
			  struct iq_go_found *found)
{
	const struct iq_arch *cpu = s->rt->core->cpu;
	uint64_t begin = pc - CODE_BYTES;
	struct iq_arch_place place;
	uint8_t code[CODE_BYTES];

	if (pc < sizeof(code) ||
	    !iq_memory_read(s->rt->memory, begin, sizeof(code), code))
		return;
	for (size_t i = 0; i < sizeof(code); i += cpu->pc_align) {
		if (cpu->names(code + i, sizeof(code) - i, begin + i, &place) &&
		    (!place.loads ||
		     iq_memory_u64(s->rt->memory, place.addr, &place.addr)))
			consider(s, wanted, place.addr, found);
	}
}

/* What is done with @word, which stands at @addr in frame @f. */
typedef void word_visitor(const struct iq_go_scene *s,
			  const struct iq_go_wanted *wanted,
			  const struct iq_go_scene_frame *f, uint64_t addr,
			  uint64_t word, struct iq_go_found *found);

/* False if the frame is not there as a whole. */
static bool each_word(const struct iq_go_scene *s,
		      const struct iq_go_wanted *wanted, size_t at,
		      word_visitor *visit, struct iq_go_found *found)
{
	const struct iq_go_scene_frame *f = &s->frames[at];
	uint64_t addr = (f->sp + 7) & ~7ull;
	uint64_t end = f->args + 8 * SPILLED_WORDS;

	for (unsigned n = 0; n < FRAME_WORDS_MAX && addr < end;
	     n++, addr += 8) {
		uint64_t word;

		if (!iq_memory_u64(s->rt->memory, addr, &word))
			return false;
		visit(s, wanted, f, addr, word, found);
	}
	return true;
}

static void visit_value(const struct iq_go_scene *s,
			const struct iq_go_wanted *wanted,
			const struct iq_go_scene_frame *f, uint64_t addr,
			uint64_t word, struct iq_go_found *found)
{
	consider(s, wanted, word, found);
	// A variable that does not escape is in the frame itself.
	if (addr < f->fp)
		consider(s, wanted, addr, found);
}

static void visit_closure(const struct iq_go_scene *s,
			  const struct iq_go_wanted *wanted,
			  const struct iq_go_scene_frame *f iq_unused,
			  uint64_t addr iq_unused, uint64_t word,
			  struct iq_go_found *found)
{
	consider_closure(s, wanted, word, found);
}

static void consider_frame(const struct iq_go_scene *s,
			   const struct iq_go_wanted *wanted, size_t at,
			   struct iq_go_found *found)
{
	if (each_word(s, wanted, at, visit_value, found) && !found->addr)
		(void)each_word(s, wanted, at, visit_closure, found);
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

/* The innermost frame of one of the functions, else of the program. */
static size_t first_frame(const struct iq_go_scene *s,
			  const struct iq_go_wanted *wanted)
{
	size_t from = iq_go_panics_frame(s);
	size_t at = from < s->num_frames ? from : 0;

	while (at < s->num_frames &&
	       !is_one_of(iq_go_scene_function(&s->frames[at]),
			  wanted->functions) &&
	       !has_program_call(s, at))
		at++;
	return at;
}

/* One of the functions still has its argument. */
static bool passed_find(const struct iq_go_scene *s,
			const struct iq_go_wanted *wanted, size_t at,
			uint64_t *ret)
{
	for (size_t n = 0; at < s->num_frames && n < FRAMES_BETWEEN;
	     n++, at++) {
		uint64_t word;

		if (is_one_of(iq_go_scene_function(&s->frames[at]),
			      wanted->functions) &&
		    iq_memory_u64(s->rt->memory,
				  s->frames[at].args + 8 * wanted->argument,
				  &word) &&
		    wanted->test(s, word, IQ_GO_PASSED)) {
			*ret = word;
			return true;
		}
		if (has_program_call(s, at))
			return false;
	}
	return false;
}

/* What is in the heap's object that @addr is in, and what that refers to. */
static void consider_object(const struct iq_go_scene *s,
			    const struct iq_go_wanted *wanted, uint64_t addr,
			    struct iq_go_found *found)
{
	struct iq_go_span span;
	uint64_t object;

	if (addr % 8 || !iq_go_span_find(s->rt, s->mheap_addr, addr, &span) ||
	    span.state != 1 || !span.elem_size || span.elem_size > OBJECT_MAX)
		return;
	object = addr - (addr - span.start) % span.elem_size;
	for (uint64_t i = 0; i < span.elem_size; i += 8) {
		uint64_t word;

		if (!iq_memory_u64(s->rt->memory, object + i, &word))
			return;
		consider(s, wanted, object + i, found);
		consider(s, wanted, word, found);
	}
	if (found->addr && !found->holder)
		found->holder = object;
}

static void visit_object(const struct iq_go_scene *s,
			 const struct iq_go_wanted *wanted,
			 const struct iq_go_scene_frame *f iq_unused,
			 uint64_t addr iq_unused, uint64_t word,
			 struct iq_go_found *found)
{
	consider_object(s, wanted, word, found);
}

/* Goes through the frames from @at on as found->trust wants it. */
static bool frames_find(const struct iq_go_scene *s,
			const struct iq_go_wanted *wanted, size_t at,
			struct iq_go_found *found)
{
	size_t callers = 0;

	for (size_t n = 0;
	     at < s->num_frames && n < FRAMES_BETWEEN && callers < CALLERS;
	     n++, at++) {
		callers += has_program_call(s, at);
		if (found->trust == IQ_GO_DEEP) {
			(void)each_word(s, wanted, at, visit_object, found);
		} else {
			consider_frame(s, wanted, at, found);
			consider_code(s, wanted, s->frames[at].pc, found);
		}
		if (found->addr)
			return true;
	}
	return false;
}

bool iq_go_wanted_find(const struct iq_go_scene *s,
		       const struct iq_go_wanted *wanted,
		       struct iq_go_found *ret)
{
	struct iq_go_found found = { .trust = IQ_GO_PRESENT };
	size_t at = first_frame(s, wanted);

	if (passed_find(s, wanted, at, &found.addr)) {
		found.trust = IQ_GO_PASSED;
		found.holder = found.addr;
	} else if (!frames_find(s, wanted, at, &found)) {
		found.trust = IQ_GO_DEEP;
		(void)frames_find(s, wanted, at, &found);
	}
	if (!found.addr || found.several)
		return false;
	*ret = found;
	return true;
}

struct iq_error *iq_go_object_add(struct iq_go_scene *s, const char *what,
				  const struct iq_go_found *found, bool shared,
				  struct iq_go_values *values)
{
	struct iq_scene_object object = { .what = iq_str_of(what) };
	struct iq_go_scene_holder holder = { .is_shared = shared };
	struct iq_error *err =
		iq_go_values_take(values, &object.values, &object.num_values);

	if (found) {
		object.has_address = true;
		object.address = found->addr;
		holder.addr = found->holder;
	}
	if (!err && (!iq_vec_push(&s->objects, object) ||
		     !iq_vec_push(&s->holders, holder)))
		err = &iq_enomem;
	return err;
}

static struct iq_error *object_read(struct iq_go_scene *s,
				    struct iq_go_values *values)
{
	switch (s->scene->cause) {
	case IQ_CAUSE_NIL_DEREFERENCE:
		return iq_go_object_nil(s, values);
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
