/* SPDX-License-Identifier: Apache-2.0 */
/* The page's head: the verdict, which process it is about, what to know before
 * reading on. */
#include "reports/html.h"

#include <inttypes.h>

#include "model/evidence.h"
#include "model/verdict.h"
#include "reports/cost_words.h"
#include "reports/finding_words.h"
#include "reports/words.h"

/* ---- verdict */

static const char *class_of(enum iq_verdict_word word)
{
	switch (word) {
	case IQ_VERDICT_CRASH:
	case IQ_VERDICT_DEADLOCK:
	case IQ_VERDICT_LEAK:
		return "bad";
	case IQ_VERDICT_STUCK:
	case IQ_VERDICT_SUSPECT:
		return "warn";
	case IQ_VERDICT_CLEAN:
		return "good";
	case IQ_VERDICT_NONE:
		break;
	}
	return "none";
}

static void put_word(struct iq_out *out, enum iq_verdict_word word)
{
	iq_out_cstr(out, "<strong class=\"word ");
	iq_out_cstr(out, class_of(word));
	iq_out_cstr(out, "\">");
	iq_out_cstr(out, iq_verdict_word_name(word));
	iq_out_cstr(out, "</strong> ");
}

static void put_link(struct iq_html *html, size_t finding)
{
	iq_out_cstr(html->out, "<a href=\"#");
	iq_html_finding_anchor(html, finding);
	iq_out_cstr(html->out, "\">");
}

/* The other words, each with the first finding that earned it. */
static void put_also(struct iq_html *html)
{
	const struct iq_verdict *v = &html->model->verdict;

	for (size_t i = 0; i < v->num_also; i++) {
		for (size_t k = 0; k < html->num_findings; k++) {
			const struct iq_finding *f = html->findings[k];

			if (iq_finding_word(f) != v->also[i])
				continue;
			iq_out_cstr(html->out, "<p class=\"also\">also ");
			put_word(html->out, v->also[i]);
			put_link(html, k);
			iq_html_text(html->out, f->title);
			iq_out_cstr(html->out, "</a></p>\n");
			break;
		}
	}
}

static void put_verdict(struct iq_html *html)
{
	const struct iq_verdict *v = &html->model->verdict;
	// One finding says that itself, right below.
	bool several = html->num_findings - html->num_notes > 1;

	iq_out_cstr(html->out, "<h1>");
	put_word(html->out, v->word);
	iq_html_text(html->out, v->text);
	iq_out_cstr(html->out, "</h1>\n");
	if (several && iq_cost_fix(html->findings[0]).len) {
		iq_out_cstr(html->out,
			    "<p class=\"first\"><strong>First:</strong> ");
		iq_html_text(html->out, iq_cost_fix(html->findings[0]));
		iq_out_cstr(html->out, ". ");
		put_link(html, 0);
		iq_out_cstr(html->out, "Why</a></p>\n");
	}
	put_also(html);
}

/* ---- identity */

static void fact_begin(struct iq_html *html, const char *name)
{
	iq_out_cstr(html->out, "<div><dt>");
	iq_out_cstr(html->out, name);
	iq_out_cstr(html->out, "</dt> <dd>");
}

static void fact_end(struct iq_html *html)
{
	iq_out_cstr(html->out, "</dd></div>\n");
}

static void put_fact(struct iq_html *html, const char *name,
		     struct iq_str value)
{
	if (!value.len)
		return;
	fact_begin(html, name);
	iq_html_text(html->out, value);
	fact_end(html);
}

static void put_go(struct iq_html *html)
{
	const struct iq_process_fact *p = &html->model->process;

	if (!p->go_version.len && !p->arch.len)
		return;
	fact_begin(html, "Go");
	iq_html_text(html->out, p->go_version);
	iq_out_cstr(html->out, p->go_version.len && p->arch.len ? " " : "");
	iq_html_text(html->out, p->arch);
	fact_end(html);
}

