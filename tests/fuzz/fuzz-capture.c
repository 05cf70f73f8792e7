/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cores of real processes, of which some bytes are others: what the runtime's
 * records, types, heaps and code lead to. The first byte of the input chooses
 * the capture; then each change is two bytes that say which page, of those that
 * are not zero, of core and executable, two that say where in it and, in their
 * upper four bits, how many bytes follow; and these.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "tests/fixtures.h"

#define PAGE 4096
#define CHANGES_MAX 64

static const char *const names[] = {
	"leaksend/go1.26-default/core.zst",
	"kinds/go1.21-stripped/core.zst",
};

struct capture {
	/* Core and executable; their bytes are ours. */
	struct iq_source parts[2];
	IQ_VEC(uint8_t *) pages;
	bool opened;
};

struct change {
	uint8_t *at;
	uint8_t old[16];
	size_t len;
};

static bool is_zero(const uint8_t *page)
{
	return !page[0] && memcmp(page, page + 1, PAGE - 1) == 0;
}

static void part_take(struct capture *c, unsigned part,
		      struct iq_source *source)
{
	uint8_t *copy = source ? calloc(1, source->size) : NULL;

	if (!copy)
		return;
	c->parts[part] = (struct iq_source){
		.path = part ? "executable" : "core",
		.data = copy,
		.size = source->size,
	};
	for (uint64_t at = 0; at + PAGE <= source->size; at += PAGE) {
		if (is_zero(source->data + at))
			continue;
		memcpy(copy + at, source->data + at, PAGE);
		if (!iq_vec_push(&c->pages, copy + at))
			abort();
	}
	iq_source_destroy(source);
}

static struct capture *capture_open(unsigned number)
{
	static struct capture captures[IQ_ARRAY_SIZE(names)];
	struct capture *c = &captures[number];

	if (c->opened)
		return c;
	c->opened = true;
	part_take(c, 0, fixture_open(names[number]));
	part_take(c, 1, fixture_executable(names[number]));
	return c;
}

/* The next change of the input; false: there is no more. */
static bool change_make(const struct capture *c, const uint8_t **data,
			size_t *size, struct change *ret)
{
	const uint8_t *d = *data;
	size_t where;

	if (*size < 5)
		return false;
	where = (size_t)(d[2] | d[3] << 8);
	ret->len = (where >> 12) + 1;
	where %= PAGE;
	if (ret->len > *size - 4)
		ret->len = *size - 4;
	if (ret->len > PAGE - where)
		ret->len = PAGE - where;
	ret->at = c->pages.data[(size_t)(d[0] | d[1] << 8) % c->pages.len] +
		  where;
	memcpy(ret->old, ret->at, ret->len);
	memcpy(ret->at, d + 4, ret->len);
	*data += 4 + ret->len;
	*size -= 4 + ret->len;
	return true;
}

static void capture_read(const struct capture *c)
{
	struct iq_source executable = c->parts[1];
	const struct fixture fixture = { .executable = &executable };
	struct iq_facts *facts;
	struct iq_error *err;

	fixture_read(&fixture, &c->parts[0], &facts, &err);
	if (facts && !err)
		fuzz_case(facts);
	if (err && err != &iq_enomem && !err->has_offset)
		abort();
	iq_error_destroy(err);
	iq_facts_destroy(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct change changes[CHANGES_MAX];
	struct capture *c;
	size_t num = 0;

	if (!size)
		return 0;
	c = capture_open(data[0] % IQ_ARRAY_SIZE(names));
	// Tarballs have no captures.
	if (!c->pages.len)
		return 0;
	data++;
	size--;
	while (num < CHANGES_MAX && change_make(c, &data, &size, &changes[num]))
		num++;
	capture_read(c);
	// The last one first: they may lie on each other.
	while (num--)
		memcpy(changes[num].at, changes[num].old, changes[num].len);
	return 0;
}
