/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/agreement.h"

#include <stdlib.h>

#include "formats/go/find.h"
#include "formats/go/goroutine.h"
#include "formats/go/heap.h"
#include "formats/go/moduledata.h"
#include "formats/go/record.h"
#include "formats/go/runtime.h"
#include "formats/go/thread.h"
#include "formats/go/wait_reasons.h"

/* Goroutines and threads that are looked at: more would prove no more. */
#define MAX_GS 2048
#define MAX_MS 2048
/* Sudogs of one goroutine's select, and of one channel's queue. */
#define MAX_SUDOGS 64

struct check {
	struct iq_go_runtime rt;
	struct iq_go_program program;
	struct iq_go_module module;
	struct iq_go_agreement *result;
	/* Addresses of m's along alllink. */
	uint64_t ms[MAX_MS];
	size_t num_ms;
};

static void note(struct check *c, enum iq_go_agreement_kind kind, bool agrees)
{
	if (agrees)
		c->result->kinds[kind].agree++;
	else
		c->result->kinds[kind].differ++;
}

const char *iq_go_agreement_name(enum iq_go_agreement_kind kind)
{
	static const char *const names[] = {
		[IQ_GO_AGREES_MODULES] = "modules",
		[IQ_GO_AGREES_FUNCTIONS] = "functions",
		[IQ_GO_AGREES_GOROUTINES] = "goroutines",
		[IQ_GO_AGREES_THREADS] = "threads",
		[IQ_GO_AGREES_PROCESSORS] = "processors",
		[IQ_GO_AGREES_CHANNELS] = "channels",
		[IQ_GO_AGREES_SPANS] = "spans",
		[IQ_GO_AGREES_WAIT_REASONS] = "wait reasons",
	};

	return names[kind];
}

/* False if not even moduledata has the row's shape: nothing else can be. */
static bool module_check(struct check *c, uint64_t addr)
{
	const struct iq_memory *memory = c->rt.memory;
	uint32_t magic;

	if (!iq_go_moduledata_read(memory, c->rt.layout, addr, &c->module)) {
		note(c, IQ_GO_AGREES_MODULES, false);
		return false;
	}
	note(c, IQ_GO_AGREES_MODULES,
	     iq_go_moduledata_fits(memory, c->rt.layout, &c->module));
	if (iq_go_moduledata_magic(memory, &c->module, &magic))
		note(c, IQ_GO_AGREES_MODULES,
		     magic == c->rt.version->tables->pclntab_magic);
	return true;
}

/* What must be searched for where there are no symbols. */
static void rest_check(struct check *c)
{
	uint64_t addr;

	iq_go_find_allp(&c->rt);
	note(c, IQ_GO_AGREES_PROCESSORS, iq_go_allp_is(&c->rt));
	note(c, IQ_GO_AGREES_SPANS,
	     iq_go_heap_is(&c->rt, iq_go_heap_find(&c->rt)));
	note(c, IQ_GO_AGREES_WAIT_REASONS,
	     iq_go_wait_reasons_find(c->rt.memory, &c->module, c->rt.version,
				     &addr));
}

static bool thread_known(const struct check *c, uint64_t procid)
{
	for (size_t i = 0; i < c->rt.core->num_threads; i++)
		if (c->rt.core->threads[i].tid == procid)
			return true;
	return false;
}

static void threads_check(struct check *c)
{
	const struct iq_go_layout *l = c->rt.layout;
	size_t unknown = 0, known = 0;
	uint64_t addr = 0, procid;

	iq_go_find_allm(&c->rt);
	if (!c->rt.allm_addr ||
	    !iq_memory_u64(c->rt.memory, c->rt.allm_addr, &addr)) {
		note(c, IQ_GO_AGREES_THREADS, false);
		return;
	}
	while (addr && c->num_ms < MAX_MS) {
		bool is_m = iq_go_m_is(&c->rt, addr);

		note(c, IQ_GO_AGREES_THREADS, is_m);
		if (!is_m)
			break;
		c->ms[c->num_ms++] = addr;
		if (iq_go_field_read(c->rt.memory, addr, l->m_procid,
				     &procid) &&
		    procid) {
			if (thread_known(c, procid))
				known++;
			else
				unknown++;
		}
		if (!iq_go_field_read(c->rt.memory, addr, l->m_alllink, &addr))
			break;
	}
	// None at all: the core names its threads as another namespace does.
	for (; known && unknown; unknown--)
		note(c, IQ_GO_AGREES_THREADS, false);
	for (; known; known--)
		note(c, IQ_GO_AGREES_THREADS, true);
}

