/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include <cmocka.h>

#include "formats/source.h"
#include "scratch.h"

#define SIZE 300000

static uint8_t noise[SIZE];
/* The noise, compressed; the tests of all formats are the same. */
static uint8_t gzipped[SIZE * 2];
static size_t gzipped_len;
static uint8_t zstded[SIZE * 2];
static size_t zstded_len;
static uint8_t xzed[SIZE * 2];
static size_t xzed_len;

static size_t gzip(void *to, size_t room, const void *from, size_t len)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = (Bytef *)from;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static int setup(void **state iq_unused)
{
	scratch_noise(noise, sizeof(noise));
	gzipped_len = gzip(gzipped, sizeof(gzipped), noise, SIZE);
#ifdef HAVE_LZMA
	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL,
						 noise, SIZE, xzed, &xzed_len,
						 sizeof(xzed)),
			 LZMA_OK);
#endif
#ifdef HAVE_ZSTD
	zstded_len = ZSTD_compress(zstded, sizeof(zstded), noise, SIZE, 1);
	assert_false(ZSTD_isError(zstded_len));
#endif
	return 0;
}

static struct iq_source *open_buffer(const void *data, size_t len,
				     const struct iq_source_options *options)
{
	struct iq_source *source;
	struct iq_error *err =
		iq_source_open_buffer("buffer", data, len, options, &source);

	if (err)
		fail_msg("%s", err->text);
	assert_string_equal(source->path, "buffer");
	return source;
}

static struct iq_source *open_path(const char *path)
{
	struct iq_source *source;
	struct iq_error *err = iq_source_open(path, NULL, &source);

	if (err)
		fail_msg("%s", err->text);
	assert_string_equal(source->path, path);
	return source;
}

/* Opening @path fails with @code and "cannot open @path: @reason". */
static void assert_open_fails(const char *path, enum iq_error_code code,
			      const char *reason)
{
	struct iq_source *source;
	struct iq_error *err = iq_source_open(path, NULL, &source);
	char text[256];

	assert_non_null(err);
	snprintf(text, sizeof(text), "cannot open %s: %s", path, reason);
	assert_string_equal(err->text, text);
	assert_int_equal(err->code, code);
	iq_error_destroy(err);
}

/* @source is the first @len bytes of the noise; destroys it. */
static void assert_noise(struct iq_source *source, size_t len,
			 const char *compression, const char *damage)
{
	assert_int_equal(source->size, len);
	if (len > 0)
		assert_memory_equal(source->data, noise, len);
	if (compression)
		assert_string_equal(source->compression, compression);
	else
		assert_null(source->compression);
	if (damage)
		assert_string_equal(source->damage, damage);
	else
		assert_null(source->damage);
	assert_false(iq_source_faulted(source, 0, UINT64_MAX));
	iq_source_destroy(source);
}

static void file_is_mapped_as_it_is(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE];
	struct iq_source *source;
	struct stat st;

	scratch_file(path, noise, SIZE);
	assert_int_equal(stat(path, &st), 0);
	source = open_path(path);
	assert_false(source->spooled);
	assert_int_equal(source->mtime_ns,
			 st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
	assert_noise(source, SIZE, NULL, NULL);
	unlink(path);
	iq_source_destroy(NULL);
}

static void what_cannot_be_opened_is_said_once(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE];

	assert_open_fails("/nonexistent/core", IQ_ERROR_IO,
			  "No such file or directory");
	assert_open_fails("/tmp", IQ_ERROR_IO, "it is a directory");
	scratch_file(path, "", 0);
	assert_open_fails(path, IQ_ERROR_TRUNCATED, "it is empty");
	if (geteuid() != 0) {
		assert_int_equal(chmod(path, 0), 0);
		assert_open_fails(path, IQ_ERROR_IO, "Permission denied");
	}
	unlink(path);
}

static void path_in_an_error_is_escaped(void **state iq_unused)
{
	struct iq_source *source;
	struct iq_error *err = iq_source_open("/no\x1b[2J", NULL, &source);

	assert_non_null(err);
	assert_string_equal(err->text, "cannot open \"/no\\x1b[2J\": "
				       "No such file or directory");
	iq_error_destroy(err);
}

