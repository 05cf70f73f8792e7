/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "formats/pprof/legacy.h"
#include "formats/reader.h"
#include "model/profile.h"

extern const struct iq_reader iq_reader_pprof;

static void stack_check(const struct iq_profile *p, uint32_t number)
{
	const struct iq_stack *stack;

	if (number >= p->num_stacks)
		abort();
	struct iq_error *err = iq_profile_stack(p, number, &stack);
	if (err || stack->index != number)
		abort();
	if (stack->elided && stack->elided_at >= stack->num_frames)
		abort();
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (!stack->frames[i])
			abort();
	}
}

static void labels_check(const struct iq_profile *p, size_t sample)
{
	const struct iq_labels *labels;
	struct iq_error *err = iq_profile_labels(p, sample, &labels);

	if (err)
		abort();
	for (size_t i = 1; i < labels->num; i++) {
		if (iq_str_compare(labels->items[i - 1].key,
				   labels->items[i].key) > 0)
			abort();
	}
}

/* What no input may break. */
static void profile_check(const struct iq_facts *facts)
{
	const struct iq_profile *p = facts->profile;
	size_t width = p->num_types;

	if (p->num_samples > p->num_read_samples)
		abort();
	if (p->num_samples && p->default_type >= width)
		abort();
	for (size_t i = 0; i < p->num_samples; i++) {
		stack_check(p, p->samples[i].stack);
		labels_check(p, i);
		if (i && p->values[(i - 1) * width + p->default_type] <
				 p->values[i * width + p->default_type])
			abort();
	}
	if (facts->witness.complete != (facts->gaps.len == 0))
		abort();
}

static void goroutines_check(struct iq_facts *facts)
{
	struct iq_error *err = iq_profile_goroutines(facts);

	if (err)
		abort();
	iq_facts_finish(facts);
	for (size_t i = 0; i < facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *g = &facts->goroutines.data[i];

		if (g->has_id || !g->count || !g->labels)
			abort();
	}
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
	if (!err && !iq_reader_pprof.bid(source)) {
		iq_pprof_legacy_name(source);
	} else if (!err) {
		err = iq_reader_pprof.read(&context, source, facts);
		if (!err) {
			profile_check(facts);
			goroutines_check(facts);
			fuzz_case(facts);
		} else if (err != &iq_enomem && !err->has_offset) {
			abort();
		}
	}
	iq_error_destroy(err);
	iq_facts_destroy(facts);
	iq_source_destroy(source);
	return 0;
}
