/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one witness says, and nothing that it does not say. Readers fill a
 * struct iq_facts; the model joins those of all witnesses. Unknown is a flag,
 * never 0 or "". Everything here lives in the facts' arena.
 */
#ifndef IQ_MODEL_FACT_H
#define IQ_MODEL_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct iq_cgo_fact;
struct iq_coverage;
struct iq_heap;
struct iq_object;
struct iq_profile;
struct iq_scene;
struct iq_syscall_fact;
struct iq_trace;

enum iq_witness_kind {
	IQ_WITNESS_CORE,
	IQ_WITNESS_PROFILE,
	IQ_WITNESS_TRACE,
	IQ_WITNESS_DUMP,
	IQ_WITNESS_EXECUTABLE,
};

/* Go: src/runtime/runtime2.go, _Gidle … _Gdeadextra (1.26's numbers). */
enum iq_gstatus {
	IQ_GSTATUS_IDLE,
	IQ_GSTATUS_RUNNABLE,
	IQ_GSTATUS_RUNNING,
	IQ_GSTATUS_SYSCALL,
	IQ_GSTATUS_WAITING,
	IQ_GSTATUS_MORIBUND_UNUSED,
	IQ_GSTATUS_DEAD,
	IQ_GSTATUS_ENQUEUE_UNUSED,
	IQ_GSTATUS_COPYSTACK,
	IQ_GSTATUS_PREEMPTED,
	IQ_GSTATUS_LEAKED,
	IQ_GSTATUS_DEADEXTRA,
	IQ_GSTATUS_UNKNOWN,
};

/* "waiting", "running" …: reference of the JSON contract. */
const char *iq_gstatus_name(enum iq_gstatus status);

struct iq_frame {
	/* As the witness spells it: "main.(*Store).Get", "x.F[...]". */
	struct iq_str function;
	/* Empty if unknown. */
	struct iq_str file;
	/* Defining module of the code: executable's or library's path; may be
	 * empty. */
	struct iq_str module;
	/* 0 if unknown. */
	uint32_t line;
	/* pc - entry, where a text prints it ("+0x1f"); 0 if it does not. */
	uint32_t offset;
	bool has_pc;
	/* pc is the interrupted instruction itself, not a return address. */
	bool pc_exact;
	bool inlined;
	/* A compiler's wrapper (FuncID wrapper; ".gowrapN" in texts). */
	bool wrapper;
	/* Not Go: C code below or above a cgo call. */
	bool foreign;
	/* Of a foreign one: found by a frame pointer, where no table tells. */
	bool guessed;
	/* Return address (or exact pc) in the process. */
	uint64_t pc;
	/* Start of the function that holds pc (the physical one). */
	uint64_t entry;
	/* Argument words as a text dump prints them; empty elsewhere. */
	struct iq_str args;
};

/* One distinct stack, innermost frame first, inlined calls expanded. */
struct iq_stack {
	const struct iq_frame *const *frames;
	uint32_t num_frames;
	/* Reaches the bottom (runtime.goexit, or what the witness calls one). */
	bool complete;
	/* The witness left frames out after frames[elided_at]: a limit of the
	 * format, not damage. num_elided 0: how many is unknown. */
	bool elided;
	uint32_t elided_at;
	uint64_t num_elided;
	/* Index within the witness, dense. */
	uint32_t index;
};

struct iq_label {
	struct iq_str key;
	struct iq_str value;
};

/* Sorted by key. */
struct iq_labels {
	const struct iq_label *items;
	size_t num;
};

enum iq_wait_kind {
	IQ_WAIT_NONE,
	IQ_WAIT_CHAN,
	IQ_WAIT_NIL_CHAN,
	IQ_WAIT_SELECT, /* "select {}" or the cases unknown */
	IQ_WAIT_MUTEX,
	IQ_WAIT_RWMUTEX,
	IQ_WAIT_WAITGROUP,
	IQ_WAIT_COND,
	IQ_WAIT_SEMAPHORE, /* which kind is unknown, or the runtime's own */
	IQ_WAIT_TIMER,
	IQ_WAIT_FD,
	IQ_WAIT_SYSCALL,
	IQ_WAIT_CGO,
	IQ_WAIT_COROUTINE,
	IQ_WAIT_BUBBLE,	 /* synctest.Wait, synctest.Run */
	IQ_WAIT_RUNTIME, /* the runtime's own: the collector, finalizers */
};

