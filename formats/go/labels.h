/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels of goroutines as runtime/pprof sets them: a map up to Go 1.23, a list
 * since. Goroutines inherit the pointer, so each set is read once.
 */
#ifndef IQ_GO_LABELS_H
#define IQ_GO_LABELS_H

#include "base/error.h"
#include "formats/go/runtime.h"

struct iq_go_label_reader;

struct iq_error *iq_go_label_reader_create(const struct iq_go_runtime *rt,
					   struct iq_go_label_reader **ret)
	iq_must_check;
void iq_go_label_reader_destroy(struct iq_go_label_reader *reader);

/* The labels at @addr, a g.labels; NULL and a gap if they are unreadable. They
 * live in the facts. */
struct iq_error *iq_go_labels_read(struct iq_go_label_reader *reader,
				   uint64_t addr, const struct iq_labels **ret)
	iq_must_check;

#endif
