/* SPDX-License-Identifier: Apache-2.0 */
#include "go-process.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

#include "formats/go/moduledata.h"

/* A call of five bytes that returns to @pc. */
static void call_put(struct go_process *p, uint64_t pc)
{
	go_process_put(p, pc - 5, 0xe8, 1);
}

static uint64_t image_get(const struct go_image *image, size_t offset,
			  size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)image->bytes[offset + i] << (8 * i);
	return value;
}

/* main.G and goexit get the frame sizes of main.main, goexit the flag of the
 * outermost function. */
static void functions_adapt(struct go_process *p)
{
	const struct iq_go_layout *l = p->image.version->layout;
	struct go_image *image = &p->image;
	uint64_t sp = image_get(image, image->func[0] + l->func_pcsp.offset, 4);

	p->goexit = image->pcln + image_get(image, image->ftab + 8 * 2 + 4, 4);
	go_image_put(image, image->func[1] + l->func_pcsp.offset, sp, 4);
	go_image_put(image, p->goexit + l->func_pcsp.offset, sp, 4);
	go_image_put(image, p->goexit + l->func_flag.offset, IQ_FUNC_TOPFRAME,
		     1);
}

void go_process_init(struct go_process *p, const char *version)
{
	memset(p, 0, sizeof(*p));
	go_image_init(&p->image, version);
	functions_adapt(p);
	memset(p->text, 0x90, sizeof(p->text));
	call_put(p, GO_PROCESS_PC_MAIN);
	call_put(p, GO_PROCESS_PC_G);
	// Address 0 of the heap is nobody's.
	p->heap_used = 64;
}

static void range_add(struct go_process *p, size_t source, uint64_t addr,
		      const uint8_t *bytes, size_t size)
{
	p->sources[source] = (struct iq_source){
		.path = "process",
		.data = bytes,
		.size = size,
	};
	const struct iq_memory_range range = {
		.addr = addr,
		.len = size,
		.source = &p->sources[source],
		.state = IQ_MEMORY_PRESENT,
		.prot = IQ_MEMORY_READ | IQ_MEMORY_WRITE,
	};
	struct iq_error *err = iq_memory_add(p->memory, &range);

	assert(!err);
}

void go_process_open(struct go_process *p)
{
	struct iq_error *err = iq_memory_create(&p->memory);

	assert(!err);
	range_add(p, 0, GO_IMAGE_ADDR, p->image.bytes, sizeof(p->image.bytes));
	range_add(p, 1, GO_IMAGE_TEXT, p->text, sizeof(p->text));
	range_add(p, 2, GO_PROCESS_HEAP, p->heap, sizeof(p->heap));
	range_add(p, 3, GO_PROCESS_BSS, p->bss, sizeof(p->bss));
	err = iq_memory_finish(p->memory);
	assert(!err);
	bool read = iq_go_moduledata_read(
		p->memory, p->image.version->layout,
		go_image_addr(&p->image, p->image.moduledata), &p->module);
	assert(read);
	p->module.has_pclntab = true;
	p->module.has_funcdata = true;
	p->module.bss = GO_PROCESS_BSS;
	p->module.ebss = GO_PROCESS_BSS + GO_PROCESS_BSS_SIZE;
	p->module.noptrbss = p->module.enoptrbss = 0;
	p->module.types = GO_PROCESS_HEAP;
	p->module.etypes = GO_PROCESS_HEAP + GO_PROCESS_HEAP_SIZE;
	p->core = (struct iq_core){
		.source = &p->core_source,
		.machine = EM_X86_64,
		.cpu = iq_arch_find(EM_X86_64),
		.arch = "amd64",
		.memory = p->memory,
		.threads = p->threads,
		.num_threads = p->core.num_threads,
	};
	p->program = (struct iq_go_program){
		.core = &p->core,
		.memory = p->memory,
		.version = p->image.version,
		.version_exact = true,
		.modules = &p->module,
		.num_modules = 1,
	};
	err = iq_pclntab_create(p->memory, p->image.version, &p->module, 1,
				&p->program.pcln);
	assert(!err);
	err = iq_facts_create(&p->facts);
	assert(!err);
	p->rt = (struct iq_go_runtime){
		.program = &p->program,
		.core = &p->core,
		.memory = p->memory,
		.layout = p->image.version->layout,
		.version = p->image.version,
		.facts = p->facts,
	};
}

void go_process_close(struct go_process *p)
{
	iq_go_runtime_deinit(&p->rt);
	iq_facts_destroy(p->facts);
	iq_pclntab_destroy(p->program.pcln);
	iq_memory_destroy(p->memory);
}

uint64_t go_process_alloc(struct go_process *p, size_t size)
{
	size_t at = (p->heap_used + 15) & ~(size_t)15;

	assert(at + size <= sizeof(p->heap));
	p->heap_used = at + size;
	return GO_PROCESS_HEAP + at;
}

