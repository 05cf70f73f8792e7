/* SPDX-License-Identifier: Apache-2.0 */
/* Why goroutines leaked, what mends it, what they keep in memory. */
#include "reports/html.h"

#include "reports/cost_words.h"
#include "reports/words.h"

static void put_words(struct iq_html *html, const struct iq_out *words)
{
	iq_html_text(html->out, (struct iq_str){ words->buf, words->len });
	if (words->err)
		html->out->err = words->err;
}

void iq_html_cause(struct iq_html *html, const struct iq_finding *f)
{
	struct iq_str fix = iq_cost_fix(f);
	struct iq_out words;

	iq_out_init_memory(&words);
	iq_cost_why(&words, f);
	if (words.len || fix.len)
		iq_out_cstr(html->out, "<p class=\"fix\">");
	if (words.len) {
		iq_out_cstr(html->out, "<strong>Why:</strong> ");
		put_words(html, &words);
		iq_out_cstr(html->out, fix.len ? "<br>\n" : "");
	}
	if (fix.len) {
		iq_out_cstr(html->out, "<strong>What to do:</strong> ");
		iq_html_text(html->out, fix);
	}
	if (words.len || fix.len)
		iq_out_cstr(html->out, "</p>\n");
	iq_out_deinit(&words);
}

void iq_html_keeps(struct iq_html *html, const struct iq_finding *f)
{
	struct iq_out words;

	iq_out_init_memory(&words);
	iq_cost_keeps(&words, f);
	put_words(html, &words);
	iq_out_deinit(&words);
}

void iq_html_cost_total(struct iq_html *html)
{
	struct iq_out words;

	iq_out_init_memory(&words);
	iq_cost_total(&words, html->model);
	if (words.len) {
		iq_out_cstr(html->out, "<p class=\"total\">");
		put_words(html, &words);
		iq_out_cstr(html->out, "</p>\n");
	}
	iq_out_deinit(&words);
}

static void put_kind(struct iq_html *html, const struct iq_retained_kind *kind)
{
	struct iq_out *out = html->out;
	char buf[IQ_WORDS_SIZE];
	struct iq_out words;

	iq_out_init_memory(&words);
	iq_cost_kind(&words, kind);
	iq_out_cstr(out, "<tr><td class=\"n\">");
	iq_html_cstr(out, iq_words_bytes(buf, kind->bytes));
	iq_out_cstr(out, "</td><td class=\"n\">");
	iq_html_number(out, kind->objects);
	iq_out_cstr(out, "</td><td>");
	put_words(html, &words);
	iq_out_cstr(out, "</td></tr>\n");
	iq_out_deinit(&words);
}

void iq_html_kinds(struct iq_html *html, const struct iq_finding *f)
{
	const struct iq_retained *kept = &f->retained;

	if (!f->has_retained || !kept->num_kinds)
		return;
	iq_out_cstr(html->out,
		    "<details class=\"kept\"><summary>What is kept in memory"
		    "</summary>\n<table><thead><tr>"
		    "<th scope=\"col\" class=\"n\">Bytes</th>"
		    "<th scope=\"col\" class=\"n\">Objects</th>"
		    "<th scope=\"col\">By what leads to them</th>"
		    "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < kept->num_kinds; i++)
		put_kind(html, &kept->kinds[i]);
	iq_out_cstr(html->out, "</tbody></table></details>\n");
}
