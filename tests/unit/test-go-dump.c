/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "go-dump.h"

#define S(lit) IQ_STR(lit)

static void assert_gap(const struct dump *d, enum iq_gap_code code,
		       const char *text)
{
	assert_false(d->facts->witness.complete);
	for (size_t i = 0; i < d->facts->gaps.len; i++) {
		const struct iq_gap *gap = &d->facts->gaps.data[i];

		if (gap->code == code &&
		    iq_str_equal(gap->text, iq_str_of(text)) && gap->has_offset)
			return;
	}
	fail_msg("no gap %s: %s", iq_gap_code_name(code), text);
}

/* ---- the texts */

#define RUNNING_1                                                              \
	"goroutine 1 [running]:\nmain.main()\n\t/src/main.go:9 +0x1d\n"
#define WAITING_7                                                              \
	"goroutine 7 [chan receive, 5 minutes, locked to thread]:\n"           \
	"main.inner(...)\n"                                                    \
	"\t/src/main.go:26\n"                                                  \
	"main.outer(0xc000012345?)\n"                                          \
	"\t/src/main.go:29 +0x25\n"                                            \
	"created by main.main in goroutine 1\n"                                \
	"\t/src/main.go:44 +0x3a\n"

/* As a crash text of 1.26 prints one, all frames shown. */
#define CRASHED_5                                                              \
	"goroutine 5 gp=0xc000102a1e0 m=2 mp=0xc001066808 [running]:\n"        \
	"panic({0x528ea0?, 0x569090?})\n"                                      \
	"\t/go/src/runtime/panic.go:879 +0x16f fp=0x78 sp=0x18 pc=0x48224f\n"  \
	"runtime.sigpanic()\n"                                                 \
	"\t/go/src/runtime/signal_unix.go:9 +0x1 fp=0x98 sp=0x78 pc=0x1\n"     \
	"main.in(...)\n"                                                       \
	"\t/src/main.go:3\n"                                                   \
	"main.f(0x2)\n"                                                        \
	"\t/src/main.go:5 +0x8 fp=0xb8 sp=0x98 pc=0x401008\n"                  \
	"main.main.gowrap1()\n"                                                \
	"\t/src/main.go:6 +0x9 fp=0xd8 sp=0xb8 pc=0x402009\n"                  \
	"runtime.goexit({})\n"                                                 \
	"\t/go/src/runtime/asm.s:1 +0x1 fp=0xe0 sp=0xd8 pc=0x489441\n"         \
	"created by main.main in goroutine 1\n"                                \
	"\t/src/main.go:6 +0x10\n"
#define SYSTEM_3                                                               \
	"goroutine 3 gp=0xc00003 m=nil [GC sweep wait]:\n"                     \
	"runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)\n"                       \
	"\t/go/src/runtime/proc.go:462 +0xce fp=0x8 sp=0x6 pc=0x4826ae\n"      \
	"runtime.gcenable.gowrap1()\n"                                         \
	"\t/go/src/runtime/mgc.go:214 +0x17 fp=0xe sp=0xc pc=0x427bf7\n"       \
	"runtime.goexit({})\n"                                                 \
	"\t/go/src/runtime/asm.s:1 +0x1 fp=0xe0 sp=0xd8 pc=0x489441\n"         \
	"created by runtime.gcenable in goroutine 1\n"                         \
	"\t/go/src/runtime/mgc.go:214 +0x66\n"
#define THREAD_0                                                               \
	"goroutine 0 gp=0x67b7c0 m=0 mp=0x67c7c0 [idle]:\n"                    \
	"runtime.futex(0x67c918, 0x80)\n"                                      \
	"\t/go/src/runtime/sys.s:569 +0x21 fp=0x3 sp=0x2 pc=0x48af81\n"
#define REGISTERS "rax    0xca\nrip    0x48af81\ncs     0x33\n"

/* ---- one goroutine */

