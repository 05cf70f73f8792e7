/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/arch.h"

#include <string.h>

#define IQ_ARCH(name) extern const struct iq_arch iq_arch_##name;
#include "formats/elf/archs.def"
#undef IQ_ARCH

static const struct iq_arch *const archs[] = {
#define IQ_ARCH(name) &iq_arch_##name,
#include "formats/elf/archs.def"
#undef IQ_ARCH
};

const struct iq_arch *const *iq_archs(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(archs);
	return archs;
}

const struct iq_arch *iq_arch_find(uint16_t machine)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(archs); i++) {
		if (archs[i]->machine == machine)
			return archs[i];
	}
	return NULL;
}

int iq_arch_dwarf_reg(const struct iq_arch *arch, uint64_t number)
{
	return number < arch->num_dwarf ? arch->dwarf[number] : IQ_ARCH_NONE;
}

bool iq_arch_signal_has(const struct iq_arch *arch, uint32_t reg)
{
	return reg < arch->num_regs && arch->regs[reg].signal_offset;
}

static bool is_fixed(const struct iq_arch_signal *signal,
		     const struct iq_memory *memory, uint64_t ucontext)
{
	uint64_t value;

	return !signal->fixed_mask ||
	       (iq_memory_u64(memory, ucontext + signal->fixed, &value) &&
		(value & signal->fixed_mask) == signal->fixed_value);
}

bool iq_arch_signal_regs(const struct iq_arch *arch,
			 const struct iq_memory *memory, uint64_t ucontext,
			 uint64_t regs[IQ_CORE_MAX_REGS])
{
	uint64_t values[IQ_CORE_MAX_REGS] = { 0 };

	if (!is_fixed(&arch->signal, memory, ucontext))
		return false;
	for (uint32_t i = 0; i < arch->num_regs; i++) {
		const struct iq_arch_reg *reg = &arch->regs[i];

		if (!reg->signal_offset)
			continue;
		if (!iq_memory_uint(memory, ucontext + reg->signal_offset,
				    reg->signal_size ? reg->signal_size : 8,
				    &values[i]))
			return false;
	}
	memcpy(regs, values, sizeof(values));
	return true;
}
