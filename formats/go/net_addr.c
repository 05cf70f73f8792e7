/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/net_addr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/go/record.h"
#include "formats/go/type.h"

#define IPV4_LEN 4
#define IPV6_LEN 16
#define GROUPS 8
#define PORT_MAX 65535
/* Names of interfaces have 16 bytes, numbers of them fewer. */
#define ZONE_MAX 16
/* sun_path. Linux: include/uapi/linux/un.h */
#define PATH_MAX_UNIX 108

/* An interface is {*itab, data}, an itab {*interfacetype, *_type, …}.
 * Go: src/internal/abi/iface.go, ITab; the same in 1.18 - 1.27. */
#define IFACE_DATA 8
#define ITAB_TYPE 8

enum iq_go_net iq_go_net_of(struct iq_str network)
{
	// clang-format off
	static const struct {
		const char *name;
		enum iq_go_net net;
	} names[] = {
		{ "tcp", IQ_GO_NET_TCP }, { "tcp4", IQ_GO_NET_TCP },
		{ "tcp6", IQ_GO_NET_TCP }, { "udp", IQ_GO_NET_UDP },
		{ "udp4", IQ_GO_NET_UDP }, { "udp6", IQ_GO_NET_UDP },
		{ "ip", IQ_GO_NET_IP }, { "ip4", IQ_GO_NET_IP },
		{ "ip6", IQ_GO_NET_IP }, { "unix", IQ_GO_NET_UNIX },
		{ "unixgram", IQ_GO_NET_UNIX },
		{ "unixpacket", IQ_GO_NET_UNIX },
	};
	// clang-format on

	// "ip4:icmp" is one of "ip4".
	network = iq_str_sub(network, 0, iq_str_find(network, ':'));
	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		if (iq_str_equal(network, iq_str_of(names[i].name)))
			return names[i].net;
	}
	return IQ_GO_NET_UNKNOWN;
}

enum iq_go_net iq_go_net_of_socket(uint64_t family, uint64_t type)
{
	if (family == IQ_GO_FAMILY_UNIX)
		return type == IQ_GO_SOCKET_STREAM ||
				       type == IQ_GO_SOCKET_DGRAM ||
				       type == IQ_GO_SOCKET_SEQPACKET ?
			       IQ_GO_NET_UNIX :
			       IQ_GO_NET_UNKNOWN;
	if (family != IQ_GO_FAMILY_INET && family != IQ_GO_FAMILY_INET6)
		return IQ_GO_NET_UNKNOWN;
	switch (type) {
	case IQ_GO_SOCKET_STREAM:
		return IQ_GO_NET_TCP;
	case IQ_GO_SOCKET_DGRAM:
		return IQ_GO_NET_UDP;
	case IQ_GO_SOCKET_RAW:
		return IQ_GO_NET_IP;
	default:
		return IQ_GO_NET_UNKNOWN;
	}
}

/* A socket of "tcp4" is of IPv4, one of "tcp6" of IPv6, one of "tcp" of either.
 * Go: src/net/ipsock_posix.go, favoriteAddrFamily. */
