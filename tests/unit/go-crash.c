/* SPDX-License-Identifier: Apache-2.0 */
#include "go-crash.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

#include "formats/go/crash.h"
#include "formats/go/goroutine.h"
#include "formats/go/scene.h"
#include "formats/go/stacks.h"
#include "formats/go/thread.h"

void go_crash_init(struct go_crash *c, const char *version)
{
	memset(c, 0, sizeof(*c));
	go_process_init(&c->p, version);
	c->l = c->p.image.version->layout;
	c->g = go_process_g(&c->p, 1, IQ_GSTATUS_RUNNING, "");
	c->sp = go_process_sp(&c->p, c->g);
	c->m = go_process_m(&c->p, 100, c->g);
	go_process_field(&c->p, c->m, c->l->m_dying, 1);
	c->p.threads[0] = (struct iq_core_thread){
		.tid = 100,
		.pc = GO_IMAGE_TEXT,
		.sp = 0x7fff0000,
	};
	c->p.core.num_threads = 1;
	go_process_word(&c->p, GO_PROCESS_BSS + 1024, c->m);
}

const struct iq_scene *go_crash_read(struct go_crash *c)
{
	const struct iq_stack *stacks[GO_PROCESS_GS];
	struct iq_go_runtime *rt = &c->p.rt;
	struct iq_go_symbolizer *sym;
	struct iq_error *err;

	go_process_allgs(&c->p);
	go_process_open(&c->p);
	c->p.core.has_signal = true;
	c->p.core.signal = SIGABRT;
	rt->allgs_addr = GO_PROCESS_BSS + 64;
	rt->allm_addr = GO_PROCESS_BSS + 1024;
	err = iq_go_goroutines_read(rt);
	assert(!err);
	err = iq_go_threads_read(rt);
	assert(!err);
	err = iq_go_symbolizer_create(rt, &sym);
	assert(!err);
	err = iq_go_stacks_read(rt, sym, stacks);
	assert(!err);
	iq_go_symbolizer_destroy(sym);
	for (size_t i = 0; i < rt->num_gs; i++) {
		struct iq_goroutine_fact fact = {
			.has_id = true,
			.id = rt->gs[i].goid,
			.stack = stacks[i],
		};
		bool pushed = iq_vec_push(&c->p.facts->goroutines, fact);

		assert(pushed);
	}
	err = iq_go_crash_read(rt);
	assert(!err);
	err = iq_go_scene_read(rt, 0);
	assert(!err);
	return c->p.facts->scene;
}

void go_crash_close(struct go_crash *c)
{
	go_process_close(&c->p);
}

/* A name as the linker writes it: flags, length, text. */
static uint64_t name_make(struct go_crash *c, const char *prefix,
			  const char *name)
{
	size_t len = strlen(prefix) + strlen(name);
	uint64_t addr = go_process_alloc(&c->p, len + 2);

	go_process_put(&c->p, addr + 1, len, 1);
	go_process_text(&c->p, addr + 2, prefix);
	go_process_text(&c->p, addr + 2 + strlen(prefix), name);
	return addr;
}

uint64_t go_crash_type(struct go_crash *c, const char *name,
		       enum iq_go_kind kind, uint64_t size)
{
	const struct iq_go_constants *k = c->p.image.version->constants;
	uint64_t type = go_process_alloc(&c->p, c->l->type_header_size + 64);

	go_process_field(&c->p, type, c->l->type_size, size);
	go_process_field(&c->p, type, c->l->type_kind, kind);
	go_process_field(&c->p, type, c->l->type_tflag,
			 (uint64_t)k->tflag_extra_star);
	go_process_field(&c->p, type, c->l->type_str,
			 name_make(c, "*", name) - GO_PROCESS_HEAP);
	return type;
}

void go_crash_struct(struct go_crash *c, uint64_t type,
		     const struct go_crash_field *fields, size_t num)
{
	uint64_t array = go_process_alloc(&c->p, num * c->l->struct_field_size);
	uint64_t slice = type + c->l->struct_type_fields.offset;

	go_process_slice(&c->p, slice, array, num);
	go_process_word(&c->p, slice + 16, num);
	for (size_t i = 0; i < num; i++) {
		uint64_t at = array + i * c->l->struct_field_size;

		go_process_field(&c->p, at, c->l->struct_field_name,
				 name_make(c, "", fields[i].name));
		go_process_field(&c->p, at, c->l->struct_field_type,
				 fields[i].type);
		go_process_field(&c->p, at, c->l->struct_field_offset,
				 fields[i].offset);
	}
}

uint64_t go_crash_string(struct go_crash *c, const char *text)
{
	uint64_t bytes = go_process_alloc(&c->p, strlen(text) + 1);
	uint64_t header = go_process_alloc(&c->p, 16);

	go_process_text(&c->p, bytes, text);
	go_process_slice(&c->p, header, bytes, strlen(text));
	return header;
}

uint64_t go_crash_panic(struct go_crash *c, uint64_t addr, uint64_t type,
			uint64_t data)
{
	uint64_t link = 0;

	if (!addr)
		addr = go_process_alloc(&c->p, c->l->panic_size);
	memcpy(&link,
	       c->p.heap + (c->g - GO_PROCESS_HEAP) + c->l->g_panic.offset,
	       sizeof(link));
	go_process_field(&c->p, addr, c->l->panic_link, link);
	go_process_word(&c->p, addr + c->l->panic_arg.offset, type);
	go_process_word(&c->p, addr + c->l->panic_arg.offset + 8, data);
	go_process_field(&c->p, c->g, c->l->g_panic, addr);
	return addr;
}
