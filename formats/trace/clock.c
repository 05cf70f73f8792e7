/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/clock.h"

// Go: src/internal/trace/generation.go, setSyncBatch; base.go, frequency.mul.
void iq_trace_clock_set(struct iq_trace_clock *clock, uint64_t frequency)
{
	clock->has_frequency = true;
	clock->frequency = frequency;
	clock->unit_ns = frequency ? 1.0 / ((double)frequency / 1e9) : 0;
	clock->whole_ns = 0;
	clock->max_whole = 0;
	if (clock->unit_ns >= 1 && clock->unit_ns <= 1 << 20) {
		uint64_t whole = (uint64_t)clock->unit_ns;

		// Products below 2^53 are exact in both.
		if ((double)whole == clock->unit_ns) {
			clock->whole_ns = whole;
			clock->max_whole = (UINT64_C(1) << 53) / whole;
		}
	}
}

int64_t iq_trace_clock_round(const struct iq_trace_clock *clock, uint64_t units)
{
	double ns = (double)units * clock->unit_ns;

	// What amd64 makes of a time that is none.
	if (!(ns < 9223372036854775808.0))
		return INT64_MIN;
	return (int64_t)ns;
}