struct iq_str iq_go_net_name(uint64_t family, uint64_t type, uint64_t len)
{
	static const struct {
		uint8_t family, type;
		struct iq_str name;
	} names[] = {
		{ IQ_GO_FAMILY_INET, IQ_GO_SOCKET_STREAM, { "tcp", 3 } },
		{ IQ_GO_FAMILY_INET6, IQ_GO_SOCKET_STREAM, { "tcp", 3 } },
		{ IQ_GO_FAMILY_INET, IQ_GO_SOCKET_DGRAM, { "udp", 3 } },
		{ IQ_GO_FAMILY_INET6, IQ_GO_SOCKET_DGRAM, { "udp", 3 } },
		{ IQ_GO_FAMILY_INET, IQ_GO_SOCKET_STREAM, { "tcp4", 4 } },
		{ IQ_GO_FAMILY_INET6, IQ_GO_SOCKET_STREAM, { "tcp6", 4 } },
		{ IQ_GO_FAMILY_INET, IQ_GO_SOCKET_DGRAM, { "udp4", 4 } },
		{ IQ_GO_FAMILY_INET6, IQ_GO_SOCKET_DGRAM, { "udp6", 4 } },
		{ IQ_GO_FAMILY_UNIX, IQ_GO_SOCKET_STREAM, { "unix", 4 } },
		{ IQ_GO_FAMILY_UNIX, IQ_GO_SOCKET_DGRAM, { "unixgram", 8 } },
		{ IQ_GO_FAMILY_UNIX,
		  IQ_GO_SOCKET_SEQPACKET,
		  { "unixpacket", 10 } },
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++) {
		if (names[i].family == family && names[i].type == type &&
		    names[i].name.len == len)
			return names[i].name;
	}
	return IQ_STR("");
}

/* ---- text */

static bool is_mapped_v4(const uint8_t *ip)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(ip, prefix, sizeof(prefix)) == 0;
}

static unsigned group(const uint8_t *ip, unsigned i)
{
	return (unsigned)(ip[2 * i] << 8 | ip[2 * i + 1]);
}

/* The longest run of zero groups, the first of them: two at least. */
static void zero_run(const uint8_t *ip, unsigned *begin_ret, unsigned *end_ret)
{
	*begin_ret = *end_ret = GROUPS;
	for (unsigned i = 0; i < GROUPS; i++) {
		unsigned end = i;

		while (end < GROUPS && group(ip, end) == 0)
			end++;
		if (end - i >= 2 && end - i > *end_ret - *begin_ret) {
			*begin_ret = i;
			*end_ret = end;
		}
		if (end > i)
			i = end - 1;
	}
}

/* RFC 5952, as Go: src/net/netip/netip.go, Addr.appendTo6. */
static size_t put_v6(const uint8_t *ip, char *buf, size_t size)
{
	unsigned begin, end;
	size_t len = 0;

	zero_run(ip, &begin, &end);
	for (unsigned i = 0; i < GROUPS; i++) {
		const char *between = i && i != end ? ":" : "";

		if (i == begin) {
			len += (size_t)snprintf(buf + len, size - len, "::");
			i = end;
			if (i >= GROUPS)
				break;
			between = "";
		}
		len += (size_t)snprintf(buf + len, size - len, "%s%x", between,
					group(ip, i));
	}
	return len;
}

struct iq_str iq_go_net_text(const uint8_t *ip, size_t len, struct iq_str zone,
			     int64_t port, char *buf)
{
	char host[80];
	size_t n;
	bool bracket;

	if (len == IPV6_LEN && is_mapped_v4(ip)) {
		ip += IPV6_LEN - IPV4_LEN;
		len = IPV4_LEN;
	}
	if (len == IPV4_LEN)
		n = (size_t)snprintf(host, sizeof(host), "%u.%u.%u.%u", ip[0],
				     ip[1], ip[2], ip[3]);
	else
		n = put_v6(ip, host, sizeof(host));
	if (zone.len && zone.len <= ZONE_MAX) {
		host[n++] = '%';
		memcpy(host + n, zone.ptr, zone.len);
		n += zone.len;
	}
	// Go: src/net/ipsock.go, JoinHostPort.
	bracket = port >= 0 && memchr(host, ':', n);
	len = (size_t)snprintf(buf, IQ_GO_NET_ADDR_MAX, "%s%.*s%s",
			       bracket ? "[" : "", (int)n, host,
			       bracket ? "]" : "");
	if (port >= 0)
		len += (size_t)snprintf(buf + len, IQ_GO_NET_ADDR_MAX - len,
					":%" PRId64, port);
	return (struct iq_str){ buf, len };
}

/* ---- memory */

