/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the code of a witness's functions does with channels, locks and
 * goroutines, and in which order: a reader that has the code tells it. It says
 * what code can do, never what it has done.
 */
#ifndef IQ_MODEL_CODE_H
#define IQ_MODEL_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "model/fact.h"

/* How a function takes from a channel behind one place in it. */
struct iq_code_taking {
	/* It does so at all, and the code is there and can be followed; else
	 * nothing else is said. */
	bool is_known;
	/* The first place that takes: in that function, in another of its
	 * package that it calls, or in the one that called it and got the
	 * channel. Function, file and line. */
	struct iq_frame place;
	uint32_t receives; /* places that wait for one channel */
	uint32_t selects;  /* for several */
	uint32_t tries;	   /* "select" with a default */
	/* A place that takes can come again without the one behind which all of
	 * this is: a loop. */
	bool loops;
	/* Behind a place that takes another one can come. */
	bool follows;
	/* A way out of the function that comes by none of them. */
	bool skips;
	/* Channels that the only select receives from; 0: not known. */
	uint32_t num_cases;
	/* A timer or a deadline is made on the way. */
	bool has_timeout;
	/* It sends itself. */
	bool sends;
	/* Places that start goroutines which may send. */
	uint32_t starts;
	/* The place at hand starts more than one. */
	bool starts_more;
};

/* Whether a call was made before by the same run of its function. */
struct iq_code_again {
	/* The code is there and can be followed; else nothing else is said. */
	bool is_known;
	/* The place comes again: a loop, with the same channel as far as that is
	 * known. */
	bool loops;
	/* Another place makes the call, and the one at hand can follow. */
	bool follows;
	/* There are such places, or a loop, and the channel may be another. */
	bool unsure;
	/* There is no way to the place at hand but by another one. */
	bool always;
	/* So many other places make the call and can come before, and one of
	 * them comes again. */
	uint32_t num_before;
	bool before_loops;
	/* What it waits for may be what another call gave: not all calls
	 * before it are known. */
	bool may_be_given;
	uint32_t line; /* of the other one, of the loop's place */
	bool can_end;  /* it takes a second result: range, or "v, ok" */
};

/* What code may do behind a place: others wait for it. */
enum {
	IQ_CODE_SENDS = 1 << 0,
	IQ_CODE_TAKES = 1 << 1, /* from a channel */
	IQ_CODE_CLOSES = 1 << 2,
};

/* Locks that a function has taken and not given back when it makes a call. */
enum iq_code_held {
	IQ_CODE_HELD_UNKNOWN,
	IQ_CODE_HELD_NONE,
	IQ_CODE_HELD_MAYBE, /* one, on some way: which, is not known */
	IQ_CODE_HELD_SAME,  /* on some way the one that the call is to take */
};

/* Whether a channel is the Done channel of a context. */
enum iq_code_context {
	IQ_CODE_CONTEXT_NOT_SEEN,
	/* It is in a struct that looks like one: other packages have such, too. */
	IQ_CODE_CONTEXT_MAYBE,
	IQ_CODE_CONTEXT_SURE,
};

struct iq_code_facts {
	/* Behind @pc, where a go statement returns to. These fail without
	 * memory alone. */
	struct iq_error *(*taking)(const struct iq_code_facts *code,
				   uint64_t pc, struct iq_code_taking *ret);
	/* Of the call that returns to @pc. */
	struct iq_error *(*again)(const struct iq_code_facts *code, uint64_t pc,
				  struct iq_code_again *ret);
	/* IQ_CODE_*: what may come behind @pc in its function; 0: none of it, or
	 * that is not known. */
	struct iq_error *(*then)(const struct iq_code_facts *code, uint64_t pc,
				 unsigned *ret);
	/* Whether the channel at @addr is the Done channel of a context, by the
	 * types of what the goroutine whose record is at @g refers to. */
	struct iq_error *(*is_context)(const struct iq_code_facts *code,
				       uint64_t g, uint64_t addr,
				       enum iq_code_context *ret);
	/* At the call that returns to @pc. NULL: that is not known. */
	struct iq_error *(*held)(const struct iq_code_facts *code, uint64_t pc,
				 enum iq_code_held *ret);
};

#endif
