/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: what a compressed file may hold. What is inflated stays below its
 * limit, and an error leaves nothing behind.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#include "formats/source.h"

#define LIMIT (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const memory = "/dev/shm";
	const struct iq_source_options options = {
		.spool_dir = access(memory, W_OK) ? NULL : memory,
		.spool_limit = LIMIT,
	};
	struct iq_source *source = NULL;
	struct iq_error *err =
		iq_source_open_buffer("fuzz", data, size, &options, &source);

	if (err && (source || err->text[0] == '\0'))
		abort();
	if (source && source->compression && source->size > LIMIT)
		abort();
	iq_error_destroy(err);
	iq_source_destroy(source);
	return 0;
}
