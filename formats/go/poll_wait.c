/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/poll_wait.h"

#include <string.h>

#include "formats/go/net_addr.h"
#include "formats/go/record.h"
#include "formats/go/stack_start.h"

/*
 * Bytes of a stack in which the poll.FD is looked for: the frames from gopark
 * to FD.Read, FD.Accept and their like have a few hundred.
 */
#define SCAN_MAX 4096
#define ADDRESS_MIN 4096
#define NAME_MAX_FILE 4096
#define NETWORK_MAX 32

/* fdMutex.state. Go: src/internal/poll/fd_mutex.go, mutexClosed. */
#define FDMU_CLOSED 1

static bool has_layout(const struct iq_go_layout *l)
{
	return iq_go_has(l->poll_fd_pd) && iq_go_has(l->poll_fd_sysfd) &&
	       iq_go_has(l->poll_desc_self) && iq_go_has(l->poll_desc_fd) &&
	       iq_go_has(l->poll_desc_rg) && iq_go_has(l->poll_desc_wg) &&
	       l->poll_fd_size && l->poll_desc_size;
}

/*
 * The poller's descriptor of the poll.FD at @fd: both name the same file, and
 * the descriptor itself. Go: src/runtime/netpoll.go, poll_runtime_pollOpen.
 */
static bool desc_read(const struct iq_go_runtime *rt, uint64_t fd,
		      struct iq_go_record *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t desc, self, sysfd;

	return iq_go_field_read(rt->memory, fd, l->poll_fd_pd, &desc) &&
	       desc >= ADDRESS_MIN && desc % 8 == 0 &&
	       iq_go_field_read(rt->memory, desc, l->poll_desc_self, &self) &&
	       self == desc &&
	       iq_go_record_read(rt->memory, desc, l->poll_desc_size, ret) &&
	       iq_go_field_read(rt->memory, fd, l->poll_fd_sysfd, &sysfd) &&
	       sysfd == iq_go_record_uint(ret, l->poll_desc_fd) &&
	       sysfd <= INT32_MAX;
}

/* Whether @g waits at @desc, and for which side. */
static bool waits_at(const struct iq_go_layout *l,
		     const struct iq_go_record *desc, uint64_t g,
		     bool *writes_ret)
{
	bool reads = iq_go_record_uint(desc, l->poll_desc_rg) == g;

	*writes_ret = iq_go_record_uint(desc, l->poll_desc_wg) == g;
	return reads != *writes_ret;
}

/* The poll.FD that @g waits for; it is none of its own stack's. */
static bool fd_find(const struct iq_go_runtime *rt, const struct iq_go_g *g,
		    uint64_t *fd_ret, struct iq_go_record *desc_ret,
		    bool *writes_ret)
{
	struct iq_go_unwind_start start;
	uint64_t end, word;

	if (iq_go_stack_start(rt, g, &start) != IQ_GO_START_FOUND ||
	    start.sp < start.lo || start.sp >= start.hi)
		return false;
	end = start.hi - start.sp > SCAN_MAX ? start.sp + SCAN_MAX : start.hi;
	for (uint64_t at = (start.sp + 7) & ~7ull; at < end; at += 8) {
		if (!iq_memory_u64(rt->memory, at, &word))
			return false;
		// An address of the stack has the descriptor's near it, too.
		if (word < ADDRESS_MIN || word % 8 != 0 ||
		    (word >= g->stack_lo && word < g->stack_hi))
			continue;
		if (desc_read(rt, word, desc_ret) &&
		    waits_at(rt->layout, desc_ret, g->addr, writes_ret)) {
			*fd_ret = word;
			return true;
		}
	}
	return false;
}

static int64_t deadline_ns(const struct iq_go_record *desc,
			   struct iq_go_field field)
{
	return iq_go_has(field) ? (int64_t)iq_go_record_uint(desc, field) : 0;
}

