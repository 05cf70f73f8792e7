/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/scene_lines.h"

#include <inttypes.h>

#include "base/out.h"
#include "model/text.h"

/* Of each list, unless all is asked for. */
#define MAX_PANICS 4
#define MAX_DEFERS 6
#define MAX_OBJECTS 3
#define MAX_REFERRERS 4
#define MAX_FIELDS 8
#define MAX_WORDS 4
/* Bytes of a panic's message. */
#define MAX_MESSAGE 400

void iq_scene_lines_deinit(struct iq_scene_lines *lines)
{
	iq_vec_deinit(&lines->head);
	iq_vec_deinit(&lines->rest);
}

/* A text that is put together; iq_out keeps the first failure. */
static struct iq_error *take(struct iq_scene_lines *lines, struct iq_out *out,
			     struct iq_str *ret)
{
	struct iq_error *err = iq_out_flush(out);

	if (!err && !iq_str_dup(lines->arena,
				(struct iq_str){ out->buf, out->len }, ret))
		err = &iq_enomem;
	iq_out_deinit(out);
	return err;
}

static struct iq_error *add_rest(struct iq_scene_lines *lines,
				 const char *label, struct iq_out *out)
{
	struct iq_scene_line line = { .label = label };
	struct iq_error *err = take(lines, out, &line.text);

	if (!err && !iq_vec_push(&lines->rest, line))
		err = &iq_enomem;
	return err;
}

/* What a line is made of: puts @item into @out. */
typedef struct iq_error *put_fn(struct iq_scene_lines *lines,
				struct iq_out *out, const void *item);

static struct iq_error *make(struct iq_scene_lines *lines, put_fn *put,
			     const void *item, struct iq_str *ret)
{
	struct iq_error *err;
	struct iq_out out;

	iq_out_init_memory(&out);
	err = put(lines, &out, item);
	if (!err)
		return take(lines, &out, ret);
	iq_out_deinit(&out);
	return err;
}

/* A line, and where it leaves something out all of it, too; none if it is
 * empty. */
static struct iq_error *add_made(struct iq_scene_lines *lines,
				 const char *label, put_fn *put,
				 const void *item)
{
	struct iq_scene_line line = { .label = label };
	struct iq_error *err;

	lines->cut = false;
	err = make(lines, put, item, &line.text);
	if (!err && lines->cut) {
		lines->whole = true;
		err = make(lines, put, item, &line.whole);
		lines->whole = false;
	}
	if (err || !line.text.len)
		return err;
	return iq_vec_push(&lines->rest, line) ? NULL : &iq_enomem;
}

static struct iq_error *add_head(struct iq_scene_lines *lines,
				 const char *label, struct iq_str text)
{
	struct iq_scene_line line = { .label = label, .text = text };

	return iq_vec_push(&lines->head, line) ? NULL : &iq_enomem;
}

static size_t at_most(const struct iq_scene_lines *lines, size_t num,
		      size_t max)
{
	return lines->options->all || lines->whole || num <= max ? num : max;
}

static struct iq_error *add_more(struct iq_scene_lines *lines, size_t left,
				 const char *what)
{
	struct iq_out out;

	if (!left)
		return NULL;
	iq_out_init_memory(&out);
	iq_out_printf(&out, "%zu more %s (--all shows them)", left, what);
	return add_rest(lines, "", &out);
}

static struct iq_error *put_frame(struct iq_scene_lines *lines,
				  struct iq_out *out, const char *before,
				  const struct iq_frame *frame)
{
	const char *text;
	struct iq_error *err;

	if (!frame)
		return NULL;
	err = iq_text_frame(lines->arena, frame, &text);
	if (err)
		return err;
	iq_out_cstr(out, before);
	iq_out_cstr(out, text);
	return NULL;
}

/* "length 2, capacity 3"; gives how many were put. */
static size_t put_values(struct iq_scene_lines *lines, struct iq_out *out,
			 const struct iq_scene_value *values, size_t num,
			 const char *before)
{
	size_t max = at_most(lines, num, MAX_FIELDS), shown = 0;

	for (size_t i = 0; i < max; i++) {
		const struct iq_scene_value *v = &values[i];
		bool hidden = v->secret && !lines->options->show_values;

		if (!v->text.len && !hidden)
			continue;
		iq_out_cstr(out, shown++ ? ", " : before);
		iq_out_str(out, v->name);
		if (v->name.len)
			iq_out_char(out, ' ');
		if (hidden)
			iq_out_cstr(out, "(not shown)");
		else
			iq_out_str(out, v->text);
		lines->has_secrets |= hidden;
	}
	if (shown && max < num) {
		iq_out_printf(out, ", … (%zu more)", num - max);
		lines->cut = true;
	}
	return shown;
}

