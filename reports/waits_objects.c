/* SPDX-License-Identifier: Apache-2.0 */
/* What is waited for: objects with who waits and who could wake them, and what
 * no other goroutine can end. */
#include "reports/waits_text.h"

#include <stdlib.h>

#include "model/object.h"
#include "reports/goroutine_line.h"
#include "reports/wait_words.h"
#include "reports/words.h"

/* Sites of waiters, and of who could wake them, that have a line. */
#define MAX_WAITERS 6
#define MAX_WAKERS 4
/* Columns of a count, of an operation. */
#define COUNT_WIDTH 8
#define OP_WIDTH 9

void iq_waits_put(struct iq_waits_text *text, unsigned begin, unsigned indent,
		  struct iq_str words)
{
	iq_term_spaces(text->term, begin);
	iq_term_wrap(text->term, words, begin, indent);
	iq_out_char(text->term->out, '\n');
}

/* ---- lines of goroutines */

/* "send", "Mutex.Lock": how they wait. */
static struct iq_str how(struct iq_waits_text *text,
			 const struct iq_waits_party *party)
{
	const struct iq_goroutine *g =
		&text->waits->model->goroutines[party->goroutines[0]];

	if (party->op != IQ_OP_UNKNOWN)
		return iq_str_of(iq_wait_op_name(party->op));
	return iq_term_clean(text->term, iq_line_state(g->fact, g->class));
}

/* "18 19 20 and 37 more; a collection saw them wait" */
static void put_ids(struct iq_waits_text *text,
		    const struct iq_waits_party *party,
		    enum iq_wait_ground ground)
{
	struct iq_str ids = iq_wait_line_ids(&text->lines, party->goroutines,
					     party->num_goroutines);
	const char *words = iq_wait_ground_words(ground);
	unsigned column = COUNT_WIDTH + 2;

	if (!ids.len && !words[0])
		return;
	iq_waits_put(text, column, column,
		     iq_term_textf(text->term, "%.*s%s%s%s", IQ_STR_ARG(ids),
				   ids.len && words[0] ? " (" : "", words,
				   ids.len && words[0] ? ")" : ""));
}

/* "      40  send     main.fetchQuote.func1 main.go:34      >=5.1s" */
static void put_party(struct iq_waits_text *text,
		      const struct iq_waits_party *party)
{
	struct iq_term *term = text->term;
	enum iq_wait_ground ground;
	struct iq_str since =
		iq_wait_line_since(&text->lines, party->goroutines,
				   party->num_goroutines, &ground);
	struct iq_str op = how(text, party);
	unsigned op_width = iq_term_width(op);
	unsigned used, since_width = iq_term_width(since);
	char number[IQ_WORDS_SIZE];

	if (iq_str_equal(since, IQ_STR("unknown")))
		since_width = 0;
	op_width = op_width > OP_WIDTH ? op_width : OP_WIDTH;
	used = COUNT_WIDTH + 2 + op_width + 2 + since_width + 2;
	iq_term_right(term,
		      iq_term_textf(term, "%s",
				    iq_words_number(number, party->count)),
		      COUNT_WIDTH);
	iq_term_spaces(term, 2);
	iq_term_left(term, op, op_width);
	iq_term_spaces(term, 2);
	used = term->width > used + 8 ? term->width - used : 8;
	iq_term_left(term,
		     iq_term_site(term,
				  text->waits->sites.data[party->site].frame,
				  used),
		     since_width ? used : 0);
	if (since_width) {
		iq_term_spaces(term, 2);
		iq_out_str(term->out, since);
	}
	iq_out_char(term->out, '\n');
	put_ids(text, party, ground);
}

static void put_more(struct iq_waits_text *text, unsigned indent, uint64_t more,
		     const char *what)
{
	char number[IQ_WORDS_SIZE];

	if (more)
		iq_waits_put(text, indent, indent,
			     iq_term_textf(text->term,
					   "and %s more %s (--all lists them)",
					   iq_words_number(number, more),
					   what));
}

static size_t at_most(const struct iq_waits_text *text, size_t num, size_t max)
{
	return text->options->all || num < max ? num : max;
}

