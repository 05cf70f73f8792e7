/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several rules can find the same goroutines. One finding says it: what rests on
 * number and age alone gives way to what says more, and a note to a warning.
 */
#ifndef IQ_DETECT_GIVE_WAY_H
#define IQ_DETECT_GIVE_WAY_H

#include "detect/detector.h"

/* Drops those of @findings, which have their evidence, that give way. */
struct iq_error *iq_findings_give_way(const struct iq_model *model,
				      struct iq_findings *findings)
	iq_must_check;

#endif
