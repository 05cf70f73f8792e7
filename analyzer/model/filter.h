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
/* For iq_cleanup(). */
void iq_filter_destroyp(struct iq_filter **filter);

/* What is unknown matches nothing, "!=" and "!~" neither. */
bool iq_filter_match(const struct iq_filter *filter,
		     const struct iq_model *model, size_t goroutine);

/* It asks for what is known only when the rules have run. */
bool iq_filter_is_judged(const struct iq_filter *filter);
/* Its answer is the same for all goroutines of a group. */
bool iq_filter_is_of_group(const struct iq_filter *filter);
/* It is the key alone. */
bool iq_filter_is_bare(const struct iq_filter *filter);
/* IQ_TELLS_* without which its key has no value. */
unsigned iq_filter_tells(const struct iq_filter *filter);

/*
 * Calls @visit for each value that its key has, as a text, which may be the
 * input's and is valid only then. Different ways to write one value are one.
 */
void iq_filter_each(const struct iq_filter *filter,
		    const struct iq_model *model, size_t goroutine,
		    void (*visit)(void *ctx, struct iq_str text), void *ctx);

/* Its key is a number or a time; the smallest value that it has, false if it is
 * unknown. */
bool iq_filter_is_number(const struct iq_filter *filter);
bool iq_filter_number(const struct iq_filter *filter,
		      const struct iq_model *model, size_t goroutine,
		      uint64_t *ret);

/* By index: name and one line of help; false past the last. */
bool iq_filter_key_at(size_t index, const char **name_ret,
		      const char **help_ret);

#endif
