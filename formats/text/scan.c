/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/scan.h"

unsigned iq_hex_digit(char c)
{
	if (iq_is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

bool iq_scan_u64(struct iq_scan *scan, uint64_t *ret)
{
	size_t pos = scan->pos;
	uint64_t value = 0;

	while (pos < scan->s.len && iq_is_digit(scan->s.ptr[pos])) {
		uint64_t digit = (uint64_t)(scan->s.ptr[pos] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
		pos++;
	}
	if (pos == scan->pos)
		return false;
	scan->pos = pos;
	*ret = value;
	return true;
}

bool iq_scan_hex(struct iq_scan *scan, uint64_t *ret)
{
	struct iq_scan s = *scan;
	uint64_t value = 0;
	size_t begin;

	if (!iq_scan_literal(&s, IQ_STR("0x")))
		return false;
	for (begin = s.pos; s.pos < s.s.len; s.pos++) {
		unsigned digit = iq_hex_digit(s.s.ptr[s.pos]);

		if (digit == 16)
			break;
		if (value >> 60)
			return false;
		value = value << 4 | digit;
	}
	if (s.pos == begin)
		return false;
	*scan = s;
	*ret = value;
	return true;
}

bool iq_str_u64(struct iq_str s, uint64_t *ret)
{
	struct iq_scan scan = { .s = s };
	uint64_t value;

	if (!iq_scan_u64(&scan, &value) || scan.pos != s.len)
		return false;
	*ret = value;
	return true;
}
