/* SPDX-License-Identifier: Apache-2.0 */
#include "base/out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"

#define OUT_BUFFER ((size_t)64 << 10)

void iq_out_init(struct iq_out *out, int fd)
{
	*out = (struct iq_out){ .fd = fd };
}

void iq_out_init_memory(struct iq_out *out)
{
	iq_out_init(out, -1);
}

void iq_out_deinit(struct iq_out *out)
{
	free(out->buf);
	out->buf = NULL;
	out->len = out->cap = 0;
}

static void out_fail(struct iq_out *out, int err)
{
	if (!out->err)
		out->err = err;
}

/* Waits until a descriptor that does not block takes more. */
static bool out_wait(struct iq_out *out)
{
	struct pollfd pfd = { .fd = out->fd, .events = POLLOUT };

	return poll(&pfd, 1, -1) >= 0 || errno == EINTR;
}

static void out_write(struct iq_out *out, const char *data, size_t len)
{
	while (len > 0 && !out->err) {
		ssize_t n = write(out->fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN ? !out_wait(out) : errno != EINTR) {
			out_fail(out, errno);
		}
	}
}

static void out_drain(struct iq_out *out)
{
	out_write(out, out->buf, out->len);
	out->len = 0;
}

/*
 * Makes room for @len more bytes; false after an error, and to a descriptor
 * if the buffer never has as much.
 */
static bool out_room(struct iq_out *out, size_t len)
{
	if (out->err)
		return false;
	if (len <= out->cap - out->len)
		return true;
	if (out->fd < 0 || !out->buf) {
		size_t need = out->fd < 0 ? out->len + len : OUT_BUFFER;

		if (need < len && out->fd < 0)
			out_fail(out, ENOMEM);
		else if (!iq_vec_grow((void **)&out->buf, &out->cap, need, 1))
			out_fail(out, ENOMEM);
	} else {
		out_drain(out);
	}
	return !out->err && len <= out->cap - out->len;
}

void iq_out_bytes(struct iq_out *out, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (out_room(out, len)) {
		memcpy(out->buf + out->len, data, len);
		out->len += len;
	} else if (!out->err) {
		// Larger than the buffer, which out_room() has emptied.
		out_write(out, data, len);
	}
}

void iq_out_str(struct iq_out *out, struct iq_str s)
{
	iq_out_bytes(out, s.ptr, s.len);
}

void iq_out_cstr(struct iq_out *out, const char *s)
{
	iq_out_bytes(out, s, strlen(s));
}

void iq_out_char(struct iq_out *out, char c)
{
	if (out_room(out, 1))
		out->buf[out->len++] = c;
}

void iq_out_u64(struct iq_out *out, uint64_t v)
{
	char digits[20];
	char *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	iq_out_bytes(out, at, (size_t)(digits + sizeof(digits) - at));
}

void iq_out_hex(struct iq_out *out, uint64_t v)
{
	char digits[18];
	char *at = digits + sizeof(digits);

	do {
		*--at = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	*--at = 'x';
	*--at = '0';
	iq_out_bytes(out, at, (size_t)(digits + sizeof(digits) - at));
}

void iq_out_printf(struct iq_out *out, const char *fmt, ...)
{
	char small[512];
	va_list args;
	char *large;
	int len;

	va_start(args, fmt);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len < 0) {
		out_fail(out, errno ? errno : EINVAL);
		return;
	}
	if ((size_t)len < sizeof(small)) {
		iq_out_bytes(out, small, (size_t)len);
		return;
	}
	large = malloc((size_t)len + 1);
	if (!large) {
		out_fail(out, ENOMEM);
		return;
	}
	va_start(args, fmt);
	vsnprintf(large, (size_t)len + 1, fmt, args);
	va_end(args);
	iq_out_bytes(out, large, (size_t)len);
	free(large);
}

struct iq_error *iq_out_flush(struct iq_out *out)
{
	if (out->fd >= 0)
		out_drain(out);
	if (!out->err)
		return NULL;
	if (out->err == ENOMEM)
		return &iq_enomem;
	return iq_error_new(IQ_ERROR_IO, "cannot write: %s",
			    strerror(out->err));
}
