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

bool iq_command_has_plain_folders(const struct iq_report_options *options)
{
	if (options->sysroot &&
	    !iq_command_is_plain(iq_str_of(options->sysroot)))
		return false;
	for (size_t i = 0; i < options->num_debug_dirs; i++) {
		if (!iq_command_is_plain(iq_str_of(options->debug_dirs[i])))
			return false;
	}
	return true;
}

void iq_command_put_folders(const struct iq_report_options *options,
			    struct iq_out *out)
{
	if (options->sysroot) {
		iq_out_cstr(out, " --sysroot ");
		iq_out_cstr(out, options->sysroot);
	}
	for (size_t i = 0; i < options->num_debug_dirs; i++) {
		iq_out_cstr(out, " --debug-dir ");
		iq_out_cstr(out, options->debug_dirs[i]);
	}
}
