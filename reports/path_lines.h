/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from a root to an object, for people and for programs: the root, then
 * an object a line with the place in it where the next one is referred to.
 */
#ifndef IQ_REPORTS_PATH_LINES_H
#define IQ_REPORTS_PATH_LINES_H

#include "model/model.h"
#include "model/path.h"
#include "reports/emit_json.h"
#include "reports/emit_term.h"

/* "the variable main.pool.jobs", "the stack of goroutine 7 in main.worker
 * main.go:79"; clean. */
struct iq_str iq_path_root_words(struct iq_term *term,
				 const struct iq_model *model,
				 const struct iq_path *path);
/* Lines from column @indent on; the path was found. */
void iq_path_put(struct iq_term *term, const struct iq_model *model,
		 const struct iq_path *path, unsigned indent);

/* An object, or null where nothing leads there. */
void iq_path_json(struct iq_json *json, const struct iq_model *model,
		  const struct iq_path *path);

#endif
