/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/go_versions.h"

#include "base/attr.h"

#include "formats/go/go_versions_data.inc"

/* Digits of a version number; more would be no version of Go. */
#define MAX_DIGITS 4

/* Takes a decimal number off the front of *@s. */
static bool take_number(struct iq_str *s, unsigned *ret)
{
	unsigned n = 0;
	size_t len = 0;

	while (len < s->len && len < MAX_DIGITS && s->ptr[len] >= '0' &&
	       s->ptr[len] <= '9') {
		n = n * 10 + (unsigned)(s->ptr[len] - '0');
		len++;
	}
	if (len == 0)
		return false;
	*s = iq_str_sub(*s, len, s->len - len);
	*ret = n;
	return true;
}

static bool take_prefix(struct iq_str *s, struct iq_str prefix)
{
	if (!iq_str_starts(*s, prefix))
		return false;
	*s = iq_str_sub(*s, prefix.len, s->len - prefix.len);
	return true;
}

/*
 * Takes "go1.22.12" off the front of *@s. "devel" stands before it in what
 * was built from a checkout. Go: src/cmd/dist/build.go, findgoversion.
 */
static bool take_version(struct iq_str *s, unsigned *minor_ret,
			 unsigned *patch_ret)
{
	unsigned minor, patch = 0;

	take_prefix(s, IQ_STR("devel "));
	if (!take_prefix(s, IQ_STR("go1.")) || !take_number(s, &minor))
		return false;

	struct iq_str rest = *s;
	if (take_prefix(&rest, IQ_STR(".")) && take_number(&rest, &patch))
		*s = rest;
	*minor_ret = minor;
	*patch_ret = patch;
	return true;
}

bool iq_go_version_parse(struct iq_str version, unsigned *minor_ret,
			 unsigned *patch_ret)
{
	return take_version(&version, minor_ret, patch_ret);
}

static bool row_is_newer(const struct iq_go_version *row, unsigned minor,
			 unsigned patch)
{
	return row->minor > minor ||
	       (row->minor == minor && row->patch > patch);
}

/* The last row of @arch that is not newer; NULL if there is none. */
static const struct iq_go_version *row_for(const char *arch, unsigned minor,
					   unsigned patch)
{
	const struct iq_go_version *best = NULL;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(versions); i++) {
		const struct iq_go_version *row = &versions[i];

		if (strcmp(row->arch, arch) == 0 &&
		    !row_is_newer(row, minor, patch))
			best = row;
	}
	return best;
}

const struct iq_go_version *
iq_go_version_find(struct iq_str version, const char *arch, bool *exact_ret)
{
	unsigned minor, patch;
	const struct iq_go_version *row;
	bool parsed = take_version(&version, &minor, &patch);

	if (parsed)
		row = row_for(arch, minor, patch);
	else
		row = row_for(arch, UINT8_MAX, UINT8_MAX);
	// Anything after the number means another runtime than the release's:
	// a release candidate, experiments, a vendor's patches.
	*exact_ret = row && parsed && version.len == 0 && row->minor == minor &&
		     patch <= row->last_patch;
	return row;
}

const struct iq_go_version *iq_go_versions(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(versions);
	return versions;
}

bool iq_go_wait_reason(const struct iq_go_version *version, uint64_t number,
		       struct iq_str *ret)
{
	if (number >= version->num_wait_reasons ||
	    !version->wait_reasons[number])
		return false;
	*ret = iq_str_of(version->wait_reasons[number]);
	return true;
}
