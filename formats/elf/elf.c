/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/elf.h"

#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "formats/cursor.h"
#include "formats/elf/note.h"

/* Sizes of ELF64's records. gABI, chapters 4 and 5. */
enum {
	EHDR_SIZE = 64,
	PHDR_SIZE = 56,
};

/* Go: src/cmd/internal/buildid/note.go, elfGoBuildIDTag. */
#define NOTE_GO_BUILD_ID 4
/* A GNU build id is a hash; longer ones are none. */
#define BUILD_ID_MAX 64

struct iq_elf {
	const struct iq_source *source;
	struct iq_elf_header header;
	IQ_VEC(struct iq_elf_segment) segments;
	IQ_VEC(struct iq_elf_section) sections;
	/* NULL where there are no sections, or none that can be read. */
	Elf *handle;
	Elf_Data *symbols;
	size_t num_symbols;
	struct iq_str names;
	char build_id[2 * BUILD_ID_MAX];
	size_t build_id_len;
	struct iq_str go_build_id;
	bool notes_whole;
	struct iq_elf *debug;
};

bool iq_elf_is(const struct iq_source *source, uint16_t type)
{
	const uint8_t *d = source->data;

	return source->size >= EHDR_SIZE && !memcmp(d, ELFMAG, SELFMAG) &&
	       d[EI_CLASS] == ELFCLASS64 && d[EI_DATA] == ELFDATA2LSB &&
	       d[EI_VERSION] == EV_CURRENT && (d[16] | d[17] << 8) == type;
}

struct header_counts {
	uint16_t phnum;
	uint16_t phentsize;
	uint64_t shoff;
};

static struct iq_error *header_read(const struct iq_source *source,
				    struct iq_elf_header *ret,
				    struct header_counts *counts_ret)
{
	struct iq_elf_header h = { 0 };
	struct header_counts n = { 0 };
	struct iq_cursor c;

	iq_cursor_init(&c, source->data, source->size, 0);
	struct iq_str ident = iq_cursor_bytes(&c, EI_NIDENT, "ELF header");
	if (ident.len == EI_NIDENT) {
		if (memcmp(ident.ptr, ELFMAG, SELFMAG))
			iq_cursor_fail(&c, "no ELF file");
		else if (ident.ptr[EI_CLASS] != ELFCLASS64 ||
			 ident.ptr[EI_DATA] != ELFDATA2LSB)
			iq_cursor_fail(&c,
				       "ELF class %d, byte order %d: only "
				       "64-bit little-endian is read",
				       ident.ptr[EI_CLASS], ident.ptr[EI_DATA]);
	}
	h.type = iq_cursor_u16(&c, "ELF type");
	h.machine = iq_cursor_u16(&c, "ELF machine");
	iq_cursor_skip(&c, 4, "ELF version");
	h.entry = iq_cursor_u64(&c, "ELF entry");
	h.phoff = iq_cursor_u64(&c, "offset of program headers");
	n.shoff = iq_cursor_u64(&c, "offset of section headers");
	iq_cursor_skip(&c, 6, "ELF flags");
	n.phentsize = iq_cursor_u16(&c, "program header size");
	n.phnum = iq_cursor_u16(&c, "number of program headers");
	iq_cursor_skip(&c, 6, "section header counts");
	if (n.phnum && n.phentsize != PHDR_SIZE)
		iq_cursor_fail(&c, "program header size is %u, not %d",
			       n.phentsize, PHDR_SIZE);

	struct iq_error *err = iq_cursor_done(&c);
	if (err)
		return err;
	*ret = h;
	*counts_ret = n;
	return NULL;
}

/*
 * How many program headers the file promises. From 0xffff on the number stands
 * in sh_info of section header 0; where that is cut off, all that can be there
 * are promised. gABI, chapter 4, "ELF Header", PN_XNUM.
 */
static uint64_t promised_segments(const struct iq_source *source,
				  const struct header_counts *n)
{
	const uint64_t sh_info = 44;
	struct iq_cursor c;

	if (n->phnum != PN_XNUM)
		return n->phnum;
	iq_cursor_init(&c, source->data, source->size, 0);
	iq_cursor_seek(&c, n->shoff, "section header 0");
	iq_cursor_skip(&c, sh_info, "section header 0");
	uint32_t num = iq_cursor_u32(&c, "number of program headers");
	struct iq_error *err = iq_cursor_done(&c);
	bool lost = err != NULL;
	iq_error_destroy(err);
	return lost ? IQ_ELF_SEGMENTS_LOST : num;
}

static struct iq_elf_segment segment_read(struct iq_cursor *c)
{
	struct iq_elf_segment s;

