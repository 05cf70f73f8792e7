/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/process.h"

/* The next part of @flags between blanks, quotes and '='. */
static bool word_next(struct iq_str *flags, struct iq_str *ret)
{
	const struct iq_str between = IQ_STR(" \t='\"\\");
	size_t begin = 0, end;

	while (begin < flags->len &&
	       iq_str_find(between, flags->ptr[begin]) < between.len)
		begin++;
	for (end = begin; end < flags->len; end++) {
		if (iq_str_find(between, flags->ptr[end]) < between.len)
			break;
	}
	*ret = iq_str_sub(*flags, begin, end - begin);
	*flags = iq_str_sub(*flags, end, flags->len);
	return ret->len > 0;
}

static bool has_flag(struct iq_str flags, struct iq_str flag)
{
	struct iq_str word;

	while (word_next(&flags, &word)) {
		if (iq_str_equal(word, flag))
			return true;
	}
	return false;
}

/* Go: src/cmd/go/internal/load/pkg.go, setBuildInfo(): -gcflags are always
 * among the settings if there were any, -ldflags not with -trimpath. */
static void flags_fill(struct iq_process_fact *p, struct iq_str modinfo)
{
	struct iq_str value;

	if (iq_go_buildinfo_setting(modinfo, "-compiler", &value))
		p->optimised = IQ_YES;
	if (iq_go_buildinfo_setting(modinfo, "-gcflags", &value) &&
	    has_flag(value, IQ_STR("-N")))
		p->optimised = IQ_NO;
	if (iq_go_buildinfo_setting(modinfo, "-ldflags", &value) &&
	    has_flag(value, IQ_STR("-s")))
		p->stripped = IQ_YES;
	if (iq_go_buildinfo_setting(modinfo, "CGO_ENABLED", &value) &&
	    iq_str_equal(value, IQ_STR("0")))
		p->cgo = IQ_NO;
}

struct iq_error *iq_go_process_fill(struct iq_facts *facts,
				    const struct iq_go_buildinfo *info,
				    const struct iq_elf *elf)
{
	struct iq_process_fact *p = &facts->process;
	struct iq_error *err = NULL;
	struct iq_str value;

	if (info->version.len)
		err = iq_facts_string(facts, info->version, &p->go_version);
	if (!err && iq_go_buildinfo_module(info->modinfo, &value))
		err = iq_facts_string(facts, value, &p->module);
	if (!err &&
	    iq_go_buildinfo_setting(info->modinfo, "vcs.revision", &value))
		err = iq_facts_string(facts, value, &p->vcs_revision);
	if (!err && iq_go_buildinfo_setting(info->modinfo, "GOARCH", &value))
		err = iq_facts_string(facts, value, &p->arch);
	if (err)
		return err;
	flags_fill(p, info->modinfo);
	if (!elf)
		return NULL;
	p->stripped = iq_elf_has_symbols(elf) ? IQ_NO : IQ_YES;
	if (iq_elf_build_id(elf).len)
		err = iq_facts_string(facts, iq_elf_build_id(elf),
				      &p->build_id);
	if (!err && iq_elf_go_build_id(elf).len)
		err = iq_facts_string(facts, iq_elf_go_build_id(elf),
				      &p->go_build_id);
	return err;
}
