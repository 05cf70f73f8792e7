/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "report" as one HTML file that asks for nothing: no network, no script, no
 * style is needed to read it. The script, where it may run, only adds to it.
 */
#include "reports/html.h"

#include "reports/html_assets.h"
#include "reports/words.h"

static void put_chunks(struct iq_out *out, const char *const *chunks)
{
	for (; *chunks; chunks++)
		iq_out_cstr(out, *chunks);
}

/*
 * Nothing may be asked for or sent, and of scripts and styles only our own may
 * run: an injected one would not. Content Security Policy Level 3.
 */
static void put_policy(struct iq_out *out)
{
	iq_out_cstr(out,
		    "<meta http-equiv=\"Content-Security-Policy\" content=\""
		    "default-src 'none'; script-src 'sha256-");
	iq_out_cstr(out, iq_html_script_hash);
	iq_out_cstr(out, "'; style-src 'sha256-");
	iq_out_cstr(out, iq_html_style_hash);
	iq_out_cstr(out, "'; img-src data:; base-uri 'none'; "
			 "form-action 'none'\">\n");
}

static void put_title(struct iq_html *html)
{
	const struct iq_process_fact *p = &html->model->process;
	struct iq_str name = p->executable.len ? p->executable : p->module;
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<title>");
	iq_out_cstr(out, iq_verdict_word_name(html->model->verdict.word));
	if (name.len) {
		iq_out_cstr(out, ": ");
		iq_html_text(out, iq_str_basename(name));
	}
	iq_out_cstr(out, " - inquest</title>\n");
}

static void put_prologue(struct iq_html *html)
{
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			 "<meta charset=\"utf-8\">\n");
	put_policy(out);
	iq_out_cstr(out, "<meta name=\"viewport\" "
			 "content=\"width=device-width, initial-scale=1\">\n"
			 "<meta name=\"color-scheme\" content=\"light dark\">\n"
			 "<meta name=\"referrer\" content=\"no-referrer\">\n"
			 // Else a server is asked for one.
			 "<link rel=\"icon\" href=\"data:,\">\n");
	put_title(html);
	iq_out_cstr(out, "<style>");
	put_chunks(out, iq_html_style);
	iq_out_cstr(out, "</style>\n</head>\n<body>\n");
}

static void put_epilogue(struct iq_html *html)
{
	struct iq_out *out = html->out;

	iq_out_cstr(out, "<footer>\n<p>inquest " PACKAGE_VERSION
			 ". Names of functions, files and labels are those of "
			 "the process; no contents of its memory and no values "
			 "of arguments are on this page.</p>\n"
			 "</footer>\n<script>");
	put_chunks(out, iq_html_script);
	iq_out_cstr(out, "</script>\n</body>\n</html>\n");
}

static struct iq_error *put_page(struct iq_html *html)
{
	struct iq_error *err;

	put_prologue(html);
	iq_html_head(html);
	iq_out_cstr(html->out, "<main id=\"main\">\n");
	err = iq_html_findings(html);
	if (err)
		return err;
	iq_html_groups(html);
	iq_html_witnesses(html);
	iq_out_cstr(html->out, "</main>\n");
	put_epilogue(html);
	return NULL;
}

static struct iq_error *html_render(const struct iq_model *model,
				    const struct iq_report_options *options,
				    struct iq_out *out)
{
	struct iq_html html = {
		.model = model,
		.options = options,
		.out = out,
	};
	struct iq_error *err;

	iq_arena_init(&html.arena);
	err = iq_html_choose(&html);
	if (!err)
		err = put_page(&html);
	iq_arena_deinit(&html.arena);
	return err;
}

const struct iq_report iq_report_html = {
	.command = "report",
	.format = "html",
	.summary = "one page that needs no network",
	.stage = IQ_STAGE_COSTED,
	.render = html_render,
};
