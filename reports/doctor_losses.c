/* SPDX-License-Identifier: Apache-2.0 */
/* What each conclusion lost by what is missing. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/text.h"
#include "reports/doctor.h"

/* One loss on its way into the list. */
struct losing {
	struct iq_doctor *doctor;
	size_t witness;
	const struct iq_facts *facts;
	const struct iq_coverage *coverage; /* of a core */
	struct iq_error *err;
};

static iq_printf(4, 5) void lose(struct losing *l, const char *what,
				 const char *how, const char *fmt, ...)
{
	struct iq_doctor_loss loss = {
		.how = how,
		.has_witness = true,
		.witness = (uint32_t)l->witness,
	};
	char text[512];
	va_list args;

	if (l->err)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	l->err = iq_textf(&l->doctor->arena, &loss.text, "%s", text);
	if (!l->err)
		l->err = iq_textf(&l->doctor->arena, &loss.what, "%s", what);
	if (!l->err && !iq_vec_push(&l->doctor->losses, loss))
		l->err = &iq_enomem;
}

/* ---- a core */

static bool lacks_tables(const struct iq_coverage *c)
{
	for (size_t i = 0; i < c->num_losses; i++) {
		if (c->losses[i].why == IQ_STACK_LOSS_TABLES)
			return true;
	}
	return false;
}

static void lose_names(struct losing *l)
{
	const struct iq_coverage *c = l->coverage;
	const struct iq_coverage_module *exe = iq_coverage_executable(c);

	if (!c->has_runtime) {
		lose(l, "all", "not known",
		     "no Go runtime was found in it: no goroutine, no stack");
		return;
	}
	if (!c->goroutines.total) {
		lose(l, "all", "not known",
		     "not one goroutine could be read: the runtime is there, "
		     "its goroutines are not");
		return;
	}
	if (c->goroutines_lost)
		lose(l, "goroutines, counts", "weaker",
		     "up to %" PRIu64 " of %" PRIu64
		     " goroutines are not in the core",
		     c->goroutines_lost,
		     c->goroutines.total + c->goroutines_lost);
	if (lacks_tables(c))
		lose(l, "stacks, places of findings", "not known",
		     "the tables of functions and lines are in neither the "
		     "core nor a file; states, reasons and objects are known");
	else if (!c->has_funcdata)
		lose(l, "inlined calls", "not known",
		     "they count as lines of the functions that they were "
		     "inlined into: the executable is missing");
	if (exe && exe->state == IQ_MODULE_UNVERIFIED)
		lose(l, "names, lines", "weaker",
		     "the executable is not verified: nothing in the core says "
		     "which build ran");
}

static void lose_stacks(struct losing *l)
{
	const struct iq_coverage *c = l->coverage;

	for (size_t i = 0; i < c->num_losses && !l->err; i++) {
		const struct iq_coverage_loss *loss = &c->losses[i];
		struct iq_str ids;

		// Who has no tables has been told so.
		if (loss->why == IQ_STACK_LOSS_TABLES)
			continue;
		l->err = iq_doctor_ids(&l->doctor->arena, loss, &ids);
		if (l->err)
			return;
		lose(l, loss->partial ? "stacks that are cut" : "stacks",
		     loss->partial ? "weaker" : "not known",
		     "%" PRIu64 " of %" PRIu64 " goroutines (%.*s): %s",
		     loss->count, c->goroutines.total, IQ_STR_ARG(ids),
		     iq_doctor_loss_words(loss->why));
	}
}

static void lose_threads(struct losing *l)
{
	const struct iq_coverage *c = l->coverage;

	if (!c->has_notes || !c->num_threads) {
		lose(l, "what ran, crash-signal", "not known",
		     "the core has no notes of threads: no registers, no "
		     "signal%s",
		     c->has_file_notes ? "" : ", no list of mapped files");
		return;
	}
	if (!c->notes_whole)
		lose(l, "what ran", "weaker",
		     "the notes are cut off: %" PRIu64 " threads are left",
		     c->num_threads);
	if (iq_coverage_missing(c->threads))
		lose(l, "what ran", "weaker",
		     "%" PRIu64 " of %" PRIu64
		     " threads of the runtime have no registers",
		     iq_coverage_missing(c->threads), c->threads.total);
}

static void lose_layout(struct losing *l)
{
	const struct iq_coverage *c = l->coverage;

	if (c->has_runtime && c->layout == IQ_LAYOUT_NEAREST)
		lose(l, "all", "weaker",
		     "the runtime's layout of this Go version was not "
		     "measured: that of %.*s is assumed",
		     IQ_STR_ARG(c->layout_version));
}