bool iq_go_poll_wait_read(const struct iq_go_runtime *rt,
			  const struct iq_go_g *g, struct iq_wait *wait,
			  bool *writes_ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record desc;
	uint64_t fd;
	int64_t ns;

	if (!has_layout(l) || !fd_find(rt, g, &fd, &desc, writes_ret))
		return false;
	wait->has_address = true;
	wait->address = fd;
	ns = deadline_ns(&desc,
			 *writes_ret ? l->poll_desc_wd : l->poll_desc_rd);
	wait->has_until = ns > 0;
	wait->until_ns = wait->has_until ? ns : 0;
	return true;
}

/* Go: src/runtime/netpoll.go, pollDesc, rd and wd. */
static struct iq_deadline deadline_of(const struct iq_go_record *desc,
				      struct iq_go_field field)
{
	int64_t ns = deadline_ns(desc, field);

	if (!iq_go_has(field))
		return (struct iq_deadline){ .kind = IQ_DEADLINE_UNKNOWN };
	if (ns == 0)
		return (struct iq_deadline){ .kind = IQ_DEADLINE_NONE };
	if (ns < 0)
		return (struct iq_deadline){ .kind = IQ_DEADLINE_EXPIRED };
	return (struct iq_deadline){ .kind = IQ_DEADLINE_SET, .ns = ns };
}

/* The string at @addr, of at most @max bytes; empty if it is none. */
static struct iq_error *string_read(const struct iq_go_runtime *rt,
				    uint64_t addr, size_t max,
				    struct iq_arena *arena, struct iq_str *ret)
{
	uint64_t data, len;
	char *text;

	*ret = IQ_STR("");
	if (!iq_memory_u64(rt->memory, addr, &data) ||
	    !iq_memory_u64(rt->memory, addr + 8, &len) || !len || len > max)
		return NULL;
	text = iq_arena_alloc(arena, (size_t)len);
	if (!text)
		return &iq_enomem;
	if (iq_memory_read(rt->memory, data, (size_t)len, text) &&
	    !memchr(text, '\0', (size_t)len))
		*ret = (struct iq_str){ text, (size_t)len };
	return NULL;
}

static struct iq_error *file_read(const struct iq_go_runtime *rt, uint64_t fd,
				  struct iq_arena *arena,
				  struct iq_fd_object *ret)
{
	const struct iq_go_layout *l = rt->layout;

	ret->kind = IQ_FD_FILE;
	if (!iq_go_has(l->os_file_name) || !iq_go_has(l->os_file_pfd))
		return NULL;
	return string_read(rt,
			   fd - l->os_file_pfd.offset + l->os_file_name.offset,
			   NAME_MAX_FILE, arena, &ret->name);
}

/*
 * What kind of network a socket of @family and @type has, whose name is at
 * @addr; the text is the executable's and may be missing. UNKNOWN if they do
 * not go together: then it is no socket.
 */
static struct iq_error *network_read(const struct iq_go_runtime *rt,
				     uint64_t addr, uint64_t family,
				     uint64_t type, struct iq_arena *arena,
				     enum iq_go_net *net_ret,
				     struct iq_str *name_ret)
{
	enum iq_go_net net = iq_go_net_of_socket(family, type);
	enum iq_go_net named;
	uint64_t data, len;
	struct iq_error *err;

	*net_ret = IQ_GO_NET_UNKNOWN;
	err = string_read(rt, addr, NETWORK_MAX, arena, name_ret);
	if (err || net == IQ_GO_NET_UNKNOWN)
		return err;
	if (!name_ret->len) {
		if (!iq_memory_u64(rt->memory, addr, &data) ||
		    !iq_memory_u64(rt->memory, addr + 8, &len) ||
		    iq_memory_state(rt->memory, data) != IQ_MEMORY_NOT_DUMPED)
			return NULL;
		*name_ret = iq_go_net_name(family, type, len);
		*net_ret = net;
		return NULL;
	}
	// Without privileges, pings go through datagrams.
	named = iq_go_net_of(*name_ret);
	if (named == net ||
	    (named == IQ_GO_NET_IP && type == IQ_GO_SOCKET_DGRAM))
		*net_ret = named;
	return NULL;
}

