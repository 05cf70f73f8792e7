/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/symbols.h"

#include <stdlib.h>

#include "base/vec.h"

struct symbol {
	struct iq_str name;
	uint64_t value;
};

struct iq_go_symbols {
	const struct iq_elf *elf;
	uint64_t bias;
	/* Those of the runtime, by name. */
	IQ_VEC(struct symbol) runtime;
	bool no_memory;
};

#define PREFIX IQ_STR("runtime.")

static bool symbol_take(void *ctx, struct iq_str name, uint64_t value)
{
	struct iq_go_symbols *s = ctx;
	struct symbol symbol = { .name = name, .value = value };

	s->no_memory = !iq_vec_push(&s->runtime, symbol);
	return !s->no_memory;
}

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a;
	const struct symbol *y = b;
	int order = iq_str_compare(x->name, y->name);

	return order ? order : (x->value > y->value) - (x->value < y->value);
}

struct iq_error *iq_go_symbols_create(const struct iq_elf *elf, uint64_t bias,
				      struct iq_go_symbols **ret)
{
	struct iq_go_symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return &iq_enomem;
	s->elf = elf;
	s->bias = bias;
	iq_elf_symbols(elf, PREFIX, symbol_take, s);
	if (s->no_memory) {
		iq_go_symbols_destroy(s);
		return &iq_enomem;
	}
	if (s->runtime.len)
		qsort(s->runtime.data, s->runtime.len, sizeof(struct symbol),
		      compare);
	*ret = s;
	return NULL;
}

void iq_go_symbols_destroy(struct iq_go_symbols *symbols)
{
	if (!symbols)
		return;
	iq_vec_deinit(&symbols->runtime);
	free(symbols);
}

bool iq_go_symbols_find(const struct iq_go_symbols *symbols, const char *name,
			uint64_t *ret)
{
	struct iq_str wanted = iq_str_of(name);
	uint64_t value;

	if (!symbols)
		return false;
	if (!iq_str_starts(wanted, PREFIX)) {
		if (!iq_elf_symbol_find(symbols->elf, name, &value))
			return false;
		*ret = value + symbols->bias;
		return true;
	}
	size_t low = 0, high = symbols->runtime.len;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (iq_str_compare(symbols->runtime.data[mid].name, wanted) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == symbols->runtime.len ||
	    !iq_str_equal(symbols->runtime.data[low].name, wanted))
		return false;
	*ret = symbols->runtime.data[low].value + symbols->bias;
	return true;
}
