/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why nobody receives. What code can do is known, what it has done is not: an
 * answer is given only where all that could have happened has the same name.
 */
#include <inttypes.h>

#include "model/leak_clue.h"
#include "model/text.h"

/* Code that takes in one way alone: by plain receives, or by selects. */
static bool receives_only(const struct iq_code_taking *t)
{
	return t->receives && !t->selects && !t->tries;
}

static bool selects_only(const struct iq_code_taking *t)
{
	return t->selects && !t->receives && !t->tries;
}

/* One goroutine sends, and this is its first value: nobody took any. */
static enum iq_leak_send of_first(const struct iq_leak_clue *clue)
{
	const struct iq_code_taking *t = &clue->taking;

	// The buffer is full of what others have sent.
	if (clue->object->chan.cap)
		return IQ_LEAK_SEND_UNKNOWN;
	if (selects_only(t) && !t->skips)
		return IQ_LEAK_SEND_TIMEOUT;
	if ((receives_only(t) && t->skips) || (t->tries && !t->selects))
		return IQ_LEAK_SEND_EARLY;
	return IQ_LEAK_SEND_UNKNOWN;
}

/* Values that may have been received: what was sent before, of which the channel
 * still has as many as it holds. */
static uint64_t most_taken(const struct iq_leak_clue *clue)
{
	const struct iq_code_again *a = &clue->again;
	uint64_t cap = clue->object->chan.cap;

	if (a->loops || a->before_loops || clue->again_outside)
		return UINT64_MAX;
	return a->num_before > cap ? a->num_before - cap : 0;
}

/* Who receives takes one value, or none: places lie on different ways. */
static enum iq_leak_send of_one_taken(const struct iq_leak_clue *clue)
{
	const struct iq_code_taking *t = &clue->taking;
	// It has sent before, and that was taken.
	bool sure = clue->again.always && !clue->object->chan.cap;

	if (receives_only(t) && (!t->skips || sure))
		return IQ_LEAK_SEND_DOUBLE;
	return sure && !clue->again.loops && !t->tries ? IQ_LEAK_SEND_DOUBLE :
							 IQ_LEAK_SEND_UNKNOWN;
}

/* One goroutine sends, and may have sent before. */
static enum iq_leak_send of_later(const struct iq_leak_clue *clue)
{
	const struct iq_code_taking *t = &clue->taking;
	uint64_t most = most_taken(clue);

	if (!most)
		return receives_only(t) && t->skips ? IQ_LEAK_SEND_EARLY :
						      IQ_LEAK_SEND_UNKNOWN;
	if (!t->loops && !t->follows)
		return of_one_taken(clue);
	// It would have taken another one.
	if (!t->loops)
		return receives_only(t) && most == 1 ? IQ_LEAK_SEND_EARLY :
						       IQ_LEAK_SEND_UNKNOWN;
	if (selects_only(t) && t->num_cases != 1 && clue->again.loops)
		return IQ_LEAK_SEND_TIMEOUT;
	return receives_only(t) && clue->again.loops ? IQ_LEAK_SEND_EARLY :
						       IQ_LEAK_SEND_UNKNOWN;
}

/* Several may send to the channel, or to several of which one is taken. */
static enum iq_leak_send of_many(const struct iq_leak_clue *clue)
{
	const struct iq_code_taking *t = &clue->taking;

	// Who loops may have sent all of it alone.
	if (t->loops || t->follows || clue->again.loops || clue->again.follows)
		return IQ_LEAK_SEND_UNKNOWN;
	if (receives_only(t) && !t->skips)
		return IQ_LEAK_SEND_MANY;
	// All cases of the select are channels of those who send.
	if (selects_only(t) && !t->skips && !t->starts_more &&
	    !t->has_timeout && t->selects == 1 && t->num_cases == t->starts)
		return IQ_LEAK_SEND_MANY;
	return IQ_LEAK_SEND_UNKNOWN;
}

static enum iq_leak_send send_of(const struct iq_leak_clue *clue)
{
	const struct iq_code_taking *t = &clue->taking;
	const struct iq_chan_object *chan;

	if (clue->g->class != IQ_CLASS_CHAN_SEND || !clue->is_proven ||
	    !clue->object || clue->object->kind != IQ_WAIT_CHAN ||
	    !t->is_known || !clue->has_again || clue->waker || t->sends ||
	    clue->in_cycle || clue->again.unsure)
		return IQ_LEAK_SEND_UNKNOWN;
	chan = &clue->object->chan;
	if (!chan->has_queues || chan->closed)
		return IQ_LEAK_SEND_UNKNOWN;
	if (chan->num_senders > 1 || t->starts > 1 || t->starts_more)
		return of_many(clue);
	return clue->again.loops || clue->again.follows ? of_later(clue) :
							  of_first(clue);
}

