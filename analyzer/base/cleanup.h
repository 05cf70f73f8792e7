/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions for iq_cleanup(): what a function made it gives back on every
 * way out.
 */
#ifndef IQ_BASE_CLEANUP_H
#define IQ_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#include "base/attr.h"

static inline void iq_freep(void *p)
{
	free(*(void **)p);
}

static inline void iq_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
