/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/code.h"

/* The only place in [@begin, @end) that calls @entry is added to *@pc; false if
 * there is more than one. */
static bool text_scan(const struct iq_go_runtime *rt, uint64_t begin,
		      uint64_t end, uint64_t entry, uint64_t *pc)
{
	const struct iq_arch *cpu = rt->core->cpu;
	uint64_t len;

	while (begin < end) {
		const uint8_t *code = iq_memory_window(rt->memory, begin, &len);

		if (!code)
			return false;
		if (len > end - begin)
			len = end - begin;
		for (uint64_t at = 0; at < len; at += cpu->pc_align) {
			uint64_t target;

			if (!cpu->call_target(code + at, (size_t)(len - at),
					      begin + at, &target) ||
			    target != entry)
				continue;
			if (*pc)
				return false;
			*pc = begin + at;
		}
		begin += len;
	}
	return true;
}

static uint64_t look(const struct iq_go_runtime *rt, uint64_t entry)
{
	struct iq_arch_step step;
	uint64_t pc = 0, len;
	const uint8_t *code;

	for (size_t i = 0; i < rt->program->num_modules; i++) {
		const struct iq_go_module *m = &rt->program->modules[i];

		if (!text_scan(rt, m->text, m->etext, entry, &pc))
			return 0;
	}
	code = pc ? iq_memory_window(rt->memory, pc, &len) : NULL;
	if (!code || !rt->core->cpu->step ||
	    !rt->core->cpu->step(code, (size_t)len, pc, &step))
		return 0;
	return pc + step.len;
}

uint64_t iq_go_code_caller(const struct iq_go_code_reader *reader,
			   uint64_t entry)
{
	struct iq_go_callers *c = reader->callers;

	for (unsigned i = 0; i < IQ_GO_CALLERS; i++) {
		if (c->slots[i].entry == entry)
			return c->slots[i].pc;
	}
	c->next = (c->next + 1) % IQ_GO_CALLERS;
	c->slots[c->next].pc = look(reader->rt, entry);
	c->slots[c->next].entry = entry;
	return c->slots[c->next].pc;
}
