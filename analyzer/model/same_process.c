/* SPDX-License-Identifier: Apache-2.0 */
#include "model/same_process.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/text.h"

/* Known on both sides, and different. */
static bool differ(struct iq_str a, struct iq_str b)
{
	return a.len && b.len && !iq_str_equal(a, b);
}

static bool same_creator(const struct iq_goroutine_fact *a,
			 const struct iq_goroutine_fact *b)
{
	if (a->has_parent && b->has_parent && a->parent != b->parent)
		return false;
	if (!a->created_by || !b->created_by)
		return true;
	return a->created_by->line == b->created_by->line;
}

/*
 * Ids that both have, and how many of them were made at different places:
 * goroutine ids are never reused, so a few contradictions are enough.
 */
static void compare_ids(const struct iq_facts *a, const struct iq_facts *b,
			size_t *common_ret, size_t *differ_ret)
{
	size_t i = 0, j = 0;

	*common_ret = 0;
	*differ_ret = 0;
	while (i < a->goroutines.len && j < b->goroutines.len) {
		const struct iq_goroutine_fact *x = &a->goroutines.data[i];
		const struct iq_goroutine_fact *y = &b->goroutines.data[j];

		if (!x->has_id || !y->has_id)
			return;
		if (x->id != y->id) {
			x->id < y->id ? i++ : j++;
			continue;
		}
		// Goroutine 1 is in every process.
		if (x->id != 1) {
			++*common_ret;
			*differ_ret += !same_creator(x, y);
		}
		i++;
		j++;
	}
}

static bool has_ids(const struct iq_facts *facts)
{
	return facts->goroutines.len > 1 && facts->goroutines.data[0].has_id;
}

/* Why @b did not see the process of @a, or NULL. */
static const char *why_foreign(const struct iq_facts *a,
			       const struct iq_facts *b)
{
	size_t common, different;

	if (b->witness.kind == IQ_WITNESS_EXECUTABLE &&
	    !b->process.go_version.len)
		return "it is no Go program";
	if (differ(a->process.build_id, b->process.build_id) ||
	    differ(a->process.go_build_id, b->process.go_build_id))
		return "it is of another build (build ids differ)";
	if (differ(a->process.go_version, b->process.go_version))
		return "it is of another build (Go versions differ)";
	if (b->witness.kind == IQ_WITNESS_EXECUTABLE)
		return NULL;
	if (a->process.has_pid && b->process.has_pid &&
	    a->process.pid != b->process.pid)
		return "it is of another process (pids differ)";
	if (!has_ids(a) || !has_ids(b))
		return NULL;
	compare_ids(a, b, &common, &different);
	if (!common)
		return "it is of another process (no goroutine id in common)";
	if (different * 4 > common)
		return "it is of another process (goroutines of equal ids were "
		       "made elsewhere)";
	return NULL;
}

/* The witness that the others are held against: a core, else the first that
 * has goroutines. */
static size_t reference_witness(const struct iq_model *m)
{
	size_t best = 0;

	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (m->witnesses[w]->witness.kind == IQ_WITNESS_CORE)
			return w;
		if (!m->witnesses[best]->goroutines.len &&
		    m->witnesses[w]->goroutines.len)
			best = w;
	}
	return best;
}

#define TAKE_TEXT(to, from, field)                                             \
	do {                                                                   \
		if (!(to)->field.len)                                          \
			(to)->field = (from)->field;                           \
	} while (0)

/* How the process ended is known best by who names a cause. */
static void join_end(struct iq_process_fact *to,
		     const struct iq_process_fact *from)
{
	bool better = from->end > to->end &&
		      (to->end == IQ_END_UNKNOWN || from->end_text.len);

	if (better) {
		to->end = from->end;
		to->end_text = from->end_text;
		to->has_end_goroutine = from->has_end_goroutine;
		to->end_goroutine = from->end_goroutine;
	} else if (from->end == to->end) {
		TAKE_TEXT(to, from, end_text);
		if (!to->has_end_goroutine) {
			to->has_end_goroutine = from->has_end_goroutine;
			to->end_goroutine = from->end_goroutine;
		}
	}
	TAKE_TEXT(to, from, signal);
	if (!to->has_fault_addr) {
		to->has_fault_addr = from->has_fault_addr;
		to->fault_addr = from->fault_addr;
	}
}

static void join_process(struct iq_process_fact *to,
			 const struct iq_process_fact *from)
{
	TAKE_TEXT(to, from, go_version);
	TAKE_TEXT(to, from, arch);
	TAKE_TEXT(to, from, executable);
	TAKE_TEXT(to, from, module);
	TAKE_TEXT(to, from, vcs_revision);
	TAKE_TEXT(to, from, build_id);
	TAKE_TEXT(to, from, go_build_id);
	if (!to->has_pid) {
		to->has_pid = from->has_pid;
		to->pid = from->pid;
	}
	if (to->cgo == IQ_UNKNOWN)
		to->cgo = from->cgo;
	if (to->stripped == IQ_UNKNOWN)
		to->stripped = from->stripped;
	if (to->optimised == IQ_UNKNOWN)
		to->optimised = from->optimised;
	join_end(to, from);
}

/* The reader of the core refused the file, and said so with its reasons. */
static bool is_told(const struct iq_facts *reference,
		    const struct iq_facts *witness)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_str name =
		iq_str_of(iq_str_quote(witness->witness.path, quoted));

	for (size_t i = 0; i < reference->gaps.len; i++) {
		const struct iq_gap *gap = &reference->gaps.data[i];

		if (gap->code == IQ_GAP_MISMATCH &&
		    iq_str_starts(gap->text, name))
			return true;
	}
	return false;
}

static struct iq_error *add_gap(struct iq_model *m, struct iq_gap *gaps,
				size_t w, const char *why)
{
	struct iq_gap *gap = &gaps[m->num_gaps];
	char quoted[IQ_STR_QUOTE_SIZE];

	*gap = (struct iq_gap){ .code = IQ_GAP_MISMATCH, .count = 1 };
	struct iq_error *err = iq_textf(
		&m->arena, &gap->text, "%s is not used: %s",
		iq_str_quote(m->witnesses[w]->witness.path, quoted), why);
	if (!err)
		m->num_gaps++;
	return err;
}

struct iq_error *iq_same_process(struct iq_model *m)
{
	bool *foreign =
		iq_arena_calloc(&m->arena, m->num_witnesses, sizeof(*foreign));
	struct iq_gap *gaps =
		iq_arena_calloc(&m->arena, m->num_witnesses, sizeof(*gaps));
	size_t reference = reference_witness(m);

	if (!foreign || !gaps)
		return &iq_enomem;
	m->foreign = foreign;
	m->gaps = gaps;
	if (m->num_witnesses)
		m->process = m->witnesses[reference]->process;
	for (size_t w = 0; w < m->num_witnesses; w++) {
		const char *why;

		if (w == reference)
			continue;
		why = why_foreign(m->witnesses[reference], m->witnesses[w]);
		if (why) {
			struct iq_error *err = NULL;

			if (!is_told(m->witnesses[reference], m->witnesses[w]))
				err = add_gap(m, gaps, w, why);

			if (err)
				return err;
			foreign[w] = true;
		} else {
			join_process(&m->process, &m->witnesses[w]->process);
		}
	}
	return NULL;
}
