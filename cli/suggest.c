/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <string.h>

/* Longer words are no typing errors. */
#define MAX_WORD 64

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions and replacements that make @b of @a (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[MAX_WORD + 1];
	size_t len = strlen(b);

	if (strlen(a) > MAX_WORD || len > MAX_WORD)
		return MAX_WORD;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t above = row[j + 1];

			row[j + 1] = min3(above + 1, row[j] + 1,
					  diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[len];
}

void cli_suggest(struct cli_suggestion *suggestion, const char *candidate)
{
	size_t d = distance(suggestion->word, candidate);

	// A third of the letters may be wrong, and two always.
	if (d > 2 && d > strlen(suggestion->word) / 3)
		return;
	if (d >= strlen(candidate) || d >= strlen(suggestion->word))
		return;
	if (suggestion->best && d >= suggestion->distance)
		return;
	suggestion->best = candidate;
	suggestion->distance = d;
}
