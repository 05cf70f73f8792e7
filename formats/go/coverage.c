/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/coverage.h"

#include <stdio.h>

#include "base/limits.h"
#include "formats/elf/core_coverage.h"

/* ---- stacks */

/* The goroutines of one loss while they are gathered. */
struct lost {
	uint64_t count;
	uint64_t ids[IQ_LIMIT_COVERAGE_IDS];
};

struct losses {
	/* By why, then whether there are some frames. */
	struct lost of[IQ_NUM_STACK_LOSSES][2];
};

/* Where the part of the stack that is in use begins; 0 if that is unknown. */
static uint64_t stack_begin(const struct iq_go_runtime *rt,
			    const struct iq_go_g *g)
{
	const struct iq_go_m *m = iq_go_runtime_m(rt, g->m);
	const uint64_t sps[] = {
		g->status == IQ_GSTATUS_RUNNING && m && m->thread ?
			m->thread->sp :
			0,
		g->syscallsp,
		g->sched_sp,
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(sps); i++) {
		if (sps[i] > g->stack_lo && sps[i] < g->stack_hi)
			return sps[i];
	}
	return 0;
}

static bool runs(const struct iq_go_g *g)
{
	return g->status == IQ_GSTATUS_RUNNING ||
	       g->status == IQ_GSTATUS_SYSCALL;
}

static bool has_tables(const struct iq_go_runtime *rt)
{
	for (size_t i = 0; i < rt->program->num_modules; i++) {
		if (rt->program->modules[i].has_pclntab)
			return true;
	}
	return false;
}

static enum iq_stack_loss loss_of(const struct iq_go_runtime *rt,
				  const struct iq_go_g *g, uint64_t begin)
{
	const struct iq_go_m *m = iq_go_runtime_m(rt, g->m);
	enum iq_memory_state state = IQ_MEMORY_PRESENT;

	if (!has_tables(rt))
		return IQ_STACK_LOSS_TABLES;
	if (begin)
		state = iq_memory_lack(rt->memory, begin, g->stack_hi - begin);
	if (state == IQ_MEMORY_CUT_OFF || state == IQ_MEMORY_FAULTED)
		return IQ_STACK_LOSS_CUT_OFF;
	if (state != IQ_MEMORY_PRESENT)
		return IQ_STACK_LOSS_NOT_DUMPED;
	if (runs(g) && (!m || !m->thread))
		return IQ_STACK_LOSS_THREAD;
	return IQ_STACK_LOSS_DAMAGED;
}

static void lose(struct losses *losses, enum iq_stack_loss why, bool partial,
		 uint64_t id)
{
	struct lost *l = &losses->of[why][partial];

	if (l->count < IQ_LIMIT_COVERAGE_IDS)
		l->ids[l->count] = id;
	l->count++;
}

static void goroutine_take(const struct iq_go_runtime *rt,
			   const struct iq_go_g *g,
			   const struct iq_stack *stack,
			   struct iq_coverage *coverage, struct losses *losses)
{
	uint64_t begin = stack_begin(rt, g);

	coverage->goroutines.total++;
	if (begin) {
		coverage->stacks.total += g->stack_hi - begin;
		coverage->stacks.present += iq_memory_present(
			rt->memory, begin, g->stack_hi - begin);
	}
	if (stack && stack->complete)
		coverage->goroutines.present++;
	else
		lose(losses, loss_of(rt, g, begin), stack && stack->num_frames,
		     g->goid);
}

static struct iq_error *losses_keep(const struct losses *losses,
				    struct iq_arena *arena,
				    struct iq_coverage *coverage)
{
	struct iq_coverage_loss *list =
		iq_arena_calloc(arena, 2 * IQ_NUM_STACK_LOSSES, sizeof(*list));

	if (!list)
		return &iq_enomem;
	coverage->losses = list;
	for (unsigned i = 0; i < 2 * IQ_NUM_STACK_LOSSES; i++) {
		const struct lost *l = &losses->of[i / 2][i % 2];
		size_t num = l->count < IQ_LIMIT_COVERAGE_IDS ?
				     (size_t)l->count :
				     IQ_LIMIT_COVERAGE_IDS;
		uint64_t *ids;

		if (!num)
			continue;
		ids = iq_arena_calloc(arena, num, sizeof(*ids));
		if (!ids)
			return &iq_enomem;
		memcpy(ids, l->ids, num * sizeof(*ids));
		list[coverage->num_losses++] = (struct iq_coverage_loss){
			.why = (enum iq_stack_loss)(i / 2),
			.partial = i % 2,
			.count = l->count,
			.ids = ids,
			.num_ids = num,
		};
	}
	return NULL;
}

