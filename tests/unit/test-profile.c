/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/pprof/legacy.h"
#include "profile-builder.h"

/* Strings of all profiles here. */
static const char *const strings[] = {
	"",	  "goroutine", "count",	      "main.leaf", "main.mid",
	"main.f", "/src/f.go", "/bin/server", "0123abcd",  "route",
	"/users", "bytes",     "kilobytes",
};

enum {
	S_NONE,
	S_GOROUTINE,
	S_COUNT,
	S_LEAF,
	S_MID,
	S_F,
	S_FILE,
	S_SERVER,
	S_BUILD_ID,
	S_ROUTE,
	S_USERS,
	S_BYTES,
	S_KILOBYTES,
};

static void put_strings(struct profile_builder *b)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(strings); i++)
		pb_string(b, strings[i]);
}

/* Locations 1: leaf inlined in mid; 2: f. */
static void put_tables(struct profile_builder *b)
{
	const uint64_t inner[] = { 1, 2 }, outer[] = { 3 };

	pb_location(b, 1, 1, 0x401000, inner, 2);
	pb_location(b, 2, 1, 0x402000, outer, 1);
	pb_function(b, 1, S_LEAF, S_FILE);
	pb_function(b, 2, S_MID, S_FILE);
	pb_function(b, 3, S_F, S_FILE);
	pb_mapping(b, 1, S_SERVER, S_BUILD_ID);
	put_strings(b);
}

static void put_head(struct profile_builder *b)
{
	pb_type(b, 11, S_GOROUTINE, S_COUNT);
	pb_varint(b, 12, 1);
	pb_type(b, 1, S_GOROUTINE, S_COUNT);
}

static const uint64_t both[] = { 1, 2 };

