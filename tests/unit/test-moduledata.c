/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/moduledata.h"
#include "go-image.h"

static const char *const versions[] = {
	"go1.18.10", "go1.20.14", "go1.22.12", "go1.24.11",
	"go1.25.5",  "go1.26.8",  "go1.27.2",
};

static bool find(const struct go_image *image, uint64_t *ret)
{
	return iq_go_moduledata_find(image->memory, image->version->layout,
				     GO_IMAGE_ADDR,
				     GO_IMAGE_ADDR + GO_IMAGE_SIZE, ret);
}

static void read_ok(const struct go_image *image, struct iq_go_module *ret)
{
	uint64_t addr = 0;

	assert_true(find(image, &addr));
	assert_int_equal(addr, go_image_addr(image, image->moduledata));
	assert_true(iq_go_moduledata_read(image->memory, image->version->layout,
					  addr, ret));
}

static void it_is_found_by_shape_in_every_version(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		struct iq_go_module m;
		struct go_image image;
		bool readable;

		go_image_init(&image, versions[i]);
		go_image_map(&image);
		read_ok(&image, &m);
		assert_int_equal(m.text, GO_IMAGE_TEXT);
		assert_int_equal(m.maxpc, GO_IMAGE_TEXT + 0x70);
		assert_int_equal(m.ftab_len, 4);
		assert_int_equal(m.pclntab_addr,
				 go_image_addr(&image, image.header));
		assert_int_equal(m.gofunc, go_image_addr(&image, image.gofunc));
		assert_int_equal(m.gcdata_nbits, 8);
		assert_int_equal(m.next, 0);
		assert_true(iq_go_moduledata_fits(image.memory,
						  image.version->layout, &m));
		assert_null(iq_go_moduledata_check(image.memory, image.version,
						   &m, &readable));
		assert_true(readable);
		go_image_deinit(&image);
	}
}

static void shape_of_any_version_finds_all(void **state iq_unused)
{
	const struct iq_go_layout *oldest;
	struct go_image image;
	uint64_t addr = 0;

	go_image_init(&image, versions[0]);
	oldest = image.version->layout;
	go_image_init(&image, "go1.27.2");
	go_image_map(&image);
	assert_true(iq_go_moduledata_find(image.memory, oldest, GO_IMAGE_ADDR,
					  GO_IMAGE_ADDR + GO_IMAGE_SIZE,
					  &addr));
	assert_int_equal(addr, go_image_addr(&image, image.moduledata));
	go_image_deinit(&image);
}

static void tables_out_of_order_are_no_moduledata(void **state iq_unused)
{
	struct go_image image;
	uint64_t addr;

	// Each word of the shared part, made wrong, hides it: pointers (not in
	// order), lengths (not capacities).
	for (size_t word = 0; word < 18; word++) {
		go_image_init(&image, "go1.26.8");
		size_t at = image.moduledata + 8 * word;
		go_image_put(&image, at, 0, 8);
		go_image_map(&image);
		assert_false(find(&image, &addr));
		go_image_deinit(&image);
	}
}

static void it_is_not_found_across_the_end(void **state iq_unused)
{
	struct go_image image;
	uint64_t addr;

	go_image_init(&image, "go1.26.8");
	go_image_map(&image);
	uint64_t at = go_image_addr(&image, image.moduledata);
	assert_false(iq_go_moduledata_find(image.memory, image.version->layout,
					   GO_IMAGE_ADDR, at + 64, &addr));
	assert_false(iq_go_moduledata_find(
		image.memory, image.version->layout, at + 8,
		GO_IMAGE_ADDR + GO_IMAGE_SIZE, &addr));
	assert_false(iq_go_moduledata_find(image.memory, image.version->layout,
					   0, 0x1000, &addr));
	assert_false(iq_go_moduledata_find(image.memory, image.version->layout,
					   UINT64_MAX - 64, UINT64_MAX, &addr));
	go_image_deinit(&image);
}