static void put_end(struct iq_html *html)
{
	const struct iq_process_fact *p = &html->model->process;
	struct iq_out *out = html->out;

	if (p->end == IQ_END_UNKNOWN)
		return;
	fact_begin(html, "Ended");
	if (p->end == IQ_END_NONE) {
		iq_out_cstr(out, "not: it was alive when it was looked at");
	} else if (p->end == IQ_END_OPERATOR) {
		iq_html_text(out, p->signal);
		iq_out_cstr(out,
			    p->signal.len ? " from outside" : "from outside");
	} else {
		iq_html_text(out, p->end_text.len ? p->end_text : p->signal);
		if (p->has_fault_addr) {
			iq_out_char(out, ' ');
			iq_out_cstr(out, iq_words_fault(p->signal));
			iq_out_char(out, ' ');
			iq_out_hex(out, p->fault_addr);
		}
		if (p->has_end_goroutine) {
			iq_out_cstr(out, ", goroutine ");
			iq_out_u64(out, p->end_goroutine);
		}
	}
	fact_end(html);
}

/* "core + 2 dumps + executable", of this process. */
static void put_read(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	const char *plus = "";

	fact_begin(html, "Read");
	for (unsigned kind = 0; kind <= IQ_WITNESS_EXECUTABLE; kind++) {
		const char *name =
			iq_witness_kind_name((enum iq_witness_kind)kind);
		size_t num = 0;

		for (size_t i = 0; i < m->num_witnesses; i++)
			num += m->witnesses[i]->witness.kind == kind &&
			       !m->foreign[i];
		if (!num)
			continue;
		iq_out_cstr(html->out, plus);
		if (num == 1)
			iq_out_cstr(html->out, name);
		else
			iq_html_count(html->out, num, name);
		plus = " + ";
	}
	fact_end(html);
}

static void put_goroutines(struct iq_html *html)
{
	const struct iq_model *m = html->model;

	if (!m->num_total)
		return;
	fact_begin(html, "Goroutines");
	iq_html_number(html->out, m->num_total);
	if (m->num_system) {
		iq_out_cstr(html->out, ", of them the runtime's own ");
		iq_html_number(html->out, m->num_system);
	}
	fact_end(html);
}

static void put_identity(struct iq_html *html)
{
	const struct iq_process_fact *p = &html->model->process;

	iq_out_cstr(html->out, "<dl class=\"facts\">\n");
	put_fact(html, "Program",
		 p->executable.len ? iq_str_basename(p->executable) :
				     p->module);
	put_go(html);
	if (p->has_pid) {
		fact_begin(html, "Process");
		iq_out_printf(html->out, "%" PRId64, p->pid);
		fact_end(html);
	}
	put_fact(html, "Build", p->build_id);
	put_fact(html, "Revision", p->vcs_revision);
	put_end(html);
	put_goroutines(html);
	put_read(html);
	iq_out_cstr(html->out, "</dl>\n");
}

/* ---- before reading on */

struct notices {
	struct iq_html *html;
	size_t shown, left;
};

/* Whether it has room; what is written then ends with notice_end(). */
static bool notice_begin(struct notices *n)
{
	if (n->shown == IQ_HTML_MAX_NOTICES && !n->html->options->all) {
		n->left++;
		return false;
	}
	if (!n->shown++)
		iq_out_cstr(n->html->out,
			    "<section class=\"notices\" "
			    "aria-labelledby=\"notices\">\n"
			    "<h2 id=\"notices\">Before you read on</h2>\n"
			    "<ul>\n");
	iq_out_cstr(n->html->out, "<li>");
	return true;
}

static void notice_end(struct notices *n)
{
	iq_out_cstr(n->html->out, "</li>\n");
}

/* What a file says that saw another process proves nothing. */
static void put_foreign(struct notices *n, size_t witness)
{
	const struct iq_model *m = n->html->model;
	struct iq_out *out = n->html->out;

	if (!m->foreign[witness] || !notice_begin(n))
		return;
	iq_html_witness_name(n->html, witness);
	iq_out_cstr(out, " is <strong>not used</strong>: ");
	iq_html_text(out, m->kinship_text && m->kinship_text[witness].len ?
				  m->kinship_text[witness] :
				  IQ_STR("it saw another process"));
	notice_end(n);
}

static void put_unrelated(struct notices *n, size_t witness)
{
	const struct iq_model *m = n->html->model;

	if (!m->kinship || m->num_witnesses < 2 ||
	    m->kinship[witness] != IQ_KINSHIP_UNKNOWN || !notice_begin(n))
		return;
	iq_out_cstr(n->html->out, "Nothing shows that ");
	iq_html_witness_name(n->html, witness);
	iq_out_cstr(n->html->out, " is of the same process: it makes no "
				  "finding surer");
	notice_end(n);
}

