/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/program_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/dwarf/sections.h"
#include "formats/go/agreement.h"
#include "formats/go/measure.h"
#include "formats/go/moduledata.h"
#include "formats/go/wait_reasons.h"

/* A row and what the process says to it. */
struct candidate {
	const struct iq_go_version *row;
	struct iq_go_agreement agreement;
	/* How far the row is from the version that the text names. */
	unsigned distance;
};

struct candidates {
	struct candidate *rows;
	size_t num;
};

static void candidates_deinit(struct candidates *candidates)
{
	free(candidates->rows);
}

/* The version by the text that the linker left in a variable. */
static bool build_version(const struct iq_go_program *program,
			  struct iq_str *ret)
{
	const uint64_t max = 256;
	uint64_t addr, ptr, len, there;

	if (!iq_go_program_symbol(program, "runtime.buildVersion", &addr) ||
	    !iq_memory_u64(program->memory, addr, &ptr) ||
	    !iq_memory_u64(program->memory, addr + 8, &len) || len > max)
		return false;
	ret->ptr = (const char *)iq_memory_window(program->memory, ptr, &there);
	ret->len = (size_t)len;
	return ret->ptr && len <= there;
}

static unsigned distance_of(const struct iq_go_version *a,
			    const struct iq_go_version *b)
{
	unsigned x = a->minor * 256u + a->patch;
	unsigned y = b->minor * 256u + b->patch;

	return x < y ? y - x : x - y;
}

static int compare_candidates(const void *pa, const void *pb)
{
	const struct candidate *a = pa;
	const struct candidate *b = pb;
	int by = iq_go_agreement_compare(&a->agreement, &b->agreement);

	if (by)
		return by;
	if (a->distance != b->distance)
		return a->distance < b->distance ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* All rows of the architecture, the best first: what the process says decides,
 * and where that does not tell two apart, the distance from @nearest. */
static struct iq_error *candidates_find(const struct iq_go_program *program,
					const struct iq_go_version *nearest,
					uint64_t addr, struct candidates *ret)
{
	size_t num;
	const struct iq_go_version *rows = iq_go_versions(&num);

	ret->rows = calloc(num, sizeof(*ret->rows));
	if (!ret->rows)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++) {
		struct candidate *c = &ret->rows[ret->num];

		if (strcmp(rows[i].arch, program->core->arch) != 0)
			continue;
		c->row = &rows[i];
		c->distance = distance_of(c->row, nearest);
		iq_go_agreement_check(program, c->row, addr, true,
				      &c->agreement);
		ret->num++;
	}
	if (ret->num)
		qsort(ret->rows, ret->num, sizeof(*ret->rows),
		      compare_candidates);
	return NULL;
}

/* "goroutines, threads and channels", of what agrees or of what does not. */
static void kinds_text(const struct iq_go_agreement *a, bool failing, char *buf,
		       size_t size)
{
	int kinds[IQ_GO_AGREES_NUM];
	int num = 0;
	size_t at = 0;

	buf[0] = '\0';
	for (int i = 0; i < IQ_GO_AGREES_NUM; i++) {
		enum iq_go_agreement_kind kind = (enum iq_go_agreement_kind)i;

		if (failing ? iq_go_agreement_fails(a, kind) :
			      iq_go_agreement_holds(a, kind))
			kinds[num++] = i;
	}
	for (int i = 0; i < num && at < size; i++) {
		const char *between = i == 0	   ? "" :
				      i == num - 1 ? " and " :
						     ", ";
		int n = snprintf(buf + at, size - at, "%s%s", between,
				 iq_go_agreement_name(
					 (enum iq_go_agreement_kind)kinds[i]));

		at += n > 0 ? (size_t)n : 0;
	}
}

#define KINDS_SIZE 128

/* "goroutines and threads of the process agree with it, channels do not" */
static void agreement_text(const struct iq_go_agreement *a, char *buf,
			   size_t size)
{
	char agree[KINDS_SIZE], differ[KINDS_SIZE];

	kinds_text(a, false, agree, sizeof(agree));
	kinds_text(a, true, differ, sizeof(differ));
	if (agree[0] && differ[0])
		snprintf(buf, size, "%s agree with it, %s do not", agree,
			 differ);
	else if (agree[0])
		snprintf(buf, size, "%s agree with it", agree);
	else
		snprintf(buf, size, "%s do not agree with it",
			 differ[0] ? differ : "any of its structs");
}

