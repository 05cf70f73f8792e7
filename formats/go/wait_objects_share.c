/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "formats/go/wait_objects.h"

struct key {
	uint64_t address;
	struct iq_object *object;
};

#define DIGIT_BITS 8
#define DIGITS (1u << DIGIT_BITS)
/* Instead of a shift. */
#define BY_KIND (-1)

/* The address's bits from @shift on, or the kind. */
static size_t digit_of(const struct key *key, int shift)
{
	return shift == BY_KIND ? (size_t)key->object->kind :
				  key->address >> shift & (DIGITS - 1);
}

/* By that digit, into @ret. */
static void distribute(const struct key *keys, size_t num, int shift,
		       struct key *ret)
{
	size_t ends[DIGITS] = { 0 };
	size_t end = 0;

	for (size_t i = 0; i < num; i++)
		ends[digit_of(&keys[i], shift)]++;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t here = ends[d];

		ends[d] = end;
		end += here;
	}
	for (size_t i = 0; i < num; i++)
		ret[ends[digit_of(&keys[i], shift)]++] = keys[i];
}

static void pass(struct key **keys, struct key **scratch, size_t num, int shift)
{
	struct key *done = *scratch;

	distribute(*keys, num, shift, done);
	*scratch = *keys;
	*keys = done;
}

/* By kind, then by address, in linear time; the result is in *@keys, which may
 * change places with *@scratch. */
static void order(struct key **keys, struct key **scratch, size_t num)
{
	uint64_t differ = 0;

	for (size_t i = 1; i < num; i++)
		differ |= (*keys)[i].address ^ (*keys)[0].address;
	for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (differ >> shift & (DIGITS - 1))
			pass(keys, scratch, num, shift);
	}
	pass(keys, scratch, num, BY_KIND);
}

/* The objects of all readers; their tables are freed. */
static void gather(struct iq_go_wait_reader *readers, unsigned num,
		   struct key *ret)
{
	size_t n = 0;

	for (unsigned k = 0; k < num; k++) {
		struct iq_go_wait_reader *r = &readers[k];

		for (size_t i = 0; i < r->num_slots; i++) {
			if (r->slots[i])
				ret[n++] = (struct key){ r->slots[i]->address,
							 r->slots[i] };
		}
		for (size_t i = 0; i < r->lone.len; i++)
			ret[n++] = (struct key){ r->lone.data[i]->address,
						 r->lone.data[i] };
		free(r->slots);
		r->slots = NULL;
		r->num_slots = 0;
		iq_vec_deinit(&r->lone);
	}
}

/* Each once, to facts->objects. What several readers have is marked by no kind
 * where it is not the one that stays; whether there is any. */
static struct iq_error *keep(struct iq_facts *facts, const struct key *keys,
			     size_t num, bool *any_ret)
{
	size_t kept = 0;

	*any_ret = false;
	if (!iq_vec_reserve(&facts->objects, num))
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		const struct iq_object *last =
			kept ? facts->objects.data[kept - 1] : NULL;

		if (last && last->address == keys[i].address &&
		    last->kind == keys[i].object->kind) {
			keys[i].object->kind = IQ_WAIT_NONE;
			*any_ret = true;
			continue;
		}
		facts->objects.data[kept++] = keys[i].object;
	}
	facts->objects.len = kept;
	return NULL;
}

struct redirection {
	const struct iq_facts *facts;
	struct iq_goroutine_fact *goroutines;
};

/* Who waits for an object that another reader has, too, waits for that one. */
static struct iq_error *redirect_range(void *ctx, unsigned worker iq_unused,
				       size_t begin, size_t end)
{
	const struct redirection *r = ctx;

	for (size_t i = begin; i < end; i++) {
		for (uint32_t k = 0; k < r->goroutines[i].num_waits; k++) {
			// The readers' own memory, not yet given away.
			struct iq_wait *wait =
				(struct iq_wait *)&r->goroutines[i].waits[k];

			if (wait->object && wait->object->kind == IQ_WAIT_NONE)
				wait->object = iq_facts_object(
					r->facts, wait->kind, wait->address);
		}
	}
	return NULL;
}

