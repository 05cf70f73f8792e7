/* SPDX-License-Identifier: Apache-2.0 */
#include "base/attr.h"
#include "formats/go/record.h"
#include "formats/go/type_model.h"

/* The same in every version. Go: src/runtime/sizeclasses.go, class_to_size;
 * src/internal/runtime/gc/sizeclasses.go from 1.25 on, 1.18 - 1.27. */
static const uint16_t slot_sizes[] = {
	8,     16,    24,    32,    48,	   64,	  80,	 96,	112,   128,
	144,   160,   176,   192,   208,   224,	  240,	 256,	288,   320,
	352,   384,   416,   448,   480,   512,	  576,	 640,	704,   768,
	896,   1024,  1152,  1280,  1408,  1536,  1792,	 2048,	2304,  2688,
	3072,  3200,  3456,  4096,  4864,  5376,  6144,	 6528,	6784,  6912,
	8192,  9472,  9728,  10240, 10880, 12288, 13568, 14336, 16384, 18432,
	19072, 20480, 21760, 24576, 27264, 28672, 32768,
};

#define SLOT_MAX 32768
#define PAGE_SIZE 8192
/* Objects that could get one: pointers and a word in front of them. Go:
 * src/runtime/mbitmap.go, heapBitsInSpan; 1.22 and newer. */
#define HEADER_SIZE 8
#define NO_HEADER_MAX 512

bool iq_go_slot_has_header(const struct iq_go_runtime *rt, uint64_t size)
{
	return iq_go_has(rt->layout->mspan_large_type) &&
	       size > NO_HEADER_MAX && size <= SLOT_MAX - HEADER_SIZE;
}

uint64_t iq_go_slot_size(const struct iq_go_runtime *rt, uint64_t size,
			 bool has_pointers)
{
	bool headers = iq_go_has(rt->layout->mspan_large_type);
	size_t low = 0, high = IQ_ARRAY_SIZE(slot_sizes);

	if (has_pointers && iq_go_slot_has_header(rt, size))
		size += HEADER_SIZE;
	else if (size > SLOT_MAX - (headers ? HEADER_SIZE : 0))
		return size > UINT64_MAX - PAGE_SIZE ?
			       0 :
			       (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull);
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slot_sizes[mid] < size)
			low = mid + 1;
		else
			high = mid;
	}
	return low < IQ_ARRAY_SIZE(slot_sizes) ? slot_sizes[low] : 0;
}
