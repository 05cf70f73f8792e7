/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest to a mistyped word. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

struct cli_suggestion {
	const char *word; /* as it was typed */
	const char *best; /* NULL: nothing is near */
	size_t distance;
};

/* Offers one candidate. */
void cli_suggest(struct cli_suggestion *suggestion, const char *candidate);

#endif
