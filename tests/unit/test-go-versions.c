/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "formats/go/go_versions.h"

static const struct iq_go_version *find(const char *version, bool *exact_ret)
{
	return iq_go_version_find(iq_str_of(version), "amd64", exact_ret);
}

static void assert_found(const char *version, unsigned minor, bool exact)
{
	bool is_exact;
	const struct iq_go_version *row = find(version, &is_exact);

	assert_non_null(row);
	assert_int_equal(row->minor, minor);
	assert_int_equal(is_exact, exact);
	assert_string_equal(row->arch, "amd64");
}

static int compare_rows(const struct iq_go_version *a,
			const struct iq_go_version *b)
{
	int arch = strcmp(a->arch, b->arch);

	if (arch != 0)
		return arch;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	return a->patch < b->patch ? -1 : a->patch > b->patch;
}

static void rows_are_sorted_and_unique(void **state iq_unused)
{
	size_t n;
	const struct iq_go_version *rows = iq_go_versions(&n);

	assert_true(n > 0);
	for (size_t i = 1; i < n; i++)
		assert_true(compare_rows(&rows[i - 1], &rows[i]) < 0);
}

static void rows_are_complete(void **state iq_unused)
{
	size_t n;
	const struct iq_go_version *rows = iq_go_versions(&n);

	for (size_t i = 0; i < n; i++) {
		assert_non_null(rows[i].layout);
		assert_non_null(rows[i].func_ids);
		assert_non_null(rows[i].constants);
		assert_non_null(rows[i].tables);
		assert_true(rows[i].last_patch >= rows[i].patch);
	}
}

static void rows_of_a_minor_do_not_overlap(void **state iq_unused)
{
	size_t n;
	const struct iq_go_version *rows = iq_go_versions(&n);

	for (size_t i = 1; i < n; i++)
		if (strcmp(rows[i].arch, rows[i - 1].arch) == 0 &&
		    rows[i].minor == rows[i - 1].minor)
			assert_true(rows[i - 1].last_patch < rows[i].patch);
}

static void both_architectures_have_every_minor(void **state iq_unused)
{
	static const char *const archs[] = { "amd64", "arm64" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(archs); i++)
		for (unsigned minor = 18; minor <= 27; minor++) {
			char text[16];
			bool exact;

			snprintf(text, sizeof(text), "go1.%u.0", minor);
			assert_non_null(iq_go_version_find(iq_str_of(text),
							   archs[i], &exact));
			assert_true(exact);
		}
}

static void only_the_zero_wait_reason_is_empty(void **state iq_unused)
{
	size_t n;
	const struct iq_go_version *rows = iq_go_versions(&n);

	for (size_t i = 0; i < n; i++) {
		struct iq_str text;

		assert_true(rows[i].num_wait_reasons > 20);
		assert_true(iq_go_wait_reason(&rows[i], 0, &text));
		assert_int_equal(text.len, 0);
		for (unsigned r = 1; r < rows[i].num_wait_reasons; r++) {
			assert_true(iq_go_wait_reason(&rows[i], r, &text));
			assert_true(text.len > 0);
		}
	}
}

static void wait_reason_past_the_last_has_no_text(void **state iq_unused)
{
	struct iq_str text;
	bool exact;
	const struct iq_go_version *row = find("go1.26.8", &exact);

	assert_false(iq_go_wait_reason(row, row->num_wait_reasons, &text));
	assert_false(iq_go_wait_reason(row, UINT64_MAX, &text));
}

/* What every reader stands on is in every version. */
static void essential_fields_are_never_absent(void **state iq_unused)
{
	size_t n;
	const struct iq_go_version *rows = iq_go_versions(&n);

	for (size_t i = 0; i < n; i++) {
		const struct iq_go_layout *l = rows[i].layout;
		const struct iq_go_field fields[] = {
			l->g_stack_lo,
			l->g_stack_hi,
			l->g_sched_sp,
			l->g_sched_pc,
			l->g_atomicstatus,
			l->g_goid,
			l->g_waitreason,
			l->g_waitsince,
			l->g_waiting,
			l->g_gopc,
			l->g_startpc,
			l->g_m,
			l->g_labels,
			l->m_procid,
			l->m_curg,
			l->m_g0,
			l->m_gsignal,
			l->m_alllink,
			l->p_id,
			l->p_status,
			l->sudog_g,
			l->sudog_elem,
			l->sudog_c,
			l->sudog_waitlink,
			l->hchan_recvq_first,
			l->hchan_sendq_first,
			l->moduledata_ftab,
			l->moduledata_next,
			l->func_func_id,
			l->func_nfuncdata,
			l->mheap_allspans,
			l->mspan_nelems,
			l->poll_desc_self,
			l->timer_when,
			l->type_str,
			l->work_tstart,
		};

		for (size_t f = 0; f < IQ_ARRAY_SIZE(fields); f++) {
			assert_true(fields[f].offset != IQ_GO_ABSENT);
			assert_true(fields[f].size > 0);
		}
		assert_true(l->g_size > 0);
		assert_true(rows[i].tables->sematable_stride > 0);
	}
}

