/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Go process small enough to be made by hand: the module of go-image, text
 * with calls in it, a heap in which g's, stacks and what they wait for are laid
 * out as any version has them, and bss with the runtime's variables.
 */
#ifndef IQ_TESTS_UNIT_GO_PROCESS_H
#define IQ_TESTS_UNIT_GO_PROCESS_H

#include "formats/elf/core.h"
#include "formats/go/program.h"
#include "formats/go/runtime.h"
#include "go-image.h"
#include "model/fact.h"

#define GO_PROCESS_HEAP UINT64_C(0xc000000000)
#define GO_PROCESS_HEAP_SIZE 131072
#define GO_PROCESS_BSS UINT64_C(0x600000)
#define GO_PROCESS_BSS_SIZE 32768
#define GO_PROCESS_STACK_SIZE 4096
#define GO_PROCESS_GS 16

/* Return addresses behind calls: in main.inner, which is inlined into
 * main.main; in main.G; and what newproc puts below everything. */
#define GO_PROCESS_PC_MAIN (GO_IMAGE_TEXT + 0x15)
#define GO_PROCESS_PC_G (GO_IMAGE_TEXT + 0x49)
#define GO_PROCESS_PC_GOEXIT (GO_IMAGE_TEXT + 0x61)
/* Bytes that the frames of main.main and main.G have. */
#define GO_PROCESS_FRAME 32

struct go_process {
	struct go_image image;
	uint8_t text[256];
	uint8_t heap[GO_PROCESS_HEAP_SIZE];
	uint8_t bss[GO_PROCESS_BSS_SIZE];
	size_t heap_used;
	struct iq_source sources[4];
	struct iq_source core_source;
	struct iq_memory *memory;
	struct iq_go_module module;
	struct iq_go_program program;
	struct iq_core_thread threads[4];
	struct iq_core core;
	struct iq_facts *facts;
	struct iq_go_runtime rt;
	/* Addresses of g's, in the order in which they were made. */
	uint64_t gs[GO_PROCESS_GS];
	size_t num_gs;
	/* Offset of the record of runtime.goexit in the image. */
	size_t goexit;
};

/* A process without goroutines, not yet open: bytes may be changed. */
void go_process_init(struct go_process *p, const char *version);
/* Reads nothing yet: p->rt has the program alone. */
void go_process_open(struct go_process *p);
void go_process_close(struct go_process *p);

/* @size zeroed bytes of the heap; their address. */
uint64_t go_process_alloc(struct go_process *p, size_t size);
/* @size bytes of @value at an address of heap, bss or text. */
void go_process_put(struct go_process *p, uint64_t addr, uint64_t value,
		    size_t size);
void go_process_word(struct go_process *p, uint64_t addr, uint64_t value);
void go_process_field(struct go_process *p, uint64_t addr,
		      struct iq_go_field field, uint64_t value);
void go_process_text(struct go_process *p, uint64_t addr, const char *text);
/* A slice or a string header. */
void go_process_slice(struct go_process *p, uint64_t addr, uint64_t data,
		      uint64_t len);

/*
 * A goroutine that waits in main.inner, called by main.main, called by main.G;
 * @reason is the text of its wait reason, or "".
 */
uint64_t go_process_g(struct go_process *p, uint64_t goid,
		      enum iq_gstatus status, const char *reason);
/* Where its stack pointer is. */
uint64_t go_process_sp(const struct go_process *p, uint64_t g);
/* runtime.allgs, at GO_PROCESS_BSS + 64, of all that were made. */
void go_process_allgs(struct go_process *p);
/* A thread with g0 and gsignal; its m. */
uint64_t go_process_m(struct go_process *p, uint64_t procid, uint64_t curg);

#endif
