/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goroutines wait for, and who could wake them, in words: the one place
 * that says so to people. Texts from the input are made clean on the way.
 */
#ifndef IQ_REPORTS_WAIT_WORDS_H
#define IQ_REPORTS_WAIT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "model/graph.h"
#include "model/model.h"
#include "model/object.h"

struct iq_wait_words {
	struct iq_out *out;
	bool utf8;
	/* It is said of many objects at once: no address, no counts. */
	bool many;
	/* Arguments of system calls, too. */
	bool full;
	/* The monotonic clock of the witness, a lower bound; unset: times that
	 * lie ahead are not told. */
	bool has_now;
	int64_t now_ns;
};

/* Writes to @out, of what @witness saw. */
void iq_wait_words_init(struct iq_wait_words *words, struct iq_out *out,
			bool utf8, const struct iq_facts *witness);

/* "chan main.quote 0xc000102060, 0 of 0, 3 senders"; @object may be NULL. */
void iq_wait_words_object(const struct iq_wait_words *words,
			  enum iq_wait_kind kind, bool has_address,
			  uint64_t address, const struct iq_object *object);
/* "chan main.quote 0xc000102060" alone. */
void iq_wait_words_name(const struct iq_wait_words *words,
			enum iq_wait_kind kind, bool has_address,
			uint64_t address, const struct iq_object *object);
/* What one goroutine waits for, and how: "to send on chan main.quote …", "read
 * 10.0.0.7:5432 (fd 7, no deadline)", "sleep, wakes in <=3.2s". */
void iq_wait_words_wait(const struct iq_wait_words *words,
			const struct iq_wait *wait);

/* The same as a sentence without a subject: "waits to send on …", "is in sleep,
 * wakes in …". */
void iq_wait_words_does(const struct iq_wait_words *words,
			const struct iq_wait *wait);

/* "to send on", "to lock"; empty where nothing is to be said. Static. */
const char *iq_wait_words_op(enum iq_wait_kind kind, enum iq_wait_op op);
/* "chan", "Mutex", "WaitGroup" …: what people call the kind. Static. */
const char *iq_wait_words_kind(enum iq_wait_kind kind);
/* Why a goroutine could wake who waits: "has deferred its Unlock", "mentions
 * it"; the frame follows. Static. */
const char *iq_wait_words_ground(enum iq_wake_ground ground,
				 enum iq_wait_kind kind);

/* ">=5.1s (a collection saw it wait)", "2.7s to 5.0s (…)", "unknown". */
void iq_wait_words_since(struct iq_out *out, const struct iq_goroutine *g);

#endif