/* Go: src/runtime/runtime2.go of the versions; reference/go-core.md, 6. */
static void known_offsets_are_as_the_sources_say(void **state iq_unused)
{
	bool exact;
	const struct iq_go_version *row = find("go1.18", &exact);

	assert_int_equal(row->layout->g_goid.offset, 152);
	assert_int_equal(row->layout->g_parent_goid.offset, IQ_GO_ABSENT);
	assert_int_equal(row->layout->g_parent_goid.size, 0);
	assert_int_equal(row->layout->mspan_nelems.size, 8);
	assert_int_equal(row->tables->pclntab_magic, 0xfffffff0);
	assert_int_equal(row->tables->inline_size, 20);
	assert_false(row->tables->labels_are_list);

	row = find("go1.26.8", &exact);
	assert_int_equal(row->layout->g_parent_goid.offset, 280);
	assert_int_equal(row->layout->mspan_nelems.size, 2);
	assert_int_equal(row->layout->sudog_elem.offset, 32);
	assert_int_equal(row->layout->sudog_c.offset, 96);
	assert_int_equal(row->layout->sudog_c.size, 8);
	assert_int_equal(row->tables->pclntab_magic, 0xfffffff1);
	assert_int_equal(row->tables->inline_size, 16);
	assert_true(row->tables->labels_are_list);
	assert_true(row->tables->sudog_two_words);
}

static void version_is_parsed(void **state iq_unused)
{
	unsigned minor, patch;

	assert_true(iq_go_version_parse(IQ_STR("go1.22.12"), &minor, &patch));
	assert_int_equal(minor, 22);
	assert_int_equal(patch, 12);
	assert_true(iq_go_version_parse(IQ_STR("go1.22"), &minor, &patch));
	assert_int_equal(minor, 22);
	assert_int_equal(patch, 0);
	assert_true(iq_go_version_parse(IQ_STR("go1.27rc1"), &minor, &patch));
	assert_int_equal(minor, 27);
	assert_int_equal(patch, 0);
}

static void text_without_a_version_is_refused(void **state iq_unused)
{
	static const char *const texts[] = {
		"", "go", "go1", "go1.", "go1.x", "1.22.12", "go2.1", "devel",
	};
	unsigned minor, patch;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(texts); i++)
		assert_false(iq_go_version_parse(iq_str_of(texts[i]), &minor,
						 &patch));
}

static void measured_release_is_exact(void **state iq_unused)
{
	assert_found("go1.22.12", 22, true);
	assert_found("go1.22", 22, true);
	assert_found("go1.22.0", 22, true);
	assert_found("go1.26.8", 26, true);
}

static unsigned alllink_of(const char *version)
{
	bool exact;
	const struct iq_go_version *row = find(version, &exact);

	assert_true(exact);
	return row->layout->m_alllink.offset;
}

static void patch_that_moved_fields_has_its_own_row(void **state iq_unused)
{
	assert_int_equal(alllink_of("go1.23.0"), 328);
	assert_int_equal(alllink_of("go1.23.11"), 328);
	assert_int_equal(alllink_of("go1.23.12"), 352);
	assert_int_equal(alllink_of("go1.24.5"), 328);
	assert_int_equal(alllink_of("go1.24.6"), 352);
}

static void patch_between_measured_ones_is_an_assumption(void **state iq_unused)
{
	assert_found("go1.18.2", 18, false);
	assert_found("go1.19.1", 19, false);
}

static void newer_version_is_an_assumption(void **state iq_unused)
{
	size_t n;

	assert_found("go1.30.1", 27, false);
	assert_found("go1.26.200", 26, false);
	assert_found("go1.9999", iq_go_versions(&n)[n - 1].minor, false);
}

static void changed_runtime_is_an_assumption(void **state iq_unused)
{
	assert_found("go1.25.1 X:greenteagc", 25, false);
	assert_found("devel go1.27-3f2a91c Thu Nov 6", 27, false);
	assert_found("go1.27-devel_3f2a91c", 27, false);
	assert_found("go1.27rc1", 27, false);
	assert_found("go1.22.12-vendor", 22, false);
	assert_found("go1.22.", 22, false);
	assert_found("unknown", 27, false);
}

static void older_version_has_no_row(void **state iq_unused)
{
	bool exact = true;

	assert_null(find("go1.17.13", &exact));
	assert_false(exact);
}

static void unknown_architecture_has_no_row(void **state iq_unused)
{
	bool exact = true;

	assert_null(iq_go_version_find(IQ_STR("go1.22.12"), "s390x", &exact));
	assert_false(exact);
}

/* Where a member that a line of "generate --list" names is in its struct. */
struct member {
	const char *kind;
	const char *name;
	size_t offset;
};

