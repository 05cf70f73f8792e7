/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/arch.h"

#include <elf.h>
#include <stddef.h>

#include "base/attr.h"
#include "formats/elf/core.h"

/*
 * Linux: include/linux/elfcore.h, struct elf_prstatus; the registers are
 * struct user_regs_struct of arch/x86/include/asm/user_64.h and struct
 * user_pt_regs of arch/arm64/include/uapi/asm/ptrace.h.
 */
/* clang-format off */
static const struct iq_arch archs[] = {
	{ .machine = EM_X86_64, .name = "amd64", .prstatus_size = 336,
	  .regs_offset = 112, .num_regs = IQ_AMD64_NUM, .pc = IQ_AMD64_RIP,
	  .sp = IQ_AMD64_RSP, },
	{ .machine = EM_AARCH64, .name = "arm64", .prstatus_size = 392,
	  .regs_offset = 112, .num_regs = 34, .pc = 32, .sp = 31, },
};
/* clang-format on */

const struct iq_arch *iq_arch_find(uint16_t machine)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(archs); i++) {
		if (archs[i].machine == machine)
			return &archs[i];
	}
	return NULL;
}
