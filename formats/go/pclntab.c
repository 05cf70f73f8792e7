/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/pclntab.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* Indexes of PCDATA and FUNCDATA. Go: src/internal/abi/symtab.go; the same in
 * src/runtime/symtab.go of 1.18 to 1.20. */
enum {
	PCDATA_INL_TREE_INDEX = 2,
	FUNCDATA_INL_TREE = 3,
};

/* A table in the memory of this program, checked once. */
struct table {
	const uint8_t *data;
	uint64_t addr;
	uint64_t size;
	/* A copy, where the bytes are in several files; else NULL. */
	uint8_t *copy;
};

/* One module whose tables are readable. */
struct view {
	const struct iq_go_module *module;
	struct table funcname, cu, file, pc, pcln, ftab;
	/* What follows gofunc in one piece; may be empty. */
	struct table funcdata;
	/* Functions; ftab has one entry more. */
	uint64_t num_funcs;
	/* Bytes that a unit of pc in the tables stands for. */
	uint32_t quantum;
};

struct iq_pclntab {
	const struct iq_memory *memory;
	const struct iq_go_layout *layout;
	const struct iq_go_module *modules;
	size_t num_modules;
	/* By number of the module; module is NULL where it names nothing. */
	struct view *views;
	/* Modules by minpc. */
	const struct iq_go_module **by_pc;
};

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static bool fits(const struct table *t, uint64_t offset, uint64_t size)
{
	return offset <= t->size && size <= t->size - offset;
}

#define PAGE 4096
/* Less of a page does not tell. */
#define ZEROS_MIN 64

static bool is_zeros(const uint8_t *data, uint64_t size)
{
	return size >= ZEROS_MIN && !data[0] &&
	       !memcmp(data, data + 1, size - 1);
}

/*
 * Whether a page that holds some of these bytes holds zeros alone, as far as it
 * is the table's. No part of the tables is like that: debuggers write zeros for
 * what they could not read.
 */
static bool in_zeros(const struct table *t, uint64_t offset, uint64_t size)
{
	uint64_t at = offset, in_page, begin, end;

	while (size && at < t->size && at <= offset + size - 1) {
		in_page = (t->addr + at) % PAGE;
		begin = in_page < at ? at - in_page : 0;
		end = at + PAGE - in_page;
		if (end > t->size)
			end = t->size;
		if (is_zeros(t->data + begin, end - begin))
			return true;
		at = end;
	}
	return false;
}

static const char *state_text(enum iq_memory_state state)
{
	switch (state) {
	case IQ_MEMORY_UNMAPPED:
		return "not mapped";
	case IQ_MEMORY_NOT_DUMPED:
		return "not dumped";
	case IQ_MEMORY_CUT_OFF:
		return "cut off with the end of the core";
	case IQ_MEMORY_FAULTED:
		return "not readable";
	case IQ_MEMORY_PRESENT:
		break;
	}
	return "there";
}

/* How many bytes from @addr on are there without a hole, up to @size. */
static uint64_t readable(const struct iq_memory *memory, uint64_t addr,
			 uint64_t size)
{
	uint64_t done = 0, len;

	while (done < size && iq_memory_window(memory, addr + done, &len) &&
	       len)
		done += len < size - done ? len : size - done;
	return done;
}

static struct iq_error *table_open(const struct iq_memory *memory,
				   const char *name, uint64_t addr,
				   uint64_t count, uint64_t entry,
				   struct table *ret)
{
	uint64_t size, len, there;

	if (__builtin_mul_overflow(count, entry, &size) ||
	    size > UINT64_MAX - addr)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "%s has %" PRIu64 " entries", name, count);
	*ret = (struct table){ .addr = addr, .size = size };
	ret->data = iq_memory_window(memory, addr, &len);
	if (ret->data && len >= size)
		return NULL;
	ret->data = NULL;
	there = readable(memory, addr, size);
	if (there < size)
		return iq_error_new(
			IQ_ERROR_TRUNCATED,
			"%s at 0x%" PRIx64 " has 0x%" PRIx64
			" bytes, of which what follows 0x%" PRIx64 " is %s",
			name, addr, size, there,
			state_text(iq_memory_state(memory, addr + there)));
	// All of it is there, so that a copy is no larger than the input.
	ret->copy = malloc(size);
	if (!ret->copy)
		return &iq_enomem;
	if (!iq_memory_read(memory, addr, size, ret->copy))
		return iq_error_new(IQ_ERROR_IO,
				    "%s at 0x%" PRIx64 " cannot be read", name,
				    addr);
	ret->data = ret->copy;
	return NULL;
}

