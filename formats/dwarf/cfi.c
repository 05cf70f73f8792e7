/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/cfi.h"

#include <stdlib.h>
#include <string.h>

#include IQ_LIBDWARF_H

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/map.h"
#include "formats/dwarf/child.h"
#include "formats/dwarf/object.h"

/* The two interfaces of libdwarf name the parts of a rule differently. */
#ifdef IQ_LIBDWARF_0
#define RULE_OFFSET(rule) ((rule)->dw_offset)
#define RULE_BYTES(rule) ((const uint8_t *)(rule)->dw_block.bl_data)
#define RULE_LEN(rule) ((rule)->dw_block.bl_len)
#else
#define RULE_OFFSET(rule) ((rule)->dw_offset_or_block_len)
#define RULE_BYTES(rule) ((const uint8_t *)(rule)->dw_block_ptr)
#define RULE_LEN(rule) ((rule)->dw_offset_or_block_len)
#endif

/* Of libdwarf, which has constants for its own use only. */
enum {
	UNDEFINED_VALUE = 1034,
	SAME_VALUE = 1035,
	CFA_VALUE = 1436,
};

struct request {
	uint64_t module;
	uint64_t pc;
};

/* ---- in the child */

/* One of a module's tables as libdwarf has it. */
struct table {
	bool tried;
	struct iq_dwarf_sections sections;
	struct iq_dwarf_object *object;
	Dwarf_Debug dbg;
	Dwarf_Cie *cies;
	Dwarf_Fde *fdes;
	Dwarf_Signed num_cies, num_fdes;
};

struct reader {
	const struct iq_cfi_module *modules;
	size_t num_modules;
	struct table *eh, *debug;
};

/* libdwarf's errors say nothing that is of use here: no row is no row. */
static bool is_ok(const struct table *t, int rc, Dwarf_Error error)
{
	if (rc == DW_DLV_ERROR && error)
		dwarf_dealloc_error(t->dbg, error);
	return rc == DW_DLV_OK;
}

static bool table_begin(struct table *t)
{
	struct iq_error *err = iq_dwarf_object_open(&t->sections, &t->object);

	if (err) {
		iq_error_destroy(err);
		return false;
	}
	t->dbg = iq_dwarf_object_debug(t->object);
	dwarf_set_frame_rule_table_size(t->dbg, IQ_CFI_REGS);
	dwarf_set_frame_rule_initial_value(t->dbg, SAME_VALUE);
	dwarf_set_frame_undefined_value(t->dbg, UNDEFINED_VALUE);
	dwarf_set_frame_same_value(t->dbg, SAME_VALUE);
	dwarf_set_frame_cfa_value(t->dbg, CFA_VALUE);
	return true;
}

static void eh_open(struct table *t, const struct iq_cfi_module *m)
{
	Dwarf_Error error = NULL;

	t->tried = true;
	if (!m->eh_frame)
		return;
	t->sections.all[0] = (struct iq_dwarf_section){
		.name = ".eh_frame",
		.data = m->eh_frame,
		.size = m->eh_frame_len,
		.addr = m->eh_frame_addr,
	};
	t->sections.num = 1;
	if (table_begin(t) &&
	    !is_ok(t,
		   dwarf_get_fde_list_eh(t->dbg, &t->cies, &t->num_cies,
					 &t->fdes, &t->num_fdes, &error),
		   error))
		t->fdes = NULL;
}

static void debug_open(struct table *t, const struct iq_cfi_module *m)
{
	struct iq_error *err;
	Dwarf_Error error = NULL;

	t->tried = true;
	if (!m->elf)
		return;
	err = iq_dwarf_sections_add(&t->sections, m->elf, ".debug_frame");
	if (err || t->sections.num == 0) {
		iq_error_destroy(err);
		return;
	}
	if (table_begin(t) &&
	    !is_ok(t,
		   dwarf_get_fde_list(t->dbg, &t->cies, &t->num_cies, &t->fdes,
				      &t->num_fdes, &error),
		   error))
		t->fdes = NULL;
}

/* Keeps @len bytes of an expression; false without room for them. */
static bool expression_keep(struct iq_cfi_row *row, size_t *used,
			    const uint8_t *bytes, uint64_t len,
			    struct iq_cfi_rule *rule)
{
	if (!bytes || len > sizeof(row->expressions) - *used)
		return false;
	memcpy(row->expressions + *used, bytes, (size_t)len);
	rule->begin = (uint16_t)*used;
	rule->len = (uint16_t)len;
	*used += (size_t)len;
	return true;
}

