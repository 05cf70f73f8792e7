/* SPDX-License-Identifier: Apache-2.0 */
/* Who was asked, what could not be read, what was not looked for. */
#include "reports/html.h"

#include <stdio.h>
#include <time.h>

#include "model/evidence.h"
#include "reports/command.h"
#include "reports/words.h"

void iq_html_witness_name(struct iq_html *html, size_t witness)
{
	const struct iq_witness_fact *w =
		&html->model->witnesses[witness]->witness;

	iq_out_cstr(html->out, "<span class=\"witness\">");
	iq_out_cstr(html->out, iq_witness_kind_name(w->kind));
	iq_out_cstr(html->out, " <span class=\"file\">");
	iq_html_text(html->out, iq_str_basename(w->path));
	if (w->num_sections > 1) {
		iq_out_cstr(html->out, " #");
		iq_out_u64(html->out, (uint64_t)w->section + 1);
	}
	iq_out_cstr(html->out, "</span></span>");
}

/* ---- commands */

/* Files that a command names. */
#define MAX_FILES 10

/* The inputs as they were given, where they can be typed again. */
static void put_files(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	const struct iq_str *last = NULL;

	for (size_t i = 0; i < m->num_witnesses; i++) {
		if (!iq_command_is_plain(m->witnesses[i]->witness.path) ||
		    !iq_command_has_plain_folders(html->options) ||
		    m->num_witnesses > MAX_FILES) {
			iq_out_cstr(html->out, " FILE...");
			return;
		}
	}
	for (size_t i = 0; i < m->num_witnesses; i++) {
		const struct iq_str *path = &m->witnesses[i]->witness.path;

		if (last && iq_str_equal(*last, *path))
			continue;
		iq_out_char(html->out, ' ');
		iq_html_text(html->out, *path);
		last = path;
	}
	iq_command_put_folders(html->options, html->out);
}

void iq_html_command(struct iq_html *html, const char *command)
{
	iq_out_cstr(html->out, "<code class=\"cmd\">");
	iq_html_cstr(html->out, command);
	put_files(html);
	iq_out_cstr(html->out, "</code>");
}

/* ---- witnesses */

/* "2026-11-21 08:00:01 UTC": no place has another time there. */
static void put_time(struct iq_out *out, const struct iq_process_fact *p)
{
	time_t seconds = (time_t)(p->time_ns / 1000000000);
	struct tm tm;
	char text[64];

	if (p->has_time && p->time_ns >= 0 && gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		iq_out_cstr(out, text);
	else
		iq_out_cstr(out, "unknown");
}

static const char *kinship_words(const struct iq_model *m, size_t index)
{
	if (m->foreign[index])
		return "<strong>no</strong>";
	switch (m->kinship ? m->kinship[index] : IQ_KINSHIP_PROCESS) {
	case IQ_KINSHIP_PROCESS:
		return "yes";
	case IQ_KINSHIP_BUILD:
		return "the same build";
	case IQ_KINSHIP_UNKNOWN:
	case IQ_KINSHIP_OTHER_RUN:
	case IQ_KINSHIP_OTHER_BUILD:
		break;
	}
	return "not known";
}

static void put_kinship(struct iq_html *html, size_t index)
{
	const struct iq_model *m = html->model;

	iq_out_cstr(html->out, kinship_words(m, index));
	if (m->kinship_text && m->kinship_text[index].len) {
		iq_out_cstr(html->out, ": ");
		iq_html_text(html->out, m->kinship_text[index]);
	}
}

static void put_complete(struct iq_html *html, const struct iq_facts *facts)
{
	if (facts->witness.complete) {
		iq_out_cstr(html->out, "yes");
		return;
	}
	iq_out_cstr(html->out, "<a href=\"#missing\">no: ");
	iq_html_count(html->out, facts->gaps.len, "gap");
	iq_out_cstr(html->out, "</a>");
}

static void put_witness(struct iq_html *html, size_t index)
{
	const struct iq_facts *facts = html->model->witnesses[index];
	const struct iq_witness_fact *w = &facts->witness;
	struct iq_out *out = html->out;

	iq_out_cstr(out, html->model->foreign[index] ?
				 "<tr class=\"foreign\"><th scope=\"row\">" :
				 "<tr><th scope=\"row\">");
	iq_html_witness_name(html, index);
	iq_out_cstr(out, "</th><td>");
	iq_html_text(out, w->format);
	iq_out_cstr(out, "</td><td>");
	iq_html_text(out, facts->process.go_version.len ?
				  facts->process.go_version :
				  IQ_STR("unknown"));
	iq_out_cstr(out, "</td><td>");
	put_time(out, &facts->process);
	iq_out_cstr(out, "</td><td class=\"n\">");
	if (w->kind != IQ_WITNESS_EXECUTABLE)
		iq_html_number(out, iq_facts_count(facts));
	iq_out_cstr(out, "</td><td>");
	put_complete(html, facts);
	iq_out_cstr(out, "</td><td>");
	put_kinship(html, index);
	iq_out_cstr(out, "</td></tr>\n");
}

static void put_witnesses(struct iq_html *html)
{
	iq_out_cstr(html->out,
		    "<section aria-labelledby=\"witnesses\">\n"
		    "<h2 id=\"witnesses\">Witnesses</h2>\n"
		    "<div class=\"wide\" tabindex=\"0\" role=\"region\" "
		    "aria-labelledby=\"witnesses\">\n"
		    "<table>\n<caption>The files that were read</caption>\n"
		    "<thead><tr><th scope=\"col\">Witness</th>"
		    "<th scope=\"col\">Format</th>"
		    "<th scope=\"col\">Go</th><th scope=\"col\">Time</th>"
		    "<th scope=\"col\" class=\"n\">Goroutines</th>"
		    "<th scope=\"col\">Complete</th>"
		    "<th scope=\"col\">Same process</th></tr></thead>\n"
		    "<tbody>\n");
	for (size_t i = 0; i < html->model->num_witnesses; i++)
		put_witness(html, i);
	iq_out_cstr(html->out, "</tbody></table></div>\n</section>\n");
}

/* ---- what is missing */

static void put_gap(struct iq_html *html, const struct iq_gap *gap)
{
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<li><span class=\"tag\">");
	iq_out_cstr(out, iq_gap_code_name(gap->code));
	iq_out_cstr(out, "</span> ");
	iq_html_text(out, gap->text);
	if (gap->has_offset) {
		iq_out_cstr(out, " <span class=\"at\">at byte ");
		iq_out_hex(out, gap->offset);
		iq_out_cstr(out, "</span>");
	}
	if (gap->has_addr) {
		iq_out_cstr(out, " <span class=\"at\">at address ");
		iq_out_hex(out, gap->addr);
		iq_out_cstr(out, "</span>");
	}
	if (gap->count > 1) {
		iq_out_cstr(out, " (");
		iq_html_number(out, gap->count);
		iq_out_cstr(out, " times)");
	}
	iq_out_cstr(out, "</li>\n");
}

