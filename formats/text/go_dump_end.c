/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime prints before the goroutines of a process that dies.
 * Go 1.26: src/runtime/panic.go, printpanics, dopanic_m, fatalthrow;
 * src/runtime/signal_unix.go, fatalsignal.
 */
#include "formats/text/go_dump.h"
#include "formats/text/scan.h"
#include "model/scene.h"

/* si_code of what kill(2) and sigqueue(3) send (signal.h of Linux). */
#define SI_CODE_USER 0
#define SI_CODE_QUEUE (-1)

/* A log's own lines may stand between lines that belong together. */
#define LINES_BETWEEN 4

/* Where a process that printed no stacks says at its end why it died. */
#define END_WINDOW 65536u

/* What is kept of a panic's value, whose first line is kept in any case. */
#define VALUE_MAX 4096u

/* " [recovered]" and its newer form end the value's last line. */
static struct iq_str panic_text(struct iq_dump *d, struct iq_str text)
{
	struct iq_str recovered = IQ_STR(" [recovered]");
	struct iq_str again = IQ_STR(" [recovered, repanicked]");

	d->value_repanicked = iq_str_ends(text, again);
	d->value_recovered =
		d->value_repanicked || iq_str_ends(text, recovered);
	if (d->value_repanicked)
		return iq_str_sub(text, 0, text.len - again.len);
	if (d->value_recovered)
		return iq_str_sub(text, 0, text.len - recovered.len);
	return text;
}

/* A new end whose goroutines are to come. */
static struct iq_error *end_begin(struct iq_dump *d, enum iq_end_kind kind,
				  struct iq_str text)
{
	bool shared = d->has_next && d->next.kind == IQ_END_FATAL &&
		      kind == IQ_END_FATAL;
	bool follows = d->stack.open && !d->num_noise;
	struct iq_error *err = iq_dump_stack_end(d, false);

	if (err)
		return err;
	d->next_follows = follows;
	d->next = (struct iq_dump_end){ .kind = kind, .shared = shared };
	d->next.signal = IQ_STR("");
	d->next.words = IQ_STR("");
	d->has_next = true;
	d->next_thread_first = false;
	d->in_thread = false;
	d->tentative = false;
	d->num_noise = 0;
	if (kind == IQ_END_FATAL && d->words_left)
		err = iq_facts_string(d->facts, iq_text_buf_str(&d->words),
				      &d->next.words);
	d->words_left = 0;
	return err ? err : iq_facts_string(d->facts, text, &d->next.text);
}

/*
 * "runtime: out of memory: cannot allocate 8192-byte block (406552576 in use)"
 * ahead of a fatal error. Go: src/runtime/malloc.go, mcache.go, stack.go.
 */
static struct iq_error *runtime_line(struct iq_dump *d, struct iq_str text)
{
	if (!iq_str_starts(text, IQ_STR("runtime: ")))
		return NULL;
	if (!d->words_left)
		d->words.bytes.len = 0;
	// One more: this line itself counts.
	d->words_left = LINES_BETWEEN + 1;
	if (d->words.bytes.len + text.len + 1 > VALUE_MAX)
		return NULL;
	return (!d->words.bytes.len ||
		iq_text_buf_add(&d->words, IQ_STR("\n"))) &&
			       iq_text_buf_add(&d->words, text) ?
		       NULL :
		       &iq_enomem;
}

/* "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x515803]" */
static struct iq_error *signal_line(struct iq_dump *d, struct iq_str text,
				    bool *ret)
{
	struct iq_go_signal signal;

	if (!d->has_next || !iq_go_signal_parse(text, &signal))
		return NULL;
	*ret = true;
	d->next.has_fault_addr = signal.has_addr;
	d->next.fault_addr = signal.addr;
	d->next.has_code = signal.has_code;
	d->next.code = signal.code;
	return iq_facts_string(d->facts, signal.name, &d->next.signal);
}

/* A panic's value begins with @text: what stood before it is nested. */
static struct iq_error *value_begin(struct iq_dump *d, struct iq_str text)
{
	struct iq_error *err = iq_dump_end_panic_finish(d);

