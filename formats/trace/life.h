/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines of a run as they come and go.
 */
#ifndef IQ_FORMATS_TRACE_LIFE_H
#define IQ_FORMATS_TRACE_LIFE_H

#include "formats/trace/run.h"

/* The one with @id that is alive, or IQ_NONE. */
uint32_t iq_life_find(const struct iq_trace_run *run, uint64_t id);
/* A new one, or one that ended and comes back; IQ_NONE if that cannot be, or
 * without memory (run->nomem). */
uint32_t iq_life_new(struct iq_trace_run *run, uint64_t id,
		     enum iq_run_first first);
void iq_life_create(struct iq_run_g *g, uint32_t creator, int64_t time);
/* It ends, and with it its regions. */
void iq_life_end(struct iq_trace_run *run, uint32_t index, int64_t time);

#endif