/* Worst first; equal ones keep their order. */
static void put_gaps(struct iq_html *html, const struct iq_gap *gaps,
		     size_t num)
{
	size_t left = html->options->all ? SIZE_MAX : IQ_HTML_MAX_GAPS;

	iq_out_cstr(html->out, "<ul class=\"gaps\">\n");
	for (unsigned rank = 0; rank < IQ_NUM_GAP_RANKS; rank++) {
		for (size_t i = 0; i < num && left; i++) {
			if (iq_gap_rank(&gaps[i]) != rank)
				continue;
			put_gap(html, &gaps[i]);
			left--;
		}
	}
	if (!html->options->all && num > IQ_HTML_MAX_GAPS) {
		iq_out_cstr(html->out, "<li>and ");
		iq_html_number(html->out, num - IQ_HTML_MAX_GAPS);
		iq_out_cstr(html->out, " more, for which this page has no "
				       "room</li>\n");
	}
	iq_out_cstr(html->out, "</ul>\n");
}

static size_t put_all_gaps(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	size_t num = m->num_gaps;

	if (m->num_gaps) {
		iq_out_cstr(html->out, "<h3>Of the case</h3>\n");
		put_gaps(html, m->gaps, m->num_gaps);
	}
	for (size_t i = 0; i < m->num_witnesses; i++) {
		const struct iq_facts *facts = m->witnesses[i];

		if (!facts->gaps.len)
			continue;
		iq_out_cstr(html->out, "<h3>Of ");
		iq_html_witness_name(html, i);
		iq_out_cstr(html->out, "</h3>\n");
		put_gaps(html, facts->gaps.data, facts->gaps.len);
		num += facts->gaps.len;
	}
	return num;
}

static bool is_first_of_reason(const struct iq_model *m, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (iq_str_equal(m->not_run[i].text, m->not_run[index].text))
			return false;
	}
	return true;
}

/* Rules are few, and their reasons fewer. */
static void put_not_run(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	struct iq_out *out = html->out;

	if (!m->num_not_run)
		return;
	iq_out_cstr(out, "<h3>Not looked for</h3>\n<dl class=\"notrun\">\n");
	for (size_t i = 0; i < m->num_not_run; i++) {
		if (!is_first_of_reason(m, i))
			continue;
		iq_out_cstr(out, "<dt>");
		iq_html_text(out, m->not_run[i].text);
		iq_out_cstr(out, ":</dt>\n<dd>");
		for (size_t k = i; k < m->num_not_run; k++) {
			if (!iq_str_equal(m->not_run[k].text,
					  m->not_run[i].text))
				continue;
			iq_out_cstr(out, k > i ? ", <code>" : "<code>");
			iq_html_cstr(out, m->not_run[k].rule);
			iq_out_cstr(out, "</code>");
		}
		iq_out_cstr(out, "</dd>\n");
	}
	iq_out_cstr(out, "</dl>\n");
}

static void put_missing(struct iq_html *html)
{
	iq_out_cstr(html->out, "<section aria-labelledby=\"missing\">\n"
			       "<h2 id=\"missing\">What is missing</h2>\n");
	if (!put_all_gaps(html))
		iq_out_cstr(html->out, "<p>Nothing: all that the witnesses "
				       "hold was read.</p>\n");
	put_not_run(html);
	iq_out_cstr(html->out, "</section>\n");
}

void iq_html_witnesses(struct iq_html *html)
{
	put_witnesses(html);
	put_missing(html);
}