struct iq_error *iq_waits_put_sites(struct iq_waits_text *text,
				    const uint32_t *goroutines, size_t num,
				    size_t max)
{
	struct iq_waits_parties parties = { 0 };
	struct iq_error *err =
		iq_waits_by_site(text->waits, goroutines, num, &parties);
	size_t shown = at_most(text, parties.num, max);

	for (size_t i = 0; i < shown && !err; i++)
		put_party(text, &parties.items[i]);
	if (!err)
		put_more(text, COUNT_WIDTH + 2, parties.num - shown, "sites");
	return err;
}

/* ---- objects */

/* What the descriptors of @shape have in common. */
struct common {
	struct iq_str remote, local;
	bool same_remote, same_local;
	bool no_deadline;
};

static struct common common_of(const struct iq_waits_text *text,
			       const struct iq_waits_shape *shape)
{
	struct common ret = { .same_remote = true,
			      .same_local = true,
			      .no_deadline = true };

	for (size_t i = 0; i < shape->num_nodes; i++) {
		const struct iq_object *o =
			text->waits->graph->nodes[shape->nodes[i]].object;

		if (!o || !o->is_read || o->kind != IQ_WAIT_FD)
			return (struct common){ 0 };
		if (!i) {
			ret.remote = o->fd.remote;
			ret.local = o->fd.local;
		}
		ret.same_remote &= iq_str_equal(ret.remote, o->fd.remote);
		ret.same_local &= iq_str_equal(ret.local, o->fd.local) &&
				  o->fd.kind == IQ_FD_CONNECTION;
		ret.no_deadline &=
			o->fd.read_deadline.kind == IQ_DEADLINE_NONE &&
			o->fd.write_deadline.kind == IQ_DEADLINE_NONE;
	}
	return ret;
}

/* " to 10.0.0.7:5432, no deadline", " at 10.0.0.2:80": of connections. */
static struct iq_str common_words(struct iq_waits_text *text,
				  const struct iq_waits_shape *shape)
{
	struct common c = common_of(text, shape);
	bool to = c.same_remote && c.remote.len;
	bool at = !to && c.same_local && c.local.len;
	struct iq_str address = to ? c.remote : at ? c.local : IQ_STR("");

	return iq_term_textf(text->term, "%s%.*s%s",
			     to ? " to " :
			     at ? " at " :
				  "",
			     IQ_STR_ARG(iq_term_clean(text->term, address)),
			     c.no_deadline ? ", no deadline" : "");
}

static void put_head(struct iq_waits_text *text,
		     const struct iq_waits_shape *shape)
{
	const struct iq_graph_node *node =
		&text->waits->graph->nodes[shape->nodes[0]];
	bool many = shape->num_nodes > 1;
	struct iq_str object = iq_wait_line_object(&text->lines, node, many);
	char number[IQ_WORDS_SIZE];

	iq_term_style(text->term, IQ_STYLE_BOLD);
	if (many)
		object =
			iq_term_textf(text->term, "%s times %.*s%.*s",
				      iq_words_number(number, shape->num_nodes),
				      IQ_STR_ARG(object),
				      IQ_STR_ARG(common_words(text, shape)));
	iq_waits_put(text, 2, 4, object);
	iq_term_style(text->term, IQ_STYLE_PLAIN);
}

/* Each descriptor of @shape with its peer and those who wait for it. */
static void put_each(struct iq_waits_text *text,
		     const struct iq_waits_shape *shape)
{
	for (size_t i = 0; i < shape->num_nodes; i++) {
		const struct iq_graph_node *node =
			&text->waits->graph->nodes[shape->nodes[i]];
		struct iq_str object, ids;

		if (!node->object || node->object->kind != IQ_WAIT_FD)
			continue;
		object = iq_wait_line_object(&text->lines, node, false);
		ids = iq_wait_line_ids(&text->lines, node->waiters,
				       node->num_waiters);
		iq_waits_put(text, 4, 6,
			     iq_term_textf(text->term, "%.*s%s%.*s",
					   IQ_STR_ARG(object),
					   ids.len ? ": " : "",
					   IQ_STR_ARG(ids)));
	}
}