	if (err)
		return err;
	d->in_value = true;
	d->value.bytes.len = 0;
	return iq_text_buf_add(&d->value, panic_text(d, text)) ? NULL :
								 &iq_enomem;
}

static struct iq_error *value_add(struct iq_dump *d, struct iq_str line)
{
	size_t len = d->value.bytes.len;

	line = panic_text(d, line);
	if (len + 1 >= VALUE_MAX)
		return NULL;
	// No character is cut in two.
	if (line.len > VALUE_MAX - len - 1) {
		line.len = VALUE_MAX - len - 1;
		while (line.len && (line.ptr[line.len] & 0xc0) == 0x80)
			line.len--;
	}
	if (!iq_text_buf_add(&d->value, IQ_STR("\n")) ||
	    !iq_text_buf_add(&d->value, line))
		return &iq_enomem;
	return NULL;
}

/* Takes the first line of *@text off. */
static struct iq_str first_line(struct iq_str *text)
{
	size_t end = iq_str_find(*text, '\n');
	struct iq_str line = iq_str_sub(*text, 0, end);

	*text = iq_str_sub(*text, end + (end < text->len), text->len);
	return line;
}

/* Go 1.23 has put a tab before each line but the first one. */
static bool is_indented(struct iq_str lines)
{
	while (lines.len) {
		if (!iq_str_starts(first_line(&lines), IQ_STR("\t")))
			return false;
	}
	return true;
}

static struct iq_error *value_unindent(struct iq_str text,
				       struct iq_text_buf *ret)
{
	struct iq_str line = first_line(&text);
	bool indented = is_indented(text);

	if (!iq_text_buf_add(ret, line))
		return &iq_enomem;
	while (text.len) {
		line = first_line(&text);
		if (!iq_text_buf_add(ret, IQ_STR("\n")) ||
		    !iq_text_buf_add(ret, iq_str_sub(line, indented, line.len)))
			return &iq_enomem;
	}
	return NULL;
}

/* "\t\tTestX/a (1s)": the name alone. */
static struct iq_str test_name(struct iq_str line)
{
	while (line.len && line.ptr[0] == '\t')
		line = iq_str_sub(line, 1, line.len);
	return iq_str_sub(line, 0, iq_str_search(line, IQ_STR(" (")));
}

/*
 * "test timed out after 1s; running tests: TestX, TestX/a". Go 1.26:
 * src/testing/testing.go, (*M).startAlarm; the list since 1.20.
 */
static struct iq_error *value_timeout(struct iq_str text,
				      struct iq_text_buf *ret)
{
	struct iq_str comma = IQ_STR("; running tests: ");

	if (!iq_text_buf_add(ret, first_line(&text)))
		return &iq_enomem;
	first_line(&text);
	while (text.len) {
		struct iq_str name = test_name(first_line(&text));

		if (name.len == 0)
			continue;
		if (!iq_text_buf_add(ret, comma) || !iq_text_buf_add(ret, name))
			return &iq_enomem;
		comma = IQ_STR(", ");
	}
	return NULL;
}

static bool is_timeout(struct iq_str text)
{
	struct iq_str line = first_line(&text);

	if (!iq_str_starts(line, IQ_STR("test timed out after ")))
		return false;
	line = first_line(&text);
	return iq_str_equal(line, IQ_STR("running tests:")) ||
	       iq_str_equal(line, IQ_STR("\trunning tests:"));
}

/* The value that has ended is one more panic. */
static void panic_add(struct iq_dump_end *end, const struct iq_dump *d)
{
	if (end->num_panics == IQ_DUMP_MAX_PANICS)
		return;
	end->panics[end->num_panics++] = (struct iq_dump_panic){
		.text = end->text,
		.recovered = d->value_recovered,
		.repanicked = d->value_repanicked,
	};
}

struct iq_error *iq_dump_end_panic_finish(struct iq_dump *d)
{
	iq_cleanup(iq_text_buf_deinit) struct iq_text_buf buf = { 0 };
	struct iq_str text = iq_text_buf_str(&d->value);
	struct iq_error *err;

