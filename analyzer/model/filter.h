/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on goroutines, the same in every command and in rules that are
 * data: KEY OP VALUE. Keys stand in filter_keys.def.
 */
#ifndef IQ_MODEL_FILTER_H
#define IQ_MODEL_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/model.h"

struct iq_filter;

/*
 * Parses "status=waiting", "func~^net/http", "since>5m", "label.user!=ann",
 * "peer=10.0.0.7:5432"; without an operator it is the key alone: it has any
 * value. The error names what is wrong and, for a key, the nearest one.
 */
struct iq_error *iq_filter_parse(const char *text, struct iq_filter **ret)
	iq_must_check;
void iq_filter_destroy(struct iq_filter *filter);

/* What is unknown matches nothing, "!=" and "!~" neither. */
bool iq_filter_match(const struct iq_filter *filter,
		     const struct iq_model *model, size_t goroutine);

/* By index: name and one line of help; false past the last. */
bool iq_filter_key_at(size_t index, const char **name_ret,
		      const char **help_ret);

#endif
