/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about each cause; docs/causes.md says it at length. */
#include "detect/crash.h"

/* clang-format off */
static const char *const advice[] = {
	[IQ_CAUSE_UNKNOWN] = "take the core and the text of the same crash together",
	[IQ_CAUSE_PANIC] = "open the named line: it is the program's own decision to stop; return an error where a caller can go on",
	[IQ_CAUSE_LIBRARY_PANIC] = "open the named line: what the call was given, or when it was made, is what the library refuses; its documentation says why",
	[IQ_CAUSE_NIL_DEREFERENCE] = "open the named line and ask of each pointer on it who should have set it; check for nil where it comes from",
	[IQ_CAUSE_BAD_ADDRESS] = "look for unsafe, cgo and mapped files that shrank; build with -race or -gcflags=all=-d=checkptr and run it again",
	[IQ_CAUSE_BOUNDS] = "compare the index with len() before the named line, and ask where the index comes from",
	[IQ_CAUSE_DIVIDE] = "check the divisor for 0 before the named line",
	[IQ_CAUSE_NEGATIVE_SHIFT] = "check the sign of the count before the named line, or shift by an unsigned number",
	[IQ_CAUSE_UNCOMPARABLE] = "put only types that can be compared (no slice, map or function in them) into the interfaces of the named line",
	[IQ_CAUSE_TYPE_ASSERTION] = "use the form with two results, v, ok := x.(T), or a type switch",
	[IQ_CAUSE_NIL_MAP] = "make the map where its owner is made, before anything can write to it",
	[IQ_CAUSE_SEND_ON_CLOSED] = "let only the sender close the channel; with several senders close another channel that they select on",
	[IQ_CAUSE_CLOSE_OF_CLOSED] = "close it in one place, or through a sync.Once",
	[IQ_CAUSE_CLOSE_OF_NIL] = "make the channel before anybody can close it",
	[IQ_CAUSE_NEGATIVE_WAITGROUP] = "call Add before the goroutine starts and Done once in it, deferred; or use WaitGroup.Go (Go 1.25)",
	[IQ_CAUSE_WAITGROUP_REUSE] = "take a new WaitGroup for each round, or call Add only when every Wait of the round before has returned",
	[IQ_CAUSE_UNLOCK_OF_UNLOCKED] = "defer the Unlock right behind its Lock, and look for a second one on the way out",
	[IQ_CAUSE_CONCURRENT_MAP] = "hold one lock around every access to the map, or use sync.Map; -race names both places",
	[IQ_CAUSE_ALL_ASLEEP] = "see for what each goroutine waits (inquest goroutines): one of them must be given what it waits for before all sleep",
	[IQ_CAUSE_OUT_OF_MEMORY] = "take a heap profile before it grows so far; look at the limits (ulimit -v, cgroup) and at the size that was asked for",
	[IQ_CAUSE_STACK_OVERFLOW] = "find what should end the recursion: the frames that repeat are the circle",
	[IQ_CAUSE_CHECKPTR] = "mend the conversion on the named line by the rules of package unsafe",
	[IQ_CAUSE_FATAL] = "no recover() catches it: mend the cause that the runtime names",
	[IQ_CAUSE_C_FAULT] = "look at the C code that was called, with a debugger on the same core; check what Go handed over to it",
	[IQ_CAUSE_SIGNAL] = "no fault is known: find out who or what sent the signal",
};
/* clang-format on */

_Static_assert(IQ_ARRAY_SIZE(advice) == IQ_NUM_CAUSES,
	       "every cause has its advice");

const char *iq_crash_advice(enum iq_cause cause)
{
	return advice[cause];
}
