/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that a report shows to be copied: they must do in a shell what they
 * look like.
 */
#ifndef IQ_REPORTS_COMMAND_H
#define IQ_REPORTS_COMMAND_H

#include <stdbool.h>

#include "base/str.h"

/* A file's name that needs no quotes in a shell, and is no option. */
bool iq_command_is_plain(struct iq_str path);

#endif