/*
 * A socket has its own address from when it listens or is connected: one that
 * has none is being connected. Go: src/net/sock_posix.go, listenStream, dial.
 */
static enum iq_fd_kind kind_of(uint64_t type, bool is_connected, bool has_local,
			       bool has_remote)
{
	if (has_remote || is_connected)
		return IQ_FD_CONNECTION;
	if (type == IQ_GO_SOCKET_DGRAM || type == IQ_GO_SOCKET_RAW)
		return IQ_FD_PACKET;
	return has_local ? IQ_FD_LISTENER : IQ_FD_CONNECTION;
}

static struct iq_error *socket_read(const struct iq_go_runtime *rt, uint64_t fd,
				    struct iq_arena *arena,
				    struct iq_fd_object *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t at = fd - l->net_fd_pfd.offset;
	uint64_t laddr = at + l->net_fd_laddr.offset;
	uint64_t raddr = at + l->net_fd_raddr.offset;
	uint64_t family, type, connected, local, remote;
	struct iq_error *err;
	enum iq_go_net net;
	struct iq_str name;

	if (!iq_go_has(l->net_fd_net) || !iq_go_has(l->net_fd_raddr) ||
	    !iq_go_field_read(rt->memory, at, l->net_fd_family, &family) ||
	    !iq_go_field_read(rt->memory, at, l->net_fd_sotype, &type) ||
	    !iq_go_field_read(rt->memory, at, l->net_fd_is_connected,
			      &connected) ||
	    !iq_memory_u64(rt->memory, laddr, &local) ||
	    !iq_memory_u64(rt->memory, raddr, &remote))
		return NULL;
	err = network_read(rt, at + l->net_fd_net.offset, family, type, arena,
			   &net, &name);
	if (err || net == IQ_GO_NET_UNKNOWN || connected > 1)
		return err;
	ret->net = name;
	ret->kind = kind_of(type, connected, local, remote);
	err = iq_go_net_addr_read(rt, laddr, net, family, arena, &ret->local);
	return err ? err :
		     iq_go_net_addr_read(rt, raddr, net, family, arena,
					 &ret->remote);
}

static bool is_closing(const struct iq_go_runtime *rt, uint64_t fd,
		       const struct iq_go_record *desc)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t state;

	if (iq_go_record_uint(desc, l->poll_desc_closing) == 1)
		return true;
	return iq_go_field_read(rt->memory, fd, l->poll_fd_fdmu_state,
				&state) &&
	       (state & FDMU_CLOSED);
}

struct iq_error *iq_go_poll_object_read(const struct iq_go_runtime *rt,
					uint64_t address,
					struct iq_arena *arena,
					struct iq_object *ret)
{
	const struct iq_go_layout *l = rt->layout;
	struct iq_go_record desc;
	struct iq_fd_object *fd = &ret->fd;
	uint64_t is_file;

	ret->kind = IQ_WAIT_FD;
	ret->address = address;
	*fd = (struct iq_fd_object){ 0 };
	ret->is_read = has_layout(l) && desc_read(rt, address, &desc);
	if (!ret->is_read)
		return NULL;
	fd->has_fd = true;
	fd->fd = (int64_t)iq_go_record_uint(&desc, l->poll_desc_fd);
	fd->read_deadline = deadline_of(&desc, l->poll_desc_rd);
	fd->write_deadline = deadline_of(&desc, l->poll_desc_wd);
	fd->closing = is_closing(rt, address, &desc);
	if (!iq_go_field_read(rt->memory, address, l->poll_fd_is_file,
			      &is_file) ||
	    is_file > 1)
		return NULL;
	return is_file ? file_read(rt, address, arena, fd) :
			 socket_read(rt, address, arena, fd);
}

