/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case of a command: its files read, analysed, reported.
 */
#ifndef CLI_CASE_H
#define CLI_CASE_H

#include "cli/args.h"

/*
 * Reads the files, which are all of args->words, writes the answer of @command
 * in the formats that are asked for, and gives the exit status.
 */
int cli_case_run(struct cli_args *args, const char *command);

#endif