enum iq_wait_op {
	IQ_OP_UNKNOWN,
	IQ_OP_SEND,
	IQ_OP_RECEIVE,
	IQ_OP_LOCK,
	IQ_OP_RLOCK,
	IQ_OP_WAIT,
	IQ_OP_ACCEPT,
	IQ_OP_READ,
	IQ_OP_WRITE,
	IQ_OP_CONNECT,
};

const char *iq_wait_kind_name(enum iq_wait_kind kind);
const char *iq_wait_op_name(enum iq_wait_op op);

/* One object that a goroutine waits for; a select has one for each case. */
struct iq_wait {
	enum iq_wait_kind kind;
	enum iq_wait_op op;
	bool has_address;
	/* Channel: the hchan. Mutex, RWMutex, WaitGroup, Cond: the start of the
	 * sync object if it is known, else the semaphore's word. */
	uint64_t address;
	/* Semaphore word or notifyList, where address is the object's start. */
	bool has_sema;
	uint64_t sema_addr;
	bool has_chan;
	uint64_t chan_len;
	uint64_t chan_cap;
	bool chan_closed;
	/* The channel belongs to a timer (time.After, Ticker; Go 1.23+). */
	bool chan_timer;
	/* The object itself, shared by all who wait for it: model/object.h. NULL
	 * where nothing is known but what stands here. */
	const struct iq_object *object;
	/* It goes on by itself at this time of the monotonic clock, in ns: a
	 * sleep, a deadline of the operation. */
	bool has_until;
	int64_t until_ns;
	/* Of IQ_WAIT_SYSCALL, IQ_WAIT_CGO; NULL: unknown. */
	const struct iq_syscall_fact *syscall;
	const struct iq_cgo_fact *cgo;
};

/* How one goroutine, or a group of equal ones, stands in one witness. */
struct iq_goroutine_fact {
	/* Profiles and debug=1 have no ids. */
	bool has_id;
	uint64_t id;
	/* How many equal ones; 1 where there is an id. */
	uint64_t count;
	enum iq_gstatus status;
	/* The runtime's words without suffixes; empty if none or unknown. */
	struct iq_str wait_reason;
	/* The runtime's own leak finder marked it: "(leaked)", _Gleaked. */
	bool leaked;
	/* The runtime's own; false where that is unknown. */
	bool has_system;
	bool system;
	bool locked; /* to its thread */
	/* Blocked for at least / at most so long, in ns, at the witness's time.
	 * What cannot be known is not set. */
	bool has_wait_min;
	bool has_wait_max;
	bool wait_exact;
	int64_t wait_min_ns;
	int64_t wait_max_ns;
	/* g.waitsince as it is, on the monotonic clock; unset where it is 0. It
	 * is no time of parking: see wait_min_ns for what it proves. */
	bool has_waitsince;
	int64_t waitsince_ns;
	/* NULL if the witness has none. */
	const struct iq_stack *stack;
	const struct iq_frame *created_by;
	const struct iq_frame *entry;
	bool has_parent;
	uint64_t parent;
	/* NULL if unknown; empty if it is known to have none. */
	const struct iq_labels *labels;
	bool has_thread;
	uint64_t thread; /* the kernel's thread id (tid) */
	bool has_m;
	int64_t m; /* the runtime's m.id */
	const struct iq_wait *waits;
	uint32_t num_waits;
	/* Address of the g (core) or offset of the header line (dump). */
	uint64_t place;
	/* The g's address where a crash text prints it ("gp=0x…"). */
	bool has_g;
	uint64_t g_addr;
	/* "N minutes" of a text's header, since g.waitsince, which is not the
	 * time of parking: what is proven of it stands in wait_min_ns. 0 where
	 * none is printed. */
	uint64_t minutes;
};

