/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"

#include "detect/sift.h"
#include "model/text.h"

bool iq_end_is_all_asleep(const struct iq_process_fact *process)
{
	return process->end == IQ_END_FATAL &&
	       iq_cause_of_fatal(process->end_text) == IQ_CAUSE_ALL_ASLEEP;
}

bool iq_end_is_test_timeout(const struct iq_process_fact *process)
{
	// Go: src/testing/testing.go, (*M).startAlarm, 1.18 - 1.27.
	return process->end == IQ_END_PANIC &&
	       iq_str_starts(process->end_text, IQ_STR("test timed out after"));
}

static struct iq_error *crash_title(const struct iq_model *model,
				    const struct iq_crash *crash,
				    struct iq_arena *arena,
				    struct iq_finding *f)
{
	struct iq_str words;
	const char *site;
	struct iq_error *err = iq_crash_words(model, crash, arena, &words);

	if (err)
		return err;
	if (!f->site) {
		f->title = words;
		return NULL;
	}
	err = iq_text_frame(arena, f->site, &site);
	if (err)
		return err;
	if (!crash->has_goroutine && !crash->is_main)
		return iq_textf(arena, &f->title, "%.*s in %s",
				IQ_STR_ARG(words), site);
	return iq_textf(arena, &f->title, "%.*s in %s, goroutine %llu",
			IQ_STR_ARG(words), site,
			(unsigned long long)crash->goroutine);
}

static const char *advice_for(const struct iq_model *model,
			      const struct iq_crash *crash)
{
	const char *special;

	if (iq_end_is_test_timeout(&model->process))
		return "look for the test's own goroutine: what it waits for is what hangs";
	special = iq_crash_special_advice(model, crash);
	return special ? special : iq_crash_advice(crash->cause);
}

struct iq_error *iq_crash_add(const struct iq_detector *detector,
			      const struct iq_model *model,
			      struct iq_findings *findings)
{
	struct iq_finding f = {
		.rule = detector->id,
		.class = detector->class,
		.severity = detector->severity,
		.kind = "crash",
	};
	struct iq_error *err = NULL;
	struct iq_crash crash;
	size_t index;

	if (!iq_crash_find(model, &crash))
		return NULL;
	if (crash.has_goroutine &&
	    iq_model_goroutine(model, crash.goroutine, &index)) {
		uint32_t goroutine = (uint32_t)index;

		err = iq_finding_init(detector, model, findings->arena,
				      &goroutine, 1, &f);
		f.kind = "crash";
	}
	if (crash.site)
		f.site = crash.site;
	// That the process ended is not an inference.
	f.confidence = IQ_CONFIDENCE_PROVEN;
	f.advice = iq_str_of(advice_for(model, &crash));
	if (!err)
		err = crash_title(model, &crash, findings->arena, &f);
	return err ? err : iq_findings_add(findings, &f);
}
