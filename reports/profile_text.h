/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of "profile" as text. */
#ifndef IQ_REPORTS_PROFILE_TEXT_H
#define IQ_REPORTS_PROFILE_TEXT_H

#include "reports/emit_term.h"
#include "reports/profile.h"
#include "reports/report.h"

/* Room for a quantity in words. */
#define IQ_QUANTITY_SIZE 40
/* Columns of a state, at most. */
#define IQ_PROFILE_MAX_STATE 20

/* One profile on its way to the terminal. */
struct iq_profile_text {
	const struct iq_report_options *options;
	struct iq_term *term;
	const struct iq_facts *facts;
	const struct iq_profile *profile;
	/* The type of value that is shown: index into profile->types. */
	size_t type;
	/* What is 100 % of it. */
	uint64_t whole;
};

/* "1.0 MiB", "7.0s", "-1,234": @v in @unit, in the caller's buffer. */
const char *iq_profile_quantity(char *buf, int64_t v, struct iq_str unit);
/* "78.4%"; "-" where there is nothing to be a part of. */
const char *iq_profile_percent(char *buf, int64_t v, uint64_t whole);
/* "2026-11-21 07:12:01 UTC" */
const char *iq_profile_time(char *buf, int64_t ns);
/* A frame in at most @columns: with its line, or "libc.so.6 0x7f…" where it has
 * no function. */
struct iq_str iq_profile_site(struct iq_term *term,
			      const struct iq_frame *frame, unsigned columns);
/* A path in at most @columns: its end says most. */
struct iq_str iq_profile_path(struct iq_term *term, struct iq_str path,
			      unsigned columns);
/* What is called @state in at most @columns, clean. */
struct iq_str iq_profile_state(struct iq_term *term, struct iq_str state,
			       unsigned columns);
/* Goroutines, or what stands in a wait: where counts more than what. */
bool iq_profile_is_of_places(enum iq_profile_type type);
/* Tables leave out what may be left out. */
bool iq_profile_is_narrow(const struct iq_term *term);
/* How many rows of @num are shown. */
size_t iq_profile_shown(const struct iq_report_options *options, size_t num);

/* The views. */
struct iq_error *iq_profile_top_view(struct iq_profile_text *text)
	iq_must_check;
struct iq_error *iq_profile_place_view(struct iq_profile_text *text)
	iq_must_check;
struct iq_error *iq_profile_stack_view(struct iq_profile_text *text)
	iq_must_check;
struct iq_error *iq_profile_label_view(struct iq_profile_text *text)
	iq_must_check;
/* What changed from the first of several to the last; all of one type. */
struct iq_error *iq_profile_growth_view(const struct iq_profile_text *texts,
					size_t num) iq_must_check;

#endif
