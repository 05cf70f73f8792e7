/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long instructions are, where they lead, and what they move between
 * registers and the frame. Intel SDM 2, 2.1 to 2.3, 2.7 and appendix A; Go:
 * src/cmd/compile/abi-internal.md, "amd64 architecture".
 */
#include <endian.h>
#include <string.h>

#include "formats/elf/arch_amd64.h"

/* The processor takes no longer one. Intel SDM 2, 2.3.11. */
#define LENGTH_MAX 15

/* What an instruction is made of, as far as it was read. */
struct parts {
	const uint8_t *code;
	size_t len;
	size_t at;    /* next byte */
	uint8_t rex;  /* or what VEX and EVEX say instead */
	bool small;   /* operands of 16 bits */
	unsigned map; /* 0: one byte; 1: 0F; 2: 0F 38; 3: 0F 3A */
	bool vector;  /* VEX or EVEX */
	uint8_t op;
	bool has_modrm;
	uint8_t modrm;
	/* A word of the frame, or at another register and a constant. */
	bool is_frame, is_field;
	int32_t offset;
};

static bool is_prefix(uint8_t b)
{
	return b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3 ||
	       b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 ||
	       b == 0x65;
}

static bool byte(struct parts *p, uint8_t *ret)
{
	if (p->at >= p->len)
		return false;
	*ret = p->code[p->at++];
	return true;
}

/* VEX of two or three bytes, EVEX of four; the opcode follows. */
static bool vector(struct parts *p, uint8_t first)
{
	size_t num = first == 0xc5 ? 1 : first == 0xc4 ? 2 : 3;

	if (p->len - p->at < num)
		return false;
	p->vector = true;
	p->map = num == 1 ? 1 : p->code[p->at] & 7;
	p->at += num;
	return p->map >= 1 && p->map <= 3 && byte(p, &p->op);
}

static bool opcode(struct parts *p)
{
	uint8_t b;

	do {
		if (!byte(p, &b))
			return false;
		p->small |= b == 0x66;
	} while (is_prefix(b));
	if (b == 0xc4 || b == 0xc5 || b == 0x62)
		return vector(p, b);
	if ((b & 0xf0) == 0x40) {
		p->rex = b;
		if (!byte(p, &b))
			return false;
	}
	if (b == 0x0f) {
		p->map = 1;
		if (!byte(p, &b))
			return false;
		if (b == 0x38 || b == 0x3a) {
			p->map = b == 0x38 ? 2 : 3;
			if (!byte(p, &b))
				return false;
		}
	}
	p->op = b;
	return true;
}

static bool has_modrm(const struct parts *p)
{
	uint8_t op = p->op;

	if (p->map > 1)
		return true;
	if (p->map == 1)
		return !(op == 0x05 || op == 0x06 || op == 0x08 || op == 0x09 ||
			 op == 0x0b || (op >= 0x30 && op <= 0x37) ||
			 op == 0x77 || (op >= 0x80 && op <= 0x8f) ||
			 op == 0xa0 || op == 0xa1 || op == 0xa2 || op == 0xa8 ||
			 op == 0xa9 || (op >= 0xc8 && op <= 0xcf));
	if (op < 0x40)
		return (op & 7) < 4;
	return op == 0x63 || op == 0x69 || op == 0x6b ||
	       (op >= 0x80 && op <= 0x8f) || op == 0xc0 || op == 0xc1 ||
	       op == 0xc6 || op == 0xc7 || (op >= 0xd0 && op <= 0xd3) ||
	       (op >= 0xd8 && op <= 0xdf) || op == 0xf6 || op == 0xf7 ||
	       op == 0xfe || op == 0xff;
}

