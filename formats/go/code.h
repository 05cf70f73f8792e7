/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code of a dead Go process: what model/code.h asks for.
 */
#ifndef IQ_GO_CODE_H
#define IQ_GO_CODE_H

#include "base/error.h"
#include "base/vec.h"
#include "formats/go/runtime.h"
#include "model/code.h"

/* A direct call, wherever it stands. */
struct iq_go_call_site {
	uint64_t target;
	uint64_t pc; /* of the call itself */
};

/* All of the program, ordered by target; made when first asked for. */
struct iq_go_callers {
	IQ_VEC(struct iq_go_call_site) sites;
	bool is_made;
	bool is_cut; /* there are more than are kept */
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
struct iq_error *iq_go_code_taking(const struct iq_code_facts *code,
				   uint64_t pc, struct iq_code_taking *ret)
	iq_must_check;
/* code_again.c */
struct iq_error *iq_go_code_again(const struct iq_code_facts *code, uint64_t pc,
				  struct iq_code_again *ret) iq_must_check;
struct iq_error *iq_go_code_then(const struct iq_code_facts *code, uint64_t pc,
				 unsigned *ret) iq_must_check;
struct iq_error *iq_go_code_held(const struct iq_code_facts *code, uint64_t pc,
				 enum iq_code_held *ret) iq_must_check;
/* code_context.c */
struct iq_error *iq_go_code_is_context(const struct iq_code_facts *code,
				       uint64_t g, uint64_t addr,
				       enum iq_code_context *ret) iq_must_check;

/* code_callers.c: where the only direct call of the function that begins at
 * @entry returns to; 0 if there is none, or more than one. */
struct iq_error *iq_go_code_caller(const struct iq_go_code_reader *reader,
				   uint64_t entry, uint64_t *ret) iq_must_check;
void iq_go_callers_destroy(void *callers);

#endif
