/* SPDX-License-Identifier: Apache-2.0 */
#include "go-image.h"

#include <assert.h>
#include <string.h>

uint64_t go_image_addr(const struct go_image *image, size_t offset)
{
	(void)image;
	return GO_IMAGE_ADDR + offset;
}

void go_image_put(struct go_image *image, size_t offset, uint64_t value,
		  size_t size)
{
	assert(offset + size <= sizeof(image->bytes));
	for (size_t i = 0; i < size; i++)
		image->bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

/* Appends at the next offset that 8 divides; its offset. */
static size_t append(struct go_image *image, const void *data, size_t size)
{
	size_t at = (image->used + 7) & ~(size_t)7;

	assert(at + size <= sizeof(image->bytes));
	if (size)
		memcpy(image->bytes + at, data, size);
	image->used = at + size;
	return at;
}

/* Values and the offsets from the entry up to which they hold. */
struct step {
	int32_t value;
	uint32_t until;
};

/* A pc-value table, small deltas only; its offset in pctab. */
static uint32_t pctab_add(uint8_t *pctab, size_t *used,
			  const struct step *steps, size_t num)
{
	size_t at = *used;
	int32_t value = -1;
	uint32_t pc = 0;

	for (size_t i = 0; i < num; i++) {
		int32_t delta = steps[i].value - value;
		pctab[(*used)++] =
			(uint8_t)(delta < 0 ? -2 * delta - 1 : 2 * delta);
		pctab[(*used)++] = (uint8_t)(steps[i].until - pc);
		value = steps[i].value;
		pc = steps[i].until;
	}
	pctab[(*used)++] = 0;
	return (uint32_t)at;
}

/* Offsets into pctab; those of main.main first. */
struct tables {
	uint8_t bytes[128];
	size_t used;
	uint32_t sp, file[2], line[2], inlined;
};

static void tables_make(struct tables *t)
{
	const struct step sp[] = { { 0, 4 }, { 24, 0x40 } };
	const struct step file[] = { { 0, 0x10 }, { 1, 0x20 }, { 0, 0x40 } };
	const struct step line[] = { { 10, 0x10 }, { 5, 0x20 }, { 12, 0x40 } };
	const struct step inlined[] = { { -1, 0x10 },
					{ 0, 0x20 },
					{ -1, 0x40 } };
	const struct step file_g[] = { { 0, 0x20 } };
	const struct step line_g[] = { { 20, 0x20 } };

	memset(t, 0, sizeof(*t));
	t->used = 1;
	t->sp = pctab_add(t->bytes, &t->used, sp, 2);
	t->file[0] = pctab_add(t->bytes, &t->used, file, 3);
	t->line[0] = pctab_add(t->bytes, &t->used, line, 3);
	// The first delta is 0: only the first pair may have that.
	t->inlined = pctab_add(t->bytes, &t->used, inlined, 3);
	t->file[1] = pctab_add(t->bytes, &t->used, file_g, 1);
	t->line[1] = pctab_add(t->bytes, &t->used, line_g, 1);
}

/* One record of pclntable with 3 PCDATA and 4 FUNCDATA. */
static size_t func_add(struct go_image *image, uint32_t entry, uint32_t name,
		       uint32_t sp, uint32_t file, uint32_t line,
		       uint32_t inlined, uint32_t tree)
{
	const struct iq_go_layout *l = image->version->layout;
	const uint32_t arrays[7] = { 0,		 0,	     inlined,
				     UINT32_MAX, UINT32_MAX, UINT32_MAX,
				     tree };
	uint8_t record[64] = { 0 };
	size_t at = append(image, record, l->func_size);

	memcpy(image->bytes + at + l->func_size, arrays, sizeof(arrays));
	image->used += sizeof(arrays);
	go_image_put(image, at + l->func_entry_off.offset, entry, 4);
	go_image_put(image, at + l->func_name_off.offset, name, 4);
	go_image_put(image, at + l->func_pcsp.offset, sp, 4);
	go_image_put(image, at + l->func_pcfile.offset, file, 4);
	go_image_put(image, at + l->func_pcln.offset, line, 4);
	go_image_put(image, at + l->func_npcdata.offset, 3, 4);
	go_image_put(image, at + l->func_nfuncdata.offset, 4, 1);
	if (l->func_start_line.offset != IQ_GO_ABSENT)
		go_image_put(image, at + l->func_start_line.offset, 9, 4);
	return at;
}

static void slice_put(struct go_image *image, struct iq_go_field field,
		      size_t at, size_t len)
{
	size_t to = image->moduledata + field.offset;

	go_image_put(image, to, go_image_addr(image, at), 8);
	go_image_put(image, to + 8, len, 8);
	go_image_put(image, to + 16, len, 8);
}

static void word_put(struct go_image *image, struct iq_go_field field,
		     uint64_t value)
{
	go_image_put(image, image->moduledata + field.offset, value, 8);
}

static void header_put(struct go_image *image, struct iq_go_field field,
		       uint64_t value)
{
	go_image_put(image, image->header + field.offset, value, field.size);
}

static void header_make(struct go_image *image)
{
	const struct iq_go_layout *l = image->version->layout;

	header_put(image, l->pc_header_magic,
		   image->version->tables->pclntab_magic);
	header_put(image, l->pc_header_min_lc, 1);
	header_put(image, l->pc_header_ptr_size, 8);
	header_put(image, l->pc_header_nfunc, 3);
	header_put(image, l->pc_header_funcname_offset,
		   image->funcname - image->header);
	header_put(image, l->pc_header_cu_offset, image->cu - image->header);
	header_put(image, l->pc_header_filetab_offset,
		   image->file - image->header);
	header_put(image, l->pc_header_pctab_offset, image->pc - image->header);
	header_put(image, l->pc_header_pcln_offset,
		   image->pcln - image->header);
}

static void moduledata_make(struct go_image *image, size_t pc_size)
{
	const struct iq_go_layout *l = image->version->layout;
	uint64_t data = GO_IMAGE_ADDR;

	word_put(image, l->moduledata_pc_header,
		 go_image_addr(image, image->header));
	slice_put(image, l->moduledata_funcnametab, image->funcname,
		  image->cu - image->funcname);
	slice_put(image, l->moduledata_cutab, image->cu, 2);
	slice_put(image, l->moduledata_filetab, image->file,
		  image->pc - image->file);
	slice_put(image, l->moduledata_pctab, image->pc, pc_size);
	slice_put(image, l->moduledata_pclntable, image->pcln,
		  image->gofunc - image->pcln);
	slice_put(image, l->moduledata_ftab, image->ftab, 4);
	word_put(image, l->moduledata_minpc, GO_IMAGE_TEXT);
	word_put(image, l->moduledata_maxpc, GO_IMAGE_TEXT + 0x70);
	word_put(image, l->moduledata_text, GO_IMAGE_TEXT);
	word_put(image, l->moduledata_etext, GO_IMAGE_TEXT + 0x70);
	word_put(image, l->moduledata_data, data);
	word_put(image, l->moduledata_edata, data + 64);
	go_image_put(image,
		     image->moduledata + l->moduledata_gcdatamask_n.offset, 8,
		     4);
	word_put(image, l->moduledata_gcdatamask_bytedata, data);
	word_put(image, l->moduledata_gofunc,
		 go_image_addr(image, image->gofunc));
}

/* ftab, then the records, as in pclntable. */
static void functions_make(struct go_image *image, const struct tables *t)
{
	static const uint8_t room[4 * 8];
	const uint32_t entries[4] = { 0, 0x40, 0x60, 0x70 };
	size_t records[3];

	image->pcln = image->ftab = append(image, room, sizeof(room));
	records[0] = func_add(image, 0, 1, t->sp, t->file[0], t->line[0],
			      t->inlined, 16);
	records[1] = func_add(image, 0x40, 11, 0, t->file[1], t->line[1], 0,
			      UINT32_MAX);
	records[2] = func_add(image, 0x60, 35, 0, 0, 0, 0, UINT32_MAX);
	for (size_t i = 0; i < 4; i++) {
		go_image_put(image, image->ftab + 8 * i, entries[i], 4);
		if (i < 3)
			go_image_put(image, image->ftab + 8 * i + 4,
				     records[i] - image->pcln, 4);
	}
	image->func[0] = records[0];
	image->func[1] = records[1];
}

void go_image_init(struct go_image *image, const char *version)
{
	static const char names[] = "\0main.main\0main.G[go.shape.string]\0"
				    "runtime.goexit\0main.inner";
	static const char files[] = "\0/src/main.go\0/src/inner.go";
	static const uint32_t cu[2] = { 1, 14 };
	static const uint8_t zeros[1024];
	struct tables tables;
	bool exact;

	memset(image, 0, sizeof(*image));
	image->version =
		iq_go_version_find(iq_str_of(version), "amd64", &exact);
	assert(image->version);
	const struct iq_go_layout *l = image->version->layout;
	tables_make(&tables);
	append(image, zeros, 64);
	image->moduledata = append(image, zeros, l->moduledata_size);
	image->header = append(image, zeros, l->pc_header_size);
	image->funcname = append(image, names, sizeof(names));
	image->cu = append(image, cu, sizeof(cu));
	image->file = append(image, files, sizeof(files));
	image->pc = append(image, tables.bytes, tables.used);
	functions_make(image, &tables);
	image->gofunc = append(image, zeros, 16 + l->inlined_call_size);
	size_t inlined = image->gofunc + 16;
	go_image_put(image, inlined + l->inlined_call_func_id.offset, 3, 1);
	go_image_put(image, inlined + l->inlined_call_name_off.offset, 50, 4);
	go_image_put(image, inlined + l->inlined_call_parent_pc.offset, 8, 4);
	header_make(image);
	moduledata_make(image, tables.used);
}

void go_image_map(struct go_image *image)
{
	image->source = (struct iq_source){
		.path = "image",
		.data = image->bytes,
		.size = sizeof(image->bytes),
	};
	const struct iq_memory_range range = {
		.addr = GO_IMAGE_ADDR,
		.len = sizeof(image->bytes),
		.source = &image->source,
		.state = IQ_MEMORY_PRESENT,
		.prot = IQ_MEMORY_READ | IQ_MEMORY_WRITE,
	};
	struct iq_error *err = iq_memory_create(&image->memory);

	if (!err)
		err = iq_memory_add(image->memory, &range);
	if (!err)
		err = iq_memory_finish(image->memory);
	assert(!err);
}

void go_image_deinit(struct go_image *image)
{
	iq_memory_destroy(image->memory);
	image->memory = NULL;
}
