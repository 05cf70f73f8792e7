/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/backlog.h"

#include <string.h>

#include "formats/go/scene.h"

/* runtime.printBacklog, a ring. Go: src/runtime/print.go, recordForPanic. */
#define BACKLOG_SIZE 512
/* Bytes of noptrbss that are looked through for it. */
#define SCAN_MAX (64ull << 20)

static const struct iq_str fatal = { "fatal error: ", 13 };

/* The ring's bytes, the oldest first; false without symbols. */
static bool ring_read(const struct iq_go_runtime *rt, char *ret)
{
	uint64_t addr, index_addr, index;
	char ring[BACKLOG_SIZE];

	if (!iq_go_program_symbol(rt->program, "runtime.printBacklog", &addr) ||
	    !iq_go_program_symbol(rt->program, "runtime.printBacklogIndex",
				  &index_addr) ||
	    !iq_memory_read(rt->memory, addr, sizeof(ring), ring) ||
	    !iq_memory_u64(rt->memory, index_addr, &index))
		return false;
	index %= BACKLOG_SIZE;
	memcpy(ret, ring + index, BACKLOG_SIZE - index);
	memcpy(ret + BACKLOG_SIZE - index, ring, index);
	return true;
}

/* What follows the last mark in @text, up to the end of its line. */
static bool last_fatal(struct iq_str text, struct iq_str *ret)
{
	bool found = false;

	for (;;) {
		size_t at = iq_str_search(text, fatal);
		size_t len = 0;

		if (at == text.len)
			return found;
		text = iq_str_sub(text, at + fatal.len, text.len);
		while (len < text.len && text.ptr[len] != '\n' &&
		       text.ptr[len] != '\0')
			len++;
		*ret = iq_str_sub(text, 0, len);
		found = true;
	}
}

/* Without symbols: by its words, in the data that the ring must be in. What
 * follows them, and in *@before_ret what is known to stand before. */
static bool scan(const struct iq_go_runtime *rt, struct iq_str *ret,
		 struct iq_str *before_ret)
{
	const struct iq_go_module *module = &rt->program->modules[0];
	uint64_t addr = module->noptrbss;
	uint64_t end = module->enoptrbss;

	if (end > addr && end - addr > SCAN_MAX)
		end = addr + SCAN_MAX;
	while (addr < end) {
		uint64_t have = 0;
		const uint8_t *bytes =
			iq_memory_window(rt->memory, addr, &have);
		struct iq_str text;
		size_t at;

		if (!bytes || !have) {
			addr = (addr | 0xfff) + 1;
			continue;
		}
		if (have > end - addr)
			have = end - addr;
		text = (struct iq_str){ (const char *)bytes, have };
		at = iq_str_search(text, fatal);
		if (at < text.len) {
			*ret = iq_str_sub(text, at, BACKLOG_SIZE);
			*before_ret = iq_str_sub(text, 0, at);
			return true;
		}
		addr += have;
	}
	return false;
}

struct iq_error *iq_go_backlog_fatal(const struct iq_go_runtime *rt,
				     struct iq_str *ret)
{
	char ring[BACKLOG_SIZE];
	struct iq_str text, before;
	bool found;

	if (ring_read(rt, ring))
		found = last_fatal((struct iq_str){ ring, sizeof(ring) },
				   &text);
	else
		found = scan(rt, &text, &before) && last_fatal(text, &text);
	*ret = IQ_STR("");
	return found ? iq_facts_string(rt->facts, text, ret) : NULL;
}

/* The bytes of @text up to the first that is none of a text. */
static struct iq_str head(struct iq_str text)
{
	return iq_str_sub(text, 0, iq_str_find(text, '\0'));
}

/* The lines that end where @text does. */
static struct iq_str tail(struct iq_str text)
{
	struct iq_str last = iq_str_sub(
		text, text.len < BACKLOG_SIZE ? 0 : text.len - BACKLOG_SIZE,
		BACKLOG_SIZE);
	size_t nul = iq_str_rfind(last, '\0');

	return nul < last.len ? iq_str_sub(last, nul + 1, last.len) : last;
}

/* A line of a stack that the program had printed for itself: that is kept, too.
 */
static bool is_trace(struct iq_str line)
{
	return iq_str_starts(line, IQ_STR("created by ")) ||
	       (iq_str_starts(line, IQ_STR("\t")) &&
		iq_str_search(line, IQ_STR(".go:")) < line.len);
}

/* What follows the last stack in @text. */
static struct iq_str after_traces(struct iq_str text)
{
	struct iq_str rest = text;

	while (text.len) {
		size_t len = iq_str_find(text, '\n');
		struct iq_str line = iq_str_sub(text, 0, len);

		text = iq_str_sub(text, len + 1, text.len);
		if (is_trace(line))
			rest = text;
	}
	return rest;
}

struct iq_error *iq_go_backlog_text(const struct iq_go_runtime *rt,
				    struct iq_str *ret)
{
	struct iq_str text = { 0 };
	struct iq_str before = { 0 };
	char ring[BACKLOG_SIZE];
	struct iq_error *err;
	struct iq_out out;

	*ret = IQ_STR("");
	if (ring_read(rt, ring)) {
		// Bytes that were never written come first.
		text = (struct iq_str){ ring, sizeof(ring) };
		while (text.len && !text.ptr[0])
			text = iq_str_sub(text, 1, text.len);
	} else if (!scan(rt, &text, &before)) {
		return NULL;
	}
	iq_out_init_memory(&out);
	iq_go_scene_clean(&out, tail(before));
	iq_go_scene_clean(&out, head(text));
	err = iq_go_scene_text(rt->facts, &out, ret);
	iq_out_deinit(&out);
	*ret = iq_str_trim(after_traces(*ret));
	return err;
}
