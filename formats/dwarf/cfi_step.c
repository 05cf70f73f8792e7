/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of call frame information, carried out. */
#include <string.h>

#include "formats/cursor.h"
#include "formats/dwarf/cfi.h"

/* DWARF 5, section 7.7.1. */
enum {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S,
	OP_CONST2U,
	OP_CONST2S,
	OP_CONST4U,
	OP_CONST4S,
	OP_CONST8U,
	OP_CONST8S,
	OP_CONSTU,
	OP_CONSTS,
	OP_DUP,
	OP_DROP,
	OP_OVER,
	OP_SWAP = 0x16,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_MUL = 0x1e,
	OP_NEG,
	OP_NOT,
	OP_OR,
	OP_PLUS,
	OP_PLUS_UCONST,
	OP_SHL,
	OP_SHR,
	OP_SHRA,
	OP_XOR,
	OP_EQ = 0x29,
	OP_GE,
	OP_GT,
	OP_LE,
	OP_LT,
	OP_NE,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

/* No expression of a compiler or C library needs more. */
#define STACK_MAX 16

struct machine {
	struct iq_cursor c;
	const struct iq_cfi_regs *regs;
	const struct iq_memory *memory;
	uint64_t stack[STACK_MAX];
	unsigned depth;
	bool failed;
};

static void push(struct machine *m, uint64_t value)
{
	if (m->depth == STACK_MAX)
		m->failed = true;
	else
		m->stack[m->depth++] = value;
}

static uint64_t pop(struct machine *m)
{
	if (m->depth == 0) {
		m->failed = true;
		return 0;
	}
	return m->stack[--m->depth];
}

static void push_reg(struct machine *m, uint64_t reg, int64_t offset)
{
	if (reg >= IQ_CFI_REGS || !m->regs->known[reg]) {
		m->failed = true;
		return;
	}
	push(m, m->regs->values[reg] + (uint64_t)offset);
}

static void push_memory(struct machine *m, unsigned size)
{
	bool is_size = size == 1 || size == 2 || size == 4 || size == 8;
	uint64_t addr = pop(m);
	uint64_t value = 0;

	if (m->failed || !is_size ||
	    !iq_memory_uint(m->memory, addr, size, &value))
		m->failed = true;
	else
		push(m, value);
}

static const char what[] = "operand of a DWARF expression";

/* DWARF 5, section 7.6. */
static int64_t sleb_read(struct iq_cursor *c)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = iq_cursor_u8(c, what);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && iq_cursor_ok(c));
	if (shift < 64 && byte & 0x40)
		value |= ~0ull << shift;
	return (int64_t)value;
}

/* Operations that push what stands behind them. False if it is none. */
static bool push_constant(struct machine *m, unsigned op)
{
	struct iq_cursor *c = &m->c;

	switch (op) {
	case OP_ADDR:
	case OP_CONST8U:
	case OP_CONST8S:
		push(m, iq_cursor_u64(c, what));
		return true;
	case OP_CONST1U:
		push(m, iq_cursor_u8(c, what));
		return true;
	case OP_CONST1S:
		push(m, (uint64_t)(int64_t)(int8_t)iq_cursor_u8(c, what));
		return true;
	case OP_CONST2U:
		push(m, iq_cursor_u16(c, what));
		return true;
	case OP_CONST2S:
		push(m, (uint64_t)(int64_t)(int16_t)iq_cursor_u16(c, what));
		return true;
	case OP_CONST4U:
		push(m, iq_cursor_u32(c, what));
		return true;
	case OP_CONST4S:
		push(m, (uint64_t)(int64_t)(int32_t)iq_cursor_u32(c, what));
		return true;
	case OP_CONSTU:
		push(m, iq_cursor_uleb128(c, what));
		return true;
	case OP_CONSTS:
		push(m, (uint64_t)sleb_read(c));
		return true;
	default:
		return false;
	}
}

static bool compare(unsigned op, int64_t a, int64_t b)
{
	switch (op) {
	case OP_EQ:
		return a == b;
	case OP_GE:
		return a >= b;
	case OP_GT:
		return a > b;
	case OP_LE:
		return a <= b;
	case OP_LT:
		return a < b;
	default:
		return a != b;
	}
}

