/* SPDX-License-Identifier: Apache-2.0 */
/* The scene of a crash: in the article of the finding about it. */
#include "reports/html.h"
#include "reports/scene_lines.h"

/* "said last" as a heading of its row. */
static void put_label(struct iq_out *out, const char *label)
{
	char first = label[0];

	if (first >= 'a' && first <= 'z')
		first = (char)(first - 'a' + 'A');
	iq_out_char(out, first);
	iq_html_cstr(out, label + 1);
}

static void put_lines(struct iq_out *out, const struct iq_scene_line *lines,
		      size_t num)
{
	for (size_t i = 0; i < num; i++) {
		bool more = i && !lines[i].label[0];

		if (more) {
			iq_out_cstr(out, "<br>");
		} else {
			iq_out_cstr(out, i ? "</dd></div>\n" : "");
			iq_out_cstr(out, "<div><dt>");
			put_label(out, lines[i].label);
			iq_out_cstr(out, "</dt> <dd>");
		}
		iq_html_text(out, lines[i].text);
		if (lines[i].whole.len) {
			iq_out_cstr(out, "<details><summary>All of it"
					 "</summary>");
			iq_html_text(out, lines[i].whole);
			iq_out_cstr(out, "</details>");
		}
	}
	iq_out_cstr(out, num ? "</dd></div>\n" : "");
}

static void put_registers(struct iq_out *out, const struct iq_scene *scene)
{
	if (!scene || !scene->num_registers)
		return;
	iq_out_cstr(out, "<details><summary>Registers");
	if (!scene->registers_at_signal)
		iq_out_cstr(out, " of the thread as it ended");
	iq_out_cstr(out, "</summary>\n"
			 "<table class=\"evidence\">\n"
			 "<thead><tr><th scope=\"col\">Register</th>"
			 "<th scope=\"col\">Value</th>"
			 "<th scope=\"col\">points to</th></tr></thead>\n"
			 "<tbody>\n");
	for (size_t i = 0; i < scene->num_registers; i++) {
		const struct iq_scene_register *r = &scene->registers[i];

		if (!iq_scene_register_is_shown(r))
			continue;
		iq_out_cstr(out, "<tr><th scope=\"row\">");
		iq_html_text(out, r->name);
		iq_out_cstr(out, "</th><td><code>");
		iq_out_hex(out, r->value);
		iq_out_cstr(out, "</code></td><td>");
		iq_html_text(out, r->points_to);
		iq_out_cstr(out, "</td></tr>\n");
	}
	iq_out_cstr(out, "</tbody></table></details>\n");
}

struct iq_error *iq_html_scene(struct iq_html *html)
{
	struct iq_scene_lines lines;
	struct iq_crash crash;
	struct iq_error *err;

	if (!iq_crash_find(html->model, &crash))
		return NULL;
	err = iq_scene_lines_make(html->model, html->options, &crash,
				  &html->arena, &lines);
	if (!err) {
		iq_out_cstr(html->out, "<h4>The crash</h4>\n"
				       "<dl class=\"facts\">\n");
		put_lines(html->out, lines.head.data, lines.head.len);
		put_lines(html->out, lines.rest.data, lines.rest.len);
		iq_out_cstr(html->out, "</dl>\n");
		put_registers(html->out, crash.scene);
	}
	iq_scene_lines_deinit(&lines);
	return err;
}
