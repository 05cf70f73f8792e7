/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/wait_lines.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/goroutine_line.h"
#include "reports/wait_words.h"
#include "reports/words.h"

/* Ids that stand in a sentence. */
#define MAX_IDS 8
/* Columns of a name in a sentence, unless nothing is shortened. */
#define SITE_COLUMNS 56
/* Objects of a select that are told. */
#define MAX_OBJECTS 3

static const struct iq_goroutine *goroutine_at(const struct iq_wait_lines *l,
					       uint32_t index)
{
	return &l->waits->model->goroutines[index];
}

/* What @out holds, in the term's arena; @out is done with. */
static struct iq_str keep(struct iq_wait_lines *l, struct iq_out *out)
{
	struct iq_str ret = { 0 };

	if (out->err ||
	    !iq_str_dup(&l->term->arena, (struct iq_str){ out->buf, out->len },
			&ret))
		l->term->failed = true;
	iq_out_deinit(out);
	return ret;
}

/* ---- goroutines */

static struct iq_str site_words(struct iq_wait_lines *l,
				const struct iq_frame *frame)
{
	return iq_term_site(l->term, frame, l->all ? UINT16_MAX : SITE_COLUMNS);
}

struct iq_str iq_wait_line_site(struct iq_wait_lines *l, uint32_t goroutine)
{
	return site_words(
		l, iq_line_site(l->waits->model, goroutine_at(l, goroutine)));
}

static struct iq_str id_words(struct iq_wait_lines *l, uint32_t goroutine)
{
	const struct iq_goroutine *g = goroutine_at(l, goroutine);

	if (!g->has_id)
		return IQ_STR("one without an id");
	return iq_term_textf(l->term, "%" PRIu64, g->id);
}

struct iq_str iq_wait_line_who(struct iq_wait_lines *l, uint32_t goroutine)
{
	struct iq_str id = id_words(l, goroutine);

	return iq_term_textf(l->term, "%.*s %.*s", IQ_STR_ARG(id),
			     IQ_STR_ARG(iq_wait_line_site(l, goroutine)));
}

struct iq_str iq_wait_line_ids(struct iq_wait_lines *l,
			       const uint32_t *goroutines, size_t num)
{
	size_t shown = 0;
	char number[IQ_WORDS_SIZE];
	struct iq_out out;

	iq_out_init_memory(&out);
	for (; shown < num && (l->all || shown < MAX_IDS || num == MAX_IDS + 1);
	     shown++) {
		const struct iq_goroutine *g =
			goroutine_at(l, goroutines[shown]);

		if (!g->has_id)
			break;
		iq_out_printf(&out, "%s%" PRIu64, shown ? " " : "", g->id);
	}
	if (shown && shown < num)
		iq_out_printf(&out, " and %s more",
			      iq_words_number(number, num - shown));
	return keep(l, &out);
}

struct iq_str iq_wait_line_party(struct iq_wait_lines *l,
				 const struct iq_waits_party *party)
{
	char number[IQ_WORDS_SIZE];

	return iq_term_textf(
		l->term, "%s in %.*s", iq_words_number(number, party->count),
		IQ_STR_ARG(iq_wait_line_site(l, party->goroutines[0])));
}

/* The bounds that hold for every one of them. */
struct bounds {
	bool has_min, has_max;
	int64_t min, max;
	enum iq_wait_ground min_ground, max_ground;
};

static void take_bounds(struct bounds *b, const struct iq_goroutine *g)
{
	b->has_min &= g->has_wait_min;
	b->has_max &= g->has_wait_max;
	if (g->has_wait_min && g->wait_min_ns < b->min) {
		b->min = g->wait_min_ns;
		b->min_ground = g->wait_min_ground;
	}
	if (g->has_wait_max && g->wait_max_ns > b->max) {
		b->max = g->wait_max_ns;
		b->max_ground = g->wait_max_ground;
	}
}

struct iq_str iq_wait_line_since(struct iq_wait_lines *l,
				 const uint32_t *goroutines, size_t num,
				 enum iq_wait_ground *ground_ret)
{
	struct bounds b = {
		.has_min = num > 0,
		.has_max = num > 0,
		.min = INT64_MAX,
		.max = -1,
	};
	char time[IQ_WORDS_SIZE];

