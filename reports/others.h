/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines of the program that no finding is about, notes included: a report
 * says what they do, so that nobody has to ask whether it saw them.
 */
#ifndef IQ_REPORTS_OTHERS_H
#define IQ_REPORTS_OTHERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "model/model.h"

struct iq_others {
	uint64_t by_class[IQ_CLASS_SYSTEM + 1];
	/* They wait, can run, are in an unknown state: all of them. */
	uint64_t waiting, running, unknown;
	/* Beside them: in notes, and in no finding that claims a defect. */
	uint64_t noted;
};

struct iq_error *iq_others_count(const struct iq_model *model,
				 struct iq_others *ret) iq_must_check;
/* Classes of those that wait, the largest first, @max at most; how many. */
size_t iq_others_classes(const struct iq_others *others,
			 enum iq_wait_class *ret, size_t max);

#endif
