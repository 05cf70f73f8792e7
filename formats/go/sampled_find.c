/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the variables of the runtime's profiles are: by symbol; where there are
 * none, buckets are known by their hashes, and numbers by the code that takes
 * them first.
 */
#include "formats/go/sampled.h"

#include "base/limits.h"
#include "formats/go/find_scan.h"
#include "formats/go/record.h"

/* Elements of candidates that a search looks at: those of real lists many times
 * over. */
#define SEARCH_MAX (64u << 20)
/* Bytes at the beginning of a function that are looked through. */
#define CODE_MAX 512
/* Functions of one module: the largest programs have a million. */
#define FUNCTIONS_MAX (16u << 20)

static const char *const heads[] = {
	[IQ_GO_BUCKET_MEMORY] = "runtime.mbuckets",
	[IQ_GO_BUCKET_BLOCK] = "runtime.bbuckets",
	[IQ_GO_BUCKET_MUTEX] = "runtime.xbuckets",
};

/* Buckets of @type from @addr on, as far as the budget goes. */
static uint64_t count_list(const struct iq_go_runtime *rt, uint64_t addr,
			   uint64_t type, struct iq_go_bucket *bucket,
			   uint64_t *budget)
{
	uint64_t n = 0;

	while (addr && *budget && iq_go_bucket_read(rt, addr, bucket) &&
	       bucket->type == type) {
		*budget -= *budget < 1 + bucket->stack.len ?
				   *budget :
				   1 + bucket->stack.len;
		n++;
		addr = bucket->next;
	}
	return n;
}

/* Of the words that point to a bucket the list's head leads to the most. */
static uint64_t head_by_shape(const struct iq_go_runtime *rt,
			      enum iq_go_bucket_type type)
{
	struct iq_go_bucket bucket = { 0 };
	struct iq_go_words words;
	uint64_t addr, value;
	uint64_t budget = SEARCH_MAX;
	uint64_t longest = 0;
	uint64_t head = 0;

	iq_go_words_all(rt, &words);
	while (iq_go_words_next(&words, &addr, &value)) {
		uint64_t n;

		bool is_bucket;

		if (!value || value % 8 || !budget)
			continue;
		is_bucket = iq_go_bucket_read(rt, value, &bucket);
		// What was read in vain counts, too.
		budget -= budget < bucket.stack.len ? budget : bucket.stack.len;
		if (!is_bucket || bucket.type != type)
			continue;
		n = count_list(rt, value, type, &bucket, &budget);
		if (n > longest) {
			longest = n;
			head = value;
		}
	}
	iq_go_bucket_deinit(&bucket);
	return head;
}

bool iq_go_sampled_head(const struct iq_go_runtime *rt,
			enum iq_go_bucket_type type, uint64_t *ret)
{
	uint64_t addr;

	if (iq_go_program_symbol(rt->program, heads[type], &addr))
		return iq_memory_u64(rt->memory, addr, ret);
	*ret = head_by_shape(rt, type);
	// Nothing was sampled, or the list was not in the core.
	return *ret || !iq_go_words_missing(rt);
}

static bool find_function(const struct iq_go_runtime *rt, const char *name,
			  struct iq_go_func *ret)
{
	const struct iq_pclntab *pcln = rt->program->pcln;
	const struct iq_go_module *m = &rt->program->modules[0];
	struct iq_str wanted = iq_str_of(name);
	uint64_t pc = m->minpc;

	for (uint32_t i = 0; i < FUNCTIONS_MAX && pc < m->maxpc; i++) {
		struct iq_str found;

		if (!iq_pclntab_func(pcln, pc, ret) || ret->end <= pc)
			return false;
		if (iq_pclntab_name(pcln, ret, &found) &&
		    iq_str_equal(found, wanted))
			return true;
		pc = ret->end;
	}
	return false;
}

