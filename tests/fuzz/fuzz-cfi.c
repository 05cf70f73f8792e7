/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwind tables, through the child process, and the rules that come out of them;
 * and expressions, which are carried out in this one. The first two bytes say
 * which pc is asked for.
 */
#include "tests/fuzz/fuzz.h"

#include "formats/dwarf/cfi.h"
#include "formats/memory.h"

#define TABLE UINT64_C(0x400000)
#define STACK UINT64_C(0x7000)
#define SP 7

static struct iq_error *memory_make(struct iq_source *source,
				    struct iq_memory **ret)
{
	struct iq_error *err = iq_memory_create(ret);
	struct iq_memory_range range = {
		.addr = STACK,
		.len = source->size,
		.source = source,
		.state = IQ_MEMORY_PRESENT,
		.prot = IQ_MEMORY_READ,
	};

	if (!err)
		err = iq_memory_add(*ret, &range);
	return err ? err : iq_memory_finish(*ret);
}

static void regs_make(struct iq_cfi_regs *regs)
{
	for (unsigned i = 0; i < IQ_CFI_REGS; i++) {
		regs->values[i] = STACK + 8 * i;
		regs->known[i] = i != 3;
	}
}

static void ask(const uint8_t *data, size_t size, uint64_t pc,
		const struct iq_memory *memory)
{
	const struct iq_cfi_module module = {
		.eh_frame = data,
		.eh_frame_len = size,
		.eh_frame_addr = TABLE,
	};
	struct iq_cfi_regs regs, next;
	const struct iq_cfi_row *row;
	struct iq_cfi *cfi;
	struct iq_error *err = iq_cfi_create(&module, 1, &cfi);

	if (err) {
		iq_error_destroy(err);
		return;
	}
	regs_make(&regs);
	err = iq_cfi_row_find(cfi, 0, pc, &row);
	if (!err && row->found)
		(void)iq_cfi_step(row, SP, pc, &regs, memory, &next, &pc);
	iq_error_destroy(err);
	iq_cfi_destroy(cfi);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iq_source *source = NULL;
	struct iq_memory *memory = NULL;
	struct iq_cfi_regs regs;
	struct iq_error *err;
	uint64_t value;

	if (size < 2)
		return 0;
	err = iq_source_open_buffer("fuzz", data, size, NULL, &source);
	if (!err)
		err = memory_make(source, &memory);
	if (!err) {
		regs_make(&regs);
		(void)iq_cfi_evaluate(data, size, NULL, &regs, memory, &value);
		ask(data + 2, size - 2,
		    TABLE + (uint64_t)(data[0] | data[1] << 8), memory);
	}
	iq_error_destroy(err);
	iq_memory_destroy(memory);
	iq_source_destroy(source);
	return 0;
}
