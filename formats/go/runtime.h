/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Go runtime of a dead process: where its variables are, its goroutines
 * and its threads. Filled step by step by the files of this folder, read by all
 * of them, gone when the reader is done.
 */
#ifndef IQ_GO_RUNTIME_H
#define IQ_GO_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/pool.h"
#include "formats/go/go_versions.h"
#include "formats/go/program.h"
#include "formats/memory.h"
#include "model/fact.h"

/* A goroutine that is neither dead nor idle, as its g says. */
struct iq_go_g {
	uint64_t addr;
	uint64_t goid;
	uint64_t stack_lo, stack_hi;
	uint64_t sched_pc, sched_sp, sched_lr;
	uint64_t syscallpc, syscallsp;
	uint64_t m; /* 0: none */
	uint64_t waiting;
	uint64_t labels;
	uint64_t parent;
	uint64_t gopc, startpc;
	uint64_t panics, defers;
	/* When the garbage collector first saw it wait; 0: it did not. */
	int64_t waitsince;
	uint8_t status; /* enum iq_gstatus */
	uint8_t waitreason;
	bool locked;
};

/* A thread as the runtime knows it. */
struct iq_go_m {
	uint64_t addr;
	uint64_t procid;
	int64_t id;
	uint64_t g0, gsignal, curg;
	uint64_t g0_lo, g0_hi;
	uint64_t gsignal_lo, gsignal_hi;
	uint64_t vdso_sp, vdso_pc;
	uint64_t caughtsig;
	int64_t throwing;
	int64_t dying;
	/* A thread of C borrowed it to handle a signal: see lent.h. */
	bool lent;
	/* The core's thread that it is; NULL if there is none. Its tid is not
	 * procid if the core was taken from outside of a pid namespace. */
	const struct iq_core_thread *thread;
};

struct iq_go_runtime {
	const struct iq_go_program *program;
	const struct iq_core *core;
	const struct iq_memory *memory;
	const struct iq_go_layout *layout;
	const struct iq_go_version *version;
	struct iq_pool *pool;
	struct iq_facts *facts;

	/* Addresses of the runtime's variables; 0: not found. */
	uint64_t allgs_addr;
	uint64_t allp_addr;
	uint64_t allm_addr;
	uint64_t sched_addr;
	uint64_t semtable_addr;
	uint64_t memstats_addr;

	/* Ordered by goid, then by address. */
	struct iq_go_g *gs;
	size_t num_gs;
	/* Ordered by address. */
	struct iq_go_m *ms;
	size_t num_ms;
	/* The list of threads was read to its end: there are no others. */
	bool has_all_ms;
};

/* Frees the arrays; the variables of a zeroed struct, too. */
void iq_go_runtime_deinit(struct iq_go_runtime *rt);

/* The goroutine whose g is at @addr, or NULL. Linear in nothing: a search by
 * goid after one read. */
const struct iq_go_g *iq_go_runtime_g(const struct iq_go_runtime *rt,
				      uint64_t addr);
/* The thread whose m is at @addr, or NULL. */
const struct iq_go_m *iq_go_runtime_m(const struct iq_go_runtime *rt,
				      uint64_t addr);

/* The slice at @addr: pointer and length; false if it cannot be one. */
bool iq_go_slice_read(const struct iq_memory *memory, uint64_t addr,
		      uint64_t *data_ret, uint64_t *len_ret);

#endif
