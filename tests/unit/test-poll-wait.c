/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/go/fd_limit.h"
#include "formats/go/goroutine.h"
#include "formats/go/net_addr.h"
#include "formats/go/poll_wait.h"
#include "formats/go/type.h"
#include "go-process.h"

/* A goroutine that reads from a TCP connection to 10.0.0.7:5432. */
struct polling {
	struct go_process p;
	const struct iq_go_layout *l;
	uint64_t g, fd, desc, local, remote;
	struct iq_arena arena;
	struct iq_wait wait;
	struct iq_object object;
};

static uint64_t type_make(struct go_process *p, const char *name)
{
	const struct iq_go_layout *l = p->image.version->layout;
	uint64_t text = go_process_alloc(p, 64);
	uint64_t type = go_process_alloc(p, l->type_header_size);

	go_process_put(p, text + 1, strlen(name), 1);
	go_process_text(p, text + 2, name);
	go_process_field(p, type, l->type_size, 8);
	go_process_field(p, type, l->type_kind, IQ_GO_KIND_POINTER);
	go_process_field(p, type, l->type_str, text - GO_PROCESS_HEAP);
	return type;
}

static void text_make(struct go_process *p, uint64_t addr, const char *text)
{
	uint64_t at = go_process_alloc(p, strlen(text) + 1);

	go_process_text(p, at, text);
	go_process_slice(p, addr, at, strlen(text));
}

/* A net.Addr of @type at @addr; the address of the TCPAddr. */
static uint64_t addr_make(struct polling *t, uint64_t addr, const char *type,
			  uint32_t ip, uint64_t port)
{
	uint64_t itab = go_process_alloc(&t->p, 32);
	uint64_t data = go_process_alloc(&t->p, t->l->tcp_addr_size);
	// {Port, Addr}, as the kernel has filled it.
	uint64_t bytes = go_process_alloc(&t->p, 16) + 8;

	go_process_word(&t->p, itab + 8, type_make(&t->p, type));
	for (unsigned i = 0; i < 4; i++)
		go_process_put(&t->p, bytes + i, ip >> (24 - 8 * i) & 0xff, 1);
	go_process_slice(&t->p, data + t->l->tcp_addr_ip.offset, bytes, 4);
	go_process_word(&t->p, bytes - 8, port);
	go_process_field(&t->p, data, t->l->tcp_addr_port, port);
	go_process_slice(&t->p, addr, itab, data);
	return data;
}

static void begin(struct polling *t, const char *version)
{
	const struct iq_go_layout *l;

	memset(t, 0, sizeof(*t));
	iq_arena_init(&t->arena);
	go_process_init(&t->p, version);
	l = t->l = t->p.image.version->layout;
	t->g = go_process_g(&t->p, 1, IQ_GSTATUS_WAITING, "IO wait");
	t->fd = go_process_alloc(&t->p, l->net_fd_size);
	t->desc = go_process_alloc(&t->p, l->poll_desc_size);
	go_process_field(&t->p, t->desc, l->poll_desc_self, t->desc);
	go_process_field(&t->p, t->desc, l->poll_desc_fd, 9);
	go_process_field(&t->p, t->desc, l->poll_desc_rg, t->g);
	go_process_field(&t->p, t->desc, l->poll_desc_rd, 5000);
	go_process_field(&t->p, t->desc, l->poll_desc_wd, UINT64_MAX);
	go_process_field(&t->p, t->fd, l->poll_fd_sysfd, 9);
	go_process_field(&t->p, t->fd, l->poll_fd_pd, t->desc);
	go_process_field(&t->p, t->fd, l->net_fd_family, IQ_GO_FAMILY_INET);
	go_process_field(&t->p, t->fd, l->net_fd_sotype, IQ_GO_SOCKET_STREAM);
	go_process_field(&t->p, t->fd, l->net_fd_is_connected, 1);
	text_make(&t->p, t->fd + l->net_fd_net.offset, "tcp");
	t->local = addr_make(t, t->fd + l->net_fd_laddr.offset, "*net.TCPAddr",
			     0x7f000001, 40000);
	t->remote = addr_make(t, t->fd + l->net_fd_raddr.offset, "*net.TCPAddr",
			      0x0a000007, 5432);
	go_process_word(&t->p, go_process_sp(&t->p, t->g) + 8, t->fd);
}

/* Whether it was found. */
static bool read_wait(struct polling *t)
{
	struct iq_error *err;
	bool writes;

	go_process_allgs(&t->p);
	go_process_open(&t->p);
	t->p.rt.allgs_addr = GO_PROCESS_BSS + 64;
	err = iq_go_goroutines_read(&t->p.rt);
	assert_null(err);
	t->wait.kind = IQ_WAIT_FD;
	if (!iq_go_poll_wait_read(&t->p.rt, &t->p.rt.gs[0], &t->wait, &writes))
		return false;
	err = iq_go_poll_object_read(&t->p.rt, t->wait.address, &t->arena,
				     &t->object);
	assert_null(err);
	t->wait.op = iq_go_poll_op(&t->object.fd, writes, t->wait.op);
	return true;
}

