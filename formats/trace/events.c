/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/events.h"

const struct iq_trace_event iq_trace_events[256] = {
#define IQ_TRACE_EVENT(number, name, args, since)                              \
	[(number)] = { #name, (args), (since) },
#include "formats/trace/trace_events.def"
#undef IQ_TRACE_EVENT
};
