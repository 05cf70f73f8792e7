/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The class of what a goroutine does: the coarsest kind that all witnesses have
 * in common, stable over the Go versions that renamed wait reasons.
 */
#ifndef IQ_MODEL_WAIT_H
#define IQ_MODEL_WAIT_H

#include "base/str.h"
#include "model/fact.h"

enum iq_wait_class {
	IQ_CLASS_UNKNOWN_WAIT,
	IQ_CLASS_RUNNING, /* running or runnable */
	IQ_CLASS_CHAN_SEND,
	IQ_CLASS_CHAN_RECEIVE,
	IQ_CLASS_SELECT,
	IQ_CLASS_NIL_SEND,
	IQ_CLASS_NIL_RECEIVE,
	IQ_CLASS_EMPTY_SELECT,
	IQ_CLASS_MUTEX,
	IQ_CLASS_RWMUTEX_R,
	IQ_CLASS_RWMUTEX_W,
	IQ_CLASS_WAITGROUP,
	IQ_CLASS_COND,
	IQ_CLASS_SEMAPHORE, /* sync of an unknown kind */
	IQ_CLASS_SLEEP,
	IQ_CLASS_IO,
	IQ_CLASS_SYSCALL,
	IQ_CLASS_CGO,
	IQ_CLASS_COROUTINE,
	IQ_CLASS_SYSTEM, /* the runtime's own reasons */
};

/* "chan-send", "mutex", "io": the kind of a fingerprint. Static. */
const char *iq_wait_class_name(enum iq_wait_class class);
/* From status, reason and, where these are coarse, the leaf frames. */
enum iq_wait_class iq_wait_class_of(const struct iq_goroutine_fact *fact);
/* It needs no other goroutine to go on. */
bool iq_wait_class_can_go_on(enum iq_wait_class class);
/* It waits for what there is not: a nil channel, "select {}". */
bool iq_wait_class_is_hopeless(enum iq_wait_class class);
/* The same of one goroutine: a select in no channel's queue has nil ones only. */
bool iq_wait_is_hopeless(const struct iq_goroutine_fact *fact,
			 enum iq_wait_class class);
/* It waits for a lock: a Mutex, or either side of a RWMutex. */
bool iq_wait_class_is_lock(enum iq_wait_class class);
/* The words people know: "chan send", "Mutex.Lock", "read". Static. */
const char *iq_wait_class_words(enum iq_wait_class class);

#endif
