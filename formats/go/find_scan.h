/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the runtime's zeroed data, one after the other: what is looked
 * through when there are no symbols.
 */
#ifndef IQ_GO_FIND_SCAN_H
#define IQ_GO_FIND_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/go/runtime.h"

#define IQ_GO_WORDS_AREAS 2

struct iq_go_words {
	const struct iq_memory *memory;
	/* Addresses that are still to come, by area. */
	struct {
		uint64_t addr;
		uint64_t end;
	} areas[IQ_GO_WORDS_AREAS];
	unsigned area;
	/* The bytes from the current address on, and how many. */
	const uint8_t *bytes;
	uint64_t left;
};

/* bss of the runtime's module: what has pointers. */
void iq_go_words_bss(const struct iq_go_runtime *rt, struct iq_go_words *ret);
/* bss and noptrbss. */
void iq_go_words_all(const struct iq_go_runtime *rt, struct iq_go_words *ret);
/* The next word that is in the core; false at the end. */
bool iq_go_words_next(struct iq_go_words *words, uint64_t *addr_ret,
		      uint64_t *value_ret);
/* How many bytes of bss and noptrbss are not in the core. */
uint64_t iq_go_words_missing(const struct iq_go_runtime *rt);

/* Whether memstats can be at @addr: at least one garbage collection since the
 * process started, with clocks that agree. */
bool iq_go_memstats_is(const struct iq_go_runtime *rt, uint64_t addr);

#endif
