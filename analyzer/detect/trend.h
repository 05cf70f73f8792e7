/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a number grows from snapshot to snapshot, or only moves: a burst falls
 * again, a full pool stays as large as it is, a leak does neither.
 */
#ifndef IQ_DETECT_TREND_H
#define IQ_DETECT_TREND_H

#include <stddef.h>
#include <stdint.h>

/* So many snapshots can show a trend; fewer only that there are more. */
#define IQ_TREND_MIN 3
/* The newest ones count, if there are more. */
#define IQ_TREND_MAX 64

enum iq_trend {
	IQ_TREND_NONE,
	IQ_TREND_MORE, /* two snapshots, the second one well above the first */
	IQ_TREND_GROWS,
};

enum iq_trend iq_trend_of(const uint64_t *counts, size_t num);

#endif
