/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_text.h"

#include "base/limits.h"
#include "formats/text/scan.h"

/* Cuts @suffix off the end of *@s; false if it does not end so. */
static bool cut_end(struct iq_str *s, struct iq_str suffix)
{
	if (!iq_str_ends(*s, suffix))
		return false;
	s->len -= suffix.len;
	return true;
}

/* " gp=0xc000007180 m=2 mp=0xc00003c808", Go 1.22+. */
static void header_pointers(struct iq_scan *s, struct iq_go_header *h)
{
	struct iq_scan at = *s;
	uint64_t m, mp;

	if (!iq_scan_literal(&at, IQ_STR(" gp=")) ||
	    !iq_scan_hex(&at, &h->g_addr))
		return;
	h->has_g = true;
	*s = at;
	if (iq_scan_literal(s, IQ_STR(" m=nil")))
		return;
	at = *s;
	if (!iq_scan_literal(&at, IQ_STR(" m=")) || !iq_scan_u64(&at, &m) ||
	    m > INT64_MAX)
		return;
	h->has_m = true;
	h->m = (int64_t)m;
	if (iq_scan_literal(&at, IQ_STR(" mp=")))
		iq_scan_hex(&at, &mp);
	*s = at;
}

/*
 * The word for g.atomicstatus, unless it is a wait reason.
 * Go 1.26: src/runtime/traceback.go, gStatusStrings.
 */
static enum iq_gstatus status_of(struct iq_str word)
{
	// clang-format off
	static const struct {
		struct iq_str word;
		enum iq_gstatus status;
	} rows[] = {
		{ { "???", 3 }, IQ_GSTATUS_UNKNOWN },
		{ { "copystack", 9 }, IQ_GSTATUS_COPYSTACK },
		{ { "dead", 4 }, IQ_GSTATUS_DEAD },
		{ { "idle", 4 }, IQ_GSTATUS_IDLE },
		{ { "leaked", 6 }, IQ_GSTATUS_LEAKED },
		{ { "preempted", 9 }, IQ_GSTATUS_PREEMPTED },
		{ { "runnable", 8 }, IQ_GSTATUS_RUNNABLE },
		{ { "running", 7 }, IQ_GSTATUS_RUNNING },
		{ { "syscall", 7 }, IQ_GSTATUS_SYSCALL },
		{ { "waiting for cgo callback", 24 }, IQ_GSTATUS_DEADEXTRA },
	};
	// clang-format on

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (iq_str_equal(word, rows[i].word))
			return rows[i].status;
	}
	return IQ_GSTATUS_WAITING;
}

/*
 * " (durable)" is glued to the reasons of a synctest bubble but for those four
 * whose own text has it. Go 1.25: src/runtime/runtime2.go, waitReasonStrings.
 */
static void durable_cut(struct iq_str *reason)
{
	struct iq_str s = *reason;

	if (!cut_end(&s, IQ_STR(" (durable)")))
		return;
	if (iq_str_equal(s, IQ_STR("chan receive")) ||
	    iq_str_equal(s, IQ_STR("chan send")) ||
	    iq_str_equal(s, IQ_STR("select")) ||
	    iq_str_equal(s, IQ_STR("sync.WaitGroup.Wait")))
		return;
	*reason = s;
}

/* "chan receive (leaked) (scan)": what stands before the first comma. */
static void header_state(struct iq_str state, struct iq_go_header *h)
{
	durable_cut(&state);
	cut_end(&state, IQ_STR(" (scan)"));
	h->leaked = cut_end(&state, IQ_STR(" (leaked)"));
	h->status = status_of(state);
	if (h->status == IQ_GSTATUS_LEAKED)
		h->leaked = true;
	if (h->status != IQ_GSTATUS_WAITING)
		return;
	if (h->leaked)
		h->status = IQ_GSTATUS_LEAKED;
	if (!iq_str_equal(state, IQ_STR("waiting")))
		h->wait_reason = state;
}

/* One of ", 3 minutes", ", locked to thread"; others are of no use here. */
static void header_item(struct iq_str item, struct iq_go_header *h)
{
	if (iq_str_equal(item, IQ_STR("locked to thread")))
		h->locked = true;
	else if (cut_end(&item, IQ_STR(" minutes")))
		iq_str_u64(item, &h->minutes);
}

/* What stands in the brackets, without labels. */
static void header_bracket(struct iq_str text, struct iq_go_header *h)
{
	size_t comma = iq_str_search(text, IQ_STR(", "));

	header_state(iq_str_sub(text, 0, comma), h);
	while (comma < text.len) {
		text = iq_str_sub(text, comma + 2, text.len);
		comma = iq_str_search(text, IQ_STR(", "));
		header_item(iq_str_sub(text, 0, comma), h);
	}
}

