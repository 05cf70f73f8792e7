/* SPDX-License-Identifier: Apache-2.0 */
#include "elf-builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

void elf_builder_init(struct elf_builder *b, uint16_t type)
{
	memset(b, 0, sizeof(*b));
	b->type = type;
	b->machine = EM_X86_64;
}

void elf_builder_deinit(struct elf_builder *b)
{
	free(b->bytes);
	b->bytes = NULL;
}

static struct elf_builder_part *part_add(struct elf_builder *b,
					 const void *data, size_t size)
{
	assert(b->num_parts < ELF_BUILDER_MAX);
	struct elf_builder_part *p = &b->parts[b->num_parts++];
	p->data = data;
	p->size = size;
	return p;
}

Elf64_Phdr *elf_builder_load(struct elf_builder *b, uint32_t flags,
			     uint64_t vaddr, const void *data, size_t size,
			     uint64_t memsz)
{
	struct elf_builder_part *p = part_add(b, data, size);

	p->segment = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_vaddr = vaddr,
		.p_filesz = size,
		.p_memsz = memsz,
		.p_align = PAGE,
	};
	return &p->segment;
}

Elf64_Phdr *elf_builder_load_start(struct elf_builder *b, uint32_t flags,
				   uint64_t vaddr, uint64_t size)
{
	Elf64_Phdr *s = elf_builder_load(b, flags, vaddr, NULL, 0, size);

	s->p_filesz = size;
	b->parts[b->num_parts - 1].from_start = true;
	return s;
}

Elf64_Shdr *elf_builder_section(struct elf_builder *b, const char *name,
				uint32_t type, uint64_t addr, const void *data,
				size_t size)
{
	struct elf_builder_part *p = part_add(b, data, size);

	p->name = name;
	p->section = (Elf64_Shdr){
		.sh_type = type,
		.sh_addr = addr,
		.sh_size = size,
		.sh_addralign = 1,
	};
	return &p->section;
}

void elf_builder_note(struct elf_builder *b, const char *owner, uint32_t type,
		      const void *desc, size_t size)
{
	size_t name = strlen(owner) + 1;
	Elf64_Nhdr header = {
		.n_namesz = (Elf64_Word)name,
		.n_descsz = (Elf64_Word)size,
		.n_type = type,
	};
	size_t name_end = (name + 3) & ~(size_t)3;
	size_t end = (size + 3) & ~(size_t)3;
	uint8_t *at = b->notes + b->notes_size;

	assert(sizeof(header) + name_end + end <=
	       sizeof(b->notes) - b->notes_size);
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), owner, name);
	if (size)
		memcpy(at + sizeof(header) + name_end, desc, size);
	b->notes_size += sizeof(header) + name_end + end;
}

void elf_builder_thread(struct elf_builder *b, uint32_t tid, uint16_t signal,
			uint64_t pc, uint64_t sp)
{
	uint8_t note[336] = { 0 };

	memcpy(note + 12, &signal, sizeof(signal));
	memcpy(note + 32, &tid, sizeof(tid));
	memcpy(note + 112 + 16 * 8, &pc, sizeof(pc));
	memcpy(note + 112 + 19 * 8, &sp, sizeof(sp));
	elf_builder_note(b, "CORE", NT_PRSTATUS, note, sizeof(note));
}

void elf_builder_siginfo(struct elf_builder *b, int signal, int code,
			 uint64_t addr)
{
	uint8_t note[128] = { 0 };

	memcpy(note, &signal, sizeof(signal));
	memcpy(note + 8, &code, sizeof(code));
	memcpy(note + 16, &addr, sizeof(addr));
	elf_builder_note(b, "CORE", NT_SIGINFO, note, sizeof(note));
}

void elf_builder_prpsinfo(struct elf_builder *b, uint32_t pid, const char *args)
{
	uint8_t note[136] = { 0 };

	assert(strlen(args) < 80);
	memcpy(note + 24, &pid, sizeof(pid));
	memcpy(note + 56, args, strlen(args));
	elf_builder_note(b, "CORE", NT_PRPSINFO, note, sizeof(note));
}

void elf_builder_auxv(struct elf_builder *b, const uint64_t (*pairs)[2],
		      size_t num)
{
	uint64_t note[2 * ELF_BUILDER_MAX + 2] = { 0 };

	assert(num <= ELF_BUILDER_MAX);
	memcpy(note, pairs, num * sizeof(*pairs));
	elf_builder_note(b, "CORE", NT_AUXV, note, (num + 1) * sizeof(*pairs));
}

