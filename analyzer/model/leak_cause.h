/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why goroutines leaked: the class of mistake, as far as stack, object and
 * creator show it, and what mends it. One row a class in leak_causes.def.
 */
#ifndef IQ_MODEL_LEAK_CAUSE_H
#define IQ_MODEL_LEAK_CAUSE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct iq_finding;
struct iq_model;

struct iq_leak_cause_class {
	/* Documented, stable: "early-return". */
	const char *id;
	/* One line: what happened. */
	const char *summary;
	/* What mends it. */
	const char *fix;
};

/* What is said of one finding. */
struct iq_leak_cause {
	const struct iq_leak_cause_class *class; /* NULL: it is not known */
	/* What shows it, in a sentence: "fetch returned at main.go:31 without
	 * receiving; the channel has no room". */
	struct iq_str shown_by;
};

/* All classes, in the order in which they are tried. */
const struct iq_leak_cause_class *iq_leak_cause_classes(size_t *num_ret);

/* Objects that are looked into for all causes of a report. */
#define IQ_LEAK_LOOKS_MAX (1u << 24)

/*
 * The cause of @finding, whose goroutines wait; class NULL: none is shown.
 * *@looks of the heap's objects may be looked into, and are taken from it; who
 * else has what is waited for is not known without.
 */
struct iq_error *iq_leak_cause_find(const struct iq_model *model,
				    const struct iq_finding *finding,
				    struct iq_arena *arena, uint64_t *looks,
				    struct iq_leak_cause *ret) iq_must_check;

#endif
