/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader turns one kind of file into facts. Who reads a file is decided by
 * content: the reader that verified the most bits of it.
 */
#ifndef IQ_FORMATS_READER_H
#define IQ_FORMATS_READER_H

#include "base/attr.h"
#include "base/error.h"
#include "base/pool.h"
#include "formats/source.h"
#include "model/fact.h"

/* What a reader may use beside its own file. */
struct iq_read_context {
	struct iq_pool *pool;
	/* Inputs that are executables or shared objects, in any order. */
	const struct iq_source *const *executables;
	size_t num_executables;
	/* Where the files named in a core are looked for instead: a prefix;
	 * NULL for the file system as it is. */
	const char *sysroot;
	/* Folders of executables and debug files, by build id, path or name. */
	const char *const *debug_dirs;
	size_t num_debug_dirs;
	/* Do not open any file that the user did not name (tests, fuzzing). */
	bool no_file_system;
	struct iq_source_options source_options;
	/* The goroutine whose whole life is wanted of a trace (spans). */
	bool has_trace_of;
	uint64_t trace_of;
};

struct iq_reader {
	/* "elf-core": what --version lists and JSON calls format. */
	const char *name;
	enum iq_witness_kind kind;
	/* Number of bits verified; 0: not this format. */
	unsigned (*bid)(const struct iq_source *source);
	/*
	 * Adds what @source says to @facts. A broken part is a gap; an error is
	 * returned only if nothing can be said, without memory, and on I/O.
	 * @source outlives @facts.
	 */
	struct iq_error *(*read)(const struct iq_read_context *context,
				 const struct iq_source *source,
				 struct iq_facts *facts);
};

/* The reader that wins @source, or NULL. */
const struct iq_reader *iq_reader_for(const struct iq_source *source);
/* All of them, in the order of readers.def. */
const struct iq_reader *const *iq_readers(size_t *num_ret);

#endif
