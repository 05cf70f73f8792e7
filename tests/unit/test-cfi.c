/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "formats/dwarf/cfi.h"
#include "formats/dwarf/child.h"
#include "formats/memory.h"

enum { RBX = 3, RBP = 6, RSP = 7, R15 = 15, RIP = 16 };

/* Where the table stands, and the functions that it describes. */
#define TABLE UINT64_C(0x400000)
#define PLAIN UINT64_C(0x401000)
#define PLAIN_LEN 32
#define HANDLED UINT64_C(0x401100)
#define BOTTOM UINT64_C(0x401200)
#define STACK UINT64_C(0x7000)

/* A table of three functions, made by hand: LSB 5.0, Core, 10.6.1. */
struct table {
	uint8_t bytes[512];
	size_t len;
};

static void put(struct table *t, const void *bytes, size_t len)
{
	assert_true(len <= sizeof(t->bytes) - t->len);
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void put_u32(struct table *t, uint32_t value)
{
	put(t, &value, sizeof(value));
}

/* An entry with @id in front; padded with DW_CFA_nop. */
static void put_entry(struct table *t, uint32_t id, const uint8_t *body,
		      size_t len)
{
	static const uint8_t nops[8];
	size_t pad = (8 - len % 8) % 8;

	put_u32(t, (uint32_t)(4 + len + pad));
	put_u32(t, id);
	put(t, body, len);
	put(t, nops, pad);
}

static size_t put_cie(struct table *t, const char *augmentation)
{
	/* Code and data factors, return column, encoding of pointers (pcrel |
	 * sdata4); CFA is rsp + 8, the return address at CFA - 8. */
	static const uint8_t rest[] = { 1,    0x78, RIP, 1,	     0x1b,
					0x0c, RSP,  8,	 0x80 + RIP, 1 };
	uint8_t body[32] = { 1 };
	size_t len = strlen(augmentation) + 1;
	size_t at = t->len;

	memcpy(body + 1, augmentation, len);
	memcpy(body + 1 + len, rest, sizeof(rest));
	put_entry(t, 0, body, 1 + len + sizeof(rest));
	return at;
}

static void put_fde(struct table *t, size_t cie, uint64_t pc, uint32_t pc_len,
		    const uint8_t *rules, size_t len)
{
	uint8_t body[64];
	uint32_t begin = (uint32_t)(pc - (TABLE + t->len + 8));

	memcpy(body, &begin, 4);
	memcpy(body + 4, &pc_len, 4);
	body[8] = 0;
	memcpy(body + 9, rules, len);
	put_entry(t, (uint32_t)(t->len + 4 - cie), body, 9 + len);
}

static void table_make(struct table *t)
{
	/* push rbp; mov rsp, rbp */
	static const uint8_t plain[] = { 0x41, 0x0e, 16,   0x80 + RBP,
					 2,    0x43, 0x0d, RBP };
	/* CFA and rip, rsp and rbx at places from rsp on. */
	static const uint8_t handled[] = {
		0x0f, 3,   0x77, 32,   0x06, /* def_cfa_expression */
		0x10, RIP, 2,	 0x77, 40,   /* expression */
		0x10, RSP, 2,	 0x77, 32,   0x10, RBX, 2, 0x77, 48,
	};
	/* rip is undefined. */
	static const uint8_t bottom[] = { 0x07, RIP };
	size_t cie;

	memset(t, 0, sizeof(*t));
	cie = put_cie(t, "zR");
	put_fde(t, cie, PLAIN, PLAIN_LEN, plain, sizeof(plain));
	put_fde(t, cie, BOTTOM, 16, bottom, sizeof(bottom));
	cie = put_cie(t, "zRS");
	put_fde(t, cie, HANDLED, 16, handled, sizeof(handled));
	put_u32(t, 0);
}

struct fixture {
	struct table table;
	struct iq_cfi_module modules[2];
	struct iq_cfi *cfi;
	uint64_t words[16]; /* from STACK on */
	struct iq_source *source;
	struct iq_memory *memory;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	table_make(&f->table);
	for (size_t i = 0; i < 16; i++)
		f->words[i] = 0x1000 + i;
	assert_null(iq_source_open_buffer("stack", f->words, sizeof(f->words),
					  NULL, &f->source));
	assert_null(iq_memory_create(&f->memory));
	struct iq_memory_range range = {
		.addr = STACK,
		.len = sizeof(f->words),
		.source = f->source,
		.state = IQ_MEMORY_PRESENT,
		.prot = IQ_MEMORY_READ | IQ_MEMORY_WRITE,
	};
	assert_null(iq_memory_add(f->memory, &range));
	assert_null(iq_memory_finish(f->memory));
	f->modules[0] = f->modules[1] = (struct iq_cfi_module){
		.eh_frame = f->table.bytes,
		.eh_frame_len = f->table.len,
		.eh_frame_addr = TABLE,
	};
	assert_null(iq_cfi_create(f->modules, 2, &f->cfi));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	iq_cfi_destroy(f->cfi);
	iq_memory_destroy(f->memory);
	iq_source_destroy(f->source);
	free(f);
	return 0;
}

static const struct iq_cfi_row *row_at(struct fixture *f, uint64_t pc)
{
	const struct iq_cfi_row *row = NULL;

	assert_null(iq_cfi_row_find(f->cfi, 0, pc, &row));
	assert_non_null(row);
	return row;
}

static struct iq_cfi_regs regs_of(uint64_t sp, uint64_t bp)
{
	struct iq_cfi_regs regs = { 0 };

	regs.values[RSP] = sp;
	regs.values[RBP] = bp;
	regs.values[R15] = 0x15;
	regs.known[RSP] = regs.known[RBP] = regs.known[R15] = true;
	return regs;
}

/* ---- rows */

static void rules_follow_the_instructions(void **state)
{
	struct fixture *f = *state;
	const struct iq_cfi_row *row = row_at(f, PLAIN);

	assert_true(row->found);
	assert_false(row->is_signal);
	assert_int_equal(row->return_reg, RIP);
	assert_int_equal(row->begin, PLAIN);
	assert_int_equal(row->end, PLAIN + PLAIN_LEN);
	assert_int_equal(row->cfa.kind, IQ_CFI_REGISTER);
	assert_int_equal(row->cfa.reg, RSP);
	assert_int_equal(row->cfa.offset, 8);
	assert_int_equal(row->regs[RBP].kind, IQ_CFI_SAME);
	row = row_at(f, PLAIN + 1);
	assert_int_equal(row->cfa.offset, 16);
	assert_int_equal(row->regs[RBP].kind, IQ_CFI_OFFSET);
	assert_int_equal(row->regs[RBP].offset, -16);
	row = row_at(f, PLAIN + 4);
	assert_int_equal(row->cfa.reg, RBP);
	assert_int_equal(row->cfa.offset, 16);
}

static void code_without_a_rule_has_no_row(void **state)
{
	struct fixture *f = *state;

	assert_false(row_at(f, PLAIN + PLAIN_LEN)->found);
	assert_false(row_at(f, 0)->found);
	assert_false(row_at(f, UINT64_MAX)->found);
}

static void module_that_is_not_there_has_no_row(void **state)
{
	struct fixture *f = *state;
	const struct iq_cfi_row *row;

	assert_null(iq_cfi_row_find(f->cfi, 2, PLAIN, &row));
	assert_false(row->found);
}

static void table_that_is_cut_has_no_row_or_the_right_one(void **state)
{
	struct fixture *f = *state;

	for (size_t len = 0; len < f->table.len; len += 9) {
		struct iq_cfi_module m = f->modules[0];
		const struct iq_cfi_row *row;
		struct iq_cfi *cfi;

		m.eh_frame_len = len;
		assert_null(iq_cfi_create(&m, 1, &cfi));
		assert_null(iq_cfi_row_find(cfi, 0, PLAIN + 1, &row));
		if (row->found)
			assert_int_equal(row->cfa.offset, 16);
		iq_cfi_destroy(cfi);
	}
}

static void table_that_kills_its_reader_costs_its_module_alone(void **state)
{
	struct fixture *f = *state;
	const struct iq_cfi_row *row;
	struct iq_error *err;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *hole =
		mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(hole != MAP_FAILED);
	f->modules[1].eh_frame = hole;
	f->modules[1].eh_frame_len = size;
	err = iq_cfi_row_find(f->cfi, 1, PLAIN, &row);
	assert_non_null(err);
	assert_false(row->found);
	iq_error_destroy(err);
	// Said once.
	assert_null(iq_cfi_row_find(f->cfi, 1, PLAIN + 1, &row));
	assert_false(row->found);
	assert_true(row_at(f, PLAIN)->found);
	munmap(hole, size);
}

static void answer_that_lies_is_refused(void **state)
{
	struct fixture *f = *state;
	struct iq_cfi_row row = *row_at(f, HANDLED);

	assert_true(iq_cfi_row_check(&row));
	row.regs[RBX].len = IQ_CFI_EXPRESSIONS;
	assert_false(iq_cfi_row_check(&row));
	row = *row_at(f, PLAIN);
	row.cfa.reg = IQ_CFI_REGS;
	assert_false(iq_cfi_row_check(&row));
	row = *row_at(f, PLAIN);
	memset(&row.found, 2, 1);
	assert_false(iq_cfi_row_check(&row));
}

/* ---- steps */

static void caller_has_its_registers_back(void **state)
{
	struct fixture *f = *state;
	struct iq_cfi_regs regs = regs_of(STACK, STACK + 16), next;
	uint64_t pc;

	assert_int_equal(iq_cfi_step(row_at(f, PLAIN + 4), RSP, PLAIN + 4,
				     &regs, f->memory, &next, &pc),
			 IQ_CFI_STEP_DONE);
	assert_int_equal(pc, 0x1003);
	assert_int_equal(next.values[RBP], 0x1002);
	assert_int_equal(next.values[RSP], STACK + 32);
	assert_int_equal(next.values[R15], 0x15);
	assert_true(next.known[R15]);
	assert_false(next.known[RBX]);
}

static void register_that_is_lost_makes_the_step_unknown(void **state)
{
	struct fixture *f = *state;
	struct iq_cfi_regs regs = regs_of(STACK, 0), next;
	uint64_t pc = 7;

	regs.known[RBP] = false;
	assert_int_equal(iq_cfi_step(row_at(f, PLAIN + 4), RSP, PLAIN + 4,
				     &regs, f->memory, &next, &pc),
			 IQ_CFI_STEP_UNKNOWN);
	assert_int_equal(pc, 7);
}

static void stack_that_is_not_there_is_missing(void **state)
{
	struct fixture *f = *state;
	struct iq_cfi_regs regs = regs_of(STACK + sizeof(f->words), 0), next;
	uint64_t pc;

	assert_int_equal(iq_cfi_step(row_at(f, PLAIN), RSP, PLAIN, &regs,
				     f->memory, &next, &pc),
			 IQ_CFI_STEP_MISSING);
}

static void undefined_return_address_is_the_bottom(void **state)
{
	struct fixture *f = *state;
	struct iq_cfi_regs regs = regs_of(STACK, 0), next;
	uint64_t pc;

	assert_int_equal(iq_cfi_step(row_at(f, BOTTOM), RSP, BOTTOM, &regs,
				     f->memory, &next, &pc),
			 IQ_CFI_STEP_BOTTOM);
}

static void frame_of_a_signal_gives_what_it_interrupted(void **state)
{
	struct fixture *f = *state;
	const struct iq_cfi_row *row = row_at(f, HANDLED);
	struct iq_cfi_regs regs = regs_of(STACK, 0), next;
	uint64_t pc;

	assert_true(row->is_signal);
	assert_int_equal(row->cfa.kind, IQ_CFI_VAL_EXPRESSION);
	assert_int_equal(
		iq_cfi_step(row, RSP, HANDLED, &regs, f->memory, &next, &pc),
		IQ_CFI_STEP_DONE);
	assert_int_equal(pc, 0x1005);
	assert_int_equal(next.values[RSP], 0x1004);
	assert_int_equal(next.values[RBX], 0x1006);
}

/* ---- expressions */

static bool evaluate(struct fixture *f, const uint8_t *bytes, size_t len,
		     uint64_t *ret)
{
	struct iq_cfi_regs regs = regs_of(STACK, 0);

	regs.values[RIP] = 0x40100b;
	regs.known[RIP] = true;
	return iq_cfi_evaluate(bytes, len, NULL, &regs, f->memory, ret);
}

static void expression_of_a_plt_stub_is_carried_out(void **state)
{
	/* rsp + 8 + (((rip & 15) >= 11) << 3) */
	static const uint8_t bytes[] = { 0x77, 8,    0x80, 0,	 0x3f, 0x1a,
					 0x3b, 0x2a, 0x33, 0x24, 0x22 };
	uint64_t value;

	assert_true(evaluate(*state, bytes, sizeof(bytes), &value));
	assert_int_equal(value, STACK + 16);
}

static void numbers_keep_their_sign(void **state)
{
	static const uint8_t one[] = { 0x09, 0xff };
	static const uint8_t sleb[] = { 0x11, 0x80, 0x7f };
	uint64_t value;

	assert_true(evaluate(*state, one, sizeof(one), &value));
	assert_int_equal(value, UINT64_MAX);
	assert_true(evaluate(*state, sleb, sizeof(sleb), &value));
	assert_int_equal((int64_t)value, -128);
}

static void expression_that_is_broken_has_no_value(void **state)
{
	static const struct {
		uint8_t bytes[4];
		size_t len;
	} broken[] = {
		{ { 0 }, 0 },			   /* nothing */
		{ { 0x22 }, 1 },		   /* adds nothing */
		{ { 0x77 }, 1 },		   /* is cut off */
		{ { 0x30, 0x06 }, 2 },		   /* reads at 0 */
		{ { 0x30, 0x94, 3 }, 3 },	   /* reads 3 bytes */
		{ { 0x73, 0 }, 2 },		   /* asks for rbx */
		{ { 0x92, 0x7f, 0 }, 3 },	   /* register 127 */
		{ { 0x30, 0x2f, 0xfd, 0xff }, 4 }, /* jumps back */
		{ { 0x31, 0x30, 0x1b }, 3 },	   /* divides by 0 */
	};
	uint64_t value = 7;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_false(evaluate(*state, broken[i].bytes, broken[i].len,
				      &value));
	assert_int_equal(value, 7);
}

static void expression_that_only_pushes_ends(void **state)
{
	uint8_t bytes[64];
	uint64_t value;

	memset(bytes, 0x30, sizeof(bytes));
	assert_false(evaluate(*state, bytes, sizeof(bytes), &value));
}

/* ---- a child that stays */

static void count_up(void *ctx, const void *request, void *answer)
{
	int *sum = ctx;

	*sum += *(const int *)request;
	if (*sum > 100)
		abort();
	*(int *)answer = *sum;
}

static struct iq_child *count_start(int *sum)
{
	const struct iq_child_service service = {
		.answer = count_up,
		.ctx = sum,
		.request_size = sizeof(int),
		.answer_size = sizeof(int),
		.limits = { .memory = 256u << 20,
			    .cpu_seconds = 10,
			    .wall_seconds = 30 },
	};
	struct iq_child *child;

	assert_null(iq_child_start(&service, &child));
	return child;
}

static void child_keeps_what_it_learned(void **state)
{
	int sum = 1, request = 5, answer = 0;
	struct iq_child *child = count_start(&sum);

	(void)state;
	assert_null(iq_child_ask(child, &request, &answer));
	assert_null(iq_child_ask(child, &request, &answer));
	assert_int_equal(answer, 11);
	assert_int_equal(sum, 1);
	iq_child_end(child);
}

static void child_that_crashed_answers_no_more(void **state)
{
	int sum = 0, request = 101, answer = 7;
	struct iq_child *child = count_start(&sum);
	struct iq_error *err = iq_child_ask(child, &request, &answer);

	(void)state;
	assert_non_null(err);
	assert_non_null(strstr(err->text, "SIGABRT"));
	iq_error_destroy(err);
	request = 1;
	err = iq_child_ask(child, &request, &answer);
	assert_non_null(err);
	iq_error_destroy(err);
	assert_int_equal(answer, 7);
	iq_child_end(child);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(rules_follow_the_instructions),
		TEST(code_without_a_rule_has_no_row),
		TEST(module_that_is_not_there_has_no_row),
		TEST(table_that_is_cut_has_no_row_or_the_right_one),
		TEST(table_that_kills_its_reader_costs_its_module_alone),
		TEST(answer_that_lies_is_refused),
		TEST(caller_has_its_registers_back),
		TEST(register_that_is_lost_makes_the_step_unknown),
		TEST(stack_that_is_not_there_is_missing),
		TEST(undefined_return_address_is_the_bottom),
		TEST(frame_of_a_signal_gives_what_it_interrupted),
		TEST(expression_of_a_plt_stub_is_carried_out),
		TEST(numbers_keep_their_sign),
		TEST(expression_that_is_broken_has_no_value),
		TEST(expression_that_only_pushes_ends),
		cmocka_unit_test(child_keeps_what_it_learned),
		cmocka_unit_test(child_that_crashed_answers_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
