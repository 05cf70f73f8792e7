/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash maps: uthash with xxHash as its function and without its exit() on
 * memory shortage. A table that could not grow says so by the flag that the
 * user of the map passes as the variable "iq_map_failed" in scope:
 *
 *	bool iq_map_failed = false;
 *	HASH_ADD_KEYPTR(hh, map, key, len, entry);
 *	if (iq_map_failed) return &iq_enomem;
 */
#ifndef IQ_BASE_MAP_H
#define IQ_BASE_MAP_H

#include <xxhash.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt) (iq_map_failed = true)
#define HASH_FUNCTION(keyptr, keylen, hashv)                                   \
	((hashv) = (unsigned)XXH3_64bits((keyptr), (keylen)))
#include <uthash.h>

#endif
