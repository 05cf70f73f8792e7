/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sort that leaves equal items in the very order in which Go's does: which of
 * two threads with events at one instant is tried first decides the order of
 * the trace. It is Peters' pattern-defeating quicksort (arXiv:2106.05123) with
 * the constants of Go's src/slices/zsortanyfunc.go, 1.21 - 1.27.
 */
#include "formats/trace/frontier.h"

#include <stdbool.h>

/* Shorter ones are sorted by insertion. */
#define SHORT 12
/* From here on the pivot is a median of medians, and shifting pays. */
#define LONG 50
/* Pairs out of order that are mended before it is called unsorted. */
#define MENDS 5

enum hint { HINT_NONE, HINT_RISING, HINT_FALLING };

struct part {
	struct iq_run_item *a; /* the whole */
	size_t lo, hi;
	unsigned limit; /* bad pivots until a heap sort takes over */
	bool balanced, partitioned;
};

static bool less(const struct iq_run_item *a, size_t x, size_t y)
{
	return a[x].time < a[y].time;
}

static void swap(struct iq_run_item *a, size_t x, size_t y)
{
	struct iq_run_item item = a[x];

	a[x] = a[y];
	a[y] = item;
}

static void insertion(struct iq_run_item *a, size_t lo, size_t hi)
{
	for (size_t i = lo + 1; i < hi; i++) {
		for (size_t j = i; j > lo && less(a, j, j - 1); j--)
			swap(a, j, j - 1);
	}
}

static void sink(struct iq_run_item *a, size_t root, size_t n)
{
	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= n)
			return;
		if (child + 1 < n && less(a, child, child + 1))
			child++;
		if (!less(a, root, child))
			return;
		swap(a, root, child);
		root = child;
	}
}

static void heap_sort(struct iq_run_item *a, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(a, i, n);
	for (size_t i = n; i-- > 0;) {
		swap(a, 0, i);
		sink(a, 0, i);
	}
}

/* After a lopsided division: moves three items about. */
static void scatter(const struct part *p)
{
	size_t n = p->hi - p->lo, middle = p->lo + n / 4 * 2;
	uint64_t random = n;
	size_t modulus = 1;

	if (n < 8)
		return;
	while (modulus <= n)
		modulus *= 2;
	for (size_t i = middle - 1; i <= middle + 1; i++) {
		size_t other;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		other = (size_t)random & (modulus - 1);
		swap(p->a, i, p->lo + (other >= n ? other - n : other));
	}
}

static size_t median(const struct iq_run_item *a, size_t x, size_t y, size_t z,
		     unsigned *swaps)
{
	size_t t;

	if (less(a, y, x)) {
		t = x, x = y, y = t;
		(*swaps)++;
	}
	if (less(a, z, y)) {
		t = y, y = z, z = t;
		(*swaps)++;
	}
	if (less(a, y, x)) {
		t = x, x = y, y = t;
		(*swaps)++;
	}
	return y;
}

static size_t pivot_choose(const struct part *p, enum hint *hint)
{
	size_t n = p->hi - p->lo;
	size_t x = p->lo + n / 4, y = p->lo + n / 4 * 2, z = p->lo + n / 4 * 3;
	unsigned swaps = 0;

	if (n >= LONG) {
		x = median(p->a, x - 1, x, x + 1, &swaps);
		y = median(p->a, y - 1, y, y + 1, &swaps);
		z = median(p->a, z - 1, z, z + 1, &swaps);
	}
	if (n >= 8)
		y = median(p->a, x, y, z, &swaps);
	*hint = swaps == 0  ? HINT_RISING :
		swaps == 12 ? HINT_FALLING :
			      HINT_NONE;
	return y;
}

/* Moves item @i left and the one before it right as far as they go. */
static void shift(const struct part *p, size_t i)
{
	swap(p->a, i, i - 1);
	if (i - p->lo >= 2) {
		for (size_t j = i - 1; j >= 1 && less(p->a, j, j - 1); j--)
			swap(p->a, j, j - 1);
	}
	if (p->hi - i >= 2) {
		for (size_t j = i + 1; j < p->hi && less(p->a, j, j - 1); j++)
			swap(p->a, j, j - 1);
	}
}