/* Values that a number can have; others that the same code takes are pointers. */
struct number {
	const char *symbol; /* of the variable; NULL: it says nothing */
	/* The functions that take it before others like it; NULL ends them. */
	const char *functions[3];
	int64_t min, max;
};

static bool number_at(const struct iq_go_runtime *rt,
		      const struct number *wanted, uint64_t addr, int64_t *ret)
{
	uint64_t value;

	if (!iq_memory_u64(rt->memory, addr, &value) ||
	    (int64_t)value < wanted->min || (int64_t)value > wanted->max)
		return false;
	*ret = (int64_t)value;
	return true;
}

/* The first such number among the variables that the function takes. */
static bool first_taken(const struct iq_go_runtime *rt,
			const struct number *wanted,
			const struct iq_go_func *func, int64_t *ret)
{
	const struct iq_arch *cpu = rt->core->cpu;
	uint64_t len;
	const uint8_t *code = iq_memory_window(rt->memory, func->entry, &len);

	if (!code || !cpu->names)
		return false;
	if (len > func->end - func->entry)
		len = func->end - func->entry;
	if (len > CODE_MAX)
		len = CODE_MAX;
	for (uint64_t at = 0; at < len; at += cpu->pc_align) {
		struct iq_arch_place place;

		if (cpu->names(code + at, (size_t)(len - at), func->entry + at,
			       &place) &&
		    place.loads && place.addr % 8 == 0 &&
		    iq_go_module_has_variable(func->module, place.addr) &&
		    number_at(rt, wanted, place.addr, ret))
			return true;
	}
	return false;
}

static bool find_number(const struct iq_go_runtime *rt,
			const struct number *wanted, int64_t *ret)
{
	struct iq_go_func func;
	uint64_t addr;

	if (wanted->symbol &&
	    iq_go_program_symbol(rt->program, wanted->symbol, &addr))
		return number_at(rt, wanted, addr, ret);
	for (unsigned i = 0; wanted->functions[i]; i++) {
		if (find_function(rt, wanted->functions[i], &func))
			return first_taken(rt, wanted, &func, ret);
	}
	return false;
}

bool iq_go_sampled_rate(const struct iq_go_runtime *rt, int64_t *ret)
{
	// Go: src/runtime/malloc.go. Who turns it off sets 0 or less.
	static const struct number rate = {
		.symbol = "runtime.MemProfileRate",
		.functions = { "runtime.profilealloc" },
		.min = 1,
		.max = 1ll << 40,
	};

	return find_number(rt, &rate, ret);
}

bool iq_go_sampled_ticks(const struct iq_go_runtime *rt, int64_t *ret)
{
	// They take what was measured first, ticks.val, and measure it if there
	// is nothing. Go: src/runtime/runtime.go; the second up to 1.21.
	static const struct number ticks = {
		.functions = { "runtime.ticksPerSecond",
			       "runtime.tickspersecond" },
		.min = 1000000,
		.max = 1000000000000,
	};

	return find_number(rt, &ticks, ret);
}

bool iq_go_sampled_fraction(const struct iq_go_runtime *rt, int64_t *ret)
{
	static const struct number fraction = {
		.symbol = "runtime.mutexprofilerate",
		.functions = { "runtime.mutexevent" },
		.min = 1,
		.max = INT32_MAX,
	};
	struct iq_go_func scales;

	*ret = 1;
	return !find_function(rt, "runtime/pprof.scaleMutexProfile", &scales) ||
	       find_number(rt, &fraction, ret);
}

bool iq_go_sampled_cycle(const struct iq_go_runtime *rt, uint64_t num,
			 uint64_t *ret)
{
	uint64_t count;

	// Each collection begins a new one. Go: src/runtime/mgc.go,
	// gcMarkTermination, mProf_NextCycle.
	if (!rt->memstats_addr ||
	    !iq_go_field_read(rt->memory, rt->memstats_addr,
			      rt->layout->mstats_numgc, &count))
		return false;
	*ret = (count & UINT32_MAX) % num;
	return true;
}
