/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for which sync.Cond. Go 1.26 and newer keep it in g.waiting; before,
 * only the Cond's own list knows, and it is found from the stack of one who
 * waits: runtime.notifyListWait has its address.
 */
#ifndef IQ_GO_NOTIFY_LISTS_H
#define IQ_GO_NOTIFY_LISTS_H

#include "base/error.h"
#include "formats/go/runtime.h"
#include "formats/go/semaphores.h"

/* Adds the waiters of all lists that were found, the list's address for each.
 * Leaves @waiters without order. */
struct iq_error *iq_go_notify_lists_read(const struct iq_go_runtime *rt,
					 struct iq_go_semaphores *waiters)
	iq_must_check;

#endif
