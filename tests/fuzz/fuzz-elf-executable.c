/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "formats/reader.h"

extern const struct iq_reader iq_reader_elf_executable;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct iq_read_context context = { .no_file_system = true };
	const struct iq_source source = {
		.path = "executable",
		.data = data,
		.size = size,
	};
	struct iq_facts *facts = NULL;
	struct iq_error *err = iq_facts_create(&facts);

	if (!err && iq_reader_elf_executable.bid(&source)) {
		err = iq_reader_elf_executable.read(&context, &source, facts);
		iq_facts_finish(facts);
		if (err && err != &iq_enomem && !err->has_offset)
			abort();
	}
	iq_error_destroy(err);
	iq_facts_destroy(facts);
	return 0;
}