/* A thread of the process as the kernel knew it; cores and crash texts only. */
struct iq_thread_fact {
	uint64_t tid;
	/* The runtime's m. */
	bool has_m;
	int64_t m;
	/* All of them are known, and none is of this thread: it is C's own. */
	bool foreign;
	/* The goroutine that it runs or is locked to. */
	bool has_goroutine;
	uint64_t goroutine;
	/* Signal that it got, 0 if none. */
	int signal;
	/* That of the goroutine that it runs, else from its registers outwards,
	 * C and Go frames; NULL if unknown. */
	const struct iq_stack *stack;
};

/* @goroutine's stack mentions @object (a waited-for address) in a frame. */
struct iq_reference_fact {
	uint64_t object;
	/* The object in the heap that the frame refers to and that has the
	 * address; 0: the frame itself has it. */
	uint64_t via;
	/* Index into facts->goroutines. */
	uint32_t goroutine;
	/* Index into its stack's frames: the innermost that mentions it. */
	uint32_t frame;
	/* The frame has deferred the object's Unlock: it holds the lock. */
	bool unlocks;
	/* The frame has deferred the WaitGroup's Done, the Cond's Signal or
	 * Broadcast, or the close of the channel: it wakes who waits. */
	bool wakes;
};

enum iq_end_kind {
	IQ_END_UNKNOWN,
	IQ_END_NONE,	 /* alive when the witness was taken (gcore, debug=2) */
	IQ_END_OPERATOR, /* a signal from outside to take the dump */
	IQ_END_PANIC,
	IQ_END_FATAL, /* "fatal error: …" of the runtime */
	IQ_END_SIGNAL,
};

enum iq_tristate { IQ_UNKNOWN, IQ_NO, IQ_YES };

/* What the witness knows of the process as a whole; empty text: unknown. */
struct iq_process_fact {
	struct iq_str go_version; /* "go1.26.8", with " X:…" if any */
	struct iq_str arch;	  /* "amd64" */
	struct iq_str executable; /* path as the process was started */
	struct iq_str module;	  /* main module's path */
	struct iq_str vcs_revision;
	struct iq_str build_id; /* GNU build id in hex */
	struct iq_str go_build_id;
	bool has_pid;
	int64_t pid;
	/* The kernel's ids of its threads, ascending: all that the runtime of a
	 * core knows, those that wrote a trace. NULL if unknown. */
	const uint64_t *threads;
	size_t num_threads;
	enum iq_tristate cgo;
	enum iq_tristate stripped; /* no symbol table */
	enum iq_tristate optimised;
	/* How it ended. */
	enum iq_end_kind end;
	/* "SIGABRT"; empty if none or unknown. */
	struct iq_str signal;
	bool has_fault_addr;
	uint64_t fault_addr;
	/* The runtime's words: "runtime error: …", "all goroutines are asleep -
	 * deadlock!"; values of the program's own type only where printed. */
	struct iq_str end_text;
	/* Goroutine that ended it. */
	bool has_end_goroutine;
	uint64_t end_goroutine;
	/* Wall clock of the witness in ns since 1970. */
	bool has_time;
	int64_t time_ns;
	/* Monotonic clock (nanotime) of the witness in ns since boot: a core's
	 * newest one, which is a lower bound; a trace's end. */
	bool has_mono;
	int64_t mono_ns;
	/* The same clock when the process began; a core's. */
	bool has_start;
	int64_t start_ns;
	/* Added to a monotonic time it gives ns since 1970. */
	bool has_wall_offset;
	int64_t wall_offset_ns;
	/* The highest file descriptor that was seen in use, and how many the
	 * process may open (RLIMIT_NOFILE, soft). */
	bool has_highest_fd;
	int64_t highest_fd;
	bool has_fd_limit;
	uint64_t fd_limit;
};

