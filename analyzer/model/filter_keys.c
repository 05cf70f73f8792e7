/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the keys that conditions name: see filter_keys.def. */
#include <inttypes.h>
#include <stdio.h>

#include "model/filter_key.h"
#include "model/graph.h"
#include "model/object.h"

/* Texts that are made here are short; longer ones are cut. */
#define MADE_SIZE 1024

static void put_text(struct iq_probe *p, struct iq_str text)
{
	if (text.len)
		p->text(p, text, text.ptr, false);
}

/* A word of our own tables, or NULL. */
static void put_word(struct iq_probe *p, const char *word)
{
	if (word)
		put_text(p, iq_str_of(word));
}

static void put_made(struct iq_probe *p, const char *text, int len,
		     const void *identity, bool alias)
{
	struct iq_str made = { .ptr = text };

	if (len > 0)
		made.len = len < MADE_SIZE ? (size_t)len : MADE_SIZE - 1;
	if (made.len)
		p->text(p, made, identity, alias);
}

static void put_bool(struct iq_probe *p, bool value)
{
	put_word(p, value ? "yes" : "no");
}

/* ---- the goroutine */

static void put_id(struct iq_probe *p)
{
	if (p->goroutine->has_id)
		p->number(p, p->goroutine->id, false);
}

static void put_count(struct iq_probe *p)
{
	p->number(p, p->goroutine->count, false);
}

static void put_parent(struct iq_probe *p)
{
	if (p->goroutine->fact->has_parent)
		p->number(p, p->goroutine->fact->parent, false);
}

static void put_thread(struct iq_probe *p)
{
	if (p->goroutine->fact->has_thread)
		p->number(p, p->goroutine->fact->thread, false);
}

static void put_locked(struct iq_probe *p)
{
	put_bool(p, p->goroutine->fact->locked);
}

static void put_system(struct iq_probe *p)
{
	put_bool(p, p->goroutine->system);
}

/* Who is marked as leaked waits, too. */
static void put_status(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;

	if (fact->leaked)
		put_word(p, iq_gstatus_name(IQ_GSTATUS_LEAKED));
	if (fact->status == IQ_GSTATUS_LEAKED)
		put_word(p, iq_gstatus_name(IQ_GSTATUS_WAITING));
	if (fact->status != IQ_GSTATUS_UNKNOWN)
		put_word(p, iq_gstatus_name(fact->status));
}

static void put_reason(struct iq_probe *p)
{
	put_text(p, p->goroutine->fact->wait_reason);
}

static void put_state(struct iq_probe *p)
{
	enum iq_wait_class class = p->goroutine->class;
	struct iq_str words = iq_str_of(iq_wait_class_words(class));

	if (class == IQ_CLASS_UNKNOWN_WAIT)
		return;
	put_word(p, iq_wait_class_name(class));
	if (words.len)
		p->text(p, words, words.ptr, true);
}

static void put_since(struct iq_probe *p)
{
	const struct iq_goroutine *g = p->goroutine;

	if (g->has_wait_min || g->has_wait_max)
		p->range(p, g->has_wait_min ? g->wait_min_ns : -1,
			 g->has_wait_max ? g->wait_max_ns : -1);
}

static void put_label(struct iq_probe *p)
{
	const struct iq_labels *labels = p->goroutine->fact->labels;

	for (size_t i = 0; labels && i < labels->num; i++) {
		if (iq_str_equal(labels->items[i].key, p->argument))
			p->text(p, labels->items[i].value,
				labels->items[i].value.ptr, false);
	}
}

static void put_witness(struct iq_probe *p)
{
	static const char *const kinds[] = {
		[IQ_WITNESS_CORE] = "core",
		[IQ_WITNESS_PROFILE] = "profile",
		[IQ_WITNESS_TRACE] = "trace",
		[IQ_WITNESS_DUMP] = "dump",
		[IQ_WITNESS_EXECUTABLE] = "executable",
	};

	for (size_t w = 0; w < p->model->num_witnesses; w++) {
		const struct iq_witness_fact *witness =
			&p->model->witnesses[w]->witness;
		struct iq_str name = iq_str_basename(witness->path);

		if (!iq_model_fact(p->model, p->index, w))
			continue;
		put_text(p, witness->path);
		p->text(p, name, name.ptr, true);
		p->text(p, iq_str_of(kinds[witness->kind]),
			kinds[witness->kind], true);
	}
}

/* ---- its stack */

