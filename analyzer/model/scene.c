/* SPDX-License-Identifier: Apache-2.0 */
#include "model/scene.h"

/* clang-format off */
static const struct {
	const char *id;
	const char *name;
} causes[] = {
	[IQ_CAUSE_UNKNOWN] = { "unknown", "unknown cause" },
	[IQ_CAUSE_PANIC] = { "panic", "panic" },
	[IQ_CAUSE_LIBRARY_PANIC] = { "library-panic", "panic" },
	[IQ_CAUSE_NIL_DEREFERENCE] = { "nil-dereference", "nil dereference" },
	[IQ_CAUSE_BAD_ADDRESS] = { "bad-address", "fault at a bad address" },
	[IQ_CAUSE_BOUNDS] = { "out-of-range", "out of range" },
	[IQ_CAUSE_DIVIDE] = { "divide-by-zero", "integer divide by zero" },
	[IQ_CAUSE_NEGATIVE_SHIFT] = { "negative-shift", "negative shift amount" },
	[IQ_CAUSE_UNCOMPARABLE] = { "uncomparable-type", "uncomparable type" },
	[IQ_CAUSE_TYPE_ASSERTION] = { "type-assertion", "failed type assertion" },
	[IQ_CAUSE_NIL_MAP] = { "nil-map", "write to a nil map" },
	[IQ_CAUSE_SEND_ON_CLOSED] = { "send-on-closed", "send on closed channel" },
	[IQ_CAUSE_CLOSE_OF_CLOSED] = { "close-of-closed", "close of closed channel" },
	[IQ_CAUSE_CLOSE_OF_NIL] = { "close-of-nil", "close of nil channel" },
	[IQ_CAUSE_NEGATIVE_WAITGROUP] = { "negative-waitgroup", "negative WaitGroup counter" },
	[IQ_CAUSE_WAITGROUP_REUSE] = { "waitgroup-reuse", "WaitGroup used again too early" },
	[IQ_CAUSE_UNLOCK_OF_UNLOCKED] = { "unlock-of-unlocked", "unlock of unlocked mutex" },
	[IQ_CAUSE_CONCURRENT_MAP] = { "concurrent-map", "concurrent map access" },
	[IQ_CAUSE_ALL_ASLEEP] = { "all-asleep", "all goroutines asleep" },
	[IQ_CAUSE_OUT_OF_MEMORY] = { "out-of-memory", "out of memory" },
	[IQ_CAUSE_STACK_OVERFLOW] = { "stack-overflow", "stack overflow" },
	[IQ_CAUSE_CHECKPTR] = { "checkptr", "misuse of unsafe.Pointer" },
	[IQ_CAUSE_FATAL] = { "fatal-error", "fatal error" },
	[IQ_CAUSE_C_FAULT] = { "fault-in-c", "fault in C" },
	[IQ_CAUSE_SIGNAL] = { "signal", "killed by a signal" },
};
/* clang-format on */

_Static_assert(sizeof(causes) / sizeof(causes[0]) == IQ_NUM_CAUSES,
	       "every cause has a row");

const char *iq_cause_name(enum iq_cause cause)
{
	return causes[cause].name;
}

const char *iq_cause_id(enum iq_cause cause)
{
	return causes[cause].id;
}

/* What the runtime says for each; in the order in which they are tried. */
struct words {
	const char *begin;
	const char *has; /* and this somewhere behind it; or NULL */
	enum iq_cause cause;
};

/*
 * Texts of panics without "runtime error: ". Go: src/runtime/panic.go,
 * error.go, chan.go, map.go, src/sync/waitgroup.go, 1.18 - 1.27.
 */
/* clang-format off */
static const struct words panic_words[] = {
	{ "invalid memory address or nil pointer", NULL, IQ_CAUSE_NIL_DEREFERENCE },
	{ "value method ", " called using nil *", IQ_CAUSE_NIL_DEREFERENCE },
	{ "index out of range", NULL, IQ_CAUSE_BOUNDS },
	{ "slice bounds out of range", NULL, IQ_CAUSE_BOUNDS },
	{ "cannot convert slice with length", NULL, IQ_CAUSE_BOUNDS },
	{ "makeslice: ", " out of range", IQ_CAUSE_BOUNDS },
	{ "makechan: ", " out of range", IQ_CAUSE_BOUNDS },
	{ "unsafe.", " out of range", IQ_CAUSE_BOUNDS },
	{ "integer divide by zero", NULL, IQ_CAUSE_DIVIDE },
	{ "negative shift amount", NULL, IQ_CAUSE_NEGATIVE_SHIFT },
	{ "hash of unhashable type ", NULL, IQ_CAUSE_UNCOMPARABLE },
	{ "comparing uncomparable type ", NULL, IQ_CAUSE_UNCOMPARABLE },
	{ "interface conversion: ", NULL, IQ_CAUSE_TYPE_ASSERTION },
	{ "assignment to entry in nil map", NULL, IQ_CAUSE_NIL_MAP },
	{ "send on closed channel", NULL, IQ_CAUSE_SEND_ON_CLOSED },
	{ "close of closed channel", NULL, IQ_CAUSE_CLOSE_OF_CLOSED },
	{ "close of nil channel", NULL, IQ_CAUSE_CLOSE_OF_NIL },
	{ "sync: negative WaitGroup counter", NULL, IQ_CAUSE_NEGATIVE_WAITGROUP },
	{ "sync: WaitGroup is reused before ", NULL, IQ_CAUSE_WAITGROUP_REUSE },
	{ "sync: WaitGroup misuse: ", NULL, IQ_CAUSE_WAITGROUP_REUSE },
};

