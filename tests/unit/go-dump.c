/* SPDX-License-Identifier: Apache-2.0 */
#include "go-dump.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// cmocka wants those before it.
#include <cmocka.h>

struct iq_error *dump_try(struct iq_source *source, struct dump *ret)
{
	const struct iq_read_context context = { .no_file_system = true };
	struct iq_error *err;

	ret->source = source;
	assert_null(iq_facts_create(&ret->facts));
	err = iq_reader_go_dump.read(&context, source, ret->facts);
	if (!err)
		iq_facts_finish(ret->facts);
	return err;
}

struct dump dump_of(const char *text)
{
	struct iq_source *source;
	struct dump d;

	assert_null(iq_source_open_buffer("dump", text, strlen(text), NULL,
					  &source));
	assert_true(iq_reader_go_dump.bid(source) > 0);
	assert_null(dump_try(source, &d));
	return d;
}

void dump_close(struct dump *d)
{
	iq_facts_destroy(d->facts);
	iq_source_destroy(d->source);
}

void assert_str(struct iq_str s, const char *expected)
{
	if (!iq_str_equal(s, iq_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(s), expected);
}

const struct iq_goroutine_fact *goroutine(const struct dump *d, uint64_t id)
{
	for (size_t i = 0; i < d->facts->goroutines.len; i++) {
		if (d->facts->goroutines.data[i].id == id)
			return &d->facts->goroutines.data[i];
	}
	fail_msg("no goroutine %" PRIu64, id);
	return NULL;
}

void assert_frame(const struct iq_goroutine_fact *g, uint32_t n,
		  const char *function, uint32_t line)
{
	assert_non_null(g->stack);
	assert_true(n < g->stack->num_frames);
	assert_str(g->stack->frames[n]->function, function);
	assert_int_equal(g->stack->frames[n]->line, line);
}
