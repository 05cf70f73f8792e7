/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of strings of a profile: where each stands in the file. They are
 * views of it and outlive the table.
 */
#ifndef IQ_FORMATS_PPROF_STRINGS_H
#define IQ_FORMATS_PPROF_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/vec.h"
#include "formats/source.h"

struct iq_pprof_strings {
	const struct iq_source *source;
	/* Of the fields; each was read once. */
	IQ_VEC(uint64_t) offsets;
};

bool iq_pprof_has_string(const struct iq_pprof_strings *strings, int64_t index);
/* The string; empty for what is not in the table. */
struct iq_str iq_pprof_string(const struct iq_pprof_strings *strings,
			      int64_t index);

#endif
