/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_text.h"
#include "formats/text/scan.h"

/* "SIGQUIT" of "SIGQUIT: quit"; Go: src/runtime/sigtab_linux_generic.go. */
static bool signal_name(struct iq_scan *s, struct iq_str *ret)
{
	struct iq_str rest = iq_scan_rest(s);
	size_t len = 3;

	if (!iq_str_starts(rest, IQ_STR("SIG")))
		return false;
	while (len < rest.len &&
	       ((rest.ptr[len] >= 'A' && rest.ptr[len] <= 'Z') ||
		iq_is_digit(rest.ptr[len])))
		len++;
	if (len == 3 || len > 10)
		return false;
	*ret = iq_str_sub(rest, 0, len);
	s->pos += len;
	return true;
}

/* Old releases printed the number: those that are the same everywhere. */
static struct iq_str signal_of_number(uint64_t number)
{
	switch (number) {
	case 4:
		return IQ_STR("SIGILL");
	case 8:
		return IQ_STR("SIGFPE");
	case 11:
		return IQ_STR("SIGSEGV");
	default:
		return IQ_STR("");
	}
}

/* The value behind @name in @line, " addr=0x8" for " addr=". */
static bool value_find(struct iq_str line, struct iq_str name, uint64_t *ret)
{
	struct iq_scan s = { .s = line, .pos = iq_str_search(line, name) };

	return iq_scan_literal(&s, name) && iq_scan_hex(&s, ret);
}

/* Linux: include/uapi/asm-generic/siginfo.h, SI_KERNEL. */
static bool is_fault(uint64_t code)
{
	return code > 0 && code < 0x80;
}

bool iq_go_signal_parse(struct iq_str line, struct iq_go_signal *ret)
{
	struct iq_go_signal signal = { .name = IQ_STR("") };
	struct iq_scan s = { .s = line };
	uint64_t number;
	uint64_t code = 0;

	if (!iq_scan_literal(&s, IQ_STR("[signal ")) ||
	    !iq_str_ends(line, IQ_STR("]")))
		return false;
	if (iq_scan_hex(&s, &number))
		signal.name = signal_of_number(number);
	else if (!signal_name(&s, &signal.name))
		return false;
	signal.has_addr = value_find(line, IQ_STR(" code="), &code) &&
			  is_fault(code) &&
			  value_find(line, IQ_STR(" addr="), &signal.addr);
	signal.has_code = iq_str_search(line, IQ_STR(" code=")) < line.len &&
			  code <= INT32_MAX;
	signal.code = (int)code;
	*ret = signal;
	return true;
}

bool iq_go_fatal_signal_parse(struct iq_str line, struct iq_str *name_ret)
{
	struct iq_scan s = { .s = line };
	struct iq_str name;
	uint64_t number;

	if (signal_name(&s, &name)) {
		if (!iq_scan_literal(&s, IQ_STR(": ")))
			return false;
	} else {
		if (!iq_scan_literal(&s, IQ_STR("Signal ")) ||
		    !iq_scan_u64(&s, &number) || s.pos != line.len)
			return false;
		name = line;
	}
	*name_ret = name;
	return true;
}

bool iq_go_signal_pc_parse(struct iq_str line, struct iq_go_signal_pc *ret)
{
	struct iq_go_signal_pc pc = { 0 };
	struct iq_scan s = { .s = line };
	uint64_t m, code;

	if (!iq_scan_literal(&s, IQ_STR("PC=")) || !iq_scan_hex(&s, &pc.pc) ||
	    !iq_scan_literal(&s, IQ_STR(" m=")) || !iq_scan_u64(&s, &m))
		return false;
	// Printed without a sign: -6 is 18446744073709551610.
	if (iq_scan_literal(&s, IQ_STR(" sigcode=")) &&
	    iq_scan_u64(&s, &code)) {
		pc.has_code = true;
		pc.code = (int64_t)code;
	}
	if (iq_scan_literal(&s, IQ_STR(" addr=")) && iq_scan_hex(&s, &pc.addr))
		pc.has_addr = pc.has_code && is_fault((uint64_t)pc.code);
	*ret = pc;
	return true;
}