static void view_deinit(struct view *v)
{
	free(v->funcname.copy);
	free(v->cu.copy);
	free(v->file.copy);
	free(v->pc.copy);
	free(v->pcln.copy);
	free(v->ftab.copy);
	*v = (struct view){ 0 };
}

static struct iq_error *tables_open(const struct iq_memory *memory,
				    const struct iq_go_module *m,
				    uint32_t functab_size, struct view *v)
{
	struct iq_error *err;

	err = table_open(memory, "the table of function names", m->funcnametab,
			 m->funcnametab_len, 1, &v->funcname);
	if (!err)
		err = table_open(memory, "the table of compilation units",
				 m->cutab, m->cutab_len, 4, &v->cu);
	if (!err)
		err = table_open(memory, "the table of file names", m->filetab,
				 m->filetab_len, 1, &v->file);
	if (!err)
		err = table_open(memory, "the table of pc values", m->pctab,
				 m->pctab_len, 1, &v->pc);
	if (!err)
		err = table_open(memory, "the table of function records",
				 m->pclntable, m->pclntable_len, 1, &v->pcln);
	if (!err)
		err = table_open(memory, "the table of functions", m->ftab,
				 m->ftab_len, functab_size, &v->ftab);
	return err;
}

static uint32_t entry_off(const struct iq_go_layout *l, const struct view *v,
			  uint64_t i)
{
	return u32_at(v->ftab.data + i * l->functab_size +
		      l->functab_entryoff.offset);
}

static struct iq_error *functions_check(const struct iq_go_layout *l,
					const struct view *v)
{
	for (uint64_t i = 0; i < v->num_funcs; i++) {
		if (entry_off(l, v, i) > entry_off(l, v, i + 1))
			return iq_error_new(IQ_ERROR_FORMAT,
					    "the table of functions is not "
					    "sorted at entry %" PRIu64,
					    i);
	}
	return NULL;
}

static struct iq_error *view_open(const struct iq_memory *memory,
				  const struct iq_go_version *version,
				  const struct iq_go_module *m,
				  struct view *ret)
{
	const struct iq_go_layout *l = version->layout;
	struct view v = { .module = m };
	uint8_t quantum = 0;
	struct iq_error *err;

	if (!iq_memory_read(memory,
			    m->pclntab_addr + l->pc_header_min_lc.offset, 1,
			    &quantum))
		return iq_error_new(
			IQ_ERROR_TRUNCATED,
			"the pcHeader at 0x%" PRIx64 " is %s", m->pclntab_addr,
			state_text(iq_memory_state(memory, m->pclntab_addr)));
	if (quantum != 1 && quantum != 2 && quantum != 4)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "pclntab quantum is %u, not 1, 2 or 4",
				    quantum);
	v.quantum = quantum;
	err = tables_open(memory, m, l->functab_size, &v);
	if (!err && m->ftab_len < 2)
		err = iq_error_new(IQ_ERROR_FORMAT,
				   "the table of functions is empty");
	if (!err) {
		v.num_funcs = m->ftab_len - 1;
		err = functions_check(l, &v);
	}
	if (err) {
		view_deinit(&v);
		return err;
	}
	v.funcdata.addr = m->gofunc;
	v.funcdata.data = iq_memory_window(memory, m->gofunc, &v.funcdata.size);
	if (!v.funcdata.data)
		v.funcdata.size = 0;
	*ret = v;
	return NULL;
}

struct iq_error *iq_pclntab_check(const struct iq_memory *memory,
				  const struct iq_go_version *version,
				  const struct iq_go_module *module)
{
	struct view v;
	struct iq_error *err = view_open(memory, version, module, &v);

	if (!err)
		view_deinit(&v);
	return err;
}