/* @a is what was pushed first. False if it is no operation of two values. */
static bool calculate(unsigned op, uint64_t a, uint64_t b, uint64_t *ret)
{
	switch (op) {
	case OP_AND:
		*ret = a & b;
		return true;
	case OP_MINUS:
		*ret = a - b;
		return true;
	case OP_MUL:
		*ret = a * b;
		return true;
	case OP_OR:
		*ret = a | b;
		return true;
	case OP_PLUS:
		*ret = a + b;
		return true;
	case OP_SHL:
		*ret = b < 64 ? a << b : 0;
		return true;
	case OP_SHR:
		*ret = b < 64 ? a >> b : 0;
		return true;
	case OP_SHRA:
		*ret = (uint64_t)((int64_t)a >> (b < 64 ? b : 63));
		return true;
	case OP_XOR:
		*ret = a ^ b;
		return true;
	default:
		*ret = op >= OP_EQ && op <= OP_NE &&
		       compare(op, (int64_t)a, (int64_t)b);
		return op >= OP_EQ && op <= OP_NE;
	}
}

static void binary(struct machine *m, unsigned op)
{
	uint64_t b = pop(m);
	uint64_t a = pop(m);
	uint64_t value;

	if (calculate(op, a, b, &value))
		push(m, value);
	else
		m->failed = true;
}

/* Operations on what is on the stack. */
static void operate(struct machine *m, unsigned op)
{
	uint64_t a, b;

	switch (op) {
	case OP_DEREF:
		push_memory(m, 8);
		return;
	case OP_DEREF_SIZE:
		push_memory(m, iq_cursor_u8(&m->c, what));
		return;
	case OP_DUP:
		a = pop(m);
		push(m, a);
		push(m, a);
		return;
	case OP_DROP:
		(void)pop(m);
		return;
	case OP_OVER:
	case OP_SWAP:
		b = pop(m);
		a = pop(m);
		push(m, op == OP_OVER ? a : b);
		push(m, op == OP_OVER ? b : a);
		if (op == OP_OVER)
			push(m, a);
		return;
	case OP_NEG:
		push(m, 0 - pop(m));
		return;
	case OP_NOT:
		push(m, ~pop(m));
		return;
	case OP_PLUS_UCONST:
		a = pop(m);
		push(m, a + iq_cursor_uleb128(&m->c, what));
		return;
	case OP_NOP:
		return;
	default:
		binary(m, op);
	}
}

bool iq_cfi_evaluate(const uint8_t *bytes, size_t len, const uint64_t *initial,
		     const struct iq_cfi_regs *regs,
		     const struct iq_memory *memory, uint64_t *ret)
{
	struct machine m = { .regs = regs, .memory = memory };
	struct iq_error *err;

	iq_cursor_init(&m.c, bytes, len, 0);
	if (initial)
		push(&m, *initial);
	// Without jumps it ends with its last byte.
	while (!m.failed && iq_cursor_ok(&m.c) && iq_cursor_left(&m.c)) {
		unsigned op = iq_cursor_u8(&m.c, what);

		if (op >= OP_LIT0 && op <= OP_LIT31) {
			push(&m, op - OP_LIT0);
		} else if (op >= OP_BREG0 && op <= OP_BREG31) {
			push_reg(&m, op - OP_BREG0, sleb_read(&m.c));
		} else if (op == OP_BREGX) {
			uint64_t reg = iq_cursor_uleb128(&m.c, what);

			push_reg(&m, reg, sleb_read(&m.c));
		} else if (!push_constant(&m, op)) {
			operate(&m, op);
		}
	}
	err = iq_cursor_done(&m.c);
	if (err || m.failed || m.depth == 0) {
		iq_error_destroy(err);
		return false;
	}
	*ret = m.stack[m.depth - 1];
	return true;
}

/* What a step works with. */
struct step {
	const struct iq_cfi_row *row;
	/* The pc is a register, too, where DWARF has a number for it. */
	struct iq_cfi_regs regs;
	const struct iq_memory *memory;
	uint64_t cfa;
};

