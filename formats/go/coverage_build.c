/* SPDX-License-Identifier: Apache-2.0 */
/* What a Go program was built of, as "go version -m" shows it. */
#include "formats/elf/core_coverage.h"
#include "formats/go/coverage.h"
#include "formats/go/locate.h"
#include "formats/go/process.h"

/* The next line of @s without its "\n". */
static bool line_next(struct iq_str *s, struct iq_str *ret)
{
	size_t end = iq_str_find(*s, '\n');

	if (!s->len)
		return false;
	*ret = iq_str_sub(*s, 0, end);
	*s = iq_str_sub(*s, end + 1, s->len);
	return true;
}

/* What follows @key and a tab in @line; false if it begins otherwise. */
static bool value_of(struct iq_str line, struct iq_str key, struct iq_str *ret)
{
	if (!iq_str_starts(line, key) || line.len <= key.len ||
	    line.ptr[key.len] != '\t')
		return false;
	*ret = iq_str_sub(line, key.len + 1, line.len);
	return true;
}

static size_t count_settings(struct iq_str modinfo)
{
	struct iq_str line, value;
	size_t num = 0;

	while (line_next(&modinfo, &line))
		num += value_of(line, IQ_STR("build"), &value);
	return num;
}

/* "mod\tPATH\tVERSION\tSUM": the version. */
static struct iq_str module_version(struct iq_str value)
{
	struct iq_str rest =
		iq_str_sub(value, iq_str_find(value, '\t') + 1, value.len);

	return iq_str_sub(rest, 0, iq_str_find(rest, '\t'));
}

static struct iq_error *setting_add(struct iq_facts *facts, struct iq_str value,
				    struct iq_coverage_setting *ret)
{
	size_t equals = iq_str_find(value, '=');
	struct iq_error *err =
		iq_facts_string(facts, iq_str_sub(value, 0, equals), &ret->key);

	return err ? err :
		     iq_facts_string(facts,
				     iq_str_sub(value, equals + 1, value.len),
				     &ret->value);
}

// Go: src/runtime/debug/mod.go, ParseBuildInfo(): path, mod, dep, build lines.
struct iq_error *iq_go_coverage_settings(struct iq_facts *facts,
					 const struct iq_go_buildinfo *info,
					 struct iq_coverage *coverage)
{
	struct iq_str rest = info->modinfo, line, value;
	struct iq_coverage_setting *list = iq_arena_calloc(
		&facts->arena, count_settings(rest) + 1, sizeof(*list));
	struct iq_error *err = NULL;

	if (!list)
		return &iq_enomem;
	coverage->settings = list;
	coverage->num_settings = 0;
	coverage->num_deps = 0;
	while (!err && line_next(&rest, &line)) {
		if (value_of(line, IQ_STR("build"), &value))
			err = setting_add(facts, value,
					  &list[coverage->num_settings++]);
		else if (value_of(line, IQ_STR("path"), &value))
			err = iq_facts_string(facts, value,
					      &coverage->main_package);
		else if (value_of(line, IQ_STR("mod"), &value))
			err = iq_facts_string(facts, module_version(value),
					      &coverage->module_version);
		else if (value_of(line, IQ_STR("dep"), &value))
			coverage->num_deps++;
	}
	return err;
}

struct iq_error *iq_go_coverage_build(const struct iq_core *core,
				      struct iq_facts *facts,
				      struct iq_coverage *coverage)
{
	struct iq_process_fact *p = &facts->process;
	struct iq_go_buildinfo info = { 0 };
	const struct iq_core_module *file = core->modules;
	struct iq_error *err;

	p->has_pid = core->has_pid;
	p->pid = core->pid;
	if (!core->num_modules)
		return NULL;
	if (!iq_go_buildinfo_locate(core, file, &info))
		return NULL;
	err = iq_go_process_fill(facts, &info,
				 file->verified ? file->elf : NULL);
	if (err)
		return err;
	if (!p->executable.len)
		p->executable = file->path;
	if (!p->build_id.len)
		p->build_id = file->build_id;
	if (!p->go_build_id.len)
		p->go_build_id = file->go_build_id;
	return iq_go_coverage_settings(facts, &info, coverage);
}

struct iq_error *iq_go_coverage_executable(const struct iq_elf *elf,
					   const struct iq_go_buildinfo *info,
					   struct iq_facts *facts)
{
	struct iq_arena *arena = &facts->arena;
	struct iq_coverage *c = iq_arena_calloc(arena, 1, sizeof(*c));
	struct iq_coverage_module *m = iq_arena_calloc(arena, 1, sizeof(*m));

	if (!c || !m)
		return &iq_enomem;
	m->file = m->path = iq_str_of(iq_elf_source(elf)->path);
	m->build_id = iq_elf_build_id(elf);
	m->go_build_id = iq_elf_go_build_id(elf);
	m->state = IQ_MODULE_VERIFIED;
	m->is_executable = true;
	m->is_go = info->version.len > 0;
	iq_elf_coverage(elf, m);
	// Linkers cannot leave it out; without section headers it has no name.
	m->has_pclntab |= m->is_go;
	c->modules = m;
	c->num_modules = 1;
	c->file.total = c->file.present = iq_elf_source(elf)->size;
	if (iq_elf_has_contents(elf) &&
	    iq_elf_promised_end(elf) > c->file.total)
		c->file.total = iq_elf_promised_end(elf);
	facts->coverage = c;
	return iq_go_coverage_settings(facts, info, c);
}