static int compare_minpc(const void *a, const void *b)
{
	const struct iq_go_module *x = *(const struct iq_go_module *const *)a;
	const struct iq_go_module *y = *(const struct iq_go_module *const *)b;

	return (x->minpc > y->minpc) - (x->minpc < y->minpc);
}

static void pclntab_destroyp(struct iq_pclntab **pcln)
{
	iq_pclntab_destroy(*pcln);
}

struct iq_error *iq_pclntab_create(const struct iq_memory *memory,
				   const struct iq_go_version *version,
				   const struct iq_go_module *modules,
				   size_t num_modules, struct iq_pclntab **ret)
{
	iq_cleanup(pclntab_destroyp) struct iq_pclntab *p =
		calloc(1, sizeof(*p));

	if (!p)
		return &iq_enomem;
	p->memory = memory;
	p->layout = version->layout;
	p->modules = modules;
	p->num_modules = num_modules;
	p->views = calloc(num_modules + 1, sizeof(*p->views));
	p->by_pc = calloc(num_modules + 1, sizeof(*p->by_pc));
	if (!p->views || !p->by_pc)
		return &iq_enomem;
	for (size_t i = 0; i < num_modules; i++) {
		p->by_pc[i] = &modules[i];
		if (!modules[i].has_pclntab)
			continue;
		struct iq_error *err =
			view_open(memory, version, &modules[i], &p->views[i]);
		if (err && err->code == IQ_ERROR_NOMEM)
			return err;
		// Who asked iq_pclntab_check() knows why.
		iq_error_destroy(err);
	}
	qsort(p->by_pc, num_modules, sizeof(struct iq_go_module *),
	      compare_minpc);
	*ret = p;
	p = NULL;
	return NULL;
}

void iq_pclntab_destroy(struct iq_pclntab *pcln)
{
	if (!pcln)
		return;
	for (size_t i = 0; pcln->views && i < pcln->num_modules; i++)
		view_deinit(&pcln->views[i]);
	free(pcln->views);
	free(pcln->by_pc);
	free(pcln);
}

const struct iq_go_module *iq_pclntab_module(const struct iq_pclntab *pcln,
					     uint64_t pc)
{
	size_t low = 0, high = pcln->num_modules;

	// The last module that does not begin behind pc.
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (pcln->by_pc[mid]->minpc <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || pc >= pcln->by_pc[low - 1]->maxpc)
		return NULL;
	return pcln->by_pc[low - 1];
}

/* The view of @module; NULL if it names nothing. */
static const struct view *view_of(const struct iq_pclntab *pcln,
				  const struct iq_go_module *module)
{
	const struct view *v = &pcln->views[module - pcln->modules];

	return v->module ? v : NULL;
}

/* Number of the function that holds @off; false before the first. */
static bool function_search(const struct iq_go_layout *l, const struct view *v,
			    uint32_t off, uint64_t *ret)
{
	uint64_t low = 0, high = v->num_funcs;

	// Go: src/runtime/symtab.go, findfunc(): the last entry at or before.
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;
		if (entry_off(l, v, mid) <= off)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || off >= entry_off(l, v, low))
		return false;
	*ret = low - 1;
	// No other function is where the first one is: zeros of a lost page.
	return low == 1 || entry_off(l, v, low - 1);
}

static uint32_t field_u32(const uint8_t *record, struct iq_go_field field)
{
	return u32_at(record + field.offset);
}

/* Some of the record, or of its arrays behind it, was lost. */
static bool is_record_lost(const struct iq_go_layout *l, const struct view *v,
			   uint32_t off)
{
	const uint8_t *r = v->pcln.data + off;
	uint64_t num;

	if (in_zeros(&v->pcln, off, l->func_size))
		return true;
	num = (uint64_t)field_u32(r, l->func_npcdata) +
	      r[l->func_nfuncdata.offset];
	return num && in_zeros(&v->pcln, off + (uint64_t)l->func_size, 4 * num);
}

bool iq_pclntab_func(const struct iq_pclntab *pcln, uint64_t pc,
		     struct iq_go_func *ret)
{
	const struct iq_go_layout *l = pcln->layout;
	const struct iq_go_module *m = iq_pclntab_module(pcln, pc);
	const struct view *v = m ? view_of(pcln, m) : NULL;
	uint64_t i;

