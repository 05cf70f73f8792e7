/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event of a trace calls a wait, in the words that the runtime has for
 * it in cores and dumps, where the stack tells enough.
 */
#ifndef IQ_FORMATS_TRACE_REASON_H
#define IQ_FORMATS_TRACE_REASON_H

#include "base/str.h"
#include "model/fact.h"

/*
 * The wait reason of a goroutine that waits for @event's reason (empty: only a
 * status told of it) at @stack, which may be NULL, with start function @start.
 * @minor is the header's. Empty if unknown.
 */
struct iq_str iq_trace_wait_reason(struct iq_str event,
				   const struct iq_stack *stack,
				   struct iq_str start, uint32_t minor);

/* Whether a goroutine that starts there is of the runtime; of the tracer. */
bool iq_trace_is_system(struct iq_str start);
bool iq_trace_is_tracer(struct iq_str start);

#endif