/* ---- head */

static struct iq_error *add_signal(struct iq_scene_lines *lines,
				   const struct iq_crash *crash)
{
	const struct iq_process_fact *p = &lines->model->process;
	const struct iq_scene *s = crash->scene;
	struct iq_str name =
		s && s->signal_text.len ? s->signal_text : p->signal;
	struct iq_str text;
	struct iq_out out;
	struct iq_error *err;

	if (!name.len)
		return NULL;
	iq_out_init_memory(&out);
	iq_out_str(&out, name);
	if (p->has_fault_addr) {
		iq_out_printf(&out, ", address 0x%" PRIx64, p->fault_addr);
		if (s && s->fault_place.len) {
			iq_out_cstr(&out, ": ");
			iq_out_str(&out, s->fault_place);
		}
	}
	if (s && s->last_signal.len && !iq_str_starts(name, s->last_signal)) {
		iq_out_cstr(&out, "; the runtime then ended itself by ");
		iq_out_str(&out, s->last_signal);
	}
	err = take(lines, &out, &text);
	return err ? err : add_head(lines, "signal", text);
}

static struct iq_error *add_explanation(struct iq_scene_lines *lines,
					const struct iq_crash *crash)
{
	struct iq_str text;
	struct iq_error *err = iq_crash_explain(lines->model, crash, false,
						lines->arena, &text);

	if (err || !text.len)
		return err;
	return add_head(lines, "what", text);
}

/* ---- rest */

static struct iq_error *add_thread(struct iq_scene_lines *lines,
				   const struct iq_scene *s)
{
	struct iq_out out;

	if (!s->has_thread)
		return NULL;
	iq_out_init_memory(&out);
	iq_out_printf(&out, "%" PRIu64, s->thread);
	if (s->has_m)
		iq_out_printf(&out, " (m%" PRId64 ")", s->m);
	if (s->has_goroutine)
		iq_out_printf(&out, ", goroutine %" PRIu64, s->goroutine);
	else
		iq_out_cstr(&out, ", which ran no goroutine");
	return add_rest(lines, "thread", &out);
}

/* Its first line, as far as it is not too long for a page. */
static void put_message(struct iq_scene_lines *lines, struct iq_out *out,
			struct iq_str text)
{
	struct iq_str line = iq_str_sub(text, 0, iq_str_find(text, '\n'));
	size_t end = at_most(lines, line.len, MAX_MESSAGE);

	// Not in the middle of a character.
	while (end && end < line.len &&
	       ((unsigned char)line.ptr[end] & 0xc0) == 0x80)
		end--;
	iq_out_str(out, iq_str_sub(line, 0, end));
	if (end == line.len)
		return;
	iq_out_printf(out, "… (%zu more bytes; --all shows them)",
		      line.len - end);
	lines->cut = true;
}

static struct iq_error *put_panic(struct iq_scene_lines *lines,
				  struct iq_out *out, const void *item)
{
	const struct iq_scene_panic *p = item;
	const char *colon = p->type.len && p->text.len ? ": " : "";
	struct iq_error *err;

	if (p->goexit) {
		iq_out_cstr(out, "runtime.Goexit, no panic");
	} else {
		iq_out_str(out, p->type);
		iq_out_cstr(out, colon);
		put_message(lines, out, p->text);
		if (!p->type.len && !p->text.len)
			iq_out_cstr(out, "a value that is unreadable");
	}
	if (p->recovered)
		iq_out_cstr(out, ", recovered");
	if (p->repanicked)
		iq_out_cstr(out, ", raised again as it was");
	err = put_frame(lines, out, ", in ", p->raised_at);
	if (!err)
		err = put_frame(lines, out, ", while it ran ", p->deferred);
	return err;
}

static struct iq_error *put_fields(struct iq_scene_lines *lines,
				   struct iq_out *out, const void *item)
{
	const struct iq_scene_panic *p = item;

	put_values(lines, out, p->fields, p->num_fields, "");
	return NULL;
}

