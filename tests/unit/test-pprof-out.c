/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/reader.h"
#include "reports/pprof_out.h"

extern const struct iq_reader iq_reader_pprof;

/* A profile that was written, and what the reader of profiles says of it. */
struct fixture {
	struct iq_out out;
	struct iq_source *source;
	struct iq_facts *facts;
};

static struct iq_pprof_out *begin(struct fixture *x, struct iq_str executable)
{
	const struct iq_value_type types[] = {
		{ IQ_STR("goroutine"), IQ_STR("count") },
		{ IQ_STR("wait"), IQ_STR("nanoseconds") },
	};
	const struct iq_pprof_head head = {
		.types = types,
		.num_types = 2,
		.default_type = types[0].type,
		.period_type = types[0],
		.period = 1,
		.time_ns = 1700000000000000000,
		.executable = executable,
	};
	struct iq_pprof_out *p;

	memset(x, 0, sizeof(*x));
	iq_out_init_memory(&x->out);
	assert_null(iq_pprof_out_create(&x->out, &head, &p));
	return p;
}

static void finish(struct fixture *x, struct iq_pprof_out *p)
{
	const struct iq_source_options options = { 0 };
	const struct iq_read_context context = { .no_file_system = true };

	assert_null(iq_pprof_out_finish(p));
	iq_pprof_out_destroy(p);
	assert_null(iq_source_open_buffer("out", x->out.buf, x->out.len,
					  &options, &x->source));
	assert_null(iq_facts_create(&x->facts));
	assert_null(iq_reader_pprof.read(&context, x->source, x->facts));
	iq_facts_finish(x->facts);
	assert_int_equal(x->facts->gaps.len, 0);
}

static void deinit(struct fixture *x)
{
	iq_facts_destroy(x->facts);
	iq_source_destroy(x->source);
	iq_out_deinit(&x->out);
}

static void add(struct iq_pprof_out *p, const struct iq_frame *const *frames,
		size_t num, int64_t count,
		const struct iq_pprof_out_label *label)
{
	const int64_t values[] = { count, 0 };

	assert_null(
		iq_pprof_out_sample(p, frames, num, values, label, !!label));
}

static const struct iq_stack *stack(const struct fixture *x, uint32_t number)
{
	const struct iq_stack *ret;

	assert_null(iq_profile_stack(x->facts->profile, number, &ret));
	return ret;
}

static void assert_frame(const struct fixture *x, uint32_t number, uint32_t i,
			 struct iq_str function)
{
	const struct iq_stack *s = stack(x, number);

	assert_true(i < s->num_frames);
	assert_int_equal(s->frames[i]->function.len, function.len);
	assert_memory_equal(s->frames[i]->function.ptr, function.ptr,
			    function.len);
}

static void what_is_written_is_read(void **state iq_unused)
{
	const struct iq_frame inner = { .function = IQ_STR("main.in"),
					.file = IQ_STR("/src/in.go"),
					.line = 5,
					.has_pc = true,
					.pc = 0x401005,
					.entry = 0x401000,
					.inlined = true };
	const struct iq_frame outer = { .function = IQ_STR("main.out"),
					.file = IQ_STR("/src/out.go"),
					.line = 10,
					.has_pc = true,
					.pc = 0x401005,
					.entry = 0x401000 };
	const struct iq_frame *frames[] = { &inner, &outer };
	struct iq_pprof_out *p;
	struct fixture x;

	p = begin(&x, IQ_STR("/bin/server"));
	add(p, frames, 2, 7, NULL);
	add(p, NULL, 0, 1, NULL);
	finish(&x, p);
	assert_int_equal(x.facts->profile->num_samples, 2);
	assert_frame(&x, 0, 0, inner.function);
	assert_frame(&x, 0, 1, outer.function);
	assert_int_equal(stack(&x, 0)->frames[0]->line, 5);
	assert_true(stack(&x, 0)->frames[0]->inlined);
	deinit(&x);
}

static void names_become_utf8(void **state iq_unused)
{
	// A byte alone, a sequence that ends early, one that is overlong.
	const struct iq_frame bad = {
		.function = IQ_STR("main.\xff\xe2\x82\xc0\x80x"),
		.file = IQ_STR("\xff"),
		.has_pc = true,
		.pc = 0x401005,
	};
	const struct iq_frame good = {
		.function = IQ_STR("main.gr\xc3\xb6\xc3\x9f\xe4\xb8\x96"),
		.has_pc = true,
		.pc = 0x402005,
	};
	const struct iq_frame *frames[] = { &bad, &good };
	struct iq_pprof_out *p;
	struct fixture x;

	p = begin(&x, IQ_STR("/bin/\xfe"));
	assert_null(iq_pprof_out_comment(p, IQ_STR("\x80")));
	add(p, frames, 2, 1, NULL);
	finish(&x, p);
#define BAD "\xef\xbf\xbd"
	assert_frame(&x, 0, 0, IQ_STR("main." BAD BAD BAD BAD BAD "x"));
	assert_frame(&x, 0, 1, good.function);
	assert_int_equal(stack(&x, 0)->frames[0]->file.len, 3);
	deinit(&x);
}

static void names_with_zero_bytes_stay_apart(void **state iq_unused)
{
	const struct iq_frame a = { .function = IQ_STR("main.a"), .line = 1 };
	const struct iq_frame b = { .function = { "main.a\0b", 8 }, .line = 2 };
	const struct iq_frame *frames[] = { &a, &b };
	struct iq_pprof_out *p;
	struct fixture x;

	p = begin(&x, IQ_STR(""));
	add(p, frames, 2, 1, NULL);
	finish(&x, p);
	assert_frame(&x, 0, 0, a.function);
	assert_frame(&x, 0, 1, b.function);
	deinit(&x);
}

static void labels_become_utf8(void **state iq_unused)
{
	const struct iq_frame f = { .function = IQ_STR("main.f") };
	const struct iq_frame *frames[] = { &f };
	const struct iq_pprof_out_label label = { .key = IQ_STR("k\xff"),
						  .text = IQ_STR("\xffv") };
	const struct iq_labels *labels;
	struct iq_pprof_out *p;
	struct fixture x;

	p = begin(&x, IQ_STR(""));
	add(p, frames, 1, 1, &label);
	finish(&x, p);
	assert_null(iq_profile_labels(x.facts->profile, 0, &labels));
	assert_non_null(labels);
	assert_int_equal(labels->num, 1);
	assert_true(iq_str_equal(labels->items[0].key, IQ_STR("k" BAD)));
	assert_true(iq_str_equal(labels->items[0].value, IQ_STR(BAD "v")));
	deinit(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(names_become_utf8),
		cmocka_unit_test(names_with_zero_bytes_stay_apart),
		cmocka_unit_test(labels_become_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
