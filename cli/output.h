/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an answer goes: standard output, a pager, or a file that is there whole
 * or not at all.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/terminal.h"

struct cli_output {
	const char *path; /* NULL: standard output */
	/* Written to; renamed to path at the end. NULL: path itself. */
	char *temporary;
	int fd;
	/* What is written there is shown to a person afterwards. */
	bool paged;
	struct cli_terminal terminal;
};

/*
 * Opens @path, or standard output for NULL; @text: a pager may be used. False
 * if that is not possible, and cli_error() said why.
 */
bool cli_output_open(struct cli_output *output, const struct cli_args *args,
		     const char *path, bool text);
/* Puts it in place, or throws it away; false if it could not be written. */
bool cli_output_close(struct cli_output *output, bool keep);

#endif
