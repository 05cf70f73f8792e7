/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of Go cores: from the file to facts, one step after the other.
 */
#include "formats/elf/core.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>

#include "formats/elf/core_coverage.h"
#include "formats/go/cgo.h"
#include "formats/go/clock.h"
#include "formats/go/code.h"
#include "formats/go/coverage.h"
#include "formats/go/crash.h"
#include "formats/go/fd_limit.h"
#include "formats/go/find.h"
#include "formats/go/goroutine.h"
#include "formats/go/goroutine_threads.h"
#include "formats/go/heap.h"
#include "formats/go/labels.h"
#include "formats/go/lent.h"
#include "formats/go/program.h"
#include "formats/go/references.h"
#include "formats/go/runtime.h"
#include "formats/go/sampled.h"
#include "formats/go/scene.h"
#include "formats/go/stacks.h"
#include "formats/go/symbolize.h"
#include "formats/go/thread.h"
#include "formats/go/threads.h"
#include "formats/go/waits.h"
#include "formats/reader.h"

/* Magic, class, byte order and version of e_ident, e_type. */
#define BITS_VERIFIED (7 * 8 + 16)

static unsigned core_bid(const struct iq_source *source)
{
	return iq_elf_is(source, ET_CORE) ? BITS_VERIFIED : 0;
}

static void runtime_init(struct iq_go_runtime *rt,
			 const struct iq_go_program *program,
			 struct iq_pool *pool, struct iq_facts *facts)
{
	*rt = (struct iq_go_runtime){
		.program = program,
		.core = program->core,
		.memory = program->memory,
		.layout = program->version->layout,
		.version = program->version,
		.pool = pool,
		.facts = facts,
	};
}

/* Goroutines and threads, and where everything else is. */
static struct iq_error *runtime_read(struct iq_go_runtime *rt)
{
	struct iq_error *err;

	iq_go_find_allgs(rt);
	err = iq_go_goroutines_read(rt);
	if (err)
		return err;
	iq_go_find_allm(rt);
	err = iq_go_threads_read(rt);
	if (!err)
		err = iq_go_goroutines_of_threads(rt);
	if (err)
		return err;
	iq_go_find_rest(rt);
	iq_go_find_check(rt);
	return NULL;
}

/* What g itself says. */
static void fact_of_g(const struct iq_go_runtime *rt,
		      const struct iq_go_clock *clock, const struct iq_go_g *g,
		      struct iq_goroutine_fact *ret)
{
	const struct iq_go_m *m = iq_go_runtime_m(rt, g->m);

	*ret = (struct iq_goroutine_fact){
		.has_id = true,
		.id = g->goid,
		.count = 1,
		.status = (enum iq_gstatus)g->status,
		.leaked = g->status == IQ_GSTATUS_LEAKED,
		.locked = g->locked,
		.has_parent = g->parent != 0,
		.parent = g->parent,
		.has_m = m != NULL,
		.m = m ? m->id : 0,
		.has_thread = m && m->thread,
		.thread = m && m->thread ? m->thread->tid : 0,
		.place = g->addr,
	};
	if (g->status == IQ_GSTATUS_WAITING || g->status == IQ_GSTATUS_LEAKED)
		(void)iq_go_wait_reason(rt->version, g->waitreason,
					&ret->wait_reason);
	if (g->status == IQ_GSTATUS_WAITING ||
	    g->status == IQ_GSTATUS_SYSCALL) {
		struct iq_go_wait_time t =
			iq_go_clock_wait(clock, g->waitsince);

		ret->has_wait_min = t.has_min;
		ret->has_wait_max = t.has_max;
		ret->wait_min_ns = t.min_ns;
		ret->wait_max_ns = t.max_ns;
		ret->has_waitsince = iq_go_clock_is_time(g->waitsince);
		ret->waitsince_ns = ret->has_waitsince ? g->waitsince : 0;
	}
}

/* What only goroutines of the runtime's own wait for.
 * Go: src/runtime/runtime2.go, waitReasonStrings, 1.18 - 1.27. */
static bool is_system_reason(struct iq_str reason)
{
	static const char *const reasons[] = {
		"force gc (idle)",	  "GC sweep wait",
		"GC scavenge wait",	  "GC worker (idle)",
		"GC worker (active)",	  "finalizer wait",
		"cleanup wait",		  "GOMAXPROCS updater (idle)",
		"timer goroutine (idle)",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(reasons); i++) {
		if (iq_str_equal(reason, iq_str_of(reasons[i])))
			return true;
	}
	return false;
}

/*
 * Whether what runs finalizers or cleanups is running one now: the flag that
 * says so is where only a symbol leads to; the stack shows it, too.
 */
static bool runs_callback(const struct iq_stack *stack)
{
	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (!iq_str_starts(stack->frames[i]->function,
				   IQ_STR("runtime.")))
			return true;
	}
	return false;
}

