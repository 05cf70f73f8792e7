/* SPDX-License-Identifier: Apache-2.0 */
/* "bt --by-thread": what each thread of the process did. */
#include "reports/bt.h"

#include <signal.h>

#include "base/cleanup.h"
#include "reports/emit_json.h"
#include "reports/emit_term.h"

/* Those that end a process or are how others look at it; Linux has the same
 * numbers for them on all that Go runs on but mips. */
static const struct {
	int number;
	const char *name;
} signals[] = {
	{ SIGHUP, "SIGHUP" },	{ SIGINT, "SIGINT" },	{ SIGQUIT, "SIGQUIT" },
	{ SIGILL, "SIGILL" },	{ SIGTRAP, "SIGTRAP" }, { SIGABRT, "SIGABRT" },
	{ SIGBUS, "SIGBUS" },	{ SIGFPE, "SIGFPE" },	{ SIGKILL, "SIGKILL" },
	{ SIGSEGV, "SIGSEGV" }, { SIGPIPE, "SIGPIPE" }, { SIGTERM, "SIGTERM" },
	{ SIGSTOP, "SIGSTOP" }, { SIGSYS, "SIGSYS" },
};

static void put_signal(struct iq_out *out, int number)
{
	iq_out_cstr(out, ", ");
	for (size_t i = 0; i < IQ_ARRAY_SIZE(signals); i++) {
		if (signals[i].number != number)
			continue;
		iq_out_cstr(out, signals[i].name);
		return;
	}
	iq_out_cstr(out, "signal ");
	iq_out_u64(out, (uint64_t)number);
}

/* "thread 4523 [m3, goroutine 17, SIGABRT]" */
static void put_head(struct iq_out *out, const struct iq_thread_fact *t)
{
	iq_out_cstr(out, "thread ");
	iq_out_u64(out, t->tid);
	if (t->has_m && t->m >= 0) {
		iq_out_cstr(out, " [m");
		iq_out_u64(out, (uint64_t)t->m);
	} else {
		iq_out_cstr(out, t->foreign ? " [C's own" : " [m unknown");
	}
	if (t->has_goroutine) {
		iq_out_cstr(out, ", goroutine ");
		iq_out_u64(out, t->goroutine);
	}
	if (t->signal > 0)
		put_signal(out, t->signal);
	iq_out_cstr(out, "]\n");
}

static void put_witness(struct iq_bt *bt, const struct iq_facts *facts,
			uint64_t *left)
{
	for (size_t i = 0; i < facts->threads.len && *left; i++) {
		const struct iq_thread_fact *t = &facts->threads.data[i];

		if (i)
			iq_out_char(bt->out, '\n');
		put_head(bt->out, t);
		iq_bt_stack_put(bt, t->stack);
		--*left;
	}
}

static uint64_t limit_of(const struct iq_report_options *options)
{
	return options->limit ? options->limit : UINT64_MAX;
}

void iq_bt_threads_put(struct iq_bt *bt)
{
	const struct iq_model *model = bt->model;
	uint64_t left = limit_of(bt->options);
	size_t num = 0;

	for (size_t i = 0; i < model->num_witnesses; i++)
		num += model->witnesses[i]->threads.len > 0;
	if (!num)
		iq_out_cstr(bt->out, "no witness knows the threads\n");
	for (size_t i = 0, n = 0; i < model->num_witnesses; i++) {
		const struct iq_facts *facts = model->witnesses[i];

		if (!facts->threads.len)
			continue;
		if (n++)
			iq_out_char(bt->out, '\n');
		if (num > 1) {
			iq_term_put(bt->out, facts->witness.path,
				    bt->options->utf8);
			iq_out_cstr(bt->out, ":\n\n");
		}
		put_witness(bt, facts, &left);
	}
}

/* ---- JSON */

static void write_thread(struct iq_json *json, size_t witness,
			 const struct iq_thread_fact *t)
{
	iq_json_object(json);
	iq_json_pair_u64(json, "tid", t->tid);
	iq_json_pair_u64(json, "witness", witness);
	iq_json_maybe_i64(json, "m", t->has_m, t->m);
	iq_json_pair_bool(json, "foreign", t->foreign);
	iq_json_maybe_u64(json, "goroutine", t->has_goroutine, t->goroutine);
	iq_json_maybe_u64(json, "signal", t->signal > 0, (uint64_t)t->signal);
	iq_json_key(json, "complete");
	if (t->stack)
		iq_json_bool(json, t->stack->complete);
	else
		iq_json_null(json);
	iq_json_key(json, "frames");
	iq_json_frames(json, t->stack);
	iq_json_object_end(json);
}

struct iq_error *iq_bt_threads_json(const struct iq_model *model,
				    const struct iq_report_options *options,
				    struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	struct iq_error *err = iq_json_create(out, &json);
	uint64_t left = limit_of(options);

	if (err)
		return err;
	for (size_t i = 0; i < model->num_witnesses; i++) {
		const struct iq_facts *facts = model->witnesses[i];

		for (size_t k = 0; k < facts->threads.len && left; k++) {
			iq_json_restart(json);
			write_thread(json, i, &facts->threads.data[k]);
			iq_out_char(out, '\n');
			left--;
		}
	}
	return iq_json_done(json);
}
