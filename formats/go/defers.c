/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "formats/elf/arch.h"
#include "formats/go/open_defers.h"
#include "formats/go/record.h"
#include "formats/go/scene.h"

/* Go: src/internal/abi/symtab.go, FUNCDATA_OpenCodedDeferInfo; 1.18 - 1.27. */
#define FUNCDATA_OPEN_DEFERS 4
/* Deferred calls that are shown. */
#define DEFERS_MAX 256
/* Records of one goroutine that are looked at. */
#define RECORDS_MAX 4096
/* A wrapper of one deferred call is short. */
#define WRAPPER_MAX 512
#define CALLS_MAX 8

/* A record of g._defer. */
struct record {
	uint64_t fn, sp, panic;
	bool started, open;
};

struct records {
	IQ_VEC(struct record) items;
};

static void records_deinit(struct records *records)
{
	iq_vec_deinit(&records->items);
}

static uint64_t field(const struct iq_go_scene *s, uint64_t addr,
		      struct iq_go_field f)
{
	uint64_t value;

	return iq_go_field_read(s->rt->memory, addr, f, &value) ? value : 0;
}

static struct iq_error *records_read(const struct iq_go_scene *s,
				     struct records *ret)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t addr = s->g->defers;

	for (unsigned n = 0; addr && n < RECORDS_MAX; n++) {
		struct record r = {
			.fn = field(s, addr, l->defer_fn),
			.sp = field(s, addr, l->defer_sp),
			.panic = field(s, addr, l->defer_panic),
			.started = field(s, addr, l->defer_started),
			.open = field(s, addr, l->defer_open_defer),
		};

		if (!iq_vec_push(&ret->items, r))
			return &iq_enomem;
		addr = field(s, addr, l->defer_link);
	}
	return NULL;
}

/* Go: src/cmd/compile/internal/ir/func.go, closureName; some versions before
 * 1.21 have "dwrap", or a wrapper's FuncID and any name. */
static bool is_wrapper(struct iq_str name)
{
	return iq_str_search(name, IQ_STR(".deferwrap")) < name.len ||
	       iq_str_search(name, IQ_STR(".dwrap")) < name.len;
}

/* The function that is called or inlined at @pc of a wrapper; NULL if none. */
static struct iq_error *callee(struct iq_go_scene *s,
			       const struct iq_go_func *func, uint64_t pc,
			       const struct iq_frame **ret)
{
	const struct iq_pclntab *pcln = s->rt->program->pcln;
	const struct iq_arch *arch = s->rt->core->cpu;
	struct iq_go_call calls[CALLS_MAX];
	size_t num = iq_pclntab_calls(pcln, func, pc, calls, CALLS_MAX);
	struct iq_go_func target;
	const uint8_t *code;
	uint64_t len, at;

	if (num > 1) {
		const struct iq_go_call *call = &calls[num - 2];
		struct iq_frame frame = {
			.function = call->function,
			.file = call->file,
			.line = call->line,
			.inlined = true,
		};
		return iq_facts_frame(s->rt->facts, &frame, ret);
	}
	code = iq_memory_window(s->rt->memory, pc, &len);
	if (!code || !arch || !arch->call_target ||
	    !arch->call_target(code, (size_t)len, pc, &at) ||
	    !iq_pclntab_func(pcln, at, &target) || target.entry != at)
		return NULL;
	return iq_go_symbolize_entry(s->sym, at, ret);
}

/* What the wrapper of a deferred call calls; @frame itself if it is none, or
 * its code is not there. */
static struct iq_error *unwrap(struct iq_go_scene *s,
			       const struct iq_frame **frame)
{
	struct iq_go_func func;
	uint64_t step;

	if ((!(*frame)->wrapper && !is_wrapper((*frame)->function)) ||
	    !s->rt->core->cpu ||
	    !iq_pclntab_func(s->rt->program->pcln, (*frame)->entry, &func))
		return NULL;
	step = s->rt->core->cpu->pc_align;
	for (uint64_t pc = func.entry;
	     step && pc < func.end && pc - func.entry < WRAPPER_MAX;
	     pc += step) {
		const struct iq_frame *found = NULL;
		struct iq_error *err = callee(s, &func, pc, &found);

		if (err)
			return err;
		if (!found ||
		    iq_str_starts(found->function, IQ_STR("runtime.")))
			continue;
		*frame = found;
		return NULL;
	}
	return NULL;
}