static void masks_that_are_too_long_do_not_fit(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct iq_go_module m;
	struct go_image image;

	go_image_init(&image, "go1.26.8");
	l = image.version->layout;
	go_image_put(&image,
		     image.moduledata + l->moduledata_gcdatamask_n.offset, 9,
		     4);
	go_image_map(&image);
	read_ok(&image, &m);
	assert_false(iq_go_moduledata_fits(image.memory, l, &m));
	go_image_deinit(&image);
}

static void successor_that_is_none_does_not_fit(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct iq_go_module m;
	struct go_image image;

	go_image_init(&image, "go1.26.8");
	l = image.version->layout;
	go_image_put(&image, image.moduledata + l->moduledata_next.offset,
		     GO_IMAGE_ADDR, 8);
	go_image_map(&image);
	read_ok(&image, &m);
	assert_int_equal(m.next, GO_IMAGE_ADDR);
	assert_false(iq_go_moduledata_fits(image.memory, l, &m));
	go_image_deinit(&image);
}

static void other_layouts_do_not_fit(void **state iq_unused)
{
	struct iq_go_module m;
	struct go_image image, old;

	go_image_init(&old, "go1.18.10");
	go_image_init(&image, "go1.26.8");
	go_image_map(&image);
	assert_true(iq_go_moduledata_read(
		image.memory, old.version->layout,
		go_image_addr(&image, image.moduledata), &m));
	assert_false(
		iq_go_moduledata_fits(image.memory, old.version->layout, &m));
	go_image_deinit(&image);
}

static void assert_check_fails(struct go_image *image, const char *text)
{
	struct iq_go_module m;
	bool readable;

	go_image_map(image);
	read_ok(image, &m);
	struct iq_error *err = iq_go_moduledata_check(
		image->memory, image->version, &m, &readable);
	assert_true(readable);
	assert_non_null(err);
	if (!strstr(err->text, text))
		fail_msg("\"%s\" is not in \"%s\"", text, err->text);
	iq_error_destroy(err);
	go_image_deinit(image);
}

static void header_that_contradicts_is_an_error(void **state iq_unused)
{
	const struct iq_go_layout *l;
	struct go_image image;

	go_image_init(&image, "go1.26.8");
	l = image.version->layout;
	go_image_put(&image, image.header, 0xfffffff0, 4);
	assert_check_fails(&image, "magic is 0xfffffff0, not 0xfffffff1");

	go_image_init(&image, "go1.26.8");
	go_image_put(&image, image.header + l->pc_header_nfunc.offset, 99, 8);
	assert_check_fails(&image, "has 4 entries, but the pcHeader says 100");

	go_image_init(&image, "go1.26.8");
	go_image_put(&image, image.header + l->pc_header_pctab_offset.offset, 1,
		     8);
	assert_check_fails(&image, "pctab is at");
}

static void header_that_is_not_there_is_no_error(void **state iq_unused)
{
	struct iq_go_module m;
	struct go_image image;
	bool readable;

	go_image_init(&image, "go1.26.8");
	go_image_put(&image, image.moduledata, 0x1000, 8);
	go_image_map(&image);
	read_ok(&image, &m);
	assert_null(iq_go_moduledata_check(image.memory, image.version, &m,
					   &readable));
	assert_false(readable);
	go_image_deinit(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_by_shape_in_every_version),
		cmocka_unit_test(shape_of_any_version_finds_all),
		cmocka_unit_test(tables_out_of_order_are_no_moduledata),
		cmocka_unit_test(it_is_not_found_across_the_end),
		cmocka_unit_test(masks_that_are_too_long_do_not_fit),
		cmocka_unit_test(successor_that_is_none_does_not_fit),
		cmocka_unit_test(other_layouts_do_not_fit),
		cmocka_unit_test(header_that_contradicts_is_an_error),
		cmocka_unit_test(header_that_is_not_there_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
