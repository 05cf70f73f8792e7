/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What traces show of a place in the program: waits there that ended. Who still
 * waits where others are served every few milliseconds waits for something else
 * than they do.
 */
#ifndef IQ_DETECT_SERVED_H
#define IQ_DETECT_SERVED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/vec.h"
#include "model/model.h"

struct iq_served {
	const struct iq_frame *site;
	uint64_t function; /* hash of its name */
	enum iq_wait_class class;
	/* Waits that ended, and how long they took together. */
	uint64_t count;
	int64_t total_ns;
};

/* By place; of all traces of the process. */
struct iq_served_table {
	IQ_VEC(struct iq_served) list;
};

struct iq_error *iq_served_make(const struct iq_model *model,
				struct iq_served_table *ret) iq_must_check;
void iq_served_deinit(struct iq_served_table *table);

/* NULL if no wait of that class ended at @site. */
const struct iq_served *iq_served_find(const struct iq_served_table *table,
				       const struct iq_frame *site,
				       enum iq_wait_class class);

/*
 * Waits at this place end all the time, and one that has taken @waited_ns, or
 * an unknown time if that is negative, is like them, or is not: if they end too
 * seldom to know, both are false.
 */
bool iq_served_is_usual(const struct iq_served *served, int64_t waited_ns);
bool iq_served_is_overdue(const struct iq_served *served, int64_t waited_ns);

#endif
