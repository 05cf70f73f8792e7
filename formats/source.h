/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input as immutable bytes: a mapped file, or, for what is compressed or
 * comes through a pipe, an unlinked sparse spool file that is mapped. Reading
 * bytes that the file system cannot give any more (a file cut under our feet,
 * an I/O error) gives zeros and marks the page: iq_source_faulted() tells, and
 * iq_memory_read() refuses them.
 */
#ifndef IQ_FORMATS_SOURCE_H
#define IQ_FORMATS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

struct iq_source {
	/* As the caller named it; "-" is standard input. */
	const char *path;
	/* Inflated bytes; NULL only if size is 0. */
	const uint8_t *data;
	uint64_t size;
	/* Time of last change of the file in ns since 1970; 0 if unknown. */
	int64_t mtime_ns;
	/* "gzip", "xz", "zstd" or NULL. */
	const char *compression;
	/*
	 * The compressed stream or the pipe ended early or was damaged: what
	 * came before is in data. NULL or a text with the place.
	 */
	const char *damage;
	bool spooled;
};

struct iq_source_options {
	/* Where spool files are made; NULL: /var/tmp, else /tmp. */
	const char *spool_dir;
	/* Largest inflated size in bytes; 0: IQ_LIMIT_SPOOL. */
	uint64_t spool_limit;
	/*
	 * Whether the beginning of what is spooled is worth to go on, which a
	 * stream may do for ever; NULL: everything is. Asked after the first
	 * MiB, and again at the limit (0: IQ_LIMIT_UNKNOWN), which refuses.
	 */
	bool (*is_known)(const struct iq_source *head);
	uint64_t unknown_limit;
};

/*
 * Opens @path ("-": standard input). The caller destroys the result. Errors
 * name the path: nobody needs to put it in front. An empty file is one.
 */
struct iq_error *iq_source_open(const char *path,
				const struct iq_source_options *options,
				struct iq_source **ret) iq_must_check;

/*
 * Bytes that the caller keeps (tests, fuzzers), compressed or not; what is not
 * is not copied. None at all are a source of size 0.
 */
struct iq_error *iq_source_open_buffer(const char *name, const void *data,
				       uint64_t size,
				       const struct iq_source_options *options,
				       struct iq_source **ret) iq_must_check;
void iq_source_destroy(struct iq_source *source);

/*
 * Whether any byte of the range was read in vain: a page at a time. The rest
 * of the page in which a cut file now ends reads as zeros and is not known.
 */
bool iq_source_faulted(const struct iq_source *source, uint64_t offset,
		       uint64_t len);
/* The same for bytes inside the data of any source: what memory reads ask. */
bool iq_source_bytes_faulted(const uint8_t *bytes, uint64_t len);
/* The first offset that faulted or is not in the file any more; false if there
 * is none. */
bool iq_source_first_fault(const struct iq_source *source, uint64_t *ret);

#endif
