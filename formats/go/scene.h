/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scene of a crash, out of the memory of a dead Go process: the signal, the
 * panics and deferred calls of the goroutine that died, and the objects that it
 * died of. Nothing is looked at where there was no crash.
 */
#ifndef IQ_GO_SCENE_H
#define IQ_GO_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/out.h"
#include "base/vec.h"
#include "formats/elf/code.h"
#include "formats/go/crash.h"
#include "formats/go/runtime.h"
#include "formats/go/symbolize.h"
#include "formats/go/type.h"
#include "model/scene.h"

/*
 * Fills facts->scene after facts->process.end is known. The facts of rt->gs
 * begin at facts->goroutines[@first], in their order, with stacks and waits.
 */
struct iq_error *iq_go_scene_read(struct iq_go_runtime *rt, size_t first)
	iq_must_check;

/* Frames of a stack that are looked at: panics and what they are about are at
 * its inner end; an overflow is one function many times. */
#define IQ_GO_SCENE_FRAMES 65536

/* A function's frame on the stack of the goroutine that died. */
struct iq_go_scene_frame {
	uint64_t pc;
	/* It covers [sp, fp); what its caller passes on the stack begins at
	 * args, where the function also keeps arguments of registers. */
	uint64_t sp, fp, args;
	/* The calls in it, innermost first; the last one is the function. */
	const struct iq_go_frames *calls;
};

/* What refers to an object of the scene. */
struct iq_go_scene_holder {
	uint64_t addr; /* 0: none known but what is at the object's */
	/* The object is none unless others refer to it, too. */
	bool is_shared;
};

/* A scene in the making. */
struct iq_go_scene {
	struct iq_go_runtime *rt;
	size_t first;
	struct iq_go_crash crash;
	/* The goroutine that died and its facts; NULL if there is none. */
	const struct iq_go_g *g;
	const struct iq_goroutine_fact *fact;
	struct iq_go_symbolizer *sym;
	/* Its stack, innermost first. */
	struct iq_go_scene_frame *frames;
	size_t num_frames;
	struct iq_code *code; /* of C, too */
	uint64_t mheap_addr;  /* 0: not found */
	/* Where files of the standard library begin, with '/'; empty where the
	 * paths of files were trimmed. */
	struct iq_str goroot;
	struct iq_scene *scene;
	IQ_VEC(struct iq_scene_panic) panics;
	IQ_VEC(struct iq_scene_defer) defers;
	/* One of holders for each of objects. */
	IQ_VEC(struct iq_scene_object) objects;
	IQ_VEC(struct iq_go_scene_holder) holders;
};

/* A clean copy of what @out holds; empties @out. */
struct iq_error *iq_go_scene_text(struct iq_facts *facts, struct iq_out *out,
				  struct iq_str *ret) iq_must_check;
/* Adds @s without control characters but line ends, and only as UTF-8. */
void iq_go_scene_clean(struct iq_out *out, struct iq_str s);

/* Name of the function that @frame belongs to; empty if unknown. */
struct iq_str iq_go_scene_function(const struct iq_go_scene_frame *frame);
/* Whether @frame is neither the runtime's nor the standard library's. */
bool iq_go_scene_is_program(const struct iq_go_scene *s,
			    const struct iq_frame *frame);
/* The innermost call of the program at or above frame @from; or NULL. */
const struct iq_frame *iq_go_scene_program_call(const struct iq_go_scene *s,
						size_t from);
/* The frame that covers @addr; num_frames if none does. */
size_t iq_go_scene_frame_of(const struct iq_go_scene *s, uint64_t addr);

/* An array of values in the making, as facts keep them. */
struct iq_go_values {
	struct iq_facts *facts;
	IQ_VEC(struct iq_scene_value) items;
};
void iq_go_values_deinit(struct iq_go_values *values);
/* Adds a value of texts; @text is cleaned. */
struct iq_error *iq_go_values_add(struct iq_go_values *values, const char *name,
				  struct iq_str type, struct iq_str text)
	iq_must_check;
struct iq_error *iq_go_values_number(struct iq_go_values *values,
				     const char *name, int64_t number)
	iq_must_check;
/* Hands over what was added, which then begins anew. */
struct iq_error *iq_go_values_take(struct iq_go_values *values,
				   const struct iq_scene_value **ret,
				   size_t *num_ret) iq_must_check;

/* scene_signal.c: the signal behind it, and where it was. */
struct iq_error *iq_go_scene_signal(struct iq_go_scene *s) iq_must_check;
/* The instruction that faulted; 0 if none did or it is unknown. */
uint64_t iq_go_scene_fault_pc(const struct iq_go_scene *s);

/* scene_place.c: "stack of goroutine 7"; nothing if nothing is known of it. */
void iq_go_scene_place(const struct iq_go_scene *s, uint64_t addr,
		       struct iq_out *out);

/* "main.f main.go:12" */
void iq_go_scene_put_frame(const struct iq_frame *frame, struct iq_out *out);

/* scene_others.c: panics and fatal errors of other threads, as objects: each
 * was dying when the first one had begun to. */
struct iq_error *iq_go_scene_others(struct iq_go_scene *s) iq_must_check;

/* scene_registers.c */
struct iq_error *iq_go_scene_registers(struct iq_go_scene *s) iq_must_check;

/* scene_cause.c: the cause, by how it ended, its words and its frames. */
enum iq_cause iq_go_scene_cause(const struct iq_go_scene *s);

/* panics.c: s->panics, the newest first. */
struct iq_error *iq_go_panics_read(struct iq_go_scene *s) iq_must_check;
/* The panic that began it all: the oldest that nobody recovered, or that was
 * raised again as it was; NULL if no panic ended the process. */
const struct iq_scene_panic *iq_go_panics_root(const struct iq_go_scene *s);
/* The frame of gopanic that it runs in; num_frames if none. */
size_t iq_go_panics_frame(const struct iq_go_scene *s);
/* The first line of its words, else those of how the process ended. */
struct iq_str iq_go_panics_words(const struct iq_go_scene *s);

/* defers.c: s->defers. */
struct iq_error *iq_go_defers_read(struct iq_go_scene *s) iq_must_check;

/* objects.c: what the cause is about, and who else refers to it. */
struct iq_error *iq_go_objects_read(struct iq_go_scene *s) iq_must_check;

/* A span of the heap. */
struct iq_go_span {
	uint64_t addr; /* of the mspan */
	uint64_t start, end;
	uint64_t elem_size;
	/* 0 dead, 1 in use by objects, 2 by stacks and the runtime. */
	uint64_t state;
	bool noscan;
	uint64_t large_type; /* 0: none, or the version has none */
};
/* spans.c: the span that holds @addr; false if none does. */
bool iq_go_span_find(const struct iq_go_runtime *rt, uint64_t mheap_addr,
		     uint64_t addr, struct iq_go_span *ret);

#endif
