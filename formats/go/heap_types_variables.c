/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap_types_put.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "formats/dwarf/sections.h"
#include "formats/dwarf/variables.h"

void iq_go_typed_variables_deinit(struct iq_go_typed_variables *variables)
{
	iq_vec_deinit(&variables->all);
}

/* One program file and its tables. */
struct source {
	struct iq_go_type_model *model;
	struct iq_dwarf_variables tables;
	const struct iq_core_module *file;
	uint64_t types;	   /* where descriptors begin */
	uint32_t *numbers; /* in the model, by number in the tables; 0: new */
	bool *filled;	   /* by number in the tables */
};

static void source_deinit(struct source *s)
{
	iq_dwarf_variables_deinit(&s->tables);
	free(s->numbers);
	free(s->filled);
}

/* ---- types */

/* A type that both suppliers know: they must agree. */
static uint32_t by_descriptor(struct source *s,
			      const struct iq_dwarf_table_type *t)
{
	const struct iq_go_model_type *type;
	uint32_t number;

	if (!t->runtime || t->runtime > UINT64_MAX - s->types)
		return 0;
	number = iq_go_type_model_at(s->model, s->types + t->runtime);
	if (!number)
		return 0;
	type = iq_go_type_model_get(s->model, number);
	return type->kind == t->go_kind &&
			       (type->size == t->size ||
				type->kind == IQ_GO_KIND_POINTER || !t->size) ?
		       number :
		       0;
}

/* Sizes of what debug information gives none for. */
static uint64_t size_of(const struct iq_dwarf_table_type *t)
{
	switch (t->go_kind) {
	case IQ_GO_KIND_POINTER:
	case IQ_GO_KIND_UNSAFE_POINTER:
	case IQ_GO_KIND_CHAN:
	case IQ_GO_KIND_MAP:
	case IQ_GO_KIND_FUNC:
		return 8;
	case IQ_GO_KIND_INTERFACE:
		return t->size ? t->size : 16;
	default:
		return t->size;
	}
}

/* "pkg.T" of "example.com/pkg.T", as Go prints it. */
static struct iq_str short_name(struct iq_str name)
{
	struct iq_str head = iq_str_sub(name, 0, iq_str_find(name, '['));
	size_t slash = iq_str_rfind(head, '/');
	bool is_path =
		slash < head.len && name.ptr[0] != '*' && name.ptr[0] != '[';

	return is_path ? iq_str_sub(name, slash + 1, name.len) : name;
}

/* What is behind names; a circle of them is none. */
static const struct iq_dwarf_table_type *behind_names(const struct source *s,
						      uint32_t *index)
{
	for (unsigned i = 0; i < 16 && *index != IQ_DWARF_NO_TYPE; i++) {
		const struct iq_dwarf_table_type *t = &s->tables.types[*index];

		if (t->go_kind || t->elem == IQ_DWARF_NO_TYPE)
			return t;
		*index = t->elem;
	}
	return NULL;
}

/* The model's number of type @index of the tables; 0: it is not known. What it
 * is made of comes later: see fill(). */
static uint32_t number_of(struct source *s, uint32_t index)
{
	const struct iq_dwarf_table_type *t = behind_names(s, &index);
	struct iq_go_model_type *type;
	uint32_t number;

	if (!t || !t->go_kind)
		return 0;
	if (s->numbers[index])
		return s->numbers[index];
	number = by_descriptor(s, t);
	if (!number) {
		type = iq_go_type_model_add(s->model, &number);
		if (!type)
			return 0;
		type->kind = t->go_kind;
		type->size = size_of(t);
		type->len = t->len;
		if (!iq_str_dup(s->model->arena,
				short_name(iq_dwarf_text(&s->tables, t->name)),
				&type->name))
			s->model->no_memory = true;
	}
	s->numbers[index] = number;
	return number;
}

static const struct iq_go_model_field *fields_of(struct source *s,
						 uint32_t first, uint32_t num)
{
	struct iq_go_model_field *fields =
		iq_arena_calloc(s->model->arena, num + 1u, sizeof(*fields));

	for (uint32_t i = 0; fields && i < num; i++) {
		const struct iq_dwarf_field *f = &s->tables.fields[first + i];

		fields[i].offset = f->offset;
		fields[i].type = number_of(s, f->type);
		if (!iq_str_dup(s->model->arena,
				iq_dwarf_text(&s->tables, f->name),
				&fields[i].name))
			fields = NULL;
	}
	if (!fields)
		s->model->no_memory = true;
	return fields;
}

/* Of an interface, whether its values have itabs: the struct that stands for it
 * says so. Go: src/runtime/runtime2.go, iface, eface. */
static bool has_itab(const struct source *s,
		     const struct iq_dwarf_table_type *t)
{
	uint32_t index = t->elem;
	const struct iq_dwarf_table_type *base = behind_names(s, &index);

	return !base || !iq_str_equal(iq_dwarf_text(&s->tables, base->name),
				      IQ_STR("runtime.eface"));
}

