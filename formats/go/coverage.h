/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a Go process a core or an executable has: what it was built of,
 * whose stacks are gone and why, how much of the heap is there.
 */
#ifndef IQ_GO_COVERAGE_H
#define IQ_GO_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/elf.h"
#include "formats/go/program.h"
#include "formats/go/runtime.h"
#include "model/coverage.h"
#include "model/fact.h"
#include "model/heap.h"

/* Adds what the runtime shows to @coverage, when all goroutines of @rt are in
 * the facts. */
struct iq_error *iq_go_coverage_read(const struct iq_go_runtime *rt,
				     struct iq_coverage *coverage)
	iq_must_check;

/* A core in which no runtime was found: what its executable was built of. */
struct iq_error *iq_go_coverage_build(const struct iq_core *core,
				      struct iq_facts *facts,
				      struct iq_coverage *coverage)
	iq_must_check;

/* That of an executable, which becomes facts->coverage. */
struct iq_error *iq_go_coverage_executable(const struct iq_elf *elf,
					   const struct iq_go_buildinfo *info,
					   struct iq_facts *facts)
	iq_must_check;

/* Build settings, as coverage_build.c reads them from @info. */
struct iq_error *iq_go_coverage_settings(struct iq_facts *facts,
					 const struct iq_go_buildinfo *info,
					 struct iq_coverage *coverage)
	iq_must_check;

/* heap->measure. */
bool iq_go_heap_measure(const struct iq_heap *heap,
			struct iq_coverage_heap *ret);

#endif
