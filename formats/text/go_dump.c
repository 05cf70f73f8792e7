/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goroutine dumps as the runtime prints them: debug=2, runtime.Stack, panics,
 * fatal errors, fatal signals, with any log around them.
 */
#include "formats/text/go_dump.h"

#include "formats/reader.h"

/* So many lines of noise may stand between a panic and its goroutines. */
#define NOISE_BEFORE_GOROUTINES 16

static size_t header_match(struct iq_str text)
{
	struct iq_go_header header;

	return iq_go_header_parse(text, &header) ? header.len : 0;
}

/*
 * In the value of a panic, whose lines are indented since Go 1.23: a tab stands
 * before the header, and before all lines up to that of the panic.
 */
static bool header_is_quoted(struct iq_str text, size_t at)
{
	size_t from = at > IQ_LINES_WINDOW ? at - IQ_LINES_WINDOW : 0;

	text = iq_str_sub(text, from, text.len);
	at -= from;
	while (at > 0) {
		size_t end = at - 1;
		size_t begin = iq_str_rfind(iq_str_sub(text, 0, end), '\n');
		struct iq_str line;

		begin = begin < end ? begin + 1 : 0;
		line = iq_str_sub(text, begin, at);
		if (!iq_str_starts(line, IQ_STR("\t")))
			return iq_str_search(line, IQ_STR("panic: ")) <
			       line.len;
		at = begin;
	}
	return false;
}

static const struct iq_lines_mark mark = {
	.needle = { "goroutine ", 10 },
	.match = header_match,
	.quoted = header_is_quoted,
};

static struct iq_str source_text(const struct iq_source *source)
{
	return (struct iq_str){ (const char *)source->data,
				(size_t)source->size };
}

static unsigned go_dump_bid(const struct iq_source *source)
{
	// The words that the grammar prescribes: "goroutine ", " [", "]:".
	if (iq_lines_find(source, &mark))
		return 8 * (unsigned)(mark.needle.len + 4);
	// "panic: "
	return iq_dump_end_is_last(source_text(source)) ? 8 * 7 : 0;
}

struct iq_error *iq_dump_keep(struct iq_dump *d, const struct iq_line *line,
			      struct iq_str s, struct iq_str *ret)
{
	if (!line->stable)
		return iq_facts_string(d->facts, s, ret);
	*ret = s;
	return NULL;
}

static struct iq_str trim_end(struct iq_str s)
{
	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\r' ||
			 s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* An empty line of a panic's value is indented like the others. */
static bool is_value_blank(const struct iq_dump *d, struct iq_str text)
{
	return d->state == IQ_DUMP_PANIC && d->in_value &&
	       iq_str_equal(text, IQ_STR("\t"));
}

/* A line that says nothing as it is, or comes again, unwrapped. */
static struct iq_error *noise_line(struct iq_dump *d,
				   const struct iq_line *line)
{
	struct iq_error *err;
	bool done;

	if (iq_lines_adopt(&d->lines))
		return NULL;
	err = iq_dump_end_glued_line(d, line, &done);
	if (err || done)
		return err;
	// A name is counted where it turns out to be none.
	if (!d->stack.open || !d->stack.has_name)
		d->num_noise++;
	// What was said long before is not about what comes.
	if (d->has_next && !d->stack.open &&
	    d->num_noise > NOISE_BEFORE_GOROUTINES)
		d->has_next = false;
	return NULL;
}

static struct iq_error *header_line(struct iq_dump *d,
				    const struct iq_line *line,
				    const struct iq_go_header *header)
{
	bool in_panic = d->state == IQ_DUMP_PANIC;
	struct iq_error *err = iq_dump_stack_end(d, false);

	if (!err && in_panic)
		err = iq_dump_end_panic_finish(d);
	if (err)
		return err;
	if (!line->prefixed)
		iq_lines_unprefix(&d->lines);
	if (d->tentative && d->blank_before) {
		// What stood in the value was never a dump.
		d->tentative = false;
		d->has_next = true;
		d->next = d->tentative_end;
		d->section.num--;
		d->section.end.kind = IQ_END_UNKNOWN;
	}
	if (in_panic) {
		d->tentative = true;
		d->tentative_end = d->next;
	}
	return iq_dump_stack_begin(d, header, line);
}

static struct iq_error *blank_line(struct iq_dump *d)
{
	struct iq_error *err = NULL;

