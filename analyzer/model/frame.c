/* SPDX-License-Identifier: Apache-2.0 */
#include "model/frame.h"

#include "model/signature.h"

/* Of frames that nothing names, those at one address are the same. */
static int compare_unnamed(const struct iq_frame *a, const struct iq_frame *b)
{
	if (a->function.len || b->function.len || !a->has_pc || !b->has_pc)
		return 0;
	return a->pc < b->pc ? -1 : a->pc > b->pc;
}

int iq_frame_compare(const struct iq_frame *a, const struct iq_frame *b)
{
	if (a == b || !a || !b)
		return a == b ? 0 : a ? 1 : -1;

	int c = iq_str_compare(a->function, b->function);
	if (!c)
		c = iq_str_compare(a->file, b->file);
	if (!c)
		c = a->line < b->line ? -1 : a->line > b->line;
	return c ? c : compare_unnamed(a, b);
}

bool iq_frame_same_place(const struct iq_frame *a, const struct iq_frame *b)
{
	if (a == b || !a || !b)
		return a == b;
	return a->line == b->line && !compare_unnamed(a, b) &&
	       iq_function_equal(a->function, b->function) &&
	       (!a->file.len || !b->file.len ||
		iq_str_equal(iq_str_basename(a->file),
			     iq_str_basename(b->file)));
}
