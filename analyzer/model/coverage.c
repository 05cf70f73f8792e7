/* SPDX-License-Identifier: Apache-2.0 */
#include "model/coverage.h"

#include "model/fact.h"
#include "model/heap.h"

uint64_t iq_coverage_missing(struct iq_coverage_part part)
{
	return part.total > part.present ? part.total - part.present : 0;
}

const char *iq_module_state_name(enum iq_module_state state)
{
	static const char *const names[] = {
		[IQ_MODULE_ABSENT] = "absent",
		[IQ_MODULE_MISMATCH] = "mismatch",
		[IQ_MODULE_UNVERIFIED] = "unverified",
		[IQ_MODULE_VERIFIED] = "verified",
	};

	return names[state];
}

const char *iq_layout_source_name(enum iq_layout_source source)
{
	static const char *const names[] = {
		[IQ_LAYOUT_UNKNOWN] = "unknown",
		[IQ_LAYOUT_TABLE] = "table",
		[IQ_LAYOUT_DWARF] = "dwarf",
		[IQ_LAYOUT_NEAREST] = "nearest",
	};

	return names[source];
}

const char *iq_stack_loss_name(enum iq_stack_loss loss)
{
	static const char *const names[IQ_NUM_STACK_LOSSES] = {
		[IQ_STACK_LOSS_TABLES] = "no-tables",
		[IQ_STACK_LOSS_CUT_OFF] = "cut-off",
		[IQ_STACK_LOSS_NOT_DUMPED] = "not-dumped",
		[IQ_STACK_LOSS_THREAD] = "no-thread",
		[IQ_STACK_LOSS_DAMAGED] = "damaged",
	};

	return names[loss];
}

struct iq_str iq_coverage_setting_find(const struct iq_coverage *coverage,
				       const char *key)
{
	struct iq_str wanted = iq_str_of(key);

	for (size_t i = 0; i < coverage->num_settings; i++) {
		if (iq_str_equal(coverage->settings[i].key, wanted))
			return coverage->settings[i].value;
	}
	return IQ_STR("");
}

const struct iq_coverage_module *
iq_coverage_executable(const struct iq_coverage *coverage)
{
	for (size_t i = 0; i < coverage->num_modules; i++) {
		if (coverage->modules[i].is_executable)
			return &coverage->modules[i];
	}
	return NULL;
}

bool iq_coverage_measure(const struct iq_facts *facts,
			 struct iq_coverage_heap *ret)
{
	return facts->heap && facts->heap->measure &&
	       facts->heap->measure(facts->heap, ret);
}