static void file_without_a_size_is_read(void **state iq_unused)
{
	struct iq_source *source = open_path("/proc/self/maps");

	assert_true(source->size > 0);
	assert_true(source->spooled);
	assert_null(source->compression);
	iq_source_destroy(source);
}

static void plain_buffer_is_not_copied(void **state iq_unused)
{
	struct iq_source *source = open_buffer(noise, SIZE, NULL);

	assert_ptr_equal(source->data, noise);
	assert_false(source->spooled);
	assert_int_equal(source->mtime_ns, 0);
	assert_noise(source, SIZE, NULL, NULL);
	source = open_buffer(NULL, 0, NULL);
	assert_null(source->data);
	assert_noise(source, 0, NULL, NULL);
}

static void compressed_file_is_inflated(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE];
	struct iq_source *source;

	scratch_file(path, gzipped, gzipped_len);
	source = open_path(path);
	assert_true(source->spooled);
	assert_true(source->mtime_ns > 0);
	assert_noise(source, SIZE, "gzip", NULL);
	unlink(path);
}

static void one_damaged_byte_is_told(void **state iq_unused)
{
	static uint8_t copy[sizeof(gzipped)];
	char damage[128];

	// The last eight bytes are the sum and the size.
	memcpy(copy, gzipped, gzipped_len);
	copy[gzipped_len - 8] ^= 1;
	snprintf(damage, sizeof(damage),
		 "gzip stream is damaged at byte %zu of the file: "
		 "incorrect data check",
		 gzipped_len - 4);
	assert_noise(open_buffer(copy, gzipped_len, NULL), SIZE, "gzip",
		     damage);
}

/* Appends a part to the buffer that a test puts together. */
static size_t put(uint8_t *to, size_t at, const void *part, size_t len)
{
	memcpy(to + at, part, len);
	return at + len;
}

static void assert_parts_are_one_stream(const uint8_t *stream, size_t len,
					const char *name)
{
	static uint8_t parts[4 * SIZE];
	struct iq_source *source;
	size_t at = put(parts, 0, stream, len);

	at = put(parts, at, stream, len);
	source = open_buffer(parts, at, NULL);
	assert_string_equal(source->compression, name);
	assert_null(source->damage);
	assert_int_equal(source->size, 2 * SIZE);
	assert_memory_equal(source->data, noise, SIZE);
	assert_memory_equal(source->data + SIZE, noise, SIZE);
	iq_source_destroy(source);
}

static void assert_cut_keeps_what_came(const uint8_t *stream, size_t len,
				       const char *name)
{
	char expected[64];

	for (size_t cut = 20; cut < len; cut += len / 10) {
		struct iq_source *source = open_buffer(stream, cut, NULL);

		snprintf(expected, sizeof(expected),
			 "%s stream ends early at byte %zu of the file", name,
			 cut);
		assert_string_equal(source->damage, expected);
		// At most a block of 128 KiB is lost.
		assert_true(source->size + (128 << 10) >= cut);
		if (source->size > 0)
			assert_memory_equal(source->data, noise, source->size);
		iq_source_destroy(source);
	}
}

static void assert_rest_is_told(const uint8_t *stream, size_t len,
				const char *name)
{
	static uint8_t bytes[2 * SIZE];
	char expected[96];
	size_t at = put(bytes, 0, stream, len);

	at = put(bytes, at, "no stream", 9);
	snprintf(expected, sizeof(expected),
		 "bytes that are not %s follow the stream at byte %zu of the "
		 "file",
		 name, len);
	assert_noise(open_buffer(bytes, at, NULL), SIZE, name, expected);
}

static const struct {
	const char *name;
	const uint8_t *bytes;
	const size_t *len; /* 0: not built in */
	bool has_padding;
} streams[] = {
	{ "gzip", gzipped, &gzipped_len, true },
	{ "xz", xzed, &xzed_len, true },
	{ "zstd", zstded, &zstded_len, false },
};