enum iq_gap_code {
	IQ_GAP_TRUNCATED, /* the file ends early */
	IQ_GAP_DAMAGED,	  /* bytes are not what the format says */
	IQ_GAP_MISSING,	  /* pages, modules, an executable not there */
	IQ_GAP_LIMIT,	  /* a limit of base/limits.h */
	IQ_GAP_LAYOUT,	  /* unknown or assumed layout of the runtime */
	IQ_GAP_MISMATCH,  /* files that do not belong together */
	IQ_GAP_ORDER,	  /* files of another order in time than is usual */
	IQ_GAP_UNSUPPORTED,
	IQ_GAP_IO,
};

/* "truncated", "damaged" …: the code in the JSON contract's problems. */
const char *iq_gap_code_name(enum iq_gap_code code);

#define IQ_NUM_GAP_RANKS (IQ_GAP_IO + 3)

/* What a witness should have told and could not. */
struct iq_gap {
	enum iq_gap_code code;
	bool has_offset;
	bool costly;	 /* it explains others: whole lists are lost by it */
	uint64_t offset; /* in the file */
	bool has_addr;
	uint64_t addr; /* in the process */
	/* What is wrong and what it costs; clean text. */
	struct iq_str text;
	/* How often the same text was added. */
	uint64_t count;
};

struct iq_witness_fact {
	enum iq_witness_kind kind;
	struct iq_str format; /* "elf-core", "go-dump", "go-trace-v2" … */
	struct iq_str path;
	/* Several dumps in one file: which one, from 0, and how many there are
	 * (0 in witnesses without sections). */
	uint32_t section;
	uint32_t num_sections;
	/* Lines between the first and the last fact that say nothing to its
	 * reader: other programs' output in a log. */
	uint64_t num_skipped_lines;
	/* Nothing is missing that this kind of witness has: true from the start,
	 * false with the first gap. Readers leave it alone. */
	bool complete;
	/* Which facts it can tell at all, IQ_TELLS_*. */
	unsigned tells;
};

/* What a kind of witness can know: rules name what they need. */
enum {
	IQ_TELLS_IDS = 1 << 0,
	IQ_TELLS_STATES = 1 << 1,
	IQ_TELLS_STACKS = 1 << 2,
	IQ_TELLS_CREATORS = 1 << 3,
	IQ_TELLS_WAITS = 1 << 4, /* wait objects with addresses */
	IQ_TELLS_HEAP = 1 << 5,
	IQ_TELLS_END = 1 << 6,	  /* how the process ended */
	IQ_TELLS_SYSTEM = 1 << 7, /* the runtime's own goroutines, too */
	IQ_TELLS_LABELS = 1 << 8,
	IQ_TELLS_HISTORY = 1 << 9, /* what happened before (trace) */
};

struct iq_facts_resource {
	void (*destroy)(void *);
	void *object;
};

struct iq_facts {
	struct iq_arena arena;
	struct iq_witness_fact witness;
	struct iq_process_fact process;
	/* Ordered by id once iq_facts_finish() has run. */
	IQ_VEC(struct iq_goroutine_fact) goroutines;
	IQ_VEC(const struct iq_stack *) stacks;
	IQ_VEC(struct iq_reference_fact) references;
	/* What goroutines wait for: model/object.h; ordered by kind, then by
	 * address, each once. */
	IQ_VEC(const struct iq_object *) objects;
	/* Ordered as the witness has them; the one that ended it first. */
	IQ_VEC(struct iq_thread_fact) threads;
	IQ_VEC(struct iq_gap) gaps;
	/* Objects, pointers, roots; NULL where the witness has no heap. */
	const struct iq_heap *heap;
	/* What profiles and traces say beside their goroutines, or NULL. */
	const struct iq_profile *profile;
	const struct iq_trace *trace;
	/* What a core shows of the crash, and how much of it there is; NULL. */
	const struct iq_scene *scene;
	const struct iq_coverage *coverage;
	/* Fills references, which only findings need; NULL: there are no more. */
	struct iq_error *(*refer)(struct iq_facts *facts, void *ctx);
	void *refer_ctx;
	IQ_VEC(struct iq_facts_resource) resources;
	struct iq_facts_tables *tables; /* interned strings, frames, stacks */
	/* The list of goroutines is lost: those that threads run are known. */
	bool only_running;
};