/* "main.f main.go:58", "main.f", "main.go:58": each is a way to write it. */
static void put_place(struct iq_probe *p, const struct iq_frame *frame)
{
	struct iq_str file;
	char made[MADE_SIZE];
	int len;

	if (!frame || !frame->function.len)
		return;
	file = iq_str_basename(frame->file);
	if (!file.len) {
		put_text(p, frame->function);
		return;
	}
	len = snprintf(made, sizeof(made), "%.*s %.*s:%" PRIu32,
		       IQ_STR_ARG(frame->function), IQ_STR_ARG(file),
		       frame->line);
	put_made(p, made, len, frame, false);
	p->text(p, frame->function, frame->function.ptr, true);
	len = snprintf(made, sizeof(made), "%.*s:%" PRIu32, IQ_STR_ARG(file),
		       frame->line);
	put_made(p, made, len, &frame->line, true);
}

static const struct iq_signature *signature_of(const struct iq_probe *p)
{
	return iq_model_signature(p->model, p->goroutine->witness,
				  p->goroutine->fact->stack);
}

static void put_site(struct iq_probe *p)
{
	const struct iq_signature *sig = signature_of(p);
	const struct iq_stack *stack = p->goroutine->fact->stack;

	if (sig && sig->site < stack->num_frames)
		put_place(p, stack->frames[sig->site]);
}

static void put_creator(struct iq_probe *p)
{
	put_place(p, p->goroutine->fact->created_by);
}

static void put_leaf(struct iq_probe *p)
{
	const struct iq_signature *sig = signature_of(p);
	const struct iq_stack *stack = p->goroutine->fact->stack;

	if (sig && sig->begin < stack->num_frames)
		put_text(p, stack->frames[sig->begin]->function);
}

static void put_entry(struct iq_probe *p)
{
	const struct iq_signature *sig = signature_of(p);
	const struct iq_stack *stack = p->goroutine->fact->stack;

	// Where it began may be a wrapper: the stack says whose.
	if (sig && stack->complete && sig->end > sig->begin)
		put_text(p, stack->frames[sig->end - 1]->function);
	else if (p->goroutine->fact->entry)
		put_text(p, p->goroutine->fact->entry->function);
}

static void put_func(struct iq_probe *p)
{
	const struct iq_stack *stack = p->goroutine->fact->stack;

	for (uint32_t i = 0; stack && i < stack->num_frames; i++)
		put_text(p, stack->frames[i]->function);
}

static void put_file(struct iq_probe *p)
{
	const struct iq_stack *stack = p->goroutine->fact->stack;

	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		struct iq_str file = stack->frames[i]->file;
		struct iq_str name = iq_str_basename(file);

		put_text(p, file);
		if (name.len && name.ptr != file.ptr)
			p->text(p, name, name.ptr, true);
	}
}

static void put_signature(struct iq_probe *p)
{
	const struct iq_signature *sig = signature_of(p);
	char made[MADE_SIZE];

	if (sig)
		put_made(p, made,
			 snprintf(made, sizeof(made), "%016" PRIx64,
				  sig->strong),
			 sig, false);
}

/* ---- what it waits for */

/* The wait after @wait, or the first for NULL, whose object is of @kind and was
 * read; NULL past the last. */
static const struct iq_wait *next_wait(const struct iq_probe *p,
				       const struct iq_wait *wait,
				       enum iq_wait_kind kind)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;
	const struct iq_wait *end = fact->waits + fact->num_waits;

	if (!fact->num_waits)
		return NULL;
	for (wait = wait ? wait + 1 : fact->waits; wait < end; wait++) {
		if (wait->kind == kind && wait->object &&
		    wait->object->is_read && wait->object->kind == kind)
			return wait;
	}
	return NULL;
}

#define EACH_WAIT(p, wait, kind)                                               \
	for (const struct iq_wait *wait = next_wait(p, NULL, kind); wait;      \
	     wait = next_wait(p, wait, kind))

static void put_kind(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;

	for (uint32_t i = 0; i < fact->num_waits; i++)
		put_word(p, iq_wait_kind_name(fact->waits[i].kind));
}

static void put_op(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		if (fact->waits[i].op != IQ_OP_UNKNOWN)
			put_word(p, iq_wait_op_name(fact->waits[i].op));
	}
}

static void put_address(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		if (fact->waits[i].has_address)
			p->number(p, fact->waits[i].address, true);
	}
}

static void put_object(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;
	char made[MADE_SIZE];

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		const struct iq_wait *wait = &fact->waits[i];
		int len;

		if (!wait->has_address)
			continue;
		len = snprintf(made, sizeof(made), "%s 0x%" PRIx64,
			       iq_wait_kind_name(wait->kind), wait->address);
		put_made(p, made, len, NULL, false);
	}
}

