/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_identity.h"

#include <elf.h>
#include <string.h>

struct iq_error *iq_core_image_init(struct iq_core_image *image,
				    const struct iq_memory *dumped,
				    uint64_t addr)
{
	*image = (struct iq_core_image){ .bytes.path = "core" };
	image->bytes.data = iq_memory_window(dumped, addr, &image->bytes.size);
	if (!image->bytes.data)
		return NULL;
	if (!iq_elf_is(&image->bytes, ET_EXEC) &&
	    !iq_elf_is(&image->bytes, ET_DYN))
		return NULL;

	struct iq_error *err = iq_elf_open(&image->bytes, &image->elf);
	if (err && err->code != IQ_ERROR_NOMEM) {
		// Damaged like any other page: nothing to compare with.
		iq_error_destroy(err);
		err = NULL;
	}
	return err;
}

void iq_core_image_deinit(struct iq_core_image *image)
{
	iq_elf_destroy(image->elf);
	image->elf = NULL;
}

/* Address in the file of the program headers that AT_PHDR points to. */
static bool phdr_vaddr(const struct iq_elf *elf, uint64_t *ret)
{
	uint64_t phoff = iq_elf_header(elf).phoff;
	const struct iq_elf_segment *s;
	size_t num;

	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type == PT_PHDR) {
			*ret = s[i].vaddr;
			return true;
		}
	}
	// Linux: fs/binfmt_elf.c, load_elf_binary(): where there is no PT_PHDR
	// it is the segment whose bytes hold e_phoff.
	for (size_t i = 0; i < num; i++) {
		if (s[i].type == PT_LOAD && phoff >= s[i].offset &&
		    phoff - s[i].offset < s[i].filesz) {
			*ret = s[i].vaddr + (phoff - s[i].offset);
			return true;
		}
	}
	return false;
}

bool iq_core_bias(const struct iq_core_traces *traces, const struct iq_elf *elf,
		  uint64_t *ret)
{
	const struct iq_elf_segment *s;
	uint64_t vaddr;
	size_t num;

	if (traces->has_auxv) {
		if (!phdr_vaddr(elf, &vaddr))
			return false;
		*ret = traces->phdr - vaddr;
		return true;
	}
	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++) {
		uint64_t page = s[i].align > 1 ? s[i].align : 1;
		if (s[i].type != PT_LOAD)
			continue;
		// The first one maps the beginning of the file, rounded down
		// to a page, at the module's start.
		if (s[i].offset >= page)
			return false;
		*ret = traces->start - (s[i].vaddr - s[i].offset);
		return true;
	}
	return false;
}

static bool same_segments(const struct iq_elf *a, const struct iq_elf *b)
{
	size_t num_a, num_b;
	const struct iq_elf_segment *sa = iq_elf_segments(a, &num_a);
	const struct iq_elf_segment *sb = iq_elf_segments(b, &num_b);

	if (num_a != num_b)
		return false;
	for (size_t i = 0; i < num_a; i++) {
		if (sa[i].type != sb[i].type || sa[i].flags != sb[i].flags ||
		    sa[i].offset != sb[i].offset ||
		    sa[i].vaddr != sb[i].vaddr ||
		    sa[i].filesz != sb[i].filesz || sa[i].memsz != sb[i].memsz)
			return false;
	}
	return true;
}

/* The program headers in memory against those of the file. */
static enum iq_core_match compare_headers(const struct iq_core_traces *t,
					  const struct iq_elf *elf)
{
	struct iq_elf_header h = iq_elf_header(elf);
	uint64_t bias;

	if (t->has_auxv) {
		if (t->phnum != h.num_segments ||
		    !iq_core_bias(t, elf, &bias) || h.entry + bias != t->entry)
			return IQ_CORE_OTHER_FILE;
	}
	if (!t->image->elf)
		return IQ_CORE_UNKNOWN_FILE;
	struct iq_elf_header in_core = iq_elf_header(t->image->elf);
	if (in_core.machine != h.machine || in_core.type != h.type ||
	    in_core.entry != h.entry)
		return IQ_CORE_OTHER_FILE;
	if (in_core.num_segments != in_core.promised_segments)
		return IQ_CORE_UNKNOWN_FILE;
	return same_segments(t->image->elf, elf) ? IQ_CORE_SAME_FILE :
						   IQ_CORE_OTHER_FILE;
}

/* Go's build information stands in a writable segment that is always dumped,
 * and nothing writes to it. */
static enum iq_core_match compare_buildinfo(const struct iq_core_traces *t,
					    const struct iq_elf *elf)
{
	struct iq_elf_section section;
	uint64_t bias, len, dumped_len;

	if (!iq_elf_section_find(elf, ".go.buildinfo", &section) ||
	    !iq_core_bias(t, elf, &bias))
		return IQ_CORE_UNKNOWN_FILE;
	const uint8_t *file = iq_elf_at(elf, section.addr, &len);
	const uint8_t *core =
		iq_memory_window(t->dumped, section.addr + bias, &dumped_len);
	if (!file || !core || len < section.size || dumped_len < section.size ||
	    !section.size)
		return IQ_CORE_UNKNOWN_FILE;
	return memcmp(file, core, section.size) ? IQ_CORE_OTHER_FILE :
						  IQ_CORE_SAME_FILE;
}

enum iq_core_match iq_core_compare(const struct iq_core_traces *traces,
				   const struct iq_elf *elf)
{
	if (traces->image->elf) {
		struct iq_str a = iq_elf_build_id(traces->image->elf);
		struct iq_str b = iq_elf_build_id(elf);
		if (!a.len || !b.len) {
			a = iq_elf_go_build_id(traces->image->elf);
			b = iq_elf_go_build_id(elf);
		}
		if (a.len && b.len)
			return iq_str_equal(a, b) ? IQ_CORE_SAME_FILE :
						    IQ_CORE_OTHER_FILE;
	}
	enum iq_core_match headers = compare_headers(traces, elf);
	enum iq_core_match info = compare_buildinfo(traces, elf);
	if (headers == IQ_CORE_OTHER_FILE || info == IQ_CORE_OTHER_FILE)
		return IQ_CORE_OTHER_FILE;
	return headers == IQ_CORE_SAME_FILE ? headers : info;
}