/* "*sync.Mutex" of "sync.(*Mutex).Unlock"; empty if it is no such method. */
static struct iq_str receiver_type(struct iq_str function, char *buf,
				   size_t size)
{
	size_t begin = iq_str_search(function, IQ_STR(".(*"));
	size_t end = iq_str_search(function, IQ_STR(")."));
	struct iq_str package, type;

	if (begin == function.len || end == function.len || end < begin + 3 ||
	    function.len >= size)
		return IQ_STR("");
	package = iq_str_sub(function, 0, begin);
	type = iq_str_sub(function, begin + 3, end - begin - 3);
	buf[0] = '*';
	memcpy(buf + 1, package.ptr, package.len);
	buf[1 + package.len] = '.';
	memcpy(buf + 2 + package.len, type.ptr, type.len);
	return (struct iq_str){ buf, 2 + package.len + type.len };
}

/* Closures that capture nothing stand in the module's own data. */
static bool is_static(const struct iq_go_scene *s, uint64_t closure)
{
	for (size_t i = 0; i < s->rt->program->num_modules; i++) {
		const struct iq_go_module *m = &s->rt->program->modules[i];

		if ((closure >= m->text && closure < m->etext) ||
		    (closure >= m->rodata && closure < m->enoptrbss))
			return true;
	}
	return false;
}

/* "defer x.Close()" is a closure that captured x first, if at all. */
static struct iq_error *receiver_add(struct iq_go_scene *s, uint64_t closure,
				     const struct iq_frame *wrapper,
				     struct iq_scene_defer *defer)
{
	iq_cleanup(iq_go_values_deinit) struct iq_go_values values = {
		.facts = s->rt->facts,
	};
	char type[512], text[32];
	struct iq_str name;
	struct iq_error *err;
	uint64_t word, byte;

	name = receiver_type(defer->function->function, type, sizeof(type));
	if (!name.len || defer->function == wrapper || is_static(s, closure) ||
	    !iq_memory_u64(s->rt->memory, closure + 8, &word) || word % 4 ||
	    !iq_memory_uint(s->rt->memory, word, 1, &byte))
		return NULL;
	snprintf(text, sizeof(text), "0x%" PRIx64, word);
	err = iq_go_values_add(&values, "receiver", name, iq_str_of(text));
	return err ? err :
		     iq_go_values_take(&values, &defer->values,
				       &defer->num_values);
}

/* The function of @frame: calls that are inlined in it defer nothing.
 * Go: src/cmd/compile/internal/inline/inl.go, hairyVisitor. */
static const struct iq_frame *made_in(const struct iq_go_scene_frame *frame)
{
	return frame->calls->num ? frame->calls->frames[frame->calls->num - 1] :
				   NULL;
}

/* The call of @closure, which waits in frame @at. */
static struct iq_error *closure_add(struct iq_go_scene *s, uint64_t closure,
				    size_t at, bool running)
{
	struct iq_scene_defer defer = { .running = running };
	const struct iq_frame *function = NULL;
	struct iq_error *err;
	uint64_t pc;

	// A nil function can be deferred, too: it panics when it is run.
	if (s->defers.len >= DEFERS_MAX || !closure ||
	    !iq_memory_u64(s->rt->memory, closure, &pc))
		return NULL;
	err = iq_go_symbolize_entry(s->sym, pc, &function);
	if (err || !function || function->entry != pc ||
	    !function->function.len)
		return err;
	defer.function = function;
	defer.made_at = made_in(&s->frames[at]);
	// The runtime's own, below main, is of no interest.
	if (defer.made_at &&
	    iq_str_starts(defer.made_at->function, IQ_STR("runtime.")))
		return NULL;
	err = unwrap(s, &defer.function);
	if (!err)
		err = receiver_add(s, closure, function, &defer);
	if (!err && !iq_vec_push(&s->defers, defer))
		err = &iq_enomem;
	return err;
}

