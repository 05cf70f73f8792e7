/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a wait reason and the frames at the leaf of a stack say about the kind of
 * object that is waited for, and where in it the semaphore's word is.
 */
#ifndef IQ_GO_WAIT_CLASS_H
#define IQ_GO_WAIT_CLASS_H

#include "formats/go/runtime.h"
#include "model/fact.h"

/* Where the address of the object is found. */
enum iq_go_wait_source {
	IQ_GO_WAIT_NOWHERE,
	IQ_GO_WAIT_CHANNELS, /* g.waiting: sudogs of channels */
	IQ_GO_WAIT_SEMAPHORES,
	IQ_GO_WAIT_LISTS, /* g.waiting: a notifyList, 1.26+ */
	IQ_GO_WAIT_SLEEP, /* the g's own timer */
	IQ_GO_WAIT_POLL,  /* a descriptor that the stack leads to */
	IQ_GO_WAIT_CORO,  /* a coroutine */
	IQ_GO_WAIT_BUBBLE,
	IQ_GO_WAIT_SYSCALL, /* registers and frames of its thread */
};

struct iq_go_wait_class {
	enum iq_wait_kind kind;
	enum iq_wait_op op;
	enum iq_go_wait_source source;
	/* Bytes from the object's start to the word that is waited on. */
	uint32_t offset;
	/* Only frames can tell. */
	bool by_frames;
};

/* By @reason, "" if there is none; NONE if it is no wait. */
struct iq_go_wait_class iq_go_wait_class_of(struct iq_str reason);

/* @reason without the marks that goroutines in a synctest bubble get. */
struct iq_str iq_go_wait_reason_plain(struct iq_str reason);

/* The same, refined by the frames of @stack, which may be NULL. */
struct iq_go_wait_class iq_go_wait_class_refine(struct iq_go_wait_class class,
						const struct iq_stack *stack);

/* What is done to a file or a socket. */
enum iq_wait_op iq_go_wait_op_of(const struct iq_stack *stack);

#endif
