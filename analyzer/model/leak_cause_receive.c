/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "model/function.h"
#include "model/leak_clue.h"
#include "model/text.h"

#define IS(s, lit) iq_str_equal((s), IQ_STR(lit))

/* The channel that it receives from alone; NULL: it does not, or that channel
 * is not known. */
static const struct iq_chan_object *received(const struct iq_leak_clue *clue)
{
	return clue->g->class == IQ_CLASS_CHAN_RECEIVE && clue->object &&
			       clue->object->kind == IQ_WAIT_CHAN &&
			       !clue->object->chan.closed ?
		       &clue->object->chan :
		       NULL;
}

/* Before Go 1.23 a stopped timer leaves nothing but its channel: one place for a
 * time. Go: src/time/sleep.go, NewTimer. */
struct iq_error *iq_leak_shows_timer_stopped(const struct iq_leak_clue *clue,
					     struct iq_str *shown_ret)
{
	const struct iq_chan_object *chan = received(clue);

	if (!chan || clue->waker || !IS(chan->elem_type, "time.Time") ||
	    (chan->timer ? chan->when.is_set : chan->cap != 1) ||
	    (!chan->timer && !clue->is_proven))
		return NULL;
	*shown_ret = chan->timer ?
			     IQ_STR("the channel's timer is not set") :
			     IQ_STR("the channel has one place for a time, and "
				    "no timer that is set refers to it");
	return NULL;
}

/* It is not a library that waits, whose parts know more of each other. */
static bool is_own(const struct iq_leak_clue *clue)
{
	return clue->has_again && !iq_package_is_std(iq_function_package(
					  clue->again_frame->function));
}

/* A channel that says nothing but that something is over. */
static bool is_signal(const struct iq_wait *w)
{
	return w->kind == IQ_WAIT_CHAN && w->op == IQ_OP_RECEIVE && w->object &&
	       w->object->is_read && w->object->kind == IQ_WAIT_CHAN &&
	       !w->object->chan.closed && !w->object->chan.cap &&
	       IS(w->object->chan.elem_type, "struct {}");
}

static bool may_be_told(const struct iq_leak_clue *clue)
{
	return clue->is_proven && clue->code &&
	       (clue->g->class == IQ_CLASS_SELECT ||
		clue->g->class == IQ_CLASS_CHAN_RECEIVE);
}

struct iq_error *iq_leak_shows_missing_cancel(const struct iq_leak_clue *clue,
					      struct iq_str *shown_ret)
{
	const struct iq_goroutine_fact *fact = clue->g->fact;
	struct iq_error *err;
	enum iq_code_context is;

	for (uint32_t i = 0; i < fact->num_waits && may_be_told(clue); i++) {
		const struct iq_wait *w = &fact->waits[i];

		if (!is_signal(w))
			continue;
		err = clue->code->is_context(clue->code, fact->place,
					     w->address, &is);
		if (err)
			return err;
		if (is == IQ_CODE_CONTEXT_SURE) {
			bool held;

			// Who refers to the context may have its cancel.
			err = iq_leak_held(clue, w, &held);
			if (err || held)
				return err;
			return iq_textf(
				clue->arena, shown_ret,
				"channel 0x%" PRIx64
				" is the Done channel of a context, open, and "
				"nothing that can run refers to that context",
				w->address);
		}
	}
	return NULL;
}

/* Whether it may be a context's, which @forgotten says code has done with. */
static struct iq_error *may_be_context(const struct iq_leak_clue *clue,
				       const struct iq_wait *w, bool forgotten,
				       bool *ret)
{
	enum iq_code_context is = IQ_CODE_CONTEXT_NOT_SEEN;
	struct iq_error *err = NULL;

	*ret = false;
	if (!is_signal(w))
		return NULL;
	if (clue->code)
		err = clue->code->is_context(clue->code, clue->g->fact->place,
					     w->address, &is);
	*ret = is != IQ_CODE_CONTEXT_NOT_SEEN ||
	       (forgotten && (!clue->has_again || clue->again.may_be_given));
	return err;
}

struct iq_error *
iq_leak_shows_quit_never_closed(const struct iq_leak_clue *clue,
				struct iq_str *shown_ret)
{
	const struct iq_goroutine_fact *fact = clue->g->fact;

	if (clue->g->class != IQ_CLASS_SELECT || !may_be_told(clue) ||
	    !is_own(clue) || clue->waker || clue->in_cycle)
		return NULL;
	for (uint32_t i = 0; i < fact->num_waits; i++) {
		const struct iq_wait *w = &fact->waits[i];

		struct iq_error *err;
		bool held, is_context;

		if (!is_signal(w))
			continue;
		// What a loop asks again it still has.
		err = may_be_context(clue, w, !clue->again.loops, &is_context);
		if (err)
			return err;
		if (is_context)
			continue;
		err = iq_leak_held(clue, w, &held);
		if (err)
			return err;
		if (!held)
			return iq_textf(
				clue->arena, shown_ret,
				"channel 0x%" PRIx64
				", of struct{}, is open, and nothing that can "
				"run refers to it",
				w->address);
	}
	return NULL;
}

/* Nobody who is left could send to, or close, what it receives from. */
static struct iq_error *is_unserved(const struct iq_leak_clue *clue, bool *ret)
{
	const struct iq_chan_object *chan = received(clue);
	struct iq_error *err;
	bool held;

	*ret = chan && clue->is_proven && !clue->waker && !clue->in_cycle &&
	       is_own(clue) && !clue->again.unsure && chan->has_queues &&
	       !chan->timer;
	if (!*ret)
		return NULL;
	err = iq_leak_held(clue, clue->wait, &held);
	*ret = !held;
	return err;
}

struct iq_error *
iq_leak_shows_range_never_closed(const struct iq_leak_clue *clue,
				 struct iq_str *shown_ret)
{
	const char *place;
	struct iq_error *err;
	bool unserved;

	if (!clue->again.loops)
		return NULL;
	err = is_unserved(clue, &unserved);
	if (err || !unserved)
		return err;
	err = iq_text_frame(clue->arena, clue->again_frame, &place);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"%s receives in a loop (%s); the channel is open and "
			"empty, and nothing that can run refers to it",
			place,
			clue->again.can_end ? "range, or v, ok" :
					      "without looking for the end");
}

struct iq_error *iq_leak_shows_sender_gone(const struct iq_leak_clue *clue,
					   struct iq_str *shown_ret)
{
	const char *place;
	struct iq_error *err;
	bool unserved, is_context;

	if (clue->again.loops)
		return NULL;
	err = is_unserved(clue, &unserved);
	if (err || !unserved)
		return err;
	err = may_be_context(clue, clue->wait, true, &is_context);
	if (err || is_context)
		return err;
	err = iq_text_frame(clue->arena, clue->again_frame, &place);
	if (err)
		return err;
	return iq_textf(clue->arena, shown_ret,
			"%s receives once; the channel is open and empty, and "
			"nothing that can run refers to it",
			place);
}
