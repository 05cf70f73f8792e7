/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that a test makes and takes away again.
 */
#ifndef IQ_TESTS_UNIT_SCRATCH_H
#define IQ_TESTS_UNIT_SCRATCH_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"

#define SCRATCH_PATH_SIZE 64

/* A new file with these bytes; its path is written to @path. */
iq_unused static void scratch_file(char *path, const void *data, size_t len)
{
	int fd;

	strcpy(path, "/tmp/inquest-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		assert_true(n > 0);
		data = (const char *)data + n;
		len -= (size_t)n;
	}
	close(fd);
}

/* @len bytes that look random and are the same each time. */
iq_unused static void scratch_noise(void *data, size_t len)
{
	unsigned long long state = 88172645463325252ull;
	unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++) {
		// Marsaglia, "Xorshift RNGs", 2003.
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = (unsigned char)(state >> 56);
	}
}

#endif
