/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "formats/cursor.h"
#include "formats/go/program.h"

/*
 * Go: src/debug/buildinfo/buildinfo.go, readRawBuildInfo(): 14 bytes of magic,
 * the size of a pointer, flags; up to 32 bytes, then the two strings, each with
 * its length as a varint before it. Go 1.18 to 1.27.
 */
enum {
	HEADER_SIZE = 32,
	ALIGN = 16,
	FLAGS_AT = 15,
	FLAG_INLINE = 2,
	/* The linker frames the module information by 16 bytes on each side.
	 * Go: src/cmd/go/internal/modload/build.go, infoStart, infoEnd. */
	SENTINEL = 16,
	VERSION_MAX = 256,
};

static const char magic[14] = "\xff Go buildinf:";

/* What could be a version: "go1.26.8 X:nodwarf5", "devel go1.27-…", words. */
static bool is_version(struct iq_str s)
{
	if (!s.len || s.len > VERSION_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < ' ' || s.ptr[i] > '~')
			return false;
	}
	return true;
}

static struct iq_str without_sentinels(struct iq_str modinfo)
{
	if (modinfo.len < 2 * SENTINEL + 1 ||
	    modinfo.ptr[modinfo.len - SENTINEL - 1] != '\n')
		return (struct iq_str){ 0 };
	return iq_str_sub(modinfo, SENTINEL, modinfo.len - 2 * SENTINEL);
}

static bool blob_read(const uint8_t *data, uint64_t len,
		      struct iq_go_buildinfo *ret)
{
	struct iq_go_buildinfo info;
	struct iq_cursor c;

	if (len < HEADER_SIZE || !(data[FLAGS_AT] & FLAG_INLINE))
		return false;
	iq_cursor_init(&c, data, len, 0);
	iq_cursor_skip(&c, HEADER_SIZE, "build information");
	uint64_t size = iq_cursor_uleb128(&c, "length of the Go version");
	info.version = iq_cursor_bytes(&c, size, "Go version");
	size = iq_cursor_uleb128(&c, "length of module information");
	info.modinfo = iq_cursor_bytes(&c, size, "module information");

	struct iq_error *err = iq_cursor_done(&c);
	if (err) {
		// Something else that begins alike: a program may read others'.
		iq_error_destroy(err);
		return false;
	}
	if (!is_version(info.version))
		return false;
	info.modinfo = without_sentinels(info.modinfo);
	*ret = info;
	return true;
}

bool iq_go_buildinfo_find(const uint8_t *data, uint64_t len,
			  struct iq_go_buildinfo *ret)
{
	uint64_t at = 0;

	while (len - at >= HEADER_SIZE) {
		const uint8_t *hit =
			memmem(data + at, len - at, magic, sizeof(magic));
		if (!hit)
			return false;
		at = (uint64_t)(hit - data);
		if (at % ALIGN == 0 && blob_read(hit, len - at, ret))
			return true;
		at++;
	}
	return false;
}

/* The next line of @s without its "\n". */
static bool line_next(struct iq_str *s, struct iq_str *ret)
{
	size_t end = iq_str_find(*s, '\n');

	if (!s->len)
		return false;
	*ret = iq_str_sub(*s, 0, end);
	*s = iq_str_sub(*s, end + 1, s->len);
	return true;
}

static bool prefix_take(struct iq_str *s, struct iq_str prefix)
{
	if (!iq_str_starts(*s, prefix))
		return false;
	*s = iq_str_sub(*s, prefix.len, s->len);
	return true;
}

// Go: src/runtime/debug/mod.go, quoteValue(): values with blanks or quotes are
// quoted as Go strings.
static struct iq_str without_quotes(struct iq_str s)
{
	if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '`') &&
	    s.ptr[s.len - 1] == s.ptr[0])
		return iq_str_sub(s, 1, s.len - 2);
	return s;
}

bool iq_go_buildinfo_setting(struct iq_str modinfo, const char *key,
			     struct iq_str *ret)
{
	struct iq_str line;

	while (line_next(&modinfo, &line)) {
		if (!prefix_take(&line, IQ_STR("build\t")) ||
		    !prefix_take(&line, iq_str_of(key)) ||
		    !prefix_take(&line, IQ_STR("=")))
			continue;
		*ret = without_quotes(line);
		return true;
	}
	return false;
}

bool iq_go_buildinfo_module(struct iq_str modinfo, struct iq_str *ret)
{
	struct iq_str line;

	while (line_next(&modinfo, &line)) {
		if (!prefix_take(&line, IQ_STR("mod\t")))
			continue;
		*ret = iq_str_sub(line, 0, iq_str_find(line, '\t'));
		return true;
	}
	return false;
}