static struct iq_error *share(struct iq_go_runtime *rt,
			      struct iq_go_wait_reader *readers, unsigned num)
{
	struct redirection r = { rt->facts, readers[0].goroutines };
	struct iq_error *err = NULL;
	struct key *keys, *scratch;
	size_t n = 0;
	bool any = false;

	for (unsigned k = 0; k < num; k++)
		n += readers[k].num_objects + readers[k].lone.len;
	keys = calloc(n + 1, sizeof(*keys));
	scratch = calloc(n + 1, sizeof(*scratch));
	if (keys && scratch) {
		gather(readers, num, keys);
		order(&keys, &scratch, n);
		err = keep(rt->facts, keys, n, &any);
	} else {
		err = &iq_enomem;
	}
	free(keys);
	free(scratch);
	if (!err && any)
		err = iq_pool_run(rt->pool, rt->num_gs, 4096, redirect_range,
				  &r);
	return err;
}

/* Goroutines' by their order, then objects' by theirs. */
static int compare_problems(const void *a, const void *b)
{
	const struct iq_go_wait_problem *x = a;
	const struct iq_go_wait_problem *y = b;

	if (x->goroutine != y->goroutine)
		return x->goroutine < y->goroutine ? -1 : 1;
	if (x->object && x->object->kind != y->object->kind)
		return x->object->kind < y->object->kind ? -1 : 1;
	if (x->object && x->object->address != y->object->address)
		return x->object->address < y->object->address ? -1 : 1;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return strcmp(x->text, y->text);
}

static void report(const struct iq_go_runtime *rt,
		   const struct iq_go_wait_problem *p, size_t index)
{
	enum iq_gap_code code =
		iq_str_ends(iq_str_of(p->text), IQ_STR("is not in the core")) ?
			IQ_GAP_MISSING :
			IQ_GAP_DAMAGED;

	// One by one as far as anybody reads, then counted.
	if (p->object)
		iq_facts_gap_addr(rt->facts, code, p->addr, "%s", p->text);
	else if (index >= IQ_LIMIT_EQUAL_GAPS)
		iq_facts_gap_addr(rt->facts, code, p->addr,
				  "a further goroutine: %s", p->text);
	else
		iq_facts_gap_addr(rt->facts, code, p->addr,
				  "goroutine %" PRIu64 ": %s",
				  rt->gs[p->goroutine].goid, p->text);
}

static struct iq_error *report_all(const struct iq_go_runtime *rt,
				   const struct iq_go_wait_reader *readers,
				   unsigned num)
{
	struct {
		IQ_VEC(struct iq_go_wait_problem) problems;
	} all = { 0 };

	for (unsigned k = 0; k < num; k++) {
		const struct iq_go_wait_reader *r = &readers[k];

		for (size_t i = 0; i < r->problems.len; i++) {
			const struct iq_go_wait_problem *p =
				&r->problems.data[i];

			// Another reader has the object, and the problem.
			if (p->object && p->object->kind == IQ_WAIT_NONE)
				continue;
			if (!iq_vec_push(&all.problems, *p)) {
				iq_vec_deinit(&all.problems);
				return &iq_enomem;
			}
		}
	}
	if (all.problems.len)
		qsort(all.problems.data, all.problems.len,
		      sizeof(*all.problems.data), compare_problems);
	for (size_t i = 0; i < all.problems.len; i++)
		report(rt, &all.problems.data[i], i);
	iq_vec_deinit(&all.problems);
	return NULL;
}

struct iq_error *iq_go_wait_objects_share(struct iq_go_runtime *rt,
					  struct iq_go_wait_reader *readers,
					  unsigned num_readers)
{
	struct iq_error *err = share(rt, readers, num_readers);

	for (unsigned k = 0; k < num_readers && !err; k++)
		iq_arena_adopt(&rt->facts->arena, &readers[k].arena);
	return err ? err : report_all(rt, readers, num_readers);
}