void elf_builder_files(struct elf_builder *b,
		       const struct elf_builder_file *files, size_t num)
{
	uint8_t note[4096];
	uint64_t head[2] = { num, PAGE };
	size_t at = sizeof(head) + num * 24;

	memcpy(note, head, sizeof(head));
	for (size_t i = 0; i < num; i++) {
		size_t len = strlen(files[i].path) + 1;
		assert(at + len <= sizeof(note));
		memcpy(note + sizeof(head) + i * 24, &files[i], 24);
		memcpy(note + at, files[i].path, len);
		at += len;
	}
	elf_builder_note(b, "CORE", NT_FILE, note, at);
}

/* Appends @size bytes at the next offset that @align divides; the offset. */
static size_t append(struct elf_builder *b, size_t align, const void *data,
		     size_t size)
{
	size_t at = (b->size + align - 1) / align * align;

	b->bytes = realloc(b->bytes, at + size + 1);
	assert(b->bytes);
	memset(b->bytes + b->size, 0, at - b->size);
	if (size)
		memcpy(b->bytes + at, data, size);
	b->size = at + size;
	return at;
}

static void notes_append(struct elf_builder *b, Elf64_Phdr *ret)
{
	*ret = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = append(b, 4, b->notes, b->notes_size),
		.p_filesz = b->notes_size,
		.p_align = 4,
	};
}

/* Section headers: the null one, the parts' and their names'. */
static void sections_append(struct elf_builder *b, Elf64_Ehdr *e)
{
	Elf64_Shdr headers[ELF_BUILDER_MAX + 2] = { 0 };
	char names[1024] = { 0 };
	size_t len = 1, num = 1;

	for (size_t i = 0; i < b->num_parts; i++) {
		struct elf_builder_part *p = &b->parts[i];
		if (!p->name)
			continue;
		assert(len + strlen(p->name) + 10 < sizeof(names));
		p->section.sh_name = (Elf64_Word)len;
		memcpy(names + len, p->name, strlen(p->name));
		len += strlen(p->name) + 1;
		if (!p->section.sh_offset)
			p->section.sh_offset = append(b, 8, p->data, p->size);
		headers[num++] = p->section;
	}
	if (num == 1)
		return;
	headers[num] = (Elf64_Shdr){
		.sh_name = (Elf64_Word)len,
		.sh_type = SHT_STRTAB,
		.sh_size = len + 10,
	};
	memcpy(names + len, ".shstrtab", 9);
	headers[num].sh_offset = append(b, 1, names, len + 10);
	e->e_shstrndx = (Elf64_Half)num++;
	e->e_shnum = (Elf64_Half)num;
	e->e_shentsize = sizeof(Elf64_Shdr);
	e->e_shoff = append(b, 8, headers, num * sizeof(Elf64_Shdr));
}

const struct iq_source *elf_builder_finish(struct elf_builder *b)
{
	Elf64_Phdr segments[ELF_BUILDER_MAX + 1] = { 0 };
	Elf64_Ehdr e = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT, },
		.e_type = b->type,
		.e_machine = b->machine,
		.e_version = EV_CURRENT,
		.e_entry = b->entry,
		.e_phoff = sizeof(e),
		.e_ehsize = sizeof(e),
		.e_phentsize = sizeof(Elf64_Phdr),
	};
	size_t num = 0, note = 0;

	// Notes that come first stand first in the table, too.
	if (b->notes_size && !b->notes_last)
		note = num++;
	for (size_t i = 0; i < b->num_parts; i++)
		num += !b->parts[i].name;
	if (b->notes_size && b->notes_last)
		note = num++;
	e.e_phnum = (Elf64_Half)num;
	append(b, 1, &e, sizeof(e));
	append(b, 1, segments, num * sizeof(Elf64_Phdr));
	if (b->notes_size && !b->notes_last)
		notes_append(b, &segments[note]);
	num = b->notes_size && !b->notes_last;
	for (size_t i = 0; i < b->num_parts; i++) {
		struct elf_builder_part *p = &b->parts[i];
		if (p->name)
			continue;
		if (!p->from_start)
			p->segment.p_offset = append(b, PAGE, p->data, p->size);
		segments[num++] = p->segment;
	}
	if (b->notes_size && b->notes_last)
		notes_append(b, &segments[num++]);
	sections_append(b, &e);
	memcpy(b->bytes, &e, sizeof(e));
	memcpy(b->bytes + sizeof(e), segments, num * sizeof(Elf64_Phdr));
	b->source = (struct iq_source){
		.path = "built",
		.data = b->bytes,
		.size = b->size,
	};
	return &b->source;
}