/* Says that a row is taken which may be wrong, what speaks for it, and why the
 * executable did not tell a better one. */
static void version_assume(const struct iq_go_program *program,
			   struct iq_facts *facts,
			   const struct iq_go_agreement *a, const char *why)
{
	char quoted[IQ_STR_QUOTE_SIZE], said[2 * KINDS_SIZE + 64];
	const struct iq_go_version *v = program->version;

	agreement_text(a, said, sizeof(said));
	if (program->go_version.len)
		iq_facts_gap(
			facts, IQ_GAP_LAYOUT,
			"the runtime's layout of %s was not measured: that "
			"of go1.%u.%u is assumed; %s; %s",
			iq_str_quote(program->go_version, quoted), v->minor,
			v->patch, said, why);
	else
		iq_facts_gap(facts, IQ_GAP_LAYOUT,
			     "the Go version is not told by build information: "
			     "go1.%u is assumed; %s; %s",
			     v->minor, said, why);
}

static bool row_agrees(const struct iq_go_version *row, unsigned number,
		       const char *text)
{
	return number < row->num_wait_reasons &&
	       strcmp(row->wait_reasons[number], text) == 0;
}

/*
 * The numbers of wait reasons are not proven by the process: those texts remain
 * on which all rows agree that it can be.
 */
static struct iq_error *wait_reasons_doubt(struct iq_go_program *program,
					   struct iq_facts *facts,
					   const struct candidates *candidates)
{
	struct iq_go_version *v = iq_arena_calloc(&facts->arena, 1, sizeof(*v));
	const struct candidate *best = &candidates->rows[0];
	const char **texts;

	if (!v)
		return &iq_enomem;
	*v = *program->version;
	texts = iq_arena_calloc(&facts->arena, v->num_wait_reasons,
				sizeof(*texts));
	if (!texts)
		return &iq_enomem;
	memcpy(texts, v->wait_reasons, v->num_wait_reasons * sizeof(*texts));
	for (size_t i = 1; i < candidates->num; i++) {
		const struct candidate *c = &candidates->rows[i];

		if (iq_go_agreement_failures(&c->agreement) >
		    iq_go_agreement_failures(&best->agreement))
			break;
		for (unsigned k = 0; k < v->num_wait_reasons; k++) {
			if (texts[k] && !row_agrees(c->row, k, texts[k]))
				texts[k] = NULL;
		}
	}
	v->wait_reasons = texts;
	program->version = v;
	return NULL;
}

/* Takes the texts of wait reasons from the process where they are not the
 * row's; where they cannot be had, doubts the row's. */
static struct iq_error *wait_reasons_adapt(struct iq_go_program *program,
					   struct iq_facts *facts,
					   const struct candidates *candidates,
					   uint64_t addr)
{
	const struct candidate *best = &candidates->rows[0];
	struct iq_go_version *v;
	struct iq_go_module m;

	if (iq_go_agreement_holds(&best->agreement, IQ_GO_AGREES_WAIT_REASONS))
		return NULL;
	v = iq_arena_calloc(&facts->arena, 1, sizeof(*v));
	if (!v)
		return &iq_enomem;
	*v = *program->version;
	if (!iq_go_moduledata_read(program->memory, v->layout, addr, &m) ||
	    !iq_go_wait_reasons_read(program->memory, &m, program->version,
				     facts, v))
		return wait_reasons_doubt(program, facts, candidates);
	program->version = v;
	return NULL;
}

/* The row that agrees best is taken; @why nothing better can be had. */
static struct iq_error *version_choose(struct iq_go_program *program,
				       struct iq_facts *facts, uint64_t addr,
				       const struct candidates *candidates,
				       const char *why)
{
	const struct candidate *best = &candidates->rows[0];

	if (!program->go_version.len &&
	    iq_go_agreement_fails(&best->agreement, IQ_GO_AGREES_MODULES))
		return iq_error_at(
			IQ_ERROR_UNSUPPORTED,
			iq_go_program_offset(program, addr),
			"the Go version is unknown and the runtime's tables "
			"have no known shape");
	program->version = best->row;
	version_assume(program, facts, &best->agreement, why);
	return wait_reasons_adapt(program, facts, candidates, addr);
}

/*
 * The version is not in the table: measures the executable that ran, and takes
 * a row only where that cannot be done.
 */