static struct iq_cfi_rule rule_take(const Dwarf_Regtable_Entry3 *from,
				    bool is_cfa, struct iq_cfi_row *row,
				    size_t *used)
{
	struct iq_cfi_rule rule = { .kind = IQ_CFI_UNKNOWN };

	if (from->dw_value_type == DW_EXPR_EXPRESSION ||
	    from->dw_value_type == DW_EXPR_VAL_EXPRESSION) {
		if (!expression_keep(row, used, RULE_BYTES(from),
				     RULE_LEN(from), &rule))
			return rule;
		rule.kind = is_cfa || from->dw_value_type ==
						    DW_EXPR_VAL_EXPRESSION ?
				    IQ_CFI_VAL_EXPRESSION :
				    IQ_CFI_EXPRESSION;
		return rule;
	}
	if (from->dw_regnum == UNDEFINED_VALUE) {
		rule.kind = IQ_CFI_UNDEFINED;
		return rule;
	}
	if (from->dw_regnum == SAME_VALUE) {
		rule.kind = is_cfa ? IQ_CFI_UNKNOWN : IQ_CFI_SAME;
		return rule;
	}
	rule.offset = (int64_t)RULE_OFFSET(from);
	if (is_cfa || !from->dw_offset_relevant) {
		if (from->dw_regnum >= IQ_CFI_REGS)
			return rule;
		rule.kind = IQ_CFI_REGISTER;
		rule.reg = (uint8_t)from->dw_regnum;
		return rule;
	}
	rule.kind = from->dw_value_type == DW_EXPR_VAL_OFFSET ?
			    IQ_CFI_VAL_OFFSET :
			    IQ_CFI_OFFSET;
	return rule;
}

/* What the function's common part says: where the return address is. */
static bool cie_take(const struct table *t, Dwarf_Fde fde,
		     struct iq_cfi_row *row)
{
	Dwarf_Unsigned len, code_factor, instructions_len;
	Dwarf_Small version, *instructions;
	Dwarf_Signed data_factor;
	Dwarf_Half return_reg, offset_size;
	Dwarf_Error error = NULL;
	char *augmentation = NULL;
	Dwarf_Cie cie = NULL;

	if (!is_ok(t, dwarf_get_cie_of_fde(fde, &cie, &error), error))
		return false;
	error = NULL;
	if (!is_ok(t,
		   dwarf_get_cie_info_b(
			   cie, &len, &version, &augmentation, &code_factor,
			   &data_factor, &return_reg, (void *)&instructions,
			   &instructions_len, &offset_size, &error),
		   error))
		return false;
	if (return_reg >= IQ_CFI_REGS)
		return false;
	row->return_reg = (uint8_t)return_reg;
	row->is_signal = augmentation && strchr(augmentation, 'S') != NULL;
	return true;
}

static bool table_find(const struct table *t, uint64_t pc, uint64_t bias,
		       struct iq_cfi_row *row)
{
	Dwarf_Regtable_Entry3 rules[IQ_CFI_REGS];
	Dwarf_Regtable3 all = {
		.rt3_reg_table_size = IQ_CFI_REGS,
		.rt3_rules = rules,
	};
	Dwarf_Addr lo, hi, row_pc;
	Dwarf_Error error = NULL;
	Dwarf_Fde fde = NULL;
	size_t used = 0;

	memset(rules, 0, sizeof(rules));
	if (!t->fdes || !is_ok(t,
			       dwarf_get_fde_at_pc(t->fdes, pc - bias, &fde,
						   &lo, &hi, &error),
			       error))
		return false;
	error = NULL;
	if (!is_ok(t,
		   dwarf_get_fde_info_for_all_regs3(fde, pc - bias, &all,
						    &row_pc, &error),
		   error) ||
	    !cie_take(t, fde, row))
		return false;
	row->begin = lo + bias;
	row->end = hi + bias + 1;
	row->cfa = rule_take(&all.rt3_cfa_rule, true, row, &used);
	for (unsigned i = 0; i < IQ_CFI_REGS; i++)
		row->regs[i] = rule_take(&rules[i], false, row, &used);
	row->found = true;
	return true;
}

static void answer(void *ctx, const void *request, void *ret)
{
	const struct request *r = request;
	struct reader *reader = ctx;
	struct table *eh = &reader->eh[r->module];
	struct table *debug = &reader->debug[r->module];
	const struct iq_cfi_module *m = &reader->modules[r->module];
	struct iq_cfi_row *row = ret;

	if (!eh->tried)
		eh_open(eh, m);
	if (table_find(eh, r->pc, 0, row))
		return;
	memset(row, 0, sizeof(*row));
	if (!debug->tried)
		debug_open(debug, m);
	if (!table_find(debug, r->pc, m->bias, row))
		memset(row, 0, sizeof(*row));
}

/* ---- in the parent */

struct entry {
	UT_hash_handle hh;
	uint64_t pc;
	struct iq_cfi_row row;
};

