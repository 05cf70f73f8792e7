/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of Go in memory by their type descriptors: text as Go prints it, and
 * the fields of structs.
 */
#ifndef IQ_GO_VALUE_H
#define IQ_GO_VALUE_H

#include "base/out.h"
#include "formats/go/scene.h"

/* Bytes of a string that are shown. */
#define IQ_GO_VALUE_MAX 4096

/*
 * Adds the value of @type at @addr: a number, a text without quotes, "nil", an
 * address, "length 2, capacity 4". Nothing, and false, if it is unreadable or
 * too large to be printed; *@secret_ret says that it is contents of memory that
 * may be anybody's.
 */
bool iq_go_value_put(const struct iq_go_runtime *rt,
		     const struct iq_go_type *type, uint64_t addr,
		     struct iq_out *out, bool *secret_ret);

/* @value as strconv writes it by 'g': with as few digits as give it back, which
 * is a float32 if @is_single. */
void iq_go_value_float(double value, bool is_single, struct iq_out *out);
/* The two parts of the complex number of @type at @addr; false if it is none or
 * unreadable. */
bool iq_go_value_complex(const struct iq_memory *mem,
			 const struct iq_go_type *type, uint64_t addr,
			 double ret[2]);
/* "(1.5-2i)" */
void iq_go_value_put_complex(const double parts[2], bool is_single,
			     struct iq_out *out);

/* The contents of the string header at @addr, clean; false if unreadable. */
bool iq_go_value_string(const struct iq_memory *mem, uint64_t addr,
			struct iq_out *out);

/*
 * The fields of the struct that the interface value {@type, @data} holds or
 * points to, those of structs in it and behind its pointers after them, under
 * names like "Next.Code".
 */
struct iq_error *iq_go_value_fields(struct iq_go_values *values,
				    const struct iq_go_runtime *rt,
				    const struct iq_go_type *type,
				    uint64_t data) iq_must_check;

#endif
