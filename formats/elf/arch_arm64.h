/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of arch_arm64.c: one instruction after the other, in arch_arm64_step.c.
 */
#ifndef IQ_ELF_ARCH_ARM64_H
#define IQ_ELF_ARCH_ARM64_H

#include "formats/elf/arch.h"

bool iq_arch_arm64_step(const uint8_t *code, size_t len, uint64_t pc,
			struct iq_arch_step *ret);

#endif
