/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules about the end of the process have in common.
 */
#ifndef IQ_DETECT_CRASH_H
#define IQ_DETECT_CRASH_H

#include "detect/detector.h"

/*
 * A finding of @detector about the goroutine that ended the process; none of
 * the goroutines if that is unknown. @what and the runtime's words make the
 * title.
 */
struct iq_error *iq_crash_add(const struct iq_detector *detector,
			      const struct iq_model *model, const char *what,
			      const char *advice, struct iq_findings *findings)
	iq_must_check;

/* "test timed out after": package testing gave up on a test that hangs. */
bool iq_end_is_test_timeout(const struct iq_process_fact *process);

/* The runtime's words when no goroutine can run any more. */
bool iq_end_is_all_asleep(const struct iq_process_fact *process);

#endif
