/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first walk over a profile: everything but its samples, which may stand in
 * front of what they refer to. References are checked here once; behind that
 * every index and every string is good.
 */
#ifndef IQ_FORMATS_PPROF_TABLES_H
#define IQ_FORMATS_PPROF_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "formats/pprof/field.h"
#include "formats/pprof/ids.h"
#include "formats/pprof/message.h"
#include "formats/pprof/strings.h"
#include "model/fact.h"

struct iq_pprof_type {
	struct iq_pprof_entry entry; /* without an id */
	int64_t type;
	int64_t unit;
};

struct iq_pprof_module {
	struct iq_pprof_entry entry;
	int64_t filename;
	int64_t build_id;
};

struct iq_pprof_symbol {
	struct iq_pprof_entry entry;
	int64_t name;
	int64_t system_name;
	int64_t filename;
};

struct iq_pprof_call {
	/* An id; once the tables are complete an index or IQ_PPROF_NONE. */
	uint64_t function;
	/* 0 if unknown. */
	uint32_t line;
};

struct iq_pprof_place {
	struct iq_pprof_entry entry;
	/* An id or 0; then an index or IQ_PPROF_NONE. */
	uint64_t mapping;
	uint64_t address;
	/* Into calls; there may be none. */
	uint32_t first_call;
	uint32_t num_calls;
};

struct iq_pprof_tables {
	const struct iq_source *source;
	struct iq_facts *facts;
	struct iq_pprof_scratch *scratch;
	/* The caller's: it lives on behind the tables. */
	struct iq_pprof_strings *strings;
	IQ_VEC(struct iq_pprof_type) types;
	IQ_VEC(struct iq_pprof_module) mappings;
	IQ_VEC(struct iq_pprof_symbol) functions;
	IQ_VEC(struct iq_pprof_place) locations;
	IQ_VEC(struct iq_pprof_call) calls;
	struct iq_pprof_ids mapping_ids, function_ids, location_ids;
	/* The profile's own numbers, as they are; 0 if they are not there. */
	struct iq_pprof_type period_type;
	int64_t numbers[IQ_PPROF_NUM_FIELDS];
	/* Where the walk over the samples ends; cut: something is behind it. */
	uint64_t end;
	bool cut;
	uint64_t num_samples;

	/* Of the walk alone: where a number came last; for references to
	 * strings the largest one and its place. */
	struct iq_pprof_seen {
		bool seen;
		uint64_t value;
		uint64_t offset;
	} seen[IQ_PPROF_NUM_FIELDS];
	/* Two profiles stand one behind the other: both have a time and a table
	 * of strings. The first ends behind its table. */
	unsigned num_times;
	bool second_table;
	uint64_t first_table_end;
};

/* Reads the source of @strings, which are filled; broken parts are gaps of
 * @facts. An error: no memory. */
struct iq_error *iq_pprof_tables_init(struct iq_pprof_tables *t,
				      struct iq_pprof_strings *strings,
				      struct iq_facts *facts,
				      struct iq_pprof_scratch *scratch)
	iq_must_check;
void iq_pprof_tables_deinit(struct iq_pprof_tables *t);

/* Makes a gap of @err unless memory is short. */
struct iq_error *iq_pprof_tell(struct iq_facts *facts, struct iq_error *err)
	iq_must_check;

#endif