	s.type = iq_cursor_u32(c, "segment type");
	s.flags = iq_cursor_u32(c, "segment flags");
	s.offset = iq_cursor_u64(c, "segment offset");
	s.vaddr = iq_cursor_u64(c, "segment address");
	iq_cursor_skip(c, 8, "segment physical address");
	s.filesz = iq_cursor_u64(c, "segment size in the file");
	s.memsz = iq_cursor_u64(c, "segment size in memory");
	s.align = iq_cursor_u64(c, "segment alignment");
	return s;
}

static struct iq_error *segments_read(struct iq_elf *elf, uint64_t promised)
{
	uint64_t size = elf->source->size;
	uint64_t end = size;
	struct iq_cursor c;

	elf->header.promised_segments = promised;
	if (!promised || elf->header.phoff < EHDR_SIZE ||
	    elf->header.phoff > size)
		return NULL;
	iq_cursor_init(&c, elf->source->data, size, 0);
	iq_cursor_seek(&c, elf->header.phoff, "program headers");
	while (elf->segments.len < promised && end >= iq_cursor_offset(&c) &&
	       end - iq_cursor_offset(&c) >= PHDR_SIZE) {
		struct iq_elf_segment s = segment_read(&c);
		if (!iq_vec_push(&elf->segments, s))
			return &iq_enomem;
		// Where the number is lost, the table ends at the latest where
		// the first bytes of a segment begin.
		if (promised == IQ_ELF_SEGMENTS_LOST && s.filesz &&
		    s.offset > elf->header.phoff && s.offset < end)
			end = s.offset;
	}
	elf->header.num_segments = elf->segments.len;
	return iq_cursor_done(&c);
}

static void build_id_take(struct iq_elf *elf, const struct iq_elf_note *note)
{
	static const char digits[] = "0123456789abcdef";

	if (iq_str_equal(note->name, IQ_STR("GNU")) &&
	    note->type == NT_GNU_BUILD_ID && !elf->build_id_len &&
	    note->desc.len <= BUILD_ID_MAX) {
		for (size_t i = 0; i < note->desc.len; i++) {
			uint8_t b = (uint8_t)note->desc.ptr[i];
			elf->build_id[2 * i] = digits[b >> 4];
			elf->build_id[2 * i + 1] = digits[b & 15];
		}
		elf->build_id_len = 2 * note->desc.len;
	}
	if (iq_str_equal(note->name, IQ_STR("Go")) &&
	    note->type == NOTE_GO_BUILD_ID && !elf->go_build_id.len)
		elf->go_build_id = note->desc;
}

/* False if the notes are not all there; what is there is taken. */
static bool notes_read(struct iq_elf *elf, uint64_t offset, uint64_t size,
		       uint64_t align)
{
	uint64_t total = elf->source->size;
	struct iq_elf_note note;
	struct iq_cursor c;

	if (offset > total)
		return false;
	uint64_t left = total - offset;
	iq_cursor_init(&c, elf->source->data + offset,
		       size < left ? size : left, offset);
	while (iq_elf_note_next(&c, align, &note))
		build_id_take(elf, &note);

	// Damaged notes end here; the caller sees that an id is missing.
	struct iq_error *err = iq_cursor_done(&c);
	bool whole = !err && size <= left;
	iq_error_destroy(err);
	return whole;
}

/*
 * Go's linker makes a segment of its own note alone, and GNU's, which stands
 * behind it, is found by its section (1.26): where there are no sections, as in
 * memory or after strip --strip-section-headers, by what it looks like. Both
 * are in the first page. Go: src/cmd/link/internal/ld/elf.go, asmbElf().
 */
static void build_id_search(struct iq_elf *elf)
{
	static const uint8_t id[] = {
		NT_GNU_BUILD_ID, 0, 0, 0, 'G', 'N', 'U', 0
	};
	const struct iq_source *source = elf->source;
	const uint64_t page = 4096;
	const uint64_t end = source->size < page ? source->size : page;

	for (uint64_t at = EHDR_SIZE; at + 16 < end && !elf->build_id_len;
	     at += 4) {
		const uint8_t *note = source->data + at;
		uint64_t size = note[4];

		if (note[0] == 4 && !note[1] && !note[2] && !note[3] &&
		    !note[5] && !note[6] && !note[7] &&
		    !memcmp(note + 8, id, sizeof(id)))
			notes_read(elf, at, 16 + size, 4);
	}
}

/*
 * Go's own linker leaves .note.gnu.build-id out of its PT_NOTE (1.26), and
 * objects of debug information have sections only: both tables are asked.
 */
