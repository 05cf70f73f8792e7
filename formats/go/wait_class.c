/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/wait_class.h"

#include "base/attr.h"

/*
 * Where in a sync object the semaphore is: sync.Mutex {state, sema}, RWMutex
 * {w Mutex, writerSem, readerSem …}, WaitGroup {state uint64, sema}, Cond
 * {noCopy, L, notify …}; the same in 1.18 - 1.27.
 * Go: src/sync/{mutex,rwmutex,waitgroup,cond}.go, src/internal/sync/mutex.go.
 */
#define MUTEX_SEMA 4
#define RWMUTEX_WRITER_SEM 8
#define RWMUTEX_READER_SEM 12
#define WAITGROUP_SEMA 8
#define COND_NOTIFY 16

/* Go: src/runtime/runtime2.go, waitReasonStrings, 1.18 - 1.27 */
/* clang-format off */
static const struct {
	const char *reason;
	struct iq_go_wait_class class;
} reasons[] = {
	{ "chan receive", { .kind = IQ_WAIT_CHAN, .op = IQ_OP_RECEIVE,
	  .source = IQ_GO_WAIT_CHANNELS } },
	{ "chan send", { .kind = IQ_WAIT_CHAN, .op = IQ_OP_SEND,
	  .source = IQ_GO_WAIT_CHANNELS } },
	{ "select", { .kind = IQ_WAIT_CHAN,
	  .source = IQ_GO_WAIT_CHANNELS } },
	{ "select (no cases)", { .kind = IQ_WAIT_SELECT } },
	{ "chan receive (nil chan)", { .kind = IQ_WAIT_NIL_CHAN,
	  .op = IQ_OP_RECEIVE } },
	{ "chan send (nil chan)", { .kind = IQ_WAIT_NIL_CHAN,
	  .op = IQ_OP_SEND } },
	{ "sync.Mutex.Lock", { .kind = IQ_WAIT_MUTEX, .op = IQ_OP_LOCK,
	  .source = IQ_GO_WAIT_SEMAPHORES, .offset = MUTEX_SEMA,
	  .by_frames = true } },
	{ "sync.RWMutex.RLock", { .kind = IQ_WAIT_RWMUTEX, .op = IQ_OP_RLOCK,
	  .source = IQ_GO_WAIT_SEMAPHORES, .offset = RWMUTEX_READER_SEM } },
	{ "sync.RWMutex.Lock", { .kind = IQ_WAIT_RWMUTEX, .op = IQ_OP_LOCK,
	  .source = IQ_GO_WAIT_SEMAPHORES, .offset = RWMUTEX_WRITER_SEM } },
	{ "sync.WaitGroup.Wait", { .kind = IQ_WAIT_WAITGROUP,
	  .op = IQ_OP_WAIT, .source = IQ_GO_WAIT_SEMAPHORES,
	  .offset = WAITGROUP_SEMA } },
	{ "semacquire", { .kind = IQ_WAIT_SEMAPHORE, .op = IQ_OP_WAIT,
	  .source = IQ_GO_WAIT_SEMAPHORES, .by_frames = true } },
	{ "sync.Cond.Wait", { .kind = IQ_WAIT_COND, .op = IQ_OP_WAIT,
	  .source = IQ_GO_WAIT_LISTS, .offset = COND_NOTIFY } },
	{ "sleep", { .kind = IQ_WAIT_TIMER, .op = IQ_OP_WAIT,
	  .source = IQ_GO_WAIT_SLEEP } },
	{ "IO wait", { .kind = IQ_WAIT_FD, .source = IQ_GO_WAIT_POLL,
	  .by_frames = true } },
	{ "coroutine", { .kind = IQ_WAIT_COROUTINE, .op = IQ_OP_WAIT,
	  .source = IQ_GO_WAIT_CORO } },
	{ "synctest.Run", { .kind = IQ_WAIT_BUBBLE, .op = IQ_OP_WAIT,
	  .source = IQ_GO_WAIT_BUBBLE } },
	{ "synctest.Wait", { .kind = IQ_WAIT_BUBBLE, .op = IQ_OP_WAIT,
	  .source = IQ_GO_WAIT_BUBBLE } },
};
/* clang-format on */

/* The runtime waits for itself: the same source. */
/* clang-format off */
static const char *const runtime_reasons[] = {
	"GC assist marking",
	"GC assist wait",
	"GC mark termination",
	"GC scavenge wait",
	"GC sweep wait",
	"GC weak to strong wait",
	"GC worker (active)",
	"GC worker (idle)",
	"GOMAXPROCS updater (idle)",
	"cleanup wait",
	"debug call",
	"dumping heap",
	"finalizer wait",
	"flushing proc caches",
	"force gc (idle)",
	"garbage collection",
	"garbage collection scan",
	"page trace flush",
	"panicwait",
	"stopping the world",
	"timer goroutine (idle)",
	"trace goroutine status",
	"trace proc status",
	"trace reader (blocked)",
	"wait for GC cycle",
};
/* clang-format on */

