/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands behind a finding: the goroutines that go on if its own do, however
 * far behind them; and the order of findings that follows from it.
 */
#ifndef IQ_DETECT_VICTIMS_H
#define IQ_DETECT_VICTIMS_H

#include "detect/detector.h"

/* Adds to each finding's victims those that the wait-for graph shows. */
struct iq_error *iq_victims_find(const struct iq_model *model,
				 struct iq_findings *findings) iq_must_check;

/*
 * A convoy at the end of which others wait who have a finding of their own is no
 * mere note: it is their cause.
 */
struct iq_error *iq_victims_raise(const struct iq_model *model,
				  struct iq_findings *findings) iq_must_check;

/*
 * Puts each finding whose goroutines keep others waiting directly before the
 * first finding of these, unless it stands before it already. What claims no
 * defect, or was withdrawn, stays where it is.
 */
struct iq_error *iq_victims_follow(const struct iq_model *model,
				   struct iq_findings *findings) iq_must_check;

#endif
