/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file on disk is the one that a process had mapped: by what the core
 * itself still holds of it.
 */
#ifndef IQ_ELF_CORE_IDENTITY_H
#define IQ_ELF_CORE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/elf.h"
#include "formats/memory.h"
#include "formats/source.h"

/* A module's ELF header as the core's own bytes show it. */
struct iq_core_image {
	/* The bytes from the module's first address on. */
	struct iq_source bytes;
	/* NULL if the header was not dumped. */
	struct iq_elf *elf;
};

/* Looks at @addr; only lack of memory is an error. */
struct iq_error *iq_core_image_init(struct iq_core_image *image,
				    const struct iq_memory *dumped,
				    uint64_t addr) iq_must_check;
void iq_core_image_deinit(struct iq_core_image *image);

/* What is known of a module beside its image. */
struct iq_core_traces {
	const struct iq_memory *dumped;
	const struct iq_core_image *image;
	/* The auxiliary vector's, for the executable. */
	bool has_auxv;
	uint64_t phdr, phnum, entry;
	/* Address of the module's first byte. */
	uint64_t start;
};

enum iq_core_match {
	IQ_CORE_OTHER_FILE,
	/* The core holds nothing that could tell. */
	IQ_CORE_UNKNOWN_FILE,
	IQ_CORE_SAME_FILE,
};

/*
 * Compares @elf with what the core has: build ids if both have one, else
 * headers, entry point and build information.
 */
enum iq_core_match iq_core_compare(const struct iq_core_traces *traces,
				   const struct iq_elf *elf);

/*
 * What @elf's addresses are moved by in the process; false if its program
 * headers do not say. Use with @elf either the file or the image.
 */
bool iq_core_bias(const struct iq_core_traces *traces, const struct iq_elf *elf,
		  uint64_t *ret);

#endif