static void build_ids_read(struct iq_elf *elf)
{
	elf->notes_whole =
		elf->header.num_segments == elf->header.promised_segments;
	for (size_t i = 0; i < elf->segments.len; i++) {
		const struct iq_elf_segment *s = &elf->segments.data[i];
		if (s->type == PT_NOTE &&
		    !notes_read(elf, s->offset, s->filesz, s->align))
			elf->notes_whole = false;
	}
	for (size_t i = 0; i < elf->sections.len; i++) {
		const struct iq_elf_section *s = &elf->sections.data[i];
		if (s->type == SHT_NOTE &&
		    !notes_read(elf, s->offset, s->size, s->align))
			elf->notes_whole = false;
	}
	if (!elf->sections.len && !elf->build_id_len)
		build_id_search(elf);
}

static bool in_source(const struct iq_source *source, uint64_t offset,
		      uint64_t size)
{
	return offset <= source->size && size <= source->size - offset;
}

static void symbols_take(struct iq_elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	GElf_Shdr str;
	Elf_Scn *names = elf_getscn(elf->handle, sh->sh_link);

	if (!names || !gelf_getshdr(names, &str) || str.sh_type != SHT_STRTAB ||
	    !in_source(elf->source, sh->sh_offset, sh->sh_size) ||
	    !in_source(elf->source, str.sh_offset, str.sh_size))
		return;
	Elf_Data *data = elf_getdata(scn, NULL);
	if (!data || !data->d_buf || data->d_type != ELF_T_SYM)
		return;
	elf->symbols = data;
	elf->num_symbols = data->d_size / sizeof(Elf64_Sym);
	elf->names.ptr = (const char *)elf->source->data + str.sh_offset;
	elf->names.len = str.sh_size;
}

/* libelf checks what it reads; what it refuses is absent here. */
static struct iq_error *sections_read(struct iq_elf *elf)
{
	const struct iq_source *source = elf->source;
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	// elf_memory() reads only (ELF_C_READ); its parameter lacks the const.
	elf->handle = elf_memory((char *)(uintptr_t)source->data, source->size);
	if (!elf->handle || elf_kind(elf->handle) != ELF_K_ELF ||
	    elf_getshdrstrndx(elf->handle, &names))
		return NULL;
	while ((scn = elf_nextscn(elf->handle, scn)) != NULL) {
		GElf_Shdr sh;
		if (!gelf_getshdr(scn, &sh))
			continue;
		const char *name = elf_strptr(elf->handle, names, sh.sh_name);
		struct iq_elf_section s = {
			.name = iq_str_of(name ? name : ""),
			.type = sh.sh_type,
			.flags = sh.sh_flags,
			.addr = sh.sh_addr,
			.offset = sh.sh_offset,
			.size = sh.sh_size,
			.align = sh.sh_addralign,
		};
		if (!iq_vec_push(&elf->sections, s))
			return &iq_enomem;
		if (sh.sh_type == SHT_SYMTAB && !elf->symbols)
			symbols_take(elf, scn, &sh);
	}
	return NULL;
}

static void elf_destroyp(struct iq_elf **elf)
{
	iq_elf_destroy(*elf);
}

struct iq_error *iq_elf_open(const struct iq_source *source,
			     struct iq_elf **ret)
{
	struct header_counts counts;
	struct iq_error *err;
	iq_cleanup(elf_destroyp) struct iq_elf *elf = calloc(1, sizeof(*elf));

	if (!elf)
		return &iq_enomem;
	elf->source = source;
	err = header_read(source, &elf->header, &counts);
	if (!err)
		err = segments_read(elf, promised_segments(source, &counts));
	// The sections of a core say nothing, and there may be gigabytes of it.
	if (!err && elf->header.type != ET_CORE)
		err = sections_read(elf);
	if (err)
		return err;
	if (elf->header.type != ET_CORE)
		build_ids_read(elf);
	*ret = elf;
	elf = NULL;
	return NULL;
}

/* Where e_shoff, e_shentsize and e_shnum stand: gABI, chapter 4. */
#define E_SHOFF_AT 40
#define E_SHENTSIZE_AT 58
#define SHDR_SIZE 64

/* Where the bytes of the section end whose header is at @at; 0: it has none. */
static uint64_t section_end(const struct iq_elf *elf, uint64_t at)
{
	struct iq_cursor c;
	uint32_t type;
	uint64_t offset, size, end;

	iq_cursor_init(&c, elf->source->data, elf->source->size, 0);
	iq_cursor_seek(&c, at + 4, "section header");
	type = iq_cursor_u32(&c, "section type");
	iq_cursor_skip(&c, 16, "section flags and address");
	offset = iq_cursor_u64(&c, "section offset");
	size = iq_cursor_u64(&c, "section size");
	iq_error_destroy(iq_cursor_done(&c));
	if (type == SHT_NULL || type == SHT_NOBITS ||
	    __builtin_add_overflow(offset, size, &end))
		return 0;
	return end;
}