static bool m_listed(const struct check *c, uint64_t addr)
{
	for (size_t i = 0; i < c->num_ms; i++)
		if (c->ms[i] == addr)
			return true;
	return c->num_ms == MAX_MS;
}

/* Whether @sudog is in the queue that begins with @first. */
static bool queue_has(const struct iq_go_runtime *rt, uint64_t first,
		      uint64_t sudog, bool *whole_ret)
{
	for (unsigned n = 0; first && n < MAX_SUDOGS; n++) {
		if (first == sudog)
			return true;
		if (!iq_go_field_read(rt->memory, first, rt->layout->sudog_next,
				      &first))
			return false;
	}
	*whole_ret &= !first;
	return false;
}

/* Whether the channel of @sudog knows it; also if its queue is too long. */
static bool channel_knows(const struct iq_go_runtime *rt,
			  const struct iq_go_record *sudog)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t addr = iq_go_record_uint(sudog, l->sudog_c);
	struct iq_go_record h;
	bool whole = true;

	return iq_go_record_read(rt->memory, addr, l->hchan_size, &h) &&
	       iq_go_record_uint(&h, l->hchan_qcount) <=
		       iq_go_record_uint(&h, l->hchan_dataqsiz) &&
	       (queue_has(rt, iq_go_record_uint(&h, l->hchan_recvq_first),
			  sudog->addr, &whole) ||
		queue_has(rt, iq_go_record_uint(&h, l->hchan_sendq_first),
			  sudog->addr, &whole) ||
		!whole);
}

/* Go: src/runtime/runtime2.go, waitReasonStrings, 1.18 - 1.27. */
static bool is_channel_reason(const struct check *c, const struct iq_go_g *g)
{
	struct iq_str reason;

	return g->status == IQ_GSTATUS_WAITING &&
	       iq_go_wait_reason(c->rt.version, g->waitreason, &reason) &&
	       (iq_str_equal(reason, IQ_STR("chan receive")) ||
		iq_str_equal(reason, IQ_STR("chan send")) ||
		iq_str_equal(reason, IQ_STR("select")));
}

static void channels_check(struct check *c, const struct iq_go_g *g)
{
	const struct iq_go_layout *l = c->rt.layout;
	uint64_t addr = g->waiting;

	if (!is_channel_reason(c, g))
		return;
	if (!addr)
		note(c, IQ_GO_AGREES_CHANNELS, false);
	for (unsigned n = 0; addr && n < MAX_SUDOGS; n++) {
		struct iq_go_record sudog;
		bool agrees =
			iq_go_record_read(c->rt.memory, addr, l->sudog_size,
					  &sudog) &&
			iq_go_record_uint(&sudog, l->sudog_g) == g->addr &&
			channel_knows(&c->rt, &sudog);

		note(c, IQ_GO_AGREES_CHANNELS, agrees);
		if (!agrees)
			return;
		addr = iq_go_record_uint(&sudog, l->sudog_waitlink);
	}
}

/* The function that @g started with begins where g says. */
static void function_check(struct check *c, const struct iq_pclntab *pcln,
			   const struct iq_go_g *g)
{
	struct iq_go_func f;
	struct iq_str name;

	if (!pcln || !g->startpc)
		return;
	note(c, IQ_GO_AGREES_FUNCTIONS,
	     iq_pclntab_func(pcln, g->startpc, &f) && f.entry == g->startpc &&
		     iq_pclntab_name(pcln, &f, &name));
	if (g->goid == 1)
		note(c, IQ_GO_AGREES_FUNCTIONS,
		     f.func_id == c->rt.version->func_ids->runtime_main);
}

static void goroutine_check(struct check *c, const struct iq_pclntab *pcln,
			    uint64_t addr)
{
	struct iq_go_g g = { 0 };
	enum iq_go_g_state state = IQ_GO_G_UNREADABLE;

	if (addr % 8 == 0)
		state = iq_go_g_read(&c->rt, addr, &g);
	// Anything can read as an unused one, whose fields are not looked at.
	if (state != IQ_GO_G_UNUSED || !g.goid)
		note(c, IQ_GO_AGREES_GOROUTINES, state == IQ_GO_G_LIVE);
	if (state != IQ_GO_G_LIVE)
		return;
	if (g.m) {
		note(c, IQ_GO_AGREES_GOROUTINES, iq_go_m_is(&c->rt, g.m));
		note(c, IQ_GO_AGREES_THREADS, m_listed(c, g.m));
	}
	channels_check(c, &g);
	function_check(c, pcln, &g);
}

