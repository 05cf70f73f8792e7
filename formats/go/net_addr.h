/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of package net in memory, as their String() prints them.
 */
#ifndef IQ_GO_NET_ADDR_H
#define IQ_GO_NET_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/go/runtime.h"

/* Families of sockets, as Linux numbers them on every architecture. */
enum {
	IQ_GO_FAMILY_UNIX = 1,
	IQ_GO_FAMILY_INET = 2,
	IQ_GO_FAMILY_INET6 = 10,
};

/* Types of sockets, as Linux numbers them where Go runs. */
enum {
	IQ_GO_SOCKET_STREAM = 1,
	IQ_GO_SOCKET_DGRAM = 2,
	IQ_GO_SOCKET_RAW = 3,
	IQ_GO_SOCKET_SEQPACKET = 5,
};

/* What kind of address a network has: "tcp4", "unixgram", "ip6:icmp". */
enum iq_go_net {
	IQ_GO_NET_UNKNOWN,
	IQ_GO_NET_TCP,
	IQ_GO_NET_UDP,
	IQ_GO_NET_IP,
	IQ_GO_NET_UNIX,
};
enum iq_go_net iq_go_net_of(struct iq_str network);
/* The same by a socket's family and type (SOCK_STREAM …); and the network's name
 * if that and its length leave one alone, else an empty text. */
enum iq_go_net iq_go_net_of_socket(uint64_t family, uint64_t type);
struct iq_str iq_go_net_name(uint64_t family, uint64_t type, uint64_t len);

/* Room for the longest text: an IPv6 address, a zone, a port; a path. */
#define IQ_GO_NET_ADDR_MAX 192

/* The text of @len (4 or 16) bytes of an address, with @port unless negative;
 * of at most IQ_GO_NET_ADDR_MAX bytes. */
struct iq_str iq_go_net_text(const uint8_t *ip, size_t len, struct iq_str zone,
			     int64_t port, char *buf);

/*
 * The address that the net.Addr at @addr holds, of a socket of @net and
 * @family; an empty text if it is nil, or is none that such a socket has.
 */
struct iq_error *iq_go_net_addr_read(const struct iq_go_runtime *rt,
				     uint64_t addr, enum iq_go_net net,
				     uint64_t family, struct iq_arena *arena,
				     struct iq_str *ret) iq_must_check;

#endif
