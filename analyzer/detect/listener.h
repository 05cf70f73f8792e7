/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines that wait for connections: one for each listener, or a few, is how
 * a server waits; more and more of them is a leak.
 */
#ifndef IQ_DETECT_LISTENER_H
#define IQ_DETECT_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

/* The stack passes through the poller's Accept. */
bool iq_stack_accepts(const struct iq_stack *stack);

/* It is in a system call that takes a connection: its descriptor blocks. */
bool iq_goroutine_accepts_blocking(const struct iq_model *model, size_t index);

#endif
