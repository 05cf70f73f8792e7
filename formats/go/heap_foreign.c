/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

struct iq_error *iq_go_heap_foreign(const struct iq_go_heap *heap,
				    struct iq_heap_map *map)
{
	if (heap->rt.facts->process.cgo != IQ_NO)
		iq_heap_map_lacks(
			map, "C code may hold references in its own memory");
	return NULL;
}
