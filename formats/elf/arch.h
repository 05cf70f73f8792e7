/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core's thread notes look like on each architecture: data, not logic.
 * Adding an architecture is adding a row.
 */
#ifndef IQ_ELF_ARCH_H
#define IQ_ELF_ARCH_H

#include <stdint.h>

struct iq_arch {
	uint16_t machine; /* EM_… */
	const char *name; /* Go's: "amd64" */
	/* NT_PRSTATUS, in bytes: its size and where the registers begin. */
	uint32_t prstatus_size;
	uint32_t regs_offset;
	/* Registers of 8 bytes, and which of them are pc and sp. */
	uint32_t num_regs;
	uint32_t pc;
	uint32_t sp;
};

/* NULL if there is no row for @machine. */
const struct iq_arch *iq_arch_find(uint16_t machine);

#endif