static void put_element(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	put_text(p, wait->object->chan.elem_type);
}

static void put_element_size(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	p->number(p, wait->object->chan.elem_size, false);
}

static void put_length(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	p->number(p, wait->object->chan.len, false);
}

static void put_capacity(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	p->number(p, wait->object->chan.cap, false);
}

static void put_full(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	put_bool(p, wait->object->chan.cap &&
			    wait->object->chan.len >= wait->object->chan.cap);
}

static void put_closed(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	put_bool(p, wait->object->chan.closed);
}

static void put_timer(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_CHAN)
	{
		const struct iq_chan_object *chan = &wait->object->chan;

		put_word(p, !chan->timer	? "no" :
			    chan->period_ns > 0 ? "ticker" :
						  "once");
	}
}

static void put_counter(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_WAITGROUP)
	{
		int64_t counter = wait->object->waitgroup.counter;

		// One below 0 is no counter: the runtime panics then.
		if (counter >= 0)
			p->number(p, (uint64_t)counter, false);
	}
}

static void put_bubble(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_BUBBLE)
	p->number(p, wait->object->bubble.id, false);
}

/* "10.0.0.7:5432" and "10.0.0.7"; a socket's path has no port. */
static void put_end(struct iq_probe *p, struct iq_str end)
{
	size_t colon = iq_str_rfind(end, ':');
	struct iq_str host = iq_str_sub(end, 0, colon);

	put_text(p, end);
	if (colon == end.len || !host.len)
		return;
	if (host.ptr[0] == '[' && iq_str_ends(host, IQ_STR("]")))
		host = iq_str_sub(host, 1, host.len - 2);
	// Its identity is the host's own: the text before has the whole length.
	if (host.len)
		p->text(p, host, host.ptr, true);
}

static void put_peer(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_FD)
	put_end(p, wait->object->fd.remote);
}

static void put_local(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_FD)
	put_end(p, wait->object->fd.local);
}

static void put_network(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_FD)
	put_text(p, wait->object->fd.net);
}

static void put_name(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_FD)
	put_text(p, wait->object->fd.name);
}

static void put_closing(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_FD)
	put_bool(p, wait->object->fd.closing);
}

static const char *const deadline_words[] = {
	[IQ_DEADLINE_NONE] = "none",
	[IQ_DEADLINE_SET] = "set",
	[IQ_DEADLINE_EXPIRED] = "expired",
};

static void put_deadline(struct iq_probe *p)
{
	EACH_WAIT(p, wait, IQ_WAIT_FD)
	{
		const struct iq_fd_object *fd = &wait->object->fd;
		bool writes =
			wait->op == IQ_OP_WRITE || wait->op == IQ_OP_CONNECT;

		if (wait->op != IQ_OP_UNKNOWN)
			put_word(
				p,
				deadline_words[writes ?
						       fd->write_deadline.kind :
						       fd->read_deadline.kind]);
	}
}

static void put_fd(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;

	EACH_WAIT(p, wait, IQ_WAIT_FD)
	{
		if (wait->object->fd.has_fd && wait->object->fd.fd >= 0)
			p->number(p, (uint64_t)wait->object->fd.fd, false);
	}
	for (uint32_t i = 0; i < fact->num_waits; i++) {
		const struct iq_syscall_fact *call = fact->waits[i].syscall;

		if (call && call->has_fd && call->fd >= 0)
			p->number(p, (uint64_t)call->fd, false);
	}
}

static void put_syscall(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;
	char made[MADE_SIZE];

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		const struct iq_syscall_fact *call = fact->waits[i].syscall;

		if (!call)
			continue;
		put_word(p, call->name);
		if (call->has_number)
			put_made(p, made,
				 snprintf(made, sizeof(made), "%" PRId64,
					  call->number),
				 NULL, call->name);
	}
}

static void put_cgo(struct iq_probe *p)
{
	const struct iq_goroutine_fact *fact = p->goroutine->fact;

	for (uint32_t i = 0; i < fact->num_waits; i++) {
		if (fact->waits[i].cgo)
			put_text(p, fact->waits[i].cgo->function);
	}
}

/* ---- what the rules and the graph say */

