/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a process a core has, as its headers, its notes and the files of
 * its modules say. No page of memory is read for it.
 */
#ifndef IQ_ELF_CORE_COVERAGE_H
#define IQ_ELF_CORE_COVERAGE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/core.h"
#include "formats/memory.h"
#include "model/coverage.h"
#include "model/fact.h"

/*
 * Fills what does not take a Go runtime to know, and sets facts->coverage to
 * it. Lives as long as @facts.
 */
struct iq_error *iq_core_coverage(const struct iq_core *core,
				  struct iq_facts *facts,
				  struct iq_coverage **ret) iq_must_check;

/* What @elf still has of what linkers put into it. */
void iq_elf_coverage(const struct iq_elf *elf, struct iq_coverage_module *ret);

/* How many of the bytes at [addr, addr+len) are there. */
uint64_t iq_memory_present(const struct iq_memory *memory, uint64_t addr,
			   uint64_t len);
/* Why the first that is not is missing; PRESENT if all are there. */
enum iq_memory_state iq_memory_lack(const struct iq_memory *memory,
				    uint64_t addr, uint64_t len);

#endif
