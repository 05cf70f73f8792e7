/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"

#define S(lit) IQ_STR(lit)

static void assert_str(struct iq_str s, const char *expected)
{
	if (!iq_str_equal(s, iq_str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", IQ_STR_ARG(s), expected);
}

static struct iq_go_header header_of(const char *line)
{
	struct iq_go_header h;

	if (!iq_go_header_parse(iq_str_of(line), &h))
		fail_msg("no header: %s", line);
	assert_int_equal(h.len, strlen(line));
	return h;
}

static void headers_tell_states_from_reasons(void **state iq_unused)
{
	struct iq_go_header h = header_of("goroutine 1 [running]:");

	assert_int_equal(h.id, 1);
	assert_int_equal(h.status, IQ_GSTATUS_RUNNING);
	assert_str(h.wait_reason, "");
	assert_false(h.has_g);
	h = header_of("goroutine 18446744073709551615 [chan receive]:");
	assert_true(h.id == UINT64_MAX);
	assert_int_equal(h.status, IQ_GSTATUS_WAITING);
	assert_str(h.wait_reason, "chan receive");
	assert_str(header_of("goroutine 5 [select (no cases)]:").wait_reason,
		   "select (no cases)");
	assert_int_equal(header_of("goroutine 5 [syscall]:").status,
			 IQ_GSTATUS_SYSCALL);
	assert_int_equal(header_of("goroutine 5 [preempted]:").status,
			 IQ_GSTATUS_PREEMPTED);
	assert_int_equal(header_of("goroutine 5 [???]:").status,
			 IQ_GSTATUS_UNKNOWN);
	h = header_of("goroutine 5 [waiting]:");
	assert_int_equal(h.status, IQ_GSTATUS_WAITING);
	assert_str(h.wait_reason, "");
	h = header_of("goroutine 5 [waiting for cgo callback]:");
	assert_int_equal(h.status, IQ_GSTATUS_DEADEXTRA);
}

static void headers_have_items(void **state iq_unused)
{
	struct iq_go_header h = header_of(
		"goroutine 7 [select, 12 minutes, locked to thread]:");

	assert_str(h.wait_reason, "select");
	assert_int_equal(h.minutes, 12);
	assert_true(h.locked);
	h = header_of("goroutine 7 [chan send, synctest bubble 3]:");
	assert_str(h.wait_reason, "chan send");
	assert_int_equal(h.minutes, 0);
	assert_false(h.locked);
	h = header_of("goroutine 7 [sleep, 99999999999999999999 minutes]:");
	assert_int_equal(h.minutes, 0);
}

static void headers_have_marks(void **state iq_unused)
{
	struct iq_go_header h =
		header_of("goroutine 7 [chan send (leaked) (scan)]:");

	assert_str(h.wait_reason, "chan send");
	assert_int_equal(h.status, IQ_GSTATUS_LEAKED);
	assert_true(h.leaked);
	h = header_of("goroutine 7 [chan receive (nil chan) (leaked)]:");
	assert_str(h.wait_reason, "chan receive (nil chan)");
	h = header_of("goroutine 7 [running (scan)]:");
	assert_int_equal(h.status, IQ_GSTATUS_RUNNING);
	// Four reasons have the mark as their own text.
	h = header_of("goroutine 7 [chan receive (durable)]:");
	assert_str(h.wait_reason, "chan receive (durable)");
	h = header_of("goroutine 7 [sleep (durable), synctest bubble 1]:");
	assert_str(h.wait_reason, "sleep");
	h = header_of("goroutine 7 [chan receive (synctest)]:");
	assert_str(h.wait_reason, "chan receive (synctest)");
}

static void headers_of_crashes_have_pointers(void **state iq_unused)
{
	struct iq_go_header h = header_of(
		"goroutine 36 gp=0xc0000d88c0 m=7 mp=0xc000049808 [syscall]:");

	assert_true(h.has_g);
	assert_true(h.g_addr == 0xc0000d88c0);
	assert_true(h.has_m);
	assert_int_equal(h.m, 7);
	assert_int_equal(h.status, IQ_GSTATUS_SYSCALL);
	h = header_of("goroutine 3 gp=0x7337da6cd20 m=nil [GC sweep wait]:");
	assert_true(h.has_g);
	assert_false(h.has_m);
	assert_str(h.wait_reason, "GC sweep wait");
}

static void labels_assert(const char *line, const char *expected)
{
	struct iq_go_header h = header_of(line);
	struct iq_go_label_text buf = { 0 };
	struct iq_str text = h.labels;
	struct iq_label label;
	char out[256] = "";
	bool failed = false;

	assert_true(h.has_labels);
	while (iq_go_label_next(&text, &buf, &label, &failed))
		snprintf(out + strlen(out), sizeof(out) - strlen(out),
			 "<%.*s=%.*s>", IQ_STR_ARG(label.key),
			 IQ_STR_ARG(label.value));
	assert_false(failed);
	assert_string_equal(out, expected);
	iq_text_buf_deinit(&buf.key);
	iq_text_buf_deinit(&buf.value);
}

static void labels_of_two_releases_are_read(void **state iq_unused)
{
	labels_assert("goroutine 5 [select (no cases) labels:{\"req\": \"42\", "
		      "\"user\": \"ann \\\"q\\\"\"}]:",
		      "<req=42><user=ann \"q\">");
	labels_assert("goroutine 22 [select (no cases)] {req: 42, user: "
		      "\"ann \\\"q\\\"\"}:",
		      "<req=42><user=ann \"q\">");
	labels_assert("goroutine 2 [sleep labels:{\"a]b\": \"}\\n\\x01\\u00e9"
		      "\\U0001f600\"}]:",
		      "<a]b=}\n\x01\xc3\xa9\xf0\x9f\x98\x80>");
	labels_assert("goroutine 2 [sleep, 3 minutes] {k: \"\"}:", "<k=>");
	assert_str(header_of("goroutine 2 [sleep, 3 minutes labels:{\"k\": "
			     "\"v\"}]:")
			   .wait_reason,
		   "sleep");
}

static void other_lines_are_no_headers(void **state iq_unused)
{
	static const char *const lines[] = {
		"",
		"goroutine ",
		"goroutine 1",
		"goroutine 1 [running]",
		"goroutine 1 [running:",
		"goroutine 1 []:",
		"goroutine -1 [running]:",
		"goroutine 18446744073709551616 [running]:",
		"goroutine 1 gp=0xzz [running]:",
		"goroutine 1 [x labels:{\"a\": \"b]:",
		"goroutine profile: total 3",
	};
	struct iq_go_header h;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(lines); i++) {
		if (iq_go_header_parse(iq_str_of(lines[i]), &h))
			fail_msg("a header: %s", lines[i]);
	}
}

static void calls_are_divided_at_the_last_parenthesis(void **state iq_unused)
{
	struct iq_go_call c;

	assert_true(iq_go_call_parse(
		S("main.(*srv).loop(0xc000010018, {0x1, 0x2?}, ...)"), &c));
	assert_str(c.function, "main.(*srv).loop");
	assert_str(c.args, "0xc000010018, {0x1, 0x2?}, ...");
	assert_false(c.inlined);
	assert_true(iq_go_call_parse(S("main.F[...](...)"), &c));
	assert_str(c.function, "main.F[...]");
	assert_true(c.inlined);
	assert_true(iq_go_call_parse(S("main.main()"), &c));
	assert_str(c.args, "");
	assert_true(iq_go_call_parse(S("runtime.goexit({})"), &c));
	assert_true(iq_go_call_parse(S("panic({0x1?, 0x2?})"), &c));
	assert_str(c.function, "panic");
	assert_true(iq_go_call_parse(
		S("a%2eb/c.(*T[go.shape.int]).f·1(_, 0x0)"), &c));
	assert_true(iq_go_call_parse(
		S("go.(*struct { sync.Mutex; main.t [4]int }).Lock(0x1)"), &c));
	assert_str(c.function,
		   "go.(*struct { sync.Mutex; main.t [4]int }).Lock");
	assert_false(iq_go_call_parse(S("main.main)("), &c));
	assert_false(iq_go_call_parse(S("()"), &c));
	assert_false(iq_go_call_parse(S("started (pid=7)"), &c));
	assert_false(iq_go_call_parse(S("done in a call(3)"), &c));
	assert_false(iq_go_call_parse(S("x.y(\"text\")"), &c));
}

static void places_are_read_from_the_end(void **state iq_unused)
{
	struct iq_go_place p;

	assert_true(iq_go_place_parse(S("\t/src/main.go:70 +0x312"), &p));
	assert_str(p.file, "/src/main.go");
	assert_int_equal(p.line, 70);
	assert_true(p.has_offset);
	assert_int_equal(p.offset, 0x312);
	assert_false(p.has_pc);
	assert_true(iq_go_place_parse(S("\tC:/My Files/m.go:7 +0x1 fp=0x30 "
					"sp=0x20 pc=0x10"),
				      &p));
	assert_str(p.file, "C:/My Files/m.go");
	assert_true(p.has_fp);
	assert_int_equal(p.pc, 0x10);
	assert_true(iq_go_place_parse(S("        /src/main.go:5"), &p));
	assert_false(p.has_offset);
	assert_true(iq_go_place_parse(S("\t?:0"), &p));
	assert_str(p.file, "");
	assert_true(iq_go_place_parse(S("\tpc=0x7f00"), &p));
	assert_true(p.has_pc);
	assert_false(p.has_fp);
	assert_true(iq_go_place_parse(S("\t/src/x.c:3 pc=0x7f00"), &p));
	assert_str(p.file, "/src/x.c");
	assert_true(iq_go_place_parse(S("#011/src/main.go:5"), &p));
	assert_str(p.file, "/src/main.go");
	assert_true(iq_go_place_parse(S("/src/main.go:5 +0x1"), &p));
	assert_false(iq_go_place_parse(S("/src/main.go:5"), &p));
	assert_false(iq_go_place_parse(S("\t/src/main.go"), &p));
	assert_false(iq_go_place_parse(S("\t:5"), &p));
	assert_false(iq_go_place_parse(S("\t/src/main.go:99999999999"), &p));
	assert_false(iq_go_place_parse(S("\t"), &p));
}

static void creators_may_name_their_goroutine(void **state iq_unused)
{
	struct iq_go_creator c;

	assert_true(iq_go_creator_parse(
		S("created by main.(*T).run in goroutine 17"), &c));
	assert_str(c.function, "main.(*T).run");
	assert_true(c.has_parent);
	assert_int_equal(c.parent, 17);
	assert_true(iq_go_creator_parse(S("created by testing.RunTests"), &c));
	assert_str(c.function, "testing.RunTests");
	assert_false(c.has_parent);
	assert_false(iq_go_creator_parse(S("created by "), &c));
}

static void marks_between_frames_are_read(void **state iq_unused)
{
	uint64_t v;

	assert_true(iq_go_elided_parse(S("...51 frames elided..."), &v));
	assert_int_equal(v, 51);
	assert_true(
		iq_go_elided_parse(S("...additional frames elided..."), &v));
	assert_int_equal(v, 0);
	assert_false(iq_go_elided_parse(S("...more..."), &v));
	assert_true(iq_go_ancestor_parse(S("[originating from goroutine 24]:"),
					 &v));
	assert_int_equal(v, 24);
	assert_true(iq_go_foreign_parse(S("non-Go function at pc=0x7f1"), &v));
	assert_int_equal(v, 0x7f1);
	assert_true(iq_go_register_parse(S("rax    0xca")));
	assert_true(iq_go_register_parse(S("r15    0xffffffffffffffff")));
	assert_false(iq_go_register_parse(S("main.main()")));
	assert_false(iq_go_register_parse(S("rax")));
}

static void signals_are_read(void **state iq_unused)
{
	struct iq_go_signal_pc pc;
	struct iq_go_signal s;
	struct iq_str name;

	assert_true(iq_go_signal_parse(S("[signal SIGSEGV: segmentation "
					 "violation code=0x1 addr=0x8 pc=0x5]"),
				       &s));
	assert_str(s.name, "SIGSEGV");
	assert_true(s.has_addr);
	assert_int_equal(s.addr, 8);
	assert_true(iq_go_signal_parse(
		S("[signal 0xb code=0x1 addr=0x20 pc=0x4360a8]"), &s));
	assert_str(s.name, "SIGSEGV");
	// SI_KERNEL has no address.
	assert_true(iq_go_signal_parse(
		S("[signal SIGSEGV: segmentation violation code=0x80 addr=0x0 "
		  "pc=0x1]"),
		&s));
	assert_false(s.has_addr);
	assert_true(iq_go_fatal_signal_parse(S("SIGQUIT: quit"), &name));
	assert_str(name, "SIGQUIT");
	assert_true(iq_go_fatal_signal_parse(S("Signal 40"), &name));
	assert_str(name, "Signal 40");
	assert_false(iq_go_fatal_signal_parse(S("SIG: x"), &name));
	assert_true(iq_go_signal_pc_parse(
		S("PC=0x48af81 m=0 sigcode=18446744073709551610"), &pc));
	assert_int_equal(pc.code, -6);
	assert_int_equal(pc.pc, 0x48af81);
	assert_true(iq_go_signal_pc_parse(S("PC=0x0 m=3 sigcode=1 addr=0x18"),
					  &pc));
	assert_true(pc.has_addr);
	assert_int_equal(pc.addr, 0x18);
	// kill(2): the address is the sender's pid.
	assert_true(iq_go_signal_pc_parse(
		S("PC=0x48cea1 m=0 sigcode=0 addr=0x7911"), &pc));
	assert_false(pc.has_addr);
	assert_false(iq_go_signal_pc_parse(S("PC=7"), &pc));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_tell_states_from_reasons),
		cmocka_unit_test(headers_have_items),
		cmocka_unit_test(headers_have_marks),
		cmocka_unit_test(headers_of_crashes_have_pointers),
		cmocka_unit_test(labels_of_two_releases_are_read),
		cmocka_unit_test(other_lines_are_no_headers),
		cmocka_unit_test(calls_are_divided_at_the_last_parenthesis),
		cmocka_unit_test(places_are_read_from_the_end),
		cmocka_unit_test(creators_may_name_their_goroutine),
		cmocka_unit_test(marks_between_frames_are_read),
		cmocka_unit_test(signals_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