/* A single panic of the runtime's own is told by the title. */
static bool says_more(const struct iq_scene_lines *lines,
		      const struct iq_scene *s)
{
	if (s->num_panics > 1 || lines->options->all)
		return true;
	return s->num_panics && s->panics[0].type.len &&
	       iq_cause_of_panic(s->panics[0].text) == IQ_CAUSE_PANIC;
}

/* As they came about: the oldest first. */
static struct iq_error *add_panics(struct iq_scene_lines *lines,
				   const struct iq_scene *s)
{
	size_t max = at_most(lines, s->num_panics, MAX_PANICS);
	struct iq_error *err = NULL;

	if (!says_more(lines, s))
		return NULL;
	for (size_t i = s->num_panics; i-- > s->num_panics - max && !err;) {
		const struct iq_scene_panic *p = &s->panics[i];
		bool first = i + 1 == s->num_panics;

		err = add_made(lines, first ? "panic" : "then", put_panic, p);
		if (!err)
			err = add_made(lines, "", put_fields, p);
	}
	return err ? err : add_more(lines, s->num_panics - max, "panics");
}

static struct iq_error *put_defer(struct iq_scene_lines *lines,
				  struct iq_out *out, const void *item)
{
	const struct iq_scene_defer *d = item;
	struct iq_error *err = NULL;

	if (d->function)
		err = put_frame(lines, out, "", d->function);
	else
		iq_out_cstr(out, "a function that is unknown");
	iq_out_cstr(out, d->running ? ", was running" : ", did not run");
	if (!err)
		err = put_frame(lines, out, ", of ", d->made_at);
	if (!err)
		put_values(lines, out, d->values, d->num_values, ": ");
	return err;
}

static struct iq_error *add_defers(struct iq_scene_lines *lines,
				   const struct iq_scene *s)
{
	size_t max = at_most(lines, s->num_defers, MAX_DEFERS);
	struct iq_error *err = NULL;

	for (size_t i = 0; i < max && !err; i++)
		err = add_made(lines, i ? "" : "deferred", put_defer,
			       &s->defers[i]);
	return err ? err :
		     add_more(lines, s->num_defers - max, "deferred calls");
}

static struct iq_error *add_referrers(struct iq_scene_lines *lines,
				      const struct iq_scene_object *o)
{
	size_t max = at_most(lines, o->num_referrers, MAX_REFERRERS);
	struct iq_error *err = NULL;
	struct iq_out out;

	for (size_t i = 0; i < max && !err; i++) {
		const struct iq_scene_referrer *r = &o->referrers[i];

		iq_out_init_memory(&out);
		iq_out_printf(&out, "goroutine %" PRIu64 " ", r->goroutine);
		iq_out_str(&out, r->how.len ? r->how : IQ_STR("mentions it"));
		err = put_frame(lines, &out, ", ", r->frame);
		if (err)
			iq_out_deinit(&out);
		else
			err = add_rest(lines, "", &out);
	}
	return err ? err : add_more(lines, o->num_referrers - max, "referrers");
}

static struct iq_error *put_object(struct iq_scene_lines *lines,
				   struct iq_out *out, const void *item)
{
	const struct iq_scene_object *o = item;

	iq_out_str(out, o->what);
	if (o->has_address)
		iq_out_printf(out, " 0x%" PRIx64, o->address);
	put_values(lines, out, o->values, o->num_values, ": ");
	return NULL;
}

static struct iq_error *add_objects(struct iq_scene_lines *lines,
				    const struct iq_scene *s)
{
	size_t max = at_most(lines, s->num_objects, MAX_OBJECTS);
	struct iq_error *err = NULL;

	for (size_t i = 0; i < max && !err; i++) {
		const struct iq_scene_object *o = &s->objects[i];

		err = add_made(lines, i ? "" : "object", put_object, o);
		if (!err)
			err = add_referrers(lines, o);
	}
	return err ? err : add_more(lines, s->num_objects - max, "objects");
}

/* A line of a stack, which runtime.Stack printed: it says nothing here. */
static bool is_stack_line(struct iq_str line, struct iq_str next)
{
	return iq_str_starts(line, IQ_STR("\t")) ||
	       iq_str_starts(next, IQ_STR("\t")) ||
	       (iq_str_starts(line, IQ_STR("goroutine ")) &&
		iq_str_ends(line, IQ_STR(":")));
}

/* Takes the first line of *@text off. */
static struct iq_str next_line(struct iq_str *text)
{
	size_t end = iq_str_find(*text, '\n');
	struct iq_str line = iq_str_sub(*text, 0, end);