static void a_goroutine_has_all_that_its_text_says(void **state iq_unused)
{
	struct dump d = dump_of("\n" RUNNING_1 "\n" WAITING_7);
	const struct iq_goroutine_fact *g = goroutine(&d, 7);

	assert_int_equal(d.facts->goroutines.len, 2);
	assert_true(g->has_id);
	assert_int_equal(g->count, 1);
	assert_int_equal(g->status, IQ_GSTATUS_WAITING);
	assert_str(g->wait_reason, "chan receive");
	assert_true(g->locked);
	assert_int_equal(g->place, strlen("\n" RUNNING_1 "\n"));
	assert_frame(g, 0, "main.inner", 26);
	assert_true(g->stack->frames[0]->inlined);
	assert_frame(g, 1, "main.outer", 29);
	assert_str(g->stack->frames[1]->args, "0xc000012345?");
	assert_int_equal(g->stack->frames[1]->offset, 0x25);
	assert_false(g->stack->frames[1]->has_pc);
	assert_true(g->stack->complete);
	assert_str(g->created_by->function, "main.main");
	assert_int_equal(g->created_by->line, 44);
	assert_true(g->has_parent);
	assert_int_equal(g->parent, 1);
	assert_null(g->labels);
	assert_null(g->entry);
	assert_true(g->has_system);
	assert_false(g->system);
	assert_int_equal(d.facts->gaps.len, 0);
	assert_true(d.facts->witness.complete);
	assert_str(d.facts->witness.format, "go-dump");
	assert_true(goroutine(&d, 1)->stack->complete);
	dump_close(&d);
}

static void minutes_prove_less_than_they_say(void **state iq_unused)
{
	struct dump d = dump_of(
		RUNNING_1 "\n" WAITING_7 "\n"
			  "goroutine 8 [select, 3 minutes]:\n"
			  "main.f()\n\t/src/main.go:1 +0x1\n"
			  "created by main.main\n\t/src/main.go:2 +0x2\n");
	const struct iq_goroutine_fact *g = goroutine(&d, 7);

	assert_int_equal(g->minutes, 5);
	assert_true(g->has_wait_min);
	assert_true(g->wait_min_ns == INT64_C(120000000000));
	assert_false(g->has_wait_max);
	assert_int_equal(goroutine(&d, 8)->minutes, 3);
	assert_false(goroutine(&d, 8)->has_wait_min);
	dump_close(&d);
}

static void reasons_without_hope_are_waits(void **state iq_unused)
{
	struct dump d = dump_of("goroutine 2 [chan send (nil chan)]:\n"
				"main.f()\n\t/src/main.go:1 +0x1\n\n"
				"goroutine 3 [select (no cases) (leaked)]:\n"
				"main.f()\n\t/src/main.go:1 +0x1\n\n"
				"goroutine 4 [chan send]:\n"
				"main.f()\n\t/src/main.go:1 +0x1\n\n");
	const struct iq_goroutine_fact *g = goroutine(&d, 2);

	assert_int_equal(g->num_waits, 1);
	assert_int_equal(g->waits->kind, IQ_WAIT_NIL_CHAN);
	assert_int_equal(g->waits->op, IQ_OP_SEND);
	assert_false(g->waits->has_address);
	g = goroutine(&d, 3);
	assert_int_equal(g->waits->kind, IQ_WAIT_SELECT);
	assert_int_equal(g->status, IQ_GSTATUS_LEAKED);
	assert_true(g->leaked);
	assert_int_equal(goroutine(&d, 4)->num_waits, 0);
	dump_close(&d);
}

static void crash_texts_have_pcs_and_entries(void **state iq_unused)
{
	struct dump d =
		dump_of("panic: boom\n[signal SIGSEGV: segmentation "
			"violation code=0x1 addr=0x8 pc=0x401008]\n\n" CRASHED_5
			"\n" SYSTEM_3 "exit status 2\n");
	const struct iq_goroutine_fact *g = goroutine(&d, 5);
	const struct iq_frame *const *frames = g->stack->frames;

	assert_int_equal(g->stack->num_frames, 6);
	assert_true(g->has_g);
	assert_true(g->g_addr == 0xc000102a1e0);
	assert_int_equal(g->m, 2);
	// What was inlined stands at the pc of what holds it.
	assert_true(frames[2]->inlined && frames[2]->has_pc);
	assert_int_equal(frames[2]->pc, 0x401008);
	assert_int_equal(frames[3]->entry, 0x401000);
	assert_true(frames[2]->pc_exact && frames[3]->pc_exact);
	assert_false(frames[4]->pc_exact);
	assert_true(frames[4]->wrapper);
	assert_str(g->entry->function, "main.main.gowrap1");
	assert_int_equal(g->entry->entry, 0x402000);
	assert_int_equal(g->entry->line, 0);
	assert_false(g->system);
	assert_true(goroutine(&d, 3)->system);
	assert_true(d.facts->witness.tells & IQ_TELLS_SYSTEM);
	dump_close(&d);
}

static void stacks_may_be_unavailable(void **state iq_unused)
{
	struct dump d =
		dump_of(RUNNING_1 "\ngoroutine 4 [running]:\n"
				  "\tgoroutine running on other thread; stack "
				  "unavailable\n"
				  "created by main.main in goroutine 1\n"
				  "\t/src/main.go:74 +0x365\n");
	const struct iq_goroutine_fact *g = goroutine(&d, 4);

	assert_null(g->stack);
	assert_str(g->created_by->function, "main.main");
	assert_int_equal(d.facts->gaps.len, 0);
	dump_close(&d);
}