/* The string at @addr, of at most @max bytes, in @buf. */
static bool string_read(const struct iq_memory *mem, uint64_t addr, size_t max,
			char *buf, struct iq_str *ret)
{
	uint64_t data, len;

	if (!iq_memory_u64(mem, addr, &data) ||
	    !iq_memory_u64(mem, addr + 8, &len) || len > max ||
	    (len && !iq_memory_read(mem, data, (size_t)len, buf)))
		return false;
	*ret = (struct iq_str){ buf, (size_t)len };
	return true;
}

/* The kernel gives a socket addresses of its own family, the program may have
 * given it an IPv4 address in the longer form. */
static bool ip_fits(const uint8_t *ip, uint64_t len, uint64_t family)
{
	if (family == IQ_GO_FAMILY_INET)
		return len == IPV4_LEN || (len == IPV6_LEN && is_mapped_v4(ip));
	return family == IQ_GO_FAMILY_INET6 &&
	       (len == IPV4_LEN || len == IPV6_LEN);
}

static bool is_zone(struct iq_str zone)
{
	for (size_t i = 0; i < zone.len; i++) {
		if (zone.ptr[i] <= ' ' || zone.ptr[i] > '~')
			return false;
	}
	return true;
}

/*
 * Addresses that the kernel gave: IP is a slice of the array in what the system
 * call filled, SockaddrInet4 {Port int, Addr [4]byte}, SockaddrInet6 {Port int,
 * ZoneId uint32, Addr [16]byte}, from where Port was copied, too. So a stray
 * pointer or a damaged port gives no address.
 * Go: src/net/tcpsock_posix.go, sockaddrToTCP; src/syscall/syscall_unix.go.
 */
#define PORT_BEFORE_IPV4 8
#define PORT_BEFORE_IPV6 12

static bool port_fits(const struct iq_memory *mem, uint64_t data, uint64_t len,
		      uint64_t port)
{
	uint64_t before = len == IPV4_LEN ? PORT_BEFORE_IPV4 : PORT_BEFORE_IPV6;
	uint64_t kept;

	return port > 0 && port <= PORT_MAX &&
	       iq_memory_u64(mem, data - before, &kept) && kept == port;
}

/* TCPAddr, UDPAddr {IP []byte, Port int, Zone string}, IPAddr {IP, Zone}. */
struct ip_layout {
	struct iq_go_field ip, port, zone;
};

static bool ip_read(const struct iq_memory *mem, uint64_t addr,
		    const struct ip_layout *l, uint64_t family, char *buf,
		    struct iq_str *ret)
{
	uint8_t ip[IPV6_LEN];
	char zone_buf[ZONE_MAX];
	struct iq_str zone;
	uint64_t data, len, port = 0;

	if (!iq_go_has(l->ip) || !iq_go_has(l->zone) ||
	    !iq_memory_u64(mem, addr + l->ip.offset, &data) ||
	    !iq_memory_u64(mem, addr + l->ip.offset + 8, &len) ||
	    len > sizeof(ip) || !iq_memory_read(mem, data, (size_t)len, ip) ||
	    !ip_fits(ip, len, family) ||
	    !string_read(mem, addr + l->zone.offset, ZONE_MAX, zone_buf,
			 &zone) ||
	    !is_zone(zone))
		return false;
	if (iq_go_has(l->port) &&
	    (!iq_go_field_read(mem, addr, l->port, &port) ||
	     !port_fits(mem, data, len, port)))
		return false;
	*ret = iq_go_net_text(ip, (size_t)len, zone,
			      iq_go_has(l->port) ? (int64_t)port : -1, buf);
	return true;
}

/* The executable has it, and is not here. */
static bool is_text_left_out(const struct iq_memory *mem, uint64_t addr)
{
	uint64_t data;

	return iq_memory_u64(mem, addr, &data) && data &&
	       iq_memory_state(mem, data) == IQ_MEMORY_NOT_DUMPED;
}

/* The kernel's ends before the first NUL; other control characters are more
 * likely damage than a name. */
