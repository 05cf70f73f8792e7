/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_filter.h"

#include <elf.h>
#include <inttypes.h>

#include "base/limits.h"

/* Whether a file of NT_FILE is mapped at the segment's first address. */
static bool is_of_file(const struct iq_core *core,
		       const struct iq_elf_segment *s)
{
	for (size_t i = 0; i < core->num_files; i++) {
		if (s->vaddr >= core->files[i].start &&
		    s->vaddr < core->files[i].end)
			return true;
	}
	return false;
}

/*
 * Linux: Documentation/filesystems/proc.rst, section 3.4: bit 0 is for private
 * memory of no file. The filter is one for all of it, so one such segment with
 * bytes tells that the bit was set.
 */
void iq_core_filter_report(const struct iq_core *core, struct iq_facts *facts)
{
	const struct iq_elf_segment *s;
	uint64_t missing = 0;
	unsigned asked = 0;
	size_t num;

	s = iq_elf_segments(core->elf, &num);
	for (size_t i = 0; i < num; i++) {
		if (s[i].type != PT_LOAD || !(s[i].flags & PF_W) || !s[i].memsz)
			continue;
		// Segments times files: a bound for what only damage can make.
		if (asked++ == IQ_LIMIT_COVERAGE_RANGES)
			return;
		if (is_of_file(core, &s[i]))
			continue;
		if (s[i].filesz ||
		    __builtin_add_overflow(missing, s[i].memsz, &missing))
			return;
	}
	if (!missing || core->from_gcore)
		return;
	iq_facts_gap(facts, IQ_GAP_MISSING,
		     "none of the process's private memory (%" PRIu64
		     " MiB of heap, stacks and runtime) is in the core: bit 0 "
		     "(0x1) of /proc/PID/coredump_filter was not set when it "
		     "was taken; 0x3f keeps it",
		     (missing + (UINT64_C(1) << 20) - 1) >> 20);
	iq_facts_gap_costly(facts);
}
