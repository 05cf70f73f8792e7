/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/wire.h"

// Go: src/encoding/binary/varint.go, Uvarint: the tenth byte has one bit.
struct iq_wire_long iq_wire_long(const uint8_t *p)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 10; i++) {
		value |= (uint64_t)(p[i] & 0x7f) << (7 * i);
		if (p[i] >= 0x80)
			continue;
		if (i == 9 && p[i] > 1)
			break;
		return (struct iq_wire_long){ value, p + i + 1, false };
	}
	return (struct iq_wire_long){ 0, p + 10, true };
}