	for (size_t i = 0; i < num; i++)
		take_bounds(&b, goroutine_at(l, goroutines[i]));
	*ground_ret = IQ_WAIT_GROUND_NONE;
	if (b.has_min) {
		*ground_ret = b.min_ground;
		return iq_term_textf(
			l->term, "%s",
			iq_words_since(time, true, b.min,
				       b.has_max && b.max == b.min));
	}
	if (!b.has_max)
		return IQ_STR("unknown");
	*ground_ret = b.max_ground;
	return iq_term_textf(l->term, "<=%s", iq_words_duration(time, b.max));
}

/* ---- objects */

static void words_init(struct iq_wait_lines *l, struct iq_wait_words *words,
		       struct iq_out *out, uint32_t witness)
{
	iq_out_init_memory(out);
	iq_wait_words_init(words, out, l->term->utf8,
			   l->waits->model->witnesses[witness]);
	words->full = l->all;
}

struct iq_str iq_wait_line_object(struct iq_wait_lines *l,
				  const struct iq_graph_node *node, bool many)
{
	struct iq_wait_words words;
	struct iq_out out;

	words_init(l, &words, &out, node->witness);
	words.many = many;
	iq_wait_words_object(&words, node->kind, true, node->address,
			     node->object);
	return keep(l, &out);
}

struct iq_str iq_wait_line_name(struct iq_wait_lines *l,
				const struct iq_graph_node *node)
{
	struct iq_wait_words words;
	struct iq_out out;

	words_init(l, &words, &out, node->witness);
	iq_wait_words_name(&words, node->kind, true, node->address,
			   node->object);
	return keep(l, &out);
}

/* "waits in a select to send on chan …, to receive from chan … or 3 more" */
static void put_select(struct iq_wait_words *words,
		       const struct iq_goroutine_fact *fact)
{
	uint32_t num = fact->num_waits;
	uint32_t shown = num > MAX_OBJECTS ? MAX_OBJECTS : num;

	iq_out_cstr(words->out, "waits in a select ");
	for (uint32_t i = 0; i < shown; i++) {
		iq_out_cstr(words->out, !i ? "" : i + 1 < num ? ", " : " or ");
		iq_wait_words_wait(words, &fact->waits[i]);
	}
	if (num > shown)
		iq_out_printf(words->out, " or %" PRIu32 " more", num - shown);
}

struct iq_str iq_wait_line_does(struct iq_wait_lines *l, uint32_t goroutine)
{
	const struct iq_goroutine *g = goroutine_at(l, goroutine);
	const struct iq_goroutine_fact *fact = g->fact;
	struct iq_wait_words words;
	struct iq_out out;

	if (g->class == IQ_CLASS_RUNNING)
		return fact->status == IQ_GSTATUS_RUNNABLE ? IQ_STR("can run") :
							     IQ_STR("runs");
	if (g->class == IQ_CLASS_EMPTY_SELECT)
		return IQ_STR("waits for nothing: select {}");
	words_init(l, &words, &out, g->witness);
	if (fact->num_waits > 1) {
		put_select(&words, fact);
	} else if (fact->num_waits && fact->waits[0].kind != IQ_WAIT_NONE &&
		   fact->waits[0].kind != IQ_WAIT_RUNTIME) {
		iq_wait_words_does(&words, &fact->waits[0]);
	} else {
		iq_out_cstr(&out, "waits: ");
		iq_term_put(&out, iq_line_state(fact, g->class), l->term->utf8);
	}
	return keep(l, &out);
}

/* ---- who could wake */

/* "held by 119, which", "119 would send: it": what comes before the ground. */
static struct iq_str role(struct iq_wait_lines *l,
			  const struct iq_graph_node *node, enum iq_wait_op op,
			  bool holds, struct iq_str who, bool several)
{
	const char *would = "could wake";
	const char *it = several ? "each" : "it";

	if (iq_graph_node_is_lock(node))
		return iq_term_textf(l->term, "%s %.*s, %swhich",
				     holds ? "held by" : "perhaps held by",
				     IQ_STR_ARG(who),
				     several ? "each of " : "");
	if (node->kind == IQ_WAIT_WAITGROUP)
		return iq_term_textf(
			l->term, "%s %.*s, %swhich",
			holds ? "until the end of" : "perhaps until the end of",
			IQ_STR_ARG(who), several ? "each of " : "");
	if (node->kind == IQ_WAIT_CHAN)
		would = op == IQ_OP_SEND    ? "could receive" :
			op == IQ_OP_RECEIVE ? "could send" :
					      "could serve it";
	else if (node->kind == IQ_WAIT_COND)
		would = "could signal";
	return iq_term_textf(l->term, "%.*s %s: %s", IQ_STR_ARG(who), would,
			     it);
}

