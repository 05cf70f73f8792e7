/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of goroutines that stand equal. A row tells the script what it may
 * filter and sort by in data- attributes: it parses no text.
 */
#include "reports/html.h"

#include <inttypes.h>

#include "reports/goroutine_line.h"
#include "reports/words.h"

/* Findings that a row names. */
#define MAX_LINKS 3

/* What the runtime does for itself is one state: nobody looks for it. */
static struct iq_str state_of(const struct iq_html *html,
			      const struct iq_group *group)
{
	const struct iq_goroutine *first =
		&html->model->goroutines[group->members[0]];

	return iq_line_state(first->fact, group->class);
}

/* Its own frame; of the runtime's own what they were started for: all of these
 * are parked by the same function. */
static const struct iq_frame *site_of(const struct iq_html *html,
				      const struct iq_group *group)
{
	const struct iq_goroutine *first =
		&html->model->goroutines[group->members[0]];

	if (group->system && first->fact->entry)
		return first->fact->entry;
	return iq_line_site(html->model, first);
}

static bool is_exact(const struct iq_group *group)
{
	return group->has_wait_min && group->has_wait_max &&
	       group->wait_min_ns == group->wait_max_ns;
}

static void put_row_head(struct iq_html *html, size_t index)
{
	const struct iq_group *group = &html->model->groups[index];
	struct iq_out *out = html->out;
	char since[IQ_WORDS_SIZE];

	iq_out_cstr(out,
		    group->system ? "<tr class=\"system\" id=\"" : "<tr id=\"");
	iq_html_group_anchor(html, index);
	iq_out_cstr(out, "\" data-count=\"");
	iq_out_u64(out, group->count);
	iq_out_cstr(out, "\" data-state=\"");
	if (group->system)
		iq_out_cstr(out, "the runtime's own");
	else
		iq_html_text(out, state_of(html, group));
	if (group->has_wait_min && group->wait_min_ns >= 0) {
		iq_out_cstr(out, "\" data-since=\"");
		iq_out_u64(out, (uint64_t)group->wait_min_ns);
	}
	iq_out_cstr(out, "\">\n<td class=\"n\">");
	iq_html_number(out, group->count);
	iq_out_cstr(out, "</td><td>");
	iq_html_text(out, state_of(html, group));
	iq_out_cstr(out, "</td><td class=\"n opt\">");
	iq_html_cstr(out, iq_words_since(since, group->has_wait_min,
					 group->wait_min_ns, is_exact(group)));
	iq_out_cstr(out, "</td>");
}

static void put_where(struct iq_html *html, const struct iq_group *group)
{
	const struct iq_frame *site = site_of(html, group);
	char since[IQ_WORDS_SIZE];

	iq_out_cstr(html->out, "<th scope=\"row\"><details><summary "
			       "class=\"item\">");
	iq_html_frame(html->out, site);
	iq_out_cstr(html->out, "</summary>\n");
	iq_html_stack(html, group->stack, site, group->created_by);
	iq_out_cstr(html->out, "<p class=\"ids\">");
	iq_out_cstr(html->out,
		    group->num_members == 1 ? "goroutine " : "goroutines ");
	iq_html_ids(html, group->members, group->num_members);
	if (group->has_wait_min) {
		iq_out_cstr(html->out, is_exact(group) ?
					       ", waiting for " :
					       ", waiting for at least ");
		iq_out_cstr(html->out,
			    iq_words_duration(since, group->wait_min_ns));
	}
	iq_out_cstr(html->out, "</p></details></th>");
}

/* The findings that its goroutines belong to. */
static void put_links(struct iq_html *html, const struct iq_group *group)
{
	uint32_t last = IQ_HTML_NO_FINDING;
	unsigned num = 0;

	for (size_t i = 0; i < group->num_members && num < MAX_LINKS; i++) {
		uint32_t at = html->finding_of[group->members[i]];

		if (at == IQ_HTML_NO_FINDING || at == last)
			continue;
		iq_out_cstr(html->out, num++ ? " <a href=\"#" : "<a href=\"#");
		iq_html_finding_anchor(html, at);
		iq_out_cstr(html->out, "\">finding&nbsp;");
		iq_out_u64(html->out, html->findings[at]->id);
		iq_out_cstr(html->out, "</a>");
		last = at;
	}
}

