/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/find.h"

#include <inttypes.h>

#include "base/limits.h"
#include "formats/go/find_scan.h"
#include "formats/go/goroutine.h"
#include "formats/go/record.h"
#include "formats/go/thread.h"

/* Address of a variable by name, if something can be read there. */
static uint64_t by_symbol(const struct iq_go_runtime *rt, const char *name)
{
	uint64_t addr = 0;
	uint64_t value;

	if (!iq_go_program_symbol(rt->program, name, &addr) ||
	    !iq_memory_u64(rt->memory, addr, &value))
		return 0;
	return addr;
}

/* How many elements of allgs are looked at before it is believed. */
#define ALLGS_PROBE 32

/* What the first elements of a slice are. */
struct probe {
	uint64_t num;
	uint64_t good;
	uint64_t live;
	bool first_is_main; /* goroutine 1, which is made first and never leaves */
};

static bool allgs_probe(const struct iq_go_runtime *rt, uint64_t addr,
			struct probe *ret)
{
	uint64_t array, len;

	*ret = (struct probe){ 0 };
	if (!iq_go_slice_read(rt->memory, addr, &array, &len) || !len ||
	    len > IQ_LIMIT_GOROUTINES)
		return false;
	ret->num = len < ALLGS_PROBE ? len : ALLGS_PROBE;
	for (uint64_t i = 0; i < ret->num; i++) {
		enum iq_go_g_state state = IQ_GO_G_UNREADABLE;
		struct iq_go_g g = { 0 };
		uint64_t g_addr;

		if (iq_memory_u64(rt->memory, array + 8 * i, &g_addr) &&
		    g_addr % 8 == 0)
			state = iq_go_g_read(rt, g_addr, &g);
		// Zeros read as idle goroutines, but have no number.
		if (!g.goid ||
		    (state != IQ_GO_G_LIVE && state != IQ_GO_G_UNUSED))
			continue;
		ret->good++;
		ret->live += state == IQ_GO_G_LIVE;
		ret->first_is_main |= i == 0 && g.goid == 1;
	}
	return true;
}

/*
 * Whether the slice at @addr is allgs. In an undamaged core every element is a
 * goroutine, the first of them number 1; in a damaged one most are.
 */
static bool is_allgs(const struct iq_go_runtime *rt, uint64_t addr,
		     bool damaged)
{
	struct probe p;

	if (!allgs_probe(rt, addr, &p))
		return false;
	if (damaged)
		return p.live >= 2 && 4 * p.good >= 3 * p.num;
	return p.first_is_main && p.good == p.num;
}

static uint64_t allgs_by_shape(const struct iq_go_runtime *rt, bool damaged)
{
	struct iq_go_words words;
	uint64_t addr, value;

	iq_go_words_bss(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		if (value && value % 8 == 0 && is_allgs(rt, addr, damaged))
			return addr;
	}
	return 0;
}

void iq_go_find_allgs(struct iq_go_runtime *rt)
{
	rt->allgs_addr = by_symbol(rt, "runtime.allgs");
	// A damaged list is still the list: the symbol is believed.
	if (!rt->allgs_addr)
		rt->allgs_addr = allgs_by_shape(rt, false);
	if (!rt->allgs_addr)
		rt->allgs_addr = allgs_by_shape(rt, true);
}

/* Elements of candidates that a search looks at: those of real lists many times
 * over, since garbage can refer to the same one again and again. */
#define SEARCH_MAX (4u << 20)

void iq_go_find_allm(struct iq_go_runtime *rt)
{
	struct iq_go_words words;
	uint64_t addr, value;
	size_t budget = SEARCH_MAX;
	size_t longest = 0;

	rt->allm_addr = by_symbol(rt, "runtime.allm");
	if (rt->allm_addr)
		return;
	// Of the words that point to a thread, the head of the list leads to
	// the most; others are the first of a list of idle ones and the like.
	iq_go_words_bss(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		size_t n;

		if (!value || value % 8 || !iq_go_m_is(rt, value))
			continue;
		n = iq_go_m_count(rt, value, &budget);
		if (n > longest) {
			longest = n;
			rt->allm_addr = addr;
		}
	}
}

/* p.status is one of _Pidle … _Pdead. Go: src/runtime/runtime2.go */
#define PSTATUS_IDLE 0
#define PSTATUS_MAX 4
/* Processors that GOMAXPROCS can ask for, by far. */
#define ALLP_MAX (1u << 16)

/* Whether the p at @addr can be number @i. An idle one has no thread, and only
 * those that are dead have no cache. Go: src/runtime/proc.go, releasep, destroy. */
