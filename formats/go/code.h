/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of a dead Go process: what model/code.h asks for.
 */
#ifndef IQ_GO_CODE_H
#define IQ_GO_CODE_H

#include "base/error.h"
#include "formats/go/runtime.h"
#include "model/code.h"

/* Answers about one function that are kept: findings share most of theirs. */
#define IQ_GO_CALLERS 16

struct iq_go_callers {
	struct {
		uint64_t entry; /* 0: the slot is free */
		/* Where the only direct call of it returns to; 0: there is
		 * none, or more than one. */
		uint64_t pc;
	} slots[IQ_GO_CALLERS];
	unsigned next;
};

struct iq_go_code_reader {
	struct iq_code_facts code;
	const struct iq_go_runtime *rt;
	struct iq_go_callers *callers;
};

/* The code of @rt, which must stay. One thread asks at a time. Lives as long as
 * the facts. */
struct iq_error *iq_go_code_open(const struct iq_go_runtime *rt,
				 const struct iq_code_facts **ret)
	iq_must_check;

/* code_taking.c */
bool iq_go_code_taking(const struct iq_code_facts *code, uint64_t pc,
		       struct iq_code_taking *ret);
/* code_again.c */
bool iq_go_code_again(const struct iq_code_facts *code, uint64_t pc,
		      struct iq_code_again *ret);
unsigned iq_go_code_then(const struct iq_code_facts *code, uint64_t pc);
/* code_context.c */
bool iq_go_code_is_context(const struct iq_code_facts *code, uint64_t g,
			   uint64_t addr);

/* code_callers.c: where the only direct call of the function that begins at
 * @entry returns to; 0 if there is none, or more than one. */
uint64_t iq_go_code_caller(const struct iq_go_code_reader *reader,
			   uint64_t entry);

#endif
