/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/reason.h"

#include "base/attr.h"

/* Frames at the leaf that can tell what parked the goroutine. */
#define LEAF_FRAMES 12

struct pair {
	const char *key;
	const char *words;
};

/* Go: src/runtime/traceruntime.go, traceBlockReasonStrings; runtime2.go,
 * waitReasonStrings. */
static const struct pair plain[] = {
	{ "chan receive", "chan receive" },
	{ "chan send", "chan send" },
	{ "select", "select" },
	{ "sync.(*Cond).Wait", "sync.Cond.Wait" },
	{ "network", "IO wait" },
	{ "sleep", "sleep" },
	{ "GC mark assist wait for work", "GC assist wait" },
	{ "GC background sweeper wait", "GC sweep wait" },
	{ "wait until GC ends", "wait for GC cycle" },
	{ "wait for debug call", "debug call" },
};

/* "forever" by what blocks so. */
static const struct pair forever[] = {
	{ "runtime.chanrecv", "chan receive (nil chan)" },
	{ "runtime.chanrecv1", "chan receive (nil chan)" },
	{ "runtime.chanrecv2", "chan receive (nil chan)" },
	{ "runtime.chansend", "chan send (nil chan)" },
	{ "runtime.chansend1", "chan send (nil chan)" },
	{ "runtime.block", "select (no cases)" },
	{ "runtime.selectgo", "select (no cases)" },
};

/* "sync" by the function that was called. */
static const struct pair sync_words[] = {
	{ "sync.(*Mutex).Lock", "sync.Mutex.Lock" },
	{ "sync.(*Mutex).lockSlow", "sync.Mutex.Lock" },
	{ "sync.(*RWMutex).RLock", "sync.RWMutex.RLock" },
	{ "sync.(*RWMutex).Lock", "sync.RWMutex.Lock" },
};

/* "system goroutine wait" by the start function. */
static const struct pair system_words[] = {
	{ "runtime.runfinq", "finalizer wait" },
	{ "runtime.runFinalizers", "finalizer wait" },
	{ "runtime.runCleanups", "cleanup wait" },
	{ "runtime.forcegchelper", "force gc (idle)" },
	{ "runtime.gcBgMarkWorker", "GC worker (idle)" },
	{ "runtime.bgscavenge", "GC scavenge wait" },
	{ "runtime.bgsweep", "GC sweep wait" },
	{ "runtime.updateMaxProcsGoroutine", "GOMAXPROCS updater (idle)" },
};

/* Without an event: what stands under runtime.gopark. */
static const struct pair parkers[] = {
	{ "runtime.chanrecv", "chan receive" },
	{ "runtime.chansend", "chan send" },
	{ "runtime.selectgo", "select" },
	{ "runtime.block", "select (no cases)" },
	{ "runtime.netpollblock", "IO wait" },
	{ "sync.runtime_notifyListWait", "sync.Cond.Wait" },
	{ "time.Sleep", "sleep" },
};

static struct iq_str find(const struct pair *pairs, size_t num,
			  struct iq_str key)
{
	for (size_t i = 0; i < num; i++) {
		if (iq_str_equal(key, iq_str_of(pairs[i].key)))
			return iq_str_of(pairs[i].words);
	}
	return (struct iq_str){ 0 };
}

/* The words for the first frame that has some. */
static struct iq_str find_frame(const struct pair *pairs, size_t num,
				const struct iq_stack *stack)
{
	struct iq_str words = { 0 };

	for (uint32_t i = 0;
	     stack && !words.len && i < stack->num_frames && i < LEAF_FRAMES;
	     i++)
		words = find(pairs, num, stack->frames[i]->function);
	return words;
}

static bool calls(const struct iq_stack *stack, struct iq_str function)
{
	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		if (iq_str_equal(stack->frames[i]->function, function))
			return true;
	}
	return false;
}

// A WaitGroup's semaphore has had a name since 1.24, whose header is 1.23.
static struct iq_str sync_reason(const struct iq_stack *stack, uint32_t minor)
{
	struct iq_str words =
		find_frame(sync_words, IQ_ARRAY_SIZE(sync_words), stack);

	if (words.len)
		return words;
	if (minor >= 25 && calls(stack, IQ_STR("sync.(*WaitGroup).Wait")))
		return IQ_STR("sync.WaitGroup.Wait");
	return stack ? IQ_STR("semacquire") : (struct iq_str){ 0 };
}

static struct iq_str system_reason(struct iq_str start)
{
	// Go: src/runtime/trace/trace.go: the goroutine that asks for data.
	if (iq_str_starts(start, IQ_STR("runtime/trace.")))
		return IQ_STR("trace reader (blocked)");
	return find(system_words, IQ_ARRAY_SIZE(system_words), start);
}

static struct iq_str status_reason(const struct iq_stack *stack,
				   struct iq_str start, uint32_t minor)
{
	struct iq_str words =
		find(system_words, IQ_ARRAY_SIZE(system_words), start);

	if (words.len)
		return words;
	words = find_frame(parkers, IQ_ARRAY_SIZE(parkers), stack);
	if (words.len)
		return words;
	if (calls(stack, IQ_STR("runtime.semacquire1")))
		return sync_reason(stack, minor);
	return (struct iq_str){ 0 };
}

struct iq_str iq_trace_wait_reason(struct iq_str event,
				   const struct iq_stack *stack,
				   struct iq_str start, uint32_t minor)
{
	struct iq_str words = { 0 };

	if (event.len == 0)
		return status_reason(stack, start, minor);
	if (iq_str_equal(event, IQ_STR("sync")))
		words = sync_reason(stack, minor);
	else if (iq_str_equal(event, IQ_STR("forever")))
		words = find_frame(forever, IQ_ARRAY_SIZE(forever), stack);
	else if (iq_str_equal(event, IQ_STR("system goroutine wait")))
		words = system_reason(start);
	else
		words = find(plain, IQ_ARRAY_SIZE(plain), event);
	return words.len ? words : event;
}

// Go: src/runtime/traceback.go, isSystemGoroutine.
bool iq_trace_is_system(struct iq_str start)
{
	return iq_str_starts(start, IQ_STR("runtime.")) &&
	       !iq_str_equal(start, IQ_STR("runtime.main")) &&
	       !iq_str_equal(start, IQ_STR("runtime.handleAsyncEvent"));
}

// Go: src/runtime/trace.go, src/runtime/trace/trace.go, 1.22 - 1.27.
bool iq_trace_is_tracer(struct iq_str start)
{
	return iq_str_starts(start, IQ_STR("runtime/trace.")) ||
	       iq_str_starts(start, IQ_STR("runtime.traceStartReadCPU")) ||
	       iq_str_starts(start, IQ_STR("runtime.(*traceAdvancerState)")) ||
	       iq_str_starts(start, IQ_STR("runtime.traceReader"));
}
