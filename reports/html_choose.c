/* SPDX-License-Identifier: Apache-2.0 */
/* What of the case the page shows, and how each part is linked to. */
#include "reports/html.h"

#include <stdlib.h>

#include "base/cleanup.h"

/* ---- findings */

static uint64_t max_findings(const struct iq_html *html)
{
	if (html->options->limit)
		return html->options->limit;
	return html->options->all ? UINT64_MAX : IQ_HTML_MAX_FINDINGS;
}

static void take_findings(struct iq_html *html, bool notes)
{
	const struct iq_model *m = html->model;
	uint64_t max = max_findings(html);

	for (size_t i = 0; i < m->num_findings; i++) {
		const struct iq_finding *f = &m->findings[i];

		if ((f->severity == IQ_SEVERITY_NOTE) != notes)
			continue;
		if (html->num_findings >= max) {
			html->num_left_out++;
			html->left_out_count += f->count;
			continue;
		}
		html->findings[html->num_findings++] = f;
		html->num_notes += notes;
	}
}

static void tell_goroutines(struct iq_html *html)
{
	size_t num = html->model->num_goroutines;

	for (size_t i = 0; i < num; i++)
		html->finding_of[i] = IQ_HTML_NO_FINDING;
	for (size_t i = html->num_findings; i-- > 0;) {
		const struct iq_finding *f = html->findings[i];

		for (size_t k = 0; k < f->num_goroutines; k++)
			html->finding_of[f->goroutines[k]] = (uint32_t)i;
	}
}

/* ---- anchors */

struct key {
	uint64_t key;
	uint32_t index;
};

static int compare_keys(const void *pa, const void *pb)
{
	const struct key *a = pa;
	const struct key *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Of each key, how many equal ones stand before it; sorts @keys. */
static struct iq_error *count_equal(struct iq_html *html, struct key *keys,
				    size_t num, const uint32_t **ret)
{
	uint32_t *ordinals =
		iq_arena_calloc(&html->arena, num + 1, sizeof(*ordinals));

	if (!ordinals)
		return &iq_enomem;
	qsort(keys, num, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < num; i++) {
		if (keys[i].key == keys[i - 1].key)
			ordinals[keys[i].index] =
				ordinals[keys[i - 1].index] + 1;
	}
	*ret = ordinals;
	return NULL;
}

/* The first half of a fingerprint: no two that differ are equal in it. */
static uint64_t fingerprint_key(const struct iq_finding *f)
{
	char half[17] = "";

	memcpy(half, f->fingerprint, sizeof(half) - 1);
	return strtoull(half, NULL, 16);
}

static struct iq_error *name_findings(struct iq_html *html)
{
	iq_cleanup(iq_freep) struct key *keys =
		calloc(html->num_findings + 1, sizeof(*keys));

	if (!keys)
		return &iq_enomem;
	for (uint32_t i = 0; i < html->num_findings; i++)
		keys[i] = (struct key){ fingerprint_key(html->findings[i]), i };
	return count_equal(html, keys, html->num_findings,
			   &html->finding_ordinals);
}

static uint64_t signature_key(const struct iq_group *group)
{
	return group->signature ? group->signature->strong : 0;
}

static struct iq_error *name_groups(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	iq_cleanup(iq_freep) struct key *keys =
		calloc(m->num_groups + 1, sizeof(*keys));

	if (!keys)
		return &iq_enomem;
	for (uint32_t i = 0; i < m->num_groups; i++)
		keys[i] = (struct key){ signature_key(&m->groups[i]), i };
	return count_equal(html, keys, m->num_groups, &html->group_ordinals);
}

static void put_ordinal(struct iq_out *out, uint32_t ordinal)
{
	if (!ordinal)
		return;
	iq_out_char(out, ':');
	iq_out_u64(out, (uint64_t)ordinal + 1);
}

void iq_html_finding_anchor(struct iq_html *html, size_t index)
{
	iq_out_cstr(html->out, "f/");
	iq_html_cstr(html->out, html->findings[index]->fingerprint);
	put_ordinal(html->out, html->finding_ordinals[index]);
}

void iq_html_group_anchor(struct iq_html *html, size_t index)
{
	uint64_t key = signature_key(&html->model->groups[index]);

	iq_out_cstr(html->out, "s/");
	for (int shift = 60; shift >= 0; shift -= 4)
		iq_out_char(html->out, "0123456789abcdef"[key >> shift & 15]);
	put_ordinal(html->out, html->group_ordinals[index]);
}

/* ---- both */

struct iq_error *iq_html_choose(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	struct iq_error *err;

	html->findings = iq_arena_calloc(&html->arena, m->num_findings + 1,
					 sizeof(*html->findings));
	html->finding_of = iq_arena_calloc(&html->arena, m->num_goroutines + 1,
					   sizeof(*html->finding_of));
	if (!html->findings || !html->finding_of)
		return &iq_enomem;
	take_findings(html, false);
	take_findings(html, true);
	tell_goroutines(html);
	err = name_findings(html);
	return err ? err : name_groups(html);
}
