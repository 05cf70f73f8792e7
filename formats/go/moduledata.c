/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/moduledata.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "formats/cursor.h"

static uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

struct slice {
	uint64_t ptr;
	uint64_t len;
};

/* A slice of the linker's: not empty, cap equal to len, within memory. */
static bool slice_read(const uint8_t *p, struct iq_go_field field,
		       uint64_t size, struct slice *ret)
{
	const uint8_t *s = p + field.offset;

	ret->ptr = word_at(s);
	ret->len = word_at(s + 8);
	return ret->len && ret->len == word_at(s + 16) &&
	       ret->len <= (UINT64_MAX - ret->ptr) / size;
}

static bool is_range(const uint8_t *p, struct iq_go_field low,
		     struct iq_go_field high)
{
	return word_at(p + low.offset) <= word_at(p + high.offset);
}

/*
 * Go: src/runtime/symtab.go, type moduledata, 1.18 to 1.27; the tables follow
 * each other in this order (src/cmd/link/internal/ld/pcln.go).
 */
static bool has_shape(const uint8_t *p, const struct iq_go_layout *l)
{
	struct slice funcname, cu, file, pc, pcln, ftab;
	uint64_t header = word_at(p + l->moduledata_pc_header.offset);

	if (!header ||
	    !slice_read(p, l->moduledata_funcnametab, 1, &funcname) ||
	    !slice_read(p, l->moduledata_cutab, 4, &cu) ||
	    !slice_read(p, l->moduledata_filetab, 1, &file) ||
	    !slice_read(p, l->moduledata_pctab, 1, &pc) ||
	    !slice_read(p, l->moduledata_pclntable, 1, &pcln) ||
	    !slice_read(p, l->moduledata_ftab, 8, &ftab))
		return false;
	if (header >= funcname.ptr || funcname.ptr >= cu.ptr ||
	    cu.ptr > file.ptr || file.ptr >= pc.ptr || pc.ptr >= pcln.ptr ||
	    pcln.ptr > ftab.ptr || ftab.len < 2)
		return false;

	uint64_t text = word_at(p + l->moduledata_text.offset);
	uint64_t etext = word_at(p + l->moduledata_etext.offset);
	uint64_t minpc = word_at(p + l->moduledata_minpc.offset);
	uint64_t maxpc = word_at(p + l->moduledata_maxpc.offset);
	return text && text <= minpc && minpc < maxpc && maxpc <= etext &&
	       is_range(p, l->moduledata_noptrdata, l->moduledata_enoptrdata) &&
	       is_range(p, l->moduledata_data, l->moduledata_edata) &&
	       is_range(p, l->moduledata_bss, l->moduledata_ebss) &&
	       is_range(p, l->moduledata_noptrbss, l->moduledata_enoptrbss);
}

static uint64_t shape_size(const struct iq_go_layout *l)
{
	return l->moduledata_enoptrbss.offset + 8;
}

bool iq_go_moduledata_find(const struct iq_memory *memory,
			   const struct iq_go_layout *layout, uint64_t start,
			   uint64_t end, uint64_t *ret)
{
	uint64_t size = shape_size(layout);
	uint64_t len, at = (start + 7) & ~UINT64_C(7);

	while (at < end) {
		const uint8_t *p = iq_memory_window(memory, at, &len);
		if (!p)
			return false;
		if (len > end - at)
			len = end - at;
		for (uint64_t i = 0; len >= size && i <= len - size; i += 8) {
			if (has_shape(p + i, layout)) {
				*ret = at + i;
				return true;
			}
		}
		// A record does not lie across two mappings.
		at = (at + len + 7) & ~UINT64_C(7);
		if (!len)
			return false;
	}
	return false;
}

/* A word of the record @p of @size bytes; 0 where the version has none. */
static uint64_t field_of(const uint8_t *p, uint64_t size,
			 struct iq_go_field field)
{
	if (field.offset == IQ_GO_ABSENT || size < 8 || field.offset > size - 8)
		return 0;
	return word_at(p + field.offset);
}

bool iq_go_moduledata_read(const struct iq_memory *memory,
			   const struct iq_go_layout *l, uint64_t addr,
			   struct iq_go_module *ret)
{
	uint64_t size;
	const uint8_t *p = iq_memory_window(memory, addr, &size);

