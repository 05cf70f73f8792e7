/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/gzip_out.h"

#include <limits.h>
#include <stdlib.h>

#include <zlib.h>

#define BUFFER_SIZE (64u << 10)
/* Added to zlib's window bits it asks for gzip's header and trailer. */
#define GZIP_BITS 16
#define MEMORY_LEVEL 8

struct iq_gzip_out {
	struct iq_out *out;
	z_stream z;
	Bytef buffer[BUFFER_SIZE];
};

struct iq_error *iq_gzip_out_create(struct iq_out *out,
				    struct iq_gzip_out **ret)
{
	struct iq_gzip_out *gz = calloc(1, sizeof(*gz));

	if (!gz)
		return &iq_enomem;
	gz->out = out;
	// Without memory; all else that it can fail for is constant here.
	if (deflateInit2(&gz->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			 MAX_WBITS + GZIP_BITS, MEMORY_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gz);
		return &iq_enomem;
	}
	*ret = gz;
	return NULL;
}

void iq_gzip_out_destroy(struct iq_gzip_out *gz)
{
	if (!gz)
		return;
	deflateEnd(&gz->z);
	free(gz);
}

/* Compresses until the input is used up or, with Z_FINISH, the end is written. */
static struct iq_error *run(struct iq_gzip_out *gz, int flush)
{
	int status;

	do {
		gz->z.next_out = gz->buffer;
		gz->z.avail_out = BUFFER_SIZE;
		status = deflate(&gz->z, flush);
		if (status == Z_STREAM_ERROR)
			return iq_error_new(IQ_ERROR_IO,
					    "gzip: the stream is broken");
		iq_out_bytes(gz->out, gz->buffer,
			     BUFFER_SIZE - gz->z.avail_out);
	} while (gz->z.avail_out == 0);
	return NULL;
}

struct iq_error *iq_gzip_out_bytes(struct iq_gzip_out *gz, const void *data,
				   size_t len)
{
	const Bytef *at = data;
	struct iq_error *err = NULL;

	while (len && !err) {
		size_t n = len < UINT_MAX ? len : UINT_MAX;

		// zlib up to 1.2 takes what it only reads without const.
		gz->z.next_in = (z_const Bytef *)(uintptr_t)at;
		gz->z.avail_in = (uInt)n;
		err = run(gz, Z_NO_FLUSH);
		at += n;
		len -= n;
	}
	return err;
}

struct iq_error *iq_gzip_out_finish(struct iq_gzip_out *gz)
{
	gz->z.next_in = NULL;
	gz->z.avail_in = 0;
	return run(gz, Z_FINISH);
}
