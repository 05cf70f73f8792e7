/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *iq_words_number(char *buf, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *to = buf;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}

const char *iq_words_bytes(char *buf, uint64_t bytes)
{
	static const char *const units[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	unsigned shift = 0;
	unsigned i = 0;

	while (bytes >> shift >= 1024) {
		shift += 10;
		i++;
	}
	if (!i) {
		snprintf(buf, IQ_WORDS_SIZE, "%" PRIu64 " B", bytes);
		return buf;
	}
	// Rounded down, as durations are.
	uint64_t rest = bytes & (((uint64_t)1 << shift) - 1);

	snprintf(buf, IQ_WORDS_SIZE, "%" PRIu64 ".%u %s", bytes >> shift,
		 (unsigned)((rest >> (shift - 10)) * 10 >> 10), units[i]);
	return buf;
}

const char *iq_words_duration(char *buf, int64_t ns)
{
	return iq_duration_words(buf, ns);
}

const char *iq_words_since(char *buf, bool has_min, int64_t min_ns, bool exact)
{
	size_t mark = exact ? 0 : 2;
	char time[IQ_WORDS_SIZE];

	if (!has_min)
		return strcpy(buf, "unknown");
	iq_words_duration(time, min_ns);
	memcpy(buf, ">=", mark);
	memcpy(buf + mark, time, strlen(time) + 1);
	return buf;
}

const char *iq_words_at_most(char *buf, int64_t max_ns)
{
	char time[IQ_WORDS_SIZE];

	iq_words_duration(time, max_ns);
	memcpy(buf, "<=", 2);
	memcpy(buf + 2, time, strlen(time) + 1);
	return buf;
}

const char *iq_words_fault(struct iq_str signal)
{
	static const char *const of_code[] = { "SIGFPE", "SIGILL", "SIGTRAP" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(of_code); i++) {
		if (iq_str_starts(signal, iq_str_of(of_code[i])))
			return "by the instruction at";
	}
	return "at";
}
