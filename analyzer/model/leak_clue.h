/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of one leaked goroutine while its cause is looked for, and the
 * questions of leak_causes.def to it. Only leak_cause*.c include this.
 */
#ifndef IQ_MODEL_LEAK_CLUE_H
#define IQ_MODEL_LEAK_CLUE_H

#include "model/code.h"
#include "model/graph.h"
#include "model/leak_cause.h"
#include "model/model.h"
#include "model/object.h"
#include "model/path_reverse.h"

/* What is to blame for a sender that nobody receives from. */
enum iq_leak_send {
	IQ_LEAK_SEND_UNKNOWN,
	IQ_LEAK_SEND_DOUBLE,
	IQ_LEAK_SEND_MANY,
	IQ_LEAK_SEND_TIMEOUT,
	IQ_LEAK_SEND_EARLY,
};

/* What refers to what among those that are stuck, made when it is first asked
 * for, one witness at a time. */
struct iq_leak_stuck {
	const struct iq_proof *proof; /* that it was made of; NULL: none */
	struct iq_path_reverse reverse;
};

struct iq_leak_clue {
	const struct iq_model *model;
	const struct iq_finding *finding;
	struct iq_arena *arena;
	uint32_t index; /* into model->goroutines */
	const struct iq_goroutine *g;
	const struct iq_code_facts *code; /* NULL: there is none */
	/* Memory or the runtime itself says that nothing can wake it. */
	bool is_proven;
	/* It and others wait for each other: that has its own words. */
	bool in_cycle;
	/* The only object that it waits for; NULL: several, or not known. */
	const struct iq_wait *wait;
	const struct iq_object *object; /* read, or NULL */
	/* Another goroutine that could wake it and cannot run, and for what. */
	const struct iq_wake *waker;
	const struct iq_graph_node *waker_node;
	/* It waits itself for the one at hand, by however many others; or that
	 * is not known. */
	bool waits_back;
	/* The call by which it waits was made before. */
	bool has_again;
	struct iq_code_again again;
	const struct iq_frame *again_frame;
	/* Callers of again_frame may make their call more than once, too. */
	bool again_outside;
	/* What who started it does with channels then. */
	struct iq_code_taking taking;
	struct iq_leak_stuck *stuck;
};

/* *@shown_ret is what shows that the cause is the one in question; it stays
 * empty where it is not. */
typedef struct iq_error *iq_leak_shows(const struct iq_leak_clue *clue,
				       struct iq_str *shown_ret) iq_must_check;

#define IQ_LEAK_CAUSE(name, id, summary, fix)                                  \
	iq_leak_shows iq_leak_shows_##name;
#include "model/leak_causes.def"
#undef IQ_LEAK_CAUSE

/* Fills what concerns others; leak_clue.c. */
struct iq_error *iq_leak_clue_make(const struct iq_model *model,
				   const struct iq_finding *finding,
				   struct iq_arena *arena, uint32_t index,
				   struct iq_leak_clue *ret) iq_must_check;

/* Where the code stands that uses a lock: not the lock's own; or NULL. */
const struct iq_frame *iq_leak_site(const struct iq_stack *stack);

/* What its own code, or that of the goroutine with @stack, has locked where it
 * waits. */
struct iq_error *iq_leak_locks(const struct iq_leak_clue *clue,
			       const struct iq_stack *stack,
			       enum iq_code_held *ret) iq_must_check;

/*
 * Whether another goroutine that cannot run refers to what @wait is for, in
 * whatever way, or that is not known; who waits for the same does not count. Such
 * a goroutine may be who should have served it.
 */
struct iq_error *iq_leak_held(const struct iq_leak_clue *clue,
			      const struct iq_wait *wait, bool *ret)
	iq_must_check;

#endif