	if (!p || size < l->moduledata_size || !has_shape(p, l))
		return false;
	size = l->moduledata_size;
#define FIELD(name) field_of(p, size, l->moduledata_##name)
#define LEN(name)                                                              \
	field_of(p, size,                                                      \
		 (struct iq_go_field){ l->moduledata_##name.offset + 8, 8 })
	*ret = (struct iq_go_module){
		.moduledata_addr = addr,
		.pclntab_addr = FIELD(pc_header),
		.text = FIELD(text),
		.etext = FIELD(etext),
		.minpc = FIELD(minpc),
		.maxpc = FIELD(maxpc),
		.funcnametab = FIELD(funcnametab),
		.funcnametab_len = LEN(funcnametab),
		.cutab = FIELD(cutab),
		.cutab_len = LEN(cutab),
		.filetab = FIELD(filetab),
		.filetab_len = LEN(filetab),
		.pctab = FIELD(pctab),
		.pctab_len = LEN(pctab),
		.pclntable = FIELD(pclntable),
		.pclntable_len = LEN(pclntable),
		.ftab = FIELD(ftab),
		.ftab_len = LEN(ftab),
		.noptrdata = FIELD(noptrdata),
		.enoptrdata = FIELD(enoptrdata),
		.data = FIELD(data),
		.edata = FIELD(edata),
		.bss = FIELD(bss),
		.ebss = FIELD(ebss),
		.noptrbss = FIELD(noptrbss),
		.enoptrbss = FIELD(enoptrbss),
		.types = FIELD(types),
		.etypes = FIELD(etypes),
		.rodata = FIELD(rodata),
		.gofunc = FIELD(gofunc),
		// runtime.bitvector: n int32, then the pointer.
		.gcdata_nbits = FIELD(gcdatamask_n) & UINT32_MAX,
		.gcdata_mask = FIELD(gcdatamask_bytedata),
		.gcbss_nbits = FIELD(gcbssmask_n) & UINT32_MAX,
		.gcbss_mask = FIELD(gcbssmask_bytedata),
		.next = FIELD(next),
	};
#undef FIELD
#undef LEN
	return true;
}

/* A mask of one bit for each word of [@start, @end), which may be cut off. */
static bool mask_fits(const struct iq_memory *memory, uint64_t nbits,
		      uint64_t mask, uint64_t start, uint64_t end)
{
	if (nbits > (end - start) / 8)
		return false;
	if (start == end)
		return true;
	return nbits && iq_memory_state(memory, mask) != IQ_MEMORY_UNMAPPED;
}

bool iq_go_moduledata_fits(const struct iq_memory *memory,
			   const struct iq_go_layout *layout,
			   const struct iq_go_module *m)
{
	struct iq_go_module next;

	return mask_fits(memory, m->gcdata_nbits, m->gcdata_mask, m->data,
			 m->edata) &&
	       mask_fits(memory, m->gcbss_nbits, m->gcbss_mask, m->bss,
			 m->ebss) &&
	       (!m->next ||
		iq_go_moduledata_read(memory, layout, m->next, &next));
}

bool iq_go_moduledata_magic(const struct iq_memory *memory,
			    const struct iq_go_module *module, uint32_t *ret)
{
	// The magic comes first in every version, so that it can be read
	// before the version is known.
	return iq_memory_u32(memory, module->pclntab_addr, ret);
}

static void table_check(struct iq_cursor *c, const char *name, uint64_t header,
			uint64_t offset, uint64_t addr)
{
	if (header + offset != addr)
		iq_cursor_fail(c,
			       "%s is at 0x%" PRIx64
			       ", but the pcHeader says 0x%" PRIx64,
			       name, addr, header + offset);
}

struct iq_error *iq_go_moduledata_check(const struct iq_memory *memory,
					const struct iq_go_version *version,
					const struct iq_go_module *m,
					bool *readable_ret)
{
	const struct iq_go_layout *l = version->layout;
	uint8_t header[128];
	struct iq_cursor c;

	*readable_ret = l->pc_header_size <= sizeof(header) &&
			iq_memory_read(memory, m->pclntab_addr,
				       l->pc_header_size, header);
	if (!*readable_ret)
		return NULL;
	iq_cursor_init(&c, header, l->pc_header_size, 0);
	uint32_t magic = iq_cursor_u32(&c, "pclntab magic");
	if (magic != version->tables->pclntab_magic)
		iq_cursor_fail(&c, "pclntab magic is 0x%x, not 0x%x", magic,
			       version->tables->pclntab_magic);
#define OFFSET(name) field_of(header, l->pc_header_size, l->pc_header_##name)
	table_check(&c, "funcnametab", m->pclntab_addr, OFFSET(funcname_offset),
		    m->funcnametab);
	table_check(&c, "cutab", m->pclntab_addr, OFFSET(cu_offset), m->cutab);
	table_check(&c, "filetab", m->pclntab_addr, OFFSET(filetab_offset),
		    m->filetab);
	table_check(&c, "pctab", m->pclntab_addr, OFFSET(pctab_offset),
		    m->pctab);
	table_check(&c, "pclntable", m->pclntab_addr, OFFSET(pcln_offset),
		    m->pclntable);
	uint64_t nfunc = OFFSET(nfunc);
#undef OFFSET
	if (nfunc + 1 != m->ftab_len)
		iq_cursor_fail(&c,
			       "the function table has %" PRIu64
			       " entries, but the pcHeader says %" PRIu64,
			       m->ftab_len, nfunc + 1);
	return iq_cursor_done(&c);
}
