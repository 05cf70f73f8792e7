/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Go module small enough to be made by hand: moduledata, pcHeader and the
 * tables of three functions, laid out as any version has them. Bytes may be
 * broken before or after the memory is made.
 */
#ifndef IQ_TESTS_UNIT_GO_IMAGE_H
#define IQ_TESTS_UNIT_GO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "formats/go/go_versions.h"
#include "formats/memory.h"

#define GO_IMAGE_ADDR UINT64_C(0x500000)
#define GO_IMAGE_TEXT UINT64_C(0x401000)
#define GO_IMAGE_SIZE 8192

/*
 * The functions, by their offset from the text:
 *
 *	0x00 main.main, main.go: line 10, from 0x10 on main.inner, inner.go:5,
 *	     inlined at 0x08; from 0x20 on line 12; sp 0, from 4 on 24
 *	0x40 main.G[go.shape.string], main.go: line 20
 *	0x60 runtime.goexit, no tables at all
 *	0x70 the end
 */
struct go_image {
	const struct iq_go_version *version;
	uint8_t bytes[GO_IMAGE_SIZE];
	size_t used;
	/* Offsets in bytes of the tables. */
	size_t moduledata, header, funcname, cu, file, pc, pcln, ftab, gofunc;
	/* Offsets of the records of main.main and main.G. */
	size_t func[2];
	struct iq_source source;
	struct iq_memory *memory;
};

/* Version "go1.26.8" of amd64, say. */
void go_image_init(struct go_image *image, const char *version);
/* All of bytes at GO_IMAGE_ADDR, writable. */
void go_image_map(struct go_image *image);
void go_image_deinit(struct go_image *image);

uint64_t go_image_addr(const struct go_image *image, size_t offset);
void go_image_put(struct go_image *image, size_t offset, uint64_t value,
		  size_t size);

#endif