	if (!v || pc < m->text || pc - m->text > UINT32_MAX ||
	    !function_search(l, v, (uint32_t)(pc - m->text), &i))
		return false;
	uint32_t off = u32_at(v->ftab.data + i * l->functab_size +
			      l->functab_funcoff.offset);
	if (!fits(&v->pcln, off, l->func_size))
		return false;
	const uint8_t *r = v->pcln.data + off;
	if (field_u32(r, l->func_entry_off) != entry_off(l, v, i) ||
	    is_record_lost(l, v, off))
		return false;
	*ret = (struct iq_go_func){
		.module = m,
		.entry = m->text + entry_off(l, v, i),
		.end = m->text + entry_off(l, v, i + 1),
		.func_addr = m->pclntable + off,
		.name_off = field_u32(r, l->func_name_off),
		.pcsp = field_u32(r, l->func_pcsp),
		.pcfile = field_u32(r, l->func_pcfile),
		.pcln = field_u32(r, l->func_pcln),
		.npcdata = field_u32(r, l->func_npcdata),
		.cu_offset = field_u32(r, l->func_cu_offset),
		.func_id = r[l->func_func_id.offset],
		.flag = r[l->func_flag.offset],
		.nfuncdata = r[l->func_nfuncdata.offset],
	};
	if (l->func_start_line.offset != IQ_GO_ABSENT)
		ret->start_line = (int32_t)field_u32(r, l->func_start_line);
	return true;
}

/* The text at @offset up to its NUL; false if it has none in the table. */
static bool text_at(const struct table *t, uint64_t offset, struct iq_str *ret)
{
	if (offset >= t->size)
		return false;
	uint64_t left = t->size - offset;
	size_t max = left < IQ_LIMIT_NAME ? (size_t)left : IQ_LIMIT_NAME;
	const uint8_t *end = memchr(t->data + offset, 0, max);
	if (!end)
		return false;
	ret->ptr = (const char *)t->data + offset;
	ret->len = (size_t)(end - (t->data + offset));
	return !in_zeros(t, offset, ret->len + 1);
}

static bool name_at(const struct view *v, uint32_t offset, struct iq_str *ret)
{
	return text_at(&v->funcname, offset, ret) && ret->len;
}

bool iq_pclntab_name(const struct iq_pclntab *pcln,
		     const struct iq_go_func *func, struct iq_str *ret)
{
	const struct view *v = view_of(pcln, func->module);

	return v && name_at(v, func->name_off, ret);
}

struct iq_str iq_go_name_print(struct iq_str name, char *buf, size_t size)
{
	// Go: src/runtime/traceback.go, funcNameForPrint(), 1.21 and newer.
	const struct iq_str dots = IQ_STR("[...]");
	size_t open = iq_str_find(name, '[');
	size_t close = iq_str_rfind(name, ']');

	if (close == name.len || close <= open)
		return name;
	size_t rest = name.len - close - 1;
	if (open + dots.len + rest > size)
		return name;
	memcpy(buf, name.ptr, open);
	memcpy(buf + open, dots.ptr, dots.len);
	memcpy(buf + open + dots.len, name.ptr + close + 1, rest);
	return (struct iq_str){ .ptr = buf, .len = open + dots.len + rest };
}