static void several_streams_are_one(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(streams); i++)
		if (*streams[i].len)
			assert_parts_are_one_stream(streams[i].bytes,
						    *streams[i].len,
						    streams[i].name);
}

static void cut_stream_keeps_what_came(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(streams); i++)
		if (*streams[i].len)
			assert_cut_keeps_what_came(streams[i].bytes,
						   *streams[i].len,
						   streams[i].name);
}

static void rest_of_a_stream_is_told(void **state iq_unused)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(streams); i++)
		if (*streams[i].len)
			assert_rest_is_told(streams[i].bytes, *streams[i].len,
					    streams[i].name);
}

static void padding_of_a_stream_is_not_told(void **state iq_unused)
{
	static uint8_t bytes[2 * SIZE];

	for (size_t i = 0; i < IQ_ARRAY_SIZE(streams); i++) {
		size_t len = *streams[i].len;
		if (!len || !streams[i].has_padding)
			continue;
		memset(bytes, 0, sizeof(bytes));
		put(bytes, 0, streams[i].bytes, len);
		assert_noise(open_buffer(bytes, len + 512, NULL), SIZE,
			     streams[i].name, NULL);
	}
}

static void zstd_skippable_frames_are_skipped(void **state iq_unused)
{
	// RFC 8878, section 3.1.2: magic number, size, user data.
	static const uint8_t frame[] = { 0x5a, 0x2a, 0x4d, 0x18, 3,  0,
					 0,    0,    'a',  'b',	 'c' };
	static uint8_t bytes[2 * SIZE];
	size_t at = put(bytes, 0, frame, sizeof(frame));

	if (!zstded_len)
		skip();
	at = put(bytes, at, zstded, zstded_len);
	at = put(bytes, at, frame, sizeof(frame));
	assert_noise(open_buffer(bytes, at, NULL), SIZE, "zstd", NULL);
}

static void xz_damage_is_told_with_its_place(void **state iq_unused)
{
	static uint8_t bytes[2 * SIZE];
	struct iq_source *source;

	if (!xzed_len)
		skip();
	put(bytes, 0, xzed, xzed_len);
	// A block's header is protected by a CRC: section 3.1 of the format.
	bytes[14] ^= 0x55;
	source = open_buffer(bytes, xzed_len, NULL);
	assert_non_null(strstr(source->damage, "xz stream is damaged at byte"));
	assert_int_equal(source->size, 0);
	iq_source_destroy(source);
}

static void assert_unsupported(const char *head, size_t len, const char *name)
{
	struct iq_source *source;
	struct iq_error *err =
		iq_source_open_buffer("x", head, len, NULL, &source);
	char text[128];

	assert_non_null(err);
	assert_int_equal(err->code, IQ_ERROR_UNSUPPORTED);
	snprintf(text, sizeof(text),
		 "cannot open x: it is compressed with %s, which is not read; "
		 "unpack it with \"%s -d\" first",
		 name, name);
	assert_string_equal(err->text, text);
	iq_error_destroy(err);
}

static void other_compressions_are_recognised(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE];

	assert_unsupported("BZh91AY", 7, "bzip2");
	assert_unsupported("\x04\x22\x4d\x18more", 8, "lz4");
	scratch_file(path, "BZh91AY", 7);
	assert_open_fails(path, IQ_ERROR_UNSUPPORTED,
			  "it is compressed with bzip2, which is not read; "
			  "unpack it with \"bzip2 -d\" first");
	unlink(path);
	// A magic number that is not whole is none.
	iq_source_destroy(open_buffer("\xfd"
				      "7zX",
				      4, NULL));
	iq_source_destroy(open_buffer("\x1f\x8b", 2, NULL));
}