static struct iq_error *stacks_fill(const struct iq_go_runtime *rt,
				    struct iq_coverage *coverage)
{
	const struct iq_facts *facts = rt->facts;
	struct losses losses = { 0 };

	for (size_t i = 0; i < rt->num_gs && i < facts->goroutines.len; i++) {
		// Both are in the order in which the goroutines were read.
		if (facts->goroutines.data[i].place == rt->gs[i].addr)
			goroutine_take(rt, &rt->gs[i],
				       facts->goroutines.data[i].stack,
				       coverage, &losses);
	}
	return losses_keep(&losses, &rt->facts->arena, coverage);
}

/* ---- threads, modules, version */

static void threads_fill(const struct iq_go_runtime *rt,
			 struct iq_coverage *coverage)
{
	for (size_t i = 0; i < rt->num_ms; i++) {
		if (!rt->ms[i].procid)
			continue;
		coverage->threads.total++;
		coverage->threads.present += rt->ms[i].thread != NULL;
	}
}

/* The module of @core whose addresses hold @addr, or -1. */
static size_t module_at(const struct iq_core *core, uint64_t addr)
{
	for (size_t i = 0; i < core->num_modules; i++) {
		if (addr >= core->modules[i].start &&
		    addr < core->modules[i].end)
			return i;
	}
	return SIZE_MAX;
}

/* What the Go modules say, in the list that iq_core_coverage() has made. */
static void modules_mark(const struct iq_go_runtime *rt,
			 struct iq_coverage *coverage)
{
	const struct iq_go_program *program = rt->program;
	struct iq_coverage_module *list =
		(struct iq_coverage_module *)coverage->modules;

	coverage->has_funcdata = program->num_modules > 0;
	for (size_t i = 0; i < program->num_modules; i++) {
		const struct iq_go_module *m = &program->modules[i];
		const struct iq_memory_range *r =
			iq_memory_find(rt->memory, m->pclntab_addr);
		size_t k = module_at(rt->core, m->moduledata_addr);

		coverage->has_funcdata &= m->has_funcdata;
		if (k == SIZE_MAX)
			k = module_at(rt->core, m->text);
		if (k >= coverage->num_modules)
			continue;
		list[k].is_go = true;
		list[k].has_pclntab = m->has_pclntab;
		list[k].pclntab_in_core =
			m->has_pclntab && r && r->source == rt->core->source;
	}
}

static bool is_table_layout(const struct iq_go_layout *layout)
{
	size_t num;
	const struct iq_go_version *rows = iq_go_versions(&num);

	for (size_t i = 0; i < num; i++) {
		if (rows[i].layout == layout)
			return true;
	}
	return false;
}

static struct iq_error *layout_fill(const struct iq_go_runtime *rt,
				    struct iq_coverage *coverage)
{
	const struct iq_go_version *v = rt->version;
	char text[32];

	if (!is_table_layout(v->layout))
		coverage->layout = IQ_LAYOUT_DWARF;
	else
		coverage->layout = rt->program->version_exact ?
					   IQ_LAYOUT_TABLE :
					   IQ_LAYOUT_NEAREST;
	snprintf(text, sizeof(text), "go1.%u.%u", v->minor, v->patch);
	return iq_facts_string(rt->facts, iq_str_of(text),
			       &coverage->layout_version);
}

/* Places of the runtime's list that lead to no g in the core. */
static uint64_t goroutines_lost(const struct iq_go_runtime *rt)
{
	uint64_t array, len, g, last = rt->layout->g_size - 1, lost = 0;

	if (!rt->allgs_addr || rt->facts->witness.complete ||
	    !iq_go_slice_read(rt->memory, rt->allgs_addr, &array, &len))
		return 0;
	for (uint64_t i = 0; i < len && i < IQ_LIMIT_GOROUTINES; i++) {
		if (!iq_memory_u64(rt->memory, array + 8 * i, &g))
			return lost + (len - i);
		lost += iq_memory_state(rt->memory, g) != IQ_MEMORY_PRESENT ||
			iq_memory_state(rt->memory, g + last) !=
				IQ_MEMORY_PRESENT;
	}
	return lost;
}

struct iq_error *iq_go_coverage_read(const struct iq_go_runtime *rt,
				     struct iq_coverage *coverage)
{
	struct iq_error *err;

	coverage->has_runtime = true;
	coverage->goroutines_lost = goroutines_lost(rt);
	threads_fill(rt, coverage);
	modules_mark(rt, coverage);
	err = stacks_fill(rt, coverage);
	if (!err)
		err = layout_fill(rt, coverage);
	return err ? err :
		     iq_go_coverage_settings(rt->facts, &rt->program->buildinfo,
					     coverage);
}