struct iq_cfi {
	const struct iq_cfi_module *modules;
	size_t num_modules;
	struct reader reader;
	struct iq_child *child;
	struct entry *entries;
	size_t num_entries;
	/* Modules at which the child failed. */
	bool *bad;
	unsigned failures;
};

static const struct iq_cfi_row no_row;

struct iq_error *iq_cfi_create(const struct iq_cfi_module *modules, size_t num,
			       struct iq_cfi **ret)
{
	struct iq_cfi *cfi = calloc(1, sizeof(*cfi));

	if (!cfi)
		return &iq_enomem;
	cfi->modules = modules;
	cfi->num_modules = num;
	cfi->bad = calloc(num + 1, sizeof(*cfi->bad));
	cfi->reader = (struct reader){
		.modules = modules,
		.num_modules = num,
		.eh = calloc(num + 1, sizeof(struct table)),
		.debug = calloc(num + 1, sizeof(struct table)),
	};
	if (!cfi->bad || !cfi->reader.eh || !cfi->reader.debug) {
		iq_cfi_destroy(cfi);
		return &iq_enomem;
	}
	*ret = cfi;
	return NULL;
}

void iq_cfi_destroy(struct iq_cfi *cfi)
{
	struct entry *entry, *next;

	if (!cfi)
		return;
	iq_child_end(cfi->child);
	HASH_ITER (hh, cfi->entries, entry, next) {
		HASH_DEL(cfi->entries, entry);
		free(entry);
	}
	free(cfi->reader.eh);
	free(cfi->reader.debug);
	free(cfi->bad);
	free(cfi);
}

static bool rule_check(const struct iq_cfi_rule *rule)
{
	return rule->kind <= IQ_CFI_UNKNOWN && rule->reg < IQ_CFI_REGS &&
	       rule->begin <= IQ_CFI_EXPRESSIONS &&
	       rule->len <= IQ_CFI_EXPRESSIONS - rule->begin;
}

bool iq_cfi_row_check(const struct iq_cfi_row *row)
{
	uint8_t flags[2];

	// A bool of another process may hold anything.
	memcpy(&flags[0], &row->found, 1);
	memcpy(&flags[1], &row->is_signal, 1);
	if (flags[0] > 1 || flags[1] > 1 || row->return_reg >= IQ_CFI_REGS ||
	    !rule_check(&row->cfa))
		return false;
	for (unsigned i = 0; i < IQ_CFI_REGS; i++) {
		if (!rule_check(&row->regs[i]))
			return false;
	}
	return true;
}

static struct iq_error *row_ask(struct iq_cfi *cfi, size_t module, uint64_t pc,
				struct iq_cfi_row *ret)
{
	const struct iq_child_service service = {
		.answer = answer,
		.ctx = &cfi->reader,
		.request_size = sizeof(struct request),
		.answer_size = sizeof(struct iq_cfi_row),
		.limits = {
			.memory = IQ_LIMIT_DWARF_MEMORY,
			.cpu_seconds = IQ_LIMIT_DWARF_CPU_SECONDS,
			.wall_seconds = IQ_LIMIT_CFI_WALL_SECONDS,
		},
	};
	struct request request = { .module = module, .pc = pc };
	struct iq_error *err = NULL;

	if (!cfi->child)
		err = iq_child_start(&service, &cfi->child);
	if (!err)
		err = iq_child_ask(cfi->child, &request, ret);
	if (!err && !iq_cfi_row_check(ret))
		err = iq_error_new(IQ_ERROR_FORMAT,
				   "the reader's answer is none");
	if (!err)
		return NULL;
	iq_child_end(cfi->child);
	cfi->child = NULL;
	cfi->bad[module] = true;
	cfi->failures++;
	return iq_error_within(err, "unwind tables could not be read");
}

struct iq_error *iq_cfi_row_find(struct iq_cfi *cfi, size_t module, uint64_t pc,
				 const struct iq_cfi_row **ret)
{
	bool iq_map_failed = false;
	struct entry *entry;
	struct iq_error *err;

	*ret = &no_row;
	if (module >= cfi->num_modules)
		return NULL;
	HASH_FIND(hh, cfi->entries, &pc, sizeof(pc), entry);
	if (entry) {
		*ret = &entry->row;
		return NULL;
	}
	if (cfi->bad[module] || cfi->failures >= IQ_LIMIT_CFI_FAILURES ||
	    cfi->num_entries >= IQ_LIMIT_CFI_ROWS)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return &iq_enomem;
	entry->pc = pc;
	err = row_ask(cfi, module, pc, &entry->row);
	if (err) {
		free(entry);
		return err;
	}
	HASH_ADD(hh, cfi->entries, pc, sizeof(pc), entry);
	if (iq_map_failed) {
		free(entry);
		return &iq_enomem;
	}
	cfi->num_entries++;
	*ret = &entry->row;
	return NULL;
}