enum iq_wait_op iq_go_poll_op(const struct iq_fd_object *fd, bool writes,
			      enum iq_wait_op told)
{
	// Nobody reads from a listener.
	if (!writes && fd->kind == IQ_FD_LISTENER)
		return IQ_OP_ACCEPT;
	if (writes ? told == IQ_OP_WRITE || told == IQ_OP_CONNECT :
		     told == IQ_OP_READ || told == IQ_OP_ACCEPT)
		return told;
	if (fd->kind == IQ_FD_UNKNOWN || fd->kind == IQ_FD_LISTENER)
		return IQ_OP_UNKNOWN;
	if (!writes)
		return IQ_OP_READ;
	// A connection that is being made has no peer yet.
	return fd->kind == IQ_FD_FILE || fd->remote.len ? IQ_OP_WRITE :
							  IQ_OP_UNKNOWN;
}

/* Whether a page is not in the core that the net.Addr at @iface is made of:
 * what it points to begins with a pointer to the address itself. */
static bool is_left_out(const struct iq_go_runtime *rt, uint64_t iface)
{
	uint64_t itab, data, bytes;

	if (!iq_memory_u64(rt->memory, iface, &itab) || !itab ||
	    !iq_memory_u64(rt->memory, iface + 8, &data))
		return false;
	if (!iq_memory_u64(rt->memory, data, &bytes))
		return iq_memory_state(rt->memory, data) ==
		       IQ_MEMORY_NOT_DUMPED;
	return iq_memory_state(rt->memory, bytes) == IQ_MEMORY_NOT_DUMPED;
}

/* Says which addresses of a socket are lost. */
static struct iq_error *lost_tell(struct iq_go_wait_reader *r,
				  const struct iq_object *object)
{
	const struct iq_go_layout *l = r->rt->layout;
	uint64_t at = object->address - l->net_fd_pfd.offset;
	bool local, remote;

	if (!object->is_read || object->fd.kind == IQ_FD_FILE ||
	    object->fd.kind == IQ_FD_UNKNOWN)
		return NULL;
	local = !object->fd.local.len &&
		is_left_out(r->rt, at + l->net_fd_laddr.offset);
	remote = !object->fd.remote.len &&
		 is_left_out(r->rt, at + l->net_fd_raddr.offset);
	if (!local && !remote)
		return NULL;
	return iq_go_wait_object_problem(
		r, object, object->address,
		"the page of an address of its socket is not in the core");
}

struct iq_error *iq_go_wait_fd_read(struct iq_go_wait_reader *r, size_t i,
				    struct iq_wait *wait)
{
	const struct iq_go_runtime *rt = r->rt;
	struct iq_object *object;
	struct iq_error *err;
	bool is_new, writes;

	if (!iq_go_poll_wait_read(rt, &rt->gs[i], wait, &writes))
		return iq_go_wait_problem(
			r, i, rt->gs[i].addr,
			"the file or socket that it waits for is not found");
	err = iq_go_wait_object(r, IQ_WAIT_FD, wait->address, &object, &is_new);
	if (!err && is_new)
		err = iq_go_poll_object_read(rt, wait->address, &r->arena,
					     object);
	if (!err && is_new)
		err = lost_tell(r, object);
	// Nobody accepts from what is connected.
	if (!err && is_new && wait->op == IQ_OP_ACCEPT && object->is_read &&
	    object->fd.kind == IQ_FD_CONNECTION) {
		object->is_read = false;
		object->fd = (struct iq_fd_object){ .kind = IQ_FD_UNKNOWN };
		err = iq_go_wait_object_problem(
			r, object, object->address,
			"a socket is called connected from which somebody accepts");
	}
	if (err)
		return err;
	wait->object = object;
	wait->op = iq_go_poll_op(&object->fd, writes, wait->op);
	return NULL;
}
