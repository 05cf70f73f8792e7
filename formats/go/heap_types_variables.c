/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types_put.h"

void iq_go_typed_variables_deinit(struct iq_go_typed_variables *variables)
{
	iq_vec_deinit(&variables->all);
}

struct iq_error *
iq_go_typed_variables_read(struct iq_go_typed_variables *variables iq_unused,
			   struct iq_go_type_model *model iq_unused)
{
	return NULL;
}