/* A varint of at most 32 bits, as the runtime's readvarint() takes them. */
static bool varint_read(const struct table *t, uint64_t *pos, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 35 && *pos < t->size; shift += 7) {
		uint8_t b = t->data[(*pos)++];
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/*
 * The value at @pc of the table at @offset of pctab. Go: src/runtime/symtab.go,
 * pcvalue() and step(): pairs of a zig-zag value delta and a pc delta from -1
 * and the function's entry on; a value holds up to the pc behind it. The linker
 * writes no pair without an advance, so that the function's length bounds the
 * walk (src/cmd/internal/obj/pcln.go, funcpctab()).
 */
static bool pcvalue_range(const struct view *v, const struct iq_go_func *func,
			  uint32_t offset, uint64_t pc, int32_t *ret,
			  uint64_t *end_ret)
{
	uint32_t value = UINT32_MAX;
	uint64_t at = func->entry;
	uint64_t pos = offset;

	if (!offset || pc < func->entry)
		return false;
	for (uint32_t n = 0; n < IQ_LIMIT_PC_VALUES; n++) {
		uint32_t delta, advance;
		if (!varint_read(&v->pc, &pos, &delta) || (!delta && n) ||
		    !varint_read(&v->pc, &pos, &advance) || !advance)
			return false;
		value += (delta & 1) ? ~(delta >> 1) : delta >> 1;
		at += (uint64_t)advance * v->quantum;
		if (pc < at) {
			*ret = (int32_t)value;
			*end_ret = at;
			return !in_zeros(&v->pc, offset, pos - offset);
		}
		// No table says anything of what lies behind its function.
		if (at >= func->end)
			return false;
	}
	return false;
}

static bool pcvalue(const struct view *v, const struct iq_go_func *func,
		    uint32_t offset, uint64_t pc, int32_t *ret)
{
	uint64_t end;

	return pcvalue_range(v, func, offset, pc, ret, &end);
}

bool iq_pclntab_spdelta(const struct iq_pclntab *pcln,
			const struct iq_go_func *func, uint64_t pc,
			int32_t *ret)
{
	const struct view *v = view_of(pcln, func->module);

	return v && pcvalue(v, func, func->pcsp, pc, ret);
}

/* Where @func's record ends and its arrays begin, in pclntable. */
static uint64_t arrays_of(const struct iq_pclntab *pcln,
			  const struct iq_go_func *func)
{
	return func->func_addr - func->module->pclntable +
	       pcln->layout->func_size;
}

bool iq_pclntab_pcdata(const struct iq_pclntab *pcln,
		       const struct iq_go_func *func, unsigned table,
		       uint64_t pc, int32_t *ret)
{
	const struct view *v = view_of(pcln, func->module);
	uint64_t at = arrays_of(pcln, func) + 4 * (uint64_t)table;

	if (!v || table >= func->npcdata || !fits(&v->pcln, at, 4))
		return false;
	return pcvalue(v, func, u32_at(v->pcln.data + at), pc, ret);
}

bool iq_pclntab_pcdata_range(const struct iq_pclntab *pcln,
			     const struct iq_go_func *func, unsigned table,
			     uint64_t pc, int32_t *ret, uint64_t *end_ret)
{
	const struct view *v = view_of(pcln, func->module);
	uint64_t at = arrays_of(pcln, func) + 4 * (uint64_t)table;

	if (!v || table >= func->npcdata || !fits(&v->pcln, at, 4))
		return false;
	return pcvalue_range(v, func, u32_at(v->pcln.data + at), pc, ret,
			     end_ret);
}

bool iq_pclntab_funcdata(const struct iq_pclntab *pcln,
			 const struct iq_go_func *func, unsigned index,
			 uint64_t *ret)
{
	const struct view *v = view_of(pcln, func->module);
	uint64_t at = arrays_of(pcln, func) + 4 * (uint64_t)func->npcdata +
		      4 * (uint64_t)index;

	if (!v || index >= func->nfuncdata || !fits(&v->pcln, at, 4))
		return false;
	uint32_t offset = u32_at(v->pcln.data + at);
	if (offset == UINT32_MAX || !func->module->gofunc ||
	    offset > UINT64_MAX - func->module->gofunc)
		return false;
	*ret = func->module->gofunc + offset;
	return true;
}

struct inlined {
	uint8_t func_id;
	uint32_t name_off;
	uint32_t parent_pc;
};

/* Bytes of funcdata, also where they come from several files: a page that the
 * core lacks is the executable's. */
static bool funcdata_read(const struct iq_pclntab *pcln, const struct view *v,
			  uint64_t addr, size_t size, uint8_t *ret)
{
	uint64_t offset = addr - v->funcdata.addr;
	uint8_t page[PAGE];

	if (fits(&v->funcdata, offset, size)) {
		memcpy(ret, v->funcdata.data + offset, size);
		return !in_zeros(&v->funcdata, offset, size);
	}
	if (!iq_memory_read(pcln->memory, addr, size, ret))
		return false;
	for (uint64_t at = addr - addr % PAGE; at < addr + size; at += PAGE) {
		if (iq_memory_read(pcln->memory, at, PAGE, page) &&
		    is_zeros(page, PAGE))
			return false;
	}
	return true;
}

/* The largest record; that of 1.18. */
#define INLINED_MAX 32

static bool inlined_read(const struct iq_pclntab *pcln, const struct view *v,
			 uint64_t tree, int32_t index, struct inlined *ret)
{
	const struct iq_go_layout *l = pcln->layout;
	uint64_t addr = tree + (uint64_t)index * l->inlined_call_size;
	uint8_t r[INLINED_MAX];

	if (l->inlined_call_size > sizeof(r) || addr < v->module->gofunc ||
	    !funcdata_read(pcln, v, addr, l->inlined_call_size, r))
		return false;
	ret->func_id = r[l->inlined_call_func_id.offset];
	ret->name_off = field_u32(r, l->inlined_call_name_off);
	ret->parent_pc = field_u32(r, l->inlined_call_parent_pc);
	return true;
}

/* File and line of the innermost call at @pc; empty and 0 if unknown. */
static void position_read(const struct view *v, const struct iq_go_func *func,
			  uint64_t pc, struct iq_go_call *call)
{
	int32_t file, line;

	call->file = (struct iq_str){ 0 };
	call->line = 0;
	if (!pcvalue(v, func, func->pcfile, pc, &file) || file < 0 ||
	    !pcvalue(v, func, func->pcln, pc, &line) || line < 0)
		return;
	// Go: src/runtime/symtab.go, funcfile(): 4-byte offsets into filetab,
	// all ones where the linker dropped the file.
	uint64_t at = 4 * ((uint64_t)func->cu_offset + (uint64_t)file);
	if (!fits(&v->cu, at, 4) || in_zeros(&v->cu, at, 4))
		return;
	uint32_t offset = u32_at(v->cu.data + at);
	if (offset == UINT32_MAX || !text_at(&v->file, offset, &call->file))
		return;
	call->line = (uint32_t)line;
}

/* False if the index cannot be told; -1 where nothing is inlined. */
static bool inline_index(const struct iq_pclntab *pcln,
			 const struct iq_go_func *func, uint64_t pc,
			 int32_t *ret)
{
	const struct view *v = view_of(pcln, func->module);
	uint64_t at = arrays_of(pcln, func) + 4 * PCDATA_INL_TREE_INDEX;
	uint32_t table;

	*ret = -1;
	if (PCDATA_INL_TREE_INDEX >= func->npcdata)
		return true;
	if (!fits(&v->pcln, at, 4))
		return false;
	table = u32_at(v->pcln.data + at);
	return !table || pcvalue(v, func, table, pc, ret);
}

size_t iq_pclntab_calls(const struct iq_pclntab *pcln,
			const struct iq_go_func *func, uint64_t pc,
			struct iq_go_call *ret, size_t cap)
{
	const struct view *v = view_of(pcln, func->module);
	struct iq_go_call outer = { .func_id = func->func_id };
	struct inlined inlined;
	uint64_t tree;
	size_t num = 0;
	int32_t index;

	if (!v || !cap || !name_at(v, func->name_off, &outer.function))
		return 0;
	// Go: src/runtime/symtabinl.go, inlineUnwinder: the index at pc names
	// the innermost inlined call, whose parent_pc is where it was called.
	for (;;) {
		struct iq_go_call *call = &ret[num];
		if (!inline_index(pcln, func, pc, &index) ||
		    (index >= 0 &&
		     (num + 1 >= cap || num == IQ_LIMIT_INLINE ||
		      !iq_pclntab_funcdata(pcln, func, FUNCDATA_INL_TREE,
					   &tree) ||
		      !inlined_read(pcln, v, tree, index, &inlined) ||
		      !name_at(v, inlined.name_off, &call->function)))) {
			ret[0] = outer;
			return 1;
		}
		if (index < 0)
			break;
		position_read(v, func, pc, call);
		call->func_id = inlined.func_id;
		call->inlined = true;
		pc = func->entry + inlined.parent_pc;
		num++;
	}
	position_read(v, func, pc, &outer);
	ret[num] = outer;
	return num + 1;
}
