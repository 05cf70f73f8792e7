/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/elf/find_files.h"
#include "formats/source_codec.h"

/* ---- the file itself */

struct program_search {
	const struct iq_read_context *context;
	const struct iq_core_traces *traces;
	struct iq_facts *facts;
	struct iq_core_module *m;
	/* The best that m->tried says: a mismatch is said rather than a doubt,
	 * and the place that the core names rather than others. */
	bool has_tried;
	enum iq_core_match match;
};

/* Opens an ELF file; both stay NULL where that fails. */
static struct iq_error *open_elf(const struct iq_read_context *context,
				 const char *path,
				 struct iq_source **source_ret,
				 struct iq_elf **elf_ret)
{
	struct iq_error *err;

	err = iq_source_open(path, &context->source_options, source_ret);
	if (!err)
		err = iq_elf_open(*source_ret, elf_ret);
	if (!err || err->code == IQ_ERROR_NOMEM)
		return err;
	iq_error_destroy(err);
	iq_source_destroy(*source_ret);
	*source_ret = NULL;
	return NULL;
}

static struct iq_error *remember(struct program_search *s, const char *path,
				 const struct iq_elf *elf,
				 enum iq_core_match match)
{
	struct iq_str id = iq_elf_build_id(elf);
	struct iq_error *err;

	if (s->has_tried)
		return NULL;
	s->has_tried = true;
	s->m->mismatch = match == IQ_CORE_OTHER_FILE;
	err = iq_facts_string(s->facts, iq_str_of(path), &s->m->tried);
	if (!id.len)
		id = iq_elf_go_build_id(elf);
	if (!err)
		err = iq_facts_string(s->facts, id, &s->m->tried_id);
	return err;
}

static struct iq_error *program_try(void *ctx, const char *path,
				    enum iq_find_place place, bool *done)
{
	struct program_search *s = ctx;
	enum iq_core_match match;
	struct iq_source *source = NULL;
	struct iq_elf *elf = NULL;
	struct iq_error *err = open_elf(s->context, path, &source, &elf);

	if (err || !elf)
		goto out;
	if (!iq_elf_has_contents(elf))
		goto out;
	match = iq_core_compare(s->traces, elf);
	if (match == IQ_CORE_SAME_FILE ||
	    (match == IQ_CORE_UNKNOWN_FILE && s->m->is_executable &&
	     place == IQ_FIND_NAMED)) {
		s->match = match;
		s->m->opened = source;
		source = NULL;
		*done = true;
	} else {
		err = remember(s, path, elf, match);
	}
out:
	iq_elf_destroy(elf);
	iq_source_destroy(source);
	return err;
}

/* Why there is no file, as a text that goes on after "…: ". */
static struct iq_error *absent_say(struct program_search *s, bool filtered)
{
	struct iq_core_module *m = s->m;
	char path[IQ_STR_QUOTE_SIZE], id[IQ_ELF_ID_TEXT_SIZE];
	char text[IQ_STR_QUOTE_SIZE + IQ_ELF_ID_TEXT_SIZE + 256];
	struct iq_str nothing = { 0 };

	if (!m->tried.len) {
		m->absent =
			s->context->no_file_system ?
				IQ_STR("the file system is not searched") :
			m->was_memfd ?
				IQ_STR("it was run from memory (memfd) and "
				       "never was a file") :
			m->was_deleted ?
				IQ_STR("no such program file is here, and it "
				       "was deleted or replaced before the "
				       "core was taken") :
			m->path.len ? IQ_STR("no such program file is here") :
				      IQ_STR("the core does not name its file");
		return NULL;
	}
	iq_str_quote(m->tried, path);
	// A GNU build id is hex, a Go build id has slashes.
	if (iq_str_find(m->tried_id, '/') < m->tried_id.len)
		iq_elf_id_text(nothing, m->tried_id, id);
	else
		iq_elf_id_text(m->tried_id, nothing, id);
	if (m->mismatch)
		snprintf(text, sizeof(text), "%s is of another build (%s)",
			 path, id);
	else
		snprintf(text, sizeof(text),
			 "%s (%s) may be another build, since the core holds "
			 "nothing to compare it with%s",
			 path, id,
			 filtered ? " (bit 4, 0x10, of /proc/PID/"
				    "coredump_filter keeps its first page)" :
				    "");
	return iq_facts_string(s->facts, iq_str_of(text), &m->absent);
}

