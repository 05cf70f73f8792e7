/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/source_codec.h"

#ifdef HAVE_LZMA

#include <inttypes.h>
#include <lzma.h>

// xz-file-format.txt 1.2.1, section 2.1.1.1: the first byte of a stream.
#define XZ_ID1 0xfd
// Four times what "xz -9" asks for: the most that a stream may make us allocate.
#define XZ_MEMORY (UINT64_C(256) << 20)

struct xz {
	lzma_stream z;
	struct iq_inflow *in;
	struct iq_spool *spool;
	struct iq_error **damage_ret;
};

static lzma_ret xz_begin(struct xz *x)
{
	// The checks that a stream may have without a library for them are
	// left out, not refused.
	return lzma_stream_decoder(&x->z, XZ_MEMORY, 0);
}

/* Inflates what of the current chunk goes into the room of the spool. */
static lzma_ret xz_step(struct xz *x, uint8_t *room, size_t room_len)
{
	struct iq_inflow *in = x->in;
	lzma_ret rc;

	x->z.next_in = in->data + in->pos;
	x->z.avail_in = in->len - in->pos;
	x->z.next_out = room;
	x->z.avail_out = room_len;
	rc = lzma_code(&x->z, LZMA_RUN);
	in->pos = in->len - x->z.avail_in;
	iq_spool_commit(x->spool, room_len - x->z.avail_out);
	return rc;
}

static const char *xz_reason(lzma_ret rc)
{
	switch (rc) {
	case LZMA_FORMAT_ERROR:
		return "not an xz stream";
	case LZMA_OPTIONS_ERROR:
		return "a filter or an option that is not known";
	case LZMA_MEMLIMIT_ERROR:
		return "its dictionary does not fit into 256 MiB";
	default:
		return "corrupt data";
	}
}

static struct iq_error *xz_damage(const struct xz *x, lzma_ret rc)
{
	uint64_t at = iq_inflow_offset(x->in);

	if (rc == LZMA_MEM_ERROR)
		return &iq_enomem;
	if (rc == LZMA_BUF_ERROR)
		return iq_error_at(IQ_ERROR_TRUNCATED, at,
				   "xz stream ends early at byte %" PRIu64
				   " of the file",
				   at);
	return iq_error_at(
		rc == LZMA_MEMLIMIT_ERROR ? IQ_ERROR_LIMIT : IQ_ERROR_FORMAT,
		at, "xz stream is damaged at byte %" PRIu64 " of the file: %s",
		at, xz_reason(rc));
}

/* Inflates one stream; false if the file stops inside it. */
static bool xz_stream(struct xz *x)
{
	lzma_ret rc = xz_begin(x);
	uint8_t *room;
	size_t len;

	while (rc == LZMA_OK) {
		room = iq_spool_room(x->spool, &len);
		if (!room)
			return false;
		// Output may be due without input; when neither input comes
		// nor output, lzma_code() says LZMA_BUF_ERROR the second time.
		iq_inflow_more(x->in);
		rc = xz_step(x, room, len);
	}
	if (rc == LZMA_STREAM_END)
		return true;
	*x->damage_ret = xz_damage(x, rc);
	return false;
}

/* Whether another stream follows. Zeros after a stream are padding. */
static bool xz_follows(struct xz *x)
{
	while (iq_inflow_more(x->in)) {
		uint8_t next = x->in->data[x->in->pos];

		if (next == XZ_ID1)
			return true;
		if (next != 0) {
			*x->damage_ret = iq_error_at(
				IQ_ERROR_FORMAT, iq_inflow_offset(x->in),
				"bytes that are not xz follow the stream at "
				"byte %" PRIu64 " of the file",
				iq_inflow_offset(x->in));
			return false;
		}
		x->in->pos++;
	}
	return false;
}

static struct iq_error *xz_run(struct iq_inflow *in, struct iq_spool *spool,
			       struct iq_error **damage_ret)
{
	struct iq_error *damage = NULL;
	struct xz x = {
		.z = LZMA_STREAM_INIT,
		.in = in,
		.spool = spool,
		.damage_ret = &damage,
	};

	while (xz_stream(&x) && xz_follows(&x))
		;
	lzma_end(&x.z);
	if (damage == &iq_enomem)
		return damage;
	*damage_ret = damage;
	return NULL;
}

#else
#define xz_run NULL
#endif

const struct iq_decompressor iq_decompressor_xz = {
	.name = "xz",
	.run = xz_run,
};