/*
 * A goroutine of the runtime's own: one that starts in package runtime, unless
 * it runs the program's code there: main, coroutines, finalizers and cleanups.
 * False if what was read does not tell.
 * Go: src/runtime/traceback.go, isSystemGoroutine.
 */
static bool system_find(const struct iq_go_runtime *rt, const struct iq_go_g *g,
			const struct iq_goroutine_fact *fact, bool *ret)
{
	const struct iq_go_func_ids *ids = rt->version->func_ids;
	struct iq_go_func f;

	*ret = is_system_reason(fact->wait_reason);
	// Goroutine 1 runs main; threads of C start nowhere in Go.
	if (*ret || g->goid == 1 || !g->startpc)
		return true;
	if (!fact->entry)
		return false;
	if (!iq_str_starts(fact->entry->function, IQ_STR("runtime.")))
		return true;
	if (!iq_pclntab_func(rt->program->pcln, g->startpc, &f))
		return false;
	if (f.func_id == ids->runtime_main || f.func_id == ids->corostart ||
	    f.func_id == ids->handle_async_event)
		return true;
	*ret = true;
	if (f.func_id != ids->run_finalizers && f.func_id != ids->run_cleanups)
		return true;
	*ret = !runs_callback(fact->stack);
	return !*ret || (fact->stack && fact->stack->complete);
}

struct reading {
	struct iq_go_symbolizer *sym;
	struct iq_go_label_reader *labels;
	struct iq_c_walker *walker;
	const struct iq_stack **stacks;
};

static void reading_deinit(struct reading *reading)
{
	iq_c_walker_destroy(reading->walker);
	iq_go_symbolizer_destroy(reading->sym);
	iq_go_label_reader_destroy(reading->labels);
	free(reading->stacks);
}

static struct iq_error *fact_names(const struct iq_go_runtime *rt,
				   const struct reading *r, size_t i,
				   struct iq_goroutine_fact *fact)
{
	const struct iq_go_g *g = &rt->gs[i];
	struct iq_error *err;

	fact->stack = r->stacks[i];
	err = iq_go_symbolize_entry(r->sym, g->startpc, &fact->entry);
	// The main goroutine is created by assembly that starts the process.
	if (!err && g->gopc && g->goid != 1)
		err = iq_go_symbolize_creator(r->sym, g->gopc,
					      &fact->created_by);
	if (!err)
		err = iq_go_labels_read(r->labels, g->labels, &fact->labels);
	fact->has_system = system_find(rt, g, fact, &fact->system);
	fact->system = fact->has_system && fact->system;
	return err;
}

/* Of goroutines, and of threads beside them. */
static struct iq_error *stacks_read(const struct iq_go_runtime *rt,
				    struct reading *r)
{
	struct iq_error *err = iq_go_stacks_read(rt, r->sym, r->stacks);

	if (!err)
		err = iq_go_cgo_join(rt, r->walker, r->stacks);
	return err ? err : iq_go_threads_fill(rt, r->walker, r->stacks);
}

static struct iq_error *goroutines_fill(struct iq_go_runtime *rt,
					const struct iq_go_clock *clock)
{
	iq_cleanup(reading_deinit) struct reading r = { 0 };
	struct iq_facts *facts = rt->facts;
	struct iq_error *err = iq_go_symbolizer_create(rt, &r.sym);

	if (!err)
		err = iq_c_walker_create(rt, r.sym, &r.walker);
	if (!err)
		err = iq_go_lent_drop(rt, r.walker);
	if (err)
		return err;
	r.stacks = calloc(rt->num_gs + 1, sizeof(*r.stacks));
	if (!r.stacks || !iq_vec_reserve(&facts->goroutines, rt->num_gs))
		err = &iq_enomem;
	if (!err)
		err = iq_go_label_reader_create(rt, &r.labels);
	if (!err)
		err = stacks_read(rt, &r);
	for (size_t i = 0; i < rt->num_gs && !err; i++) {
		struct iq_goroutine_fact fact;

		fact_of_g(rt, clock, &rt->gs[i], &fact);
		err = fact_names(rt, &r, i, &fact);
		facts->goroutines.data[facts->goroutines.len++] = fact;
	}
	return err;
}

static void time_fill(const struct iq_go_clock *clock, struct iq_facts *facts)
{
	struct iq_process_fact *p = &facts->process;

	p->has_coroutines = clock->has_coroutines;
	p->has_start = clock->has_start;
	p->start_ns = clock->start;
	p->has_mono = clock->has_low;
	p->mono_ns = clock->low;
	p->has_wall_offset = clock->has_wall;
	p->wall_offset_ns = clock->wall_offset;
	if (!clock->has_wall || !clock->has_high)
		return;
	p->has_time = true;
	p->time_ns = clock->high + clock->wall_offset;
}

