/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/command.h"

bool iq_command_is_plain(struct iq_str path)
{
	static const char fine[] = "/._-+,:=@%";

	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    !memchr(fine, c, sizeof(fine) - 1))
			return false;
	}
	return path.len && path.ptr[0] != '-';
}
