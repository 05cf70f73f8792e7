/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "formats/elf/arch.h"
#include "formats/elf/core_filter.h"
#include "formats/elf/core_modules.h"
#include "formats/elf/core_notes.h"

static void core_destroy(void *object)
{
	struct iq_core *core = object;

	iq_memory_destroy(core->memory);
	for (size_t i = 0; i < core->num_modules; i++) {
		iq_elf_destroy(core->modules[i].elf);
		iq_source_destroy(core->modules[i].opened);
		iq_source_destroy(core->modules[i].debug);
	}
	free(core->modules);
	free(core->files_by_path);
	free(core->files);
	free(core->threads);
	iq_elf_destroy(core->elf);
	free(core);
}

static void memory_destroyp(struct iq_memory **mem)
{
	iq_memory_destroy(*mem);
}

/* Adds @len bytes at @addr to @mem, with or without bytes in the file. */
static struct iq_error *range_add(const struct iq_core *core,
				  struct iq_memory *mem,
				  const struct iq_elf_segment *s, uint64_t at,
				  uint64_t len, enum iq_memory_state state)
{
	struct iq_memory_range range = {
		.addr = s->vaddr + at,
		.len = len,
		.source = state == IQ_MEMORY_PRESENT ? core->source : NULL,
		.offset = state == IQ_MEMORY_PRESENT ? s->offset + at : 0,
		.state = state,
		.prot = s->flags & (PF_R | PF_W | PF_X),
	};

	return len ? iq_memory_add(mem, &range) : NULL;
}

/* How much of the segment's bytes the file still has. */
static uint64_t bytes_there(const struct iq_core *core,
			    const struct iq_elf_segment *s)
{
	uint64_t size = core->source->size;
	uint64_t left = s->offset < size ? size - s->offset : 0;

	return s->filesz < left ? s->filesz : left;
}

/*
 * One segment: what the file has, what it should have had, and what its writer
 * left out (p_filesz < p_memsz), which is unknown and not zero.
 */
static struct iq_error *segment_add(const struct iq_core *core,
				    struct iq_memory *mem,
				    const struct iq_elf_segment *s)
{
	uint64_t there = bytes_there(core, s);
	uint64_t rest = s->memsz > s->filesz ? s->memsz - s->filesz : 0;
	struct iq_error *err;

	err = range_add(core, mem, s, 0, there, IQ_MEMORY_PRESENT);
	if (!err)
		err = range_add(core, mem, s, there, s->filesz - there,
				IQ_MEMORY_CUT_OFF);
	if (!err)
		err = range_add(core, mem, s, s->filesz, rest,
				IQ_MEMORY_NOT_DUMPED);
	return err;
}

static bool segment_wraps(const struct iq_elf_segment *s)
{
	uint64_t len = s->memsz > s->filesz ? s->memsz : s->filesz;

	return len > UINT64_MAX - s->vaddr ||
	       s->filesz > UINT64_MAX - s->offset;
}

static struct iq_error *segments_add(const struct iq_core *core,
				     struct iq_memory *mem)
{
	const struct iq_elf_segment *s;
	size_t num;

	s = iq_elf_segments(core->elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type != PT_LOAD || segment_wraps(&s[i]))
			continue;
		struct iq_error *err = segment_add(core, mem, &s[i]);
		if (err)
			return err;
	}
	return NULL;
}

/* Gaps for what the segments promise and the file does not hold. */
static void segments_report(struct iq_core *core, struct iq_facts *facts)
{
	uint64_t size = core->source->size;
	struct iq_elf_header h = iq_elf_header(core->elf);
	const struct iq_elf_segment *s;
	uint64_t missing = 0;
	size_t num, num_cut = 0;

	s = iq_elf_segments(core->elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type != PT_LOAD)
			continue;
		if (segment_wraps(&s[i])) {
			iq_facts_gap_offset(facts, IQ_GAP_DAMAGED,
					    h.phoff + i * 56,
					    "segment %zu does not fit into 64 "
					    "bits of addresses and is left out",
					    i);
			continue;
		}
		uint64_t cut = s[i].filesz - bytes_there(core, &s[i]);
		num_cut += cut > 0;
		if (__builtin_add_overflow(missing, cut, &missing))
			missing = UINT64_MAX;
	}
	core->truncated = num_cut > 0 || num < h.promised_segments;
	if (num_cut)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, size,
				    "the core ends at byte %" PRIu64
				    ": %" PRIu64
				    " bytes of memory in %zu segments are "
				    "missing",
				    size, missing, num_cut);
	if (h.promised_segments == IQ_ELF_SEGMENTS_LOST)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, size,
				    "the number of segments is cut off with "
				    "the end of the core: %zu are read",
				    num);
	else if (num < h.promised_segments)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, size,
				    "%" PRIu64 " of %" PRIu64
				    " program headers are missing: what memory "
				    "they describe is unknown",
				    h.promised_segments - num,
				    h.promised_segments);
}