/* Whether it is sorted, after a few repairs. */
static bool nearly_sorted(const struct part *p)
{
	size_t i = p->lo + 1;

	for (unsigned n = 0; n < MENDS; n++) {
		while (i < p->hi && !less(p->a, i, i - 1))
			i++;
		if (i == p->hi)
			return true;
		if (p->hi - p->lo < LONG)
			return false;
		shift(p, i);
	}
	return false;
}

/* Those equal to the pivot go left; nothing is less. Where the others begin. */
static size_t divide_equal(const struct part *p, size_t pivot)
{
	size_t i = p->lo + 1, j = p->hi - 1;

	swap(p->a, p->lo, pivot);
	for (;;) {
		while (i <= j && !less(p->a, p->lo, i))
			i++;
		while (i <= j && less(p->a, p->lo, j))
			j--;
		if (i > j)
			return i;
		swap(p->a, i++, j--);
	}
}

/* Those less than the pivot go left. Where the pivot is now. */
static size_t divide(const struct part *p, size_t pivot, bool *done)
{
	size_t i = p->lo + 1, j = p->hi - 1;

	*done = true;
	swap(p->a, p->lo, pivot);
	for (;;) {
		while (i <= j && less(p->a, i, p->lo))
			i++;
		while (i <= j && !less(p->a, j, p->lo))
			j--;
		if (i > j)
			break;
		*done = false;
		swap(p->a, i++, j--);
	}
	swap(p->a, j, p->lo);
	return j;
}

static size_t pivot_find(const struct part *p, enum hint *hint)
{
	size_t pivot = pivot_choose(p, hint);

	if (*hint != HINT_FALLING)
		return pivot;
	for (size_t i = p->lo, j = p->hi - 1; i < j; i++, j--)
		swap(p->a, i, j);
	*hint = HINT_RISING;
	return p->hi - 1 - (pivot - p->lo);
}

/*
 * One step on a part: false when it is sorted. What is left of it stays in @p,
 * the other side goes to @ret unless that is empty.
 */
static bool part_step(struct part *p, struct part *ret)
{
	size_t n = p->hi - p->lo, pivot, middle;
	enum hint hint;

	ret->lo = ret->hi = 0;
	if (n <= SHORT) {
		insertion(p->a, p->lo, p->hi);
		return false;
	}
	if (p->limit == 0) {
		heap_sort(p->a + p->lo, n);
		return false;
	}
	if (!p->balanced) {
		scatter(p);
		p->limit--;
	}
	pivot = pivot_find(p, &hint);
	if (p->balanced && p->partitioned && hint == HINT_RISING &&
	    nearly_sorted(p))
		return false;
	if (p->lo > 0 && !less(p->a, p->lo - 1, pivot)) {
		p->lo = divide_equal(p, pivot);
		return true;
	}
	middle = divide(p, pivot, &p->partitioned);
	*ret = (struct part){ p->a, p->lo, middle, p->limit, true, true };
	if (middle - p->lo < p->hi - middle) {
		p->balanced = middle - p->lo >= n / 8;
		p->lo = middle + 1;
	} else {
		p->balanced = p->hi - middle >= n / 8;
		ret->lo = middle + 1;
		ret->hi = p->hi;
		p->hi = middle;
	}
	return true;
}

/* The shorter side is sorted before the longer one goes on, so half of what is
 * left is put off each time. */
#define MAX_PARTS 66

void iq_frontier_sort(struct iq_run_item *heap, size_t n)
{
	struct part parts[MAX_PARTS] = {
		{ heap, 0, n, 0, true, true },
	};
	size_t num = 1;

	for (size_t i = n; i; i /= 2)
		parts[0].limit++;
	while (num > 0) {
		struct part *p = &parts[num - 1], side = { 0 };

		if (!part_step(p, &side))
			num--;
		else if (side.hi > side.lo && num < MAX_PARTS)
			parts[num++] = side;
	}
}
