/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How what a goroutine waits for is still reached, and who could serve it: of
 * "explain" and "waits --of".
 */
#ifndef IQ_REPORTS_REACHED_H
#define IQ_REPORTS_REACHED_H

#include "reports/emit_json.h"
#include "reports/wait_lines.h"

/*
 * Whether "explain" says it unasked: no proof condemns the goroutine, and memory
 * shows that something still reaches what it waits for.
 */
bool iq_reached_is_open(const struct iq_goroutine *goroutine);

/* Two sections with their headings. */
struct iq_error *iq_reached_put(struct iq_wait_lines *lines, uint32_t goroutine)
	iq_must_check;

/* "paths", an array, and "suspects", of the object that is open. */
struct iq_error *iq_reached_json(struct iq_json *json,
				 const struct iq_model *model,
				 uint32_t goroutine) iq_must_check;

#endif
