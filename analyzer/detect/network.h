/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines of the network that wait by design: a table of shapes.
 */
#ifndef IQ_DETECT_NETWORK_H
#define IQ_DETECT_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"

/* The stack is that of one side of a connection that is kept alive and idle. */
bool iq_stack_is_keep_alive(const struct iq_stack *stack,
			    enum iq_wait_class class);
/* The stack passes through the program's handler of an HTTP request. */
bool iq_stack_handles_request(const struct iq_stack *stack);
/* It serves one side of a connection that is kept alive and idle. */
bool iq_goroutine_is_keep_alive(const struct iq_model *model, size_t index);

#endif
