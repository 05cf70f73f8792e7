/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of go-process that crashed: goroutine 1 is on the system stack of a
 * thread that is dying, and its own stack is main.inner in main.main, main.G and
 * goexit, each frame of GO_PROCESS_FRAME bytes.
 */
#ifndef IQ_TESTS_UNIT_GO_CRASH_H
#define IQ_TESTS_UNIT_GO_CRASH_H

#include "formats/go/type.h"
#include "go-process.h"
#include "model/scene.h"

struct go_crash {
	struct go_process p;
	const struct iq_go_layout *l;
	uint64_t g, m;
	uint64_t sp; /* of the innermost frame */
};

/* Not yet open: memory may be written. */
void go_crash_init(struct go_crash *c, const char *version);
/* Reads goroutines, stacks, how it ended, and the scene, which may be NULL. */
const struct iq_scene *go_crash_read(struct go_crash *c);
void go_crash_close(struct go_crash *c);

/* A type descriptor; @num fields follow by go_crash_type_field(). */
uint64_t go_crash_type(struct go_crash *c, const char *name,
		       enum iq_go_kind kind, uint64_t size);
/* Makes @type a struct of these fields: names and offsets of types. */
struct go_crash_field {
	const char *name;
	uint64_t type;
	uint64_t offset;
};
void go_crash_struct(struct go_crash *c, uint64_t type,
		     const struct go_crash_field *fields, size_t num);
/* The header of a string in the heap. */
uint64_t go_crash_string(struct go_crash *c, const char *text);
/*
 * A panic in front of those that there are, at @addr (0: in the heap), with a
 * value of @type whose data is at @data; its address.
 */
uint64_t go_crash_panic(struct go_crash *c, uint64_t addr, uint64_t type,
			uint64_t data);

#endif
