/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backwards from a call to where its first argument comes from. Instructions are
 * not told apart: bytes that look like one that writes the register count as
 * one. What is not such a move or addition, or may be passed by, is not plain,
 * so a mistake costs an answer and gives no wrong one.
 */
#include "formats/elf/arch_amd64.h"

#include <endian.h>
#include <string.h>

/* Numbers of registers in instructions. Go: src/cmd/compile/abi-internal.md: the
 * first argument, and the closure's context. */
#define AX 0
#define DX 2
#define SP 4

/* Moves of one value from register to stack and back. */
#define STEPS_MAX 8

/* An instruction of 8 bytes' width with a ModRM byte. Intel SDM 2, 2.1.5. */
struct operands {
	uint8_t op;
	unsigned reg, base; /* base: the register itself if direct */
	bool direct, relative;
	int32_t disp;
	size_t size;
};

static bool disp_read(const uint8_t *code, size_t len, unsigned mod,
		      struct operands *ret)
{
	uint32_t wide;

	ret->disp = 0;
	if (mod == 1) {
		if (len < ret->size + 1)
			return false;
		ret->disp = (int8_t)code[ret->size++];
	} else if (mod == 2 || ret->relative) {
		if (len < ret->size + 4)
			return false;
		memcpy(&wide, code + ret->size, sizeof(wide));
		ret->disp = (int32_t)le32toh(wide);
		ret->size += 4;
	}
	return true;
}

static bool operands_read(const uint8_t *code, size_t len, struct operands *ret)
{
	unsigned mod;

	if (len < 3 || (code[0] & 0xf8) != 0x48)
		return false;
	ret->op = code[1];
	mod = code[2] >> 6;
	ret->reg = (code[2] >> 3 & 7) | (code[0] & 4 ? 8u : 0u);
	ret->base = (code[2] & 7) | (code[0] & 1 ? 8u : 0u);
	ret->direct = mod == 3;
	ret->relative = !mod && (code[2] & 7) == 5;
	ret->size = 3;
	if (!ret->direct && (code[2] & 7) == 4) {
		// With an index it is an element of something.
		if (len < 4 || code[3] != 0x24 || code[0] & 3)
			return false;
		ret->size = 4;
	}
	return disp_read(code, len, mod, ret);
}

/* Of the bytes at @code: whether they may write a pointer to @reg. */
static bool writes(const uint8_t *code, size_t len, unsigned reg)
{
	unsigned dst, rm;

	if (len < 3 || (code[0] & 0xf8) != 0x48)
		return false;
	dst = (code[2] >> 3 & 7) | (code[0] & 4 ? 8u : 0u);
	rm = (code[2] & 7) | (code[0] & 1 ? 8u : 0u);
	switch (code[1]) {
	case 0x8b: // MOV, LEA, ADD
	case 0x8d:
	case 0x03:
	case 0x2b:
		return dst == reg;
	case 0x0f: // CMOV; the rest is no pointer
		return (code[2] & 0xf0) == 0x40 && len >= 4 &&
		       ((code[3] >> 3 & 7) | (code[0] & 4 ? 8u : 0u)) == reg;
	case 0x87: // XCHG
		return dst == reg || (code[2] >= 0xc0 && rm == reg);
	case 0x89: // MOV, ADD, SUB
	case 0x01:
	case 0x29:
		return code[2] >= 0xc0 && rm == reg;
	case 0x81: // the same with constants; the last one is CMP
	case 0x83:
		return code[2] >= 0xc0 && code[2] < 0xf8 && rm == reg;
	case 0x05:
		return reg == AX;
	default:
		return false;
	}
}

/* A call takes all registers. */
static bool calls(const uint8_t *code, size_t len)
{
	return (len >= 5 && code[0] == 0xe8) ||
	       (len >= 2 && code[0] == 0xff && (code[1] & 0xf8) == 0xd0);
}

/* Whether code outside of [@from, @to) may jump between the two; what stands at
 * @to is no jump. */
