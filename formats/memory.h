/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space of a dead process: ranges of addresses, each backed by
 * bytes of a source (core, executable, shared object) or known to be missing
 * and why. Immutable after iq_memory_finish(), so free of locks.
 */
#ifndef IQ_FORMATS_MEMORY_H
#define IQ_FORMATS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/source.h"

enum iq_memory_state {
	/* No segment has this address. */
	IQ_MEMORY_UNMAPPED,
	IQ_MEMORY_PRESENT,
	/* The core's writer left it out and no file has it. */
	IQ_MEMORY_NOT_DUMPED,
	/* The core ends before it. */
	IQ_MEMORY_CUT_OFF,
	/* The file could not be read there. */
	IQ_MEMORY_FAULTED,
};

enum {
	IQ_MEMORY_READ = 4,
	IQ_MEMORY_WRITE = 2,
	IQ_MEMORY_EXEC = 1,
};

struct iq_memory_range {
	uint64_t addr;
	uint64_t len;
	/* PRESENT: the bytes are source->data[offset .. offset + len). */
	const struct iq_source *source;
	uint64_t offset;
	enum iq_memory_state state;
	/* IQ_MEMORY_READ | … as the segment's header has them. */
	unsigned prot;
};

struct iq_memory;

struct iq_error *iq_memory_create(struct iq_memory **ret) iq_must_check;
void iq_memory_destroy(struct iq_memory *mem);

/*
 * Adds a range; what was added first wins where ranges overlap, except that a
 * PRESENT range fills what is NOT_DUMPED, CUT_OFF or unmapped. Sources must
 * outlive the memory. Ranges that wrap or leave their source are an error, and
 * so are states other than these three. A range without bytes is nothing.
 */
struct iq_error *iq_memory_add(struct iq_memory *mem,
			       const struct iq_memory_range *range)
	iq_must_check;
/*
 * Sorts, and joins what continues in addresses, state, protection and bytes of
 * the source; afterwards nothing can be added. Reads before it find nothing.
 */
struct iq_error *iq_memory_finish(struct iq_memory *mem) iq_must_check;

/* All of [addr, addr+len) or nothing: false and @dst untouched. */
bool iq_memory_read(const struct iq_memory *mem, uint64_t addr, size_t len,
		    void *dst);
bool iq_memory_u64(const struct iq_memory *mem, uint64_t addr, uint64_t *ret);
bool iq_memory_u32(const struct iq_memory *mem, uint64_t addr, uint32_t *ret);
/* A little-endian unsigned field of 1, 2, 4 or 8 bytes; no other size. */
bool iq_memory_uint(const struct iq_memory *mem, uint64_t addr, unsigned size,
		    uint64_t *ret);

/*
 * A pinned window: a pointer to the bytes at @addr and how many follow
 * without interruption in one source, whatever their protection. NULL where
 * there are none. Valid until the sources are destroyed. What the file system
 * cannot give reads as zeros: who has scanned asks iq_memory_faulted().
 */
const uint8_t *iq_memory_window(const struct iq_memory *mem, uint64_t addr,
				uint64_t *len_ret);

/* Brings the bytes nearer to the processor, if that costs nothing: for who hops
 * through memory and knows where to next. */
void iq_memory_prefetch(const struct iq_memory *mem, uint64_t addr, size_t len);

/* Whether bytes of [addr, addr+len) were read in vain. */
bool iq_memory_faulted(const struct iq_memory *mem, uint64_t addr,
		       uint64_t len);

/* Why a read at @addr works or fails. */
enum iq_memory_state iq_memory_state(const struct iq_memory *mem,
				     uint64_t addr);
/* The ranges, sorted by address, not overlapping. */
const struct iq_memory_range *iq_memory_ranges(const struct iq_memory *mem,
					       size_t *num_ret);
/* The range that holds @addr, or NULL. */
const struct iq_memory_range *iq_memory_find(const struct iq_memory *mem,
					     uint64_t addr);

#endif
