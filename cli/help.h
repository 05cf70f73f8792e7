/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts, made of the tables of commands and options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

/* A screen: NULL is the program itself. */
void cli_help_short(const struct cli_command *command);
/* Everything. */
void cli_help_long(const struct cli_command *command);
/* One option. */
void cli_help_option(const struct cli_option *option);

#endif
