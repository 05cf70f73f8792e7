/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a generation ends, from its last events alone. The next one overlaps it
 * by the time that it takes to list all goroutines, and times must increase, so
 * its run needs this before the one before has been run.
 */
#ifndef IQ_FORMATS_TRACE_GUESS_H
#define IQ_FORMATS_TRACE_GUESS_H

#include "formats/trace/file.h"

/* The last time that Go's reader shows of @g; right unless its last events
 * contradict their times. Merging checks it. */
int64_t iq_trace_guess_last(const struct iq_trace_file *file,
			    const struct iq_trace_generation *g);

#endif
