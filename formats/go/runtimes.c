/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/runtimes.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "formats/go/find.h"
#include "formats/go/goroutine.h"
#include "formats/go/moduledata.h"
#include "formats/go/runtime.h"

static const struct iq_core_module *file_of(const struct iq_core *core,
					    uint64_t addr)
{
	for (size_t i = 0; i < core->num_modules; i++)
		if (addr >= core->modules[i].start &&
		    addr < core->modules[i].end)
			return &core->modules[i];
	return NULL;
}

/* Whether the file of @addr was among the inputs. */
static bool is_given(const struct iq_core *core, uint64_t addr)
{
	const struct iq_core_module *file = file_of(core, addr);

	return file && file->elf && !file->opened;
}

static bool is_in_text(const struct iq_core *core,
		       const struct iq_go_layout *layout, uint64_t addr)
{
	struct iq_go_module m;

	return core->num_threads &&
	       iq_go_moduledata_read(core->memory, layout, addr, &m) &&
	       core->threads[0].pc >= m.text && core->threads[0].pc < m.etext;
}

static void move_first(struct iq_go_places *places, size_t i)
{
	uint64_t addr = places->addrs[i];

	for (; i > 0; i--)
		places->addrs[i] = places->addrs[i - 1];
	places->addrs[0] = addr;
}

/* The row for the file that holds @addr; NULL if its version is not told. */
static const struct iq_go_version *
row_of(const struct iq_core *core, uint64_t addr, struct iq_go_buildinfo *info)
{
	const struct iq_core_module *file = file_of(core, addr);
	bool exact;

	if (!file || !iq_go_buildinfo_locate(core, file, info))
		return NULL;
	return iq_go_version_find(info->version, core->arch, &exact);
}

/* Whether the modules that follow the one at @from lead to @addr: a plugin has
 * its host's runtime. */
static bool leads_to(const struct iq_core *core, uint64_t from, uint64_t addr)
{
	struct iq_go_buildinfo info;
	const struct iq_go_version *row = row_of(core, from, &info);
	struct iq_go_module m;

	for (unsigned n = 0; row && n < IQ_LIMIT_MODULES; n++) {
		if (!iq_go_moduledata_read(core->memory, row->layout, from, &m))
			return false;
		from = m.next;
		if (from == addr)
			return true;
	}
	return false;
}

static bool has_runtime(const struct iq_core *core,
			const struct iq_go_places *places, size_t i)
{
	for (size_t k = 0; k < places->num; k++)
		if (k != i &&
		    leads_to(core, places->addrs[k], places->addrs[i]))
			return false;
	return true;
}

/* Places whose runtimes are compared; there are two libraries, or three. */
#define MAX_PLACES 16

void iq_go_places_prefer(const struct iq_core *core,
			 const struct iq_go_layout *layout,
			 struct iq_go_places *places)
{
	size_t num_given = 0, given = 0, crashed = places->num;

	if (places->num < 2 || places->num > MAX_PLACES)
		return;
	for (size_t i = places->num; i-- > 0;) {
		if (!has_runtime(core, places, i))
			continue;
		if (is_given(core, places->addrs[i])) {
			given = i;
			num_given++;
		}
		if (is_in_text(core, layout, places->addrs[i]))
			crashed = i;
	}
	if (num_given == 1)
		move_first(places, given);
	else if (crashed < places->num)
		move_first(places, crashed);
}

/* How many goroutines the runtime has whose moduledata is at @addr; false if
 * that cannot be told. */
static bool goroutines_count(const struct iq_go_program *program,
			     const struct iq_go_version *row, uint64_t addr,
			     uint64_t *ret)
{
	struct iq_go_module module;
	struct iq_go_program other = *program;
	struct iq_go_runtime rt = {
		.program = &other,
		.core = program->core,
		.memory = program->memory,
		.layout = row->layout,
		.version = row,
	};
	uint64_t array, len, g_addr, n = 0;

	if (!iq_go_moduledata_read(program->memory, row->layout, addr, &module))
		return false;
	other.version = row;
	other.modules = &module;
	other.num_modules = 1;
	other.symbols = NULL;
	iq_go_find_allgs(&rt);
	if (!rt.allgs_addr ||
	    !iq_go_slice_read(rt.memory, rt.allgs_addr, &array, &len) ||
	    len > IQ_LIMIT_GOROUTINES)
		return false;
	for (uint64_t i = 0; i < len; i++) {
		struct iq_go_g g;

		if (!iq_memory_u64(rt.memory, array + 8 * i, &g_addr))
			return false;
		n += iq_go_g_read(&rt, g_addr, &g) == IQ_GO_G_LIVE;
	}
	*ret = n;
	return true;
}

void iq_go_runtime_other(const struct iq_go_program *program,
			 struct iq_facts *facts, uint64_t addr)
{
	char path[IQ_STR_QUOTE_SIZE], version[IQ_STR_QUOTE_SIZE];
	char whose[sizeof("its 18446744073709551615 goroutines")];
	const struct iq_core_module *file = file_of(program->core, addr);
	struct iq_go_buildinfo info = { 0 };
	const struct iq_go_version *row = row_of(program->core, addr, &info);
	uint64_t num;

	if (row && goroutines_count(program, row, addr, &num))
		snprintf(whose, sizeof(whose), "its %" PRIu64 " goroutine%s",
			 num, num == 1 ? "" : "s");
	else
		snprintf(whose, sizeof(whose), "its goroutines");
	iq_facts_gap_addr(
		facts, IQ_GAP_UNSUPPORTED, addr,
		"%s has a Go runtime of its own, %s: %s are not read, since "
		"those of another runtime have the same numbers; give this "
		"library, and no other with Go code, to read them instead",
		iq_str_quote(file ? file->path : IQ_STR("a library"), path),
		info.version.len ? iq_str_quote(info.version, version) :
				   "of an unknown version",
		whose);
}
