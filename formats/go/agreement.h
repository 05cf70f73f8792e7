/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well a row of the table agrees with a process: what the runtime's structs
 * say about one another, read with that row. A wrong layout contradicts itself
 * at once, so that the right one can be chosen where no text tells the version.
 */
#ifndef IQ_GO_AGREEMENT_H
#define IQ_GO_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/go/go_versions.h"
#include "formats/go/program.h"

/* What is compared, in the order in which it is told. */
enum iq_go_agreement_kind {
	/* Masks and the successor of moduledata, the magic of pclntab. */
	IQ_GO_AGREES_MODULES,
	/* Functions that goroutines start with, main by its number. */
	IQ_GO_AGREES_FUNCTIONS,
	/* What allgs lists: status, id, stack, g.sched.g, g.m. */
	IQ_GO_AGREES_GOROUTINES,
	/* alllink reaches every m that a goroutine has, and the core's threads
	 * by m.procid. */
	IQ_GO_AGREES_THREADS,
	/* p.id is the index in allp. */
	IQ_GO_AGREES_PROCESSORS,
	/* sudog.g is who waits, sudog.c a channel with this sudog. */
	IQ_GO_AGREES_CHANNELS,
	/* The spans of the heap: page, size and number of objects. */
	IQ_GO_AGREES_SPANS,
	/* The process's array of texts. */
	IQ_GO_AGREES_WAIT_REASONS,
	IQ_GO_AGREES_NUM,
};

/* "goroutines" … */
const char *iq_go_agreement_name(enum iq_go_agreement_kind kind);

struct iq_go_agreement {
	struct {
		uint32_t agree;
		uint32_t differ;
	} kinds[IQ_GO_AGREES_NUM];
};

/*
 * With the moduledata at @addr; looks at a part of a large process. What must be
 * searched for, processors, spans and wait reasons, is compared only if @all.
 */
void iq_go_agreement_check(const struct iq_go_program *program,
			   const struct iq_go_version *row, uint64_t addr,
			   bool all, struct iq_go_agreement *ret);

/* Damage makes some of a kind differ, a wrong row most: whether @kind does. */
bool iq_go_agreement_fails(const struct iq_go_agreement *a,
			   enum iq_go_agreement_kind kind);
/* Anything of @kind was there, and it agrees. */
bool iq_go_agreement_holds(const struct iq_go_agreement *a,
			   enum iq_go_agreement_kind kind);
size_t iq_go_agreement_failures(const struct iq_go_agreement *a);

/* Below 0 if @a agrees better than @b, 0 if neither does. */
int iq_go_agreement_compare(const struct iq_go_agreement *a,
			    const struct iq_go_agreement *b);

#endif
