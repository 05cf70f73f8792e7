/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wait.h"

#include "base/attr.h"
#include "model/signature.h"

/* Which class a wait reason is of, for every name since Go 1.18.
 * Go: src/runtime/runtime2.go, waitReasonStrings, 1.18 - 1.27. */
static const struct {
	const char *reason;
	enum iq_wait_class class;
} reasons[] = {
	{ "chan receive", IQ_CLASS_CHAN_RECEIVE },
	{ "chan send", IQ_CLASS_CHAN_SEND },
	{ "select", IQ_CLASS_SELECT },
	{ "chan receive (nil chan)", IQ_CLASS_NIL_RECEIVE },
	{ "chan send (nil chan)", IQ_CLASS_NIL_SEND },
	{ "select (no cases)", IQ_CLASS_EMPTY_SELECT },
	{ "semacquire", IQ_CLASS_SEMAPHORE },
	{ "sync.Mutex.Lock", IQ_CLASS_MUTEX },
	{ "sync.RWMutex.RLock", IQ_CLASS_RWMUTEX_R },
	{ "sync.RWMutex.Lock", IQ_CLASS_RWMUTEX_W },
	{ "sync.WaitGroup.Wait", IQ_CLASS_WAITGROUP },
	{ "sync.Cond.Wait", IQ_CLASS_COND },
	{ "IO wait", IQ_CLASS_IO },
	{ "sleep", IQ_CLASS_SLEEP },
	{ "coroutine", IQ_CLASS_COROUTINE },
	{ "preempted", IQ_CLASS_RUNNING },
	/* Traces have words of their own for some, coarse ones.
	 * Go: src/runtime/traceruntime.go, traceBlockReasonStrings, 1.22 - 1.27. */
	{ "network", IQ_CLASS_IO },
	{ "sync.(*Cond).Wait", IQ_CLASS_COND },
	{ "sync", IQ_CLASS_SEMAPHORE },
	{ "forever", IQ_CLASS_UNKNOWN_WAIT },
	{ "unspecified", IQ_CLASS_UNKNOWN_WAIT },
};

/* What the caller of a semaphore waits for. */
static const struct {
	const char *function;
	enum iq_wait_class class;
} sync_callers[] = {
	{ "sync.(*Mutex).Lock", IQ_CLASS_MUTEX },
	{ "sync.(*Mutex).lockSlow", IQ_CLASS_MUTEX },
	{ "internal/sync.(*Mutex).lockSlow", IQ_CLASS_MUTEX },
	{ "sync.(*RWMutex).RLock", IQ_CLASS_RWMUTEX_R },
	{ "sync.(*RWMutex).Lock", IQ_CLASS_RWMUTEX_W },
	{ "sync.(*WaitGroup).Wait", IQ_CLASS_WAITGROUP },
};

/* Where no reason is known, the frame that parked. */
static const struct {
	const char *function;
	enum iq_wait_class class;
} parkers[] = {
	{ "runtime.chanrecv", IQ_CLASS_CHAN_RECEIVE },
	{ "runtime.chanrecv1", IQ_CLASS_CHAN_RECEIVE },
	{ "runtime.chanrecv2", IQ_CLASS_CHAN_RECEIVE },
	{ "runtime.chansend", IQ_CLASS_CHAN_SEND },
	{ "runtime.chansend1", IQ_CLASS_CHAN_SEND },
	{ "runtime.selectgo", IQ_CLASS_SELECT },
	{ "runtime.block", IQ_CLASS_EMPTY_SELECT },
	{ "runtime.netpollblock", IQ_CLASS_IO },
	{ "internal/poll.runtime_pollWait", IQ_CLASS_IO },
	{ "runtime.coroswitch", IQ_CLASS_COROUTINE },
	{ "sync.runtime_notifyListWait", IQ_CLASS_COND },
	{ "time.Sleep", IQ_CLASS_SLEEP },
};

