/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the events of one generation refer to: its strings, stacks and samples.
 * Index 0 is "none"; ids are looked up once an event, indices stand for them
 * everywhere else.
 */
#ifndef IQ_FORMATS_TRACE_TABLES_H
#define IQ_FORMATS_TRACE_TABLES_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "formats/trace/file.h"
#include "formats/trace/map.h"

struct iq_trace_table_frame {
	uint64_t pc;
	uint64_t line;
	uint32_t function, file; /* strings */
};

struct iq_trace_table_stack {
	uint32_t first_frame;
	uint32_t num_frames;
};

struct iq_trace_sample {
	int64_t time;
	uint64_t m, p;
	uint32_t stack;
	uint64_t offset;
};

/* Something that is not as it should be, told once: the first and how many. */
struct iq_trace_fault {
	const char *what; /* static; NULL: nothing */
	uint64_t offset;
	uint64_t value;
	uint64_t count;
};

enum iq_trace_fault_kind {
	IQ_FAULT_RECORD,	 /* what ends the reading of a batch */
	IQ_FAULT_TWICE,		 /* an id that was there */
	IQ_FAULT_FRAME_STRING,	 /* a frame's name that is not there */
	IQ_FAULT_SAMPLE_STACK,	 /* a sample's stack that is not there */
	IQ_FAULT_MISSING_STRING, /* an event's */
	IQ_FAULT_MISSING_STACK,
	IQ_FAULT_REGION, /* an end that is not of the innermost region */
	IQ_FAULT_TASK,	 /* begins again */
	IQ_FAULT_NUM,
};

struct iq_trace_tables {
	IQ_VEC(struct iq_str) strings; /* views of the file; [0] is "" */
	IQ_VEC(struct iq_trace_table_stack) stacks;
	IQ_VEC(struct iq_trace_table_frame) frames;
	IQ_VEC(struct iq_trace_sample) samples; /* in time */
	struct iq_trace_ids string_ids, stack_ids;
	struct iq_trace_fault faults[IQ_FAULT_NUM];
};

void iq_trace_tables_deinit(struct iq_trace_tables *tables);
/* Forgets the last generation and reads @g's. Fails only without memory. */
struct iq_error *iq_trace_tables_read(struct iq_trace_tables *tables,
				      const struct iq_trace_file *file,
				      const struct iq_trace_generation *g)
	iq_must_check;

void iq_trace_fault(struct iq_trace_tables *tables,
		    enum iq_trace_fault_kind kind, const char *what,
		    uint64_t offset, uint64_t value);

#endif