static bool operand(struct parts *p)
{
	unsigned mod, rm;
	size_t size = 0;
	uint8_t sib = 0;
	uint32_t word;

	if (!byte(p, &p->modrm))
		return false;
	mod = p->modrm >> 6;
	rm = p->modrm & 7;
	if (mod == 3)
		return true;
	if (rm == 4 && !byte(p, &sib))
		return false;
	if (mod == 1)
		size = 1;
	else if (mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5))
		size = 4;
	if (p->len - p->at < size)
		return false;
	p->is_frame = rm == 4 && sib == 0x24 && !(p->rex & 3);
	p->is_field = rm != 4 && (mod || rm != 5);
	if (size == 1) {
		p->offset = (int8_t)p->code[p->at];
	} else if (size) {
		memcpy(&word, p->code + p->at, sizeof(word));
		p->offset = (int32_t)le32toh(word);
	}
	p->at += size;
	return true;
}

/* Bytes of the number at the end of an instruction of one byte. */
static size_t number_size(const struct parts *p)
{
	size_t wide = p->small ? 2 : 4;
	uint8_t op = p->op;

	if (op < 0x40)
		return (op & 7) == 4 ? 1 : (op & 7) == 5 ? wide : 0;
	if (op >= 0xb8 && op <= 0xbf)
		return p->rex & 8 ? 8 : wide;
	if (op >= 0xa0 && op <= 0xa3)
		return 8;
	switch (op) {
	case 0x68:
	case 0x69:
	case 0x81:
	case 0xc7:
	case 0xa9:
		return wide;
	case 0xe8:
	case 0xe9:
		return 4;
	case 0xc2:
	case 0xca:
		return 2;
	case 0xc8:
		return 3;
	case 0x6a:
	case 0x6b:
	case 0x80:
	case 0x82:
	case 0x83:
	case 0xa8:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xcd:
	case 0xeb:
		return 1;
	case 0xf6:
		return p->modrm & 0x30 ? 0 : 1;
	case 0xf7:
		return p->modrm & 0x30 ? 0 : wide;
	default:
		return (op >= 0x70 && op <= 0x7f) ||
				       (op >= 0xb0 && op <= 0xb7) ||
				       (op >= 0xe0 && op <= 0xe7) ?
			       1 :
			       0;
	}
}