struct iq_error *iq_core_file_find(const struct iq_read_context *context,
				   const struct iq_core *core,
				   const struct iq_core_traces *traces,
				   struct iq_facts *facts,
				   struct iq_core_module *m,
				   enum iq_core_match *ret)
{
	struct program_search s = {
		.context = context,
		.traces = traces,
		.facts = facts,
		.m = m,
		.match = IQ_CORE_OTHER_FILE,
	};
	const struct iq_find find = {
		.context = context,
		.core_path = core->source->path,
		.path = m->path,
		.build_id = m->build_id,
		// Go build ids have no folders of their own.
		.scan = m->is_executable || m->go_build_id.len,
	};
	struct iq_error *err = iq_find_program(&find, program_try, &s);

	*ret = s.match;
	// A page beyond the end of a cut core was not left out.
	return err || m->opened ?
		       err :
		       absent_say(&s, !core->from_gcore && !core->truncated);
}

/* ---- its debug file */

bool iq_core_debug_fits(const struct iq_elf *elf, const struct iq_elf *debug)
{
	struct iq_str a = iq_elf_build_id(elf);
	struct iq_str b = iq_elf_build_id(debug);

	if (iq_elf_header(elf).machine != iq_elf_header(debug).machine)
		return false;
	if (!a.len || !b.len) {
		a = iq_elf_go_build_id(elf);
		b = iq_elf_go_build_id(debug);
	}
	return a.len && iq_str_equal(a, b);
}

struct debug_search {
	const struct iq_read_context *context;
	struct iq_facts *facts;
	struct iq_core_module *m;
	bool has_crc;
	uint32_t crc;
};

/* By build id; where there is none on either side, by the link's sum. */
static bool debug_is_same(const struct debug_search *s,
			  const struct iq_elf *debug)
{
	const struct iq_source *source = iq_elf_source(debug);
	const struct iq_elf *elf = s->m->elf;

	if (iq_core_debug_fits(elf, debug))
		return true;
	if (!s->has_crc || iq_elf_build_id(elf).len ||
	    iq_elf_build_id(debug).len || iq_elf_go_build_id(elf).len ||
	    iq_elf_go_build_id(debug).len)
		return false;
	return iq_zlib_crc32(source->data, source->size) == s->crc;
}

static struct iq_error *debug_try(void *ctx, const char *path,
				  enum iq_find_place place iq_unused,
				  bool *done)
{
	struct debug_search *s = ctx;
	struct iq_source *source = NULL;
	struct iq_elf *debug = NULL;
	struct iq_error *err = open_elf(s->context, path, &source, &debug);

	if (err || !debug || !debug_is_same(s, debug)) {
		iq_elf_destroy(debug);
		iq_source_destroy(source);
		return err;
	}
	iq_elf_set_debug(s->m->elf, debug);
	s->m->debug = source;
	*done = true;
	return iq_facts_string(s->facts, iq_str_of(path), &s->m->debug_path);
}

static bool has_debug(const struct iq_elf *elf)
{
	struct iq_elf_section s;

	return iq_elf_has_symbols(elf) &&
	       (iq_elf_section_find(elf, ".debug_info", &s) ||
		iq_elf_section_find(elf, ".zdebug_info", &s));
}

struct iq_error *iq_core_debug_find(const struct iq_read_context *context,
				    const struct iq_core *core,
				    struct iq_facts *facts,
				    struct iq_core_module *m)
{
	struct debug_search s = {
		.context = context,
		.facts = facts,
		.m = m,
	};
	const struct iq_find find = {
		.context = context,
		.core_path = core->source->path,
		.path = m->path,
		.build_id = iq_elf_build_id(m->elf),
	};
	struct iq_str link = { 0 };

	if (has_debug(m->elf))
		return NULL;
	s.has_crc = iq_elf_debuglink(m->elf, &link, &s.crc);
	return iq_find_debug(&find, iq_elf_source(m->elf)->path, link,
			     debug_try, &s);
}
