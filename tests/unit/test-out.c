/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/out.h"

static void assert_text(const struct iq_out *out, const char *expected)
{
	assert_int_equal(out->len, strlen(expected));
	assert_memory_equal(out->buf, expected, out->len);
}

static void memory_collects_everything(void **state iq_unused)
{
	struct iq_out out;

	iq_out_init_memory(&out);
	iq_out_cstr(&out, "a");
	iq_out_char(&out, 'b');
	iq_out_str(&out, IQ_STR("cd"));
	iq_out_str(&out, (struct iq_str){ 0 });
	iq_out_bytes(&out, "e", 1);
	iq_out_printf(&out, "%d-%s", 5, "f");
	assert_text(&out, "abcde5-f");
	assert_null(iq_out_flush(&out));
	assert_text(&out, "abcde5-f");
	iq_out_deinit(&out);
	iq_out_deinit(&out);
}

static void numbers_are_written_in_full(void **state iq_unused)
{
	struct iq_out out;

	iq_out_init_memory(&out);
	iq_out_u64(&out, 0);
	iq_out_char(&out, ' ');
	iq_out_u64(&out, 1234567890);
	iq_out_char(&out, ' ');
	iq_out_u64(&out, UINT64_MAX);
	iq_out_char(&out, ' ');
	iq_out_hex(&out, 0);
	iq_out_char(&out, ' ');
	iq_out_hex(&out, 0xc000abcdef);
	iq_out_char(&out, ' ');
	iq_out_hex(&out, UINT64_MAX);
	assert_text(&out, "0 1234567890 18446744073709551615 "
			  "0x0 0xc000abcdef 0xffffffffffffffff");
	iq_out_deinit(&out);
}

static void long_printf_is_whole(void **state iq_unused)
{
	struct iq_out out;

	iq_out_init_memory(&out);
	iq_out_printf(&out, "%*d", 511, 1);
	assert_int_equal(out.len, 511);
	iq_out_printf(&out, "%*d", 512, 2);
	assert_int_equal(out.len, 511 + 512);
	iq_out_printf(&out, "%*d", 100000, 3);
	assert_int_equal(out.len, 511 + 512 + 100000);
	assert_int_equal(out.buf[510], '1');
	assert_int_equal(out.buf[511 + 511], '2');
	assert_int_equal(out.buf[out.len - 1], '3');
	iq_out_deinit(&out);
}

#define PIECES 30000

/* Writes what is_expected() expects, in pieces of all sizes. */
static void write_pieces(struct iq_out *out)
{
	static char large[200000];

	memset(large, 'L', sizeof(large));
	for (unsigned i = 0; i < PIECES; i++) {
		iq_out_u64(out, i);
		iq_out_char(out, '\n');
		if (i % 10000 == 5)
			iq_out_bytes(out, large, sizeof(large));
	}
}

static void assert_pieces(const char *got, size_t len)
{
	struct iq_out expected;

	iq_out_init_memory(&expected);
	write_pieces(&expected);
	assert_int_equal(len, expected.len);
	assert_memory_equal(got, expected.buf, len);
	iq_out_deinit(&expected);
}

struct drain {
	int fd;
	char *buf;
	size_t len;
};

static void *drain_main(void *arg)
{
	struct drain *d = arg;
	ssize_t n;

	// In small bites, so that writes are partial.
	while ((n = read(d->fd, d->buf + d->len, 4093)) > 0)
		d->len += (size_t)n;
	return NULL;
}

static void assert_pipe_gets_everything(int flags)
{
	struct drain d = { .buf = malloc(2000000) };
	struct iq_out out;
	pthread_t thread;
	int fds[2];

	assert_non_null(d.buf);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, flags), 0);
	d.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, drain_main, &d), 0);
	iq_out_init(&out, fds[1]);
	write_pieces(&out);
	assert_null(iq_out_flush(&out));
	iq_out_deinit(&out);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	assert_pieces(d.buf, d.len);
	free(d.buf);
}

static void descriptor_gets_everything(void **state iq_unused)
{
	assert_pipe_gets_everything(0);
}

static void
descriptor_that_does_not_block_gets_everything(void **state iq_unused)
{
	assert_pipe_gets_everything(O_NONBLOCK);
}

static void first_error_is_kept(void **state iq_unused)
{
	int fd = open("/dev/full", O_WRONLY);
	struct iq_error *err;
	struct iq_out out;

	if (fd < 0)
		skip();
	iq_out_init(&out, fd);
	write_pieces(&out);
	err = iq_out_flush(&out);
	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERROR_IO);
	assert_string_equal(err->text, "cannot write: No space left on device");
	iq_error_destroy(err);
	// Nothing more is tried.
	close(fd);
	iq_out_cstr(&out, "more");
	err = iq_out_flush(&out);
	assert_string_equal(err->text, "cannot write: No space left on device");
	iq_error_destroy(err);
	iq_out_deinit(&out);
}

static void nothing_written_is_no_error(void **state iq_unused)
{
	struct iq_out out;

	iq_out_init(&out, 999999);
	assert_null(iq_out_flush(&out));
	iq_out_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_collects_everything),
		cmocka_unit_test(numbers_are_written_in_full),
		cmocka_unit_test(long_printf_is_whole),
		cmocka_unit_test(descriptor_gets_everything),
		cmocka_unit_test(
			descriptor_that_does_not_block_gets_everything),
		cmocka_unit_test(first_error_is_kept),
		cmocka_unit_test(nothing_written_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
