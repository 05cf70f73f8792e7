/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/legacy.h"

#include <string.h>

#include "base/attr.h"
#include "base/str.h"

struct form {
	struct iq_str start;
	/* What the first line has, too; may be empty. */
	struct iq_str mark;
	const char *name;
};

/* clang-format off */
#define TEXT(lit) { lit, sizeof(lit) - 1 }
#define FORM(text, what) { .start = TEXT(text), .name = what }
#define FORM_MARKED(text, other, what) \
	{ .start = TEXT(text), .mark = TEXT(other), .name = what }

/*
 * Texts of Go: src/runtime/pprof/pprof.go. Of C++ and Java: what gperftools'
 * doc/cpuprofile-fileformat.html and github.com/google/pprof, profile/
 * legacy_profile.go and legacy_java_profile.go, tell of; there 0, 3 and 0 or 1
 * are words of 4 or 8 bytes.
 */
static const struct form forms[] = {
	FORM("--- contention:", "block profile in text form (debug=1)"),
	FORM("--- contentionz ", "C++ or Java contention profile"),
	FORM("--- growthz ", "C++ growth profile"),
	FORM("--- heapz ", "C++ or Java heap profile"),
	FORM("--- mutex:", "mutex profile in text form (debug=1)"),
	FORM("--- threadz ", "C++ thread profile"),
	FORM("\0\0\0\0\3\0\0\0\0\0\0\0", "C++ CPU profile"),
	FORM("\0\0\0\0\3\0\0\0\1\0\0\0", "Java CPU profile"),
	FORM("\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
	     "C++ CPU profile"),
	FORM("\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0",
	     "Java CPU profile"),
	FORM("goroutine profile: total ",
	     "goroutine profile in text form (debug=1)"),
	FORM("goroutineleak profile: total ",
	     "goroutineleak profile in text form (debug=1)"),
	FORM_MARKED("heap profile: ", " @ heap/",
		    "heap profile in text form (debug=1)"),
	FORM_MARKED("heap profile: ", " @ growth", "C++ growth profile"),
	FORM("heap profile: ", "C++ heap profile"),
	FORM("heap_v2/", "C++ heap profile"),
	FORM("threadcreate profile: total ",
	     "threadcreate profile in text form (debug=1)"),
};
/* clang-format on */

const char *iq_pprof_legacy_name(const struct iq_source *source)
{
	const struct iq_str head = {
		.ptr = (const char *)source->data,
		.len = (size_t)source->size,
	};

	const struct iq_str line = iq_str_sub(
		head, 0, iq_str_find(iq_str_sub(head, 0, 4096), '\n'));

	for (size_t i = 0; i < IQ_ARRAY_SIZE(forms); i++) {
		const struct form *form = &forms[i];

		if (iq_str_starts(head, form->start) &&
		    (!form->mark.len ||
		     iq_str_search(line, form->mark) < line.len))
			return form->name;
	}
	return NULL;
}
