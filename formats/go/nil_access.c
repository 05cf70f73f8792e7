/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "formats/go/objects.h"

/* The longest instruction. Intel SDM 2, 2.3.11. */
#define CODE_MAX 15

struct iq_error *iq_go_object_nil(struct iq_go_scene *s, struct iq_go_values *v)
{
	const struct iq_arch *cpu = s->rt->core->cpu;
	struct iq_arch_access access;
	uint8_t code[CODE_MAX];
	struct iq_error *err;
	char text[32];

	if (!s->scene->has_fault_addr ||
	    !iq_memory_read(s->rt->memory, iq_go_scene_fault_pc(s),
			    sizeof(code), code))
		return NULL;
	// What it is based on was nil, and nothing else.
	if (!cpu->access(code, sizeof(code), &access) ||
	    (uint64_t)access.offset != s->scene->fault_addr)
		return NULL;
	err = iq_go_values_add(v, "register", IQ_STR(""),
			       iq_str_of(cpu->regs[access.reg].name));
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)access.offset);
	if (!err)
		err = iq_go_values_add(v, "offset", IQ_STR(""),
				       iq_str_of(text));
	if (!err && access.writes)
		err = iq_go_values_add(v, "access", IQ_STR(""),
				       IQ_STR("write"));
	return err ? err : iq_go_object_add(s, "nil pointer", NULL, false, v);
}