	if (!d->in_value)
		return NULL;
	d->in_value = false;
	err = is_timeout(text) ? value_timeout(text, &buf) :
				 value_unindent(text, &buf);
	if (!err)
		err = iq_facts_string(d->facts, iq_text_buf_str(&buf),
				      &d->next.text);
	if (!err)
		panic_add(&d->next, d);
	return err;
}

/*
 * Whether @line goes on with a panic's value. Up to Go 1.22 its lines were not
 * indented and cannot be told from what others log meanwhile; but for the names
 * of the tests that ran out of time.
 */
static bool continues_value(struct iq_str line)
{
	return iq_str_starts(line, IQ_STR("\t")) ||
	       iq_str_equal(line, IQ_STR("running tests:"));
}

struct iq_error *iq_dump_end_panic_line(struct iq_dump *d,
					const struct iq_line *line)
{
	struct iq_scan s = { .s = line->text };
	bool done = false;
	struct iq_error *err = signal_line(d, line->text, &done);

	if (err)
		return err;
	if (done)
		return iq_dump_end_panic_finish(d);
	iq_scan_literal(&s, IQ_STR("\t"));
	// The newest panic stands last, and it is the one that ended it.
	if (iq_scan_literal(&s, IQ_STR("panic: ")))
		return value_begin(d, iq_scan_rest(&s));
	if (d->in_value && continues_value(line->text))
		return value_add(d, line->text);
	return iq_dump_end_panic_finish(d);
}

/* Whether who sent @signal wanted the dump. */
static bool is_operator(struct iq_str signal, const struct iq_go_signal_pc *pc)
{
	if (iq_str_equal(signal, IQ_STR("SIGQUIT")))
		return true;
	// abort() of C sends the signal to its own thread: SI_TKILL.
	return iq_str_equal(signal, IQ_STR("SIGABRT")) && pc->has_code &&
	       (pc->code == SI_CODE_USER || pc->code == SI_CODE_QUEUE);
}

/* "PC=0x48af81 m=0 sigcode=0" behind "SIGQUIT: quit". */
static struct iq_error *signal_pc_line(struct iq_dump *d,
				       const struct iq_line *line, bool *ret)
{
	struct iq_go_signal_pc pc;
	struct iq_error *err;

	if (!iq_go_signal_pc_parse(line->text, &pc))
		return NULL;
	*ret = true;
	d->signal_left = 0;
	if (d->rule_left) {
		// The signal is passed on from thread to thread, and each
		// prints what it did: the same process, the same end.
		d->rule_left = 0;
		d->in_thread = true;
		return iq_dump_stack_end(d, false);
	}
	err = end_begin(d,
			is_operator(d->signal, &pc) ? IQ_END_OPERATOR :
						      IQ_END_SIGNAL,
			d->signal_text);
	d->next.signal = d->signal;
	d->next.sent = pc.has_code &&
		       (pc.code == SI_CODE_USER || pc.code == SI_CODE_QUEUE);
	d->next.has_code = pc.has_code;
	d->next.code = (int)pc.code;
	d->next.has_pc = true;
	d->next.pc = pc.pc;
	d->next.has_fault_addr = pc.has_addr;
	d->next.fault_addr = pc.addr;
	return err;
}

static struct iq_error *fatal_signal_line(struct iq_dump *d, struct iq_str text,
					  bool *ret)
{
	struct iq_str name;

	if (!iq_go_fatal_signal_parse(text, &name))
		return NULL;
	*ret = true;
	d->signal_left = LINES_BETWEEN;
	if (d->rule_left)
		d->rule_left = LINES_BETWEEN;
	struct iq_error *err = iq_facts_string(d->facts, name, &d->signal);

	if (!err)
		err = iq_facts_string(d->facts, text, &d->signal_text);
	return err;
}

/* "-----" between the threads of GOTRACEBACK=crash, or anybody's rule. */
static struct iq_error *rule_line(struct iq_dump *d, bool *ret)
{
	*ret = true;
	if (d->section.num || d->stack.open)
		d->rule_left = LINES_BETWEEN;
	return iq_dump_stack_end(d, false);
}