static bool slots_read(const struct iq_go_scene *s,
		       const struct iq_go_scene_frame *frame,
		       struct iq_go_open_slots *ret)
{
	uint64_t push = s->rt->core->cpu ? s->rt->core->cpu->call_push : 0;
	struct iq_go_func func;
	uint64_t data;

	// The frame pointer is saved below the return address.
	return iq_pclntab_func(s->rt->program->pcln, frame->pc, &func) &&
	       iq_pclntab_funcdata(s->rt->program->pcln, &func,
				   FUNCDATA_OPEN_DEFERS, &data) &&
	       iq_go_open_slots_read(s->rt, data, frame->fp - push - 8,
				     frame->fp - frame->sp, ret);
}

static struct iq_error *open_add(struct iq_go_scene *s, size_t at)
{
	struct iq_go_open_slots slots = { 0 };
	struct iq_error *err = NULL;

	if (!slots_read(s, &s->frames[at], &slots))
		return NULL;
	for (unsigned i = IQ_GO_OPEN_DEFERS_MAX; i-- && !err;) {
		uint64_t closure;

		if (slots.bits >> i & 1 && slots.addrs[i] &&
		    iq_memory_u64(s->rt->memory, slots.addrs[i], &closure))
			err = closure_add(s, closure, at, false);
	}
	return err;
}

static size_t frame_of_sp(const struct iq_go_scene *s, uint64_t sp)
{
	for (size_t i = 0; i < s->num_frames; i++) {
		if (s->frames[i].sp == sp)
			return i;
	}
	return s->num_frames;
}

/* The frame whose call panic @addr is running. */
static size_t frame_of_running(const struct iq_go_scene *s,
			       const struct records *records, uint64_t addr)
{
	const struct iq_go_layout *l = s->rt->layout;

	if (iq_go_has(l->panic_start_sp))
		return frame_of_sp(s, field(s, addr, l->panic_sp));
	for (size_t i = 0; i < records->items.len; i++) {
		const struct record *r = &records->items.data[i];

		if (r->started && r->panic == addr)
			return frame_of_sp(s, r->sp);
	}
	return s->num_frames;
}

/* What the panic, or the Goexit, runs whose record is in frame @at. */
static struct iq_error *running_add(struct iq_go_scene *s,
				    const struct records *records, size_t at)
{
	for (size_t i = 0; i < s->panics.len; i++) {
		const struct iq_scene_panic *p = &s->panics.data[i];
		struct iq_scene_defer defer = {
			.function = p->deferred,
			.running = true,
		};
		size_t from;

		if (!p->deferred || iq_go_scene_frame_of(s, p->address) != at)
			continue;
		from = frame_of_running(s, records, p->address);
		if (from < s->num_frames)
			defer.made_at = made_in(&s->frames[from]);
		return iq_vec_push(&s->defers, defer) ? NULL : &iq_enomem;
	}
	return NULL;
}

static struct iq_error *frame_add(struct iq_go_scene *s,
				  const struct records *records, size_t at,
				  size_t *next)
{
	struct iq_error *err = running_add(s, records, at);

	// The list is in the order of frames, too.
	while (!err && *next < records->items.len &&
	       records->items.data[*next].sp == s->frames[at].sp) {
		const struct record *r = &records->items.data[(*next)++];

		// One that runs was shown by its panic.
		if (!r->open && !r->started)
			err = closure_add(s, r->fn, at, false);
	}
	return err ? err : open_add(s, at);
}

struct iq_error *iq_go_defers_read(struct iq_go_scene *s)
{
	iq_cleanup(records_deinit) struct records records = { 0 };
	struct iq_error *err = NULL;
	size_t next = 0;

	if (!s->g || !s->num_frames)
		return NULL;
	err = records_read(s, &records);
	for (size_t i = 0; i < s->num_frames && !err; i++)
		err = frame_add(s, &records, i, &next);
	return err;
}
