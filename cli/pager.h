/* SPDX-License-Identifier: Apache-2.0 */
/* A pager for what is longer than the terminal. */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <stdbool.h>

/* INQUEST_PAGER, PAGER, or less; NULL if none is wanted. */
const char *cli_pager_command(void);
/*
 * Shows what is in @fd, by the pager if it has more than @rows lines; false if
 * it could not be written.
 */
bool cli_pager_show(int fd, unsigned rows);

#endif
