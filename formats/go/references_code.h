/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Package variables that somebody waits for, or that refer to it, stand on no
 * stack: code names them. A function that will still come to such code refers to
 * what it names.
 */
#ifndef IQ_GO_REFERENCES_CODE_H
#define IQ_GO_REFERENCES_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/word_set.h"

/* Objects that one piece of code is seen to name. */
#define IQ_GO_NAMED_MAX 4

/* Immutable once it is filled. */
struct iq_go_named {
	const struct iq_go_runtime *rt;
	/* Addresses in the modules' data, and the object of each. */
	struct iq_go_word_set places;
};

/* Looks for @words in the data of all modules. */
struct iq_error *iq_go_named_init(struct iq_go_named *named,
				  const struct iq_go_runtime *rt,
				  const struct iq_go_word_set *words)
	iq_must_check;
void iq_go_named_deinit(struct iq_go_named *named);

struct iq_go_code {
	uint64_t pc; /* 0: the slot is free */
	unsigned num;
	/* Of places: pinned. */
	const struct iq_go_word *items[IQ_GO_NAMED_MAX];
};

/* One thread owns it; zeroed it is empty. */
struct iq_go_codes {
	struct iq_go_code slots[1024];
};

/* What the code from @pc to the end of its function names, valid until the next
 * call; none if nothing is named. */
const struct iq_go_code *iq_go_named_find(const struct iq_go_named *named,
					  struct iq_go_codes *codes,
					  uint64_t pc);

#endif