static void limit_keeps_what_is_below_it(void **state iq_unused)
{
	struct iq_source_options options = { .spool_limit = 100000 };

	assert_noise(open_buffer(gzipped, gzipped_len, &options), 100000,
		     "gzip", "stopped at the limit of 100000 bytes");
	options.spool_limit = SIZE - 1;
	assert_noise(open_buffer(gzipped, gzipped_len, &options), SIZE - 1,
		     "gzip", "stopped at the limit of 299999 bytes");
	options.spool_limit = SIZE;
	assert_noise(open_buffer(gzipped, gzipped_len, &options), SIZE, "gzip",
		     NULL);
	options.spool_limit = UINT64_MAX;
	assert_noise(open_buffer(gzipped, gzipped_len, &options), SIZE, "gzip",
		     NULL);
}

static bool ends_in_x(const struct iq_source *head)
{
	return head->data[head->size - 1] == 'x';
}

static void endless_stream_of_nothing_is_refused(void **state iq_unused)
{
	const size_t size = (size_t)4 << 20, mib = (size_t)1 << 20;
	struct iq_source_options options = {
		.is_known = ends_in_x,
		.unknown_limit = 2 << 20,
	};
	// Where it says what it is; none: never, or too late.
	const size_t known_at[] = { mib - 1, 2 * mib - 1, size - 1 };
	uint8_t *bytes = calloc(size, 1);
	uint8_t *small = malloc(mib);

	assert_true(bytes && small);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(known_at); i++) {
		struct iq_source *source = NULL;
		struct iq_error *err;
		size_t len;

		bytes[known_at[i]] = 'x';
		len = gzip(small, mib, bytes, size);
		err = iq_source_open_buffer("buffer", small, len, &options,
					    &source);
		bytes[known_at[i]] = 0;
		if (i < 2) {
			assert_null(err);
			assert_int_equal(source->size, size);
		} else {
			assert_non_null(err);
			assert_non_null(strstr(err->text, "first 2097152 "));
		}
		iq_error_destroy(err);
		iq_source_destroy(source);
	}
	free(bytes);
	free(small);
}

static void device_is_no_input(void **state iq_unused)
{
	struct iq_source *source;
	struct iq_error *err = iq_source_open("/dev/zero", NULL, &source);

	assert_non_null(err);
	assert_string_equal(err->text, "cannot open /dev/zero: it is a device");
	iq_error_destroy(err);
}

static void spool_directory_that_is_missing_is_an_error(void **state iq_unused)
{
	const struct iq_source_options options = { .spool_dir =
							   "/nonexistent" };
	struct iq_source *source;
	struct iq_error *err = iq_source_open_buffer("x", gzipped, gzipped_len,
						     &options, &source);

	assert_non_null(err);
	assert_string_equal(err->text,
			    "cannot open x: cannot make a temporary file in "
			    "/nonexistent: No such file or directory");
	iq_error_destroy(err);
}

#define SPARSE_SIZE (((size_t)8 << 20) + 123)

/* Zeros but for some bytes here and there, the last page's zeros included. */
static uint8_t *sparse_create(void)
{
	uint8_t *bytes = calloc(1, SPARSE_SIZE);

	assert_non_null(bytes);
	bytes[4095] = 1;
	bytes[12288] = 2;
	bytes[(3 << 20) - 1] = 3;
	bytes[3 << 20] = 4;
	bytes[(5 << 20) + 77] = 5;
	return bytes;
}

static void zeros_become_holes(void **state iq_unused)
{
	uint8_t *bytes = sparse_create();
	uint8_t *packed = malloc(SPARSE_SIZE);
	size_t len = gzip(packed, SPARSE_SIZE, bytes, SPARSE_SIZE);
	struct iq_source *source = open_buffer(packed, len, NULL);

	assert_int_equal(source->size, SPARSE_SIZE);
	assert_memory_equal(source->data, bytes, SPARSE_SIZE);
	iq_source_destroy(source);
	free(packed);
	free(bytes);
}

struct feed {
	int fd;
	const uint8_t *data;
	size_t len;
};

static void *feed_main(void *arg)
{
	struct feed *f = arg;

	// A little at a time: the first read must not be enough to recognise
	// a compression by.
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(write(f->fd, f->data + i, 1), 1);
	f->data += 10;
	f->len -= 10;
	while (f->len > 0) {
		ssize_t n = write(f->fd, f->data, f->len);

		if (n < 0)
			break;
		f->data += n;
		f->len -= (size_t)n;
	}
	close(f->fd);
	return NULL;
}

