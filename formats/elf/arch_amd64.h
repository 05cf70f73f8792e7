/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of arch_amd64.c: what code has computed an argument of, in
 * arch_amd64_argument.c.
 */
#ifndef IQ_ELF_ARCH_AMD64_H
#define IQ_ELF_ARCH_AMD64_H

#include "formats/elf/arch.h"

bool iq_arch_amd64_argument(const uint8_t *code, size_t len, size_t call,
			    uint64_t pc, struct iq_arch_origin *ret);

/* arch_amd64_step.c */
bool iq_arch_amd64_step(const uint8_t *code, size_t len, uint64_t pc,
			struct iq_arch_step *ret);

#endif
