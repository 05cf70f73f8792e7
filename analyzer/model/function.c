/* SPDX-License-Identifier: Apache-2.0 */
#include "model/function.h"

#include <stddef.h>

#include "base/attr.h"

/*
 * First elements of the standard library's import paths. A module's own path
 * has a dot in its first element, or is the main package.
 * Go: GOROOT/src, directories, 1.18 - 1.27.
 */
static const char *const std_roots[] = {
	"archive", "bufio",   "bytes",	  "cmp",      "compress", "container",
	"context", "crypto",  "database", "debug",    "embed",	  "encoding",
	"errors",  "expvar",  "flag",	  "fmt",      "go",	  "hash",
	"html",	   "image",   "index",	  "internal", "io",	  "iter",
	"log",	   "maps",    "math",	  "mime",     "net",	  "os",
	"path",	   "plugin",  "reflect",  "regexp",   "runtime",  "slices",
	"sort",	   "strconv", "strings",  "structs",  "sync",	  "syscall",
	"testing", "text",    "time",	  "unicode",  "unique",	  "unsafe",
	"vendor",  "weak",
};

/* Prefixes of functions that the runtime puts between a call and its wait;
 * the runtime itself is not in the list. */
static const char *const plumbing_prefixes[] = {
	"sync.runtime_",
	"internal/sync.",
	"sync.(*Mutex).lockSlow",
	"internal/poll.runtime_",
	"internal/poll.(*pollDesc).",
	"os/signal.signal_recv",
	"syscall.runtime_",
	"reflect.rselect",
	"runtime/pprof.runtime_",
};

struct iq_str iq_function_package(struct iq_str function)
{
	size_t end = iq_str_find(function, '[');
	size_t paren = iq_str_find(function, '(');

	if (paren < end)
		end = paren;
	struct iq_str head = iq_str_sub(function, 0, end);
	size_t slash = iq_str_rfind(head, '/');
	size_t from = slash < head.len ? slash + 1 : 0;
	struct iq_str last = iq_str_sub(head, from, head.len - from);

	return iq_str_sub(head, 0, from + iq_str_find(last, '.'));
}

bool iq_package_is_std(struct iq_str package)
{
	struct iq_str root = iq_str_sub(package, 0, iq_str_find(package, '/'));

	for (size_t i = 0; i < IQ_ARRAY_SIZE(std_roots); i++) {
		if (iq_str_equal(root, iq_str_of(std_roots[i])))
			return true;
	}
	return false;
}

bool iq_function_is_runtime(struct iq_str function)
{
	return iq_str_starts(function, IQ_STR("runtime.")) ||
	       iq_str_starts(function, IQ_STR("internal/runtime/")) ||
	       iq_str_starts(function, IQ_STR("runtime/internal/")) ||
	       iq_str_equal(function, IQ_STR("panic"));
}

/* runtime.GC, runtime.Gosched: called by the program. */
bool iq_function_is_exported_runtime(struct iq_str function)
{
	size_t len = sizeof("runtime.") - 1;

	return iq_str_starts(function, IQ_STR("runtime.")) &&
	       function.len > len && function.ptr[len] >= 'A' &&
	       function.ptr[len] <= 'Z';
}

bool iq_function_is_plumbing(struct iq_str function)
{
	if (iq_function_is_runtime(function))
		return !iq_function_is_exported_runtime(function);
	for (size_t i = 0; i < IQ_ARRAY_SIZE(plumbing_prefixes); i++) {
		if (iq_str_starts(function, iq_str_of(plumbing_prefixes[i])))
			return true;
	}
	return false;
}
