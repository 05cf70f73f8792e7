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

struct iq_facts;

/* Promised and there; both 0 if there is nothing of the kind. */
struct iq_coverage_part {
	uint64_t total;
	uint64_t present;
};

/* What is promised and not there. */
uint64_t iq_coverage_missing(struct iq_coverage_part part);

/* Whether the file of a module was found, and is the right one. */
enum iq_module_state {
	IQ_MODULE_ABSENT,
	IQ_MODULE_MISMATCH, /* a file of another build was there */
	IQ_MODULE_UNVERIFIED,
	IQ_MODULE_VERIFIED,
};

/* "absent", "mismatch", "unverified", "verified": as the JSON contract. */
const char *iq_module_state_name(enum iq_module_state state);

/* An executable or library of the process. */
struct iq_coverage_module {
	struct iq_str path; /* as the process named it; empty if unknown */
	struct iq_str file; /* what was opened, or was tried; may be empty */
	struct iq_str why;  /* why it is absent or another one; else empty */
	struct iq_str build_id;	     /* of the process; empty if unknown */
	struct iq_str go_build_id;   /* of the process */
	struct iq_str file_build_id; /* of a file that does not match */
	struct iq_str debug;	     /* separate debug file that was used */
	enum iq_module_state state;
	bool is_executable;
	bool is_go;
	/* The file was deleted or replaced while the process ran; it was run
	 * from memory. */
	bool was_deleted, was_memfd;
	bool has_symbols, has_dwarf, has_sections; /* of the file */
	/* Its headers promise more than there is: what it has not may stand
	 * in the rest. */
	bool is_cut;
	/* Function names of Go code come from its file or from the core. */
	bool has_pclntab;
	bool pclntab_in_core;
	/* Bytes that were mapped of it, and those that core and file have. */
	struct iq_coverage_part memory;
};

/* A mapped file that is no executable or library. */
struct iq_coverage_file {
	struct iq_str path;
	struct iq_coverage_part memory;
};

enum iq_layout_source {
	IQ_LAYOUT_UNKNOWN,
	IQ_LAYOUT_TABLE,   /* a row that was measured for this version */
	IQ_LAYOUT_DWARF,   /* the executable's own debug information */
	IQ_LAYOUT_NEAREST, /* assumed: the version was not measured */
};

/* "unknown", "table", "dwarf", "nearest". */
const char *iq_layout_source_name(enum iq_layout_source source);

struct iq_coverage_setting {
	struct iq_str key;
	struct iq_str value;
};

/* Why goroutines have no stack, or one that is cut. */
enum iq_stack_loss {
	IQ_STACK_LOSS_TABLES,	  /* the code's tables are not there */
	IQ_STACK_LOSS_CUT_OFF,	  /* the core ends before it */
	IQ_STACK_LOSS_NOT_DUMPED, /* the core's writer left it out */
	IQ_STACK_LOSS_THREAD,	  /* it runs, and its thread is not there */
	IQ_STACK_LOSS_DAMAGED,	  /* it is there and leads nowhere */
	IQ_NUM_STACK_LOSSES,
};

/* "no-tables", "cut-off", "not-dumped", "no-thread", "damaged". */
const char *iq_stack_loss_name(enum iq_stack_loss loss);

/* Goroutines of one loss. */
struct iq_coverage_loss {
	enum iq_stack_loss why;
	/* They have some frames, not all. */
	bool partial;
	uint64_t count;
	/* The first of them, ascending. */
	const uint64_t *ids;
	size_t num_ids;
};

/* The heap's spans in use; measured when somebody asks. */
struct iq_coverage_heap {
	struct iq_coverage_part memory; /* all objects' slots, free ones too */
	struct iq_coverage_part noscan; /* of these, what holds no pointers */
	/* Spans whose own record is there; what others cover is unknown. */
	struct iq_coverage_part spans;
};

/* One of a core or an executable; profiles, traces and texts have none. */
struct iq_coverage {
	/* "the kernel", "gdb (gcore)", "an emulator or sandbox, by its
	 * notes", "an unknown writer"; empty of an executable. */
	struct iq_str writer;
	/* Bytes of memory that the headers promise, and that the file has. */
	struct iq_coverage_part file;
	struct iq_coverage_part segments;
	/* Program headers. */
	struct iq_coverage_part headers;
	/* Memory of the process that the core left out by intent (filter) and
	 * that no file makes up for. */
	uint64_t left_out;
	/* Of it: private memory of no file (heap, stacks). */
	uint64_t left_out_anonymous;
	/* All notes that the headers promise. */
	bool notes_whole;
	bool has_notes, has_auxv, has_file_notes;
	uint64_t num_threads; /* with registers */
	/* Those that the runtime knows, and how many of them have registers. */
	struct iq_coverage_part threads;
	/* Bytes of goroutines' stacks in use. */
	struct iq_coverage_part stacks;
	/* Goroutines, and those with a whole stack. */
	struct iq_coverage_part goroutines;
	const struct iq_coverage_loss *losses;
	size_t num_losses;
	/* The runtime was found: what stands below is known. */
	bool has_runtime;
	/* Inlined calls and stack maps (gofunc) of all Go modules are there. */
	bool has_funcdata;
	/* [0] is the executable if it is known. */
	const struct iq_coverage_module *modules;
	size_t num_modules;
	/* Those of which something is missing, as the core names them. */
	const struct iq_coverage_file *files;
	size_t num_files;
	enum iq_layout_source layout;
	struct iq_str layout_version; /* of the row: "go1.26.0" */
	/* Build settings as `go version -m` shows them. */
	const struct iq_coverage_setting *settings;
	size_t num_settings;
	/* Main package's path, main module's version, "dep" lines. */
	struct iq_str main_package;
	struct iq_str module_version;
	uint64_t num_deps;
	/* Places in the runtime's list of goroutines that could not be read;
	 * ended goroutines have places, too. */
	uint64_t goroutines_lost;
};

/* The setting of that name; empty if there is none. */
struct iq_str iq_coverage_setting_find(const struct iq_coverage *coverage,
				       const char *key);
/* The executable, or NULL. */
const struct iq_coverage_module *
iq_coverage_executable(const struct iq_coverage *coverage);

/* Measures the heap of @facts; false if it has none that was found. */
bool iq_coverage_measure(const struct iq_facts *facts,
			 struct iq_coverage_heap *ret);

#endif