static bool has_goroutine(const struct iq_finding *f, size_t goroutine)
{
	size_t low = 0, high = f->num_goroutines;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->goroutines[middle] == goroutine)
			return true;
		if (f->goroutines[middle] < goroutine)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void put_finding(struct iq_probe *p)
{
	char made[MADE_SIZE];

	for (size_t i = 0; i < p->model->num_findings; i++) {
		const struct iq_finding *f = &p->model->findings[i];

		if (!has_goroutine(f, p->index))
			continue;
		put_word(p, f->rule);
		put_made(p, made,
			 snprintf(made, sizeof(made), "%" PRIu32, f->id), NULL,
			 true);
		put_made(p, made,
			 snprintf(made, sizeof(made), "%s", f->fingerprint),
			 NULL, true);
	}
}

static void put_goroutine_id(struct iq_probe *p, uint32_t index)
{
	if (p->model->goroutines[index].has_id)
		p->number(p, p->model->goroutines[index].id, false);
}

static void put_behind(struct iq_probe *p)
{
	const struct iq_graph *graph = p->model->graph;
	uint32_t at = graph ? graph->blocker_of[p->index] : IQ_GRAPH_NONE;
	const struct iq_blocker *blocker;
	const struct iq_cycle *cycle;

	if (at == IQ_GRAPH_NONE)
		return;
	blocker = &graph->blockers[at];
	if (blocker->cycle == IQ_GRAPH_NONE) {
		put_goroutine_id(p, blocker->goroutine);
		return;
	}
	cycle = &graph->cycles[blocker->cycle];
	for (size_t i = 0; i < cycle->num_members; i++)
		put_goroutine_id(p, cycle->members[i]);
}

static void put_cycle(struct iq_probe *p)
{
	const struct iq_graph *graph = p->model->graph;
	uint32_t at = graph ? graph->cycle_of[p->index] : IQ_GRAPH_NONE;

	if (at != IQ_GRAPH_NONE)
		p->number(p, (uint64_t)at + 1, false);
}

/* ---- values that are a list */

static const char *status_value(size_t i, const char **alias)
{
	(void)alias;
	return i < IQ_GSTATUS_UNKNOWN ? iq_gstatus_name((enum iq_gstatus)i) :
					NULL;
}

static const char *state_value(size_t i, const char **alias)
{
	enum iq_wait_class class = (enum iq_wait_class)(i + IQ_CLASS_RUNNING);

	if (i > IQ_CLASS_SYSTEM - IQ_CLASS_RUNNING)
		return NULL;
	*alias = iq_wait_class_words(class);
	return iq_wait_class_name(class);
}

static const char *kind_value(size_t i, const char **alias)
{
	(void)alias;
	return i <= IQ_WAIT_RUNTIME ? iq_wait_kind_name((enum iq_wait_kind)i) :
				      NULL;
}

static const char *op_value(size_t i, const char **alias)
{
	(void)alias;
	return i <= IQ_OP_CONNECT - IQ_OP_SEND ?
		       iq_wait_op_name((enum iq_wait_op)(i + IQ_OP_SEND)) :
		       NULL;
}

static const char *deadline_value(size_t i, const char **alias)
{
	size_t known = 0;

	(void)alias;
	for (size_t k = 0; k < IQ_ARRAY_SIZE(deadline_words); k++) {
		if (deadline_words[k] && known++ == i)
			return deadline_words[k];
	}
	return NULL;
}

static const char *timer_value(size_t i, const char **alias)
{
	static const char *const words[] = { "no", "once", "ticker" };

	(void)alias;
	return i < IQ_ARRAY_SIZE(words) ? words[i] : NULL;
}

const char *iq_filter_key_value(const struct iq_filter_key *key, size_t index,
				const char **alias_ret)
{
	static const struct {
		void (*put)(struct iq_probe *probe);
		const char *(*value)(size_t index, const char **alias_ret);
	} lists[] = {
		{ put_status, status_value }, { put_state, state_value },
		{ put_kind, kind_value },     { put_op, op_value },
		{ put_timer, timer_value },   { put_deadline, deadline_value },
	};

	*alias_ret = NULL;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(lists); i++) {
		if (lists[i].put == key->put)
			return lists[i].value(index, alias_ret);
	}
	return NULL;
}

/* ---- the table */

static const struct iq_filter_key keys[] = {
#define IQ_FILTER_KEY(n, t, f, g, h)                                           \
	{                                                                      \
		.name = (n),                                                   \
		.type = (t),                                                   \
		.flags = (f),                                                  \
		.put = (g),                                                    \
		.help = (h),                                                   \
	},
#include "model/filter_keys.def"
#undef IQ_FILTER_KEY
};

const struct iq_filter_key *iq_filter_key_row(size_t index)
{
	return index < IQ_ARRAY_SIZE(keys) ? &keys[index] : NULL;
}
