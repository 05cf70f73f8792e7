/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "base/attr.h"
#include "formats/go/net_addr.h"

static void assert_text(const char *ip, const char *zone, int64_t port,
			const char *wanted)
{
	uint8_t bytes[16];
	char buf[IQ_GO_NET_ADDR_MAX];
	bool is_v6 = strchr(ip, ':') != NULL;
	struct iq_str text;

	assert_int_equal(inet_pton(is_v6 ? AF_INET6 : AF_INET, ip, bytes), 1);
	text = iq_go_net_text(bytes, is_v6 ? 16 : 4, iq_str_of(zone), port,
			      buf);
	assert_true(text.len < sizeof(buf));
	buf[text.len] = '\0';
	assert_string_equal(text.ptr, wanted);
}

/* What Go prints: net.TCPAddr.String, net.IPAddr.String. */
static void addresses_read_as_go_prints_them(void **state iq_unused)
{
	assert_text("10.0.0.7", "", 5432, "10.0.0.7:5432");
	assert_text("255.255.255.255", "", 65535, "255.255.255.255:65535");
	assert_text("::1", "", 80, "[::1]:80");
	assert_text("::", "", 0, "[::]:0");
	assert_text("fe80::1", "eth0", 22, "[fe80::1%eth0]:22");
	assert_text("fe80::1", "eth0", -1, "fe80::1%eth0");
	assert_text("127.0.0.1", "", -1, "127.0.0.1");
	assert_text("2001:db8::2:1", "", -1, "2001:db8::2:1");
	// The longest run of zeros, the first of two, no run of one.
	assert_text("2001:0:0:1:0:0:0:1", "", -1, "2001:0:0:1::1");
	assert_text("2001:db8:0:0:1:0:0:1", "", -1, "2001:db8::1:0:0:1");
	assert_text("2001:db8:0:1:1:1:1:1", "", -1, "2001:db8:0:1:1:1:1:1");
	assert_text("1:0:0:0:0:0:0:0", "", -1, "1::");
	assert_text("::ffff:1.2.3.4", "", 9, "1.2.3.4:9");
}

static void networks_are_told_apart(void **state iq_unused)
{
	assert_int_equal(iq_go_net_of(IQ_STR("tcp6")), IQ_GO_NET_TCP);
	assert_int_equal(iq_go_net_of(IQ_STR("ip4:icmp")), IQ_GO_NET_IP);
	assert_int_equal(iq_go_net_of(IQ_STR("unixgram")), IQ_GO_NET_UNIX);
	assert_int_equal(iq_go_net_of(IQ_STR("tcp5")), IQ_GO_NET_UNKNOWN);
	assert_int_equal(iq_go_net_of(IQ_STR("")), IQ_GO_NET_UNKNOWN);
	assert_int_equal(
		iq_go_net_of_socket(IQ_GO_FAMILY_INET6, IQ_GO_SOCKET_DGRAM),
		IQ_GO_NET_UDP);
	assert_int_equal(iq_go_net_of_socket(7, IQ_GO_SOCKET_STREAM),
			 IQ_GO_NET_UNKNOWN);
	assert_int_equal(
		iq_go_net_of_socket(IQ_GO_FAMILY_UNIX, IQ_GO_SOCKET_RAW),
		IQ_GO_NET_UNKNOWN);
}

static void names_follow_from_length_where_one_fits(void **state iq_unused)
{
	assert_true(iq_str_equal(
		iq_go_net_name(IQ_GO_FAMILY_INET6, IQ_GO_SOCKET_STREAM, 4),
		IQ_STR("tcp6")));
	assert_true(iq_str_equal(
		iq_go_net_name(IQ_GO_FAMILY_UNIX, IQ_GO_SOCKET_SEQPACKET, 10),
		IQ_STR("unixpacket")));
	assert_int_equal(
		iq_go_net_name(IQ_GO_FAMILY_INET, IQ_GO_SOCKET_STREAM, 5).len,
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_read_as_go_prints_them),
		cmocka_unit_test(networks_are_told_apart),
		cmocka_unit_test(names_follow_from_length_where_one_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
