/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/vec.h"
#include "formats/dwarf/child.h"
#include "formats/dwarf/dwarf.h"
#include "formats/go/word_set.h"

/* Bytes of the tables that the child hands over at a time. */
#define CHUNK_SIZE (256u << 10)
/* All tables together: programs have tens of thousands of variables. */
#define TABLES_MAX (256u << 20)
#define TEXT_SIZE 240
/* More than any value has bytes. */
#define SIZE_MAX_OF_TYPE (1ull << 40)
/* Go: src/internal/abi/type.go, Struct. */
#define GO_KIND_STRUCT 25
#define GO_KIND_UNSAFE_POINTER 26
#define GO_KIND_MAX 26

/* Sizes of the tables, which follow in the order of their members. */
struct header {
	uint32_t num_variables, num_types, num_fields, num_closures;
	uint64_t num_texts;
};

struct request {
	uint64_t offset;
};

struct answer {
	int32_t code; /* an iq_error_code, or -1 */
	uint32_t len; /* bytes of data that count */
	uint64_t total;
	char text[TEXT_SIZE];
	uint8_t data[CHUNK_SIZE];
};

/* ---- in the child: nothing is given back, for it ends */

struct collector {
	const struct iq_elf *elf;
	struct iq_dwarf *dwarf;
	IQ_VEC(struct iq_dwarf_variable) variables;
	IQ_VEC(struct iq_dwarf_table_type) types;
	IQ_VEC(struct iq_dwarf_field) fields;
	IQ_VEC(struct iq_dwarf_closure) closures;
	IQ_VEC(char) texts;
	/* Entries of types, in the order of their numbers. */
	IQ_VEC(uint64_t) entries;
	struct iq_go_word_set numbers;
	bool no_memory;
	bool is_done;
	struct iq_error *err;
	IQ_VEC(uint8_t) data; /* what is handed over */
};

static struct iq_dwarf_text text_add(struct collector *c, struct iq_str text)
{
	struct iq_dwarf_text ret = { (uint32_t)c->texts.len,
				     (uint32_t)text.len };

	if (text.len > TABLES_MAX || c->texts.len > TABLES_MAX ||
	    !iq_vec_reserve(&c->texts, text.len)) {
		c->no_memory = true;
		return (struct iq_dwarf_text){ 0 };
	}
	if (text.len)
		memcpy(c->texts.data + c->texts.len, text.ptr, text.len);
	c->texts.len += text.len;
	return ret;
}

/* The number of the type at @entry, which is read later if it is new. */
static uint32_t number_of(struct collector *c, uint64_t entry)
{
	uint64_t known = c->numbers.num ?
				 iq_go_word_set_object(&c->numbers, entry + 1) :
				 0;

	if (known)
		return (uint32_t)(known - 1);
	if (c->entries.len >= UINT32_MAX - 1 ||
	    !iq_go_word_set_add(&c->numbers, entry + 1, c->entries.len + 1) ||
	    !iq_vec_push(&c->entries, entry)) {
		c->no_memory = true;
		return IQ_DWARF_NO_TYPE;
	}
	return (uint32_t)(c->entries.len - 1);
}

static bool every_package(void *ctx iq_unused, struct iq_str name iq_unused)
{
	return true;
}

static void variable_take(void *ctx, enum iq_dwarf_kind kind,
			  struct iq_str name, uint64_t offset)
{
	struct collector *c = ctx;
	struct iq_dwarf_entry e;
	struct iq_dwarf_variable v = { 0 };

	if (kind != IQ_DWARF_VARIABLE || c->no_memory ||
	    iq_dwarf_entry_read(c->dwarf, offset, &e) || !e.has_addr ||
	    !e.has_type || !e.addr)
		return;
	v.addr = e.addr;
	v.type = number_of(c, e.type);
	v.name = text_add(c, name);
	if (!iq_vec_push(&c->variables, v))
		c->no_memory = true;
}

