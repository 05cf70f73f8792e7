/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_place.h"

#include <elf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* Whether the file's first byte is at @start. */
static struct iq_error *match_at(const struct iq_memory *dumped, uint64_t start,
				 const struct iq_elf *elf,
				 enum iq_core_match *ret)
{
	iq_cleanup(iq_core_image_deinit) struct iq_core_image image = { 0 };
	struct iq_error *err = iq_core_image_init(&image, dumped, start);
	const struct iq_core_traces traces = {
		.dumped = dumped,
		.image = &image,
		.start = start,
	};

	if (!err)
		*ret = iq_core_compare(&traces, elf);
	return err;
}

/* Where the file's first byte is linked to. */
static bool fixed_start(const struct iq_elf *elf, uint64_t *ret)
{
	const struct iq_elf_segment *s;
	size_t num;

	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type != PT_LOAD)
			continue;
		if (s[i].offset > s[i].vaddr)
			return false;
		*ret = s[i].vaddr - s[i].offset;
		return true;
	}
	return false;
}

static bool begins_like_elf(const struct iq_memory *dumped, uint64_t addr)
{
	uint8_t magic[SELFMAG];

	return iq_memory_read(dumped, addr, sizeof(magic), magic) &&
	       !memcmp(magic, ELFMAG, sizeof(magic));
}

static struct iq_error *find_anywhere(const struct iq_elf *core,
				      const struct iq_memory *dumped,
				      const struct iq_elf *elf,
				      struct iq_core_place *ret)
{
	unsigned num_images = 0, num_places = 0;
	struct iq_error *err = NULL;
	const struct iq_elf_segment *s;
	size_t num;

	s = iq_elf_segments(core, &num);
	for (size_t i = 0; i < num && !err; i++) {
		enum iq_core_match match = IQ_CORE_UNKNOWN_FILE;

		if (s[i].type != PT_LOAD ||
		    !begins_like_elf(dumped, s[i].vaddr))
			continue;
		if (++num_images > IQ_LIMIT_MODULES)
			break;
		err = match_at(dumped, s[i].vaddr, elf, &match);
		if (match != IQ_CORE_SAME_FILE)
			continue;
		ret->start = s[i].vaddr;
		num_places++;
	}
	// A program may have mapped its own file once more, to read it.
	if (num_places == 1)
		ret->match = IQ_CORE_SAME_FILE;
	return err;
}

struct iq_error *iq_core_place_find(const struct iq_elf *core,
				    const struct iq_memory *dumped,
				    const struct iq_elf *elf,
				    struct iq_core_place *ret)
{
	struct iq_core_place place = { .match = IQ_CORE_UNKNOWN_FILE };
	struct iq_error *err = NULL;

	if (iq_elf_header(elf).type != ET_EXEC)
		err = find_anywhere(core, dumped, elf, &place);
	else if (fixed_start(elf, &place.start))
		err = match_at(dumped, place.start, elf, &place.match);
	if (!err)
		*ret = place;
	return err;
}