static void put_wakers(struct iq_waits_text *text,
		       const struct iq_waits_shape *shape,
		       const struct iq_waits_parties *wakers)
{
	const struct iq_graph_node *node =
		&text->waits->graph->nodes[shape->nodes[0]];
	bool is_lock = iq_graph_node_is_lock(node);
	bool is_free = iq_waits_is_free(node);
	uint64_t readers = iq_waits_readers(node);
	size_t num = is_free ? 0 : wakers->num, shown;

	if (readers)
		iq_waits_put(text, 4, 6,
			     iq_wait_line_readers(&text->lines, node));
	// Who has deferred the Unlock explains it: others may just want it.
	if (is_lock && iq_waits_holder(node) && readers < 2 &&
	    !text->options->all)
		num = 1;
	shown = at_most(text, num, MAX_WAKERS);
	for (size_t i = 0; i < shown; i++)
		iq_waits_put(text, 4, 6,
			     iq_wait_line_waker(&text->lines, node,
						&wakers->items[i], false));
	put_more(text, 4, num - shown, "sites of who could");
	if (!num)
		iq_waits_put(text, 4, 6,
			     iq_wait_line_nobody(&text->lines, node));
	else if (node->closed_world && !is_lock)
		iq_waits_put(text, 4, 6,
			     IQ_STR("nothing that can run reaches it"));
	if (shape->num_nodes == 1 && iq_waits_may_be_cycle(text->waits, node))
		iq_waits_put(text, 4, 6,
			     iq_wait_line_no_cycle(&text->lines, node));
}

struct iq_error *iq_waits_put_shape(struct iq_waits_text *text,
				    const struct iq_waits_shape *shape)
{
	struct iq_waits_parties waiters = { 0 }, wakers = { 0 };
	struct iq_error *err = iq_waits_waiters(text->waits, shape, &waiters);
	size_t shown;

	if (!err)
		err = iq_waits_wakers(text->waits, shape, &wakers);
	if (err)
		return err;
	put_head(text, shape);
	if (text->options->all && shape->num_nodes > 1)
		put_each(text, shape);
	shown = at_most(text, waiters.num, MAX_WAITERS);
	for (size_t i = 0; i < shown; i++)
		put_party(text, &waiters.items[i]);
	put_more(text, COUNT_WIDTH + 2, waiters.num - shown, "sites");
	put_wakers(text, shape, &wakers);
	return NULL;
}

/* ---- without an object that others have */

static bool is_alone(const struct iq_waits_text *text, uint32_t i)
{
	const struct iq_goroutine *g = &text->waits->model->goroutines[i];
	const struct iq_graph *graph = text->waits->graph;

	return graph->first_edge[i] == graph->first_edge[i + 1] &&
	       g->class != IQ_CLASS_RUNNING &&
	       (text->options->all || !g->system);
}

static void put_alone_party(struct iq_waits_text *text,
			    const struct iq_waits_party *party)
{
	uint32_t first = party->goroutines[0];
	const struct iq_goroutine *g = &text->waits->model->goroutines[first];

	put_party(text, party);
	// Of sleeps and calls the first one is an example.
	if (g->fact->num_waits)
		iq_waits_put(
			text, COUNT_WIDTH + 2, COUNT_WIDTH + 4,
			iq_term_textf(text->term, "%s%.*s",
				      party->num_goroutines > 1 ? "the first " :
								  "it ",
				      IQ_STR_ARG(iq_wait_line_does(&text->lines,
								   first))));
}

struct iq_error *iq_waits_put_alone(struct iq_waits_text *text)
{
	size_t num = text->waits->model->num_goroutines, used = 0, shown;
	struct iq_waits_parties parties = { 0 };
	uint32_t *list =
		iq_arena_calloc(&text->waits->arena, num + 1, sizeof(*list));
	struct iq_error *err;

	if (!list)
		return &iq_enomem;
	for (uint32_t i = 0; i < num; i++) {
		if (is_alone(text, i))
			list[used++] = i;
	}
	err = iq_waits_by_site(text->waits, list, used, &parties);
	if (err || !used)
		return err;
	iq_out_char(text->term->out, '\n');
	iq_waits_put(text, 0, 2, IQ_STR("other waits"));
	shown = parties.num < text->max_shapes ? parties.num : text->max_shapes;
	for (size_t i = 0; i < shown; i++)
		put_alone_party(text, &parties.items[i]);
	put_more(text, COUNT_WIDTH + 2, parties.num - shown, "sites");
	return NULL;
}