static void goroutines_check(struct check *c, const struct iq_pclntab *pcln)
{
	uint64_t array, len, addr;

	if (!iq_go_slice_read(c->rt.memory, c->rt.allgs_addr, &array, &len))
		len = 0;
	if (len > MAX_GS)
		len = MAX_GS;
	for (uint64_t i = 0; i < len; i++)
		if (iq_memory_u64(c->rt.memory, array + 8 * i, &addr))
			goroutine_check(c, pcln, addr);
	// The runtime's own never end.
	if (!c->result->kinds[IQ_GO_AGREES_GOROUTINES].agree)
		note(c, IQ_GO_AGREES_GOROUTINES, false);
}

/* The tables of functions; NULL where they cannot be used. */
static struct iq_pclntab *tables_open(struct check *c)
{
	struct iq_pclntab *pcln = NULL;
	bool readable = false;
	struct iq_error *err;

	err = iq_go_moduledata_check(c->rt.memory, c->rt.version, &c->module,
				     &readable);
	if (readable)
		note(c, IQ_GO_AGREES_MODULES, !err);
	if (!err && readable)
		err = iq_pclntab_check(c->rt.memory, c->rt.version, &c->module);
	c->module.has_pclntab = !err && readable;
	if (c->module.has_pclntab)
		err = iq_pclntab_create(c->rt.memory, c->rt.version, &c->module,
					1, &pcln);
	iq_error_destroy(err);
	return pcln;
}

void iq_go_agreement_check(const struct iq_go_program *program,
			   const struct iq_go_version *row, uint64_t addr,
			   bool all, struct iq_go_agreement *ret)
{
	struct check *c = calloc(1, sizeof(*c));
	struct iq_pclntab *pcln;

	*ret = (struct iq_go_agreement){ 0 };
	if (!c)
		return;
	c->result = ret;
	c->program = *program;
	c->program.version = row;
	c->program.modules = &c->module;
	c->program.num_modules = 1;
	c->rt = (struct iq_go_runtime){
		.program = &c->program,
		.core = program->core,
		.memory = program->memory,
		.layout = row->layout,
		.version = row,
	};
	if (module_check(c, addr)) {
		pcln = tables_open(c);
		iq_go_find_allgs(&c->rt);
		threads_check(c);
		goroutines_check(c, pcln);
		if (all)
			rest_check(c);
		iq_pclntab_destroy(pcln);
	}
	free(c);
}

bool iq_go_agreement_fails(const struct iq_go_agreement *a,
			   enum iq_go_agreement_kind kind)
{
	uint64_t differ = a->kinds[kind].differ;

	return differ && 8 * differ > (uint64_t)a->kinds[kind].agree + differ;
}

bool iq_go_agreement_holds(const struct iq_go_agreement *a,
			   enum iq_go_agreement_kind kind)
{
	return a->kinds[kind].agree && !iq_go_agreement_fails(a, kind);
}

size_t iq_go_agreement_failures(const struct iq_go_agreement *a)
{
	size_t n = 0;

	for (int i = 0; i < IQ_GO_AGREES_NUM; i++)
		n += iq_go_agreement_fails(a, (enum iq_go_agreement_kind)i);
	return n;
}

static uint64_t num_agreeing(const struct iq_go_agreement *a)
{
	uint64_t n = 0;

	for (int i = 0; i < IQ_GO_AGREES_NUM; i++)
		n += iq_go_agreement_holds(a, (enum iq_go_agreement_kind)i);
	return n;
}

static uint64_t num_differing(const struct iq_go_agreement *a)
{
	uint64_t n = 0;

	for (int i = 0; i < IQ_GO_AGREES_NUM; i++)
		n += a->kinds[i].differ;
	return n;
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int iq_go_agreement_compare(const struct iq_go_agreement *a,
			    const struct iq_go_agreement *b)
{
	int by =
		order(iq_go_agreement_failures(a), iq_go_agreement_failures(b));

	if (!by)
		by = order(num_agreeing(b), num_agreeing(a));
	return by ? by : order(num_differing(a), num_differing(b));
}