static const struct {
	const char *name;
	const char *words;
} names[] = {
	[IQ_CLASS_UNKNOWN_WAIT] = { "unknown", "unknown" },
	[IQ_CLASS_RUNNING] = { "running", "running" },
	[IQ_CLASS_CHAN_SEND] = { "chan-send", "chan send" },
	[IQ_CLASS_CHAN_RECEIVE] = { "chan-recv", "chan receive" },
	[IQ_CLASS_SELECT] = { "select", "select" },
	[IQ_CLASS_NIL_SEND] = { "chan-send-nil", "send on nil" },
	[IQ_CLASS_NIL_RECEIVE] = { "chan-recv-nil", "receive nil" },
	[IQ_CLASS_EMPTY_SELECT] = { "select-empty", "select {}" },
	[IQ_CLASS_MUTEX] = { "mutex", "Mutex.Lock" },
	[IQ_CLASS_RWMUTEX_R] = { "rwmutex-r", "RLock" },
	[IQ_CLASS_RWMUTEX_W] = { "rwmutex-w", "RWMutex.Lock" },
	[IQ_CLASS_WAITGROUP] = { "waitgroup", "WaitGroup" },
	[IQ_CLASS_COND] = { "cond", "Cond.Wait" },
	[IQ_CLASS_SEMAPHORE] = { "semaphore", "semacquire" },
	[IQ_CLASS_SLEEP] = { "sleep", "sleep" },
	[IQ_CLASS_IO] = { "io", "IO wait" },
	[IQ_CLASS_SYSCALL] = { "syscall", "syscall" },
	[IQ_CLASS_CGO] = { "cgo", "cgo call" },
	[IQ_CLASS_COROUTINE] = { "coroutine", "coroutine" },
	[IQ_CLASS_SYSTEM] = { "system", "system" },
};

const char *iq_wait_class_name(enum iq_wait_class class)
{
	return names[class].name;
}

const char *iq_wait_class_words(enum iq_wait_class class)
{
	return names[class].words;
}

bool iq_wait_class_can_go_on(enum iq_wait_class class)
{
	return class == IQ_CLASS_RUNNING || class == IQ_CLASS_SLEEP ||
	       class == IQ_CLASS_IO || class == IQ_CLASS_SYSCALL ||
	       class == IQ_CLASS_CGO;
}

bool iq_wait_class_is_hopeless(enum iq_wait_class class)
{
	return class == IQ_CLASS_NIL_SEND || class == IQ_CLASS_NIL_RECEIVE ||
	       class == IQ_CLASS_EMPTY_SELECT;
}

bool iq_wait_is_hopeless(const struct iq_goroutine_fact *fact,
			 enum iq_wait_class class)
{
	return iq_wait_class_is_hopeless(class) ||
	       (class == IQ_CLASS_SELECT && fact->num_waits == 1 &&
		fact->waits[0].kind == IQ_WAIT_SELECT);
}

bool iq_wait_class_is_lock(enum iq_wait_class class)
{
	return class == IQ_CLASS_MUTEX || class == IQ_CLASS_RWMUTEX_R ||
	       class == IQ_CLASS_RWMUTEX_W;
}

/* Frames at the leaf that can hold the call that parked. */
#define LEAF_FRAMES 12

static bool leaf_calls(const struct iq_stack *stack, const char *function)
{
	struct iq_str name = iq_str_of(function);

	if (!stack)
		return false;
	for (uint32_t i = 0; i < stack->num_frames && i < LEAF_FRAMES; i++) {
		if (iq_str_equal(stack->frames[i]->function, name))
			return true;
	}
	return false;
}

/* What the standard library takes semaphores with; texts of profiles hide what
 * of the runtime is below. */