static int compare_tids(const void *pa, const void *pb)
{
	const uint64_t *a = pa;
	const uint64_t *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* As the process itself knows them: a core that was taken from without may call
 * its threads by the ids of another namespace. */
static struct iq_error *tids_fill(const struct iq_go_runtime *rt)
{
	struct iq_process_fact *p = &rt->facts->process;
	uint64_t *tids =
		iq_arena_calloc(&rt->facts->arena, rt->num_ms, sizeof(*tids));
	size_t num = 0;

	if (!tids)
		return &iq_enomem;
	for (size_t i = 0; i < rt->num_ms; i++) {
		// A thread that is just made has none yet.
		if (rt->ms[i].procid)
			tids[num++] = rt->ms[i].procid;
	}
	if (num)
		qsort(tids, num, sizeof(*tids), compare_tids);
	p->threads = tids;
	p->num_threads = num;
	return NULL;
}

/* Cores of cgo programs have threads of which the runtime knows nothing. */
static struct iq_error *facts_fill(struct iq_go_runtime *rt)
{
	struct iq_facts *facts = rt->facts;
	size_t first = facts->goroutines.len;
	struct iq_go_clock clock;
	struct iq_error *err;

	iq_go_clock_read(rt, &clock);
	time_fill(&clock, facts);
	err = tids_fill(rt);
	if (!err)
		err = goroutines_fill(rt, &clock);
	// Without any there may be no array to point into.
	if (!err && facts->goroutines.len > first)
		err = iq_go_waits_read(rt, facts->goroutines.data + first);
	if (err)
		return err;
	iq_go_fds_fill(rt, first);
	err = iq_go_crash_read(rt);
	return err ? err : iq_go_scene_read(rt, first);
}

static struct iq_error *core_refer(struct iq_facts *facts iq_unused,
				   void *object)
{
	return iq_go_references_read(object, 0);
}

static void runtime_destroy(void *object)
{
	iq_go_runtime_deinit(object);
	free(object);
}

/* The runtime, which is there as long as @facts are. */
static struct iq_error *runtime_create(const struct iq_go_program *program,
				       struct iq_pool *pool,
				       struct iq_facts *facts,
				       struct iq_go_runtime **ret)
{
	struct iq_go_runtime *rt = calloc(1, sizeof(*rt));
	struct iq_error *err;

	if (!rt)
		return &iq_enomem;
	runtime_init(rt, program, pool, facts);
	err = iq_facts_own(facts, runtime_destroy, rt);
	if (!err)
		*ret = rt;
	return err;
}

/* What the process was built of can be known where nothing else is. */
static struct iq_error *program_open(const struct iq_core *core,
				     struct iq_facts *facts,
				     struct iq_coverage *coverage,
				     struct iq_go_program **ret)
{
	struct iq_error *err = iq_go_program_open(core, facts, ret);
	struct iq_error *again;

	if (!err || err == &iq_enomem)
		return err;
	again = iq_go_coverage_build(core, facts, coverage);
	if (!again)
		return err;
	iq_error_destroy(err);
	return again;
}

static struct iq_error *core_read(const struct iq_read_context *context,
				  const struct iq_source *source,
				  struct iq_facts *facts)
{
	struct iq_go_program *program;
	struct iq_go_runtime *rt = NULL;
	struct iq_coverage *coverage;
	struct iq_core *core;
	struct iq_error *err;

	facts->witness.kind = IQ_WITNESS_CORE;
	facts->witness.format = IQ_STR("elf-core");
	facts->witness.tells = IQ_TELLS_IDS | IQ_TELLS_STATES |
			       IQ_TELLS_STACKS | IQ_TELLS_CREATORS |
			       IQ_TELLS_WAITS | IQ_TELLS_END | IQ_TELLS_SYSTEM |
			       IQ_TELLS_LABELS;
	err = iq_core_open(context, source, facts, &core);
	if (!err)
		err = iq_core_coverage(core, facts, &coverage);
	if (!err)
		err = program_open(core, facts, coverage, &program);
	if (!err)
		err = runtime_create(program, context->pool, facts, &rt);
	if (!err)
		err = runtime_read(rt);
	if (!err)
		err = facts_fill(rt);
	if (!err)
		err = iq_go_coverage_read(rt, coverage);
	if (err)
		return err;
	// The facts' goroutines are in the order of rt->gs.
	facts->refer = core_refer;
	facts->refer_ctx = rt;
	err = iq_go_sampled_open(rt, &facts->sampled);
	if (!err)
		err = iq_go_code_open(rt, &facts->code);
	return err ? err : iq_go_heap_open(rt, &facts->heap);
}

const struct iq_reader iq_reader_elf_core = {
	.name = "elf-core",
	.kind = IQ_WITNESS_CORE,
	.bid = core_bid,
	.read = core_read,
};