/* The path that the kernel was asked to execute stands in the first stack. */
static struct iq_error *execfn_read(struct iq_core *core,
				    const struct iq_memory *dumped,
				    struct iq_facts *facts)
{
	struct iq_error *err;
	struct iq_str s;
	uint64_t len;

	if (!core->auxv_execfn)
		return NULL;
	s.ptr = (const char *)iq_memory_window(dumped, core->auxv_execfn, &len);
	if (!s.ptr)
		return NULL;
	s.len = len < IQ_LIMIT_NAME ? (size_t)len : IQ_LIMIT_NAME;
	size_t end = iq_str_find(s, '\0');
	if (end >= s.len)
		return NULL;
	// A copy, for the file may be cut while it is in use.
	err = iq_facts_string(facts, iq_str_sub(s, 0, end), &core->execfn);
	if (iq_memory_faulted(dumped, core->auxv_execfn, end + 1))
		core->execfn = IQ_STR("");
	return err;
}

static void machine_take(struct iq_core *core, struct iq_facts *facts)
{
	core->machine = iq_elf_header(core->elf).machine;
	core->cpu = iq_arch_find(core->machine);
	if (core->cpu) {
		core->arch = core->cpu->name;
		return;
	}
	iq_facts_gap(facts, IQ_GAP_UNSUPPORTED,
		     "the core is of ELF machine %u, whose threads cannot be "
		     "read",
		     core->machine);
}

/* The core's own memory, for finding the files that belong to it. */
static struct iq_error *dumped_create(const struct iq_core *core,
				      struct iq_memory **ret)
{
	struct iq_error *err = iq_memory_create(ret);

	if (!err)
		err = segments_add(core, *ret);
	if (!err)
		err = iq_memory_finish(*ret);
	return err;
}

/* As gdb has them: the kernel and emulators write notes before memory. */
static bool notes_are_last(const struct iq_core *core)
{
	const struct iq_elf_segment *s;
	uint64_t notes = 0, memory = 0;
	size_t num;

	s = iq_elf_segments(core->elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type == PT_NOTE && s[i].filesz)
			notes = s[i].offset;
		else if (s[i].type == PT_LOAD && s[i].filesz &&
			 s[i].offset > memory)
			memory = s[i].offset;
	}
	return memory && notes > memory;
}

static struct iq_error *core_read(const struct iq_read_context *context,
				  struct iq_core *core, struct iq_facts *facts)
{
	iq_cleanup(memory_destroyp) struct iq_memory *dumped = NULL;
	struct iq_error *err;

	machine_take(core, facts);
	segments_report(core, facts);
	if (core->source->damage)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, core->source->size,
				    "%s", core->source->damage);
	err = iq_core_notes_read(core, facts);
	core->from_gcore |= notes_are_last(core);
	iq_core_filter_report(core, facts);
	if (!err)
		err = dumped_create(core, &dumped);
	if (err)
		return err;
	err = execfn_read(core, dumped, facts);
	if (!err)
		err = iq_core_modules_find(context, core, dumped, facts);
	if (!err)
		err = iq_memory_create(&core->memory);
	if (!err)
		err = segments_add(core, core->memory);
	if (!err)
		err = iq_core_modules_map(core, core->memory);
	if (!err)
		err = iq_memory_finish(core->memory);
	return err;
}

struct iq_error *iq_core_open(const struct iq_read_context *context,
			      const struct iq_source *source,
			      struct iq_facts *facts, struct iq_core **ret)
{
	struct iq_core *core = calloc(1, sizeof(*core));
	struct iq_error *err;

	if (!core)
		return &iq_enomem;
	core->source = source;
	err = iq_facts_own(facts, core_destroy, core);
	if (err)
		return err;
	err = iq_elf_open(source, &core->elf);
	if (!err && iq_elf_header(core->elf).type != ET_CORE)
		err = iq_error_at(IQ_ERROR_FORMAT, 16,
				  "ELF type is %u, not %u of a core",
				  iq_elf_header(core->elf).type, ET_CORE);
	if (!err)
		err = core_read(context, core, facts);
	if (!err)
		*ret = core;
	return err;
}
