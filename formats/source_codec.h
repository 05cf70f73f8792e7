/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a stream becomes a source: bytes come in from a descriptor or a buffer,
 * a decompressor turns them into what they stand for, and a spool keeps that
 * in an unlinked sparse file. Only source*.c includes this, and who inflates
 * one block of known size or sums up a file.
 */
#ifndef IQ_FORMATS_SOURCE_CODEC_H
#define IQ_FORMATS_SOURCE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/source.h"

/* Bytes as they come in. */
struct iq_inflow {
	/* -1: there is nothing behind data. */
	int fd;
	/* What fd is read into; owned. */
	uint8_t *buf;
	/* The current chunk: data[pos .. len) is still to be used. */
	const uint8_t *data;
	size_t len;
	size_t pos;
	/* Offset in the file of data[0]. */
	uint64_t offset;
	/* errno of a read that failed, which ends the stream; 0. */
	int err;
};

/* Reads @fd, which stays the caller's. */
struct iq_error *iq_inflow_init(struct iq_inflow *in, int fd) iq_must_check;
void iq_inflow_init_buffer(struct iq_inflow *in, const void *data, size_t len);
void iq_inflow_deinit(struct iq_inflow *in);
/* Whether there are bytes at data[pos]; fetches the next chunk if need be. */
bool iq_inflow_more(struct iq_inflow *in);
/* Offset in the file of data[pos]. */
uint64_t iq_inflow_offset(const struct iq_inflow *in);

/* A file without a name that grows; pages of zeros become holes. */
struct iq_spool {
	int fd;
	/* As the caller named it, or the one that was chosen. */
	const char *dir;
	uint8_t *buf;
	size_t len;
	/* Bytes in front of buf[0]. */
	uint64_t flushed;
	uint64_t limit;
	/* There was more than limit; what came before is kept. */
	bool full;
	/* As in struct iq_source_options; NULL once the content is known. */
	bool (*is_known)(const struct iq_source *head);
	uint64_t unknown_limit;
	/* Nobody knew the content at unknown_limit. */
	bool unknown;
	/* errno of a write that failed, 0. */
	int err;
};

/* @dir NULL: /var/tmp, else /tmp. @limit 0: IQ_LIMIT_SPOOL. */
struct iq_error *iq_spool_init(struct iq_spool *spool, const char *dir,
			       uint64_t limit) iq_must_check;
void iq_spool_deinit(struct iq_spool *spool);
/*
 * Where to put the next bytes and for how many there is room: one at least;
 * NULL if the spool takes no more, for which it has kept the reason.
 */
uint8_t *iq_spool_room(struct iq_spool *spool, size_t *len_ret);
/* @len bytes have been put there. */
void iq_spool_commit(struct iq_spool *spool, size_t len);
/* Writes what is buffered and gives the first error. */
struct iq_error *iq_spool_finish(struct iq_spool *spool, uint64_t *size_ret)
	iq_must_check;

struct iq_decompressor {
	/* "gzip": what a source calls its compression. */
	const char *name;
	/*
	 * Inflates @in until it ends or @spool takes no more. An error means
	 * that nothing can be done (no memory); a stream that is damaged or
	 * ends early keeps what came before and sets *@damage_ret, which
	 * becomes the caller's, to a text with the place. NULL: this build
	 * cannot read it.
	 */
	struct iq_error *(*run)(struct iq_inflow *in, struct iq_spool *spool,
				struct iq_error **damage_ret);
};

/* The CRC-32 of zlib, gzip and .gnu_debuglink. */
uint32_t iq_zlib_crc32(const uint8_t *data, uint64_t len);
/* Inflates a zlib stream (RFC 1950) that makes @size bytes, no more, no less;
 * false if it is damaged. */
bool iq_zlib_inflate(const uint8_t *data, size_t len, uint8_t *dst,
		     size_t size);

extern const struct iq_decompressor iq_decompressor_gzip;
extern const struct iq_decompressor iq_decompressor_xz;
extern const struct iq_decompressor iq_decompressor_zstd;

#endif
