/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/locate.h"

#include <elf.h>
#include <stdlib.h>

#include "base/vec.h"
#include "formats/go/moduledata.h"

void iq_go_places_deinit(struct iq_go_places *places)
{
	free(places->addrs);
	*places = (struct iq_go_places){ 0 };
}

static struct iq_error *place_add(struct iq_go_places *places, uint64_t addr)
{
	if (places->num == places->cap &&
	    !iq_vec_grow((void **)&places->addrs, &places->cap, places->num + 1,
			 sizeof(*places->addrs)))
		return &iq_enomem;
	places->addrs[places->num++] = addr;
	return NULL;
}

/* The part of @r in [@start, @end) that a process can have written to: only the
 * core's own bytes are. False if there is none. */
static bool written_part(const struct iq_core *core,
			 const struct iq_memory_range *r, uint64_t *start,
			 uint64_t *end)
{
	if (r->state != IQ_MEMORY_PRESENT || r->source != core->source ||
	    !(r->prot & IQ_MEMORY_WRITE))
		return false;
	if (*start < r->addr)
		*start = r->addr;
	if (*end > r->addr + r->len)
		*end = r->addr + r->len;
	return *start < *end;
}

/* Moduledata by its shape, in what is writable of [@start, @end). */
static bool place_by_shape(const struct iq_core *core,
			   const struct iq_go_layout *layout, uint64_t start,
			   uint64_t end, uint64_t *ret)
{
	size_t num;
	const struct iq_memory_range *r = iq_memory_ranges(core->memory, &num);

	for (size_t i = 0; i < num; i++) {
		uint64_t from = start, to = end;
		if (written_part(core, &r[i], &from, &to) &&
		    iq_go_moduledata_find(core->memory, layout, from, to, ret))
			return true;
	}
	return false;
}

/* What the executable's own tables say of where it is. */
static bool place_by_name(const struct iq_core *core,
			  const struct iq_go_layout *layout,
			  const struct iq_core_module *file, uint64_t *ret)
{
	struct iq_elf_section section;
	uint64_t addr, end;

	if (!file->elf || !file->verified)
		return false;
	// Go 1.26 and newer: src/cmd/link/internal/ld/data.go, ".go.module".
	if (iq_elf_section_find(file->elf, ".go.module", &section))
		addr = section.addr + file->bias;
	else if (iq_elf_symbol_find(file->elf, "runtime.firstmoduledata",
				    &addr))
		addr += file->bias;
	else
		return false;
	end = addr + layout->moduledata_enoptrbss.offset + 8;
	return end > addr &&
	       iq_go_moduledata_find(core->memory, layout, addr, end, ret);
}

/* Some of what the process could write to was not dumped. */
static bool was_left_out(const struct iq_core *core)
{
	size_t num;
	const struct iq_memory_range *ranges =
		iq_memory_ranges(core->memory, &num);

	for (size_t i = 0; i < num; i++) {
		if (ranges[i].state == IQ_MEMORY_NOT_DUMPED &&
		    ranges[i].prot & IQ_MEMORY_WRITE)
			return true;
	}
	return false;
}

static struct iq_error *nothing_found(const struct iq_core *core)
{
	if (core->truncated)
		return iq_error_at(IQ_ERROR_TRUNCATED, core->source->size,
				   "the core is cut off before the data of the "
				   "Go runtime");
	if (was_left_out(core))
		return iq_error_at(IQ_ERROR_FORMAT,
				   iq_elf_header(core->elf).phoff,
				   "the memory where a Go runtime would stand "
				   "is not in the core: whether this is a Go "
				   "process cannot be told");
	return iq_error_at(IQ_ERROR_FORMAT, iq_elf_header(core->elf).phoff,
			   "no Go runtime in the memory of this process");
}

struct iq_error *iq_go_places_find(const struct iq_core *core,
				   const struct iq_go_layout *layout,
				   struct iq_go_places *ret)
{
	struct iq_error *err = NULL;
	uint64_t addr;

	for (size_t i = 0; i < core->num_modules && !err; i++) {
		const struct iq_core_module *file = &core->modules[i];
		if (place_by_name(core, layout, file, &addr) ||
		    place_by_shape(core, layout, file->start, file->end, &addr))
			err = place_add(ret, addr);
	}
	// No file known, or not how far it reaches.
	if (!err && !ret->num &&
	    place_by_shape(core, layout, 0, UINT64_MAX, &addr))
		err = place_add(ret, addr);
	if (!err && !ret->num)
		err = nothing_found(core);
	return err;
}

bool iq_go_buildinfo_of_elf(const struct iq_elf *elf,
			    struct iq_go_buildinfo *ret)
{
	struct iq_elf_section section;
	const struct iq_elf_segment *s;
	const uint8_t *data;
	uint64_t len;
	size_t num;

	if (iq_elf_section_find(elf, ".go.buildinfo", &section)) {
		data = iq_elf_at(elf, section.addr, &len);
		if (data && iq_go_buildinfo_find(data, len, ret))
			return true;
	}
	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++) {
		uint64_t vaddr = (s[i].vaddr + 15) & ~UINT64_C(15);
		if (s[i].type != PT_LOAD || !(s[i].flags & PF_W))
			continue;
		data = iq_elf_at(elf, vaddr, &len);
		if (data && iq_go_buildinfo_find(data, len, ret))
			return true;
	}
	return false;
}

bool iq_go_buildinfo_locate(const struct iq_core *core,
			    const struct iq_core_module *file,
			    struct iq_go_buildinfo *ret)
{
	size_t num;
	const struct iq_memory_range *r = iq_memory_ranges(core->memory, &num);

	if (file && file->elf && file->verified &&
	    iq_go_buildinfo_of_elf(file->elf, ret))
		return true;
	for (size_t i = 0; i < num; i++) {
		uint64_t from = file ? file->start : 0;
		uint64_t to = file ? file->end : UINT64_MAX;
		uint64_t len;
		if (!written_part(core, &r[i], &from, &to))
			continue;
		from = (from + 15) & ~UINT64_C(15);
		const uint8_t *data =
			iq_memory_window(core->memory, from, &len);
		if (!data || from >= to)
			continue;
		if (iq_go_buildinfo_find(
			    data, len < to - from ? len : to - from, ret))
			return true;
	}
	return false;
}
