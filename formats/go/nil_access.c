/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/go/objects.h"
#include "formats/go/record.h"

/* The longest instruction. Intel SDM 2, 2.3.11. */
#define CODE_MAX 15

/* What an instruction does to memory: at register + offset. */
struct access {
	char reg[8];
	int64_t offset;
	bool writes;
};

static const char *const amd64_names[] = { "rax", "rcx", "rdx", "rbx",
					   "rsp", "rbp", "rsi", "rdi",
					   "r8",  "r9",	 "r10", "r11",
					   "r12", "r13", "r14", "r15" };

/* Whether a ModRM byte follows. Intel SDM 2, appendix A. */
static bool has_modrm(uint8_t op)
{
	if (op < 0x40)
		return (op & 7) < 4;
	return op == 0x63 || op == 0x69 || op == 0x6b ||
	       (op >= 0x80 && op <= 0x8f) || op == 0xc0 || op == 0xc1 ||
	       op == 0xc6 || op == 0xc7 || (op >= 0xd0 && op <= 0xd3) ||
	       op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

static bool has_modrm_0f(uint8_t op)
{
	return op != 0x05 && op != 0x0b && op != 0x31 && op != 0xa2 &&
	       !(op >= 0x80 && op <= 0x8f) && !(op >= 0xc8 && op <= 0xcf);
}

/* Of moves alone: what reads and writes counts as neither. */
static bool is_store(uint8_t op, bool two_bytes)
{
	if (two_bytes)
		return op == 0x11 || op == 0x29 || op == 0x7f || op == 0xd6;
	return op == 0x88 || op == 0x89 || op == 0xc6 || op == 0xc7;
}

/* The ModRM byte at @code and what follows. Intel SDM 2, 2.1.5. */
static bool modrm(const uint8_t *code, size_t len, uint8_t rex,
		  struct access *ret)
{
	unsigned mod = code[0] >> 6;
	unsigned base = code[0] & 7;
	uint32_t wide;
	size_t at = 1;

	if (mod == 3 || (mod == 0 && base == 5))
		return false;
	if (base == 4) {
		// With an index nothing says which of the two was wrong.
		if (at >= len || ((code[at] >> 3 & 7) | (rex & 2) << 2) != 4)
			return false;
		base = code[at++] & 7;
		if (mod == 0 && base == 5)
			return false;
	}
	ret->offset = 0;
	if (mod == 1 && at < len) {
		ret->offset = (int8_t)code[at];
	} else if (mod == 2 && at + 4 <= len) {
		memcpy(&wide, code + at, sizeof(wide));
		ret->offset = (int32_t)le32toh(wide);
	} else if (mod) {
		return false;
	}
	snprintf(ret->reg, sizeof(ret->reg), "%s",
		 amd64_names[base | (rex & 1u) << 3]);
	return true;
}

static bool amd64_access(const uint8_t *code, size_t len, struct access *ret)
{
	bool two_bytes = false;
	uint8_t rex = 0;
	size_t at = 0;

	while (at < len && (code[at] == 0x66 || code[at] == 0xf0 ||
			    code[at] == 0xf2 || code[at] == 0xf3))
		at++;
	if (at < len && (code[at] & 0xf0) == 0x40)
		rex = code[at++];
	if (at < len && code[at] == 0x0f) {
		two_bytes = true;
		at++;
	}
	if (at + 1 >= len ||
	    !(two_bytes ? has_modrm_0f(code[at]) : has_modrm(code[at])))
		return false;
	ret->writes = is_store(code[at], two_bytes);
	return modrm(code + at + 1, len - at - 1, rex, ret);
}

/* Loads and stores of one register or a pair, at a base and a constant.
 * Arm ARM, C4.1.94. */
static bool arm64_access(const uint8_t *code, size_t len, struct access *ret)
{
	uint32_t word;
	unsigned scale;

	if (len < sizeof(word))
		return false;
	memcpy(&word, code, sizeof(word));
	word = le32toh(word);
	scale = word >> 30;
	// 128 bits of a vector register.
	if (word & 1u << 26 && word & 1u << 23)
		scale = 4;
	if ((word & 0x3b000000) == 0x39000000) {
		ret->offset = (int64_t)(word >> 10 & 0xfff) << scale;
		ret->writes = !(word >> 22 & 1) && scale < 4;
	} else if ((word & 0x3b200c00) == 0x38000000) {
		ret->offset = (int32_t)(word << 11) >> 23;
		ret->writes = !(word >> 22 & 3);
	} else if ((word & 0x3f800000) == 0x29000000) {
		// A pair; the top bit is the size.
		ret->offset =
			((int32_t)(word << 10) >> 25) * (word >> 31 ? 8 : 4);
		ret->writes = !(word >> 22 & 1);
	} else {
		return false;
	}
	if ((word >> 5 & 31) == 31)
		return false;
	snprintf(ret->reg, sizeof(ret->reg), "x%u", word >> 5 & 31);
	return true;
}

static uint64_t fault_pc(const struct iq_go_scene *s)
{
	uint64_t pc;

	if (s->crash.has_frame)
		return s->crash.frame.pc;
	return s->g && iq_go_field_read(s->rt->memory, s->g->addr,
					s->rt->layout->g_sigpc, &pc) ?
		       pc :
		       0;
}

struct iq_error *iq_go_object_nil(struct iq_go_scene *s, struct iq_go_values *v)
{
	struct access access = { .offset = 0 };
	uint8_t code[CODE_MAX];
	struct iq_error *err;
	char text[32];
	bool known;

	if (!s->scene->has_fault_addr ||
	    !iq_memory_read(s->rt->memory, fault_pc(s), sizeof(code), code))
		return NULL;
	known = s->rt->core->machine == EM_X86_64 ?
			amd64_access(code, sizeof(code), &access) :
			s->rt->core->machine == EM_AARCH64 &&
				arm64_access(code, sizeof(code), &access);
	// Then what it is based on was nil, and nothing else.
	if (!known || (uint64_t)access.offset != s->scene->fault_addr)
		return NULL;
	err = iq_go_values_add(v, "register", IQ_STR(""),
			       iq_str_of(access.reg));
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)access.offset);
	if (!err)
		err = iq_go_values_add(v, "offset", IQ_STR(""),
				       iq_str_of(text));
	if (!err && access.writes)
		err = iq_go_values_add(v, "access", IQ_STR(""),
				       IQ_STR("write"));
	return err ? err : iq_go_object_add(s, "nil pointer", NULL, false, v);
}
