/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of executables and shared objects. They say what was built; cores
 * take code, names and symbols from them.
 */
#include <elf.h>
#include <inttypes.h>

#include "formats/elf/arch.h"
#include "formats/elf/elf.h"
#include "formats/go/coverage.h"
#include "formats/go/locate.h"
#include "formats/go/process.h"
#include "formats/reader.h"

/* Magic, class, byte order, version and type: 4 + 1 + 1 + 1 + 2 bytes. */
#define BID_BITS 72

static unsigned executable_bid(const struct iq_source *source)
{
	return iq_elf_is(source, ET_EXEC) || iq_elf_is(source, ET_DYN) ?
		       BID_BITS :
		       0;
}

static void elf_destroy(void *object)
{
	iq_elf_destroy(object);
}

static struct iq_error *executable_fill(const struct iq_source *source,
					const struct iq_elf *elf,
					struct iq_facts *facts)
{
	const struct iq_arch *arch = iq_arch_find(iq_elf_header(elf).machine);
	struct iq_go_buildinfo info = { 0 };
	struct iq_error *err;

	// Debug information alone has none; the file that it is of has.
	if (!iq_go_buildinfo_of_elf(elf, &info) && iq_elf_has_contents(elf) &&
	    iq_elf_promised_end(elf) <= source->size)
		iq_facts_gap(
			facts, IQ_GAP_MISSING,
			"no Go build information: not a Go program, or one "
			"whose build information was destroyed");
	err = iq_go_process_fill(facts, &info, elf);
	if (!err)
		err = iq_go_coverage_executable(elf, &info, facts);
	if (!err && arch)
		err = iq_facts_string(facts, iq_str_of(arch->name),
				      &facts->process.arch);
	if (!err)
		err = iq_facts_string(facts, iq_str_of(source->path),
				      &facts->process.executable);
	return err;
}

static struct iq_error *
executable_read(const struct iq_read_context *context iq_unused,
		const struct iq_source *source, struct iq_facts *facts)
{
	struct iq_elf_header header;
	struct iq_elf *elf = NULL;
	uint64_t end;
	struct iq_error *err = iq_elf_open(source, &elf);

	if (err)
		return err;
	// The texts are views into it.
	err = iq_facts_own(facts, elf_destroy, elf);
	if (err)
		return err;
	facts->witness.kind = IQ_WITNESS_EXECUTABLE;
	facts->witness.format = IQ_STR("elf-executable");
	header = iq_elf_header(elf);
	if (header.num_segments < header.promised_segments)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, source->size,
				    "program headers are cut off");
	end = iq_elf_has_contents(elf) ? iq_elf_promised_end(elf) : 0;
	if (end > source->size)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, source->size,
				    "the file ends at byte %" PRIu64
				    ", its headers promise %" PRIu64
				    ": copy it again",
				    source->size, end);
	if (source->damage)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, source->size, "%s",
				    source->damage);
	return executable_fill(source, elf, facts);
}

const struct iq_reader iq_reader_elf_executable = {
	.name = "elf-executable",
	.kind = IQ_WITNESS_EXECUTABLE,
	.bid = executable_bid,
	.read = executable_read,
};