static bool cfa_find(struct step *s)
{
	const struct iq_cfi_rule *rule = &s->row->cfa;

	if (rule->kind == IQ_CFI_VAL_EXPRESSION)
		return iq_cfi_evaluate(s->row->expressions + rule->begin,
				       rule->len, NULL, &s->regs, s->memory,
				       &s->cfa);
	if (rule->kind != IQ_CFI_REGISTER || !s->regs.known[rule->reg])
		return false;
	s->cfa = s->regs.values[rule->reg] + (uint64_t)rule->offset;
	return true;
}

static enum iq_cfi_step load(const struct step *s, uint64_t addr, uint64_t *ret)
{
	return iq_memory_u64(s->memory, addr, ret) ? IQ_CFI_STEP_DONE :
						     IQ_CFI_STEP_MISSING;
}

/* The caller's register @reg. */
static enum iq_cfi_step reg_find(const struct step *s, unsigned reg,
				 uint64_t *ret)
{
	const struct iq_cfi_rule *rule = &s->row->regs[reg];
	unsigned from = reg;
	uint64_t addr;

	switch ((enum iq_cfi_kind)rule->kind) {
	case IQ_CFI_OFFSET:
		return load(s, s->cfa + (uint64_t)rule->offset, ret);
	case IQ_CFI_VAL_OFFSET:
		*ret = s->cfa + (uint64_t)rule->offset;
		return IQ_CFI_STEP_DONE;
	case IQ_CFI_EXPRESSION:
	case IQ_CFI_VAL_EXPRESSION:
		if (!iq_cfi_evaluate(s->row->expressions + rule->begin,
				     rule->len, &s->cfa, &s->regs, s->memory,
				     &addr))
			return IQ_CFI_STEP_UNKNOWN;
		if (rule->kind == IQ_CFI_EXPRESSION)
			return load(s, addr, ret);
		*ret = addr;
		return IQ_CFI_STEP_DONE;
	case IQ_CFI_REGISTER:
		from = rule->reg;
		break;
	case IQ_CFI_SAME:
		break;
	case IQ_CFI_UNDEFINED:
	case IQ_CFI_UNKNOWN:
		return IQ_CFI_STEP_UNKNOWN;
	}
	if (!s->regs.known[from])
		return IQ_CFI_STEP_UNKNOWN;
	*ret = s->regs.values[from];
	return IQ_CFI_STEP_DONE;
}

enum iq_cfi_step iq_cfi_step(const struct iq_cfi_row *row, unsigned sp,
			     uint64_t pc, const struct iq_cfi_regs *regs,
			     const struct iq_memory *memory,
			     struct iq_cfi_regs *ret, uint64_t *pc_ret)
{
	struct step s = { .row = row, .regs = *regs, .memory = memory };
	struct iq_cfi_regs next = { 0 };
	enum iq_cfi_step end;
	uint64_t caller;

	if (row->return_reg >= IQ_CFI_REGS || sp >= IQ_CFI_REGS)
		return IQ_CFI_STEP_UNKNOWN;
	if (row->regs[row->return_reg].kind == IQ_CFI_UNDEFINED)
		return IQ_CFI_STEP_BOTTOM;
	// amd64: expressions of PLT stubs ask for rip.
	if (row->return_reg > sp) {
		s.regs.values[row->return_reg] = pc;
		s.regs.known[row->return_reg] = true;
		if (row->regs[row->return_reg].kind == IQ_CFI_SAME)
			return IQ_CFI_STEP_UNKNOWN;
	}
	if (!cfa_find(&s))
		return IQ_CFI_STEP_UNKNOWN;
	end = reg_find(&s, row->return_reg, &caller);
	if (end != IQ_CFI_STEP_DONE)
		return end;
	for (unsigned i = 0; i < IQ_CFI_REGS; i++)
		next.known[i] =
			reg_find(&s, i, &next.values[i]) == IQ_CFI_STEP_DONE;
	if (row->regs[sp].kind == IQ_CFI_SAME) {
		next.values[sp] = s.cfa;
		next.known[sp] = true;
	}
	*ret = next;
	*pc_ret = caller;
	return IQ_CFI_STEP_DONE;
}
