/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types_put.h"

/* Where debug information was left out, symbols still have names: of as many
 * bytes as there are to the next one. */

struct take {
	struct iq_go_typed_variables *variables;
	const struct iq_go_module *module;
	uint64_t bias;
	bool no_memory;
};

/* What the linker calls the bounds of segments. Go: src/cmd/link/internal/ld/
 * data.go, xdefine. */
static bool is_bound(struct iq_str name)
{
	static const char *const names[] = {
		"runtime.data",	    "runtime.edata",	 "runtime.bss",
		"runtime.ebss",	    "runtime.noptrdata", "runtime.enoptrdata",
		"runtime.noptrbss", "runtime.enoptrbss", "runtime.end",
		"runtime.covctrs",  "runtime.ecovctrs",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(names); i++)
		if (iq_str_equal(name, iq_str_of(names[i])))
			return true;
	return iq_str_find(name, '.') == name.len;
}

static bool symbol_take(void *ctx, struct iq_str name, uint64_t value)
{
	struct take *t = ctx;
	// The name lives as long as the file, which the facts keep.
	struct iq_go_typed_variable v = {
		.addr = value + t->bias,
		.name = name,
	};

	// A bound ends what stands before it and names nothing.
	v.is_bound = is_bound(name);
	if (!iq_go_module_has_variable(t->module, v.addr) &&
	    !(v.is_bound && iq_go_module_has_variable(t->module, v.addr - 1)))
		return true;
	t->no_memory = !iq_vec_push(&t->variables->all, v);
	return !t->no_memory;
}

struct iq_error *
iq_go_typed_variables_symbols(struct iq_go_typed_variables *variables,
			      const struct iq_core_module *file,
			      const struct iq_go_module *module)
{
	struct take take = {
		.variables = variables,
		.module = module,
		.bias = file->bias,
	};

	iq_elf_symbols(file->elf, IQ_STR(""), symbol_take, &take);
	return take.no_memory ? &iq_enomem : NULL;
}

void iq_go_typed_variables_measure(struct iq_go_typed_variables *variables,
				   const struct iq_go_type_model *model)
{
	struct iq_go_typed_variable *all = variables->all.data;
	uint64_t end = 0;

	for (size_t i = variables->all.len; i-- > 0;) {
		struct iq_go_typed_variable *v = &all[i];

		if (i + 1 < variables->all.len && all[i + 1].addr != v->addr)
			end = all[i + 1].addr;
		if (v->type)
			v->size = iq_go_type_model_get(model, v->type)->size;
		else if (!v->is_bound && end > v->addr)
			v->size = end - v->addr;
	}
}
