/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/reached.h"

/* Digits of a fingerprint that are enough. */
#define MIN_PREFIX 8

static struct iq_error *no_finding(const struct iq_model *model,
				   const char *what, const char *asked)
{
	if (!model->num_findings)
		return iq_error_new(IQ_ERROR_USAGE,
				    "there are no findings to explain: the "
				    "verdict is %s",
				    iq_verdict_word_name(model->verdict.word));
	return iq_error_new(IQ_ERROR_USAGE,
			    "there is no finding %s%s: there %s %zu, "
			    "\"inquest report --all\" lists them",
			    what, asked,
			    model->num_findings == 1 ? "is" : "are",
			    model->num_findings);
}

static struct iq_error *find_number(const struct iq_model *model,
				    const char *asked,
				    const struct iq_finding **ret)
{
	unsigned long id = strtoul(asked, NULL, 10);

	for (size_t i = 0; i < model->num_findings; i++) {
		if (model->findings[i].id == id) {
			*ret = &model->findings[i];
			return NULL;
		}
	}
	return no_finding(model, "", asked);
}

static struct iq_error *find_fingerprint(const struct iq_model *model,
					 const char *asked,
					 const struct iq_finding **ret)
{
	const struct iq_finding *found = NULL;
	size_t len = strlen(asked);

	for (size_t i = 0; i < model->num_findings; i++) {
		const struct iq_finding *f = &model->findings[i];

		if (strncmp(f->fingerprint, asked, len) != 0)
			continue;
		if (found)
			return iq_error_new(
				IQ_ERROR_USAGE,
				"\"%s\" is ambiguous: findings %" PRIu32
				" (%s) and %" PRIu32 " (%s) begin so",
				asked, found->id, found->fingerprint, f->id,
				f->fingerprint);
		found = f;
	}
	if (!found)
		return no_finding(model, "with a fingerprint ", asked);
	*ret = found;
	return NULL;
}

struct iq_error *iq_explain_find(const struct iq_model *model,
				 const char *asked,
				 const struct iq_finding **ret)
{
	size_t len = asked ? strlen(asked) : 0;

	if (len && len < MIN_PREFIX && strspn(asked, "0123456789") == len)
		return find_number(model, asked, ret);
	if (len >= MIN_PREFIX && strspn(asked, "0123456789abcdef") == len)
		return find_fingerprint(model, asked, ret);
	return iq_error_new(IQ_ERROR_USAGE,
			    "\"%s\" is neither the number of a finding nor %d "
			    "digits of a fingerprint",
			    len < 64 && asked ? asked : "that", MIN_PREFIX);
}

bool iq_explain_open(const struct iq_model *model,
		     const struct iq_finding *finding, uint32_t *ret)
{
	if (finding->confidence == IQ_CONFIDENCE_PROVEN)
		return false;
	for (size_t i = 0; i < finding->num_goroutines; i++) {
		uint32_t goroutine = finding->goroutines[i];

		if (!iq_reached_is_open(&model->goroutines[goroutine]))
			continue;
		*ret = goroutine;
		return true;
	}
	return false;
}
