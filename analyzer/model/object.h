/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goroutines wait for, each object once, however many wait: facts->objects.
 * A reader fills what its version of the runtime records; what it does not know
 * is not set. All of it lives in the facts' arena and is clean of nothing: texts
 * come from the input.
 */
#ifndef IQ_MODEL_OBJECT_H
#define IQ_MODEL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/fact.h"

/* A time of the process's monotonic clock in ns; unset: there is none. */
struct iq_moment_fact {
	bool is_set;
	int64_t ns;
};

/* Go: src/runtime/chan.go, hchan. */
struct iq_chan_object {
	/* "int", "*main.Job"; empty where types cannot be read. */
	struct iq_str elem_type;
	uint64_t elem_size;
	uint64_t len;
	uint64_t cap;
	bool closed;
	/* A timer's channel (time.After, NewTimer, Ticker): Go 1.23 and newer
	 * record that, before it is known from a timer that names the channel. */
	bool timer;
	/* Goroutines in the queues, each case of a select counted. Where a queue
	 * cannot be followed to its end has_queues is false. */
	bool has_queues;
	uint64_t num_senders;
	uint64_t num_receivers;
	/* Of a timer's: it fires next, by the clock of its bubble if the
	 * channel belongs to one; unset: it is stopped. */
	struct iq_moment_fact when;
	/* Ns between the ticks of a Ticker; 0: a Timer. */
	int64_t period_ns;
	/* It belongs to a synctest bubble, whose clock says so, if known. */
	bool in_bubble;
	struct iq_moment_fact bubble_now;
};

/* Go: src/sync/mutex.go, src/internal/sync/mutex.go. */
struct iq_mutex_object {
	bool locked;
	bool woken;
	bool starving;
	/* Goroutines that the mutex counts; those found may be fewer. */
	uint64_t num_waiters;
};

/* Go: src/sync/rwmutex.go. */
struct iq_rwmutex_object {
	/* Of those who write. */
	struct iq_mutex_object writers;
	/* A writer has announced itself: new readers wait. */
	bool pending;
	/* Readers that hold it or wait for it. */
	int64_t num_readers;
	/* Readers that the writer still waits for. */
	int64_t num_awaited;
};

/* Go: src/sync/waitgroup.go. */
struct iq_waitgroup_object {
	int64_t counter;
	uint64_t num_waiters;
};

/* Go: src/runtime/sema.go, notifyList: tickets given and called. */
struct iq_cond_object {
	uint32_t wait;
	uint32_t notify;
};

enum iq_deadline_kind {
	IQ_DEADLINE_UNKNOWN,
	IQ_DEADLINE_NONE,
	IQ_DEADLINE_SET,     /* at a time */
	IQ_DEADLINE_EXPIRED, /* and the goroutine has not run since */
};

struct iq_deadline {
	enum iq_deadline_kind kind;
	int64_t ns; /* of the monotonic clock, where it is set */
};

enum iq_fd_kind {
	IQ_FD_UNKNOWN,
	IQ_FD_LISTENER,
	IQ_FD_CONNECTION,
	IQ_FD_PACKET, /* a socket without a peer: UDP and the like */
	IQ_FD_FILE,   /* os.File: pipe, terminal, device */
};

/* Go: src/internal/poll/fd_unix.go FD, src/net/fd_posix.go netFD,
 * src/os/file_unix.go file. */
struct iq_fd_object {
	enum iq_fd_kind kind;
	bool has_fd;
	int64_t fd;
	/* "tcp", "unix"; a file's is empty. */
	struct iq_str net;
	/* "10.0.0.7:5432", "@socket"; empty: none or unknown. */
	struct iq_str local;
	struct iq_str remote;
	/* os.File's: "|0", "/dev/ptmx". */
	struct iq_str name;
	struct iq_deadline read_deadline;
	struct iq_deadline write_deadline;
	/* Close() was called: who waits is about to be woken, or never is. */
	bool closing;
};

/* Go: src/runtime/coro.go, coro. */
struct iq_coroutine_object {
	/* The other side of who is parked in it: the goroutine that runs the
	 * coroutine's function, whose next switch wakes them. Who will switch
	 * to that function, where it is parked itself, is not recorded. */
	bool has_goroutine;
	uint64_t goroutine;
};

/* Go: src/runtime/synctest.go: syncGroup (1.24), synctestBubble (1.25+). */
struct iq_bubble_object {
	/* Its own from Go 1.25 on, before that of its root goroutine. */
	uint64_t id;
	/* Goroutines in it, and those of them that are not durably blocked. */
	bool has_counts;
	int64_t total;
	int64_t running;
	struct iq_moment_fact now; /* its own, false clock */
};

/* A word of a semaphore whose owner is not known. */
struct iq_semaphore_object {
	uint32_t value;
	/* What it is, where the frames tell: "poll.fdMutex", "the world"; static
	 * text; NULL: unknown. */
	const char *what;
	/* Of a poll.fdMutex: the file's number, and the goroutine that stands in
	 * the Read or Write that has the lock. */
	bool has_fd;
	int64_t fd;
	bool has_goroutine;
	uint64_t goroutine;
};

struct iq_object {
	enum iq_wait_kind kind;
	/* Its contents were read; false: only its place is known. */
	bool is_read;
	uint64_t address; /* as in iq_wait */
	/* By kind; memory for the others may not be there: never copied whole. */
	union {
		struct iq_chan_object chan;
		struct iq_mutex_object mutex;
		struct iq_rwmutex_object rwmutex;
		struct iq_waitgroup_object waitgroup;
		struct iq_cond_object cond;
		struct iq_fd_object fd;
		struct iq_coroutine_object coroutine;
		struct iq_bubble_object bubble;
		struct iq_semaphore_object semaphore;
	};
};

/* A system call that a goroutine is in. */
struct iq_syscall_fact {
	bool has_number;
	int64_t number;
	/* "futex", "accept4"; static; NULL: unknown. */
	const char *name;
	/* As the kernel got them; how many are known (0 to 6). */
	unsigned num_args;
	uint64_t args[6];
	/* The one that is a file descriptor, by the call's number. */
	bool has_fd;
	int64_t fd;
	/* The kernel has answered, the goroutine has not gone on yet: the value
	 * it returns, a negative errno where it failed. */
	bool has_result;
	int64_t result;
};

/* A call into C. */
struct iq_cgo_fact {
	uint64_t pc;		/* of the C function, or of cgo's stub for it */
	struct iq_str function; /* "_cgo_0123_Cfunc_sleep", "getaddrinfo" */
};

/* The object at @address of facts->objects, or NULL. A binary search. */
const struct iq_object *iq_facts_object(const struct iq_facts *facts,
					enum iq_wait_kind kind,
					uint64_t address);

#endif
