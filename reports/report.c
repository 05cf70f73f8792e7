/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/report.h"

#include <string.h>

#define IQ_REPORT(x) extern const struct iq_report iq_report_##x;
#include "reports/reports.def"
#undef IQ_REPORT

static const struct iq_report *const reports[] = {
#define IQ_REPORT(x) &iq_report_##x,
#include "reports/reports.def"
#undef IQ_REPORT
};

const struct iq_report *const *iq_reports(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(reports);
	return reports;
}

const struct iq_report *iq_report_find(const char *command, const char *format)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(reports); i++) {
		if (!strcmp(reports[i]->command, command) &&
		    !strcmp(reports[i]->format, format))
			return reports[i];
	}
	return NULL;
}
