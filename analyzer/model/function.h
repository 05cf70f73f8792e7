/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the name of a function tells: its package, and whose code that is.
 */
#ifndef IQ_MODEL_FUNCTION_H
#define IQ_MODEL_FUNCTION_H

#include <stdbool.h>

#include "base/str.h"

/* "net/http" of "net/http.(*conn).serve"; the whole name if it has none. */
struct iq_str iq_function_package(struct iq_str function);
/* Package of the standard library (the runtime's included). */
bool iq_package_is_std(struct iq_str package);
/* runtime, internal/runtime/… and what the join's rule 4 calls plumbing. */
bool iq_function_is_plumbing(struct iq_str function);
bool iq_function_is_runtime(struct iq_str function);
/* Of the runtime's, one that programs may call: "runtime.Gosched". */
bool iq_function_is_exported_runtime(struct iq_str function);

#endif