	if (d->state == IQ_DUMP_PANIC) {
		err = iq_dump_end_panic_finish(d);
		d->state = IQ_DUMP_OUTSIDE;
	}
	return err ? err : iq_dump_stack_end(d, false);
}

/* In a panic's value: anything, even what looks like a dump. */
static struct iq_error *panic_line(struct iq_dump *d,
				   const struct iq_line *line)
{
	// Lines of a value are indented since 1.23: they hold no header.
	if (line->text.ptr[0] != '\t' && iq_lines_adopt(&d->lines))
		return NULL;
	return iq_dump_end_panic_line(d, line);
}

static struct iq_error *text_line(struct iq_dump *d, const struct iq_line *line)
{
	struct iq_go_header header;
	struct iq_error *err;
	bool done = false;

	if (line->text.ptr[0] == 'g' &&
	    iq_go_header_parse(line->text, &header) &&
	    header.len == line->text.len)
		return header_line(d, line, &header);
	if (d->state == IQ_DUMP_PANIC)
		return panic_line(d, line);
	err = iq_dump_end_line(d, line, &done);
	if (err || done)
		return err;
	if (iq_str_equal(line->text, IQ_STR("runtime stack:"))) {
		err = iq_dump_stack_end(d, false);
		iq_dump_stack_skip(d);
		return err;
	}
	if (d->state == IQ_DUMP_STACK) {
		err = iq_dump_stack_line(d, line, &done);
		if (err || done)
			return err;
	} else if (iq_go_register_parse(line->text)) {
		return NULL;
	}
	return noise_line(d, line);
}

static struct iq_error *lines_read(struct iq_dump *d)
{
	struct iq_error *err = NULL;
	struct iq_line line;

	while (!err && iq_lines_next(&d->lines, &line)) {
		if (!is_value_blank(d, line.text))
			line.text = trim_end(line.text);
		if (line.text.len) {
			err = text_line(d, &line);
			d->blank_before = false;
		} else {
			err = blank_line(d);
			d->blank_before = true;
		}
	}
	if (!err && d->lines.nomem)
		return &iq_enomem;
	if (!err && d->state == IQ_DUMP_PANIC)
		err = iq_dump_end_panic_finish(d);
	return err ? err : iq_dump_stack_end(d, true);
}

static void dump_deinit(struct iq_dump *d)
{
	iq_lines_deinit(&d->lines);
	iq_dump_ids_deinit(&d->section.ids);
	iq_vec_deinit(&d->stack.frames);
	iq_text_buf_deinit(&d->stack.name);
	iq_text_buf_deinit(&d->value);
	iq_text_buf_deinit(&d->words);
	iq_text_buf_deinit(&d->label_text.key);
	iq_text_buf_deinit(&d->label_text.value);
	iq_vec_deinit(&d->label_items);
}

static struct iq_error *go_dump_read(const struct iq_read_context *context,
				     const struct iq_source *source,
				     struct iq_facts *facts)
{
	iq_cleanup(dump_deinit) struct iq_dump d = { .facts = facts,
						     .source = source };
	struct iq_error *err;

	(void)context;
	facts->witness.kind = IQ_WITNESS_DUMP;
	facts->witness.format = IQ_STR("go-dump");
	iq_lines_init(&d.lines, source, &mark);
	err = lines_read(&d);
	return err ? err : iq_dump_section_finish(&d);
}

const struct iq_reader iq_reader_go_dump = {
	.name = "go-dump",
	.kind = IQ_WITNESS_DUMP,
	.bid = go_dump_bid,
	.read = go_dump_read,
};
