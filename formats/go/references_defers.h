/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closures that a goroutine's frames have deferred: the compiler's own slots
 * in a frame, and the runtime's records of those in loops.
 */
#ifndef IQ_GO_REFERENCES_DEFERS_H
#define IQ_GO_REFERENCES_DEFERS_H

#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/go/references_live.h"

/* Records of one goroutine that are looked at. */
#define IQ_GO_DEFER_RECORDS_MAX 64

struct iq_go_deferred {
	uint64_t closure;
	uint32_t frame; /* number among those unwound */
};

struct iq_go_deferreds {
	IQ_VEC(struct iq_go_deferred) items;
};

/* Adds the calls of frame @number that the compiler put into it and that wait
 * to be run. */
struct iq_error *iq_go_open_defers(struct iq_go_live *live, size_t number,
				   struct iq_go_deferreds *ret) iq_must_check;

/* A record of runtime._defer. */
struct iq_go_defer_record {
	uint64_t closure;
	uint64_t sp; /* of the frame that deferred */
};

/* The records from @addr on: how many of at most @cap. */
size_t iq_go_defer_records(const struct iq_go_runtime *rt, uint64_t addr,
			   struct iq_go_defer_record *ret, size_t cap);

#endif