/* "fatal error: …" and "panic: …". */
static struct iq_error *words_line(struct iq_dump *d, struct iq_str text,
				   bool *ret)
{
	struct iq_scan s = { .s = text };
	struct iq_error *err;

	if (iq_scan_literal(&s, IQ_STR("fatal error: "))) {
		*ret = true;
		return end_begin(d, IQ_END_FATAL, iq_scan_rest(&s));
	}
	if (!iq_scan_literal(&s, IQ_STR("panic: ")))
		return NULL;
	*ret = true;
	err = end_begin(d, IQ_END_PANIC, panic_text(d, iq_scan_rest(&s)));
	d->state = IQ_DUMP_PANIC;
	return err ? err : value_begin(d, iq_scan_rest(&s));
}

/* The part of @text from @words on, if they stand glued to another text. */
static struct iq_str glued(struct iq_str text, struct iq_str words)
{
	size_t at = iq_str_search(text, words);

	// In a sentence, or in quotes, they are somebody's report.
	if (at == 0 || at == text.len ||
	    (!iq_is_alnum(text.ptr[at - 1]) && text.ptr[at - 1] != '.' &&
	     text.ptr[at - 1] != ')'))
		return IQ_STR("");
	return iq_str_sub(text, at, text.len);
}

struct iq_error *iq_dump_end_glued_line(struct iq_dump *d,
					const struct iq_line *line, bool *ret)
{
	struct iq_str text = line->text;
	// A terminal shows Ctrl-\ as ^\ in front of what follows.
	size_t sig = iq_str_search(text, IQ_STR("SIG"));
	struct iq_error *err = NULL;

	*ret = false;
	if (sig < text.len)
		err = fatal_signal_line(d, iq_str_sub(text, sig, text.len),
					ret);
	if (!err && !*ret)
		err = words_line(d, glued(text, IQ_STR("panic: ")), ret);
	if (!err && !*ret)
		err = words_line(d, glued(text, IQ_STR("fatal error: ")), ret);
	return err;
}

struct iq_error *iq_dump_end_line(struct iq_dump *d, const struct iq_line *line,
				  bool *ret)
{
	struct iq_error *err = NULL;

	*ret = false;
	switch (line->text.ptr[0]) {
	case 'P':
		if (d->signal_left)
			err = signal_pc_line(d, line, ret);
		break;
	case 'S':
		err = fatal_signal_line(d, line->text, ret);
		break;
	case '[':
		err = signal_line(d, line->text, ret);
		break;
	case '-':
		if (iq_str_equal(line->text, IQ_STR("-----")))
			err = rule_line(d, ret);
		break;
	case 'f':
	case 'p':
		err = words_line(d, line->text, ret);
		break;
	case 'r':
		err = runtime_line(d, line->text);
		break;
	default:
		break;
	}
	if (!*ret) {
		d->signal_left -= d->signal_left > 0;
		d->words_left -= d->words_left > 0;
		d->rule_left -= d->rule_left > 0;
	}
	return err;
}

/* A line that only the runtime ends with: its own words, not somebody's. */
static bool begins_end(struct iq_str line)
{
	struct iq_scan s = { .s = line };

	if (iq_scan_literal(&s, IQ_STR("panic: ")))
		return true;
	return iq_scan_literal(&s, IQ_STR("fatal error: ")) &&
	       iq_cause_of_fatal(iq_scan_rest(&s)) != IQ_CAUSE_FATAL;
}

/* What may stand behind it: more of a value, the signal, what go run adds. */
static bool belongs_to_end(struct iq_str line)
{
	return line.len == 0 || line.ptr[0] == '\t' ||
	       iq_str_starts(line, IQ_STR("[signal ")) ||
	       iq_str_starts(line, IQ_STR("exit status "));
}

bool iq_dump_end_is_last(struct iq_str text)
{
	struct iq_str magic = iq_str_sub(text, 0, 16);
	bool found = false;

	// Binary formats have a zero early: ELF, traces.
	if (iq_str_find(magic, '\0') < magic.len)
		return false;
	if (text.len > END_WINDOW) {
		text = iq_str_sub(text, text.len - END_WINDOW, text.len);
		first_line(&text);
	}
	while (text.len) {
		struct iq_str line = first_line(&text);

		if (iq_str_find(line, '\0') < line.len)
			return false;
		while (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		found = begins_end(line) || (found && belongs_to_end(line));
	}
	return found;
}