/* Of throw() and fatal(): src/runtime, src/sync, src/internal/sync. */
static const struct words fatals[] = {
	{ "concurrent map ", NULL, IQ_CAUSE_CONCURRENT_MAP },
	{ "all goroutines are asleep", NULL, IQ_CAUSE_ALL_ASLEEP },
	{ "no goroutines (main called runtime.Goexit)", NULL, IQ_CAUSE_ALL_ASLEEP },
	{ "sync: ", "nlock of unlocked ", IQ_CAUSE_UNLOCK_OF_UNLOCKED },
	{ "out of memory", NULL, IQ_CAUSE_OUT_OF_MEMORY },
	{ "runtime: out of memory", NULL, IQ_CAUSE_OUT_OF_MEMORY },
	{ "runtime: cannot allocate memory", NULL, IQ_CAUSE_OUT_OF_MEMORY },
	{ "cannot allocate memory", NULL, IQ_CAUSE_OUT_OF_MEMORY },
	{ "stack overflow", NULL, IQ_CAUSE_STACK_OVERFLOW },
	{ "checkptr: ", NULL, IQ_CAUSE_CHECKPTR },
};
/* clang-format on */

struct iq_str iq_cause_words(struct iq_str text)
{
	struct iq_str error = IQ_STR("runtime error: ");

	if (iq_str_starts(text, error))
		return iq_str_sub(text, error.len, text.len);
	return text;
}

static enum iq_cause look_up(const struct words *words, size_t num,
			     struct iq_str text, enum iq_cause other)
{
	for (size_t i = 0; i < num; i++) {
		struct iq_str begin = iq_str_of(words[i].begin);

		if (!iq_str_starts(text, begin))
			continue;
		text = iq_str_sub(text, begin.len, text.len);
		if (!words[i].has ||
		    iq_str_search(text, iq_str_of(words[i].has)) < text.len)
			return words[i].cause;
		return other;
	}
	return other;
}

enum iq_cause iq_cause_of_panic(struct iq_str text)
{
	return look_up(panic_words, IQ_ARRAY_SIZE(panic_words),
		       iq_cause_words(text), IQ_CAUSE_PANIC);
}

enum iq_cause iq_cause_of_fatal(struct iq_str text)
{
	// Go: src/runtime/signal_unix.go, sigpanic: "unexpected fault address".
	if (iq_str_equal(text, IQ_STR("fault")))
		return IQ_CAUSE_BAD_ADDRESS;
	return look_up(fatals, IQ_ARRAY_SIZE(fatals), text, IQ_CAUSE_FATAL);
}

/* Whether the message of @newer has the runtime error of the recovered @older in
 * it, as fmt.Errorf("…: %w", err) leaves it. */
static bool repeats(const struct iq_scene_panic *newer,
		    const struct iq_scene_panic *older)
{
	struct iq_str text =
		iq_str_sub(older->text, 0, iq_str_find(older->text, '\n'));
	bool by_runtime =
		iq_cause_of_panic(text) != IQ_CAUSE_PANIC ||
		iq_str_search(text, IQ_STR("runtime error: ")) < text.len;

	if (!text.len)
		return false;
	return (by_runtime &&
		iq_str_search(newer->text, text) < newer->text.len) ||
	       iq_str_equal(older->text, newer->text);
}

const struct iq_scene_panic *
iq_scene_root_panic(const struct iq_scene_panic *panics, size_t num)
{
	const struct iq_scene_panic *root = NULL;

	for (size_t i = 0; i < num; i++) {
		const struct iq_scene_panic *p = &panics[i];

		if (p->goexit)
			continue;
		// What was raised after a recovery is a new beginning.
		if (root && p->recovered && !p->repanicked && !repeats(root, p))
			break;
		root = p;
	}
	return root;
}
