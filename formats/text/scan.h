/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a line of text apart from its beginning. A step that does not fit
 * leaves the scanner where it is and says so.
 */
#ifndef IQ_FORMATS_TEXT_SCAN_H
#define IQ_FORMATS_TEXT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct iq_scan {
	struct iq_str s;
	size_t pos;
};

static inline struct iq_str iq_scan_rest(const struct iq_scan *scan)
{
	return iq_str_sub(scan->s, scan->pos, scan->s.len - scan->pos);
}

static inline bool iq_scan_literal(struct iq_scan *scan, struct iq_str literal)
{
	if (!iq_str_starts(iq_scan_rest(scan), literal))
		return false;
	scan->pos += literal.len;
	return true;
}

static inline bool iq_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool iq_is_alnum(char c)
{
	return iq_is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* The value of a hexadecimal digit, or 16. */
unsigned iq_hex_digit(char c);

/* Decimal digits, at least one, of a value that fits. */
bool iq_scan_u64(struct iq_scan *scan, uint64_t *ret);
/* "0x" and hexadecimal digits of a value that fits. */
bool iq_scan_hex(struct iq_scan *scan, uint64_t *ret);
/* All of @s is a decimal number. */
bool iq_str_u64(struct iq_str s, uint64_t *ret);

#endif
