/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and names of profiles as people read them. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "reports/profile_text.h"
#include "reports/words.h"

/* Rows of a table unless more are asked for. */
#define MAX_ROWS 20

const char *iq_profile_quantity(char *buf, int64_t v, struct iq_str unit)
{
	uint64_t size = iq_profile_size(v);
	char *to = buf;

	if (v < 0)
		*to++ = '-';
	if (iq_str_equal(unit, IQ_STR("bytes")))
		iq_words_bytes(to, size);
	else if (iq_str_equal(unit, IQ_STR("nanoseconds")))
		iq_words_duration(to,
				  size > INT64_MAX ? INT64_MAX : (int64_t)size);
	else
		iq_words_number(to, size);
	return buf;
}

const char *iq_profile_percent(char *buf, int64_t v, uint64_t whole)
{
	double part;

	if (!whole) {
		snprintf(buf, IQ_QUANTITY_SIZE, "-");
		return buf;
	}
	part = (double)iq_profile_size(v) / (double)whole * 100;
	snprintf(buf, IQ_QUANTITY_SIZE, "%s%.1f%%", v < 0 ? "-" : "", part);
	return buf;
}

const char *iq_profile_time(char *buf, int64_t ns)
{
	int64_t rest = ns % 1000000000;
	time_t seconds = (time_t)(ns / 1000000000 - (rest < 0));
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(buf, IQ_QUANTITY_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buf, IQ_QUANTITY_SIZE, "%" PRId64 " ns", ns);
	return buf;
}

struct iq_str iq_profile_site(struct iq_term *term,
			      const struct iq_frame *frame, unsigned columns)
{
	struct iq_str module;

	if (!frame)
		return iq_term_cut(term, IQ_STR("(no frames)"), columns);
	if (frame->function.len)
		return iq_term_site(term, frame, columns);
	module = iq_term_clean(term, iq_str_basename(frame->module));
	if (!module.len)
		module = IQ_STR("unknown");
	if (frame->has_pc)
		module = iq_term_textf(term, "%.*s 0x%" PRIx64,
				       IQ_STR_ARG(module), frame->pc);
	return iq_term_cut(term, module, columns);
}

struct iq_str iq_profile_path(struct iq_term *term, struct iq_str path,
			      unsigned columns)
{
	struct iq_str clean = iq_term_clean(term, path);

	if (iq_term_width(clean) > columns)
		clean = iq_term_clean(term, iq_str_basename(path));
	return iq_term_cut(term, clean, columns);
}

struct iq_str iq_profile_state(struct iq_term *term, struct iq_str state,
			       unsigned columns)
{
	// A function that it called is shortened like one.
	struct iq_frame frame = { .function = state };

	if (!state.len)
		return IQ_STR("-");
	return iq_term_site(term, &frame, columns);
}

bool iq_profile_is_of_places(enum iq_profile_type type)
{
	switch (type) {
	case IQ_PROFILE_GOROUTINE:
	case IQ_PROFILE_GOROUTINELEAK:
	case IQ_PROFILE_BLOCK:
	case IQ_PROFILE_MUTEX:
		return true;
	default:
		return false;
	}
}

bool iq_profile_is_narrow(const struct iq_term *term)
{
	return term->width < 60;
}

size_t iq_profile_shown(const struct iq_report_options *options, size_t num)
{
	uint64_t most = options->limit ? options->limit :
			options->all   ? UINT64_MAX :
					 MAX_ROWS;

	return most < num ? (size_t)most : num;
}
