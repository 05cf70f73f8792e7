/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/source_codec.h"

#ifdef HAVE_ZSTD

#include <inttypes.h>
#include <zstd.h>
#include <zstd_errors.h>

// What "zstd --long" asks for, and the most that a stream may make us allocate.
#define ZSTD_WINDOW_LOG 27

struct zstd {
	ZSTD_DStream *stream;
	struct iq_inflow *in;
	struct iq_spool *spool;
	/* Offset in the file of the current frame. */
	uint64_t frame;
	/* A frame has begun and not ended. */
	bool inside;
};

/*
 * Inflates what of the current chunk goes into @room; ZSTD's return value, and
 * whether more may be due without further input.
 */
static size_t zstd_step(struct zstd *z, uint8_t *room, size_t room_len,
			bool *pending_ret)
{
	ZSTD_inBuffer in = { z->in->data, z->in->len, z->in->pos };
	ZSTD_outBuffer out = { room, room_len, 0 };
	size_t rc = ZSTD_decompressStream(z->stream, &out, &in);

	z->in->pos = in.pos;
	iq_spool_commit(z->spool, out.pos);
	*pending_ret = rc != 0 && out.pos == out.size;
	if (rc == 0)
		z->frame = iq_inflow_offset(z->in);
	z->inside = rc != 0;
	return rc;
}

static struct iq_error *zstd_damage(const struct zstd *z, size_t rc)
{
	uint64_t at = iq_inflow_offset(z->in);

	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		return &iq_enomem;
	if (ZSTD_getErrorCode(rc) == ZSTD_error_prefix_unknown && z->frame > 0)
		return iq_error_at(IQ_ERROR_FORMAT, z->frame,
				   "bytes that are not zstd follow the stream "
				   "at byte %" PRIu64 " of the file",
				   z->frame);
	return iq_error_at(IQ_ERROR_FORMAT, at,
			   "zstd stream is damaged at byte %" PRIu64
			   " of the file: %s",
			   at, ZSTD_getErrorName(rc));
}

/* Inflates all frames; NULL or what is wrong with the stream. */
static struct iq_error *zstd_frames(struct zstd *z)
{
	bool pending = false;
	uint8_t *room;
	size_t len, rc;

	while (iq_inflow_more(z->in) || pending) {
		room = iq_spool_room(z->spool, &len);
		if (!room)
			return NULL;
		rc = zstd_step(z, room, len, &pending);
		if (ZSTD_isError(rc))
			return zstd_damage(z, rc);
	}
	if (!z->inside)
		return NULL;
	return iq_error_at(IQ_ERROR_TRUNCATED, iq_inflow_offset(z->in),
			   "zstd stream ends early at byte %" PRIu64
			   " of the file",
			   iq_inflow_offset(z->in));
}

static struct iq_error *zstd_run(struct iq_inflow *in, struct iq_spool *spool,
				 struct iq_error **damage_ret)
{
	struct zstd z = { .in = in, .spool = spool };
	struct iq_error *damage;
	size_t rc;

	z.stream = ZSTD_createDStream();
	if (!z.stream)
		return &iq_enomem;
	rc = ZSTD_DCtx_setParameter(z.stream, ZSTD_d_windowLogMax,
				    ZSTD_WINDOW_LOG);
	damage = ZSTD_isError(rc) ? zstd_damage(&z, rc) : zstd_frames(&z);
	ZSTD_freeDStream(z.stream);
	if (damage == &iq_enomem)
		return damage;
	*damage_ret = damage;
	return NULL;
}

#else
#define zstd_run NULL
#endif

const struct iq_decompressor iq_decompressor_zstd = {
	.name = "zstd",
	.run = zstd_run,
};
