/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/record.h"

#include <endian.h>
#include <string.h>

bool iq_go_record_read(const struct iq_memory *memory, uint64_t addr,
		       uint32_t size, struct iq_go_record *ret)
{
	if (size == 0 || size > sizeof(ret->data) ||
	    !iq_memory_read(memory, addr, size, ret->data))
		return false;
	ret->addr = addr;
	ret->size = size;
	return true;
}

uint64_t iq_go_record_uint(const struct iq_go_record *record,
			   struct iq_go_field field)
{
	uint64_t value = 0;

	if (field.size > sizeof(value) || field.offset > record->size ||
	    field.size > record->size - field.offset)
		return 0;
	memcpy(&value, record->data + field.offset, field.size);
	return le64toh(value);
}

bool iq_go_field_read(const struct iq_memory *memory, uint64_t addr,
		      struct iq_go_field field, uint64_t *ret)
{
	if (!iq_go_has(field) || addr > UINT64_MAX - field.offset)
		return false;
	return iq_memory_uint(memory, addr + field.offset, field.size, ret);
}