static void end(struct polling *t)
{
	iq_arena_deinit(&t->arena);
	go_process_close(&t->p);
}

static void assert_str(struct iq_str s, const char *wanted)
{
	assert_int_equal(s.len, strlen(wanted));
	assert_memory_equal(s.ptr, wanted, s.len);
}

static void connection_is_found_with_both_addresses(void **state iq_unused)
{
	static const char *const versions[] = { "go1.18.10", "go1.22.12",
						"go1.24.11", "go1.27.4" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		const struct iq_fd_object *fd;
		struct polling t;

		begin(&t, versions[i]);
		assert_true(read_wait(&t));
		assert_int_equal(t.wait.address, t.fd);
		assert_int_equal(t.wait.op, IQ_OP_READ);
		assert_true(t.wait.has_until);
		assert_int_equal(t.wait.until_ns, 5000);
		fd = &t.object.fd;
		assert_true(t.object.is_read && fd->has_fd);
		assert_int_equal(fd->fd, 9);
		assert_int_equal(fd->kind, IQ_FD_CONNECTION);
		assert_str(fd->net, "tcp");
		assert_str(fd->local, "127.0.0.1:40000");
		assert_str(fd->remote, "10.0.0.7:5432");
		assert_int_equal(fd->read_deadline.kind, IQ_DEADLINE_SET);
		assert_int_equal(fd->write_deadline.kind, IQ_DEADLINE_EXPIRED);
		assert_false(fd->closing);
		end(&t);
	}
}

static void listener_has_no_peer(void **state iq_unused)
{
	struct polling t;

	begin(&t, "go1.26.8");
	t.wait.op = IQ_OP_ACCEPT;
	go_process_field(&t.p, t.fd, t.l->net_fd_is_connected, 0);
	go_process_slice(&t.p, t.fd + t.l->net_fd_raddr.offset, 0, 0);
	assert_true(read_wait(&t));
	assert_int_equal(t.wait.op, IQ_OP_ACCEPT);
	assert_int_equal(t.object.fd.kind, IQ_FD_LISTENER);
	assert_int_equal(t.object.fd.remote.len, 0);
	end(&t);
}

static void operation_that_is_not_sure_is_unknown(void **state iq_unused)
{
	static const struct {
		enum iq_fd_kind kind;
		bool writes;
		enum iq_wait_op told, wanted;
	} rows[] = {
		{ IQ_FD_UNKNOWN, false, IQ_OP_UNKNOWN, IQ_OP_UNKNOWN },
		{ IQ_FD_UNKNOWN, false, IQ_OP_ACCEPT, IQ_OP_ACCEPT },
		{ IQ_FD_UNKNOWN, false, IQ_OP_CONNECT, IQ_OP_UNKNOWN },
		{ IQ_FD_LISTENER, false, IQ_OP_UNKNOWN, IQ_OP_ACCEPT },
		{ IQ_FD_LISTENER, true, IQ_OP_UNKNOWN, IQ_OP_UNKNOWN },
		{ IQ_FD_CONNECTION, false, IQ_OP_UNKNOWN, IQ_OP_READ },
		{ IQ_FD_CONNECTION, true, IQ_OP_UNKNOWN, IQ_OP_UNKNOWN },
		{ IQ_FD_CONNECTION, true, IQ_OP_CONNECT, IQ_OP_CONNECT },
		{ IQ_FD_FILE, true, IQ_OP_UNKNOWN, IQ_OP_WRITE },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(rows); i++) {
		const struct iq_fd_object fd = { .kind = rows[i].kind };

		assert_int_equal(
			iq_go_poll_op(&fd, rows[i].writes, rows[i].told),
			rows[i].wanted);
	}
}

static void file_has_its_name(void **state iq_unused)
{
	struct polling t;

	begin(&t, "go1.26.8");
	go_process_field(&t.p, t.fd, t.l->poll_fd_is_file, 1);
	text_make(&t.p, t.fd + t.l->os_file_name.offset, "|0");
	go_process_field(&t.p, t.desc, t.l->poll_desc_closing, 1);
	assert_true(read_wait(&t));
	assert_int_equal(t.object.fd.kind, IQ_FD_FILE);
	assert_str(t.object.fd.name, "|0");
	assert_int_equal(t.object.fd.local.len, 0);
	assert_true(t.object.fd.closing);
	end(&t);
}

static void zeros_are_no_name(void **state iq_unused)
{
	struct polling t;

	begin(&t, "go1.26.8");
	go_process_field(&t.p, t.fd, t.l->poll_fd_is_file, 1);
	text_make(&t.p, t.fd + t.l->os_file_name.offset, "|0");
	go_process_word(&t.p, t.fd + t.l->os_file_name.offset,
			go_process_alloc(&t.p, 16));
	assert_true(read_wait(&t));
	assert_int_equal(t.object.fd.name.len, 0);
	end(&t);
}

