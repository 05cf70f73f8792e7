/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutines of a runtime whose list of them is lost in part: those that its
 * threads run are known still.
 */
#ifndef IQ_GO_GOROUTINE_THREADS_H
#define IQ_GO_GOROUTINE_THREADS_H

#include "base/error.h"
#include "formats/go/runtime.h"

/* Adds to rt->gs what rt->ms lead to, unless the list is whole, which says
 * then that there are no others. */
struct iq_error *iq_go_goroutines_of_threads(struct iq_go_runtime *rt)
	iq_must_check;

#endif