void go_process_put(struct go_process *p, uint64_t addr, uint64_t value,
		    size_t size)
{
	uint8_t *to;

	if (addr >= GO_PROCESS_HEAP) {
		assert(addr - GO_PROCESS_HEAP + size <= sizeof(p->heap));
		to = p->heap + (addr - GO_PROCESS_HEAP);
	} else if (addr >= GO_PROCESS_BSS) {
		assert(addr - GO_PROCESS_BSS + size <= sizeof(p->bss));
		to = p->bss + (addr - GO_PROCESS_BSS);
	} else {
		assert(addr >= GO_IMAGE_TEXT &&
		       addr - GO_IMAGE_TEXT + size <= sizeof(p->text));
		to = p->text + (addr - GO_IMAGE_TEXT);
	}
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

void go_process_word(struct go_process *p, uint64_t addr, uint64_t value)
{
	go_process_put(p, addr, value, 8);
}

void go_process_field(struct go_process *p, uint64_t addr,
		      struct iq_go_field field, uint64_t value)
{
	assert(field.offset != IQ_GO_ABSENT);
	go_process_put(p, addr + field.offset, value, field.size);
}

void go_process_text(struct go_process *p, uint64_t addr, const char *text)
{
	for (size_t i = 0; text[i]; i++)
		go_process_put(p, addr + i, (uint8_t)text[i], 1);
}

void go_process_slice(struct go_process *p, uint64_t addr, uint64_t data,
		      uint64_t len)
{
	go_process_word(p, addr, data);
	go_process_word(p, addr + 8, len);
}

static unsigned reason_number(const struct go_process *p, const char *reason)
{
	const struct iq_go_version *v = p->image.version;

	for (unsigned i = 0; i < v->num_wait_reasons; i++) {
		if (strcmp(v->wait_reasons[i], reason) == 0)
			return i;
	}
	assert(!*reason);
	return 0;
}

/* A stack of three frames that ends at @hi; its stack pointer. */
static uint64_t stack_make(struct go_process *p, uint64_t hi)
{
	uint64_t sp = hi - 64 - 2 * GO_PROCESS_FRAME;

	go_process_word(p, sp + GO_PROCESS_FRAME - 8, GO_PROCESS_PC_G);
	go_process_word(p, sp + 2 * GO_PROCESS_FRAME - 8, GO_PROCESS_PC_GOEXIT);
	return sp;
}

uint64_t go_process_g(struct go_process *p, uint64_t goid,
		      enum iq_gstatus status, const char *reason)
{
	const struct iq_go_layout *l = p->image.version->layout;
	uint64_t g = go_process_alloc(p, l->g_size);
	uint64_t lo = go_process_alloc(p, GO_PROCESS_STACK_SIZE);
	uint64_t hi = lo + GO_PROCESS_STACK_SIZE;

	assert(p->num_gs < GO_PROCESS_GS);
	p->gs[p->num_gs++] = g;
	go_process_field(p, g, l->g_goid, goid);
	go_process_field(p, g, l->g_stack_lo, lo);
	go_process_field(p, g, l->g_stack_hi, hi);
	go_process_field(p, g, l->g_atomicstatus, status);
	go_process_field(p, g, l->g_waitreason, reason_number(p, reason));
	go_process_field(p, g, l->g_sched_g, g);
	go_process_field(p, g, l->g_sched_pc, GO_PROCESS_PC_MAIN);
	go_process_field(p, g, l->g_sched_sp, stack_make(p, hi));
	go_process_field(p, g, l->g_startpc, GO_IMAGE_TEXT + 0x40);
	return g;
}

uint64_t go_process_sp(const struct go_process *p, uint64_t g)
{
	uint64_t sp = 0;
	size_t at = g - GO_PROCESS_HEAP +
		    p->image.version->layout->g_sched_sp.offset;

	memcpy(&sp, p->heap + at, sizeof(sp));
	return sp;
}

void go_process_allgs(struct go_process *p)
{
	uint64_t array = go_process_alloc(p, 8 * p->num_gs);
	uint64_t slice = GO_PROCESS_BSS + 64;

	for (size_t i = 0; i < p->num_gs; i++)
		go_process_word(p, array + 8 * i, p->gs[i]);
	go_process_slice(p, slice, array, p->num_gs);
	go_process_word(p, slice + 16, p->num_gs);
}

uint64_t go_process_m(struct go_process *p, uint64_t procid, uint64_t curg)
{
	const struct iq_go_layout *l = p->image.version->layout;
	uint64_t m = go_process_alloc(p, l->m_size);
	struct iq_go_field own[2] = { l->m_g0, l->m_gsignal };

	for (size_t i = 0; i < 2; i++) {
		uint64_t g = go_process_alloc(p, l->g_size);
		uint64_t lo = go_process_alloc(p, GO_PROCESS_STACK_SIZE);

		go_process_field(p, m, own[i], g);
		go_process_field(p, g, l->g_m, m);
		go_process_field(p, g, l->g_stack_lo, lo);
		go_process_field(p, g, l->g_stack_hi,
				 lo + GO_PROCESS_STACK_SIZE);
	}
	go_process_field(p, m, l->m_procid, procid);
	go_process_field(p, m, l->m_curg, curg);
	if (curg)
		go_process_field(p, curg, l->g_m, m);
	return m;
}