	*text = iq_str_sub(*text, end + (end < text->len), text->len);
	return line;
}

static bool is_shown(const struct iq_scene_lines *lines, struct iq_str line,
		     struct iq_str rest)
{
	if (!line.len || lines->options->all)
		return line.len;
	// The title has these words.
	return !is_stack_line(line, rest) &&
	       !iq_str_starts(line, IQ_STR("fatal error: "));
}

/* The runtime's words as the process printed them: the last lines. */
static struct iq_error *add_words(struct iq_scene_lines *lines,
				  const struct iq_scene *s)
{
	const char *label = "said last";
	struct iq_error *err = NULL;
	struct iq_str rest;
	size_t num = 0, skip;

	for (rest = s->last_words; rest.len;) {
		struct iq_str line = next_line(&rest);

		num += is_shown(lines, line, rest);
	}
	skip = num - at_most(lines, num, MAX_WORDS);
	for (rest = s->last_words; rest.len && !err;) {
		struct iq_str line = next_line(&rest);
		struct iq_out out;

		if (!is_shown(lines, line, rest) || (skip && skip--))
			continue;
		iq_out_init_memory(&out);
		iq_out_str(&out, line);
		err = add_rest(lines, label, &out);
		label = "";
	}
	return err;
}

bool iq_scene_register_is_shown(const struct iq_scene_register *r)
{
	return r->role != IQ_REGISTER_SYSTEM;
}

static void put_register(struct iq_out *out, const struct iq_scene_register *r)
{
	iq_out_printf(out, "%-6.*s 0x%016" PRIx64, IQ_STR_ARG(r->name),
		      r->value);
	if (!r->points_to.len)
		return;
	iq_out_cstr(out, "  ");
	iq_out_str(out, r->points_to);
}

/* Without a meaning two stand in a line; one that has it has its own. */
struct iq_error *iq_scene_lines_registers(struct iq_scene_lines *lines,
					  const struct iq_scene *s)
{
	const struct iq_scene_register *before = NULL;
	const char *label = "registers";
	struct iq_error *err = NULL;

	// They are no longer those of what failed.
	if (s->num_registers && !s->registers_at_signal) {
		struct iq_out out;

		iq_out_init_memory(&out);
		iq_out_cstr(&out,
			    "of the thread as it ended, after the failure");
		err = add_rest(lines, label, &out);
		label = "";
	}
	for (size_t i = 0; i <= s->num_registers && !err; i++) {
		bool end = i == s->num_registers;
		const struct iq_scene_register *r =
			end ? NULL : &s->registers[i];
		bool pair = before && r && !r->points_to.len;
		struct iq_out out;

		if (r && !iq_scene_register_is_shown(r))
			continue;
		if (r && !before && !r->points_to.len) {
			before = r;
			continue;
		}
		if (!r && !before)
			break;
		iq_out_init_memory(&out);
		put_register(&out, before ? before : r);
		if (pair) {
			iq_out_cstr(&out, "   ");
			put_register(&out, r);
		}
		err = add_rest(lines, label, &out);
		label = "";
		// What was held back stands alone: this one's turn is next.
		if (before && !pair && r)
			i--;
		before = NULL;
	}
	return err;
}

static struct iq_error *add_rest_of(struct iq_scene_lines *lines,
				    const struct iq_scene *s)
{
	struct iq_error *err = add_thread(lines, s);

	if (!err)
		err = add_panics(lines, s);
	if (!err)
		err = add_defers(lines, s);
	if (!err)
		err = add_objects(lines, s);
	if (!err)
		err = add_words(lines, s);
	return err;
}

struct iq_error *iq_scene_lines_make(const struct iq_model *model,
				     const struct iq_report_options *options,
				     const struct iq_crash *crash,
				     struct iq_arena *arena,
				     struct iq_scene_lines *ret)
{
	struct iq_error *err;

	*ret = (struct iq_scene_lines){
		.model = model,
		.options = options,
		.arena = arena,
	};
	err = add_explanation(ret, crash);
	if (!err)
		err = add_signal(ret, crash);
	if (!err && crash->scene)
		err = add_rest_of(ret, crash->scene);
	if (!err && ret->has_secrets) {
		struct iq_out out;

		iq_out_init_memory(&out);
		iq_out_cstr(&out,
			    "contents of memory are shown by --show-values");
		err = add_rest(ret, "values", &out);
	}
	return err;
}
