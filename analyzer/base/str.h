/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as a view: a pointer and a length, not NUL-terminated and, when it
 * comes from an input, not clean. Only emitters escape it.
 */
#ifndef IQ_BASE_STR_H
#define IQ_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct iq_arena;

struct iq_str {
	const char *ptr;
	size_t len;
};

/* A view of a string literal. */
#define IQ_STR(lit) ((struct iq_str){ .ptr = "" lit, .len = sizeof(lit) - 1 })

/* For printf's "%.*s" of text that is known to be clean (our own tables). */
#define IQ_STR_ARG(s) (int)(s).len, (s).ptr

struct iq_str iq_str_of(const char *cstr);
bool iq_str_equal(struct iq_str a, struct iq_str b);
/* Like memcmp over the common part, then by length. */
int iq_str_compare(struct iq_str a, struct iq_str b);
bool iq_str_starts(struct iq_str s, struct iq_str prefix);
bool iq_str_ends(struct iq_str s, struct iq_str suffix);
/* Index of the first / last byte @c, or s.len. */
size_t iq_str_find(struct iq_str s, char c);
size_t iq_str_rfind(struct iq_str s, char c);
/* Index of the first occurrence of @needle, or s.len. */
size_t iq_str_search(struct iq_str s, struct iq_str needle);
/* The part of @s from @begin, at most @len bytes; clamped to @s. */
struct iq_str iq_str_sub(struct iq_str s, size_t begin, size_t len);
struct iq_str iq_str_trim(struct iq_str s);
/* The last path element: what follows the last '/' or '\\'. */
struct iq_str iq_str_basename(struct iq_str path);

/* Copies @s; false only without memory. */
bool iq_str_dup(struct iq_arena *arena, struct iq_str s, struct iq_str *ret);

/*
 * @s as an error message may quote it: in double quotes, control characters
 * and invalid UTF-8 as \\xNN, at most 64 bytes of it. Writes to @buf, which
 * has IQ_STR_QUOTE_SIZE bytes, and returns it.
 */
#define IQ_STR_QUOTE_SIZE 288
const char *iq_str_quote(struct iq_str s, char *buf);

#endif
