/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine would do with a crash of a program that is started here and
 * now: whether there would be a core, where, how much of it.
 */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "cli/args.h"

/* Prints it; an exit status. */
int cli_machine_run(const struct cli_args *args);

#endif
