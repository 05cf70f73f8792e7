/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/code.h"

#include <elf.h>
#include <stdlib.h>

/* The first byte of .eh_frame_hdr, and pointers of 4 bytes from their place on.
 * LSB 5.0, Core, 10.6.2; DW_EH_PE_pcrel | DW_EH_PE_sdata4. */
#define EH_FRAME_HDR_VERSION 1
#define ENCODING_PCREL_SDATA4 0x1b

static int compare(const void *pa, const void *pb)
{
	const struct iq_code_module *a = pa;
	const struct iq_code_module *b = pb;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* What .eh_frame_hdr points to, in a file without section headers. */
static bool eh_frame_of_header(const struct iq_memory *memory, uint64_t bias,
			       const struct iq_elf *elf, uint64_t *ret)
{
	const struct iq_elf_segment *s;
	size_t num;

	s = iq_elf_segments(elf, &num);
	for (size_t i = 0; i < num; i++) {
		uint64_t at = s[i].vaddr + bias;
		uint64_t version, encoding;
		uint32_t offset;

		if (s[i].type != PT_GNU_EH_FRAME ||
		    !iq_memory_uint(memory, at, 1, &version) ||
		    version != EH_FRAME_HDR_VERSION ||
		    !iq_memory_uint(memory, at + 1, 1, &encoding) ||
		    encoding != ENCODING_PCREL_SDATA4 ||
		    !iq_memory_u32(memory, at + 4, &offset))
			continue;
		*ret = at + 4 + (uint64_t)(int64_t)(int32_t)offset;
		return true;
	}
	return false;
}

static void eh_frame_find(const struct iq_memory *memory,
			  struct iq_code_module *m)
{
	struct iq_elf_section s;
	uint64_t size = UINT64_MAX;
	const uint8_t *data;
	uint64_t addr, len;

	if (!m->elf)
		return;
	if (iq_elf_section_find(m->elf, ".eh_frame", &s) &&
	    s.type != SHT_NOBITS && s.addr) {
		addr = s.addr + m->bias;
		size = s.size;
	} else if (!eh_frame_of_header(memory, m->bias, m->elf, &addr)) {
		return;
	}
	data = iq_memory_window(memory, addr, &len);
	if (!data || !len)
		return;
	m->eh_frame = data;
	m->eh_frame_addr = addr;
	m->eh_frame_len = len < size ? len : size;
}

/* A core that has a module's pages needs no file to unwind its code. */
static struct iq_error *module_take(const struct iq_core *core,
				    const struct iq_core_module *from,
				    struct iq_core_image *image,
				    struct iq_code_module *ret)
{
	struct iq_error *err = NULL;

	*ret = (struct iq_code_module){
		.path = from->path,
		.elf = from->elf,
		.bias = from->bias,
		.start = from->start,
		.end = from->end,
	};
	if (from->elf)
		return NULL;
	err = iq_core_image_init(image, core->memory, from->start);
	ret->elf = image->elf;
	return err;
}

static struct iq_error *vdso_take(struct iq_code *code,
				  struct iq_code_module *ret, bool *found_ret)
{
	const struct iq_core *core = code->core;
	const struct iq_elf_segment *s;
	struct iq_error *err;
	size_t num;

	*found_ret = false;
	if (!core->auxv_vdso)
		return NULL;
	err = iq_core_image_init(&code->vdso, core->memory, core->auxv_vdso);
	if (err || !code->vdso.elf)
		return err;
	*ret = (struct iq_code_module){
		.path = IQ_STR("[vdso]"),
		.elf = code->vdso.elf,
		.start = core->auxv_vdso,
		.end = core->auxv_vdso,
	};
	s = iq_elf_segments(code->vdso.elf, &num);
	for (size_t i = 0; i < num && !*found_ret; i++) {
		if (s[i].type != PT_LOAD)
			continue;
		ret->bias = core->auxv_vdso - (s[i].vaddr - s[i].offset);
		if (s[i].memsz <= code->vdso.bytes.size)
			ret->end = ret->start + s[i].memsz;
		*found_ret = ret->end > ret->start;
	}
	return NULL;
}

struct iq_error *iq_code_init(struct iq_code *code, const struct iq_core *core)
{
	struct iq_error *err;
	bool found;

	*code = (struct iq_code){ .core = core };
	code->modules = calloc(core->num_modules + 1, sizeof(*code->modules));
	code->images = calloc(core->num_modules + 1, sizeof(*code->images));
	if (!code->modules || !code->images)
		return &iq_enomem;
	for (size_t i = 0; i < core->num_modules; i++) {
		err = module_take(core, &core->modules[i], &code->images[i],
				  &code->modules[code->num_modules++]);
		if (err)
			return err;
	}
	err = vdso_take(code, &code->modules[code->num_modules], &found);
	if (err)
		return err;
	code->num_modules += found;
	qsort(code->modules, code->num_modules, sizeof(*code->modules),
	      compare);
	for (size_t i = 0; i < code->num_modules; i++)
		eh_frame_find(core->memory, &code->modules[i]);
	return NULL;
}

void iq_code_deinit(struct iq_code *code)
{
	for (size_t i = 0; code->modules && i < code->num_modules; i++)
		iq_elf_functions_deinit(&code->modules[i].functions);
	free(code->modules);
	for (size_t i = 0; code->images && i < code->core->num_modules; i++)
		iq_core_image_deinit(&code->images[i]);
	free(code->images);
	iq_core_image_deinit(&code->vdso);
}

bool iq_code_module_find(const struct iq_code *code, uint64_t addr, size_t *ret)
{
	size_t lo = 0, hi = code->num_modules;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (code->modules[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0 || addr >= code->modules[lo - 1].end)
		return false;
	*ret = lo - 1;
	return true;
}

bool iq_code_is_executable(const struct iq_code *code, uint64_t addr)
{
	const struct iq_memory_range *range =
		iq_memory_find(code->core->memory, addr);

	return range && range->prot & IQ_MEMORY_EXEC;
}

struct iq_error *iq_code_function(struct iq_code *code, size_t module,
				  uint64_t addr, struct iq_str *name_ret,
				  uint64_t *entry_ret)
{
	struct iq_code_module *m = &code->modules[module];
	const struct iq_elf_function *f;
	struct iq_error *err = NULL;

	*name_ret = (struct iq_str){ 0 };
	*entry_ret = 0;
	if (!m->has_functions && m->elf) {
		m->has_functions = true;
		err = iq_elf_functions_read(m->elf, &m->functions);
	}
	f = err ? NULL : iq_elf_functions_find(&m->functions, addr - m->bias);
	if (!f)
		return err;
	*name_ret = f->name;
	*entry_ret = f->addr + m->bias;
	return NULL;
}
