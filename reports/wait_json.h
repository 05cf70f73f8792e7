/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a goroutine waits for as JSON: "waits_for" of a goroutine's record, and
 * the same keys of an object wherever one stands.
 */
#ifndef IQ_REPORTS_WAIT_JSON_H
#define IQ_REPORTS_WAIT_JSON_H

#include "model/object.h"
#include "reports/emit_json.h"

/* The keys of @o's contents, beside kind and address, to the object that is
 * open; none of one that could not be read. */
void iq_wait_json_contents(struct iq_json *json, const struct iq_object *o);

/* An object of its own; @num_waiters wait for the same address. */
void iq_wait_json(struct iq_json *json, const struct iq_wait *wait,
		  uint64_t num_waiters);

#endif