static void samples_may_come_before_what_they_refer_to(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample(&b, 7, both, 2);
	pb_varint(&b, 9, 1700000000000000000);
	put_tables(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_int_equal(r.profile->type, IQ_PROFILE_GOROUTINE);
	assert_int_equal(r.profile->num_samples, 1);
	assert_int_equal(r.profile->totals[0], 7);
	assert_function(&r, 0, 0, "main.leaf");
	assert_function(&r, 0, 1, "main.mid");
	assert_function(&r, 0, 2, "main.f");
	assert_true(r.facts->process.has_time);
	assert_int_equal(r.facts->process.time_ns, 1700000000000000000);
	assert_int_equal(r.facts->witness.tells,
			 IQ_TELLS_STACKS | IQ_TELLS_LABELS);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void samples_may_come_behind_what_they_refer_to(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_tables(&b);
	put_head(&b);
	pb_sample(&b, 7, both, 2);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_function(&r, 0, 2, "main.f");
	profile_read_close(&r);
	pb_deinit(&b);
}

static void frames_have_lines_files_and_return_addresses(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample(&b, 1, both, 2);
	put_tables(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	const struct iq_frame *const *f = stack_of(&r, 0)->frames;

	assert_true(f[0]->inlined);
	assert_false(f[1]->inlined);
	assert_int_equal(f[0]->line, 10);
	assert_int_equal(f[1]->line, 11);
	assert_true(f[0]->has_pc && f[1]->has_pc && !f[0]->pc_exact);
	assert_int_equal(f[0]->pc, 0x401001);
	assert_int_equal(f[2]->pc, 0x402001);
	assert_true(iq_str_equal(f[0]->file, IQ_STR("/src/f.go")));
	assert_true(iq_str_equal(f[0]->module, IQ_STR("/bin/server")));
	profile_read_close(&r);
	pb_deinit(&b);
}

static void numbers_come_packed_or_one_by_one(void **state iq_unused)
{
	struct profile_builder b = { 0 }, m = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_varint(&m, 1, 1);
	pb_varint(&m, 2, 3);
	pb_varint(&m, 1, 2);
	pb_message(&b, 2, &m);
	pb_sample(&b, 4, both, 2);
	put_tables(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_int_equal(r.profile->num_read_samples, 2);
	assert_int_equal(r.profile->num_samples, 1);
	assert_int_equal(r.profile->values[0], 7);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void equal_stacks_with_other_labels_stay_apart(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample_labelled(&b, 1, 2, S_ROUTE, S_USERS, 0, 0);
	pb_sample_labelled(&b, 2, 2, S_ROUTE, 0, 0, 0);
	pb_sample_labelled(&b, 3, 2, S_ROUTE, S_USERS, 0, 0);
	pb_sample(&b, 9, &both[1], 1);
	put_tables(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_int_equal(r.profile->num_samples, 3);
	assert_int_equal(r.profile->num_stacks, 1);
	// The largest first.
	assert_int_equal(r.profile->values[0], 9);
	assert_int_equal(r.profile->values[1], 4);
	assert_int_equal(r.profile->values[2], 2);
	assert_labels(&r, 0, "");
	assert_labels(&r, 1, "route=/users");
	assert_labels(&r, 2, "route=");
	profile_read_close(&r);
	pb_deinit(&b);
}

static void numbers_of_labels_are_texts_with_units(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample_labelled(&b, 3, 2, S_BYTES, 0, 512, 0);
	pb_sample_labelled(&b, 2, 2, S_ROUTE, 0, (uint64_t)-3, S_KILOBYTES);
	pb_sample_labelled(&b, 1, 2, S_BYTES, 0, 512, S_BYTES);
	put_tables(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	// The unit that is the key says nothing.
	assert_int_equal(r.profile->num_samples, 2);
	assert_labels(&r, 0, "bytes=512");
	assert_labels(&r, 1, "route=-3 kilobytes");
	profile_read_close(&r);
	pb_deinit(&b);
}

static void ids_are_any_numbers(void **state iq_unused)
{
	const uint64_t functions[] = { 1ull << 63 };
	const uint64_t locations[] = { UINT64_MAX, 77 };
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample(&b, 1, locations, 2);
	pb_location(&b, 77, 0, 0x1000, NULL, 0);
	pb_location(&b, UINT64_MAX, 0, 0x2000, functions, 1);
	pb_function(&b, 1ull << 63, S_LEAF, 0);
	put_strings(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_function(&r, 0, 0, "main.leaf");
	// Without a function the address is what is known.
	assert_function(&r, 0, 1, "");
	assert_int_equal(stack_of(&r, 0)->frames[1]->pc, 0x1001);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void differences_have_negative_values(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample(&b, -5, both, 2);
	pb_sample(&b, 2, both, 1);
	put_tables(&b);
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_int_equal(r.profile->values[0], 2);
	assert_int_equal(r.profile->values[1], -5);
	assert_int_equal(r.profile->totals[0], -3);
	// What is gone is no goroutine.
	assert_null(iq_profile_goroutines(r.facts));
	assert_int_equal(r.facts->goroutines.len, 1);
	profile_read_close(&r);
	pb_deinit(&b);
}

/* A profile of one sample of one type, whose leaf is @leaf. */
static enum iq_profile_type kind_of(const char *type, const char *unit,
				    const char *leaf, uint64_t default_type,
				    struct profile_read *r)
{
	const uint64_t functions[] = { 1 };
	struct profile_builder b = { 0 };

	pb_type(&b, 1, 1, 2);
	pb_sample(&b, 1, both, 1);
	pb_varint(&b, 14, default_type);
	pb_location(&b, 1, 0, 0x1000, functions, 1);
	pb_function(&b, 1, 3, 0);
	pb_string(&b, "");
	pb_string(&b, type);
	pb_string(&b, unit);
	pb_string(&b, leaf);
	profile_read(&b, r);
	pb_deinit(&b);
	assert_non_null(r->profile);
	assert_no_gaps(r);
	return r->profile->type;
}

static void the_sample_types_tell_the_kind(void **state iq_unused)
{
	static const struct {
		const char *type, *unit, *leaf;
		uint64_t default_type;
		enum iq_profile_type kind;
	} cases[] = {
		{ "goroutine", "count", "f", 0, IQ_PROFILE_GOROUTINE },
		{ "goroutineleak", "count", "f", 0, IQ_PROFILE_GOROUTINELEAK },
		{ "threadcreate", "count", "f", 0, IQ_PROFILE_THREADCREATE },
		{ "inuse_space", "bytes", "f", 0, IQ_PROFILE_HEAP },
		{ "alloc_space", "bytes", "f", 1, IQ_PROFILE_ALLOCS },
		{ "cpu", "nanoseconds", "f", 0, IQ_PROFILE_CPU },
		{ "time", "nanoseconds", "f", 0, IQ_PROFILE_OTHER },
		{ "contentions", "count", "sync.(*Mutex).Lock", 0,
		  IQ_PROFILE_BLOCK },
		{ "contentions", "count", "runtime.chanrecv1", 0,
		  IQ_PROFILE_BLOCK },
		{ "contentions", "count", "sync.(*Mutex).Unlock", 0,
		  IQ_PROFILE_MUTEX },
		{ "contentions", "count", "sync.(*RWMutex).RUnlock", 0,
		  IQ_PROFILE_MUTEX },
		{ "contentions", "count", "runtime.unlock", 0,
		  IQ_PROFILE_MUTEX },
		{ "contentions", "count", "", 0, IQ_PROFILE_OTHER },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		struct profile_read r;

		assert_int_equal(kind_of(cases[i].type, cases[i].unit,
					 cases[i].leaf, cases[i].default_type,
					 &r),
				 cases[i].kind);
		profile_read_close(&r);
	}
}

static void the_leaf_of_a_cpu_profile_is_exact(void **state iq_unused)
{
	struct profile_read r;

	kind_of("cpu", "nanoseconds", "main.f", 0, &r);
	const struct iq_frame *leaf = stack_of(&r, 0)->frames[0];

	assert_true(leaf->pc_exact);
	assert_int_equal(leaf->pc, 0x1000);
	profile_read_close(&r);
}

/* A goroutine profile with stacks of these numbers of frames, the root of which
 * is called @root. */
static void read_depths(const size_t *depths, size_t num, const char *root,
			struct profile_read *r)
{
	const uint64_t function = 1, root_function = 2;
	struct profile_builder b = { 0 };
	uint64_t locations[256];

	put_head(&b);
	for (size_t i = 0; i < num; i++) {
		for (size_t j = 0; j < depths[i]; j++)
			locations[j] = j + 1 < depths[i] ? 1 : 2;
		pb_sample(&b, (int64_t)(num - i), locations, depths[i]);
	}
	pb_location(&b, 1, 0, 0x1000, &function, 1);
	pb_location(&b, 2, 0, 0x2000, &root_function, 1);
	pb_function(&b, 1, S_F, 0);
	pb_function(&b, 2, IQ_ARRAY_SIZE(strings), 0);
	put_strings(&b);
	pb_string(&b, root);
	profile_read(&b, r);
	pb_deinit(&b);
	assert_non_null(r->profile);
	assert_no_gaps(r);
}

static void a_stack_as_deep_as_its_writer_goes_is_cut(void **state iq_unused)
{
	const size_t old[] = { 32, 31 }, new[] = { 128, 33, 32 };
	struct profile_read r;

	read_depths(old, 2, "main.root", &r);
	assert_int_equal(r.profile->depth, 32);
	assert_true(stack_of(&r, 0)->elided);
	assert_int_equal(stack_of(&r, 0)->elided_at, 31);
	assert_false(stack_of(&r, 0)->complete);
	assert_true(stack_of(&r, 1)->complete);
	profile_read_close(&r);

	read_depths(new, 3, "main.root", &r);
	assert_int_equal(r.profile->depth, 128);
	assert_true(stack_of(&r, 0)->elided);
	assert_true(stack_of(&r, 1)->complete);
	assert_true(stack_of(&r, 2)->complete);
	profile_read_close(&r);
}

static void a_stack_that_has_its_root_is_not_cut(void **state iq_unused)
{
	const size_t depth = 32;
	struct profile_read r;

	read_depths(&depth, 1, "runtime.main", &r);
	assert_true(stack_of(&r, 0)->complete);
	profile_read_close(&r);
}

static void shallow_stacks_tell_no_depth(void **state iq_unused)
{
	const size_t depths[] = { 31, 4 };
	struct profile_read r;

	read_depths(depths, 2, "main.root", &r);
	assert_int_equal(r.profile->depth, 0);
	assert_true(stack_of(&r, 0)->complete);
	profile_read_close(&r);
}

static void the_program_is_no_library_and_not_the_kernel(void **state iq_unused)
{
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample(&b, 1, both, 2);
	pb_mapping(&b, 8, IQ_ARRAY_SIZE(strings), S_BUILD_ID);
	pb_mapping(&b, 9, IQ_ARRAY_SIZE(strings) + 1, 0);
	put_tables(&b);
	pb_string(&b, "[kernel.kallsyms]_text");
	pb_string(&b, "/lib/libc.so.6");
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_no_gaps(&r);
	assert_true(iq_str_equal(r.facts->process.executable,
				 IQ_STR("/bin/server")));
	assert_true(
		iq_str_equal(r.facts->process.build_id, IQ_STR("0123abcd")));
	assert_int_equal(r.profile->num_mappings, 3);
	profile_read_close(&r);
	pb_deinit(&b);
}

/* What becomes of @id as a mapping's build id. */
static void read_build_id(const char *id, struct profile_read *r)
{
	struct profile_builder b = { 0 };

	put_head(&b);
	pb_mapping(&b, 1, S_SERVER, IQ_ARRAY_SIZE(strings));
	put_strings(&b);
	pb_string(&b, id);
	profile_read(&b, r);
	pb_deinit(&b);
	assert_non_null(r->profile);
}

static void a_go_build_id_is_told_from_a_gnu_one(void **state iq_unused)
{
	char hex[2 * 83 + 1];
	struct profile_read r;

	read_build_id("aa/bb/cc/dd", &r);
	assert_int_equal(r.facts->process.build_id.len, 0);
	assert_true(iq_str_equal(r.facts->process.go_build_id,
				 IQ_STR("aa/bb/cc/dd")));
	profile_read_close(&r);

	// 83 characters between slashes, two digits each.
	for (size_t i = 0; i < 83; i++)
		memcpy(hex + 2 * i, i % 21 == 20 ? "2f" : "61", 3);
	read_build_id(hex, &r);
	assert_int_equal(r.facts->process.build_id.len, 0);
	assert_int_equal(r.facts->process.go_build_id.len, 83);
	profile_read_close(&r);

	read_build_id("no id", &r);
	assert_int_equal(r.facts->process.build_id.len, 0);
	assert_int_equal(r.facts->process.go_build_id.len, 0);
	profile_read_close(&r);
}

static void the_default_type_is_the_profiles_own(void **state iq_unused)
{
	struct profile_builder b = { 0 }, m = { 0 };
	const uint64_t values[] = { 1, 2, 3 };
	struct profile_read r;

	pb_type(&b, 1, S_BYTES, S_COUNT);
	pb_type(&b, 1, S_KILOBYTES, S_COUNT);
	pb_type(&b, 1, S_ROUTE, S_COUNT);
	pb_varint(&m, 1, 2);
	pb_packed(&m, 2, values, 3);
	pb_message(&b, 2, &m);
	put_tables(&b);
	profile_read(&b, &r);
	assert_int_equal(r.profile->default_type, 2);
	assert_int_equal(r.profile->values[1], 2);
	profile_read_close(&r);

	pb_varint(&b, 14, S_KILOBYTES);
	profile_read(&b, &r);
	assert_int_equal(r.profile->default_type, 1);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void goroutines_have_counts_and_no_ids(void **state iq_unused)
{
	const uint64_t parked = 3, functions[] = { 4 };
	struct profile_builder b = { 0 };
	struct profile_read r;

	put_head(&b);
	pb_sample(&b, 6, &parked, 1);
	pb_sample(&b, 2, both, 2);
	pb_location(&b, 3, 1, 0x403000, functions, 1);
	pb_function(&b, 4, IQ_ARRAY_SIZE(strings), 0);
	put_tables(&b);
	pb_string(&b, "runtime.gopark");
	profile_read(&b, &r);
	assert_non_null(r.profile);
	assert_null(iq_profile_goroutines(r.facts));
	assert_int_equal(r.facts->goroutines.len, 2);
	const struct iq_goroutine_fact *g = r.facts->goroutines.data;

	assert_false(g[0].has_id || g[1].has_id);
	assert_int_equal(g[0].count, 6);
	assert_int_equal(g[0].status, IQ_GSTATUS_WAITING);
	assert_int_equal(g[1].count, 2);
	assert_int_equal(g[1].status, IQ_GSTATUS_UNKNOWN);
	assert_false(g[0].leaked);
	assert_true(iq_str_equal(g[1].entry->function, IQ_STR("main.f")));
	assert_int_equal(g[1].labels->num, 0);
	profile_read_close(&r);
	pb_deinit(&b);
}

static void goroutines_of_a_leak_profile_are_leaked(void **state iq_unused)
{
	struct profile_read r;

	kind_of("goroutineleak", "count", "runtime.gopark", 0, &r);
	assert_null(iq_profile_goroutines(r.facts));
	assert_int_equal(r.facts->goroutines.len, 1);
	assert_true(r.facts->goroutines.data[0].leaked);
	profile_read_close(&r);
}

static void other_profiles_have_no_goroutines(void **state iq_unused)
{
	struct profile_read r;

	kind_of("cpu", "nanoseconds", "main.f", 0, &r);
	assert_null(iq_profile_goroutines(r.facts));
	assert_int_equal(r.facts->goroutines.len, 0);
	assert_int_equal(r.facts->witness.tells, 0);
	profile_read_close(&r);
}

static void what_is_no_profile_is_left_to_others(void **state iq_unused)
{
	static const char *const texts[] = {
		"\n\n\n\n\n\n\n\n\n\n",
		"2024/01/02 03:04:05 goroutine 1 [running]:\nmain.main()\n",
		"*** a log ***\nHello, world\n",
		"j\001\302",
		"\0228/",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(texts); i++) {
		struct profile_read r;

		profile_read_bytes(texts[i], strlen(texts[i]), &r);
		assert_null(r.profile);
		assert_int_equal(r.facts->gaps.len, 0);
		profile_read_close(&r);
	}
}

static void legacy_profiles_are_named(void **state iq_unused)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "goroutine profile: total 3\n3 @ 0x1 0x2\n",
		  "goroutine profile in text form (debug=1)" },
		{ "heap profile: 1: 2 [3: 4] @ heap/1048576\n",
		  "heap profile in text form (debug=1)" },
		{ "heap profile: 1: 2 [3: 4] @ growthz\n",
		  "C++ growth profile" },
		{ "--- threadz 1 ---\n", "C++ thread profile" },
		{ "--- mutex:\ncycles/second=1\n",
		  "mutex profile in text form (debug=1)" },
	};
	struct iq_source *source;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(cases); i++) {
		assert_null(iq_source_open_buffer("test", cases[i].text,
						  strlen(cases[i].text), NULL,
						  &source));
		assert_string_equal(iq_pprof_legacy_name(source),
				    cases[i].name);
		iq_source_destroy(source);
	}
	assert_null(iq_source_open_buffer("test", "goroutine 1 [running]:\n",
					  23, NULL, &source));
	assert_null(iq_pprof_legacy_name(source));
	iq_source_destroy(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_may_come_before_what_they_refer_to),
		cmocka_unit_test(samples_may_come_behind_what_they_refer_to),
		cmocka_unit_test(frames_have_lines_files_and_return_addresses),
		cmocka_unit_test(numbers_come_packed_or_one_by_one),
		cmocka_unit_test(equal_stacks_with_other_labels_stay_apart),
		cmocka_unit_test(numbers_of_labels_are_texts_with_units),
		cmocka_unit_test(ids_are_any_numbers),
		cmocka_unit_test(differences_have_negative_values),
		cmocka_unit_test(the_sample_types_tell_the_kind),
		cmocka_unit_test(the_leaf_of_a_cpu_profile_is_exact),
		cmocka_unit_test(a_stack_as_deep_as_its_writer_goes_is_cut),
		cmocka_unit_test(a_stack_that_has_its_root_is_not_cut),
		cmocka_unit_test(shallow_stacks_tell_no_depth),
		cmocka_unit_test(the_program_is_no_library_and_not_the_kernel),
		cmocka_unit_test(a_go_build_id_is_told_from_a_gnu_one),
		cmocka_unit_test(the_default_type_is_the_profiles_own),
		cmocka_unit_test(goroutines_have_counts_and_no_ids),
		cmocka_unit_test(goroutines_of_a_leak_profile_are_leaked),
		cmocka_unit_test(other_profiles_have_no_goroutines),
		cmocka_unit_test(what_is_no_profile_is_left_to_others),
		cmocka_unit_test(legacy_profiles_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