static bool field_take(void *ctx, struct iq_str name,
		       const struct iq_dwarf_member *member)
{
	struct collector *c = ctx;
	struct iq_dwarf_field f = { .offset = member->offset };

	f.type = number_of(c, member->type);
	f.name = text_add(c, name);
	if (!iq_vec_push(&c->fields, f))
		c->no_memory = true;
	return !c->no_memory;
}

/* Functions that may have captured something. Their names tell so. */
static bool is_closure(struct iq_str name)
{
	static const char *const marks[] = { ".func", "-fm", ".gowrap",
					     ".deferwrap", "-range" };

	for (size_t i = 0; i < IQ_ARRAY_SIZE(marks); i++)
		if (iq_str_search(name, iq_str_of(marks[i])) < name.len)
			return true;
	return false;
}

static void function_take(void *ctx, struct iq_str name, uint64_t offset)
{
	struct collector *c = ctx;
	struct iq_dwarf_closure closure = {
		.first_field = (uint32_t)c->fields.len,
	};

	if (!is_closure(name) || c->no_memory ||
	    iq_dwarf_captured(c->dwarf, offset, field_take, c) ||
	    c->fields.len == closure.first_field)
		return;
	closure.num_fields = (uint32_t)(c->fields.len - closure.first_field);
	closure.name = text_add(c, name);
	if (!iq_vec_push(&c->closures, closure))
		c->no_memory = true;
}

/* Go gives unsafe.Pointer a descriptor and no kind. Go:
 * src/cmd/link/internal/ld/dwarf.go, DW_ABRV_BARE_PTRTYPE. */
static unsigned kind_of(const struct iq_dwarf_type *t)
{
	return !t->go_kind && !t->has_elem &&
			       iq_str_equal(t->name, IQ_STR("unsafe.Pointer")) ?
		       GO_KIND_UNSAFE_POINTER :
		       t->go_kind;
}

static struct iq_error *type_take(struct collector *c, uint64_t entry)
{
	struct iq_dwarf_table_type type = { .elem = IQ_DWARF_NO_TYPE };
	struct iq_dwarf_type t = { 0 };
	struct iq_error *err = iq_dwarf_type_read(c->dwarf, entry, &t);

	if (err)
		return err;
	// The runtime casts to arrays as large as the address space.
	if (t.size > SIZE_MAX_OF_TYPE || t.len > SIZE_MAX_OF_TYPE)
		t = (struct iq_dwarf_type){ .name = t.name };
	type.size = t.has_size ? t.size : 0;
	type.len = t.len;
	type.runtime = t.has_runtime ? t.runtime : 0;
	type.go_kind = kind_of(&t);
	type.name = text_add(c, t.name);
	type.first_field = (uint32_t)c->fields.len;
	if (!type.runtime && t.has_elem)
		type.elem = number_of(c, t.elem);
	if (!type.runtime && t.go_kind == GO_KIND_STRUCT)
		err = iq_dwarf_members(c->dwarf, entry, field_take, c);
	type.num_fields = (uint32_t)(c->fields.len - type.first_field);
	if (!err && !iq_vec_push(&c->types, type))
		err = &iq_enomem;
	return err;
}

static struct iq_error *collect(struct collector *c)
{
	const struct iq_dwarf_visitor visitor = {
		.package = every_package,
		.entry = variable_take,
		.function = function_take,
		.ctx = c,
	};
	struct iq_dwarf_sections sections = { 0 };
	struct iq_error *err = iq_dwarf_sections_read(c->elf, &sections);

	if (!err)
		err = iq_dwarf_open(&sections, &c->dwarf);
	if (!err)
		err = iq_dwarf_visit(c->dwarf, &visitor);
	// What is met on the way is appended.
	for (size_t i = 0; i < c->entries.len && !err && !c->no_memory; i++)
		err = type_take(c, c->entries.data[i]);
	return c->no_memory ? &iq_enomem : err;
}