static bool takes_semaphore(const struct iq_stack *stack)
{
	const struct iq_str takers[] = {
		IQ_STR("sync.runtime_Semacquire"),
		IQ_STR("internal/sync.runtime_Semacquire"),
		IQ_STR("internal/poll.runtime_Semacquire"),
	};

	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		for (size_t j = 0; j < IQ_ARRAY_SIZE(takers); j++) {
			if (iq_str_starts(stack->frames[i]->function,
					  takers[j]))
				return true;
		}
	}
	return false;
}

/* A trace's stack starts at the function that the library was called by. */
static bool starts_outside(const struct iq_stack *stack)
{
	return !stack || !stack->num_frames ||
	       !iq_function_is_runtime(stack->frames[0]->function);
}

static enum iq_wait_class semaphore_class(const struct iq_stack *stack)
{
	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		for (size_t j = 0; j < IQ_ARRAY_SIZE(sync_callers); j++) {
			if (iq_str_equal(stack->frames[i]->function,
					 iq_str_of(sync_callers[j].function)))
				return sync_callers[j].class;
		}
	}
	// gcsema, worldsema and the like are the runtime's own.
	return takes_semaphore(stack) || starts_outside(stack) ?
		       IQ_CLASS_SEMAPHORE :
		       IQ_CLASS_SYSTEM;
}

static enum iq_wait_class class_by_leaf(const struct iq_stack *stack)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(parkers); i++) {
		if (leaf_calls(stack, parkers[i].function))
			return parkers[i].class;
	}
	if (leaf_calls(stack, "runtime.semacquire1") || takes_semaphore(stack))
		return semaphore_class(stack);
	return IQ_CLASS_UNKNOWN_WAIT;
}

/* What nothing can end; a nil channel, or a select without cases. */
static enum iq_wait_class forever_class(const struct iq_stack *stack)
{
	switch (class_by_leaf(stack)) {
	case IQ_CLASS_CHAN_SEND:
		return IQ_CLASS_NIL_SEND;
	case IQ_CLASS_CHAN_RECEIVE:
		return IQ_CLASS_NIL_RECEIVE;
	case IQ_CLASS_EMPTY_SELECT:
		return IQ_CLASS_EMPTY_SELECT;
	default:
		return IQ_CLASS_UNKNOWN_WAIT;
	}
}

/* "chan receive (durable)" and "(synctest)" wait for the same thing. */
static struct iq_str without_bubble(struct iq_str reason)
{
	struct iq_str marks[] = { IQ_STR(" (durable)"), IQ_STR(" (synctest)") };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(marks); i++) {
		if (iq_str_ends(reason, marks[i]))
			reason.len -= marks[i].len;
	}
	return reason;
}

static enum iq_wait_class waiting_class(const struct iq_goroutine_fact *fact)
{
	struct iq_str reason = without_bubble(fact->wait_reason);

	if (!reason.len)
		return class_by_leaf(fact->stack);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(reasons); i++) {
		if (!iq_str_equal(reason, iq_str_of(reasons[i].reason)))
			continue;
		if (iq_str_equal(reason, IQ_STR("forever")))
			return forever_class(fact->stack);
		if (reasons[i].class == IQ_CLASS_UNKNOWN_WAIT)
			return class_by_leaf(fact->stack);
		if (reasons[i].class == IQ_CLASS_SEMAPHORE)
			return semaphore_class(fact->stack);
		return reasons[i].class;
	}
	return IQ_CLASS_SYSTEM;
}

enum iq_wait_class iq_wait_class_of(const struct iq_goroutine_fact *fact)
{
	switch (fact->status) {
	case IQ_GSTATUS_WAITING:
	case IQ_GSTATUS_LEAKED:
		return waiting_class(fact);
	case IQ_GSTATUS_SYSCALL:
		return leaf_calls(fact->stack, "runtime.cgocall") ?
			       IQ_CLASS_CGO :
			       IQ_CLASS_SYSCALL;
	case IQ_GSTATUS_UNKNOWN:
		return class_by_leaf(fact->stack);
	default:
		return IQ_CLASS_RUNNING;
	}
}
