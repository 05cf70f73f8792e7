/* SPDX-License-Identifier: Apache-2.0 */
/* Executables with debug information, through the child process. */
#include "tests/fuzz/fuzz.h"

#include "formats/dwarf/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iq_source *source = NULL;
	struct iq_elf *elf = NULL;
	struct iq_dwarf_layout layout;
	struct iq_error *err;
	bool exact;

	err = iq_source_open_buffer("fuzz", data, size, NULL, &source);
	if (!err)
		err = iq_elf_open(source, &elf);
	if (!err)
		err = iq_dwarf_layout_read(
			elf,
			iq_go_version_find(IQ_STR("go1.22.12"), "amd64",
					   &exact),
			&layout);
	iq_error_destroy(err);
	iq_elf_destroy(elf);
	iq_source_destroy(source);
	return 0;
}
