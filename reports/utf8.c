/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/utf8.h"

// The Unicode Standard 15, table 3-7: well-formed UTF-8 byte sequences.
size_t iq_utf8_decode(struct iq_str s, uint32_t *ret)
{
	const uint8_t *p = (const uint8_t *)s.ptr;
	uint32_t c;
	size_t len;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < len)
		return 0;
	c = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	// Overlong, a surrogate, or past the last plane.
	if ((len == 3 && c < 0x800) || (len == 4 && c < 0x10000) ||
	    (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	*ret = c;
	return len;
}