uint64_t iq_elf_promised_end(const struct iq_elf *elf)
{
	struct iq_cursor c;
	uint64_t shoff, size, end, last;

	if (__builtin_mul_overflow(elf->header.promised_segments, PHDR_SIZE,
				   &last) ||
	    __builtin_add_overflow(last, elf->header.phoff, &last))
		last = 0;
	iq_cursor_init(&c, elf->source->data, elf->source->size, 0);
	iq_cursor_seek(&c, E_SHOFF_AT, "offset of section headers");
	shoff = iq_cursor_u64(&c, "offset of section headers");
	iq_cursor_seek(&c, E_SHENTSIZE_AT, "section header size");
	size = iq_cursor_u16(&c, "section header size");
	size *= iq_cursor_u16(&c, "number of section headers");
	if (shoff && size && !__builtin_add_overflow(shoff, size, &end) &&
	    end > last)
		last = end;
	iq_error_destroy(iq_cursor_done(&c));
	// Go's linker puts the table before what it tells of.
	for (uint64_t at = shoff;
	     at && at < elf->source->size && size >= SHDR_SIZE &&
	     elf->source->size - at >= SHDR_SIZE;
	     at += SHDR_SIZE, size -= SHDR_SIZE) {
		end = section_end(elf, at);
		last = end > last ? end : last;
	}
	for (size_t i = 0; i < elf->segments.len; i++) {
		const struct iq_elf_segment *s = &elf->segments.data[i];

		if (s->type == PT_LOAD && s->filesz &&
		    !__builtin_add_overflow(s->offset, s->filesz, &end) &&
		    end > last)
			last = end;
	}
	return last;
}

void iq_elf_destroy(struct iq_elf *elf)
{
	if (!elf)
		return;
	iq_elf_destroy(elf->debug);
	if (elf->handle)
		elf_end(elf->handle);
	iq_vec_deinit(&elf->sections);
	iq_vec_deinit(&elf->segments);
	free(elf);
}

const struct iq_source *iq_elf_source(const struct iq_elf *elf)
{
	return elf->source;
}

struct iq_elf_header iq_elf_header(const struct iq_elf *elf)
{
	return elf->header;
}

const struct iq_elf_segment *iq_elf_segments(const struct iq_elf *elf,
					     size_t *num_ret)
{
	*num_ret = elf->segments.len;
	return elf->segments.data;
}

bool iq_elf_section_find(const struct iq_elf *elf, const char *name,
			 struct iq_elf_section *ret)
{
	for (size_t i = 0; i < elf->sections.len; i++) {
		if (iq_str_equal(elf->sections.data[i].name, iq_str_of(name))) {
			*ret = elf->sections.data[i];
			return true;
		}
	}
	return false;
}

/* The file that symbols are taken from. */
static const struct iq_elf *symbols_of(const struct iq_elf *elf)
{
	return elf->num_symbols || !elf->debug ? elf : elf->debug;
}

bool iq_elf_has_symbols(const struct iq_elf *elf)
{
	return symbols_of(elf)->num_symbols > 0;
}

void iq_elf_symbols(const struct iq_elf *elf, struct iq_str prefix,
		    iq_elf_symbol_fn *fn, void *ctx)
{
	elf = symbols_of(elf);
	for (size_t i = 0; i < elf->num_symbols && i < INT32_MAX; i++) {
		GElf_Sym sym;
		if (!gelf_getsym(elf->symbols, (int)i, &sym) ||
		    sym.st_shndx == SHN_UNDEF || sym.st_name >= elf->names.len)
			continue;
		struct iq_str name = { .ptr = elf->names.ptr + sym.st_name,
				       .len = elf->names.len - sym.st_name };
		if (!iq_str_starts(name, prefix))
			continue;
		name.len = iq_str_find(name, '\0');
		if (!fn(ctx, name, sym.st_value))
			return;
	}
}

struct symbol_search {
	struct iq_str name;
	bool found;
	uint64_t value;
};

static bool symbol_match(void *ctx, struct iq_str name, uint64_t value)
{
	struct symbol_search *search = ctx;

	if (!iq_str_equal(name, search->name))
		return true;
	search->found = true;
	search->value = value;
	return false;
}

