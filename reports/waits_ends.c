/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/waits_ends.h"

#include <xxhash.h>

#include "base/map.h"

/* How many connections have an address at one of their ends. */
struct iq_waits_end {
	UT_hash_handle hh;
	struct iq_str address;
	uint32_t remote, local;
};

static struct iq_waits_end *find(const struct iq_waits_ends *ends,
				 struct iq_str address)
{
	struct iq_waits_end *e = NULL;

	if (address.len)
		HASH_FIND(hh, ends->table, address.ptr, address.len, e);
	return e;
}

static bool count(struct iq_waits_ends *ends, struct iq_arena *arena,
		  struct iq_str address, bool remote)
{
	struct iq_waits_end *e = find(ends, address);
	bool iq_map_failed = false;

	if (!address.len)
		return true;
	if (!e) {
		e = iq_arena_calloc(arena, 1, sizeof(*e));
		if (!e)
			return false;
		e->address = address;
		HASH_ADD_KEYPTR(hh, ends->table, e->address.ptr, e->address.len,
				e);
	}
	*(remote ? &e->remote : &e->local) += 1;
	return !iq_map_failed;
}

struct iq_error *iq_waits_ends_count(struct iq_waits_ends *ends,
				     const struct iq_graph *graph,
				     struct iq_arena *arena)
{
	for (size_t i = 0; i < graph->num_nodes; i++) {
		const struct iq_object *o = graph->nodes[i].object;

		if (!o || !o->is_read || o->kind != IQ_WAIT_FD ||
		    o->fd.kind != IQ_FD_CONNECTION)
			continue;
		if (!count(ends, arena, o->fd.remote, true) ||
		    !count(ends, arena, o->fd.local, false))
			return &iq_enomem;
	}
	return NULL;
}

void iq_waits_ends_deinit(struct iq_waits_ends *ends)
{
	HASH_CLEAR(hh, ends->table);
}

uint64_t iq_waits_ends_peer(const struct iq_waits_ends *ends,
			    const struct iq_fd_object *fd,
			    uint64_t *came_in_ret)
{
	const struct iq_waits_end *remote = find(ends, fd->remote);
	const struct iq_waits_end *local = find(ends, fd->local);
	bool came_in =
		(!remote || remote->remote < 2) && local && local->local > 1;
	struct iq_str by = came_in ? fd->local : fd->remote;

	*came_in_ret = came_in;
	return by.len ? XXH3_64bits(by.ptr, by.len) : 0;
}
