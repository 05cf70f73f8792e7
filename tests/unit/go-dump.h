/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text dumps read for a test; each function ends the test on errors.
 */
#ifndef IQ_TESTS_GO_DUMP_H
#define IQ_TESTS_GO_DUMP_H

#include <stdint.h>

#include "formats/reader.h"

extern const struct iq_reader iq_reader_go_dump;

struct dump {
	struct iq_source *source;
	struct iq_facts *facts;
};

/* Reads @source, which @ret takes over; gives the reader's error. */
struct iq_error *dump_try(struct iq_source *source, struct dump *ret);
/* Reads a text that must be a dump. */
struct dump dump_of(const char *text);
void dump_close(struct dump *d);

void assert_str(struct iq_str s, const char *expected);
/* The goroutine with @id, which must be there. */
const struct iq_goroutine_fact *goroutine(const struct dump *d, uint64_t id);
/* Frame @n of @g is @function at @line. */
void assert_frame(const struct iq_goroutine_fact *g, uint32_t n,
		  const char *function, uint32_t line);

#endif
