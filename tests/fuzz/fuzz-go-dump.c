/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "formats/reader.h"

extern const struct iq_reader iq_reader_go_dump;

/* What no input may break. */
static void facts_check(const struct iq_facts *facts)
{
	for (size_t i = 0; i < facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *g = &facts->goroutines.data[i];

		if (!g->has_id || g->id == 0 || g->count != 1)
			abort();
		if (i && facts->goroutines.data[i - 1].id >= g->id)
			abort();
		if (!g->stack)
			continue;
		if (g->stack->num_frames == 0 ||
		    g->stack->index >= facts->stacks.len ||
		    facts->stacks.data[g->stack->index] != g->stack)
			abort();
		if (g->stack->elided &&
		    g->stack->elided_at >= g->stack->num_frames)
			abort();
	}
	if (facts->witness.complete != (facts->gaps.len == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct iq_read_context context = { .no_file_system = true };
	struct iq_source *source = NULL;
	struct iq_facts *facts = NULL;
	struct iq_error *err;

	err = iq_source_open_buffer("fuzz", data, size, NULL, &source);
	if (!err)
		err = iq_facts_create(&facts);
	if (!err && iq_reader_go_dump.bid(source)) {
		err = iq_reader_go_dump.read(&context, source, facts);
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