/* Who called the semaphore, innermost first; the last that is there decides. */
/* clang-format off */
static const struct {
	const char *function;
	enum iq_wait_kind kind;
	enum iq_wait_op op;
	uint32_t offset;
} callers[] = {
	{ "sync.(*Mutex).lockSlow", IQ_WAIT_MUTEX, IQ_OP_LOCK, MUTEX_SEMA },
	{ "internal/sync.(*Mutex).lockSlow", IQ_WAIT_MUTEX, IQ_OP_LOCK,
	  MUTEX_SEMA },
	{ "sync.(*RWMutex).RLock", IQ_WAIT_RWMUTEX, IQ_OP_RLOCK,
	  RWMUTEX_READER_SEM },
	{ "sync.(*RWMutex).Lock", IQ_WAIT_RWMUTEX, IQ_OP_LOCK,
	  RWMUTEX_WRITER_SEM },
	{ "sync.(*WaitGroup).Wait", IQ_WAIT_WAITGROUP, IQ_OP_WAIT,
	  WAITGROUP_SEMA },
};
/* clang-format on */

/* Names begin like this; the outermost that is there decides. */
/* clang-format off */
static const struct {
	const char *prefix;
	enum iq_wait_op op;
} operations[] = {
	{ "internal/poll.(*FD).Accept", IQ_OP_ACCEPT },
	{ "internal/poll.(*FD).Read", IQ_OP_READ },
	{ "internal/poll.(*FD).Write", IQ_OP_WRITE },
	{ "internal/poll.(*FD).RawRead", IQ_OP_READ },
	{ "internal/poll.(*FD).RawWrite", IQ_OP_WRITE },
	{ "internal/poll.sendFile", IQ_OP_WRITE },
	{ "internal/poll.SendFile", IQ_OP_WRITE },
	{ "internal/poll.spliceDrain", IQ_OP_READ },
	{ "internal/poll.splicePump", IQ_OP_WRITE },
	{ "net.(*netFD).connect", IQ_OP_CONNECT },
	{ "syscall.read", IQ_OP_READ },
	{ "syscall.write", IQ_OP_WRITE },
	{ "syscall.accept", IQ_OP_ACCEPT },
	{ "syscall.connect", IQ_OP_CONNECT },
};
/* clang-format on */

/* Frames at the leaf that can hold the call that parked. */
#define LEAF_FRAMES 12

struct iq_str iq_go_wait_reason_plain(struct iq_str reason)
{
	static const struct iq_str marks[] = { { " (durable)", 10 },
					       { " (synctest)", 11 } };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(marks); i++) {
		if (iq_str_ends(reason, marks[i]))
			reason.len -= marks[i].len;
	}
	return reason;
}

struct iq_go_wait_class iq_go_wait_class_of(struct iq_str reason)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(reasons); i++) {
		if (iq_str_equal(reason, iq_str_of(reasons[i].reason)))
			return reasons[i].class;
	}
	for (size_t i = 0; i < IQ_ARRAY_SIZE(runtime_reasons); i++) {
		if (iq_str_equal(reason, iq_str_of(runtime_reasons[i])))
			return (struct iq_go_wait_class){
				.kind = IQ_WAIT_RUNTIME,
				.op = IQ_OP_WAIT,
			};
	}
	return (struct iq_go_wait_class){ .kind = IQ_WAIT_NONE };
}

enum iq_wait_op iq_go_wait_op_of(const struct iq_stack *stack)
{
	enum iq_wait_op op = IQ_OP_UNKNOWN;

	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		for (size_t k = 0; k < IQ_ARRAY_SIZE(operations); k++) {
			if (iq_str_starts(stack->frames[i]->function,
					  iq_str_of(operations[k].prefix)))
				op = operations[k].op;
		}
	}
	return op;
}

/* Index in callers of @function; the array's size if it is none of them. */
static size_t caller_of(struct iq_str function)
{
	size_t k = 0;

	while (k < IQ_ARRAY_SIZE(callers) &&
	       !iq_str_equal(function, iq_str_of(callers[k].function)))
		k++;
	return k;
}

struct iq_go_wait_class iq_go_wait_class_refine(struct iq_go_wait_class class,
						const struct iq_stack *stack)
{
	if (!class.by_frames)
		return class;
	if (class.kind == IQ_WAIT_FD) {
		class.op = iq_go_wait_op_of(stack);
		return class;
	}
	for (uint32_t i = 0; stack && i < stack->num_frames && i < LEAF_FRAMES;
	     i++) {
		size_t k = caller_of(stack->frames[i]->function);

		if (k == IQ_ARRAY_SIZE(callers))
			continue;
		// A writer waits for RWMutex.w, its first field, behind other
		// writers: the object is the RWMutex at the same address.
		bool is_inner = class.kind == IQ_WAIT_MUTEX &&
				callers[k].kind == IQ_WAIT_RWMUTEX;

		class.kind = callers[k].kind;
		class.op = callers[k].op;
		if (!is_inner)
			class.offset = callers[k].offset;
	}
	return class;
}