static void fill(struct source *s, uint32_t index)
{
	const struct iq_dwarf_table_type *t = &s->tables.types[index];
	struct iq_go_model_type *type;

	if (!s->numbers[index] || s->filled[index])
		return;
	s->filled[index] = true;
	type = iq_go_type_model_get(s->model, s->numbers[index]);
	if (type->addr)
		return;
	if (t->go_kind == IQ_GO_KIND_INTERFACE)
		type->len = has_itab(s, t);
	else if (t->elem != IQ_DWARF_NO_TYPE && t->go_kind != IQ_GO_KIND_MAP &&
		 t->go_kind != IQ_GO_KIND_CHAN)
		type->elem = number_of(s, t->elem);
	if (t->go_kind != IQ_GO_KIND_STRUCT)
		return;
	type->fields = fields_of(s, t->first_field, t->num_fields);
	type->num_fields = type->fields ? t->num_fields : 0;
}

/* Numbers are given on the way: each pass takes apart what is new. */
static void fill_all(struct source *s)
{
	size_t num = s->tables.num_types;

	for (size_t done = 0, before = SIZE_MAX; done != before;) {
		before = done;
		done = 0;
		for (uint32_t i = 0; i < num; i++) {
			fill(s, i);
			done += s->filled[i];
		}
	}
	for (uint32_t i = 0; i < num; i++) {
		struct iq_go_model_type *type =
			s->filled[i] ?
				iq_go_type_model_get(s->model, s->numbers[i]) :
				NULL;

		if (type && !type->addr)
			type->has_pointers =
				iq_go_type_model_lay(s->model, s->numbers[i])
					->num_parts != 0;
	}
}

/* ---- variables */

static struct iq_error *take(struct source *s,
			     struct iq_go_typed_variables *variables)
{
	struct iq_go_type_model *model = s->model;

	for (size_t i = 0; i < s->tables.num_variables; i++) {
		const struct iq_dwarf_variable *v = &s->tables.variables[i];
		struct iq_go_typed_variable variable = {
			.addr = v->addr + s->file->bias,
			.type = number_of(s, v->type),
		};

		if (!variable.type)
			continue;
		if (!iq_str_dup(model->arena,
				iq_dwarf_text(&s->tables, v->name),
				&variable.name) ||
		    !iq_vec_push(&variables->all, variable))
			return &iq_enomem;
	}
	return model->no_memory ? &iq_enomem : NULL;
}

static struct iq_error *take_closures(struct source *s)
{
	struct iq_go_type_model *model = s->model;

	for (size_t i = 0; i < s->tables.num_closures; i++) {
		const struct iq_dwarf_closure *c = &s->tables.closures[i];
		struct iq_go_model_closure closure = {
			.fields = fields_of(s, c->first_field, c->num_fields),
			.num_fields = c->num_fields,
		};

		if (!closure.fields ||
		    !iq_str_dup(model->arena,
				iq_dwarf_text(&s->tables, c->name),
				&closure.name) ||
		    !iq_vec_push(&model->closures, closure))
			return &iq_enomem;
	}
	return NULL;
}

static struct iq_error *file_read(struct iq_go_typed_variables *variables,
				  struct iq_go_type_model *model,
				  const struct iq_core_module *file,
				  const struct iq_go_module *module)
{
	iq_cleanup(source_deinit) struct source s = {
		.model = model,
		.file = file,
		.types = module->types,
	};
	struct iq_error *err;

	if (!iq_dwarf_present(file->elf))
		return iq_go_typed_variables_symbols(variables, file, module);
	err = iq_dwarf_variables_read(file->elf, &s.tables);
	if (err) {
		if (err == &iq_enomem)
			return err;
		// Objects have fewer types then.
		iq_error_destroy(err);
		return iq_go_typed_variables_symbols(variables, file, module);
	}
	s.numbers = calloc(s.tables.num_types + 1, sizeof(*s.numbers));
	s.filled = calloc(s.tables.num_types + 1, sizeof(*s.filled));
	err = s.numbers && s.filled ? take(&s, variables) : &iq_enomem;
	if (!err)
		err = take_closures(&s);
	if (err)
		return err;
	fill_all(&s);
	return model->no_memory ? &iq_enomem : NULL;
}

static int by_addr(const void *a, const void *b)
{
	const struct iq_go_typed_variable *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	// A variable stands behind the bound that it begins at.
	if (x->is_bound != y->is_bound)
		return x->is_bound ? -1 : 1;
	if (x->is_apart != y->is_apart)
		return x->is_apart ? 1 : -1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return iq_str_compare(x->name, y->name);
}

void iq_go_typed_variables_order(struct iq_go_typed_variables *variables)
{
	if (variables->all.len)
		qsort(variables->all.data, variables->all.len,
		      sizeof(*variables->all.data), by_addr);
}

static int by_name(const void *a, const void *b)
{
	const struct iq_go_model_closure *x = a, *y = b;

	return iq_str_compare(x->name, y->name);
}

struct iq_error *
iq_go_typed_variables_read(struct iq_go_typed_variables *variables,
			   struct iq_go_type_model *model)
{
	const struct iq_go_program *program = model->rt->program;
	struct iq_error *err = NULL;

	for (size_t i = 0; i < program->num_modules && !err; i++) {
		const struct iq_go_module *m = &program->modules[i];
		const struct iq_core_module *file =
			iq_go_program_file(program, m->text);

		if (file && file->elf && file->verified)
			err = file_read(variables, model, file, m);
	}
	iq_go_typed_variables_order(variables);
	iq_go_typed_variables_measure(variables, model);
	if (!err)
		err = iq_go_typed_variables_apart(variables, model);
	if (!err && model->closures.len)
		qsort(model->closures.data, model->closures.len,
		      sizeof(*model->closures.data), by_name);
	return err;
}
