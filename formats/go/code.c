/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/code.h"

#include <stdlib.h>

struct iq_error *iq_go_code_open(const struct iq_go_runtime *rt,
				 const struct iq_code_facts **ret)
{
	struct iq_arena *arena = &rt->facts->arena;
	struct iq_go_code_reader *reader =
		iq_arena_calloc(arena, 1, sizeof(*reader));

	if (!reader)
		return &iq_enomem;
	reader->callers = calloc(1, sizeof(*reader->callers));
	if (!reader->callers)
		return &iq_enomem;
	reader->rt = rt;
	reader->code.taking = iq_go_code_taking;
	reader->code.again = iq_go_code_again;
	reader->code.then = iq_go_code_then;
	reader->code.is_context = iq_go_code_is_context;
	reader->code.held = iq_go_code_held;
	*ret = &reader->code;
	return iq_facts_own(rt->facts, iq_go_callers_destroy, reader->callers);
}