static bool is_path(struct iq_str path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

static bool unix_read(const struct iq_go_runtime *rt, uint64_t addr, char *buf,
		      struct iq_str *ret)
{
	const struct iq_go_layout *l = rt->layout;
	char net_buf[sizeof("unixpacket")];
	struct iq_str net;

	if (!iq_go_has(l->unix_addr_name) || !iq_go_has(l->unix_addr_net))
		return false;
	if (string_read(rt->memory, addr + l->unix_addr_net.offset,
			sizeof(net_buf), net_buf, &net) ?
		    iq_go_net_of(net) != IQ_GO_NET_UNIX :
		    !is_text_left_out(rt->memory,
				      addr + l->unix_addr_net.offset))
		return false;
	return string_read(rt->memory, addr + l->unix_addr_name.offset,
			   PATH_MAX_UNIX, buf, ret) &&
	       is_path(*ret);
}

/* Whether the itab at @itab is of a type that @net has. Where types are not in
 * the core the socket alone says it. Go: src/net/sock_posix.go, addrFunc. */
static bool type_fits(const struct iq_go_runtime *rt, uint64_t itab,
		      enum iq_go_net net)
{
	static const char *const names[] = {
		[IQ_GO_NET_TCP] = "*net.TCPAddr",
		[IQ_GO_NET_UDP] = "*net.UDPAddr",
		[IQ_GO_NET_IP] = "*net.IPAddr",
		[IQ_GO_NET_UNIX] = "*net.UnixAddr",
	};
	struct iq_go_type type;
	uint64_t addr;

	if (!iq_memory_u64(rt->memory, itab + ITAB_TYPE, &addr))
		return iq_memory_state(rt->memory, itab) ==
		       IQ_MEMORY_NOT_DUMPED;
	if (!iq_go_type_read(rt, addr, &type))
		return iq_memory_state(rt->memory, addr) ==
		       IQ_MEMORY_NOT_DUMPED;
	return iq_str_equal((struct iq_str){ type.name, type.name_len },
			    iq_str_of(names[net]));
}

static bool addr_text(const struct iq_go_runtime *rt, uint64_t addr,
		      enum iq_go_net net, uint64_t family, char *buf,
		      struct iq_str *ret)
{
	const struct iq_go_layout *l = rt->layout;
	uint64_t itab, data;

	if (net == IQ_GO_NET_UNKNOWN ||
	    !iq_memory_u64(rt->memory, addr, &itab) || !itab ||
	    !iq_memory_u64(rt->memory, addr + IFACE_DATA, &data) || !data ||
	    !type_fits(rt, itab, net))
		return false;
	if (net == IQ_GO_NET_UNIX)
		return family == IQ_GO_FAMILY_UNIX &&
		       unix_read(rt, data, buf, ret);

	const struct ip_layout layouts[] = {
		[IQ_GO_NET_TCP] = { l->tcp_addr_ip, l->tcp_addr_port,
				    l->tcp_addr_zone },
		[IQ_GO_NET_UDP] = { l->udp_addr_ip, l->udp_addr_port,
				    l->udp_addr_zone },
		[IQ_GO_NET_IP] = { l->ip_addr_ip,
				   { .offset = IQ_GO_ABSENT },
				   l->ip_addr_zone },
	};
	return ip_read(rt->memory, data, &layouts[net], family, buf, ret);
}

struct iq_error *iq_go_net_addr_read(const struct iq_go_runtime *rt,
				     uint64_t addr, enum iq_go_net net,
				     uint64_t family, struct iq_arena *arena,
				     struct iq_str *ret)
{
	char buf[IQ_GO_NET_ADDR_MAX];
	struct iq_str text;

	*ret = IQ_STR("");
	if (!addr_text(rt, addr, net, family, buf, &text))
		return NULL;
	return iq_str_dup(arena, text, ret) ? NULL : &iq_enomem;
}