static bool append(struct collector *c, const void *data, size_t size)
{
	if (!iq_vec_reserve(&c->data, size))
		return false;
	if (size)
		memcpy(c->data.data + c->data.len, data, size);
	c->data.len += size;
	return true;
}

#define APPEND(c, table)                                                       \
	append(c, (c)->table.data, (c)->table.len * sizeof(*(c)->table.data))

/* All tables in one piece. */
static struct iq_error *pack(struct collector *c)
{
	struct header header = {
		.num_variables = (uint32_t)c->variables.len,
		.num_types = (uint32_t)c->types.len,
		.num_fields = (uint32_t)c->fields.len,
		.num_closures = (uint32_t)c->closures.len,
		.num_texts = c->texts.len,
	};

	if (!append(c, &header, sizeof(header)) || !APPEND(c, variables) ||
	    !APPEND(c, types) || !APPEND(c, fields) || !APPEND(c, closures) ||
	    !APPEND(c, texts))
		return &iq_enomem;
	if (c->data.len > TABLES_MAX)
		return iq_error_new(IQ_ERROR_LIMIT,
				    "its variables take %zu bytes",
				    c->data.len);
	return NULL;
}

static void answer_fill(void *ctx, const void *request, void *ret)
{
	const struct request *r = request;
	struct answer *answer = ret;
	struct collector *c = ctx;

	if (!c->is_done) {
		c->err = collect(c);
		if (!c->err)
			c->err = pack(c);
		c->is_done = true;
	}
	answer->code = c->err ? (int32_t)c->err->code : -1;
	answer->total = c->data.len;
	if (c->err) {
		snprintf(answer->text, sizeof(answer->text), "%s",
			 c->err->text);
		return;
	}
	if (r->offset >= c->data.len)
		return;
	answer->len = c->data.len - r->offset < CHUNK_SIZE ?
			      (uint32_t)(c->data.len - r->offset) :
			      CHUNK_SIZE;
	memcpy(answer->data, c->data.data + r->offset, answer->len);
}

/* ---- in the parent */

static struct iq_error *answer_check(const struct answer *answer)
{
	char text[TEXT_SIZE];

	if (answer->code == -1)
		return answer->total > TABLES_MAX || answer->len > CHUNK_SIZE ?
			       iq_error_new(IQ_ERROR_FORMAT,
					    "the reader contradicts itself") :
			       NULL;
	snprintf(text, sizeof(text), "%.*s", TEXT_SIZE - 1, answer->text);
	for (char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return iq_error_new(IQ_ERROR_FORMAT, "%s", text);
}

/* All chunks, in one piece of *size_ret bytes. */
static struct iq_error *fetch(struct iq_child *child, uint8_t **ret,
			      uint64_t *size_ret)
{
	iq_cleanup(iq_freep) struct answer *answer = malloc(sizeof(*answer));
	iq_cleanup(iq_freep) uint8_t *data = NULL;
	uint64_t total = 0;

	if (!answer)
		return &iq_enomem;
	for (uint64_t at = 0; !data || at < total; at += answer->len) {
		struct request request = { .offset = at };
		struct iq_error *err = iq_child_ask(child, &request, answer);

		if (!err)
			err = answer_check(answer);
		if (err)
			return err;
		if (!data) {
			total = answer->total;
			data = malloc(total + 1);
			if (!data)
				return &iq_enomem;
		}
		if (!answer->len || answer->len > total - at)
			return iq_error_new(IQ_ERROR_FORMAT,
					    "the reader contradicts itself");
		memcpy(data + at, answer->data, answer->len);
	}
	*ret = data;
	*size_ret = total;
	data = NULL;
	return NULL;
}

static bool text_is_inside(const struct header *h, struct iq_dwarf_text text)
{
	return text.offset <= h->num_texts &&
	       text.len <= h->num_texts - text.offset;
}

/* Every number leads to what is there. */
static bool tables_are_sound(const struct header *h,
			     const struct iq_dwarf_variables *v)
{
	for (uint32_t i = 0; i < h->num_variables; i++)
		if (!text_is_inside(h, v->variables[i].name) ||
		    v->variables[i].type >= h->num_types)
			return false;
	for (uint32_t i = 0; i < h->num_types; i++) {
		const struct iq_dwarf_table_type *t = &v->types[i];

		if (!text_is_inside(h, t->name) || t->go_kind > GO_KIND_MAX ||
		    (t->elem >= h->num_types && t->elem != IQ_DWARF_NO_TYPE) ||
		    t->first_field > h->num_fields ||
		    t->num_fields > h->num_fields - t->first_field ||
		    t->size > SIZE_MAX_OF_TYPE || t->len > SIZE_MAX_OF_TYPE)
			return false;
	}
	for (uint32_t i = 0; i < h->num_fields; i++)
		if (!text_is_inside(h, v->fields[i].name) ||
		    v->fields[i].type >= h->num_types ||
		    v->fields[i].offset > SIZE_MAX_OF_TYPE)
			return false;
	for (uint32_t i = 0; i < h->num_closures; i++)
		if (!text_is_inside(h, v->closures[i].name) ||
		    v->closures[i].first_field > h->num_fields ||
		    v->closures[i].num_fields >
			    h->num_fields - v->closures[i].first_field)
			return false;
	return true;
}

static struct iq_error *unpack(uint8_t *data, uint64_t size,
			       struct iq_dwarf_variables *ret)
{
	struct iq_dwarf_variables v = { .data = data };
	struct header h;
	uint64_t need = sizeof(h);