struct iq_error *iq_facts_create(struct iq_facts **ret) iq_must_check;
void iq_facts_destroy(struct iq_facts *facts);

/* An interned copy of @s: equal texts have equal pointers. */
struct iq_error *iq_facts_string(struct iq_facts *facts, struct iq_str s,
				 struct iq_str *ret) iq_must_check;
/* An interned copy of @frame, whose texts need not be interned before. */
struct iq_error *iq_facts_frame(struct iq_facts *facts,
				const struct iq_frame *frame,
				const struct iq_frame **ret) iq_must_check;
/*
 * An interned copy of @stack, whose frames are of iq_facts_frame() of the same
 * facts; index is set by the facts. Equal stacks (all frames and flags equal)
 * are one.
 */
struct iq_error *iq_facts_stack(struct iq_facts *facts,
				const struct iq_stack *stack,
				const struct iq_stack **ret) iq_must_check;
/* The same for frames that lie in an array and are not interned yet; the frames
 * of @shape are ignored, its number counts. */
struct iq_error *iq_facts_stack_of(struct iq_facts *facts,
				   const struct iq_frame *frames,
				   const struct iq_stack *shape,
				   const struct iq_stack **ret) iq_must_check;

/*
 * Interned labels: copies of @items with their texts, sorted by key; @num may
 * be 0 (the witness can tell that there are none).
 */
struct iq_error *iq_facts_labels(struct iq_facts *facts,
				 const struct iq_label *items, size_t num,
				 const struct iq_labels **ret) iq_must_check;

/*
 * Adds a gap at a file's offset, at an address, or without a place. A text that
 * was added before is counted at its last gap once IQ_LIMIT_EQUAL_GAPS stand
 * one by one; from IQ_LIMIT_GAPS on all are one gap that says so. Texts must be
 * clean: what comes from the input goes through iq_str_quote() first. Never
 * fails: without memory the gap is dropped, and the witness is not complete
 * either way.
 */
void iq_facts_gap(struct iq_facts *facts, enum iq_gap_code code,
		  const char *fmt, ...) iq_printf(3, 4);
void iq_facts_gap_offset(struct iq_facts *facts, enum iq_gap_code code,
			 uint64_t offset, const char *fmt, ...) iq_printf(4, 5);
void iq_facts_gap_addr(struct iq_facts *facts, enum iq_gap_code code,
		       uint64_t addr, const char *fmt, ...) iq_printf(4, 5);
/* The gap that was added last is costly. */
void iq_facts_gap_costly(struct iq_facts *facts);
/* Less than IQ_NUM_GAP_RANKS, the worst first: what explains most, then by
 * code. */
unsigned iq_gap_rank(const struct iq_gap *gap);
/* The first of the worst rank; NULL without gaps. */
const struct iq_gap *iq_facts_worst_gap(const struct iq_facts *facts);
/* Turns an error into a gap and destroys it. */
void iq_facts_gap_error(struct iq_facts *facts, enum iq_gap_code code,
			struct iq_error *err);

/*
 * @object dies with the facts (sources, memories the heap refers to), the last
 * one that was given first; at once if this fails.
 */
struct iq_error *iq_facts_own(struct iq_facts *facts, void (*destroy)(void *),
			      void *object) iq_must_check;

/* How many goroutines there are: not the dead ones, equal ones by their number. */
uint64_t iq_facts_count(const struct iq_facts *facts);

/* Forgets goroutines, references, stacks and gaps: a later section counts. */
void iq_facts_restart(struct iq_facts *facts);

/* Asks for the references that were not asked for yet; facts are finished. */
struct iq_error *iq_facts_refer(struct iq_facts *facts) iq_must_check;

/*
 * Orders goroutines by id, those without one last, then by place; references
 * follow. A reader that refers later hands them over in this order. Called once by who called a reader.
 */
void iq_facts_finish(struct iq_facts *facts);

#endif