/* The frame's name, or nothing where there is none; "there" if it is the site
 * that was named before. */
static struct iq_str in_frame(struct iq_wait_lines *l,
			      const struct iq_wake *wake, const char *there)
{
	if (!wake->frame)
		return IQ_STR("");
	if (wake->frame ==
	    iq_line_site(l->waits->model, goroutine_at(l, wake->goroutine)))
		return iq_str_of(there);
	return iq_term_textf(l->term, " in %.*s",
			     IQ_STR_ARG(site_words(l, wake->frame)));
}

static struct iq_str ground(struct iq_wait_lines *l,
			    const struct iq_graph_node *node,
			    const struct iq_wake *wake)
{
	struct iq_str frame = in_frame(l, wake, " there");

	return iq_term_textf(l->term, "%s%.*s%s",
			     iq_wait_words_ground(wake->ground, node->kind),
			     IQ_STR_ARG(frame),
			     wake->waits && wake->ground != IQ_WAKE_RECORD ?
				     " and waits for it, too" :
				     "");
}

static struct iq_str free_words(void)
{
	return IQ_STR("it has been given back and nobody has taken it yet");
}

/* What those who wait for @node want of it; unknown where they differ. */
static enum iq_wait_op common_op(const struct iq_graph *graph,
				 const struct iq_graph_node *node)
{
	uint32_t number = (uint32_t)(node - graph->nodes);
	enum iq_wait_op op =
		node->num_waiters ?
			iq_waits_op(graph, node->waiters[0], number) :
			IQ_OP_UNKNOWN;

	for (size_t i = 1; i < node->num_waiters; i++) {
		if (iq_waits_op(graph, node->waiters[i], number) != op)
			return IQ_OP_UNKNOWN;
	}
	return op;
}

struct iq_str iq_wait_line_waker(struct iq_wait_lines *l,
				 const struct iq_graph_node *node,
				 const struct iq_waits_party *party,
				 bool is_subject)
{
	const struct iq_wake *wake = party->wake;
	bool several = party->num_goroutines > 1;
	const struct iq_wake *holder = iq_waits_holder(node);
	bool holds = holder && holder->goroutine == party->goroutines[0];
	struct iq_str who = is_subject ? IQ_STR("it") :
			    several    ? iq_wait_line_party(l, party) :
				      iq_wait_line_who(l, party->goroutines[0]);
	struct iq_str head;

	if (iq_waits_is_free(node))
		return free_words();
	if (wake->ground == IQ_WAKE_RECORD && iq_graph_node_is_lock(node))
		return iq_term_textf(l->term,
				     "%.*s is to write next: all others wait "
				     "for it",
				     IQ_STR_ARG(who));
	head = role(l, node, common_op(l->waits->graph, node),
		    holds && !several, who, several);

	return iq_term_textf(l->term, "%.*s %.*s", IQ_STR_ARG(head),
			     IQ_STR_ARG(ground(l, node, wake)));
}

struct iq_str iq_wait_line_nobody(struct iq_wait_lines *l,
				  const struct iq_graph_node *node)
{
	const struct iq_object *o = node->object;

	(void)l;
	if (iq_waits_is_free(node))
		return free_words();
	if (node->closed_world)
		return IQ_STR("nothing that can run reaches it: nobody can "
			      "wake who waits");
	if (node->kind == IQ_WAIT_FD)
		return o && o->is_read && o->fd.kind == IQ_FD_LISTENER ?
			       IQ_STR("until a connection comes") :
			       IQ_STR("until the other end acts");
	if (node->kind == IQ_WAIT_CHAN && o && o->is_read && o->chan.timer)
		return o->chan.when.is_set ?
			       IQ_STR("until its timer fires") :
			       IQ_STR("its timer is stopped: it never fires");
	if (iq_graph_node_is_lock(node))
		return IQ_STR("nobody is seen who holds it");
	return IQ_STR("nobody is seen who could wake who waits");
}