static struct iq_error *version_adapt(struct iq_go_program *program,
				      struct iq_facts *facts, uint64_t addr)
{
	iq_cleanup(candidates_deinit) struct candidates candidates = { 0 };
	const struct iq_core_module *file = iq_go_program_file(program, addr);
	struct iq_error *err, *chosen;

	err = candidates_find(program, program->version, addr, &candidates);
	if (err)
		return err;
	if (!file || !file->verified || !iq_dwarf_present(file->elf))
		return version_choose(program, facts, addr, &candidates,
				      "the executable with its debug "
				      "information would tell");
	err = iq_go_version_measure(program->core, file, candidates.rows[0].row,
				    facts, &program->version);
	program->version_measured = !err;
	if (!err || err->code == IQ_ERROR_NOMEM)
		return err;
	chosen = version_choose(program, facts, addr, &candidates, err->text);
	iq_error_destroy(err);
	return chosen;
}

/* Whether the process is not at all what @a's row says: goroutines or threads
 * or the modules' records make no sense. */
static bool is_wrong(const struct iq_go_agreement *a)
{
	return iq_go_agreement_fails(a, IQ_GO_AGREES_MODULES) ||
	       iq_go_agreement_fails(a, IQ_GO_AGREES_GOROUTINES) ||
	       iq_go_agreement_fails(a, IQ_GO_AGREES_THREADS);
}

/* Whether there is enough that agrees with @a's row, and nothing that does not:
 * damage alone does not bring that about. */
static bool is_right(const struct iq_go_agreement *a)
{
	return !iq_go_agreement_failures(a) &&
	       iq_go_agreement_holds(a, IQ_GO_AGREES_GOROUTINES) &&
	       iq_go_agreement_holds(a, IQ_GO_AGREES_THREADS) &&
	       iq_go_agreement_holds(a, IQ_GO_AGREES_WAIT_REASONS);
}

/*
 * The version was measured. If the process contradicts its row, a changed
 * runtime may have kept the number: another row is taken only if all agrees
 * with that.
 */
static struct iq_error *version_verify(struct iq_go_program *program,
				       struct iq_facts *facts, uint64_t addr)
{
	iq_cleanup(candidates_deinit) struct candidates candidates = { 0 };
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_go_agreement own;
	struct iq_error *err;

	iq_go_agreement_check(program, program->version, addr, false, &own);
	if (!is_wrong(&own))
		return NULL;
	err = candidates_find(program, program->version, addr, &candidates);
	if (err)
		return err;
	iq_str_quote(program->go_version, quoted);
	if (is_right(&candidates.rows[0].agreement)) {
		program->version = candidates.rows[0].row;
		program->version_exact = false;
		iq_facts_gap(facts, IQ_GAP_LAYOUT,
			     "the process says that it is %s, but has the "
			     "layout of go1.%u.%u, which is taken",
			     quoted, program->version->minor,
			     program->version->patch);
	} else if (iq_go_agreement_fails(&own, IQ_GO_AGREES_MODULES)) {
		iq_facts_gap_addr(facts, IQ_GAP_LAYOUT, addr,
				  "moduledata has not the shape of %s: what "
				  "is read from the runtime may be wrong",
				  quoted);
	}
	return NULL;
}

/* The row for the version's text; without one the newest, to begin with. */
static const struct iq_go_version *row_by_text(struct iq_go_program *program,
					       struct iq_str text)
{
	unsigned minor, patch;
	bool exact = false;
	const struct iq_go_version *row;

	row = iq_go_version_find(text, program->core->arch, &exact);
	program->version_exact =
		exact && iq_go_version_parse(text, &minor, &patch);
	return row;
}

struct iq_error *iq_go_program_version_find(struct iq_go_program *program,
					    struct iq_facts *facts,
					    uint64_t addr)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_str text = program->buildinfo.version;

	if (!text.len && !build_version(program, &text))
		text = (struct iq_str){ 0 };
	program->go_version = text;
	program->version = row_by_text(program, text);
	if (!program->version)
		return iq_error_at(IQ_ERROR_UNSUPPORTED,
				   iq_go_program_offset(program, addr),
				   "the runtime of %s is not one that can be "
				   "read: go1.18 is the oldest",
				   iq_str_quote(text, quoted));
	return program->version_exact ? version_verify(program, facts, addr) :
					version_adapt(program, facts, addr);
}
