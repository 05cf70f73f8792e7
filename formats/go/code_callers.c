/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "formats/go/code.h"

/* Calls that are kept: a program of 100 MB has fewer. */
#define SITES_MAX (8u << 20)

void iq_go_callers_destroy(void *callers)
{
	struct iq_go_callers *c = callers;

	iq_vec_deinit(&c->sites);
	free(c);
}

/* Bytes that look like a call of what begins in the same text are taken for
 * one: that can hide that a call is the only one, never invent it. */
static struct iq_error *site_add(struct iq_go_callers *c,
				 const struct iq_go_module *m, uint64_t target,
				 uint64_t pc)
{
	struct iq_go_call_site site = { target, pc };

	if (target < m->text || target >= m->etext)
		return NULL;
	c->is_cut = c->sites.len == SITES_MAX;
	return c->is_cut || iq_vec_push(&c->sites, site) ? NULL : &iq_enomem;
}

static struct iq_error *text_scan(const struct iq_go_runtime *rt,
				  const struct iq_go_module *m,
				  struct iq_go_callers *c)
{
	const struct iq_arch *cpu = rt->core->cpu;
	uint64_t begin = m->text, len;
	struct iq_error *err = NULL;

	while (begin < m->etext) {
		const uint8_t *code = iq_memory_window(rt->memory, begin, &len);

		c->is_cut = !code;
		if (!code)
			return NULL;
		if (len > m->etext - begin)
			len = m->etext - begin;
		for (uint64_t at = 0; at < len; at += cpu->pc_align) {
			uint64_t target;

			if (cpu->call_target(code + at, (size_t)(len - at),
					     begin + at, &target) &&
			    (err = site_add(c, m, target, begin + at)))
				return err;
			if (c->is_cut)
				return NULL;
		}
		begin += len;
	}
	return NULL;
}

static int compare_sites(const void *pa, const void *pb)
{
	const struct iq_go_call_site *a = pa;
	const struct iq_go_call_site *b = pb;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return a->pc < b->pc ? -1 : a->pc > b->pc;
}

static struct iq_error *make(const struct iq_go_runtime *rt,
			     struct iq_go_callers *c)
{
	struct iq_error *err = NULL;

	c->sites.len = 0;
	for (size_t i = 0; i < rt->program->num_modules && !c->is_cut && !err;
	     i++)
		err = text_scan(rt, &rt->program->modules[i], c);
	if (err)
		return err;
	if (c->sites.len)
		qsort(c->sites.data, c->sites.len, sizeof(*c->sites.data),
		      compare_sites);
	c->is_made = true;
	return NULL;
}

/* The first site that calls @entry or what is behind it. */
static size_t first_site(const struct iq_go_callers *c, uint64_t entry)
{
	size_t lo = 0, hi = c->sites.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->sites.data[mid].target < entry)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct iq_error *iq_go_code_caller(const struct iq_go_code_reader *reader,
				   uint64_t entry, uint64_t *ret)
{
	const struct iq_go_runtime *rt = reader->rt;
	struct iq_go_callers *c = reader->callers;
	struct iq_error *err = c->is_made ? NULL : make(rt, c);
	struct iq_arch_step step;
	const uint8_t *code;
	uint64_t len, pc;
	size_t i;

	*ret = 0;
	if (err)
		return err;
	i = first_site(c, entry);
	if (c->is_cut || i == c->sites.len ||
	    c->sites.data[i].target != entry ||
	    (i + 1 < c->sites.len && c->sites.data[i + 1].target == entry))
		return NULL;
	pc = c->sites.data[i].pc;
	code = iq_memory_window(rt->memory, pc, &len);
	if (code && rt->core->cpu->step(code, (size_t)len, pc, &step))
		*ret = pc + step.len;
	return NULL;
}