static bool is_entered(const uint8_t *code, size_t len, size_t from, size_t to)
{
	size_t end = to + (code[to] == 0xe8 ? 5 : 3);

	for (size_t i = 0; i + 2 <= len; i++) {
		int64_t target;
		int32_t wide;

		if (i >= from && i < end)
			continue;
		if ((code[i] & 0xf0) == 0x70 || code[i] == 0xeb) {
			target = (int64_t)i + 2 + (int8_t)code[i + 1];
		} else if (i + 6 <= len && code[i] == 0x0f &&
			   (code[i + 1] & 0xf0) == 0x80) {
			memcpy(&wide, code + i + 2, sizeof(wide));
			target = (int64_t)i + 6 +
				 (int32_t)le32toh((uint32_t)wide);
		} else if (i + 5 <= len && code[i] == 0xe9) {
			memcpy(&wide, code + i + 1, sizeof(wide));
			target = (int64_t)i + 5 +
				 (int32_t)le32toh((uint32_t)wide);
		} else {
			continue;
		}
		if (target > (int64_t)from && target <= (int64_t)to)
			return true;
	}
	return false;
}

/* The last write to @reg before @use; false if there is none or none that is
 * sure to be. *@at_ret is @use at the function's start. */
static bool write_find(const uint8_t *code, size_t len, size_t use,
		       unsigned reg, size_t *at_ret)
{
	for (size_t i = use; i-- > 0;) {
		if (calls(code + i, use - i))
			return false;
		if (writes(code + i, use - i, reg)) {
			*at_ret = i;
			return !is_entered(code, len, i, use);
		}
	}
	*at_ret = use;
	return true;
}

/* The one store of a register to @disp(SP) before @use. */
static bool store_find(const uint8_t *code, size_t len, size_t use,
		       int32_t disp, size_t *at_ret, unsigned *reg_ret)
{
	struct operands o;
	unsigned num = 0;

	for (size_t i = 0; i < len; i++) {
		if (!operands_read(code + i, len - i, &o) || o.op != 0x89 ||
		    o.direct || o.relative || o.base != SP || o.disp != disp)
			continue;
		*at_ret = i;
		*reg_ret = o.reg;
		num++;
	}
	return num == 1 && *at_ret < use;
}

/* Nothing has written to @reg since the function began. */
static bool is_first(const uint8_t *code, size_t len, size_t use, unsigned reg)
{
	size_t at;

	return write_find(code, len, use, reg, &at) && at == use;
}

/* The value comes from memory, by @o at code[@at]. */
static bool loaded(const uint8_t *code, size_t len, size_t at, uint64_t pc,
		   const struct operands *o, struct iq_arch_origin *ret)
{
	ret->loads = o->op == 0x8b;
	if (o->relative) {
		ret->at = pc + at + o->size + (uint64_t)(int64_t)o->disp;
		return true;
	}
	ret->captured = true;
	ret->at = (uint64_t)(int64_t)o->disp;
	return o->disp > 0 && o->base == DX && is_first(code, len, at, DX);
}

bool iq_arch_amd64_argument(const uint8_t *code, size_t len, size_t call,
			    uint64_t pc, struct iq_arch_origin *ret)
{
	unsigned reg = AX;
	size_t use = call;

	*ret = (struct iq_arch_origin){ .captured = false };
	for (unsigned step = 0; step < STEPS_MAX; step++) {
		struct operands o;
		size_t at;

		if (!write_find(code, len, use, reg, &at) || at == use ||
		    !operands_read(code + at, use - at, &o))
			return false;
		if (o.op == 0x83 && o.direct && !(code[at + 2] & 0x38) &&
		    at + 4 <= use) {
			ret->offset += (int8_t)code[at + 3];
		} else if (o.op == 0x89 && o.direct) {
			reg = o.reg;
		} else if (o.op == 0x8d && !o.relative && !o.direct) {
			ret->offset += o.disp;
			reg = o.base;
		} else if (o.op == 0x8b && !o.relative && !o.direct &&
			   o.base == SP) {
			if (!store_find(code, len, at, o.disp, &at, &reg))
				return false;
		} else {
			return (o.op == 0x8b || o.op == 0x8d) && !o.direct &&
			       loaded(code, len, at, pc, &o, ret);
		}
		use = at;
	}
	return false;
}