static void put_incomplete(struct notices *n, size_t witness)
{
	const struct iq_facts *facts = n->html->model->witnesses[witness];

	if (n->html->model->foreign[witness] || facts->witness.complete ||
	    !notice_begin(n))
		return;
	iq_html_witness_name(n->html, witness);
	iq_out_cstr(n->html->out,
		    " is <strong>incomplete</strong>: <a href=\"#missing\">");
	iq_html_count(n->html->out, facts->gaps.len, "gap");
	iq_out_cstr(n->html->out, "</a>");
	notice_end(n);
}

static void put_contradictions(struct notices *n, size_t finding)
{
	const struct iq_finding *f = n->html->findings[finding];
	struct iq_out *out = n->html->out;

	for (size_t i = 0; i < f->num_evidence; i++) {
		const struct iq_evidence *e = &f->evidence[i];

		if (e->stance != IQ_STANCE_CONTRADICTS || !notice_begin(n))
			continue;
		iq_html_witness_name(n->html, e->witness);
		iq_out_cstr(out, " <strong>contradicts</strong> ");
		put_link(n->html, finding);
		iq_out_cstr(out, "finding ");
		iq_out_u64(out, f->id);
		iq_out_cstr(out, "</a>: ");
		iq_html_text(out, e->text);
		notice_end(n);
	}
}

static void put_notices(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	struct notices n = { .html = html };

	for (size_t i = 0; i < m->num_gaps; i++) {
		// Witnesses that do not belong here follow, each for itself.
		if (m->gaps[i].code == IQ_GAP_MISMATCH || !notice_begin(&n))
			continue;
		iq_html_text(html->out, m->gaps[i].text);
		notice_end(&n);
	}
	for (size_t i = 0; i < m->num_witnesses; i++) {
		put_foreign(&n, i);
		put_unrelated(&n, i);
	}
	for (size_t i = 0; i < html->num_findings; i++)
		put_contradictions(&n, i);
	for (size_t i = 0; i < m->num_witnesses; i++)
		put_incomplete(&n, i);
	if (n.left) {
		iq_out_cstr(html->out, "<li>and ");
		iq_html_number(html->out, n.left);
		iq_out_cstr(html->out, " more: see <a href=\"#witnesses\">the "
				       "witnesses</a></li>\n");
	}
	if (n.shown)
		iq_out_cstr(html->out, "</ul>\n</section>\n");
}

/* ---- the whole */

static void put_nav_link(struct iq_out *out, const char *target,
			 const char *name, bool counted, uint64_t num)
{
	iq_out_cstr(out, "<li><a href=\"#");
	iq_out_cstr(out, target);
	iq_out_cstr(out, "\">");
	iq_out_cstr(out, name);
	iq_out_cstr(out, "</a>");
	if (counted) {
		iq_out_cstr(out, " <span class=\"num\">");
		iq_html_number(out, num);
		iq_out_cstr(out, "</span>");
	}
	iq_out_cstr(out, "</li>\n");
}

static void put_nav(struct iq_html *html)
{
	const struct iq_model *m = html->model;
	size_t defects = 0;

	for (size_t i = 0; i < m->num_findings; i++)
		defects += m->findings[i].severity != IQ_SEVERITY_NOTE;
	iq_out_cstr(html->out,
		    "<nav aria-label=\"Parts of the report\"><ul>\n");
	put_nav_link(html->out, "findings", "Findings", true, defects);
	put_nav_link(html->out, "groups", "Stacks", true, m->num_groups);
	put_nav_link(html->out, "witnesses", "Witnesses", true,
		     m->num_witnesses);
	put_nav_link(html->out, "missing", "Missing", false, 0);
	iq_out_cstr(html->out, "</ul></nav>\n");
}

void iq_html_head(struct iq_html *html)
{
	iq_out_cstr(
		html->out,
		"<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n"
		"<header>\n");
	put_verdict(html);
	put_identity(html);
	iq_out_cstr(html->out, "</header>\n");
	put_nav(html);
	put_notices(html);
}
