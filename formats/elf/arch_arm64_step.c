/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jumps, returns and what is moved between registers and the frame. Arm ARM,
 * C4.1; Go: src/cmd/compile/abi-internal.md, "arm64 architecture".
 */
#include <endian.h>
#include <string.h>

#include "formats/elf/arch_arm64.h"

#define SIZE 4
/* The signed number in @bits bits of @word from @low on, times 4. */
static uint64_t distance(uint32_t word, unsigned low, unsigned bits)
{
	int64_t n = (int64_t)((uint64_t)word << (64 - low - bits));

	return (uint64_t)(n >> (64 - bits)) * SIZE;
}

static void flow(uint32_t word, uint64_t pc, struct iq_arch_step *ret)
{
	if ((word & 0xfc000000) == 0x14000000) { // B
		ret->kind = IQ_ARCH_STEP_JUMP;
		ret->target = pc + distance(word, 0, 26);
	} else if ((word & 0xff000000) == 0x54000000 || // B.cond
		   (word & 0x7e000000) == 0x34000000) { // CBZ, CBNZ
		ret->kind = IQ_ARCH_STEP_BRANCH;
		ret->target = pc + distance(word, 5, 19);
	} else if ((word & 0x7e000000) == 0x36000000) { // TBZ, TBNZ
		ret->kind = IQ_ARCH_STEP_BRANCH;
		ret->target = pc + distance(word, 5, 14);
	} else if ((word & 0xfffffc1f) == 0xd65f0000) { // RET
		ret->kind = IQ_ARCH_STEP_RETURN;
	} else if ((word & 0xfffffc1f) == 0xd61f0000) { // BR
		ret->kind = IQ_ARCH_STEP_STRAY;
	} else if ((word & 0xffe0001f) == 0xd4200000 || // BRK
		   word >> 16 == 0) {			// UDF
		ret->kind = IQ_ARCH_STEP_TRAP;
	}
}

static void move(uint32_t word, struct iq_arch_step *ret)
{
	ret->reg = word & 31;
	ret->value = (int64_t)(word >> 10 & 0xfff) * 8;
	if ((word & 0xffc003e0) == 0xf94003e0) { // LDR from SP
		ret->move = IQ_ARCH_MOVE_LOAD;
	} else if ((word & 0xffc003e0) == 0xf90003e0) { // STR
		ret->move = IQ_ARCH_MOVE_STORE;
	} else if ((word & 0xffc00000) == 0xf9400000) { // LDR
		ret->move = IQ_ARCH_MOVE_FIELD;
		ret->base = word >> 5 & 31;
	} else if ((word & 0xffe0ffe0) == 0xaa0003e0) { // ORR with ZR
		ret->move = IQ_ARCH_MOVE_COPY;
		ret->base = word >> 16 & 31;
	} else if ((word & 0x7fe00000) == 0x52800000) { // MOVZ
		ret->move = IQ_ARCH_MOVE_NUMBER;
		ret->value = word >> 5 & 0xffff;
	} else if ((word & 0x1c000000) == 0x10000000 || // numbers
		   (word & 0x0e000000) == 0x0a000000 || // registers
		   (word & 0x3b400000) == 0x39400000 || // loads
		   (word & 0x3b600000) == 0x38400000) {
		ret->move = IQ_ARCH_MOVE_OTHER;
	} else {
		ret->reg = IQ_ARCH_NO_REG;
	}
}

bool iq_arch_arm64_step(const uint8_t *code, size_t len, uint64_t pc,
			struct iq_arch_step *ret)
{
	struct iq_arch_step step = {
		.len = SIZE,
		.reg = IQ_ARCH_NO_REG,
		.base = IQ_ARCH_NO_REG,
	};
	uint32_t word;

	if (len < SIZE)
		return false;
	memcpy(&word, code, sizeof(word));
	word = le32toh(word);
	flow(word, pc, &step);
	if (step.kind == IQ_ARCH_STEP_ON)
		move(word, &step);
	*ret = step;
	return true;
}
