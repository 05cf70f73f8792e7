/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One struct of the runtime, copied out of the process in one read, from which
 * fields are taken by the layout's row. A field that the version lacks is 0.
 */
#ifndef IQ_GO_RECORD_H
#define IQ_GO_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/go_versions.h"
#include "formats/memory.h"

/* The largest struct that is read whole is runtime.m, 2 KiB. */
#define IQ_GO_RECORD_SIZE 4096

struct iq_go_record {
	uint64_t addr;
	uint32_t size;
	uint8_t data[IQ_GO_RECORD_SIZE];
};

static inline bool iq_go_has(struct iq_go_field field)
{
	return field.offset != IQ_GO_ABSENT;
}

/* Copies @size bytes at @addr; false if they are not all there. */
bool iq_go_record_read(const struct iq_memory *memory, uint64_t addr,
		       uint32_t size, struct iq_go_record *ret);

/* A little-endian unsigned field of at most 8 bytes. */
uint64_t iq_go_record_uint(const struct iq_go_record *record,
			   struct iq_go_field field);

/* A pointer at @field of the struct at @addr; false if unreadable or absent. */
bool iq_go_field_read(const struct iq_memory *memory, uint64_t addr,
		      struct iq_go_field field, uint64_t *ret);

#endif
