/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call frame information of C code: by which rules the registers of a caller
 * are found, at one program counter. libdwarf reads .eh_frame and .debug_frame
 * in a child process; rules come back as data and are carried out here, so that
 * hostile tables can cost a frame, never the report.
 */
#ifndef IQ_DWARF_CFI_H
#define IQ_DWARF_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/elf.h"
#include "formats/memory.h"

/* DWARF's numbers of the registers that count: general ones, sp, and on amd64
 * the return address. */
#define IQ_CFI_REGS 34
/* Bytes that all expressions of one row may take. */
#define IQ_CFI_EXPRESSIONS 512

enum iq_cfi_kind {
	IQ_CFI_SAME,	   /* as it is: the initial rule */
	IQ_CFI_UNDEFINED,  /* lost; of the return address: no caller */
	IQ_CFI_OFFSET,	   /* in memory at CFA + offset */
	IQ_CFI_VAL_OFFSET, /* CFA + offset */
	IQ_CFI_REGISTER,   /* another register, + offset for the CFA */
	IQ_CFI_EXPRESSION, /* in memory where an expression says */
	IQ_CFI_VAL_EXPRESSION,
	IQ_CFI_UNKNOWN, /* the table says what is not understood */
};

struct iq_cfi_rule {
	uint8_t kind; /* enum iq_cfi_kind */
	uint8_t reg;
	/* Bytes of the row's expressions. */
	uint16_t begin, len;
	int64_t offset;
};

/* The rules at one pc. Flat: it comes through a pipe, and is checked. */
struct iq_cfi_row {
	/* The pc is in a function that the table has. */
	bool found;
	/* The frame of a signal: its caller was interrupted, and did not call. */
	bool is_signal;
	/* Under which number the return address is. */
	uint8_t return_reg;
	/* Of the function. */
	uint64_t begin, end;
	struct iq_cfi_rule cfa; /* REGISTER or VAL_EXPRESSION */
	struct iq_cfi_rule regs[IQ_CFI_REGS];
	uint8_t expressions[IQ_CFI_EXPRESSIONS];
};

/* The unwind tables of one module, as it stands in the process. */
struct iq_cfi_module {
	/* .eh_frame; NULL if there is none. */
	const uint8_t *eh_frame;
	uint64_t eh_frame_len;
	uint64_t eh_frame_addr;
	/* Where .debug_frame may be; NULL if there is no file. */
	const struct iq_elf *elf;
	uint64_t bias;
};

struct iq_cfi;

/*
 * @modules, and what they point to, outlive the result. Nothing is read, and no
 * child begun, before something is asked.
 */
struct iq_error *iq_cfi_create(const struct iq_cfi_module *modules, size_t num,
			       struct iq_cfi **ret) iq_must_check;
void iq_cfi_destroy(struct iq_cfi *cfi);

/*
 * The rules at @pc of module @module; row->found is false where there are none.
 * Rows are kept. Fails for what happened to the reader: that module is not read
 * again, and after IQ_LIMIT_CFI_FAILURES nothing is. *@ret is never NULL, and
 * lives as long as @cfi.
 */
struct iq_error *iq_cfi_row_find(struct iq_cfi *cfi, size_t module, uint64_t pc,
				 const struct iq_cfi_row **ret) iq_must_check;

/* Registers as one frame has them. */
struct iq_cfi_regs {
	uint64_t values[IQ_CFI_REGS];
	bool known[IQ_CFI_REGS];
};

enum iq_cfi_step {
	IQ_CFI_STEP_DONE,
	/* The table says that there is no caller. */
	IQ_CFI_STEP_BOTTOM,
	/* A rule is not understood, or needs a register that is lost. */
	IQ_CFI_STEP_UNKNOWN,
	/* The memory is not there. */
	IQ_CFI_STEP_MISSING,
};

/*
 * The registers of the caller by @row: @sp is the number of the stack pointer.
 * *@pc_ret is the return address, or the interrupted pc of a signal's frame. The
 * other results are written only if it is DONE.
 */
enum iq_cfi_step iq_cfi_step(const struct iq_cfi_row *row, unsigned sp,
			     uint64_t pc, const struct iq_cfi_regs *regs,
			     const struct iq_memory *memory,
			     struct iq_cfi_regs *ret, uint64_t *pc_ret);

/*
 * The value of DWARF expression @bytes, with @initial on its stack if it is not
 * NULL. False if it is not understood, needs what is unknown, or is too long.
 */
bool iq_cfi_evaluate(const uint8_t *bytes, size_t len, const uint64_t *initial,
		     const struct iq_cfi_regs *regs,
		     const struct iq_memory *memory, uint64_t *ret);

/* Whether a row is what the rest of the code may rely on; for tests. */
bool iq_cfi_row_check(const struct iq_cfi_row *row);

#endif
