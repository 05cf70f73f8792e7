/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of a core are looked for: paths that may be the executable,
 * a shared object or its separate debug file, the likeliest first. What a file
 * at such a path is, is for the caller to verify.
 */
#ifndef IQ_ELF_FIND_FILES_H
#define IQ_ELF_FIND_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "formats/reader.h"

/* How sure a place is before anybody has looked at the file. */
enum iq_find_place {
	/* Where the core says that it was, on this system or under --sysroot. */
	IQ_FIND_NAMED,
	/* Any other: to be used only if it is verified. */
	IQ_FIND_ELSEWHERE,
};

struct iq_find {
	const struct iq_read_context *context;
	/* The core's own, beside which files may lie; "-" has no folder. */
	const char *core_path;
	/* As the process named the file; may be empty. */
	struct iq_str path;
	/* Of the process, in hex; empty if unknown. */
	struct iq_str build_id;
	/* Look at every file of the folders that the user named, too. */
	bool scan;
};

/*
 * Called for each regular file that begins like an ELF file, until it sets
 * *@done or fails.
 */
typedef struct iq_error *iq_find_fn(void *ctx, const char *path,
				    enum iq_find_place place, bool *done);

/* Places of an executable or shared object. */
struct iq_error *iq_find_program(const struct iq_find *find, iq_find_fn *fn,
				 void *ctx) iq_must_check;
/*
 * Places of the separate debug file of @file, which was opened: by build id, and
 * by the name @link of its .gnu_debuglink, which may be empty.
 */
struct iq_error *iq_find_debug(const struct iq_find *find, const char *file,
			       struct iq_str link, iq_find_fn *fn, void *ctx)
	iq_must_check;

#endif
