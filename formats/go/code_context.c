/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/code.h"
#include "formats/go/type.h"
#include "formats/go/word_set.h"

/* Words of a stack that are looked at, objects that they lead to, and words of
 * each of these. */
#define STACK_MAX 4096
#define OBJECTS_MAX 2048
#define OBJECT_WORDS 24

/*
 * A cancelCtx is {Context; mu; done; ...}: an interface of two words, a Mutex
 * of one, an atomic.Value that holds the channel. A timerCtx, and what embeds
 * either, begins with one. Go: src/context/context.go, 1.18 - 1.27.
 */
#define PARENT 0
#define DONE 24

/* The type at @addr is called @name. */
static bool is_type(const struct iq_go_runtime *rt, uint64_t addr,
		    struct iq_str name)
{
	struct iq_go_type type;

	return addr && iq_go_type_read(rt, addr, &type) &&
	       iq_str_equal((struct iq_str){ type.name, type.name_len }, name);
}

/* Whether a context that has the channel @channel is at @addr. */
static bool is_context(const struct iq_go_runtime *rt, uint64_t addr,
		       uint64_t channel)
{
	uint64_t word, itab, inter;

	return iq_memory_u64(rt->memory, addr + DONE + 8, &word) &&
	       word == channel &&
	       iq_memory_u64(rt->memory, addr + DONE, &word) &&
	       is_type(rt, word, IQ_STR("chan struct {}")) &&
	       iq_memory_u64(rt->memory, addr + PARENT, &itab) &&
	       // Go: src/internal/abi/iface.go, ITab: the interface is first.
	       iq_memory_u64(rt->memory, itab, &inter) &&
	       is_type(rt, inter, IQ_STR("context.Context"));
}

/* The word before a reference to it says that it is one of the package's own:
 * other structs may look alike. Go: src/internal/abi/iface.go, ITab. */
static bool is_of_package(const struct iq_go_runtime *rt, uint64_t itab)
{
	struct iq_go_type type;
	uint64_t addr;

	return itab >= 4096 && iq_memory_u64(rt->memory, itab, &addr) &&
	       is_type(rt, addr, IQ_STR("context.Context")) &&
	       iq_memory_u64(rt->memory, itab + 8, &addr) &&
	       iq_go_type_read(rt, addr, &type) &&
	       iq_str_starts((struct iq_str){ type.name, type.name_len },
			     IQ_STR("*context."));
}

/* Objects that were come to, in the order in which they are looked into. */
struct search {
	const struct iq_go_runtime *rt;
	uint64_t channel;
	struct iq_go_word_set seen;
	uint64_t addrs[OBJECTS_MAX];
	size_t num;
	bool seen_alike;
	bool found;
	bool failed; /* without memory */
};

/* Code, types and variables of packages lead to all sorts of things. */
static bool is_static(const struct iq_go_runtime *rt, uint64_t addr)
{
	for (size_t i = 0; i < rt->program->num_modules; i++) {
		const struct iq_go_module *m = &rt->program->modules[i];

		if ((addr >= m->text && addr < m->etext) ||
		    (addr >= m->types && addr < m->etypes) ||
		    iq_go_module_has_variable(m, addr))
			return true;
	}
	return false;
}

/* @before is the word before: of an interface it is the type. */
static void come_to(struct search *s, uint64_t word, uint64_t before)
{
	if (word >= 4096 && !(word % 8) && !s->found &&
	    is_context(s->rt, word, s->channel)) {
		s->seen_alike = true;
		s->found = is_of_package(s->rt, before);
	}
	if (word < 4096 || word % 8 || s->num == OBJECTS_MAX || s->found ||
	    s->failed || (s->seen.num && iq_go_word_set_find(&s->seen, word)) ||
	    is_static(s->rt, word) ||
	    iq_memory_state(s->rt->memory, word) != IQ_MEMORY_PRESENT)
		return;
	s->failed = !iq_go_word_set_add(&s->seen, word, word);
	if (s->failed)
		return;
	s->addrs[s->num++] = word;
}

static void words_look(struct search *s, uint64_t addr, uint64_t num)
{
	uint64_t word, before = 0;

	for (uint64_t i = 0; i < num && !s->found && !s->failed; i++) {
		if (!iq_memory_u64(s->rt->memory, addr + 8 * i, &word))
			return;
		come_to(s, word, before);
		before = word;
	}
}

/* Whether the words have the type of a context of the package, without another
 * context behind it: compilers keep the words of one apart. */
static bool has_loose_type(const struct search *s, uint64_t addr, uint64_t num)
{
	uint64_t word, next, itab, inter;

	for (uint64_t i = 0; i < num; i++) {
		if (!iq_memory_u64(s->rt->memory, addr + 8 * i, &word))
			return false;
		if (!is_of_package(s->rt, word))
			continue;
		if (!iq_memory_u64(s->rt->memory, addr + 8 * i + 8, &next) ||
		    !iq_memory_u64(s->rt->memory, next + PARENT, &itab) ||
		    !iq_memory_u64(s->rt->memory, itab, &inter) ||
		    !is_type(s->rt, inter, IQ_STR("context.Context")))
			return true;
	}
	return false;
}

struct iq_error *iq_go_code_is_context(const struct iq_code_facts *code,
				       uint64_t g, uint64_t addr,
				       enum iq_code_context *ret)
{
	const struct iq_go_runtime *rt =
		((const struct iq_go_code_reader *)code)->rt;
	const struct iq_go_g *gp = iq_go_runtime_g(rt, g);
	struct search s = { .rt = rt, .channel = addr };
	uint64_t num;

	*ret = IQ_CODE_CONTEXT_NOT_SEEN;
	if (!gp || gp->sched_sp % 8 || gp->sched_sp >= gp->stack_hi)
		return NULL;
	num = (gp->stack_hi - gp->sched_sp) / 8;
	num = num < STACK_MAX ? num : STACK_MAX;
	words_look(&s, gp->sched_sp, num);
	for (size_t i = 0; i < s.num && !s.found && !s.failed; i++)
		words_look(&s, s.addrs[i], OBJECT_WORDS);
	iq_go_word_set_deinit(&s.seen);
	if (s.found || (s.seen_alike && has_loose_type(&s, gp->sched_sp, num)))
		*ret = IQ_CODE_CONTEXT_SURE;
	else if (s.seen_alike)
		*ret = IQ_CODE_CONTEXT_MAYBE;
	return s.failed ? &iq_enomem : NULL;
}
