/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <zlib.h>

#include "formats/source_codec.h"

// RFC 1952, section 2.3.1: the first byte of a member.
#define GZIP_ID1 0x1f

struct gzip {
	z_stream z;
	struct iq_inflow *in;
	struct iq_spool *spool;
	struct iq_error **damage_ret;
};

/* Inflates what of the current chunk goes into the room of the spool. */
static int gzip_step(struct gzip *g, uint8_t *room, size_t room_len)
{
	struct iq_inflow *in = g->in;
	size_t left = in->len - in->pos;
	uInt given = left < UINT_MAX ? (uInt)left : UINT_MAX;
	int rc;

	g->z.next_in = (z_const Bytef *)in->data + in->pos;
	g->z.avail_in = given;
	g->z.next_out = room;
	g->z.avail_out = (uInt)room_len;
	rc = inflate(&g->z, Z_NO_FLUSH);
	in->pos += given - g->z.avail_in;
	iq_spool_commit(g->spool, room_len - g->z.avail_out);
	return rc;
}

/* Inflates one member; false if the stream stops inside it. */
static bool gzip_member(struct gzip *g)
{
	uint8_t *room;
	size_t len;
	int rc;

	do {
		room = iq_spool_room(g->spool, &len);
		if (!room)
			return false;
		// Output may be due without input; then the last step left no
		// room. Without both, inflate() says Z_BUF_ERROR.
		iq_inflow_more(g->in);
		rc = gzip_step(g, room, len);
	} while (rc == Z_OK);
	if (rc == Z_STREAM_END)
		return true;
	if (rc == Z_BUF_ERROR)
		*g->damage_ret =
			iq_error_at(IQ_ERROR_TRUNCATED, iq_inflow_offset(g->in),
				    "gzip stream ends early at byte %" PRIu64
				    " of the file",
				    iq_inflow_offset(g->in));
	else if (rc == Z_MEM_ERROR)
		*g->damage_ret = &iq_enomem;
	else
		*g->damage_ret = iq_error_at(
			IQ_ERROR_FORMAT, iq_inflow_offset(g->in),
			"gzip stream is damaged at byte %" PRIu64
			" of the file: %s",
			iq_inflow_offset(g->in), g->z.msg ? g->z.msg : "");
	return false;
}

/*
 * Whether another member follows. Zeros after the last one are padding, as
 * gzip(1) has it; anything else is told.
 */
static bool gzip_follows(struct gzip *g)
{
	while (iq_inflow_more(g->in)) {
		uint8_t next = g->in->data[g->in->pos];

		if (next == GZIP_ID1)
			return inflateReset(&g->z) == Z_OK;
		if (next != 0) {
			*g->damage_ret = iq_error_at(
				IQ_ERROR_FORMAT, iq_inflow_offset(g->in),
				"bytes that are not gzip follow the stream at "
				"byte %" PRIu64 " of the file",
				iq_inflow_offset(g->in));
			return false;
		}
		g->in->pos++;
	}
	return false;
}

static struct iq_error *gzip_run(struct iq_inflow *in, struct iq_spool *spool,
				 struct iq_error **damage_ret)
{
	struct iq_error *damage = NULL;
	struct gzip g = { .in = in, .spool = spool, .damage_ret = &damage };

	// zlib.h, inflateInit2(): 16 more than the window's bits decodes gzip
	// alone.
	if (inflateInit2(&g.z, MAX_WBITS + 16) != Z_OK)
		return &iq_enomem;
	while (gzip_member(&g) && gzip_follows(&g))
		;
	inflateEnd(&g.z);
	if (damage == &iq_enomem)
		return damage;
	*damage_ret = damage;
	return NULL;
}

bool iq_zlib_inflate(const uint8_t *data, size_t len, uint8_t *dst, size_t size)
{
	uLongf room = size;

	return uncompress(dst, &room, data, len) == Z_OK && room == size;
}

uint32_t iq_zlib_crc32(const uint8_t *data, uint64_t len)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, (z_size_t)len);
}

const struct iq_decompressor iq_decompressor_gzip = {
	.name = "gzip",
	.run = gzip_run,
};
