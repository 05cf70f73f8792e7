/* SPDX-License-Identifier: Apache-2.0 */
/* The executables of the captures of testdata/. */
#ifndef TESTS_PROGRAMS_H
#define TESTS_PROGRAMS_H

#include <string.h>

/* "httpcases" for "http-healthy/go1.26-stripped/core.zst". */
static inline const char *program_of_case(const char *name)
{
	static const char *const programs[][2] = {
#define PROGRAM(prefix, program) { prefix, program },
#include "tests/programs.def"
#undef PROGRAM
	};
	size_t i = 0;

	// The last one begins all names.
	while (strncmp(name, programs[i][0], strlen(programs[i][0])) != 0)
		i++;
	return programs[i][1];
}

#endif
