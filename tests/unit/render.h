/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases built of facts, joined, judged and rendered into memory, for tests of
 * the reports.
 */
#ifndef IQ_TESTS_RENDER_H
#define IQ_TESTS_RENDER_H

#include "facts-builder.h"
#include "model/model.h"
#include "reports/report.h"

#define RENDER_WITNESSES 4

struct render {
	struct iq_facts *facts[RENDER_WITNESSES];
	size_t num_facts;
	struct iq_model *model;
	struct iq_report_options options;
	struct iq_out out;
};

/*
 * A shop that has everything a report can show: @senders goroutines that are
 * leaked, ones that wait for a lock, hostile names, one of the runtime's own,
 * a gap; as a core and as a dump.
 */
void render_shop(struct render *render, unsigned senders);
/* A case of the facts that @render holds. */
void render_join(struct render *render);
/* The report as a NUL-terminated text, valid until the next; NULL on errors. */
const char *render_text(struct render *render, const char *command,
			const char *format);
void render_deinit(struct render *render);

/* Columns of the longest line; a code point is one. */
unsigned longest_line(const char *text);
unsigned count_lines(const char *text);

#endif
