/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scene of a crash, as one witness still shows it: what stopped the
 * process, where, with which registers, panics, deferred calls and objects.
 * Unknown is a flag or an empty text, never 0. Texts are clean.
 */
#ifndef IQ_MODEL_SCENE_H
#define IQ_MODEL_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "model/fact.h"

/* Why the process ended, as far as that has a name of its own. */
enum iq_cause {
	IQ_CAUSE_UNKNOWN,
	IQ_CAUSE_PANIC,		/* panic() of the program */
	IQ_CAUSE_LIBRARY_PANIC, /* of a standard package, or of the runtime */
	IQ_CAUSE_NIL_DEREFERENCE,
	IQ_CAUSE_BAD_ADDRESS, /* a fault at no small address */
	IQ_CAUSE_BOUNDS,
	IQ_CAUSE_DIVIDE,
	IQ_CAUSE_NEGATIVE_SHIFT,
	IQ_CAUSE_UNCOMPARABLE, /* ==, or the key of a map */
	IQ_CAUSE_TYPE_ASSERTION,
	IQ_CAUSE_NIL_MAP,
	IQ_CAUSE_SEND_ON_CLOSED,
	IQ_CAUSE_CLOSE_OF_CLOSED,
	IQ_CAUSE_CLOSE_OF_NIL,
	IQ_CAUSE_NEGATIVE_WAITGROUP,
	IQ_CAUSE_WAITGROUP_REUSE,
	IQ_CAUSE_UNLOCK_OF_UNLOCKED,
	IQ_CAUSE_CONCURRENT_MAP,
	IQ_CAUSE_ALL_ASLEEP,
	IQ_CAUSE_OUT_OF_MEMORY,
	IQ_CAUSE_STACK_OVERFLOW,
	IQ_CAUSE_CHECKPTR,
	IQ_CAUSE_FATAL, /* another fatal error of the runtime */
	IQ_CAUSE_C_FAULT,
	IQ_CAUSE_SIGNAL, /* a signal that is none of these */
	IQ_NUM_CAUSES,
};

/* "nil dereference": begins a verdict. Go's spelling where it has one. */
const char *iq_cause_name(enum iq_cause cause);
/* "nil-dereference": the JSON contract's, and its anchor in docs/causes.md. */
const char *iq_cause_id(enum iq_cause cause);
/* The runtime's words without "runtime error: ". */
struct iq_str iq_cause_words(struct iq_str text);
/* What the runtime's own words mean. A program can say the same: see
 * model/crash.h. */
enum iq_cause iq_cause_of_panic(struct iq_str text);
enum iq_cause iq_cause_of_fatal(struct iq_str text);

/* What a value is and holds: "*main.Store", "0xc000012345 (the heap)". */
struct iq_scene_value {
	struct iq_str name; /* register, variable, field: "rax", "counter" */
	struct iq_str type; /* Go's: "chan int"; empty if unknown */
	struct iq_str text; /* as Go prints it; empty if unreadable */
	/* Strings and other contents of memory, shown where asked for. */
	bool secret;
};

/* What a register is for, whatever the architecture calls it. */
enum iq_register_role {
	IQ_REGISTER_GENERAL,
	IQ_REGISTER_PC,
	/* Segments and the kernel's notes, which tell a person nothing. */
	IQ_REGISTER_SYSTEM,
};

/* A register, and what its value is, if it is anything known. */
struct iq_scene_register {
	struct iq_str name; /* the architecture's: "rax", "x0" */
	uint64_t value;
	enum iq_register_role role;
	struct iq_str points_to; /* "g of goroutine 7", "main.f main.go:12" */
};

struct iq_scene_panic {
	uint64_t address; /* of the _panic; 0: only its frame was found */
	/* Dynamic type of what panic was called with: "*main.Oops". */
	struct iq_str type;
	struct iq_str text; /* as the runtime prints it, all its lines */
	/* The value's fields, where it is a struct or a pointer to one: those of
	 * structs in it, and behind its pointers, as "Next.Code". */
	const struct iq_scene_value *fields;
	size_t num_fields;
	bool recovered;
	bool goexit; /* runtime.Goexit, which is none that kills */
	bool repanicked;
	/* The frame that called panic, or that faulted; NULL if unknown. */
	const struct iq_frame *raised_at;
	/* The deferred call that runs for it: its frame, or NULL. */
	const struct iq_frame *deferred;
};

/* A deferred call that had not run yet (or was running). */
struct iq_scene_defer {
	const struct iq_frame *function; /* what would run */
	const struct iq_frame *made_at;	 /* in whose frame it waits; or NULL */
	/* Its receiver or captured variables, as far as they are known. */
	const struct iq_scene_value *values;
	size_t num_values;
	bool running;
};

/* Who else refers to an object of the scene. */
struct iq_scene_referrer {
	uint64_t goroutine; /* its id */
	/* NULL: the goroutine waits in the object's queue. */
	const struct iq_frame *frame;
	struct iq_str how; /* "waits in its receive queue", "mentions it" */
};

/* The object that the cause is about: a channel, a map, a lock, a slice. */
struct iq_scene_object {
	struct iq_str what; /* "channel", "sync.Mutex", "main.Store" */
	bool has_address;
	uint64_t address;
	/* "length 0", "capacity 3", "closed", "counter -1" … */
	const struct iq_scene_value *values;
	size_t num_values;
	const struct iq_scene_referrer *referrers;
	size_t num_referrers;
};

struct iq_scene {
	enum iq_cause cause;
	/* The signal behind it: the processor's, not the SIGABRT by which the
	 * runtime ends itself. */
	bool has_signal;
	int signal;
	bool has_signal_code;
	int signal_code;
	struct iq_str signal_text; /* "SIGSEGV: address not mapped" */
	bool has_fault_addr;
	uint64_t fault_addr;
	struct iq_str fault_place; /* what is or is not there, in words */
	/* The signal of the core's notes, how the runtime ended itself. */
	struct iq_str last_signal; /* "SIGABRT" */
	/* Where it happened: the faulting or panicking frame of the program's
	 * own code, of the panic that began it all; where all sleep, where main
	 * does. And the very innermost one. NULL if unknown. */
	const struct iq_frame *site;
	const struct iq_frame *innermost;
	bool has_thread;
	uint64_t thread;
	bool has_m;
	int64_t m;
	bool has_goroutine;
	uint64_t goroutine;
	/* At the signal that killed it, else when the core was written (a fault
	 * that became a panic left none); in the architecture's order. */
	const struct iq_scene_register *registers;
	size_t num_registers;
	bool registers_at_signal;
	/* Innermost (newest) first, recovered ones too. */
	const struct iq_scene_panic *panics;
	size_t num_panics;
	/* In the order in which they would run. */
	const struct iq_scene_defer *defers;
	size_t num_defers;
	/* The most important first. */
	const struct iq_scene_object *objects;
	size_t num_objects;
	/* The runtime's own last words (printBacklog), several lines. */
	struct iq_str last_words;
	/* What it means in one sentence or two, of this very crash. */
	struct iq_str explanation;
};

/*
 * The panic of a chain (innermost first) that began it all: the oldest of those
 * that nobody recovered, that were raised again as they were, or whose runtime
 * error a newer one repeats in its message. NULL if there is none.
 */
const struct iq_scene_panic *
iq_scene_root_panic(const struct iq_scene_panic *panics, size_t num);

#endif
