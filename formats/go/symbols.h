/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's own symbols of one executable, sorted by name: a symbol table
 * has a hundred thousand, and readers ask for dozens.
 */
#ifndef IQ_GO_SYMBOLS_H
#define IQ_GO_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "formats/elf/elf.h"

struct iq_go_symbols;

/* @elf outlives the result; addresses are its values and @bias. */
struct iq_error *iq_go_symbols_create(const struct iq_elf *elf, uint64_t bias,
				      struct iq_go_symbols **ret) iq_must_check;
void iq_go_symbols_destroy(struct iq_go_symbols *symbols);

/* False if @name is no symbol; NULL @symbols has none. */
bool iq_go_symbols_find(const struct iq_go_symbols *symbols, const char *name,
			uint64_t *ret);

#endif
