/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/trend.h"

#include <stdbool.h>
#include <stdlib.h>

/* What grows by less is no leak that one would see. */
#define RISE_MIN 5
/* Few snapshots rise by chance (three of them in one of six cases): then it must
 * be by a fifth of what there was. */
#define FEW_SNAPSHOTS 8
#define FEW_SHARE 5
/* Ordered pairs less the reversed ones, of ten pairs (Kendall's tau): in five
 * snapshots chance alone gives it in one of 24 cases. */
#define ORDERED_TENTHS 8
/* The newest one, in tenths of the largest: it has not fallen again. */
#define NEWEST_TENTHS 9

#define PAIRS_MAX (IQ_TREND_MAX * (IQ_TREND_MAX - 1) / 2)

static int compare_doubles(const void *pa, const void *pb)
{
	const double *a = pa;
	const double *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* The median of the slopes of all pairs (Theil and Sen): outliers do not move
 * it. In goroutines a snapshot. */
static double slope(const uint64_t *counts, size_t num)
{
	double slopes[PAIRS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < num; i++) {
		for (size_t j = i + 1; j < num; j++)
			slopes[n++] = ((double)counts[j] - (double)counts[i]) /
				      (double)(j - i);
	}
	if (!n)
		return 0;
	qsort(slopes, n, sizeof(*slopes), compare_doubles);
	return n % 2 ? slopes[n / 2] : (slopes[n / 2 - 1] + slopes[n / 2]) / 2;
}

static bool is_ordered(const uint64_t *counts, size_t num)
{
	int pairs = 0, balance = 0;

	for (size_t i = 0; i < num; i++) {
		for (size_t j = i + 1; j < num; j++, pairs++)
			balance += (counts[i] < counts[j]) -
				   (counts[i] > counts[j]);
	}
	return balance * 10 >= pairs * ORDERED_TENTHS;
}

static bool has_fallen(const uint64_t *counts, size_t num)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < num; i++)
		largest = counts[i] > largest ? counts[i] : largest;
	return (double)counts[num - 1] * 10 < (double)largest * NEWEST_TENTHS;
}

enum iq_trend iq_trend_of(const uint64_t *counts, size_t num)
{
	double rise, least = RISE_MIN;
	size_t half;

	if (num > IQ_TREND_MAX) {
		counts += num - IQ_TREND_MAX;
		num = IQ_TREND_MAX;
	}
	if (num < 2)
		return IQ_TREND_NONE;
	if (num < FEW_SNAPSHOTS && (double)counts[0] / FEW_SHARE > least)
		least = (double)counts[0] / FEW_SHARE;
	rise = slope(counts, num) * (double)(num - 1);
	if (rise < least)
		return IQ_TREND_NONE;
	if (num < IQ_TREND_MIN)
		return IQ_TREND_MORE;
	// It goes on: the younger half does not stand at a ceiling.
	half = num / 2;
	if (!is_ordered(counts, num) || has_fallen(counts, num) ||
	    slope(counts + half, num - half) <= 0)
		return IQ_TREND_NONE;
	return IQ_TREND_GROWS;
}