bool iq_elf_symbol_find(const struct iq_elf *elf, const char *name,
			uint64_t *ret)
{
	struct symbol_search search = { .name = iq_str_of(name) };

	iq_elf_symbols(elf, search.name, symbol_match, &search);
	if (search.found)
		*ret = search.value;
	return search.found;
}

struct iq_str iq_elf_build_id(const struct iq_elf *elf)
{
	return (struct iq_str){ .ptr = elf->build_id,
				.len = elf->build_id_len };
}

struct iq_str iq_elf_go_build_id(const struct iq_elf *elf)
{
	return elf->go_build_id;
}

/* As Go's linker writes them: four hashes in base64url, with slashes between. */
static bool is_plain_id(struct iq_str id)
{
	const struct iq_str plain =
		IQ_STR("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		       "0123456789-_/");

	for (size_t i = 0; i < id.len; i++) {
		if (iq_str_find(plain, id.ptr[i]) == plain.len)
			return false;
	}
	return id.len <= IQ_STR_QUOTE_SIZE;
}

const char *iq_elf_id_text(struct iq_str build_id, struct iq_str go_build_id,
			   char *buf)
{
	const size_t size = IQ_ELF_ID_TEXT_SIZE;
	char quoted[IQ_STR_QUOTE_SIZE];

	if (build_id.len && is_plain_id(build_id))
		snprintf(buf, size, "build id %.*s", IQ_STR_ARG(build_id));
	else if (go_build_id.len && is_plain_id(go_build_id))
		snprintf(buf, size, "Go build id %.*s",
			 IQ_STR_ARG(go_build_id));
	else if (go_build_id.len)
		snprintf(buf, size, "Go build id %s",
			 iq_str_quote(go_build_id, quoted));
	else
		snprintf(buf, size, "no build id");
	return buf;
}

bool iq_elf_notes_whole(const struct iq_elf *elf)
{
	return elf->notes_whole;
}

void iq_elf_set_debug(struct iq_elf *elf, struct iq_elf *debug)
{
	iq_elf_destroy(elf->debug);
	elf->debug = debug;
}

const struct iq_elf *iq_elf_debug(const struct iq_elf *elf)
{
	struct iq_elf_section s;

	if (!elf->debug || iq_elf_section_find(elf, ".debug_info", &s) ||
	    iq_elf_section_find(elf, ".zdebug_info", &s))
		return elf;
	return elf->debug;
}

// gdb's manual, "Separate Debug Files": the name, its NUL, padding to four
// bytes, the CRC.
bool iq_elf_debuglink(const struct iq_elf *elf, struct iq_str *name_ret,
		      uint32_t *crc_ret)
{
	struct iq_elf_section s;
	struct iq_cursor c, link;

	if (!iq_elf_section_find(elf, ".gnu_debuglink", &s) ||
	    !in_source(elf->source, s.offset, s.size))
		return false;
	iq_cursor_init(&c, elf->source->data, elf->source->size, 0);
	iq_cursor_seek(&c, s.offset, "debug link");
	iq_cursor_sub(&c, s.size, "debug link", &link);
	struct iq_str name = iq_cursor_cstr(&link, "debug link's name");
	iq_cursor_seek(&link, (name.len + 4) & ~UINT64_C(3),
		       "debug link's CRC");
	uint32_t crc = iq_cursor_u32(&link, "debug link's CRC");
	struct iq_error *err = iq_cursor_done(&link);
	bool found = !err && name.len;
	iq_error_destroy(err);
	err = iq_cursor_done(&c);
	found = found && !err;
	iq_error_destroy(err);
	for (size_t i = 0; i < name.len && found; i++)
		found = (unsigned char)name.ptr[i] >= ' ';
	if (found) {
		*name_ret = name;
		*crc_ret = crc;
	}
	return found;
}

bool iq_elf_has_contents(const struct iq_elf *elf)
{
	struct iq_elf_section text;

	return !iq_elf_section_find(elf, ".text", &text) ||
	       text.type != SHT_NOBITS;
}

const uint8_t *iq_elf_at(const struct iq_elf *elf, uint64_t vaddr,
			 uint64_t *len_ret)
{
	for (size_t i = 0; i < elf->segments.len; i++) {
		const struct iq_elf_segment *s = &elf->segments.data[i];
		uint64_t size = elf->source->size;
		if (s->type != PT_LOAD || vaddr < s->vaddr ||
		    vaddr - s->vaddr >= s->filesz || s->offset > size)
			continue;
		uint64_t at = vaddr - s->vaddr;
		uint64_t len = s->filesz;
		if (len > size - s->offset)
			len = size - s->offset;
		if (at >= len)
			continue;
		*len_ret = len - at;
		return elf->source->data + s->offset + at;
	}
	return NULL;
}
