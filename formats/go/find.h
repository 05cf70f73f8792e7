/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtime's variables are: by symbol, and in executables without
 * symbols by what they look like in bss. What is found is checked either way,
 * since a wrong layout shows here first.
 */
#ifndef IQ_GO_FIND_H
#define IQ_GO_FIND_H

#include "base/error.h"
#include "formats/go/runtime.h"

/* Before goroutines and threads are read: allgs. */
void iq_go_find_allgs(struct iq_go_runtime *rt);

/* With goroutines known: allm. */
void iq_go_find_allm(struct iq_go_runtime *rt);

/* In any order: allp. */
void iq_go_find_allp(struct iq_go_runtime *rt);
/* Whether what was found is a list of processors that begins with number 0. */
bool iq_go_allp_is(const struct iq_go_runtime *rt);

/* With goroutines and threads known: sched, allp, memstats, semtable. */
void iq_go_find_rest(struct iq_go_runtime *rt);

/* What the variables say about one another; a failed check is a gap. */
void iq_go_find_check(struct iq_go_runtime *rt);

#endif
