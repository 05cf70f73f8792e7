/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/functions.h"

#include <elf.h>
#include <stdlib.h>

#include "formats/cursor.h"

/* The bytes of section @name; empty if it is not in the file. */
static struct iq_str section_bytes(const struct iq_elf *elf, const char *name)
{
	const struct iq_source *source = iq_elf_source(elf);
	struct iq_elf_section s;
	struct iq_str none = { 0 };

	if (!iq_elf_section_find(elf, name, &s) || s.type == SHT_NOBITS ||
	    s.offset > source->size || s.size > source->size - s.offset)
		return none;
	return (struct iq_str){ .ptr = (const char *)source->data + s.offset,
				.len = s.size };
}

/* gABI, chapter 4, "Symbol Table". */
static bool symbol_read(struct iq_cursor *c, struct iq_str names,
			struct iq_elf_function *ret)
{
	uint32_t name = iq_cursor_u32(c, "symbol name");
	uint8_t type = iq_cursor_u8(c, "symbol type") & 15;

	iq_cursor_skip(c, 1, "symbol visibility");
	uint16_t section = iq_cursor_u16(c, "symbol section");
	ret->addr = iq_cursor_u64(c, "symbol value");
	ret->size = iq_cursor_u64(c, "symbol size");
	if (!iq_cursor_ok(c) || section == SHN_UNDEF || name >= names.len ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC))
		return false;
	ret->name = iq_str_sub(names, name, names.len - name);
	ret->name.len = iq_str_find(ret->name, '\0');
	return ret->name.len > 0;
}

static struct iq_error *table_read(const struct iq_elf *elf,
				   const char *symbols, const char *strings,
				   struct iq_elf_functions *ret)
{
	struct iq_str names = section_bytes(elf, strings);
	struct iq_str table = section_bytes(elf, symbols);
	struct iq_cursor c;

	iq_cursor_init(&c, (const uint8_t *)table.ptr, table.len, 0);
	while (iq_cursor_left(&c) >= sizeof(Elf64_Sym)) {
		struct iq_elf_function f;

		if (symbol_read(&c, names, &f) && !iq_vec_push(&ret->all, f))
			return &iq_enomem;
	}
	return iq_cursor_done(&c);
}

static size_t underscores(struct iq_str name)
{
	size_t n = 0;

	while (n < name.len && name.ptr[n] == '_')
		n++;
	return n;
}

/* Names of one address: those with a size first, then the plainest. */
static int compare(const void *pa, const void *pb)
{
	const struct iq_elf_function *a = pa;
	const struct iq_elf_function *b = pb;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (!a->size != !b->size)
		return a->size ? -1 : 1;
	size_t na = underscores(a->name), nb = underscores(b->name);
	if (na != nb)
		return na < nb ? -1 : 1;
	if (a->name.len != b->name.len)
		return a->name.len < b->name.len ? -1 : 1;
	return iq_str_compare(a->name, b->name);
}

struct iq_error *iq_elf_functions_read(const struct iq_elf *elf,
				       struct iq_elf_functions *ret)
{
	struct iq_error *err = table_read(elf, ".symtab", ".strtab", ret);
	size_t kept = 0;

	if (!err && !ret->all.len)
		err = table_read(elf, ".dynsym", ".dynstr", ret);
	if (err || !ret->all.len)
		return err;
	qsort(ret->all.data, ret->all.len, sizeof(*ret->all.data), compare);
	for (size_t i = 0; i < ret->all.len; i++) {
		if (kept &&
		    ret->all.data[kept - 1].addr == ret->all.data[i].addr)
			continue;
		ret->all.data[kept++] = ret->all.data[i];
	}
	ret->all.len = kept;
	return NULL;
}

void iq_elf_functions_deinit(struct iq_elf_functions *functions)
{
	iq_vec_deinit(&functions->all);
}

const struct iq_elf_function *
iq_elf_functions_find(const struct iq_elf_functions *functions, uint64_t addr)
{
	size_t lo = 0, hi = functions->all.len;

	// The last one that begins at or below @addr.
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (functions->all.data[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	const struct iq_elf_function *f = &functions->all.data[lo - 1];
	return !f->size || addr - f->addr < f->size ? f : NULL;
}