/* Index in @s of the brace that ends the labels it starts with, or s.len. */
static size_t labels_end(struct iq_str s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\\' && quoted)
			i++;
		else if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (s.ptr[i] == '}' && !quoted)
			return i;
	}
	return s.len;
}

/* " {req: 42}" of 1.27 or " labels:{"req": "42"}" of 1.26. */
static bool header_labels(struct iq_scan *s, struct iq_str intro,
			  struct iq_go_header *h)
{
	struct iq_scan at = *s;

	if (!iq_scan_literal(&at, intro))
		return false;
	struct iq_str rest = iq_str_sub(iq_scan_rest(&at), 0, IQ_LIMIT_NAME);
	size_t end = labels_end(rest);

	if (end == rest.len)
		return false;
	h->has_labels = true;
	h->labels = iq_str_sub(rest, 0, end);
	at.pos += end + 1;
	*s = at;
	return true;
}

/* Where the state ends: at the bracket, or at 1.26's labels before it. */
static size_t state_end(struct iq_str s)
{
	size_t bracket = iq_str_find(s, ']');
	size_t labels =
		iq_str_search(iq_str_sub(s, 0, bracket), IQ_STR(" labels:{"));

	return labels < bracket ? labels : bracket;
}

bool iq_go_header_parse(struct iq_str line, struct iq_go_header *ret)
{
	struct iq_scan s = { .s = line };
	struct iq_go_header h = { .status = IQ_GSTATUS_UNKNOWN };

	if (!iq_scan_literal(&s, IQ_STR("goroutine ")) ||
	    !iq_scan_u64(&s, &h.id))
		return false;
	header_pointers(&s, &h);
	if (!iq_scan_literal(&s, IQ_STR(" [")))
		return false;
	// The longest reason of any release has 39 bytes, items fewer.
	struct iq_str rest = iq_str_sub(iq_scan_rest(&s), 0, 256);
	size_t end = state_end(rest);

	if (end == 0 || end == rest.len)
		return false;
	header_bracket(iq_str_sub(rest, 0, end), &h);
	s.pos += end;
	header_labels(&s, IQ_STR(" labels:{"), &h);
	if (!iq_scan_literal(&s, IQ_STR("]")))
		return false;
	header_labels(&s, IQ_STR(" {"), &h);
	if (!iq_scan_literal(&s, IQ_STR(":")))
		return false;
	h.literal = sizeof("goroutine  []:") - 1;
	h.len = s.pos;
	*ret = h;
	return true;
}

bool iq_go_call_parse(struct iq_str line, struct iq_go_call *ret)
{
	size_t i = line.len;

	if (i < 3 || line.ptr[i - 1] != ')')
		return false;
	// Arguments hold no parentheses, so the last '(' opens them. They are
	// short: 10 words (Go: src/internal/abi/stack.go,
	// TraceArgsMaxLen), or more in releases before 1.17.
	for (i--; i > 0 && line.ptr[i - 1] != '('; i--) {
		char c = line.ptr[i - 1];

		if (!iq_is_alnum(c) && c != ',' && c != ' ' && c != '.' &&
		    c != '{' && c != '}' && c != '?' && c != '_' && c != '-')
			return false;
	}
	if (i < 2 || i > IQ_LIMIT_NAME)
		return false;
	struct iq_str function = iq_str_sub(line, 0, i - 1);

	// Names have spaces only where the linker spells out a type.
	if (iq_str_find(function, ' ') < function.len &&
	    iq_str_search(function, IQ_STR("struct {")) == function.len &&
	    iq_str_search(function, IQ_STR("interface {")) == function.len)
		return false;
	ret->function = function;
	ret->args = iq_str_sub(line, i, line.len - 1 - i);
	ret->inlined = iq_str_equal(ret->args, IQ_STR("..."));
	return true;
}

/*
 * Cuts " @name0xVALUE" off the end of *@s. The value, which stands last, is
 * looked for backwards: file names may have spaces, and these words, too.
 */
static bool cut_hex(struct iq_str *s, struct iq_str name, uint64_t *ret)
{
	size_t space = iq_str_rfind(*s, ' ');
	struct iq_scan word = { .s = *s,
				.pos = space < s->len ? space + 1 : 0 };
	uint64_t value;

	if (!iq_scan_literal(&word, name) || !iq_scan_hex(&word, &value) ||
	    word.pos != s->len)
		return false;
	s->len = space < s->len ? space : 0;
	*ret = value;
	return true;
}