static size_t number_size_0f(const struct parts *p)
{
	uint8_t op = p->op;

	if (p->map != 1)
		return p->map == 3 ? 1 : 0;
	if (op >= 0x80 && op <= 0x8f && !p->vector)
		return 4;
	return (op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac ||
			       op == 0xba || op == 0xc2 || op == 0xc4 ||
			       op == 0xc5 || op == 0xc6 ?
		       1 :
		       0;
}

/* The number of @size bytes that ends the instruction. */
static int64_t number(const struct parts *p, size_t size)
{
	uint32_t word = 0;

	if (size == 1)
		return (int8_t)p->code[p->at - 1];
	if (size != sizeof(word))
		return 0;
	memcpy(&word, p->code + p->at - size, size);
	return (int32_t)le32toh(word);
}

static void flow(const struct parts *p, uint64_t pc, size_t size,
		 struct iq_arch_step *ret)
{
	uint8_t op = p->op;

	ret->target = pc + p->at + (uint64_t)number(p, size);
	if (p->map == 1 && !p->vector) {
		if (op >= 0x80 && op <= 0x8f)
			ret->kind = IQ_ARCH_STEP_BRANCH;
		else if (op == 0x0b)
			ret->kind = IQ_ARCH_STEP_TRAP;
	} else if (p->map) {
		return;
	} else if ((op >= 0x70 && op <= 0x7f) || (op >= 0xe0 && op <= 0xe3)) {
		ret->kind = IQ_ARCH_STEP_BRANCH;
	} else if (op == 0xe9 || op == 0xeb) {
		ret->kind = IQ_ARCH_STEP_JUMP;
	} else if (op == 0xc3 || op == 0xc2) {
		ret->kind = IQ_ARCH_STEP_RETURN;
	} else if (op == 0xcc || op == 0xf4) {
		ret->kind = IQ_ARCH_STEP_TRAP;
	} else if (op == 0xff && (p->modrm & 0x38) == 0x20) {
		ret->kind = IQ_ARCH_STEP_STRAY;
	}
}

/* The register that is written: the one in ModRM's middle, or its operand. */
static bool writes_middle(const struct parts *p)
{
	if (p->map == 1)
		return (p->op >= 0x40 && p->op <= 0x4f) || p->op == 0xaf ||
		       (p->op >= 0xb6 && p->op <= 0xbf) || p->op == 0x7e;
	return p->map == 0 &&
	       ((p->op < 0x38 && (p->op & 7) >= 2 && (p->op & 7) <= 3) ||
		p->op == 0x63 || p->op == 0x69 || p->op == 0x6b ||
		p->op == 0x8a || p->op == 0x8b || p->op == 0x8d);
}

static bool writes_operand(const struct parts *p)
{
	if (p->map || p->modrm >> 6 != 3)
		return false;
	return (p->op < 0x38 && (p->op & 7) < 2) || p->op == 0x80 ||
	       p->op == 0x81 || p->op == 0x83 || p->op == 0x86 ||
	       p->op == 0x87 || p->op == 0x88 || p->op == 0x89 ||
	       p->op == 0xc0 || p->op == 0xc1 || p->op == 0xc6 ||
	       p->op == 0xc7 || (p->op >= 0xd0 && p->op <= 0xd3) ||
	       p->op == 0xf7 || p->op == 0xff;
}

static void move(const struct parts *p, size_t size, struct iq_arch_step *ret)
{
	uint8_t middle = (uint8_t)((p->modrm >> 3 & 7) | (p->rex & 4) << 1);
	uint8_t low = (uint8_t)((p->modrm & 7) | (p->rex & 1) << 3);
	bool word = p->has_modrm && !p->map && p->rex & 8;

	if (p->vector)
		return;
	ret->value = p->offset;
	if (!p->map && p->op >= 0xb8 && p->op <= 0xbf) {
		ret->reg = (uint8_t)((p->op & 7) | (p->rex & 1) << 3);
		ret->move =
			size == 4 ? IQ_ARCH_MOVE_NUMBER : IQ_ARCH_MOVE_OTHER;
		ret->value = number(p, size);
	} else if (p->has_modrm && !p->map && p->op == 0x31 &&
		   p->modrm >> 6 == 3 && middle == low) {
		ret->reg = low;
		ret->move = IQ_ARCH_MOVE_NUMBER;
	} else if (word && p->is_frame && (p->op == 0x8b || p->op == 0x89)) {
		ret->reg = middle;
		ret->move =
			p->op == 0x8b ? IQ_ARCH_MOVE_LOAD : IQ_ARCH_MOVE_STORE;
	} else if (word && p->is_field && p->op == 0x8b) {
		ret->reg = middle;
		ret->base = low;
		ret->move = IQ_ARCH_MOVE_FIELD;
	} else if (word && p->modrm >> 6 == 3 &&
		   (p->op == 0x8b || p->op == 0x89)) {
		ret->reg = p->op == 0x8b ? middle : low;
		ret->base = p->op == 0x8b ? low : middle;
		ret->move = IQ_ARCH_MOVE_COPY;
	} else if (p->has_modrm && writes_middle(p)) {
		ret->reg = middle;
		ret->move = IQ_ARCH_MOVE_OTHER;
	} else if (p->has_modrm && writes_operand(p)) {
		ret->reg = low;
		ret->move = IQ_ARCH_MOVE_OTHER;
	}
}

bool iq_arch_amd64_step(const uint8_t *code, size_t len, uint64_t pc,
			struct iq_arch_step *ret)
{
	struct parts p = {
		.code = code,
		.len = len < LENGTH_MAX ? len : LENGTH_MAX,
	};
	struct iq_arch_step step = {
		.reg = IQ_ARCH_NO_REG,
		.base = IQ_ARCH_NO_REG,
	};
	size_t size;

	if (!opcode(&p))
		return false;
	p.has_modrm = has_modrm(&p);
	if (p.has_modrm && !operand(&p))
		return false;
	size = p.map ? number_size_0f(&p) : number_size(&p);
	if (p.len - p.at < size)
		return false;
	p.at += size;
	step.len = (uint8_t)p.at;
	flow(&p, pc, size, &step);
	if (step.kind == IQ_ARCH_STEP_ON)
		move(&p, size, &step);
	*ret = step;
	return true;
}
