/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/served.h"

#include <stdlib.h>

#include "model/frame.h"
#include "model/trace.h"

/* Fewer waits that ended are chance. */
#define SERVED_MIN 10
/* What takes so much longer than the others on average … */
#define OVERDUE_TIMES 20
/* … and so long, is not behind them in a queue. */
#define OVERDUE_NS 100000000

static int compare(const void *pa, const void *pb)
{
	const struct iq_served *a = pa;
	const struct iq_served *b = pb;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->site->line != b->site->line)
		return a->site->line < b->site->line ? -1 : 1;
	return 0;
}

/* One wait, or all of a place: what the table has to know of it. */
static bool entry_of(const struct iq_model *m, size_t witness,
		     struct iq_str reason, const struct iq_stack *stack,
		     struct iq_served *ret)
{
	const struct iq_goroutine_fact fact = {
		.status = IQ_GSTATUS_WAITING,
		.wait_reason = reason,
		.stack = stack,
	};
	const struct iq_signature *sig = iq_model_signature(m, witness, stack);

	if (!sig || sig->site == UINT32_MAX)
		return false;
	*ret = (struct iq_served){
		.site = stack->frames[sig->site],
		.function =
			iq_function_hash(stack->frames[sig->site]->function),
		.class = iq_wait_class_of(&fact),
	};
	return true;
}

static struct iq_error *add_sites(const struct iq_model *m, size_t witness,
				  const struct iq_trace *trace,
				  struct iq_served_table *table)
{
	for (size_t i = 0; i < trace->num_sites; i++) {
		const struct iq_trace_site *s = &trace->sites[i];
		struct iq_served e;

		if (!entry_of(m, witness, s->reason, s->stack, &e))
			continue;
		e.count = s->count - s->num_open;
		e.total_ns = s->total_ns;
		if (!iq_vec_push(&table->list, e))
			return &iq_enomem;
	}
	return NULL;
}

/* Waits that are open are in the sums of their places: they did not end. */
static struct iq_error *take_open(const struct iq_model *m, size_t witness,
				  const struct iq_trace *trace,
				  struct iq_served_table *table)
{
	for (size_t i = 0; i < trace->num_goroutines; i++) {
		const struct iq_trace_goroutine *g = &trace->goroutines[i];
		struct iq_served e;

		if (g->last_state != IQ_GSTATUS_WAITING ||
		    !entry_of(m, witness, g->last_reason, g->last_stack, &e))
			continue;
		e.total_ns = g->last_change_ns - trace->end_ns;
		if (!iq_vec_push(&table->list, e))
			return &iq_enomem;
	}
	return NULL;
}

static void join(struct iq_served_table *table)
{
	struct iq_served *list = table->list.data;
	size_t kept = 0;

	for (size_t i = 0, end; i < table->list.len; i = end) {
		struct iq_served sum = list[i];

		for (end = i + 1;
		     end < table->list.len && !compare(&list[end], &sum);
		     end++) {
			sum.count += list[end].count;
			if (__builtin_add_overflow(sum.total_ns,
						   list[end].total_ns,
						   &sum.total_ns))
				sum.total_ns = INT64_MAX;
		}
		if (sum.total_ns < 0)
			sum.total_ns = 0;
		if (sum.count)
			list[kept++] = sum;
	}
	table->list.len = kept;
}

struct iq_error *iq_served_make(const struct iq_model *model,
				struct iq_served_table *ret)
{
	struct iq_served_table table = { 0 };
	struct iq_error *err = NULL;

	for (size_t w = 0; w < model->num_witnesses && !err; w++) {
		const struct iq_trace *trace = model->witnesses[w]->trace;

		if (!trace || model->foreign[w])
			continue;
		err = add_sites(model, w, trace, &table);
		if (!err)
			err = take_open(model, w, trace, &table);
	}
	if (err) {
		iq_served_deinit(&table);
		return err;
	}
	if (table.list.len)
		qsort(table.list.data, table.list.len, sizeof(*table.list.data),
		      compare);
	join(&table);
	*ret = table;
	return NULL;
}

void iq_served_deinit(struct iq_served_table *table)
{
	iq_vec_deinit(&table->list);
}

const struct iq_served *iq_served_find(const struct iq_served_table *table,
				       const struct iq_frame *site,
				       enum iq_wait_class class)
{
	struct iq_served wanted = { .site = site, .class = class };

	if (!table->list.len || !site)
		return NULL;
	wanted.function = iq_function_hash(site->function);
	return bsearch(&wanted, table->list.data, table->list.len,
		       sizeof(wanted), compare);
}

bool iq_served_is_usual(const struct iq_served *served, int64_t waited_ns)
{
	int64_t mean;

	if (served->count < SERVED_MIN)
		return false;
	mean = served->total_ns / (int64_t)served->count;
	return waited_ns < OVERDUE_NS || waited_ns / OVERDUE_TIMES < mean;
}

bool iq_served_is_overdue(const struct iq_served *served, int64_t waited_ns)
{
	return served->count >= SERVED_MIN &&
	       !iq_served_is_usual(served, waited_ns);
}
