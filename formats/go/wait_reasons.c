/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/wait_reasons.h"

#include <string.h>

/* runtime.waitReason is one byte. Go: src/runtime/runtime2.go. */
#define MAX_WAIT_REASONS 256
/* The longest text has 40 bytes. */
#define MAX_WAIT_REASON_LEN 256
/* Bytes of data that are looked through; real programs have less. */
#define DATA_MAX (16ull << 20)
/* What is not in the core is passed over page by page. */
#define PAGE UINT64_C(4096)
/* Reasons by whose lengths an array of an unknown version is known: those of
 * channels and collections, which come first in every version. */
#define NUM_FIRST 8

/* Copies the string at @addr; false if there is none that could be a text. */
static bool text_read(const struct iq_memory *memory, uint64_t addr,
		      struct iq_facts *facts, const char **ret)
{
	uint64_t ptr, len;
	char *text;

	if (!iq_memory_u64(memory, addr, &ptr) ||
	    !iq_memory_u64(memory, addr + 8, &len) || len > MAX_WAIT_REASON_LEN)
		return false;
	text = iq_arena_alloc(&facts->arena, (size_t)len + 1);
	if (!text || (len && !iq_memory_read(memory, ptr, (size_t)len, text)))
		return false;
	text[len] = '\0';
	*ret = text;
	return true;
}

bool iq_go_wait_reasons_copy(const struct iq_memory *memory, uint64_t addr,
			     uint32_t num, struct iq_facts *facts,
			     struct iq_go_version *version)
{
	const char **texts;

	if (num == 0 || num > MAX_WAIT_REASONS)
		return false;
	texts = iq_arena_calloc(&facts->arena, num, sizeof(*texts));
	if (!texts)
		return false;
	for (uint32_t i = 0; i < num; i++)
		if (!text_read(memory, addr + 16 * i, facts, &texts[i]))
			return false;
	// The text of 0 is empty.
	if (texts[0][0] != '\0')
		return false;
	version->wait_reasons = texts;
	version->num_wait_reasons = num;
	return true;
}

/* Whether the string at @addr can be @text: it can also be that only its length
 * is in the core. */
static bool may_be(const struct iq_memory *memory, uint64_t addr,
		   const char *text)
{
	size_t want = strlen(text);
	uint64_t ptr, len, there;
	const uint8_t *bytes;

	if (!iq_memory_u64(memory, addr + 8, &len) || len != want ||
	    !iq_memory_u64(memory, addr, &ptr) || (want && !ptr))
		return false;
	bytes = want ? iq_memory_window(memory, ptr, &there) : NULL;
	return !bytes || there < want || memcmp(bytes, text, want) == 0;
}

/* Where the first @num reasons of @row stand in the data of @module. */
static bool array_find(const struct iq_memory *memory,
		       const struct iq_go_module *module,
		       const struct iq_go_version *row, unsigned num,
		       uint64_t *ret)
{
	uint64_t addr = (module->data + 7) & ~UINT64_C(7);
	uint64_t end = module->edata;

	if (addr < module->data || end < addr || !row->wait_reasons ||
	    num > row->num_wait_reasons)
		return false;
	if (end - addr > DATA_MAX)
		end = addr + DATA_MAX;
	while (addr < end && end - addr >= 16ull * num) {
		uint64_t here = addr, len;
		unsigned i = 1;

		if (!iq_memory_u64(memory, here + 8, &len)) {
			addr = (here + 8 + PAGE) & ~(PAGE - 1);
			if (addr < here)
				break;
			continue;
		}
		addr += 8;
		// The first text is empty; the next one's length is rare.
		if (len)
			continue;
		while (i < num && row->wait_reasons[i] &&
		       may_be(memory, here + 16 * i, row->wait_reasons[i]))
			i++;
		if (i < num)
			continue;
		*ret = here;
		return true;
	}
	return false;
}

bool iq_go_wait_reasons_find(const struct iq_memory *memory,
			     const struct iq_go_module *module,
			     const struct iq_go_version *row, uint64_t *ret)
{
	return array_find(memory, module, row, row->num_wait_reasons, ret);
}

/* How many strings with a readable text follow one another from @addr on. */
static uint32_t texts_count(const struct iq_memory *memory, uint64_t addr)
{
	uint32_t n = 1;

	for (; n < MAX_WAIT_REASONS; n++) {
		uint64_t ptr, len, there;
		const uint8_t *bytes;

		if (!iq_memory_u64(memory, addr + 16 * n, &ptr) ||
		    !iq_memory_u64(memory, addr + 16 * n + 8, &len) || !len ||
		    len > MAX_WAIT_REASON_LEN)
			break;
		bytes = iq_memory_window(memory, ptr, &there);
		if (!bytes || there < len)
			break;
		for (uint64_t i = 0; i < len; i++)
			if (bytes[i] < ' ' || bytes[i] > '~')
				return n;
	}
	return n;
}

bool iq_go_wait_reasons_read(const struct iq_memory *memory,
			     const struct iq_go_module *module,
			     const struct iq_go_version *row,
			     struct iq_facts *facts,
			     struct iq_go_version *version)
{
	uint64_t addr;

	return array_find(memory, module, row, NUM_FIRST, &addr) &&
	       iq_go_wait_reasons_copy(memory, addr, texts_count(memory, addr),
				       facts, version);
}