/* Opens "-" while standard input is a pipe that these bytes come through. */
static struct iq_source *open_pipe(const void *data, size_t len)
{
	struct feed feed = { .data = data, .len = len };
	struct iq_source *source;
	pthread_t thread;
	int old = dup(STDIN_FILENO), fds[2];

	assert_int_equal(pipe(fds), 0);
	feed.fd = fds[1];
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	assert_int_equal(pthread_create(&thread, NULL, feed_main, &feed), 0);
	source = open_path("-");
	pthread_join(thread, NULL);
	if (old >= 0) {
		dup2(old, STDIN_FILENO);
		close(old);
	}
	assert_true(source->spooled);
	assert_int_equal(source->mtime_ns, 0);
	return source;
}

static void pipe_is_spooled(void **state iq_unused)
{
	assert_noise(open_pipe(noise, SIZE), SIZE, NULL, NULL);
	assert_noise(open_pipe(gzipped, gzipped_len), SIZE, "gzip", NULL);
}

static void standard_input_from_a_file_is_mapped(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE];
	struct iq_source *source;
	int old = dup(STDIN_FILENO), fd;

	scratch_file(path, noise, SIZE);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	dup2(fd, STDIN_FILENO);
	close(fd);
	source = open_path("-");
	assert_false(source->spooled);
	assert_noise(source, SIZE, NULL, NULL);
	// Of what somebody has read a part of, the rest is the input.
	assert_int_equal(lseek(STDIN_FILENO, 1000, SEEK_SET), 1000);
	source = open_path("-");
	assert_true(source->spooled);
	assert_int_equal(source->size, SIZE - 1000);
	assert_memory_equal(source->data, noise + 1000, SIZE - 1000);
	iq_source_destroy(source);
	dup2(old, STDIN_FILENO);
	close(old);
	unlink(path);
}

static void cut_file_gives_zeros_and_tells(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE], other_path[SCRATCH_PATH_SIZE];
	struct iq_source *source, *other;
	const volatile uint8_t *data;
	uint64_t first;

	scratch_file(path, noise, SIZE);
	scratch_file(other_path, noise, SIZE);
	other = open_path(other_path);
	source = open_path(path);
	data = source->data;
	assert_int_equal(truncate(path, 8192), 0);
	assert_true(iq_source_first_fault(source, &first));
	assert_int_equal(first, 8192);
	assert_int_equal(data[100000], 0);
	assert_int_equal(data[50000], 0);
	assert_int_equal(data[SIZE - 1], 0);
	assert_true(iq_source_faulted(source, 100000, 1));
	assert_true(iq_source_faulted(source, 0, SIZE));
	assert_true(iq_source_faulted(source, 0, UINT64_MAX));
	assert_true(iq_source_faulted(source, SIZE - 1, 1));
	assert_false(iq_source_faulted(source, 0, 8192));
	// Nobody has asked for this page.
	assert_false(iq_source_faulted(source, 200000, 1));
	assert_false(iq_source_faulted(source, 100000, 0));
	assert_false(iq_source_faulted(source, SIZE, 1));
	assert_true(iq_source_first_fault(source, &first));
	assert_int_equal(first, 8192);
	// Somebody else's file has its name now.
	assert_int_equal(unlink(path), 0);
	assert_true(iq_source_first_fault(source, &first));
	assert_int_equal(first, 50000 / 4096 * 4096);
	assert_int_equal(data[8191], noise[8191]);
	assert_false(iq_source_first_fault(other, &first));
	assert_noise(other, SIZE, NULL, NULL);
	iq_source_destroy(source);
	// The next file in the same place has not faulted.
	source = open_path(other_path);
	assert_noise(source, SIZE, NULL, NULL);
	unlink(other_path);
}

static void *read_all(void *arg)
{
	const struct iq_source *source = arg;
	const volatile uint8_t *data = source->data;
	uintptr_t sum = 0;

	for (size_t i = 0; i < SIZE; i += 64)
		sum += data[i];
	return (void *)sum;
}

