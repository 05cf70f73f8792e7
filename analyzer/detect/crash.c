/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/crash.h"

#include "detect/sift.h"
#include "model/text.h"

bool iq_end_is_all_asleep(const struct iq_process_fact *process)
{
	struct iq_str words = IQ_STR("all goroutines are asleep");

	return process->end == IQ_END_FATAL &&
	       iq_str_search(process->end_text, words) < process->end_text.len;
}

bool iq_end_is_test_timeout(const struct iq_process_fact *process)
{
	// Go: src/testing/testing.go, (*M).startAlarm, 1.18 - 1.27.
	return process->end == IQ_END_PANIC &&
	       iq_str_starts(process->end_text, IQ_STR("test timed out after"));
}

/* Where the runtime takes over from what failed. */
static bool is_panic_frame(struct iq_str function)
{
	return iq_str_equal(function, IQ_STR("panic")) ||
	       iq_str_equal(function, IQ_STR("runtime.gopanic")) ||
	       iq_str_equal(function, IQ_STR("runtime.sigpanic"));
}

/*
 * The first frame of the program's own code below the first panic: deferred
 * functions that panic again stand above it. NULL if there is none.
 */
static const struct iq_frame *first_panic_site(const struct iq_stack *stack)
{
	uint32_t i = stack->num_frames;

	while (i && !is_panic_frame(stack->frames[i - 1]->function))
		i--;
	for (; i && i < stack->num_frames; i++) {
		struct iq_str name = stack->frames[i]->function;

		if (!iq_package_is_std(iq_function_package(name)))
			return stack->frames[i];
	}
	return NULL;
}

static struct iq_error *crash_title(const struct iq_model *model,
				    struct iq_arena *arena, const char *what,
				    struct iq_finding *f)
{
	const struct iq_process_fact *p = &model->process;
	const char *colon = p->end_text.len ? ": " : "";
	const char *site;

	if (!f->site)
		return iq_textf(arena, &f->title, "%s%s%.*s", what, colon,
				IQ_STR_ARG(p->end_text));
	struct iq_error *err = iq_text_frame(arena, f->site, &site);
	if (err)
		return err;
	return iq_textf(arena, &f->title, "%s%s%.*s in %s, goroutine %llu",
			what, colon, IQ_STR_ARG(p->end_text), site,
			(unsigned long long)p->end_goroutine);
}

struct iq_error *iq_crash_add(const struct iq_detector *detector,
			      const struct iq_model *model, const char *what,
			      const char *advice, struct iq_findings *findings)
{
	struct iq_finding f = {
		.rule = detector->id,
		.class = detector->class,
		.severity = detector->severity,
		.kind = "crash",
	};
	struct iq_error *err = NULL;
	size_t index;

	if (model->process.has_end_goroutine &&
	    iq_model_goroutine(model, model->process.end_goroutine, &index)) {
		uint32_t goroutine = (uint32_t)index;

		err = iq_finding_init(detector, model, findings->arena,
				      &goroutine, 1, &f);
		f.kind = "crash";
		if (!err && f.stack && first_panic_site(f.stack))
			f.site = first_panic_site(f.stack);
	}
	// That the process ended is not an inference.
	f.confidence = IQ_CONFIDENCE_PROVEN;
	f.advice = iq_str_of(advice);
	if (!err)
		err = crash_title(model, findings->arena, what, &f);
	return err ? err : iq_findings_add(findings, &f);
}