struct iq_str iq_wait_line_readers(struct iq_wait_lines *l,
				   const struct iq_graph_node *node)
{
	uint64_t num = iq_waits_readers(node);
	size_t used = 0;
	uint32_t *list = iq_arena_calloc(&l->term->arena, node->num_wakers + 1,
					 sizeof(*list));
	char number[IQ_WORDS_SIZE];
	struct iq_str ids;

	if (!list) {
		l->term->failed = true;
		return IQ_STR("");
	}
	for (size_t i = 0; i < node->num_wakers; i++) {
		if (node->wakers[i].ground != IQ_WAKE_RECORD)
			list[used++] = node->wakers[i].goroutine;
	}
	ids = iq_wait_line_ids(l, list, used);
	return iq_term_textf(l->term, "%s reader%s must go on%s%.*s%s",
			     iq_words_number(number, num), num == 1 ? "" : "s",
			     ids.len ? "; among them perhaps " :
				       "; nobody is seen who could be one",
			     IQ_STR_ARG(ids),
			     ids.len ? ", or others who are not seen" : "");
}

struct iq_str iq_wait_line_no_cycle(struct iq_wait_lines *l,
				    const struct iq_graph_node *node)
{
	if (goroutine_at(l, node->waiters[0])->reach == IQ_REACH_LIVE)
		return IQ_STR(
			"these may wait for each other; but a package variable "
			"or one who can go on reaches the channel, so others "
			"may serve it: no cycle is claimed");
	return IQ_STR("these may wait for each other; but it is not known who "
		      "else reaches the channel: no cycle is claimed");
}

/* ---- cycles */

/* It rests on a mention of a lock, or of who is waited for. */
static bool is_guess(const struct iq_wait_lines *l, const struct iq_cycle *c)
{
	for (size_t i = 0; i < c->num_steps; i++) {
		const struct iq_graph_node *node =
			&l->waits->graph->nodes[c->steps[i].node];

		if ((iq_graph_node_is_lock(node) ||
		     node->kind == IQ_WAIT_WAITGROUP) &&
		    !iq_waits_holds(node, c->steps[i].wake))
			return true;
	}
	return c->mere;
}

struct iq_str iq_wait_line_step(struct iq_wait_lines *l,
				const struct iq_cycle_step *step)
{
	const struct iq_graph *graph = l->waits->graph;
	const struct iq_graph_node *node = &graph->nodes[step->node];
	enum iq_wait_op op = iq_waits_op(graph, step->goroutine, step->node);
	const char *verb = iq_wait_words_op(node->kind, op);
	struct iq_str head, tail, name = iq_wait_line_name(l, node);
	bool self = step->goroutine == step->wake->goroutine;

	head = iq_term_textf(l->term, "%.*s waits %s%.*s",
			     IQ_STR_ARG(iq_wait_line_who(l, step->goroutine)),
			     verb[0] ? verb : "for ", IQ_STR_ARG(name));
	tail = role(l, node, op, iq_waits_holds(node, step->wake),
		    self ? IQ_STR("itself") :
			   id_words(l, step->wake->goroutine),
		    false);
	return iq_term_textf(
		l->term, "%.*s%s %.*s %s%.*s", IQ_STR_ARG(head),
		iq_graph_node_is_lock(node) || node->kind == IQ_WAIT_WAITGROUP ?
			"," :
			";",
		IQ_STR_ARG(tail),
		iq_wait_words_ground(step->wake->ground, node->kind),
		IQ_STR_ARG(in_frame(l, step->wake, " where it stands")));
}

struct iq_str iq_wait_line_cycle(struct iq_wait_lines *l,
				 const struct iq_cycle *c)
{
	const char *over = "wait for each other";
	const char *seems = is_guess(l, c) ? " (as it seems)" : "";
	char number[IQ_WORDS_SIZE];

	switch (c->kind) {
	case IQ_CYCLE_SELF:
		return iq_term_textf(
			l->term,
			"a goroutine waits for a lock that it holds itself%s",
			seems);
	case IQ_CYCLE_LOCKS:
		over = "each wait for a lock that another of them holds";
		break;
	case IQ_CYCLE_RWMUTEX:
		over = "wait for each other: a writer between two RLocks";
		break;
	case IQ_CYCLE_CHANNELS:
		over = "wait for each other over channels";
		break;
	case IQ_CYCLE_WAITGROUP:
		over = c->num_members == 1 ?
			       "waits for a WaitGroup whose Done is its own" :
			       "wait for each other over a WaitGroup";
		break;
	case IQ_CYCLE_MIXED:
		over = "wait for each other, with a lock held meanwhile";
		break;
	}
	return iq_term_textf(l->term, "%s goroutine%s %s%s",
			     iq_words_number(number, c->num_members),
			     c->num_members == 1 ? "" : "s", over, seems);
}
