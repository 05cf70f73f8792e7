/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for which semaphore or notifyList. Go 1.26 and newer keep it in
 * g.waiting; before, only the table of all semaphores, runtime.semtable, and
 * the lists themselves know.
 */
#ifndef IQ_GO_SEMAPHORES_H
#define IQ_GO_SEMAPHORES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "formats/go/runtime.h"

struct iq_go_semaphore_waiter {
	uint64_t g;
	/* The semaphore's word, or the notifyList. */
	uint64_t addr;
};

struct iq_go_semaphores {
	/* Ordered by g. */
	IQ_VEC(struct iq_go_semaphore_waiter) waiters;
};

/* Empty where g.waiting has them. What is damaged becomes gaps. */
struct iq_error *iq_go_semaphores_read(struct iq_go_runtime *rt,
				       struct iq_go_semaphores *ret)
	iq_must_check;
void iq_go_semaphores_deinit(struct iq_go_semaphores *semaphores);

/* What the goroutine at @g waits for; false if none is known. */
bool iq_go_semaphores_find(const struct iq_go_semaphores *semaphores,
			   uint64_t g, uint64_t *ret);

#endif
