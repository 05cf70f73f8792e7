/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that a report shows to be copied: they must do in a shell what they
 * look like.
 */
#ifndef IQ_REPORTS_COMMAND_H
#define IQ_REPORTS_COMMAND_H

#include <stdbool.h>

#include "base/out.h"
#include "base/str.h"
#include "reports/report.h"

/* A file's name that needs no quotes in a shell, and is no option. */
bool iq_command_is_plain(struct iq_str path);

/* Whether all folders where files were looked for can be typed so. */
bool iq_command_has_plain_folders(const struct iq_report_options *options);
/* " --sysroot DIR --debug-dir DIR": these folders; nothing without any. */
void iq_command_put_folders(const struct iq_report_options *options,
			    struct iq_out *out);

#endif
