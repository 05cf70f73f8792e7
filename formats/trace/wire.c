/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/wire.h"

// Go: src/encoding/binary/varint.go, Uvarint: the tenth byte has one bit.
uint64_t iq_wire_long(struct iq_wire *w)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 10; i++) {
		uint8_t b = w->pos[i];

		value |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b >= 0x80)
			continue;
		if (i == 9 && b > 1)
			break;
		w->pos += i + 1;
		return value;
	}
	w->bad = true;
	w->pos += 10;
	return 0;
}
