/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/fd_limit.h"

#include <endian.h>
#include <string.h>

#include "formats/go/record.h"
#include "model/object.h"

/* No process has more. Linux: fs.nr_open is at most 2^30. */
#define FDS_MAX (1u << 30)

/* ---- the highest one */

static void raise(struct iq_process_fact *p, int64_t fd)
{
	if (fd < 0 || fd >= FDS_MAX ||
	    (p->has_highest_fd && fd <= p->highest_fd))
		return;
	p->has_highest_fd = true;
	p->highest_fd = fd;
}

static void raise_by_waits(const struct iq_go_runtime *rt, size_t first)
{
	for (size_t i = first; i < rt->facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *g =
			&rt->facts->goroutines.data[i];

		for (uint32_t k = 0; k < g->num_waits; k++) {
			const struct iq_syscall_fact *call =
				g->waits[k].syscall;

			if (call && call->has_fd)
				raise(&rt->facts->process, call->fd);
		}
	}
}

/*
 * Descriptors of the poller stand in blocks of a few KiB, cut from chunks of
 * 256 KiB: what is further from a known one than that may be anything.
 * Go: src/runtime/netpoll.go, pollCache.alloc; malloc.go, persistentChunkSize.
 */
#define CHUNK (256u << 10)
#define SCAN_MAX (64u << 20)

/* One that was never used has no self, one that was given back is closing. */
static void raise_by_desc(const struct iq_go_runtime *rt, uint64_t desc)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t fd, closing;

	if (iq_go_field_read(rt->memory, desc, l->poll_desc_closing,
			     &closing) &&
	    closing == 0 &&
	    iq_go_field_read(rt->memory, desc, l->poll_desc_fd, &fd) &&
	    fd < FDS_MAX)
		raise(&rt->facts->process, (int64_t)fd);
}

/* What of @range lies in [@begin, @end). */
static void scan_range(const struct iq_go_runtime *rt,
		       const struct iq_memory_range *range, uint64_t begin,
		       uint64_t end)
{
	const uint64_t self = rt->layout->poll_desc_self.offset;
	uint64_t have, word;
	const uint8_t *bytes;

	if (range->addr > begin)
		begin = range->addr;
	if (range->addr + range->len < end)
		end = range->addr + range->len;
	begin = (begin + 7) & ~7ull;
	if (range->state != IQ_MEMORY_PRESENT || begin >= end)
		return;
	bytes = iq_memory_window(rt->memory, begin, &have);
	if (!bytes)
		return;
	if (have > end - begin)
		have = end - begin;
	for (uint64_t at = 0; at + 8 <= have; at += 8) {
		memcpy(&word, bytes + at, sizeof(word));
		if (le64toh(word) == begin + at - self)
			raise_by_desc(rt, begin + at - self);
	}
}

/* Where the poller's descriptors of the known files are: [lo, hi). */
static bool descs_span(const struct iq_go_runtime *rt, uint64_t *lo_ret,
		       uint64_t *hi_ret)
{
	uint64_t lo = UINT64_MAX, hi = 0, desc;

	for (size_t i = 0; i < rt->facts->objects.len; i++) {
		const struct iq_object *o = rt->facts->objects.data[i];

		if (o->kind != IQ_WAIT_FD || !o->is_read)
			continue;
		if (o->fd.has_fd)
			raise(&rt->facts->process, o->fd.fd);
		if (!iq_go_field_read(rt->memory, o->address,
				      rt->layout->poll_fd_pd, &desc))
			continue;
		lo = desc < lo ? desc : lo;
		hi = desc > hi ? desc : hi;
	}
	*lo_ret = (lo > CHUNK ? lo - CHUNK : 0) & ~7ull;
	*hi_ret = hi + CHUNK;
	return hi != 0;
}

static void raise_by_poller(const struct iq_go_runtime *rt)
{
	const struct iq_memory_range *ranges;
	uint64_t lo, hi;
	size_t num;

	if (!descs_span(rt, &lo, &hi) ||
	    !iq_go_has(rt->layout->poll_desc_self) || hi < lo ||
	    hi - lo > SCAN_MAX)
		return;
	ranges = iq_memory_ranges(rt->memory, &num);
	for (size_t i = 0; i < num; i++)
		scan_range(rt, &ranges[i], lo, hi);
}

/* ---- the limit */

/*
 * Programs raise their soft limit as they start, as far as the hard one, and
 * keep what it was before in syscall.origRlimitNofile, until they set one of
 * their own. Go: src/syscall/rlimit.go.
 */
static const struct {
	unsigned minor; /* from this version on */
	bool is_value;	/* an atomic.Value {type, pointer}, else a pointer */
	uint64_t less;	/* taken off the hard limit */
} rows[] = {
	{ .minor = 19, .is_value = true, .less = 0 },
	{ .minor = 22, .is_value = false, .less = 0 },
	{ .minor = 24, .is_value = false, .less = 1 },
};

/* Rlimit {Cur, Max uint64} */
#define RLIMIT_MAX 8

static void limit_read(const struct iq_go_runtime *rt)
{
	struct iq_process_fact *p = &rt->facts->process;
	size_t row = IQ_ARRAY_SIZE(rows);
	unsigned minor, patch;
	uint64_t addr, limit, cur, max;

	if (!iq_go_version_parse(rt->program->go_version, &minor, &patch))
		return;
	while (row && rows[row - 1].minor > minor)
		row--;
	if (!row || !iq_go_program_symbol(rt->program,
					  "syscall.origRlimitNofile", &addr))
		return;
	row--;
	addr += rows[row].is_value ? 8 : 0;
	if (!iq_memory_u64(rt->memory, addr, &limit) || !limit ||
	    !iq_memory_u64(rt->memory, limit, &cur) ||
	    !iq_memory_u64(rt->memory, limit + RLIMIT_MAX, &max) || !max ||
	    cur >= max || max > FDS_MAX)
		return;
	p->has_fd_limit = true;
	p->fd_limit = max - rows[row].less;
}

void iq_go_fds_fill(const struct iq_go_runtime *rt, size_t first)
{
	raise_by_waits(rt, first);
	raise_by_poller(rt);
	limit_read(rt);
}
