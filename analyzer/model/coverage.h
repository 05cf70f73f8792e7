/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a process a witness still has, and by which means it was read:
 * what a damage report says. Counts in bytes or pieces; unknown is a flag.
 */
#ifndef IQ_MODEL_COVERAGE_H
#define IQ_MODEL_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Promised and there; both 0 if there is nothing of the kind. */
struct iq_coverage_part {
	uint64_t total;
	uint64_t present;
};

/* Whether the file of a module was found, and is the right one. */
enum iq_module_state {
	IQ_MODULE_ABSENT,
	IQ_MODULE_MISMATCH, /* a file of another build was there */
	IQ_MODULE_UNVERIFIED,
	IQ_MODULE_VERIFIED,
};

/* An executable or library of the process. */
struct iq_coverage_module {
	struct iq_str path; /* as the process named it; empty if unknown */
	struct iq_str file; /* what was opened, or was tried; may be empty */
	struct iq_str why;  /* why it is absent or another one; else empty */
	struct iq_str build_id;	     /* of the process; empty if unknown */
	struct iq_str go_build_id;   /* of the process */
	struct iq_str file_build_id; /* of a file that does not match */
	enum iq_module_state state;
	bool is_executable;
	bool is_go;
	bool has_symbols, has_dwarf, has_sections; /* of the file */
	/* Function names of Go code come from its file or from the core. */
	bool has_pclntab;
	bool pclntab_in_core;
};

enum iq_layout_source {
	IQ_LAYOUT_UNKNOWN,
	IQ_LAYOUT_TABLE,   /* a row that was measured for this version */
	IQ_LAYOUT_DWARF,   /* the executable's own debug information */
	IQ_LAYOUT_NEAREST, /* assumed: the version was not measured */
};

struct iq_coverage_setting {
	struct iq_str key;
	struct iq_str value;
};

/* One of a core; profiles, traces and texts have none. */
struct iq_coverage {
	/* "the kernel", "gdb (gcore)", "qemu", "an unknown writer". */
	struct iq_str writer;
	/* Bytes of memory that the headers promise, and that the file has. */
	struct iq_coverage_part file;
	struct iq_coverage_part segments;
	/* Memory of the process that the core left out by intent (filter) and
	 * that no file makes up for. */
	uint64_t left_out;
	bool has_notes, has_auxv, has_file_notes;
	uint64_t num_threads; /* with registers */
	/* Bytes of spans in use, of goroutines' stacks, of runtime data. */
	struct iq_coverage_part heap;
	struct iq_coverage_part stacks;
	/* Goroutines, and those with a whole stack. */
	struct iq_coverage_part goroutines;
	const struct iq_coverage_module *modules;
	size_t num_modules;
	enum iq_layout_source layout;
	struct iq_str layout_version; /* of the row: "go1.26.0" */
	/* Build settings as `go version -m` shows them. */
	const struct iq_coverage_setting *settings;
	size_t num_settings;
};

#endif