/* "/src/main.go:70" */
static bool place_file(struct iq_str s, struct iq_go_place *p)
{
	size_t i = s.len;
	uint64_t line;

	while (i > 0 && iq_is_digit(s.ptr[i - 1]))
		i--;
	if (i < 2 || s.ptr[i - 1] != ':' || i > IQ_LIMIT_NAME ||
	    !iq_str_u64(iq_str_sub(s, i, s.len), &line) || line > INT32_MAX)
		return false;
	p->file = iq_str_sub(s, 0, i - 1);
	p->line = (uint32_t)line;
	// Go: src/runtime/symtab.go, funcline1 of an unknown function.
	if (iq_str_equal(p->file, IQ_STR("?")))
		p->file = IQ_STR("");
	return true;
}

bool iq_go_place_parse(struct iq_str line, struct iq_go_place *ret)
{
	struct iq_go_place p = { .file = IQ_STR("") };
	// rsyslog writes control characters of a line as #ooo.
	bool escaped = iq_str_starts(line, IQ_STR("#011"));
	struct iq_str s =
		iq_str_trim(iq_str_sub(line, escaped ? 4 : 0, line.len));
	bool indented = escaped || (s.len && s.ptr != line.ptr);
	uint64_t unused;

	p.has_pc = cut_hex(&s, IQ_STR("pc="), &p.pc);
	if (p.has_pc && cut_hex(&s, IQ_STR("sp="), &unused))
		p.has_fp = cut_hex(&s, IQ_STR("fp="), &unused);
	p.has_offset = cut_hex(&s, IQ_STR("+"), &p.offset);
	// C code without a file has a pc only.
	if (s.len == 0 && (!p.has_pc || p.has_offset))
		return false;
	if (s.len && !place_file(s, &p))
		return false;
	// Where indentation was lost, the offset tells it from a log line.
	if (!indented && !p.has_offset)
		return false;
	*ret = p;
	return true;
}

bool iq_go_creator_parse(struct iq_str line, struct iq_go_creator *ret)
{
	static const struct iq_str in = { " in goroutine ", 14 };
	struct iq_scan s = { .s = line };
	struct iq_go_creator c = { 0 };

	if (!iq_scan_literal(&s, IQ_STR("created by ")))
		return false;
	struct iq_str rest = iq_scan_rest(&s);
	size_t at = iq_str_search(rest, in);

	if (at < rest.len)
		c.has_parent = iq_str_u64(
			iq_str_sub(rest, at + in.len, rest.len), &c.parent);
	c.function = iq_str_sub(rest, 0, at);
	if (c.function.len == 0 || c.function.len > IQ_LIMIT_NAME)
		return false;
	*ret = c;
	return true;
}

bool iq_go_elided_parse(struct iq_str line, uint64_t *ret)
{
	struct iq_scan s = { .s = line };
	uint64_t num = 0;

	if (!iq_scan_literal(&s, IQ_STR("...")))
		return false;
	if (!iq_scan_literal(&s, IQ_STR("additional")) &&
	    !iq_scan_u64(&s, &num))
		return false;
	if (!iq_str_equal(iq_scan_rest(&s), IQ_STR(" frames elided...")))
		return false;
	*ret = num;
	return true;
}

bool iq_go_ancestor_parse(struct iq_str line, uint64_t *ret)
{
	struct iq_scan s = { .s = line };
	uint64_t id;

	if (!iq_scan_literal(&s, IQ_STR("[originating from goroutine ")) ||
	    !iq_scan_u64(&s, &id) || !iq_scan_literal(&s, IQ_STR("]:")))
		return false;
	*ret = id;
	return true;
}

bool iq_go_foreign_parse(struct iq_str line, uint64_t *ret)
{
	struct iq_scan s = { .s = line };
	uint64_t pc;

	if (!iq_scan_literal(&s, IQ_STR("non-Go function at pc=")))
		return false;
	if (!iq_scan_hex(&s, &pc) || s.pos != line.len)
		return false;
	*ret = pc;
	return true;
}

bool iq_go_register_parse(struct iq_str line)
{
	struct iq_scan s = { .s = line };
	uint64_t value;

	while (s.pos < line.len && iq_is_alnum(line.ptr[s.pos]))
		s.pos++;
	// The longest name is "mstatus"; the value stands in column 8.
	if (s.pos == 0 || s.pos > 8)
		return false;
	if (!iq_scan_literal(&s, IQ_STR(" ")) &&
	    !iq_scan_literal(&s, IQ_STR("\t")))
		return false;
	while (s.pos < line.len && line.ptr[s.pos] == ' ')
		s.pos++;
	return iq_scan_hex(&s, &value);
}
