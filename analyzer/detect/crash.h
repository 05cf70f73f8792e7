/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules about the end of the process have in common.
 */
#ifndef IQ_DETECT_CRASH_H
#define IQ_DETECT_CRASH_H

#include "detect/detector.h"
#include "model/crash.h"

/*
 * A finding of @detector about the goroutine that ended the process; none of
 * the goroutines if that is unknown. The cause and the place make the title.
 */
struct iq_error *iq_crash_add(const struct iq_detector *detector,
			      const struct iq_model *model,
			      struct iq_findings *findings) iq_must_check;

/* What to do about @cause, in one sentence. */
const char *iq_crash_advice(enum iq_cause cause);

/* "test timed out after": package testing gave up on a test that hangs. */
bool iq_end_is_test_timeout(const struct iq_process_fact *process);

/* The runtime's words when no goroutine can run any more. */
bool iq_end_is_all_asleep(const struct iq_process_fact *process);

#endif