static void put_row(struct iq_html *html, size_t index)
{
	const struct iq_group *group = &html->model->groups[index];

	put_row_head(html, index);
	put_where(html, group);
	iq_out_cstr(html->out, "<td class=\"opt\">");
	if (group->created_by)
		iq_html_frame(html->out, group->created_by);
	iq_out_cstr(html->out, "</td><td>");
	put_links(html, group);
	iq_out_cstr(html->out, "</td></tr>\n");
}

static void put_head(struct iq_html *html, size_t shown)
{
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<table class=\"groups\" id=\"stacks\">\n<caption>");
	iq_html_count(out, html->model->num_total, "goroutine");
	iq_out_cstr(out, " in ");
	iq_html_count(out, html->model->num_groups, "stack");
	if (shown < html->model->num_groups) {
		iq_out_cstr(out, ", of which ");
		iq_html_number(out, shown);
		iq_out_cstr(out, " are shown");
	}
	iq_out_cstr(
		out,
		"</caption>\n<thead><tr>"
		"<th scope=\"col\" class=\"n\" data-sort=\"count\">Count"
		"</th><th scope=\"col\" data-sort=\"state\">State</th>"
		"<th scope=\"col\" class=\"n opt\" data-sort=\"since\">"
		"Since</th><th scope=\"col\" data-sort=\"where\">Where"
		"</th><th scope=\"col\" class=\"opt\" data-sort=\"creator\">"
		"Created by</th><th scope=\"col\">Finding</th></tr>"
		"</thead>\n<tbody>\n");
}

static uint64_t max_groups(const struct iq_html *html)
{
	if (html->options->limit)
		return html->options->limit;
	return html->options->all ? UINT64_MAX : IQ_HTML_MAX_GROUPS;
}

static void put_left_out(struct iq_html *html, size_t num, uint64_t count)
{
	if (!num)
		return;
	iq_out_cstr(html->out, "<p class=\"more\">And ");
	iq_html_count(html->out, num, "more stack");
	iq_out_cstr(html->out, " of ");
	iq_html_count(html->out, count, "goroutine");
	iq_out_cstr(html->out, ", for which this page has no room: ");
	iq_html_command(html, "inquest goroutines -g stack");
	iq_out_cstr(html->out, "</p>\n");
}

/* The program's own first, then the runtime's; the largest of each first. */
static void put_rows(struct iq_html *html, bool system, uint64_t *room,
		     size_t *left, uint64_t *left_count)
{
	const struct iq_model *m = html->model;

	for (size_t i = 0; i < m->num_groups; i++) {
		if (m->groups[i].system != system)
			continue;
		if (*room) {
			put_row(html, i);
			--*room;
		} else {
			++*left;
			*left_count += m->groups[i].count;
		}
	}
}

void iq_html_groups(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	uint64_t room = max_groups(html), left_count = 0;
	size_t left = 0;

	iq_out_cstr(html->out, "<section aria-labelledby=\"groups\">\n"
			       "<h2 id=\"groups\">Stacks</h2>\n");
	if (!m->num_groups) {
		iq_out_cstr(html->out, "<p>No witness has goroutines.</p>\n");
	} else {
		put_head(html,
			 m->num_groups < room ? m->num_groups : (size_t)room);
		put_rows(html, false, &room, &left, &left_count);
		put_rows(html, true, &room, &left, &left_count);
		iq_out_cstr(html->out, "</tbody></table>\n");
		put_left_out(html, left, left_count);
	}
	iq_out_cstr(html->out, "</section>\n");
}
