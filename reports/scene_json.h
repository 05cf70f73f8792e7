/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scene of a crash in JSON: members of the report's process.crash.
 */
#ifndef IQ_REPORTS_SCENE_JSON_H
#define IQ_REPORTS_SCENE_JSON_H

#include "base/attr.h"
#include "base/error.h"
#include "reports/emit_json.h"
#include "reports/report.h"

/* Adds what is known of how the process ended, if it ended by its own fault. */
struct iq_error *iq_scene_json(struct iq_json *json,
			       const struct iq_model *model,
			       const struct iq_report_options *options)
	iq_must_check;

#endif