	if (size < need)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "the reader contradicts itself");
	memcpy(&h, data, sizeof(h));
	v.variables = (const void *)(data + need);
	need += (uint64_t)h.num_variables * sizeof(*v.variables);
	v.types = (const void *)(data + need);
	need += (uint64_t)h.num_types * sizeof(*v.types);
	v.fields = (const void *)(data + need);
	need += (uint64_t)h.num_fields * sizeof(*v.fields);
	v.closures = (const void *)(data + need);
	need += (uint64_t)h.num_closures * sizeof(*v.closures);
	v.texts = (const char *)(data + need);
	if (h.num_texts > size)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "the reader contradicts itself");
	need += h.num_texts;
	v.num_variables = h.num_variables;
	v.num_types = h.num_types;
	v.num_fields = h.num_fields;
	v.num_closures = h.num_closures;
	if (need != size || !tables_are_sound(&h, &v))
		return iq_error_new(IQ_ERROR_FORMAT,
				    "the reader contradicts itself");
	*ret = v;
	return NULL;
}

struct iq_error *iq_dwarf_variables_read(const struct iq_elf *executable,
					 struct iq_dwarf_variables *ret)
{
	struct collector collector = { .elf = executable };
	const struct iq_child_service service = {
		.answer = answer_fill,
		.ctx = &collector,
		.request_size = sizeof(struct request),
		.answer_size = sizeof(struct answer),
		.limits = { .memory = IQ_LIMIT_DWARF_MEMORY,
			    .cpu_seconds = IQ_LIMIT_DWARF_CPU_SECONDS,
			    .wall_seconds = IQ_LIMIT_DWARF_WALL_SECONDS },
	};
	struct iq_child *child = NULL;
	uint8_t *data = NULL;
	uint64_t size = 0;
	struct iq_error *err = iq_child_start(&service, &child);

	if (!err)
		err = fetch(child, &data, &size);
	iq_child_end(child);
	if (!err)
		err = unpack(data, size, ret);
	if (err)
		free(data);
	return err ? iq_error_within(err,
				     "debug information could not be read") :
		     NULL;
}

void iq_dwarf_variables_deinit(struct iq_dwarf_variables *variables)
{
	free(variables->data);
	*variables = (struct iq_dwarf_variables){ 0 };
}

struct iq_str iq_dwarf_text(const struct iq_dwarf_variables *variables,
			    struct iq_dwarf_text text)
{
	return (struct iq_str){ variables->texts + text.offset, text.len };
}
