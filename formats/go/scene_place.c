/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "formats/go/record.h"
#include "formats/go/scene.h"

/* Values below it are numbers, not addresses. */
#define SMALL 4096
/* Bytes below the stack of a thread of C where its guard may be. */
#define GUARD 65536

void iq_go_scene_put_frame(const struct iq_frame *frame, struct iq_out *out)
{
	iq_go_scene_clean(out, frame->function);
	if (!frame->file.len)
		return;
	iq_out_char(out, ' ');
	iq_go_scene_clean(out, iq_str_basename(frame->file));
	if (frame->line)
		iq_out_printf(out, ":%" PRIu32, frame->line);
}

static bool put_code(const struct iq_go_scene *s, uint64_t addr,
		     struct iq_out *out)
{
	const struct iq_go_frames *calls;
	struct iq_error *err = iq_go_symbolize(s->sym, addr, true, &calls);

	if (err) {
		iq_error_destroy(err);
		return false;
	}
	if (!calls->num)
		return false;
	iq_go_scene_put_frame(calls->frames[0], out);
	return true;
}

/* A function of C, by its name and its module's. */
static bool put_c_code(const struct iq_go_scene *s, uint64_t addr,
		       struct iq_out *out)
{
	struct iq_error *err;
	struct iq_str name;
	uint64_t entry;
	size_t module;

	if (!iq_code_is_executable(s->code, addr) ||
	    !iq_code_module_find(s->code, addr, &module))
		return false;
	err = iq_code_function(s->code, module, addr, &name, &entry);
	if (err) {
		iq_error_destroy(err);
		return false;
	}
	if (!name.len)
		return false;
	iq_go_scene_clean(out, name);
	if (addr > entry)
		iq_out_printf(out, " + 0x%" PRIx64, addr - entry);
	iq_out_cstr(out, " of ");
	iq_go_scene_clean(out, iq_str_basename(s->code->modules[module].path));
	return true;
}

static bool put_stack(const struct iq_go_scene *s, uint64_t addr,
		      struct iq_out *out)
{
	const struct iq_go_runtime *rt = s->rt;

	for (size_t i = 0; i < rt->num_gs; i++) {
		const struct iq_go_g *g = &rt->gs[i];
		size_t frame;

		if (addr == g->addr) {
			iq_out_printf(out, "g of goroutine %" PRIu64, g->goid);
			return true;
		}
		if (addr < g->stack_lo || addr >= g->stack_hi)
			continue;
		iq_out_printf(out, "stack of goroutine %" PRIu64, g->goid);
		frame = g == s->g ? iq_go_scene_frame_of(s, addr) :
				    s->num_frames;
		if (frame < s->num_frames &&
		    iq_go_scene_function(&s->frames[frame]).len) {
			iq_out_cstr(out, ", frame of ");
			iq_go_scene_clean(
				out, iq_go_scene_function(&s->frames[frame]));
		}
		return true;
	}
	return false;
}

static bool put_thread(const struct iq_go_scene *s, uint64_t addr,
		       struct iq_out *out)
{
	for (size_t i = 0; i < s->rt->num_ms; i++) {
		const struct iq_go_m *m = &s->rt->ms[i];
		const char *what = NULL;

		if (addr == m->addr)
			what = "m %" PRId64;
		else if (addr == m->g0)
			what = "g0 of m %" PRId64;
		else if (addr == m->gsignal)
			what = "gsignal of m %" PRId64;
		else if (addr >= m->g0_lo && addr < m->g0_hi)
			what = "system stack of m %" PRId64;
		else if (addr >= m->gsignal_lo && addr < m->gsignal_hi)
			what = "signal stack of m %" PRId64;
		else if (addr < m->g0_lo && m->g0_lo - addr < GUARD &&
			 iq_memory_state(s->rt->memory, addr) ==
				 IQ_MEMORY_UNMAPPED)
			what = "below the system stack of m %" PRId64;
		if (!what)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		iq_out_printf(out, what, m->id);
#pragma GCC diagnostic pop
		return true;
	}
	return false;
}

/* The type of the object at @addr, where the heap keeps it beside it. */
static uint64_t type_of(const struct iq_go_scene *s,
			const struct iq_go_span *span, uint64_t object)
{
	int64_t min = s->rt->version->constants->min_size_for_malloc_header;
	uint64_t type = 0;

	if (span->large_type)
		return span->large_type;
	// Go: src/runtime/mbitmap.go, heapBitsInSpan; 1.22 and newer.
	if (!iq_go_has(s->rt->layout->mspan_large_type) || span->noscan ||
	    min == IQ_GO_NO_CONSTANT || span->elem_size <= (uint64_t)min ||
	    !iq_memory_u64(s->rt->memory, object, &type))
		return 0;
	return type;
}

static bool put_object(const struct iq_go_scene *s, uint64_t addr,
		       struct iq_out *out)
{
	struct iq_go_span span;
	struct iq_go_type type;
	uint64_t object;

	if (!iq_go_span_find(s->rt, s->mheap_addr, addr, &span))
		return false;
	if (span.state == 0)
		iq_out_cstr(out, "a freed span of the heap");
	else if (span.state != 1 || !span.elem_size)
		iq_out_cstr(out, "the heap, in a stack that is not in use or "
				 "the runtime's own memory");
	if (span.state != 1 || !span.elem_size)
		return true;
	object = addr - (addr - span.start) % span.elem_size;
	iq_out_printf(out, "heap object of %" PRIu64 " bytes", span.elem_size);
	if (iq_go_type_read(s->rt, type_of(s, &span, object), &type)) {
		iq_out_cstr(out, ", ");
		iq_go_scene_clean(out,
				  (struct iq_str){ type.name, type.name_len });
	}
	if (addr != object)
		iq_out_printf(out, ", + 0x%" PRIx64, addr - object);
	return true;
}

static bool in(uint64_t addr, uint64_t begin, uint64_t end)
{
	return addr >= begin && addr < end;
}

static bool put_module(const struct iq_go_scene *s, uint64_t addr,
		       struct iq_out *out)
{
	for (size_t i = 0; i < s->rt->program->num_modules; i++) {
		const struct iq_go_module *m = &s->rt->program->modules[i];
		struct iq_go_type type;

		if (iq_go_module_has_variable(m, addr)) {
			iq_out_cstr(out, "package variables");
			return true;
		}
		if (!in(addr, m->types, m->etypes))
			continue;
		if (iq_go_type_read(s->rt, addr, &type)) {
			iq_out_cstr(out, "type ");
			iq_go_scene_clean(
				out,
				(struct iq_str){ type.name, type.name_len });
		} else {
			iq_out_cstr(out, "read-only data");
		}
		return true;
	}
	return false;
}

static bool put_file(const struct iq_go_scene *s, uint64_t addr,
		     struct iq_out *out)
{
	const struct iq_core *core = s->rt->core;

	for (size_t i = 0; i < core->num_files; i++) {
		const struct iq_core_file *f = &core->files[i];

		if (!in(addr, f->start, f->end))
			continue;
		iq_go_scene_clean(out, iq_str_basename(f->path));
		iq_out_printf(out, " + 0x%" PRIx64,
			      addr - f->start + f->offset);
		return true;
	}
	return false;
}

void iq_go_scene_place(const struct iq_go_scene *s, uint64_t addr,
		       struct iq_out *out)
{
	if (addr < SMALL)
		return;
	if (put_code(s, addr, out) || put_c_code(s, addr, out) ||
	    put_stack(s, addr, out) || put_thread(s, addr, out) ||
	    put_object(s, addr, out) || put_module(s, addr, out))
		return;
	(void)put_file(s, addr, out);
}
