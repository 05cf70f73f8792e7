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

/* Sets the cause of each finding whose goroutines wait and that claims that they
 * stay; class NULL: none is shown. After the detectors' run. */
struct iq_error *iq_leak_causes_find(struct iq_model *model) iq_must_check;

#endif
