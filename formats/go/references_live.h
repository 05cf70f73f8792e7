/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a goroutine's stack that it can still use, as the runtime's
 * collector finds them: by the compiler's maps of pointers at each call, and
 * what is reached from them on the same stack. A word that an earlier call left
 * behind is none. Where there is no map (assembly, code that a signal
 * interrupted) every word counts.
 */
#ifndef IQ_GO_REFERENCES_LIVE_H
#define IQ_GO_REFERENCES_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/go/pc_cache.h"
#include "formats/go/unwind.h"

struct iq_go_live_word {
	uint64_t word;
	/* Number of the frame whose function has it, among those unwound. */
	uint32_t frame;
	/* A parameter: the function's own, whatever is inlined into it. */
	bool parameter;
};

/* A variable on the stack whose address was taken. */
struct iq_go_live_object {
	uint64_t begin, end;
	uint32_t frame;
	bool parameter;
	bool reached;
};

/* The tables of one pc that follows a call. */
struct iq_go_live_map {
	uint64_t pc; /* 0: the slot is free */
	/* Bits of words, the last local one just below the saved frame pointer;
	 * NULL: not known. */
	const uint8_t *locals, *args;
	uint32_t num_locals, num_args;
	/* Bytes of the parameters; 0: none or unknown. */
	uint32_t args_size;
	/* Records of variables whose address was taken. */
	const uint8_t *objects;
	uint32_t num_objects;
	/* Where the closures of deferred calls stand; 0: there are none. */
	uint64_t open_defers;
};

/* One thread owns it; it is used for one goroutine after the other. */
struct iq_go_live {
	struct iq_go_pc_cache *cache;
	struct iq_go_live_map *maps;
	IQ_VEC(struct iq_go_live_word) words;
	/* Ordered by address. */
	IQ_VEC(struct iq_go_live_object) objects;
	/* Of the goroutine at hand. */
	bool is_cut; /* there is more than is looked at */
	const struct iq_go_unwound *unwound;
	uint64_t hi;
	const uint8_t *window;
	uint64_t window_len;
};

struct iq_error *iq_go_live_init(struct iq_go_live *live,
				 struct iq_go_pc_cache *cache) iq_must_check;
void iq_go_live_deinit(struct iq_go_live *live);

/*
 * Replaces words and objects by those of the stack that @unwound was made of,
 * with fps, which ends at @hi. Without @maps also what an earlier call left there
 * counts. Fails only without memory.
 */
struct iq_error *iq_go_live_read(struct iq_go_live *live,
				 const struct iq_go_unwound *unwound,
				 uint64_t hi, bool maps) iq_must_check;

/* The word of the stack at @addr; false if it is not there. */
bool iq_go_live_word_at(const struct iq_go_live *live, uint64_t addr,
			uint64_t *ret);
/* The tables at @pc, valid until the next call. */
const struct iq_go_live_map *iq_go_live_map(struct iq_go_live *live,
					    uint64_t pc);
/* Where frame @number begins. */
uint64_t iq_go_live_begin(const struct iq_go_live *live, size_t number);
/* Where its variables end; those of a frame are told from there downwards. */
uint64_t iq_go_live_varp(const struct iq_go_live *live, size_t number);
/* The variable that holds @addr, or NULL. */
struct iq_go_live_object *iq_go_live_object(struct iq_go_live *live,
					    uint64_t addr);

#endif
