/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keys of conditions are, and what a key's function hands its values
 * to. For filter.c and filter_keys.c alone.
 */
#ifndef IQ_MODEL_FILTER_KEY_H
#define IQ_MODEL_FILTER_KEY_H

#include "base/str.h"
#include "model/model.h"

enum iq_key_type {
	IQ_KEY_TEXT,
	IQ_KEY_FLAG, /* "yes" or "no" */
	IQ_KEY_NUMBER,
	IQ_KEY_DURATION,
};

/* Beside IQ_TELLS_*. */
enum {
	IQ_KEY_OF_GROUP = 1 << 24,
	IQ_KEY_JUDGED = 1 << 25,
};

/* Who is asked, and what hears the values: one of the functions is set. */
struct iq_probe {
	const struct iq_model *model;
	size_t index;
	const struct iq_goroutine *goroutine;
	struct iq_str argument; /* of "label." */
	/*
	 * @identity is equal only for equal texts, as long as the model lives;
	 * with a length of its own kind. NULL: there is none. An alias is
	 * another way to write the value before.
	 */
	void (*text)(struct iq_probe *probe, struct iq_str text,
		     const void *identity, bool alias);
	void (*number)(struct iq_probe *probe, uint64_t value, bool is_hex);
	/* At least @min, at most @max; negative: unknown. */
	void (*range)(struct iq_probe *probe, int64_t min, int64_t max);
};

struct iq_filter_key {
	const char *name;
	enum iq_key_type type;
	unsigned flags;
	void (*put)(struct iq_probe *probe);
	const char *help;
};

/*
 * By index: a value of a key that has only those of a list, and another way to
 * write it, or NULL. NULL past the last, and of other keys.
 */
const char *iq_filter_key_value(const struct iq_filter_key *key, size_t index,
				const char **alias_ret);

/* By index, ordered by name; NULL past the last. */
const struct iq_filter_key *iq_filter_key_row(size_t index);

#endif