static void elisions_are_counted(void **state iq_unused)
{
	struct dump d = dump_of(
		"goroutine 9 [sleep]:\nmain.f()\n\t/src/main.go:1 +0x1\n"
		"...51 frames elided...\n"
		"main.g()\n\t/src/main.go:2 +0x1\n"
		"created by main.main in goroutine 1\n\t/src/main.go:3 +0x1\n\n"
		"goroutine 8 [sleep]:\nmain.f()\n\t/src/main.go:1 +0x1\n"
		"...additional frames elided...\n"
		"created by main.main\n\t/src/main.go:3 +0x1\n");
	const struct iq_stack *s = goroutine(&d, 9)->stack;

	assert_true(s->elided);
	assert_int_equal(s->elided_at, 0);
	assert_int_equal(s->num_elided, 51);
	assert_true(s->complete);
	s = goroutine(&d, 8)->stack;
	assert_true(s->elided);
	assert_int_equal(s->num_elided, 0);
	assert_false(s->complete);
	assert_int_equal(d.facts->gaps.len, 0);
	dump_close(&d);
}

static struct dump dump_of_depth(unsigned num_frames, const char *creator)
{
	char text[8192] = "goroutine 9 [sleep]:\n";

	for (unsigned i = 0; i < num_frames; i++)
		strcat(text, "main.f(0x1)\n\t/src/main.go:1 +0x1\n");
	strcat(text, creator);
	return dump_of(text);
}

static void old_releases_stop_without_a_word(void **state iq_unused)
{
	static const char before[] = "created by main.main\n\t/m.go:3 +0x1\n";
	static const char since[] =
		"created by main.main in goroutine 1\n\t/m.go:3 +0x1\n";
	struct dump d = dump_of_depth(97, before);

	assert_false(goroutine(&d, 9)->stack->complete);
	dump_close(&d);
	d = dump_of_depth(97, since);
	assert_true(goroutine(&d, 9)->stack->complete);
	dump_close(&d);
	d = dump_of_depth(50, before);
	assert_true(goroutine(&d, 9)->stack->complete);
	dump_close(&d);
}

static void ancestors_are_no_frames(void **state iq_unused)
{
	struct dump d = dump_of(
		"goroutine 25 [chan receive]:\n"
		"main.bar(0x1)\n\t/src/main.go:57 +0x11c\n"
		"created by main.d1\n\t/src/main.go:69 +0x34\n"
		"[originating from goroutine 24]:\n"
		"main.d1(...)\n\t/src/main.go:70 +0x34\n"
		"created by main.main\n\t/src/main.go:1 +0x34\n"
		"[originating from goroutine 1]:\n"
		"main.main(...)\n\t/src/main.go:70 +0x34\n\n" RUNNING_1);
	const struct iq_goroutine_fact *g = goroutine(&d, 25);

	assert_int_equal(g->stack->num_frames, 1);
	assert_int_equal(g->created_by->line, 69);
	assert_int_equal(g->parent, 24);
	assert_int_equal(d.facts->gaps.len, 0);
	dump_close(&d);
}

static void c_frames_are_foreign(void **state iq_unused)
{
	struct dump d = dump_of("goroutine 1 [syscall]:\n"
				"non-Go function at pc=0x7f01\n"
				"c_inner\n\t/src/x.c:12 pc=0x7f02\n"
				"non-Go function\n\tpc=0x7f03\n"
				"runtime.cgocall(0x1, 0x2)\n"
				"\t/go/src/runtime/cgocall.go:1 +0x4b\n"
				"main._Cfunc_f()\n\t_cgo_gotypes.go:42 +0x45\n"
				"main.main()\n\t/src/main.go:7 +0x1\n");
	const struct iq_goroutine_fact *g = goroutine(&d, 1);
	const struct iq_frame *const *frames = g->stack->frames;

	assert_int_equal(g->stack->num_frames, 6);
	for (int i = 0; i < 3; i++)
		assert_true(frames[i]->foreign && frames[i]->has_pc);
	assert_int_equal(frames[0]->pc, 0x7f01);
	assert_str(frames[1]->function, "c_inner");
	assert_str(frames[1]->file, "/src/x.c");
	assert_str(frames[2]->function, "");
	assert_int_equal(frames[2]->pc, 0x7f03);
	assert_false(frames[3]->foreign);
	assert_int_equal(d.facts->gaps.len, 0);
	assert_int_equal(d.facts->witness.num_skipped_lines, 0);
	dump_close(&d);
}

