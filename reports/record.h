/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One goroutine as a line of JSON: the record of "goroutines" and of "bt".
 */
#ifndef IQ_REPORTS_RECORD_H
#define IQ_REPORTS_RECORD_H

#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"
#include "model/model.h"

struct iq_records;

/* Writes to @out; both must outlive it. */
struct iq_error *iq_records_create(const struct iq_model *model,
				   struct iq_out *out, struct iq_records **ret)
	iq_must_check;
void iq_records_destroy(struct iq_records *records);
/* For iq_cleanup(). */
void iq_records_destroyp(struct iq_records **records);

/* Writes the record of model->goroutines[@index] and a newline. */
void iq_records_write(struct iq_records *records, size_t index);
/* The failure that was kept, if there was one. */
struct iq_error *iq_records_done(const struct iq_records *records)
	iq_must_check;

/* "waiting"; "leaked" where the runtime said so; NULL if unknown. Static. */
const char *iq_record_status(const struct iq_goroutine_fact *fact);
/* The time that it has waited is known, not only that it is at least so long. */
bool iq_record_exact(const struct iq_goroutine *g);

#endif
