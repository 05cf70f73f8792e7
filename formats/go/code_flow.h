/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions of one function, where they lead, and what its calls do with
 * channels and goroutines: which of them can come after which.
 */
#ifndef IQ_GO_CODE_FLOW_H
#define IQ_GO_CODE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/elf/arch.h"
#include "formats/go/pclntab.h"
#include "formats/go/runtime.h"

/* What a call does. */
enum {
	IQ_GO_DOES_SEND = 1 << 0,
	IQ_GO_DOES_RECEIVE = 1 << 1,
	IQ_GO_DOES_RECEIVE_OK = 1 << 2, /* the same, with a second result */
	IQ_GO_DOES_SELECT = 1 << 3,
	IQ_GO_DOES_TRY_SEND = 1 << 4,
	IQ_GO_DOES_TRY_RECEIVE = 1 << 5,
	IQ_GO_DOES_START = 1 << 6, /* a goroutine */
	IQ_GO_DOES_MAKE = 1 << 7,  /* a channel */
	IQ_GO_DOES_TIMEOUT = 1 << 8,
	IQ_GO_DOES_LEAVE = 1 << 9, /* the function, as a return does */
	IQ_GO_DOES_STOP = 1 << 10, /* it never returns */
	IQ_GO_DOES_CLOSE = 1 << 11,
};

#define IQ_GO_DOES_TAKE                                                        \
	(IQ_GO_DOES_RECEIVE | IQ_GO_DOES_RECEIVE_OK | IQ_GO_DOES_SELECT |      \
	 IQ_GO_DOES_TRY_RECEIVE)

#define IQ_GO_FLOW_NONE UINT32_MAX
/* No word of the frame. */
#define IQ_GO_NO_SLOT INT64_MAX

struct iq_go_step {
	struct iq_arch_step step;
	uint32_t offset; /* from the function's entry */
	uint32_t next;	 /* index of the one at the target, or NONE */
	bool is_call;
	uint64_t callee; /* entry of the function; 0: not known */
	unsigned does;
};

struct iq_go_jump {
	uint32_t to, from; /* steps */
};

struct iq_go_flow {
	const struct iq_go_runtime *rt;
	struct iq_go_func func;
	struct iq_str name; /* as in the tables */
	IQ_VEC(struct iq_go_step) steps;
	/* Within the function, ordered by where they lead. */
	IQ_VEC(struct iq_go_jump) jumps;
	/* Bits of steps, for walks: what was reached, what ends a walk. */
	uint64_t *reached;
	uint64_t *stops;
	uint32_t *work;
	/* What may still be looked at; see is_cut. */
	uint32_t left;
	/* It was too much: what walks and origins say since then, and what they
	 * leave out, is nothing. */
	bool is_cut;
};

/* Reads the function that holds @pc: without steps if it cannot be followed. */
struct iq_error *iq_go_flow_init(struct iq_go_flow *flow,
				 const struct iq_go_runtime *rt, uint64_t pc)
	iq_must_check;
void iq_go_flow_deinit(struct iq_go_flow *flow);

/* The first of the jumps that lead to @step; *@num_ret: how many do. */
const struct iq_go_jump *iq_go_flow_jumps(const struct iq_go_flow *flow,
					  uint32_t step, size_t *num_ret);
/* Takes @amount of what is left; false, and is_cut, if that is less. */
bool iq_go_flow_spend(struct iq_go_flow *flow, size_t amount);

/* The call that returns to @pc, or NONE. */
uint32_t iq_go_flow_call(const struct iq_go_flow *flow, uint64_t pc);

/* How a walk ended. */
struct iq_go_way {
	bool leaves; /* it comes to the function's end */
	bool stray;  /* not all of it can be followed */
};

void iq_go_flow_clear(struct iq_go_flow *flow);
static inline void iq_go_flow_stop(struct iq_go_flow *flow, uint32_t step)
{
	flow->stops[step / 64] |= 1ull << step % 64;
}
static inline bool iq_go_flow_reached(const struct iq_go_flow *flow,
				      uint32_t step)
{
	return flow->reached[step / 64] >> step % 64 & 1;
}
/*
 * Sets reached to the steps that can come from step @from on, itself too; what
 * is to stop is reached and not gone beyond.
 */
struct iq_go_way iq_go_flow_walk(struct iq_go_flow *flow, uint32_t from);

#define IQ_GO_ORIGIN_FIELDS 2

enum iq_go_origin_root {
	IQ_GO_ORIGIN_UNKNOWN,
	/* A word of the frame that no store of a register has set. */
	IQ_GO_ORIGIN_SLOT,
	IQ_GO_ORIGIN_CALL,     /* the result of one */
	IQ_GO_ORIGIN_ENTRY,    /* a register as the function got it */
	IQ_GO_ORIGIN_VARIABLE, /* of a package */
	IQ_GO_ORIGIN_NUMBER,
};

/* Of what an argument of a call is taken. */
struct iq_go_origin {
	enum iq_go_origin_root root;
	/* The word's distance from sp, the call's step, the register, the
	 * number. */
	int64_t value;
	/* The words at these distances that are followed from there. */
	unsigned num_fields;
	int64_t fields[IQ_GO_ORIGIN_FIELDS];
};

/* code_origin.c */
void iq_go_flow_origin(struct iq_go_flow *flow, uint32_t step,
		       unsigned argument, struct iq_go_origin *ret);
/* Where the result of the call @step is put; IQ_GO_NO_SLOT: not known. */
int64_t iq_go_flow_result(const struct iq_go_flow *flow, uint32_t step);
/* The innermost call at @step: function, file and line, as far as they are
 * known. */
struct iq_frame iq_go_flow_place(const struct iq_go_flow *flow, uint32_t step);

#endif