static const struct member members[] = {
#define IQ_GO_FIELD(name, type, path)                                          \
	{ "field", #name, offsetof(struct iq_go_layout, name) },
#define IQ_GO_SIZE(name, type)                                                 \
	{ "size", #name, offsetof(struct iq_go_layout, name) },
#include "formats/go/go_fields.def"
#undef IQ_GO_FIELD
#undef IQ_GO_SIZE
#define IQ_GO_FUNC_ID(name, constant)                                          \
	{ "func_id", #name, offsetof(struct iq_go_func_ids, name) },
#include "formats/go/go_func_ids.def"
#undef IQ_GO_FUNC_ID
#define IQ_GO_CONSTANT(name, constant)                                         \
	{ "constant", #name, offsetof(struct iq_go_constants, name) },
#include "formats/go/go_constants.def"
#undef IQ_GO_CONSTANT
};

static const struct member *member_find(const char *kind, const char *name)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(members); i++)
		if (strcmp(members[i].kind, kind) == 0 &&
		    strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

/* The number that the row has for @member; a field's offset. */
static int64_t member_value(const struct iq_go_version *row,
			    const struct member *member, uint32_t *size_ret)
{
	struct iq_go_field field;
	uint32_t size;
	int16_t id;
	int64_t constant;

	switch (member->kind[0] == 'f' ? member->kind[1] : member->kind[0]) {
	case 'i':
		memcpy(&field, (const char *)row->layout + member->offset,
		       sizeof(field));
		*size_ret = field.size;
		return field.offset;
	case 's':
		memcpy(&size, (const char *)row->layout + member->offset,
		       sizeof(size));
		return size;
	case 'u':
		memcpy(&id, (const char *)row->func_ids + member->offset,
		       sizeof(id));
		return id;
	default:
		memcpy(&constant, (const char *)row->constants + member->offset,
		       sizeof(constant));
		return constant;
	}
}

/* Compares one line of the list with the row; false if it names nothing. */
static bool line_check(const struct iq_go_version *row, const char *line)
{
	char kind[32], name[96];
	long long value;
	unsigned size = 0, row_size = 0;

	if (sscanf(line, "%31s %95s %lld %u", kind, name, &value, &size) < 3)
		return false;
	const struct member *member = member_find(kind, name);
	if (!member)
		return false;
	if (member_value(row, member, &row_size) != value || row_size != size)
		fail_msg("%s %s is not as in DWARF: %s", kind, name, line);
	return true;
}

static void wait_reason_check(const struct iq_go_version *row, char *line)
{
	unsigned long long number;
	struct iq_str text;
	int end = 0;

	if (sscanf(line, "wait_reason %llu%n", &number, &end) != 1)
		return;
	assert_true(iq_go_wait_reason(row, number, &text));
	line[strcspn(line, "\n")] = '\0';
	assert_string_equal(text.ptr, line + end + 1);
}

/* The row of "version go1.26.8 amd64"; NULL if it is not measured. */
static const struct iq_go_version *row_of_list(FILE *list)
{
	char version[64], arch[16];
	bool exact;

	if (fscanf(list, "version %63s %15s\n", version, arch) != 2)
		return NULL;
	const struct iq_go_version *row =
		iq_go_version_find(iq_str_of(version), arch, &exact);
	return exact ? row : NULL;
}

static void row_equals_dwarf_of_installed_toolchain(void **state iq_unused)
{
	const char *srcdir = getenv("srcdir");
	char command[4096], line[256];
	size_t checked = 0;

	// The go command needs a place for its cache.
	if (system("go version >/dev/null 2>&1 && test -n \"$HOME$GOCACHE\""))
		skip();
	snprintf(command, sizeof(command),
		 "'%s/formats/go/layouts/generate' --list",
		 srcdir ? srcdir : ".");
	FILE *list = popen(command, "r");
	assert_non_null(list);

	const struct iq_go_version *row = row_of_list(list);
	while (fgets(line, sizeof(line), list)) {
		if (!row)
			continue;
		wait_reason_check(row, line);
		checked += line_check(row, line);
	}
	assert_int_equal(pclose(list), 0);
	if (!row)
		skip();
	assert_true(checked > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_unique),
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(rows_of_a_minor_do_not_overlap),
		cmocka_unit_test(both_architectures_have_every_minor),
		cmocka_unit_test(only_the_zero_wait_reason_is_empty),
		cmocka_unit_test(wait_reason_past_the_last_has_no_text),
		cmocka_unit_test(essential_fields_are_never_absent),
		cmocka_unit_test(known_offsets_are_as_the_sources_say),
		cmocka_unit_test(version_is_parsed),
		cmocka_unit_test(text_without_a_version_is_refused),
		cmocka_unit_test(measured_release_is_exact),
		cmocka_unit_test(patch_that_moved_fields_has_its_own_row),
		cmocka_unit_test(patch_between_measured_ones_is_an_assumption),
		cmocka_unit_test(newer_version_is_an_assumption),
		cmocka_unit_test(changed_runtime_is_an_assumption),
		cmocka_unit_test(older_version_has_no_row),
		cmocka_unit_test(unknown_architecture_has_no_row),
		cmocka_unit_test(row_equals_dwarf_of_installed_toolchain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