static void threads_may_fault_at_once(void **state iq_unused)
{
	char path[SCRATCH_PATH_SIZE];
	struct iq_source *source;
	pthread_t threads[4];

	scratch_file(path, noise, SIZE);
	source = open_path(path);
	assert_int_equal(truncate(path, 0), 0);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(threads); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_all, source), 0);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(threads); i++) {
		void *sum;

		pthread_join(threads[i], &sum);
		assert_null(sum);
	}
	for (size_t i = 0; i < SIZE; i += 4096)
		assert_true(iq_source_faulted(source, i, 1));
	iq_source_destroy(source);
	unlink(path);
}

/* A page of a file that has none: reading it faults. */
static const volatile uint8_t *foreign_page(void)
{
	char path[SCRATCH_PATH_SIZE];
	void *map;
	int fd;

	scratch_file(path, "", 0);
	fd = open(path, O_RDONLY);
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	unlink(path);
	assert_true(map != MAP_FAILED);
	return map;
}

static sigjmp_buf back;
static volatile sig_atomic_t num_foreign;

static void count_and_jump(int sig iq_unused)
{
	num_foreign++;
	siglongjmp(back, 1);
}

/* In a child, because the guard is installed once for a process. */
static int handle_foreign(void)
{
	const volatile uint8_t *page = foreign_page();
	char path[SCRATCH_PATH_SIZE];

	signal(SIGBUS, count_and_jump);
	scratch_file(path, noise, SIZE);
	iq_source_destroy(open_path(path));
	unlink(path);
	if (sigsetjmp(back, 1) == 0)
		(void)*page;
	return num_foreign == 1 ? 0 : 1;
}

static int die_of_foreign(void)
{
	const volatile uint8_t *page = foreign_page();
	char path[SCRATCH_PATH_SIZE];

	signal(SIGBUS, SIG_DFL);
	scratch_file(path, noise, SIZE);
	iq_source_destroy(open_path(path));
	unlink(path);
	(void)*page;
	return 0;
}

static int in_child(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void faults_elsewhere_go_to_the_previous_handler(void **state iq_unused)
{
	assert_int_equal(in_child(handle_foreign), 0);
}

static void faults_elsewhere_end_the_process_as_before(void **state iq_unused)
{
	int status = in_child(die_of_foreign);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		// First, while the guard is not installed.
		cmocka_unit_test(faults_elsewhere_go_to_the_previous_handler),
		cmocka_unit_test(faults_elsewhere_end_the_process_as_before),
		cmocka_unit_test(file_is_mapped_as_it_is),
		cmocka_unit_test(what_cannot_be_opened_is_said_once),
		cmocka_unit_test(path_in_an_error_is_escaped),
		cmocka_unit_test(file_without_a_size_is_read),
		cmocka_unit_test(plain_buffer_is_not_copied),
		cmocka_unit_test(compressed_file_is_inflated),
		cmocka_unit_test(one_damaged_byte_is_told),
		cmocka_unit_test(several_streams_are_one),
		cmocka_unit_test(cut_stream_keeps_what_came),
		cmocka_unit_test(rest_of_a_stream_is_told),
		cmocka_unit_test(padding_of_a_stream_is_not_told),
		cmocka_unit_test(zstd_skippable_frames_are_skipped),
		cmocka_unit_test(xz_damage_is_told_with_its_place),
		cmocka_unit_test(other_compressions_are_recognised),
		cmocka_unit_test(limit_keeps_what_is_below_it),
		cmocka_unit_test(endless_stream_of_nothing_is_refused),
		cmocka_unit_test(device_is_no_input),
		cmocka_unit_test(spool_directory_that_is_missing_is_an_error),
		cmocka_unit_test(zeros_become_holes),
		cmocka_unit_test(pipe_is_spooled),
		cmocka_unit_test(standard_input_from_a_file_is_mapped),
		cmocka_unit_test(cut_file_gives_zeros_and_tells),
		cmocka_unit_test(threads_may_fault_at_once),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