static bool is_p(const struct iq_go_runtime *rt, uint64_t addr, uint64_t i)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t id, status, mcache, m;

	if (!addr || addr % 8 ||
	    !iq_go_field_read(rt->memory, addr, l->p_id, &id) ||
	    !iq_go_field_read(rt->memory, addr, l->p_status, &status) ||
	    !iq_go_field_read(rt->memory, addr, l->p_mcache, &mcache) ||
	    id != i || status > PSTATUS_MAX || mcache % 8)
		return false;
	if (mcache ? iq_memory_state(rt->memory, mcache) == IQ_MEMORY_UNMAPPED :
		     i == 0)
		return false;
	return status != PSTATUS_IDLE ||
	       !iq_go_field_read(rt->memory, addr, l->p_m, &m) || !m;
}

/* How many elements the slice at @addr has if it is allp; 0 if it is not. */
static uint64_t allp_len(const struct iq_go_runtime *rt, uint64_t addr,
			 size_t *budget)
{
	uint64_t array, len;

	if (!iq_go_slice_read(rt->memory, addr, &array, &len) || len > ALLP_MAX)
		return 0;
	for (uint64_t i = 0; i < len; i++) {
		uint64_t p;

		if (!*budget || !iq_memory_u64(rt->memory, array + 8 * i, &p) ||
		    !is_p(rt, p, i))
			return 0;
		--*budget;
	}
	return len;
}

/* Whether all that allp_len() looks at can be read. */
static bool allp_is_there(const struct iq_go_runtime *rt)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t array, len, p, word;

	if (!iq_go_slice_read(rt->memory, rt->allp_addr, &array, &len))
		return false;
	for (uint64_t i = 0; i < len && i < ALLP_MAX; i++) {
		if (!iq_memory_u64(rt->memory, array + 8 * i, &p) ||
		    !iq_go_field_read(rt->memory, p, l->p_id, &word) ||
		    !iq_go_field_read(rt->memory, p, l->p_mcache, &word))
			return false;
	}
	return true;
}

void iq_go_find_allp(struct iq_go_runtime *rt)
{
	struct iq_go_words words;
	uint64_t addr, value;
	uint64_t longest = 0;
	size_t budget = SEARCH_MAX;

	rt->allp_addr = by_symbol(rt, "runtime.allp");
	if (rt->allp_addr)
		return;
	// Copies (m.allpSnapshot's and others) are shorter or come later.
	iq_go_words_bss(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		uint64_t len;

		if (!value || value % 8)
			continue;
		len = allp_len(rt, addr, &budget);
		if (len > longest) {
			longest = len;
			rt->allp_addr = addr;
		}
	}
}

bool iq_go_allp_is(const struct iq_go_runtime *rt)
{
	size_t budget = SEARCH_MAX;

	return rt->allp_addr && allp_len(rt, rt->allp_addr, &budget);
}

/* What sched.maxmcount is unless the program changes it.
 * Go: src/runtime/proc.go, schedinit. */
#define MAXMCOUNT 10000

static uint64_t largest_goid(const struct iq_go_runtime *rt)
{
	return rt->num_gs ? rt->gs[rt->num_gs - 1].goid : 0;
}

static bool is_sched(const struct iq_go_runtime *rt, uint64_t addr)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record r;
	uint64_t goidgen, midle, pidle, id;

	if (!iq_go_record_read(rt->memory, addr, l->sched_pidle.offset + 8, &r))
		return false;
	goidgen = iq_go_record_uint(&r, l->sched_goidgen);
	midle = iq_go_record_uint(&r, l->sched_midle);
	pidle = iq_go_record_uint(&r, l->sched_pidle);
	return iq_go_record_uint(&r, l->sched_maxmcount) == MAXMCOUNT &&
	       goidgen >= largest_goid(rt) &&
	       goidgen <= largest_goid(rt) + (1u << 30) &&
	       (!midle || iq_go_m_is(rt, midle)) &&
	       (!pidle || (iq_go_field_read(rt->memory, pidle, l->p_id, &id) &&
			   id < ALLP_MAX));
}

static void find_sched(struct iq_go_runtime *rt)
{
	uint32_t offset = rt->layout->sched_maxmcount.offset;
	struct iq_go_words words;
	uint64_t addr, value;

	rt->sched_addr = by_symbol(rt, "runtime.sched");
	if (rt->sched_addr)
		return;
	iq_go_words_bss(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		// Words are 8 bytes, the field is 4: in either half.
		uint64_t at = 0;

		if ((value & UINT32_MAX) == MAXMCOUNT)
			at = addr;
		else if (value >> 32 == MAXMCOUNT)
			at = addr + 4;
		if (at && at > offset && is_sched(rt, at - offset)) {
			rt->sched_addr = at - offset;
			return;
		}
	}
}