/* It is @send, and nobody else who is left could receive. */
static struct iq_error *is_it(const struct iq_leak_clue *clue,
			      enum iq_leak_send send, bool *ret)
{
	struct iq_error *err;
	bool held;

	*ret = send_of(clue) == send;
	if (!*ret)
		return NULL;
	err = iq_leak_held(clue, clue->wait, &held);
	*ret = !held;
	return err;
}

/* What has become of who would receive. */
static const char *gone_words(const struct iq_leak_clue *clue)
{
	const struct iq_goroutine_fact *fact = clue->g->fact;
	const struct iq_stack *stack;
	size_t parent;

	if (!fact->has_parent)
		return "has gone on";
	if (!iq_model_goroutine(clue->model, fact->parent, &parent))
		return "has returned, and its goroutine has ended";
	stack = clue->model->goroutines[parent].fact->stack;
	if (!stack || !stack->complete)
		return "has gone on";
	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (stack->frames[i]->entry == fact->created_by->entry)
			return "has gone on";
	}
	return "has returned";
}

static struct iq_error *room_words(const struct iq_leak_clue *clue,
				   struct iq_str *ret)
{
	const struct iq_chan_object *chan = &clue->object->chan;

	if (!chan->cap) {
		*ret = IQ_STR("the channel has no buffer");
		return NULL;
	}
	return iq_textf(clue->arena, ret,
			"all %" PRIu64 " places of the channel are full",
			chan->cap);
}

/* "main.fetch main.go:31" */
static struct iq_error *taker_words(const struct iq_leak_clue *clue,
				    const char **ret)
{
	return iq_text_frame(clue->arena, &clue->taking.place, ret);
}

static struct iq_error *both_words(const struct iq_leak_clue *clue,
				   const char **taker_ret,
				   struct iq_str *room_ret)
{
	struct iq_error *err = room_words(clue, room_ret);

	return err ? err : taker_words(clue, taker_ret);
}

struct iq_error *iq_leak_shows_early_return(const struct iq_leak_clue *clue,
					    struct iq_str *shown_ret)
{
	struct iq_str room;
	const char *taker;
	struct iq_error *err;
	bool is;

	err = is_it(clue, IQ_LEAK_SEND_EARLY, &is);
	if (err || !is)
		return err;
	err = both_words(clue, &taker, &room);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"%s would receive; who started it %s by a way that "
			"does not come there%s; %.*s",
			taker, gone_words(clue),
			clue->taking.tries ? ", or came there too early" :
			most_taken(clue)   ? " again" :
					     "",
			IQ_STR_ARG(room));
}

struct iq_error *iq_leak_shows_timeout_won(const struct iq_leak_clue *clue,
					   struct iq_str *shown_ret)
{
	struct iq_str room;
	const char *taker;
	struct iq_error *err;
	bool is;

	err = is_it(clue, IQ_LEAK_SEND_TIMEOUT, &is);
	if (err || !is)
		return err;
	err = both_words(clue, &taker, &room);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"the select of %s took another case%s, and who "
			"started it %s; %.*s",
			taker,
			clue->taking.has_timeout ?
				" (there is a timer or a deadline)" :
				"",
			gone_words(clue), IQ_STR_ARG(room));
}

struct iq_error *iq_leak_shows_double_send(const struct iq_leak_clue *clue,
					   struct iq_str *shown_ret)
{
	const struct iq_code_again *a = &clue->again;
	const char *sender, *taker;
	struct iq_str before;
	struct iq_error *err;
	bool is;

	err = is_it(clue, IQ_LEAK_SEND_DOUBLE, &is);
	if (err || !is)
		return err;
	err = taker_words(clue, &taker);
	if (!err)
		err = iq_text_frame(clue->arena, clue->again_frame, &sender);
	before = IQ_STR("in a loop");
	if (!err && a->follows)
		err = iq_textf(clue->arena, &before,
			       "behind the send at line %" PRIu32, a->line);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"%s sends %.*s; %s takes one value, and who started "
			"it %s",
			sender, IQ_STR_ARG(before), taker, gone_words(clue));
}

struct iq_error *iq_leak_shows_n_senders(const struct iq_leak_clue *clue,
					 struct iq_str *shown_ret)
{
	const struct iq_code_taking *t = &clue->taking;
	struct iq_str room;
	const char *taker;
	struct iq_error *err;
	bool is;

	err = is_it(clue, IQ_LEAK_SEND_MANY, &is);
	if (err || !is)
		return err;
	err = both_words(clue, &taker, &room);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"%s takes one value; %s; %" PRIu64
			" still wait%s to send on this channel; %.*s",
			taker,
			t->starts_more ? "the go statement is in a loop" :
					 "several that may send are started",
			clue->object->chan.num_senders,
			clue->object->chan.num_senders == 1 ? "s" : "",
			IQ_STR_ARG(room));
}