/* "3.1 MiB of the 64.0 MiB heap are not in the core" */
static void lose_heap(struct losing *l)
{
	const struct iq_model *m = l->doctor->model;
	const struct iq_doctor_heap *heap = &l->doctor->heaps[l->witness];
	char missing[IQ_DOCTOR_SIZE], total[IQ_DOCTOR_SIZE];
	bool lacks =
		m->reach_lacks.len && m->reach_witness == (uint32_t)l->witness;
	uint64_t lost =
		heap->known ? iq_coverage_missing(heap->size.memory) : 0;

	if (!l->coverage->has_runtime)
		return;
	if (!heap->known)
		lose(l, "leaked-goroutine", "no proof",
		     "the runtime's heap was not found: who can reach what is "
		     "waited for stays unknown");
	else if (lost)
		lose(l, "leaked-goroutine", lacks ? "no proof" : "weaker",
		     "%s of the %s of heap in use are not in the core",
		     iq_doctor_bytes(missing, lost),
		     iq_doctor_bytes(total, heap->size.memory.total));
	else if (iq_coverage_missing(heap->size.spans))
		lose(l, "leaked-goroutine", "no proof",
		     "%" PRIu64 " of %" PRIu64
		     " records of the heap's spans are not in the core",
		     iq_coverage_missing(heap->size.spans),
		     heap->size.spans.total);
	else if (lacks)
		lose(l, "leaked-goroutine", "no proof", "%.*s",
		     IQ_STR_ARG(m->reach_lacks));
}

static void lose_of_core(struct losing *l)
{
	lose_names(l);
	lose_layout(l);
	lose_threads(l);
	lose_stacks(l);
	lose_heap(l);
}

/* ---- others */

static void lose_of_other(struct losing *l)
{
	const struct iq_facts *facts = l->facts;

	if (facts->witness.complete)
		return;
	switch (facts->witness.kind) {
	case IQ_WITNESS_TRACE:
		lose(l, "never-woken, waits", "weaker",
		     "the trace is not whole: what happened in the rest is "
		     "not known");
		break;
	case IQ_WITNESS_PROFILE:
	case IQ_WITNESS_DUMP:
		lose(l, "growing-goroutines, counts", "weaker",
		     "the %s is not whole: there were at least %" PRIu64
		     " goroutines",
		     iq_doctor_kind(facts), iq_facts_count(facts));
		break;
	case IQ_WITNESS_CORE:
	case IQ_WITNESS_EXECUTABLE:
		break;
	}
}

/* It proves nothing of this process. */
static void lose_foreign(struct losing *l)
{
	const struct iq_model *m = l->doctor->model;
	struct iq_str name = iq_str_basename(l->facts->witness.path);
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_str why =
		m->kinship_text ? m->kinship_text[l->witness] : IQ_STR("");

	if (!why.len)
		why = IQ_STR("it saw another process");
	lose(l, iq_str_quote(name, quoted), "not used", "%.*s",
	     IQ_STR_ARG(why));
}

static struct iq_error *lose_of_witness(struct iq_doctor *doctor, size_t w)
{
	struct losing l = {
		.doctor = doctor,
		.witness = w,
		.facts = doctor->model->witnesses[w],
		.coverage = iq_doctor_core(doctor, w),
	};

	if (doctor->model->foreign[w])
		lose_foreign(&l);
	else if (l.coverage)
		lose_of_core(&l);
	else
		lose_of_other(&l);
	return l.err;
}

/* ---- rules that were not run */

static bool is_first_of_reason(const struct iq_model *m, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (iq_str_equal(m->not_run[i].text, m->not_run[index].text))
			return false;
	}
	return true;
}

static struct iq_error *lose_rules(struct iq_doctor *doctor, size_t index)
{
	const struct iq_model *m = doctor->model;
	struct iq_doctor_loss loss = {
		.how = "not run",
		.text = m->not_run[index].text,
	};
	struct iq_error *err = NULL;

	for (size_t i = index; i < m->num_not_run && !err; i++) {
		if (!iq_str_equal(m->not_run[i].text, loss.text))
			continue;
		err = iq_textf(&doctor->arena, &loss.what, "%.*s%s%s",
			       IQ_STR_ARG(loss.what), loss.what.len ? ", " : "",
			       m->not_run[i].rule);
	}
	if (err)
		return err;
	return iq_vec_push(&doctor->losses, loss) ? NULL : &iq_enomem;
}

static bool only_executables(const struct iq_model *m)
{
	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (m->witnesses[w]->witness.kind != IQ_WITNESS_EXECUTABLE)
			return false;
	}
	return true;
}

static struct iq_error *lose_all(struct iq_doctor *doctor)
{
	const struct iq_doctor_loss loss = {
		.what = IQ_STR("all rules"),
		.how = "not run",
		.text = IQ_STR("no witness of a process is given"),
	};

	return iq_vec_push(&doctor->losses, loss) ? NULL : &iq_enomem;
}

struct iq_error *iq_doctor_losses(struct iq_doctor *doctor)
{
	const struct iq_model *m = doctor->model;
	struct iq_error *err = NULL;

	for (size_t w = 0; w < m->num_witnesses && !err; w++)
		err = lose_of_witness(doctor, w);
	if (!err && only_executables(m))
		return lose_all(doctor);
	for (size_t i = 0; i < m->num_not_run && !err; i++) {
		if (is_first_of_reason(m, i))
			err = lose_rules(doctor, i);
	}
	return err;
}
