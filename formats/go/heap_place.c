/* SPDX-License-Identifier: Apache-2.0 */
/* Where an address that is in no object lies: in whose frame, among which
 * variables. */
#include "base/out.h"
#include "formats/go/heap.h"
#include "formats/go/references_live.h"
#include "formats/go/references_place.h"
#include "formats/go/stack_start.h"

struct unwinding {
	struct iq_go_pc_cache cache;
	struct iq_go_live live;
	struct iq_go_unwound unwound;
	struct iq_go_frame_places places;
};

static void unwinding_deinit(struct unwinding *u)
{
	iq_go_pc_cache_deinit(&u->cache);
	iq_go_live_deinit(&u->live);
	iq_go_unwound_deinit(&u->unwound);
	iq_vec_deinit(&u->places.frames);
}

static struct iq_error *unwind(struct unwinding *u,
			       const struct iq_go_runtime *rt, size_t goroutine)
{
	const struct iq_stack *stack =
		rt->facts->goroutines.data[goroutine].stack;
	struct iq_go_unwind_start start;
	struct iq_error *err;

	if (!stack || iq_go_stack_start(rt, &rt->gs[goroutine], &start) !=
			      IQ_GO_START_FOUND)
		return NULL;
	err = iq_go_pc_cache_init(&u->cache, rt);
	if (!err)
		err = iq_go_live_init(&u->live, &u->cache);
	if (!err)
		err = iq_go_unwind(&u->cache, &start, &u->unwound);
	if (!err && !iq_go_frame_places_find(stack, &u->unwound, &u->places))
		err = &iq_enomem;
	return err;
}

/* Where the parameters of frame @i end, in its caller's; those that came in
 * registers are put there, too. Go: src/cmd/compile/abi-internal.md. */
static uint64_t end_of(struct unwinding *u, size_t i)
{
	return u->unwound.fps.data[i] + u->cache.cpu->fixed_frame +
	       iq_go_live_map(&u->live, u->unwound.pcs.data[i])->args_size;
}

/* What stands in the runtime's own frames its caller gave it. */
static uint32_t place_of(struct unwinding *u, uint64_t addr)
{
	const struct iq_go_unwound *unwound = &u->unwound;

	for (size_t i = 0; i < u->places.frames.len && i < unwound->fps.len &&
			   addr >= unwound->sp;
	     i++) {
		if (addr < end_of(u, i) &&
		    u->places.frames.data[i].function != IQ_GO_NO_PLACE)
			return u->places.frames.data[i].function;
	}
	return UINT32_MAX;
}

uint32_t iq_go_heap_frame_of(const struct iq_heap *base, size_t goroutine,
			     uint64_t addr)
{
	const struct iq_go_runtime *rt = ((const struct iq_go_heap *)base)->rt;
	struct unwinding u = { .unwound.has_fps = true };
	uint32_t frame = UINT32_MAX;
	struct iq_error *err;

	// The facts' goroutines are in the order of the gs.
	if (goroutine >= rt->num_gs || goroutine >= rt->facts->goroutines.len ||
	    rt->facts->goroutines.data[goroutine].place !=
		    rt->gs[goroutine].addr)
		return UINT32_MAX;
	err = unwind(&u, rt, goroutine);
	if (!err)
		frame = place_of(&u, addr);
	iq_error_destroy(err);
	unwinding_deinit(&u);
	return frame;
}

/* ---- variables */

static bool put_part(struct iq_out *out, const char *name, uint64_t begin,
		     uint64_t end, uint64_t addr)
{
	if (addr < begin || addr >= end)
		return false;
	iq_out_cstr(out, name);
	iq_out_char(out, '+');
	iq_out_hex(out, addr - begin);
	return true;
}

/* The file that a module other than the program itself came from. */
static void put_file(const struct iq_go_program *program, uint64_t addr,
		     struct iq_out *out)
{
	const struct iq_core_module *file = iq_go_program_file(program, addr);

	if (!file)
		return;
	iq_out_str(out, iq_str_basename(file->path));
	iq_out_char(out, ' ');
}

void iq_go_heap_put_section(const struct iq_heap *base, uint64_t addr,
			    struct iq_out *out)
{
	const struct iq_go_program *program =
		((const struct iq_go_heap *)base)->rt->program;

	for (size_t i = 0; i < program->num_modules; i++) {
		const struct iq_go_module *m = &program->modules[i];

		if (!iq_go_module_has_variable(m, addr))
			continue;
		if (i)
			put_file(program, addr, out);
		if (put_part(out, ".noptrdata", m->noptrdata, m->enoptrdata,
			     addr) ||
		    put_part(out, ".data", m->data, m->edata, addr) ||
		    put_part(out, ".bss", m->bss, m->ebss, addr) ||
		    put_part(out, ".noptrbss", m->noptrbss, m->enoptrbss, addr))
			return;
	}
}
