/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "formats/reader.h"
#include "model/trace.h"

extern const struct iq_reader iq_reader_go_trace;

/* A state is as long as it lasted: the sum is the goroutine's life. */
static void goroutine_check(const struct iq_trace *trace,
			    const struct iq_trace_goroutine *g)
{
	if (g->last_state == IQ_GSTATUS_UNKNOWN)
		abort();
	if (g->num_blocked && !g->blocked)
		abort();
	for (uint32_t i = 0; i < g->num_blocked; i++) {
		if (g->blocked[i].count == 0)
			abort();
	}
	if (iq_trace_find(trace, g->id) != g)
		abort();
}

static void trace_check(const struct iq_trace *trace)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < trace->num_kinds; i++)
		sum += trace->kinds[i].count;
	if (sum != trace->num_events)
		abort();
	for (size_t i = 0; i < trace->num_goroutines; i++) {
		const struct iq_trace_goroutine *g = &trace->goroutines[i];

		if (i && trace->goroutines[i - 1].id >= g->id)
			abort();
		goroutine_check(trace, g);
	}
	for (size_t i = 0; i < trace->num_sites; i++) {
		if (trace->sites[i].num_open > trace->sites[i].count)
			abort();
	}
}

/* What no input may break. */
static void facts_check(const struct iq_facts *facts)
{
	if (!facts->trace)
		abort();
	trace_check(facts->trace);
	for (size_t i = 0; i < facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *g = &facts->goroutines.data[i];

		if (!g->has_id || g->count != 1 ||
		    g->status == IQ_GSTATUS_DEAD ||
		    !iq_trace_find(facts->trace, g->id))
			abort();
		if (i && facts->goroutines.data[i - 1].id >= g->id)
			abort();
		if (g->stack &&
		    (g->stack->index >= facts->stacks.len ||
		     facts->stacks.data[g->stack->index] != g->stack))
			abort();
	}
	if (facts->witness.complete != (facts->gaps.len == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iq_read_context context = {
		.no_file_system = true,
		.has_trace_of = true,
		.trace_of = 1,
	};
	struct iq_source *source = NULL;
	struct iq_facts *facts = NULL;
	struct iq_error *err;

	err = iq_source_open_buffer("fuzz", data, size, NULL, &source);
	if (!err)
		err = iq_facts_create(&facts);
	if (!err && iq_reader_go_trace.bid(source)) {
		err = iq_reader_go_trace.read(&context, source, facts);
		iq_facts_finish(facts);
		if (!err)
			facts_check(facts);
		else if (err != &iq_enomem && !err->has_offset)
			abort();
		if (!err)
			fuzz_case(facts);
	}
	iq_error_destroy(err);
	iq_facts_destroy(facts);
	iq_source_destroy(source);
	return 0;
}
