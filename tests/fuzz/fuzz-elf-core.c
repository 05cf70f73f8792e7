/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: four bytes, little-endian, that say how long the core is; the core; the
 * executable that the user gave, if anything is left.
 */
#include "tests/fuzz/fuzz.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "formats/reader.h"

extern const struct iq_reader iq_reader_elf_core;

static void facts_check(const struct iq_facts *facts)
{
	for (size_t i = 0; i < facts->goroutines.len; i++) {
		const struct iq_stack *s = facts->goroutines.data[i].stack;

		if (s && (s->index >= facts->stacks.len ||
			  facts->stacks.data[s->index] != s))
			abort();
	}
	if (facts->witness.complete && facts->gaps.len)
		abort();
}

static void core_read(const struct iq_source *core,
		      const struct iq_source *executable)
{
	const struct iq_read_context context = {
		.executables = &executable,
		.num_executables = executable->size ? 1 : 0,
		.no_file_system = true,
	};
	struct iq_facts *facts = NULL;
	struct iq_error *err = iq_facts_create(&facts);

	if (!err && iq_reader_elf_core.bid(core)) {
		err = iq_reader_elf_core.read(&context, core, facts);
		iq_facts_finish(facts);
		if (!err)
			facts_check(facts);
		else if (err != &iq_enomem && !err->has_offset)
			abort();
		if (!err)
			fuzz_case(facts);
	}
	iq_error_destroy(err);
	iq_facts_destroy(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iq_source core = { .path = "core" };
	struct iq_source executable = { .path = "executable" };
	uint32_t len;

	if (size < sizeof(len))
		return 0;
	memcpy(&len, data, sizeof(len));
	data += sizeof(len);
	size -= sizeof(len);
	core.data = data;
	core.size = le32toh(len) < size ? le32toh(len) : size;
	executable.data = data + core.size;
	executable.size = size - core.size;
	core_read(&core, &executable);
	return 0;
}
