/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtime's fields are, by Go version and architecture: data, not
 * logic. formats/go/go_fields.def lists every field that a reader uses; the
 * rows in go_versions_data.inc are generated from real toolchains' DWARF by
 * formats/go/layouts/generate and checked against DWARF by a test.
 */
#ifndef IQ_GO_VERSIONS_H
#define IQ_GO_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define IQ_GO_ABSENT UINT32_MAX

struct iq_go_field {
	/* Offset in bytes from the struct's start; IQ_GO_ABSENT: this version
	 * has no such field. */
	uint32_t offset;
	/* Size of the field in bytes; 0 if absent. */
	uint32_t size;
};

/*
 * Members are named by go_fields.def: IQ_GO_FIELD(g_goid, "runtime.g", "goid")
 * gives layout->g_goid.offset; IQ_GO_SIZE(g_size, "runtime.g") gives
 * layout->g_size in bytes, 0 if this version has no such struct.
 */
struct iq_go_layout {
#define IQ_GO_FIELD(name, type, path) struct iq_go_field name;
#define IQ_GO_SIZE(name, type) uint32_t name;
#include "formats/go/go_fields.def"
#undef IQ_GO_FIELD
#undef IQ_GO_SIZE
};

/* abi.FuncID values that a reader must tell apart; -1: absent. */
struct iq_go_func_ids {
#define IQ_GO_FUNC_ID(name, constant) int16_t name;
#include "formats/go/go_func_ids.def"
#undef IQ_GO_FUNC_ID
};

#define IQ_GO_NO_CONSTANT INT64_MIN

/* Other numbers that move; IQ_GO_NO_CONSTANT: absent. */
struct iq_go_constants {
#define IQ_GO_CONSTANT(name, constant) int64_t name;
#include "formats/go/go_constants.def"
#undef IQ_GO_CONSTANT
};

/* Shape of pclntab and moduledata that is not a struct's field. */
struct iq_go_tables {
	uint32_t pclntab_magic;
	/* Size of a record of the inline tree: 20 (1.18, 1.19) or 16. */
	uint8_t inline_size;
	/* labels are {[]label} (1.24+) and not a map[string]string. */
	bool labels_are_list;
	/*
	 * sudog.elem and sudog.c are {vp, vu} (1.26+). The layout's sudog_elem and
	 * sudog_c are vu already, one word in every version: add nothing.
	 */
	bool sudog_two_words;
	/* Distance of two roots in runtime.semtable. */
	uint16_t sematable_stride;
};

struct iq_go_version {
	/* First version that the row holds for; up to the next row's. */
	uint8_t minor;
	uint8_t patch;
	/* Last patch release of minor that was measured and is like this. */
	uint8_t last_patch;
	const char *arch; /* "amd64" */
	const struct iq_go_layout *layout;
	const struct iq_go_func_ids *func_ids;
	const struct iq_go_constants *constants;
	const struct iq_go_tables *tables;
	/* Texts by number, "" for zero. */
	/* NULL: unknown, in a version that was guessed. */
	const char *const *wait_reasons;
	unsigned num_wait_reasons;
};

/*
 * The row for a version text ("go1.26.8", "go1.27-devel_…", "go1.25.1 X:…").
 * *@exact_ret is false when the version is newer than what was measured, has
 * anything after its number (a pre-release, experiments), or could not be
 * parsed (the newest row is taken); then the nearest row is an assumption. NULL
 * if there is no row for @arch at all or the version is older than the table.
 */
const struct iq_go_version *
iq_go_version_find(struct iq_str version, const char *arch, bool *exact_ret);
/* All rows, sorted by arch, minor, patch. */
const struct iq_go_version *iq_go_versions(size_t *num_ret);

/*
 * Minor and patch number of "go1.22.12", whatever follows or "devel " before
 * it; patch is 0 if there is none. False if it has no such form.
 */
bool iq_go_version_parse(struct iq_str version, unsigned *minor_ret,
			 unsigned *patch_ret);

/* The text of a wait reason's number, "" for 0; false if there is none. */
bool iq_go_wait_reason(const struct iq_go_version *version, uint64_t number,
		       struct iq_str *ret);

#endif