static void labels_of_some_tell_that_others_have_none(void **state iq_unused)
{
	struct dump d = dump_of(
		RUNNING_1 "\n"
			  "goroutine 5 [sleep labels:{\"b\": \"2\", \"a\": "
			  "\"1\"}]:\nmain.f()\n\t/src/main.go:1 +0x1\n");
	const struct iq_labels *labels = goroutine(&d, 5)->labels;

	assert_int_equal(labels->num, 2);
	assert_str(labels->items[0].key, "a");
	assert_str(labels->items[1].value, "2");
	assert_int_equal(goroutine(&d, 1)->labels->num, 0);
	assert_true(d.facts->witness.tells & IQ_TELLS_LABELS);
	dump_close(&d);
}

/* ---- how it ended */

struct end_case {
	const char *text;
	enum iq_end_kind kind;
	const char *end_text;
	const char *signal;
	uint64_t goroutine; /* 0: none */
};

static void ends_assert(const struct end_case *cases, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		struct dump d = dump_of(cases[i].text);
		const struct iq_process_fact *p = &d.facts->process;

		assert_int_equal(p->end, cases[i].kind);
		assert_str(p->end_text, cases[i].end_text);
		assert_str(p->signal, cases[i].signal);
		assert_int_equal(p->has_end_goroutine ? p->end_goroutine : 0,
				 cases[i].goroutine);
		assert_int_equal(!!(d.facts->witness.tells & IQ_TELLS_END),
				 cases[i].kind != IQ_END_UNKNOWN);
		assert_int_equal(d.facts->witness.num_sections, 1);
		dump_close(&d);
	}
}