static void writer_has_its_own_deadline(void **state iq_unused)
{
	struct polling t;

	begin(&t, "go1.26.8");
	go_process_field(&t.p, t.desc, t.l->poll_desc_rg, 0);
	go_process_field(&t.p, t.desc, t.l->poll_desc_wg, t.g);
	assert_true(read_wait(&t));
	assert_int_equal(t.wait.op, IQ_OP_WRITE);
	assert_false(t.wait.has_until);
	end(&t);
}

static void descriptor_that_disagrees_is_none(void **state iq_unused)
{
	struct polling t;

	for (unsigned i = 0; i < 4; i++) {
		begin(&t, "go1.26.8");
		if (i == 0)
			go_process_field(&t.p, t.desc, t.l->poll_desc_self,
					 t.desc + 8);
		else if (i == 1)
			go_process_field(&t.p, t.desc, t.l->poll_desc_fd, 10);
		else if (i == 2)
			go_process_field(&t.p, t.desc, t.l->poll_desc_rg,
					 t.g + 8);
		else
			go_process_field(&t.p, t.desc, t.l->poll_desc_wg, t.g);
		assert_false(read_wait(&t));
		assert_false(t.wait.has_address);
		end(&t);
	}
}

/* Breaks one thing of the peer's address. */
static void damage(struct polling *t, unsigned i)
{
	const struct iq_go_layout *l = t->l;

	if (i == 0)
		go_process_field(&t->p, t->remote, l->tcp_addr_port, 5433);
	else if (i == 1)
		go_process_word(&t->p, t->remote + l->tcp_addr_ip.offset + 8,
				5);
	else if (i == 2)
		go_process_word(&t->p, t->remote + l->tcp_addr_ip.offset,
				0xdead0000);
	else if (i == 3)
		go_process_word(&t->p, t->remote + l->tcp_addr_zone.offset + 8,
				1u << 20);
	else if (i == 4)
		addr_make(t, t->fd + l->net_fd_raddr.offset, "*net.UDPAddr",
			  0x0a000007, 5432);
	else if (i == 5)
		go_process_word(&t->p, t->fd + l->net_fd_raddr.offset + 8,
				0xdead0000);
	else
		go_process_word(&t->p, t->fd + l->net_fd_raddr.offset,
				0xdead0000);
}

static void damaged_peer_is_no_peer(void **state iq_unused)
{
	struct polling t;

	for (unsigned i = 0; i < 7; i++) {
		begin(&t, "go1.26.8");
		damage(&t, i);
		assert_true(read_wait(&t));
		assert_int_equal(t.object.fd.remote.len, 0);
		assert_str(t.object.fd.local, "127.0.0.1:40000");
		end(&t);
	}
}

static void socket_of_no_family_has_no_addresses(void **state iq_unused)
{
	struct polling t;

	begin(&t, "go1.26.8");
	go_process_field(&t.p, t.fd, t.l->net_fd_family, 77);
	assert_true(read_wait(&t));
	assert_int_equal(t.object.fd.kind, IQ_FD_UNKNOWN);
	assert_int_equal(t.object.fd.local.len, 0);
	assert_int_equal(t.object.fd.remote.len, 0);
	assert_int_equal(t.object.fd.net.len, 0);
	end(&t);
}

static void highest_descriptor_is_the_pollers(void **state iq_unused)
{
	const struct iq_process_fact *process;
	const struct iq_object *object;
	uint64_t idle, closed;
	struct polling t;

	begin(&t, "go1.26.8");
	idle = go_process_alloc(&t.p, t.l->poll_desc_size);
	go_process_field(&t.p, idle, t.l->poll_desc_self, idle);
	go_process_field(&t.p, idle, t.l->poll_desc_fd, 17);
	closed = go_process_alloc(&t.p, t.l->poll_desc_size);
	go_process_field(&t.p, closed, t.l->poll_desc_self, closed);
	go_process_field(&t.p, closed, t.l->poll_desc_fd, 23);
	go_process_field(&t.p, closed, t.l->poll_desc_closing, 1);
	assert_true(read_wait(&t));
	object = &t.object;
	assert_true(iq_vec_push(&t.p.facts->objects, object));
	iq_go_fds_fill(&t.p.rt, 0);
	process = &t.p.facts->process;
	assert_true(process->has_highest_fd);
	assert_int_equal(process->highest_fd, 17);
	assert_false(process->has_fd_limit);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_is_found_with_both_addresses),
		cmocka_unit_test(listener_has_no_peer),
		cmocka_unit_test(operation_that_is_not_sure_is_unknown),
		cmocka_unit_test(file_has_its_name),
		cmocka_unit_test(zeros_are_no_name),
		cmocka_unit_test(writer_has_its_own_deadline),
		cmocka_unit_test(descriptor_that_disagrees_is_none),
		cmocka_unit_test(damaged_peer_is_no_peer),
		cmocka_unit_test(socket_of_no_family_has_no_addresses),
		cmocka_unit_test(highest_descriptor_is_the_pollers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
