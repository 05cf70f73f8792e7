/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/references_code.h"

#include <endian.h>
#include <string.h>

/* Bytes of code of one function that are looked through. */
#define CODE_MAX 8192

static struct iq_error *words_scan(struct iq_go_named *named,
				   const struct iq_go_word_set *words,
				   uint64_t addr, uint64_t end)
{
	uint64_t have = 0;
	const uint8_t *bytes = NULL;

	addr = (addr + 7) & ~7ull;
	for (; addr < end && end - addr >= 8; addr += 8) {
		const struct iq_go_word *found;
		uint64_t word;

		if (have < 8) {
			bytes = iq_memory_window(named->rt->memory, addr,
						 &have);
			if (!bytes || have < 8)
				break;
		}
		memcpy(&word, bytes, sizeof(word));
		bytes += 8;
		have -= 8;
		found = iq_go_word_set_find(words, le64toh(word));
		if (found &&
		    !iq_go_word_set_add_kinds(&named->places, addr,
					      found->object, found->kinds))
			return &iq_enomem;
	}
	return NULL;
}

/* What is waited for is itself a variable of a package. */
static struct iq_error *variables_add(struct iq_go_named *named,
				      const struct iq_go_word_set *words,
				      const struct iq_go_module *m)
{
	for (size_t i = 0; i <= words->mask; i++) {
		const struct iq_go_word *w = &words->slots[i];

		if (w->word && iq_go_module_has_variable(m, w->word) &&
		    !iq_go_word_set_add_kinds(&named->places, w->word,
					      w->object, w->kinds))
			return &iq_enomem;
	}
	return NULL;
}

struct iq_error *iq_go_named_init(struct iq_go_named *named,
				  const struct iq_go_runtime *rt,
				  const struct iq_go_word_set *words)
{
	struct iq_error *err = NULL;

	named->rt = rt;
	for (size_t i = 0; i < rt->program->num_modules && !err; i++) {
		const struct iq_go_module *m = &rt->program->modules[i];

		err = variables_add(named, words, m);
		if (!err)
			err = words_scan(named, words, m->data, m->edata);
		if (!err)
			err = words_scan(named, words, m->bss, m->ebss);
	}
	return err;
}

void iq_go_named_deinit(struct iq_go_named *named)
{
	iq_go_word_set_deinit(&named->places);
}

static void item_add(struct iq_go_code *code, const struct iq_go_word *found)
{
	for (unsigned i = 0; i < code->num; i++) {
		if (code->items[i]->object == found->object)
			return;
	}
	if (code->num < IQ_GO_NAMED_MAX)
		code->items[code->num++] = found;
}

static void look(const struct iq_go_named *named, struct iq_go_code *code)
{
	const struct iq_arch *cpu = named->rt->core->cpu;
	uint64_t pc = code->pc;
	const uint8_t *bytes;
	struct iq_go_func func;
	uint64_t len;

	if (!cpu->names ||
	    !iq_pclntab_func(named->rt->program->pcln, pc, &func))
		return;
	bytes = iq_memory_window(named->rt->memory, pc, &len);
	if (!bytes)
		return;
	if (len > func.end - pc)
		len = func.end - pc;
	if (len > CODE_MAX)
		len = CODE_MAX;
	for (uint64_t at = 0; at < len; at += cpu->pc_align) {
		const struct iq_go_word *found;
		struct iq_arch_place place;

		if (!cpu->names(bytes + at, (size_t)(len - at), pc + at,
				&place))
			continue;
		found = iq_go_word_set_find(&named->places, place.addr);
		if (found)
			item_add(code, found);
	}
}

const struct iq_go_code *iq_go_named_find(const struct iq_go_named *named,
					  struct iq_go_codes *codes,
					  uint64_t pc)
{
	size_t slot = (pc * 0x9e3779b97f4a7c15ull) >> 32;
	struct iq_go_code *code =
		&codes->slots[slot % IQ_ARRAY_SIZE(codes->slots)];

	if (code->pc != pc || !pc) {
		*code = (struct iq_go_code){ .pc = pc };
		if (named->places.num)
			look(named, code);
	}
	return code;
}