static void panics_end_with_the_newest(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ "panic: boom\n\n" RUNNING_1, IQ_END_PANIC, "boom", "", 1 },
		{ "panic: runtime error: x\n[signal SIGSEGV: segmentation "
		  "violation code=0x1 addr=0x8 pc=0x5]\n\n" RUNNING_1,
		  IQ_END_PANIC, "runtime error: x", "SIGSEGV", 1 },
		{ "panic: first\n\tpanic: second\n\tpanic: third\n\n" RUNNING_1,
		  IQ_END_PANIC, "third", "", 1 },
		{ "panic: first [recovered]\n\tpanic: again\n\n" RUNNING_1,
		  IQ_END_PANIC, "again", "", 1 },
		{ "panic: first [recovered, repanicked]\n\n" RUNNING_1,
		  IQ_END_PANIC, "first", "", 1 },
		{ "panic: main.E{0x1}\nmore words\n\n" RUNNING_1, IQ_END_PANIC,
		  "main.E{0x1}", "", 1 },
		{ "panic: (main.T) 0x5690a0\n\n" WAITING_7, IQ_END_PANIC,
		  "(main.T) 0x5690a0", "", 0 },
		// A logger that drops blank lines.
		{ "panic: boom\n" RUNNING_1 WAITING_7, IQ_END_PANIC, "boom", "",
		  1 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void a_panics_lines_are_all_kept(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ "panic: line one\n\tline two\n\t\n\t\tline four\n\n" RUNNING_1,
		  IQ_END_PANIC, "line one\nline two\n\n\tline four", "", 1 },
		// Up to 1.22.
		{ "panic: line one\nline two\n\tline three\n\n" RUNNING_1,
		  IQ_END_PANIC, "line one", "", 1 },
		{ "panic: one\n\ttwo [recovered]\n\tpanic: three\n\tfour\n"
		  "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 "
		  "pc=0x5]\n\n" RUNNING_1,
		  IQ_END_PANIC, "three\nfour", "SIGSEGV", 1 },
		{ "panic: one\n\ttwo [recovered, repanicked]\n\n" RUNNING_1,
		  IQ_END_PANIC, "one\ntwo", "", 1 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void tests_that_ran_too_long_are_named(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ "panic: test timed out after 1s\n\trunning tests:\n"
		  "\t\tTestX (1s)\n\t\tTestX/a_(b) (0s)\n\n" RUNNING_1,
		  IQ_END_PANIC,
		  "test timed out after 1s; running tests: TestX, TestX/a_(b)",
		  "", 1 },
		// Up to 1.22, and up to 1.19.
		{ "panic: test timed out after 1s\nrunning tests:\n"
		  "\tTestX (1s)\n\n" RUNNING_1,
		  IQ_END_PANIC, "test timed out after 1s; running tests: TestX",
		  "", 1 },
		{ "panic: test timed out after 1s\n\n" RUNNING_1, IQ_END_PANIC,
		  "test timed out after 1s", "", 1 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void a_panics_long_value_is_cut(void **state iq_unused)
{
	char *log = NULL;

	assert_true(asprintf(&log, "panic: x\n\t%05000d\n\t%05000d\n\n%s", 0, 0,
			     RUNNING_1) > 0);
	struct dump d = dump_of(log);

	assert_true(d.facts->process.end_text.len <= 4096);
	assert_true(d.facts->process.end_text.len > 4090);
	dump_close(&d);
	free(log);
}

static void fatal_errors_end(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ "fatal error: all goroutines are asleep - deadlock!\n\n"
		  "goroutine 1 [select (no cases)]:\nmain.main()\n"
		  "\t/src/main.go:1 +0x1\n",
		  IQ_END_FATAL, "all goroutines are asleep - deadlock!", "",
		  0 },
		{ "fatal error: concurrent map writes\n\n" RUNNING_1,
		  IQ_END_FATAL, "concurrent map writes", "", 1 },
		{ "runtime: goroutine stack exceeds 1048576-byte limit\n"
		  "runtime: sp=0xc0 stack=[0xc0, 0xd0]\n"
		  "fatal error: stack overflow\n\nruntime stack:\n"
		  "runtime.throw({0x5, 0x2})\n"
		  "\t/go/src/runtime/panic.go:1229 +0x48 fp=0x8 sp=0x6 pc=0x4\n"
		  "\n" CRASHED_5,
		  IQ_END_FATAL, "stack overflow", "", 5 },
		{ "unexpected fault address 0xdead\nfatal error: fault\n"
		  "[signal SIGSEGV: segmentation violation code=0x1 "
		  "addr=0xdead pc=0x5]\n\n" RUNNING_1,
		  IQ_END_FATAL, "fault", "SIGSEGV", 1 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void signals_end_or_ask(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ "SIGQUIT: quit\nPC=0x48af81 m=0 sigcode=0\n\n" THREAD_0
		  "\n" CRASHED_5 "\n" REGISTERS,
		  IQ_END_OPERATOR, "SIGQUIT: quit", "SIGQUIT", 0 },
		{ "SIGQUIT: quit\nPC=0x48af81 m=0 sigcode=128\n\n" CRASHED_5,
		  IQ_END_OPERATOR, "SIGQUIT: quit", "SIGQUIT", 0 },
		{ "SIGABRT: abort\nPC=0x48af81 m=0 sigcode=0\n\n" CRASHED_5,
		  IQ_END_OPERATOR, "SIGABRT: abort", "SIGABRT", 0 },
		// abort() of C sends it to its own thread: SI_TKILL.
		{ "SIGABRT: abort\nPC=0x48af81 m=0 "
		  "sigcode=18446744073709551610\n"
		  "signal arrived during cgo execution\n\n" CRASHED_5,
		  IQ_END_SIGNAL, "SIGABRT: abort", "SIGABRT", 5 },
		{ "SIGSEGV: segmentation violation\n"
		  "PC=0x48af81 m=0 sigcode=1 addr=0x7911\n\n" CRASHED_5,
		  IQ_END_SIGNAL, "SIGSEGV: segmentation violation", "SIGSEGV",
		  5 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void who_asks_is_alive(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ RUNNING_1, IQ_END_UNKNOWN, "", "", 0 },
		{ "goroutine 1 [running]:\n"
		  "runtime/pprof.writeGoroutineStacks({0x1, 0x2})\n"
		  "\t/go/src/runtime/pprof/pprof.go:1 +0x6a\n"
		  "main.main()\n\t/src/main.go:1 +0x1\n",
		  IQ_END_NONE, "", "", 0 },
		{ "panic: what a handler prints of what it recovered\n"
		  "goroutine 1 [running]:\nruntime/debug.Stack()\n"
		  "\t/go/src/runtime/debug/stack.go:1 +0x6a\n"
		  "main.main()\n\t/src/main.go:1 +0x1\n",
		  IQ_END_NONE, "", "", 0 },
		{ "SIGTERM: bye\n" RUNNING_1, IQ_END_UNKNOWN, "", "", 0 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void a_fault_has_its_address(void **state iq_unused)
{
	struct dump d =
		dump_of("panic: x\n[signal SIGSEGV: segmentation "
			"violation code=0x1 addr=0x18 pc=0x5]\n\n" RUNNING_1);

	assert_true(d.facts->process.has_fault_addr);
	assert_int_equal(d.facts->process.fault_addr, 0x18);
	dump_close(&d);
}

/* Go up to 1.22 does not indent a panic's lines. */
static void a_panics_value_is_no_dump(void **state iq_unused)
{
	struct dump d = dump_of("panic: first line\nsecond line\n"
				"goroutine 99 [running]:\nmain.fake()\n"
				"\t/x.go:1 +0x1\n\n" RUNNING_1 "\n" WAITING_7);

	assert_int_equal(d.facts->goroutines.len, 2);
	assert_int_equal(d.facts->goroutines.data[0].id, 1);
	assert_int_equal(d.facts->process.end, IQ_END_PANIC);
	assert_str(d.facts->process.end_text, "first line");
	assert_int_equal(d.facts->witness.num_sections, 1);
	assert_int_equal(d.facts->stacks.len, 2);
	dump_close(&d);
	d = dump_of("panic: first line\n\tgoroutine 99 [running]:\n"
		    "\tmain.fake()\n\t\t/x.go:1 +0x1\n\n" RUNNING_1);
	assert_int_equal(d.facts->goroutines.len, 1);
	assert_int_equal(d.facts->goroutines.data[0].id, 1);
	dump_close(&d);
}

/* ---- threads and sections */

static void threads_show_what_the_list_could_not(void **state iq_unused)
{
	struct dump d = dump_of(
		"SIGQUIT: quit\nPC=0x48af81 m=0 sigcode=0\n\n" THREAD_0
		"\n" SYSTEM_3 "\ngoroutine 5 gp=0xc1 m=2 mp=0xc2 [running]:\n"
		"\tgoroutine running on other thread; stack unavailable\n"
		"created by main.main in goroutine 1\n\t/src/main.go:6 +0x10\n"
		"\n" REGISTERS "\n-----\n\nSIGQUIT: quit\n"
		"PC=0x48af83 m=1 sigcode=0\n\n" THREAD_0 REGISTERS
		"\n-----\n\nlog: a line\nSIGQUIT: quit\n"
		"PC=0x48af83 m=2 sigcode=0\n\n" CRASHED_5 REGISTERS
		"\n-----\n\nSIGQUIT: quit\nPC=0x48af83 m=3 sigcode=0\n\n" SYSTEM_3
			REGISTERS);
	const struct iq_goroutine_fact *g = goroutine(&d, 5);

	assert_int_equal(d.facts->goroutines.len, 2);
	assert_int_equal(d.facts->witness.num_sections, 1);
	assert_int_equal(d.facts->process.end, IQ_END_OPERATOR);
	assert_non_null(g->stack);
	assert_int_equal(g->stack->num_frames, 6);
	assert_str(g->entry->function, "main.main.gowrap1");
	assert_true(g->g_addr == 0xc1);
	assert_int_equal(d.facts->gaps.len, 0);
	dump_close(&d);
}

static void the_last_of_several_dumps_counts(void **state iq_unused)
{
	struct dump d = dump_of(
		"panic: boom\n\n" RUNNING_1
		"main.bad(0x1)\nexit status 2\nstarted again\n" RUNNING_1
		"\n" WAITING_7 "\n"
		"goroutine 8 [running]:\nmain.main()\n");

	// Nothing tells the second from a selection but its id.
	assert_int_equal(d.facts->witness.num_sections, 2);
	assert_int_equal(d.facts->witness.section, 1);
	assert_int_equal(d.facts->goroutines.len, 3);
	assert_int_equal(d.facts->process.end, IQ_END_UNKNOWN);
	// The gap of the first one is not the second one's.
	assert_int_equal(d.facts->gaps.len, 1);
	dump_close(&d);
	d = dump_of(RUNNING_1
		    "\n" WAITING_7 "\nfatal error: fault\n\n"
		    "goroutine 3 [running]:\nmain.f()\n\t/m.go:1 +0x1\n"
		    "created by main.main in goroutine 1\n\t/m.go:1 +0x1\n");
	assert_int_equal(d.facts->witness.num_sections, 2);
	assert_int_equal(d.facts->goroutines.len, 1);
	assert_int_equal(d.facts->process.end, IQ_END_FATAL);
	assert_int_equal(d.facts->process.end_goroutine, 3);
	assert_int_equal(d.facts->stacks.len, 1);
	dump_close(&d);
}

static void two_that_run_are_two_dumps(void **state iq_unused)
{
	struct dump d = dump_of(
		"http: panic serving 127.0.0.1:1: boom\n"
		"goroutine 20 [running]:\nmain.f()\n\t/m.go:1 +0x1\n"
		"created by main.main in goroutine 1\n\t/m.go:1 +0x1\n"
		"http: panic serving 127.0.0.1:2: boom\n"
		"goroutine 35 [running]:\nmain.f()\n\t/m.go:1 +0x1\n"
		"created by main.main in goroutine 1\n\t/m.go:1 +0x1\n");

	assert_int_equal(d.facts->witness.num_sections, 2);
	assert_int_equal(d.facts->goroutines.len, 1);
	assert_int_equal(d.facts->goroutines.data[0].id, 35);
	dump_close(&d);
}

/* ---- damage */

static void what_is_cut_off_is_said(void **state iq_unused)
{
	static const char *const texts[] = {
		RUNNING_1 "\ngoroutine 9 [sleep]:\n",
		RUNNING_1 "\ngoroutine 9 [sleep]:\nmain.f(0x1)\n",
		RUNNING_1 "\ngoroutine 9 [sleep]:\nmain.f(0x1)\n\t/m.go:1 +0x1",
		RUNNING_1
		"\ngoroutine 9 [sleep]:\nmain.f(0x1)\n\t/m.go:1 +0x1\n"
		"created by main.main in goroutine 1\n",
		RUNNING_1
		"\ngoroutine 9 [sleep]:\nmain.f(0x1)\n\t/m.go:1 +0x1\n"
		"main.g(0x",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(texts); i++) {
		struct dump d = dump_of(texts[i]);
		const struct iq_goroutine_fact *g = goroutine(&d, 9);

		assert_int_equal(d.facts->goroutines.len, 2);
		assert_gap(&d, IQ_GAP_TRUNCATED,
			   "the dump ends inside a goroutine");
		assert_true(!g->stack || !g->stack->complete);
		dump_close(&d);
	}
}

static void lost_lines_are_said(void **state iq_unused)
{
	struct dump d =
		dump_of(RUNNING_1
			"\ngoroutine 2 [sleep]:\nmain.f()\nmain.g()\n"
			"\t/m.go:1 +0x1\n"
			"created by main.main in goroutine 1\n\t/m.go:1 +0x1\n"
			"\ngoroutine 3 [sleep]:\n\t/m.go:7 +0x1\nmain.h()\n"
			"\t/m.go:2 +0x1\n"
			"created by main.main in goroutine 1\n\t/m.go:1 +0x1\n"
			"\n");

	assert_gap(&d, IQ_GAP_DAMAGED, "a call without file and line");
	assert_gap(&d, IQ_GAP_DAMAGED, "a file and line without a call");
	assert_frame(goroutine(&d, 2), 0, "main.f", 0);
	assert_frame(goroutine(&d, 2), 1, "main.g", 1);
	assert_false(goroutine(&d, 2)->stack->complete);
	assert_frame(goroutine(&d, 3), 0, "main.h", 2);
	dump_close(&d);
}

static void texts_without_newline_stand_before(void **state iq_unused)
{
	static const struct end_case cases[] = {
		{ "working...panic: boom\n\n" RUNNING_1, IQ_END_PANIC, "boom",
		  "", 1 },
		{ "waiting\n^\\SIGQUIT: quit\nPC=0x7fff m=0 sigcode=0\n\n" CRASHED_5,
		  IQ_END_OPERATOR, "SIGQUIT: quit", "SIGQUIT", 0 },
		{ "I said panic: never\n\n" RUNNING_1, IQ_END_UNKNOWN, "", "",
		  0 },
		{ "dumping all stacks" RUNNING_1, IQ_END_UNKNOWN, "", "", 0 },
	};

	ends_assert(cases, IQ_ARRAY_SIZE(cases));
}

static void noise_is_skipped_and_counted(void **state iq_unused)
{
	struct dump d = dump_of(
		"level=info msg=started\n"
		"goroutine 1 [running]:\nmain.main()\n"
		"[12/01/14 20:19:04] [INFO] between\n"
		"\t/src/main.go:9 +0x1d\nretry(3)\nlevel=info x\n\n"
		"2026/01/02 another line\n" WAITING_7 "exit status 2\nFAIL\n");

	assert_int_equal(d.facts->goroutines.len, 2);
	assert_frame(goroutine(&d, 1), 0, "main.main", 9);
	assert_int_equal(goroutine(&d, 1)->stack->num_frames, 1);
	assert_int_equal(d.facts->witness.num_skipped_lines, 3);
	assert_int_equal(d.facts->gaps.len, 0);
	dump_close(&d);
}

/* @num lines of a service, then @text; the caller frees it. */
static char *logged(size_t num, const char *lead, const char *text)
{
	char *log = NULL;
	size_t size;
	FILE *out = open_memstream(&log, &size);

	assert_non_null(out);
	for (size_t i = 0; i < num; i++)
		fprintf(out, "%sserved goroutine %zu of many callers\n", lead,
			i);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	return log;
}

static void a_dump_is_found_behind_a_long_log(void **state iq_unused)
{
	enum { LINES = 100000 };
	char *log = logged(LINES, "",
			   "SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\n" RUNNING_1
			   "\n" WAITING_7);

	assert_true(strlen(log) > (3u << 20));
	struct dump d = dump_of(log);

	assert_int_equal(d.facts->goroutines.len, 2);
	assert_int_equal(d.facts->process.end, IQ_END_OPERATOR);
	assert_int_equal(d.facts->witness.num_skipped_lines, 0);
	assert_true(d.facts->witness.complete);
	dump_close(&d);
	free(log);
	// Its prefix is learned as if it stood at the beginning.
	log = logged(LINES, "12:00:00 web-1 | ",
		     "12:00:01 web-1 | goroutine 1 [running]:\n"
		     "12:00:01 web-1 | main.main()\n"
		     "12:00:01 web-1 | \t/src/main.go:9 +0x1d\n");
	d = dump_of(log);
	assert_frame(goroutine(&d, 1), 0, "main.main", 9);
	dump_close(&d);
	free(log);
}

static void binary_files_are_not_searched(void **state iq_unused)
{
	char *bytes = logged(8000, "\1\2\3\4", RUNNING_1);
	struct iq_source *source;

	assert_null(iq_source_open_buffer("x", bytes, strlen(bytes), NULL,
					  &source));
	assert_int_equal(iq_reader_go_dump.bid(source), 0);
	iq_source_destroy(source);
	free(bytes);
}

static void no_goroutine_is_an_error(void **state iq_unused)
{
	struct iq_source *source;
	struct iq_error *err;
	struct dump d;

	assert_null(iq_source_open_buffer("dump", THREAD_0, strlen(THREAD_0),
					  NULL, &source));
	err = dump_try(source, &d);
	assert_non_null(err);
	assert_true(err->has_offset);
	iq_error_destroy(err);
	dump_close(&d);
}

static void others_are_left_to_others(void **state iq_unused)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "goroutine profile: total 10\n1 @ 0x1\n", 36 },
		{ "created by main.main in goroutine 1\n", 36 },
		{ "\x7f"
		  "ELF\2\1\1\0\0\0\0\0\0\0\0\0\ngoroutine 1 [running]:\n",
		  39 },
		{ "text", 4 },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		struct iq_source *source;

		assert_null(iq_source_open_buffer("x", rows[i].bytes,
						  rows[i].len, NULL, &source));
		assert_int_equal(iq_reader_go_dump.bid(source), 0);
		iq_source_destroy(source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_goroutine_has_all_that_its_text_says),
		cmocka_unit_test(minutes_prove_less_than_they_say),
		cmocka_unit_test(reasons_without_hope_are_waits),
		cmocka_unit_test(crash_texts_have_pcs_and_entries),
		cmocka_unit_test(stacks_may_be_unavailable),
		cmocka_unit_test(elisions_are_counted),
		cmocka_unit_test(old_releases_stop_without_a_word),
		cmocka_unit_test(ancestors_are_no_frames),
		cmocka_unit_test(c_frames_are_foreign),
		cmocka_unit_test(labels_of_some_tell_that_others_have_none),
		cmocka_unit_test(panics_end_with_the_newest),
		cmocka_unit_test(a_panics_lines_are_all_kept),
		cmocka_unit_test(tests_that_ran_too_long_are_named),
		cmocka_unit_test(a_panics_long_value_is_cut),
		cmocka_unit_test(fatal_errors_end),
		cmocka_unit_test(signals_end_or_ask),
		cmocka_unit_test(who_asks_is_alive),
		cmocka_unit_test(a_fault_has_its_address),
		cmocka_unit_test(a_panics_value_is_no_dump),
		cmocka_unit_test(threads_show_what_the_list_could_not),
		cmocka_unit_test(the_last_of_several_dumps_counts),
		cmocka_unit_test(two_that_run_are_two_dumps),
		cmocka_unit_test(what_is_cut_off_is_said),
		cmocka_unit_test(lost_lines_are_said),
		cmocka_unit_test(texts_without_newline_stand_before),
		cmocka_unit_test(noise_is_skipped_and_counted),
		cmocka_unit_test(a_dump_is_found_behind_a_long_log),
		cmocka_unit_test(binary_files_are_not_searched),
		cmocka_unit_test(no_goroutine_is_an_error),
		cmocka_unit_test(others_are_left_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
