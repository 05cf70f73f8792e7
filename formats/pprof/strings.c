/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/strings.h"

#include "formats/pprof/field.h"

bool iq_pprof_has_string(const struct iq_pprof_strings *strings, int64_t index)
{
	return index >= 0 && (uint64_t)index < strings->offsets.len;
}

struct iq_str iq_pprof_string(const struct iq_pprof_strings *strings,
			      int64_t index)
{
	struct iq_pprof_field field;

	// The first one is "" by definition, whatever a broken file says.
	if (index <= 0 || !iq_pprof_has_string(strings, index) ||
	    !iq_pprof_field_at(strings->source, strings->offsets.data[index],
			       &field))
		return IQ_STR("");
	return field.bytes;
}
