/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/find_scan.h"

#include <endian.h>
#include <string.h>

/*
 * Bytes of one area that are looked through. Real ones have a few hundred KiB;
 * programs with Go's cryptography 32 MiB more of scratch space.
 */
#define AREA_MAX (64ull << 20)

static void area_set(struct iq_go_words *words, unsigned area, uint64_t addr,
		     uint64_t end)
{
	// The last page is never mapped: steps of a page cannot wrap.
	if (addr > UINT64_MAX - 0x2000 || end > UINT64_MAX - 0x2000)
		return;
	addr = (addr + 7) & ~7ull;
	if (end > addr && end - addr > AREA_MAX)
		end = addr + AREA_MAX;
	words->areas[area].addr = addr;
	words->areas[area].end = end;
}

void iq_go_words_bss(const struct iq_go_runtime *rt, struct iq_go_words *ret)
{
	*ret = (struct iq_go_words){ .memory = rt->memory };
	if (rt->program->num_modules)
		area_set(ret, 0, rt->program->modules[0].bss,
			 rt->program->modules[0].ebss);
}

void iq_go_words_all(const struct iq_go_runtime *rt, struct iq_go_words *ret)
{
	iq_go_words_bss(rt, ret);
	if (rt->program->num_modules)
		area_set(ret, 1, rt->program->modules[0].noptrbss,
			 rt->program->modules[0].enoptrbss);
}

uint64_t iq_go_words_missing(const struct iq_go_runtime *rt)
{
	struct iq_go_words words;
	uint64_t missing = 0;

	iq_go_words_all(rt, &words);
	for (unsigned i = 0; i < IQ_GO_WORDS_AREAS; i++) {
		uint64_t addr = words.areas[i].addr;
		uint64_t end = words.areas[i].end;

		while (addr < end) {
			uint64_t have = 0;
			uint64_t next = (addr | 0xfff) + 1;

			if (iq_memory_window(rt->memory, addr, &have) && have)
				next = have < end - addr ? addr + have : end;
			else
				missing += (next < end ? next : end) - addr;
			addr = next;
		}
	}
	return missing;
}

/* Goes on where bytes are; false at the end of the last area. */
static bool words_refill(struct iq_go_words *words)
{
	while (words->area < IQ_GO_WORDS_AREAS) {
		uint64_t addr = words->areas[words->area].addr;
		uint64_t end = words->areas[words->area].end;
		uint64_t have = 0;

		if (addr >= end || end - addr < 8) {
			words->area++;
			continue;
		}
		words->bytes = iq_memory_window(words->memory, addr, &have);
		if (words->bytes && have >= 8) {
			words->left = have < end - addr ? have : end - addr;
			return true;
		}
		// Not there: the next page may be.
		words->areas[words->area].addr = (addr | 0xfff) + 1;
	}
	return false;
}

bool iq_go_words_next(struct iq_go_words *words, uint64_t *addr_ret,
		      uint64_t *value_ret)
{
	uint64_t value;

	if (words->left < 8 && !words_refill(words))
		return false;
	memcpy(&value, words->bytes, sizeof(value));
	*addr_ret = words->areas[words->area].addr;
	*value_ret = le64toh(value);
	words->areas[words->area].addr += 8;
	words->bytes += 8;
	words->left -= 8;
	return true;
}
