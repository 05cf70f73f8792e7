/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captures of testdata/ that some reader takes, a few of each kind: what
 * mangle and oom break. A new reader is covered by having a capture.
 */
#ifndef IQ_TESTS_FIXTURES_H
#define IQ_TESTS_FIXTURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "formats/reader.h"
#include "formats/source.h"

struct fixture {
	/* Relative to testdata/. */
	char *name;
	struct iq_source *source;
	const struct iq_reader *reader;
	/* The executable that belongs to it, or NULL. */
	struct iq_source *executable;
};

struct fixtures {
	IQ_VEC(struct fixture) list;
};

/*
 * One of each file name, release of Go and flavour. False, with the plan "1..0
 * # SKIP" printed, if the captures are not there.
 */
bool fixtures_open(struct fixtures *fixtures);
void fixtures_close(struct fixtures *fixtures);

/* A capture by its name below testdata/, or NULL; the caller's. */
struct iq_source *fixture_open(const char *name);
/* The executable that the capture @name belongs to, or NULL; the caller's. */
struct iq_source *fixture_executable(const char *name);

/*
 * What the fixture's reader, or the one that wins, says of the bytes; facts as
 * who calls a reader makes them. The facts and the error are the caller's; both
 * are NULL if no reader takes it.
 */
void fixture_read(const struct fixture *fixture, const struct iq_source *source,
		  struct iq_facts **facts_ret, struct iq_error **err_ret);

#endif
