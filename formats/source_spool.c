/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/source_codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"

#define INFLOW_BUFFER ((size_t)256 << 10)
#define SPOOL_BUFFER ((size_t)1 << 20)
// Holes are made of file system blocks, and these are of 4 KiB or less on what
// temporary files live on.
#define SPOOL_PAGE ((size_t)4 << 10)

struct iq_error *iq_inflow_init(struct iq_inflow *in, int fd)
{
	*in = (struct iq_inflow){ .fd = fd, .buf = malloc(INFLOW_BUFFER) };
	in->data = in->buf;
	return in->buf ? NULL : &iq_enomem;
}

void iq_inflow_init_buffer(struct iq_inflow *in, const void *data, size_t len)
{
	*in = (struct iq_inflow){ .fd = -1, .data = data, .len = len };
}

void iq_inflow_deinit(struct iq_inflow *in)
{
	free(in->buf);
	*in = (struct iq_inflow){ .fd = -1 };
}

uint64_t iq_inflow_offset(const struct iq_inflow *in)
{
	return in->offset + in->pos;
}

// The buffer is filled even from a pipe that gives a little at a time, so that
// the first chunk is enough to recognise a compression by.
bool iq_inflow_more(struct iq_inflow *in)
{
	if (in->pos < in->len)
		return true;
	if (in->fd < 0 || in->err)
		return false;
	in->offset += in->len;
	in->pos = in->len = 0;
	while (in->len < INFLOW_BUFFER) {
		ssize_t n = read(in->fd, in->buf + in->len,
				 INFLOW_BUFFER - in->len);

		if (n == 0)
			break;
		if (n > 0) {
			in->len += (size_t)n;
		} else if (errno != EINTR) {
			in->err = errno;
			break;
		}
	}
	return in->len > 0;
}

/* A new file in @dir that has no name any more; -1 and errno. */
static int unlinked_open(const char *dir)
{
	iq_cleanup(iq_freep) char *name = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	// Not every file system has O_TMPFILE, and how one says so differs.
	if (asprintf(&name, "%s/inquest-XXXXXX", dir) < 0) {
		name = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static void spool_open(struct iq_spool *spool, const char *dir)
{
	spool->dir = dir ? dir : "/var/tmp";
	spool->fd = unlinked_open(spool->dir);
	if (spool->fd < 0 && !dir) {
		spool->dir = "/tmp";
		spool->fd = unlinked_open(spool->dir);
	}
}

struct iq_error *iq_spool_init(struct iq_spool *spool, const char *dir,
			       uint64_t limit)
{
	*spool = (struct iq_spool){ .fd = -1 };
	spool->limit = limit ? limit : IQ_LIMIT_SPOOL;
	// A file has no more, and one byte above must not wrap.
	if (spool->limit > INT64_MAX - 1)
		spool->limit = INT64_MAX - 1;
	spool->buf = malloc(SPOOL_BUFFER);
	if (!spool->buf)
		return &iq_enomem;
	spool_open(spool, dir);
	if (spool->fd < 0)
		return iq_error_new(IQ_ERROR_IO,
				    "cannot make a temporary file in %s: %s",
				    spool->dir, strerror(errno));
	return NULL;
}

void iq_spool_deinit(struct iq_spool *spool)
{
	if (spool->buf && spool->fd >= 0)
		close(spool->fd);
	free(spool->buf);
	*spool = (struct iq_spool){ .fd = -1 };
}

static bool is_zero(const uint8_t *p, size_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

static void spool_write(struct iq_spool *spool, size_t begin, size_t end)
{
	while (begin < end && !spool->err) {
		ssize_t n = pwrite(spool->fd, spool->buf + begin, end - begin,
				   (off_t)(spool->flushed + begin));

		if (n >= 0)
			begin += (size_t)n;
		else if (errno != EINTR)
			spool->err = errno;
	}
}

/* Writes the runs of pages that hold anything. */
static void spool_flush(struct iq_spool *spool)
{
	size_t run = 0, at = 0;

	while (at < spool->len) {
		size_t len = spool->len - at;

		if (len > SPOOL_PAGE)
			len = SPOOL_PAGE;
		if (is_zero(spool->buf + at, len)) {
			spool_write(spool, run, at);
			run = at + len;
		}
		at += len;
	}
	spool_write(spool, run, at);
	spool->flushed += spool->len;
	spool->len = 0;
}

static bool is_known(const struct iq_spool *spool, const uint8_t *data,
		     uint64_t size)
{
	const struct iq_source head = {
		.path = "",
		.data = data,
		.size = size,
	};

	return spool->is_known(&head);
}

/* Asks about all that was written. */
static bool is_file_known(struct iq_spool *spool)
{
	size_t size = (size_t)spool->flushed;
	bool known;
	void *map;

	// The last page may be a hole.
	if (ftruncate(spool->fd, (off_t)size) < 0)
		return false;
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, spool->fd, 0);
	if (map == MAP_FAILED)
		return false;
	known = is_known(spool, map, size);
	munmap(map, size);
	return known;
}

/* Stops what goes on and on without being anything. */
static void spool_recognise(struct iq_spool *spool)
{
	if (!spool->is_known || spool->err)
		return;
	if (spool->flushed == 0 && is_known(spool, spool->buf, spool->len))
		spool->is_known = NULL;
	if (!spool->is_known ||
	    spool->flushed + spool->len < spool->unknown_limit)
		return;
	spool_flush(spool);
	if (!spool->err)
		spool->unknown = !is_file_known(spool);
	spool->is_known = NULL;
}

uint8_t *iq_spool_room(struct iq_spool *spool, size_t *len_ret)
{
	uint64_t left;

	if (spool->len == SPOOL_BUFFER) {
		spool_recognise(spool);
		spool_flush(spool);
	}
	if (spool->err || spool->full || spool->unknown)
		return NULL;
	// One byte above the limit tells a stream that ends there from one
	// that goes on.
	left = spool->limit - spool->flushed - spool->len + 1;
	*len_ret = SPOOL_BUFFER - spool->len;
	if (*len_ret > left)
		*len_ret = (size_t)left;
	return spool->buf + spool->len;
}

void iq_spool_commit(struct iq_spool *spool, size_t len)
{
	spool->len += len;
	if (spool->flushed + spool->len > spool->limit) {
		spool->len = (size_t)(spool->limit - spool->flushed);
		spool->full = true;
	}
}

struct iq_error *iq_spool_finish(struct iq_spool *spool, uint64_t *size_ret)
{
	spool_flush(spool);
	// The last page may be a hole.
	if (!spool->err && ftruncate(spool->fd, (off_t)spool->flushed) < 0)
		spool->err = errno;
	if (spool->err)
		return iq_error_new(IQ_ERROR_IO,
				    "cannot write a temporary file in %s: %s",
				    spool->dir, strerror(spool->err));
	*size_ret = spool->flushed;
	return NULL;
}