/* Wall clocks between 2017 and 2049, in ns since 1970. */
#define WALL_MIN 1500000000000000000ull
#define WALL_MAX 2500000000000000000ull
/*
 * What the monotonic clock has passed when a program collects for the first time.
 * A runtime.MemStats of the program's own is laid out alike, and has EnableGC and
 * DebugGC there. Go: src/runtime/mstats.go.
 */
#define MONO_MIN 0x1000000
/* Entries of memstats.pause_end. Go: src/runtime/mstats.go */
#define PAUSES 256

bool iq_go_memstats_is(const struct iq_go_runtime *rt, uint64_t addr)
{
	const struct iq_go_layout *l = rt->layout;
	const struct iq_memory *mem = rt->memory;
	uint64_t wall, mono, num, end;

	if (!iq_go_field_read(mem, addr, l->mstats_last_gc_unix, &wall) ||
	    wall < WALL_MIN || wall > WALL_MAX ||
	    !iq_go_field_read(mem, addr, l->mstats_last_gc_nanotime, &mono) ||
	    mono < MONO_MIN || mono > INT64_MAX / 2 ||
	    !iq_go_field_read(mem, addr, l->mstats_numgc, &num) || !num ||
	    !iq_go_has(l->mstats_pause_end))
		return false;
	// gcMarkTermination writes both at once; the count comes after them.
	return iq_memory_u64(mem,
			     addr + l->mstats_pause_end.offset +
				     8 * ((num - 1) % PAUSES),
			     &end) &&
	       end == wall;
}

static void find_memstats(struct iq_go_runtime *rt)
{
	uint32_t offset = rt->layout->mstats_last_gc_unix.offset;
	struct iq_go_words words;
	uint64_t addr, value;

	rt->memstats_addr = by_symbol(rt, "runtime.memstats");
	if (rt->memstats_addr || offset == IQ_GO_ABSENT)
		return;
	iq_go_words_all(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		if (value < WALL_MIN || value > WALL_MAX || addr < offset ||
		    !iq_go_memstats_is(rt, addr - offset))
			continue;
		rt->memstats_addr = addr - offset;
		return;
	}
}

void iq_go_find_rest(struct iq_go_runtime *rt)
{
	find_sched(rt);
	iq_go_find_allp(rt);
	find_memstats(rt);
	rt->semtable_addr = by_symbol(rt, "runtime.semtable");
}

static void check_threads(struct iq_go_runtime *rt)
{
	for (size_t i = 0; i < rt->num_ms; i++) {
		const struct iq_go_m *m = &rt->ms[i];
		struct iq_go_g g;

		// An m is listed before its thread runs, and a thread may be
		// gone from a core that was cut off.
		if (m->procid && !m->thread && rt->core->num_threads)
			iq_facts_gap_addr(rt->facts, IQ_GAP_MISMATCH, m->addr,
					  "thread %" PRIu64
					  " of the runtime is not in the core",
					  m->procid);
		if (!m->curg || iq_go_runtime_g(rt, m->curg) ||
		    iq_go_g_read(rt, m->curg, &g) == IQ_GO_G_UNUSED)
			continue;
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISMATCH, m->curg,
				  "the goroutine of thread %" PRIu64
				  " is not among all goroutines",
				  m->procid);
	}
}

void iq_go_find_check(struct iq_go_runtime *rt)
{
	size_t budget = SEARCH_MAX;
	uint64_t missing = iq_go_words_missing(rt);
	uint64_t goidgen;

	if (missing)
		iq_facts_gap(rt->facts, IQ_GAP_MISSING,
			     "%" PRIu64 " bytes of the runtime's variables are "
			     "not in the core: what stood there, as the times "
			     "of collections, stays unknown",
			     missing);
	check_threads(rt);
	if (rt->allp_addr && !allp_is_there(rt))
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISSING, rt->allp_addr,
				  "the list of processors is not in the core");
	else if (rt->allp_addr && !allp_len(rt, rt->allp_addr, &budget))
		iq_facts_gap_addr(rt->facts, IQ_GAP_DAMAGED, rt->allp_addr,
				  "the list of processors contradicts itself");
	if (!rt->sched_addr)
		return;
	if (iq_go_field_read(rt->memory, rt->sched_addr,
			     rt->layout->sched_goidgen, &goidgen) &&
	    goidgen < largest_goid(rt))
		iq_facts_gap_addr(rt->facts, IQ_GAP_MISMATCH, rt->sched_addr,
				  "goroutine %" PRIu64
				  " exists, but only %" PRIu64 " were numbered",
				  largest_goid(rt), goidgen);
}
