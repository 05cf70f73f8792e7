/* SPDX-License-Identifier: Apache-2.0 */
#include "model/same_process.h"

#include "model/coverage.h"
#include "model/kinship.h"
#include "model/profile.h"
#include "model/text.h"
#include "model/trace.h"

/* Known on both sides, and different. */
static bool differ(struct iq_str a, struct iq_str b)
{
	return a.len && b.len && !iq_str_equal(a, b);
}

static bool agree(struct iq_str a, struct iq_str b)
{
	return a.len && iq_str_equal(a, b);
}

/* Which minor versions of Go write a trace's header.
 * Go: src/runtime/trace.go, 1.18 - 1.27; 1.22 can be built with the old one. */
static const struct {
	const char *header;
	uint32_t first, last;
} headers[] = {
	// clang-format off
	{ "1.11", 11, 18 },
	{ "1.19", 19, 20 },
	{ "1.21", 21, 22 },
	{ "1.22", 22, 22 },
	{ "1.23", 23, 24 },
	{ "1.25", 25, 25 },
	{ "1.26", 26, UINT32_MAX },
	// clang-format on
};

/* 26 of "go1.26.8"; false for development versions. */
static bool minor_version(struct iq_str version, uint32_t *ret)
{
	size_t i = sizeof("go1.") - 1;
	uint32_t minor = 0;

	if (!iq_str_starts(version, IQ_STR("go1.")))
		return false;
	for (; i < version.len && minor < 1000; i++) {
		if (version.ptr[i] < '0' || version.ptr[i] > '9')
			break;
		minor = minor * 10 + (uint32_t)(version.ptr[i] - '0');
	}
	*ret = minor;
	return i > sizeof("go1.") - 1;
}

/* No runtime of the process's version writes such traces. */
static bool is_header_foreign(const struct iq_trace *trace,
			      struct iq_str version)
{
	uint32_t minor;

	if (!trace || !minor_version(version, &minor))
		return false;
	for (size_t i = 0; i < IQ_ARRAY_SIZE(headers); i++) {
		if (iq_str_equal(trace->version, iq_str_of(headers[i].header)))
			return minor < headers[i].first ||
			       minor > headers[i].last;
	}
	return false;
}

/*
 * How far two clocks of one process may be apart: the core's file is written
 * after its end, and its reader has believed the file's time; the wall clock may
 * have been set.
 */
#define CLOCK_SLACK_NS 3000000000ll
/* A trace's clock is that of the core; that a file's time becomes one of it is
 * more. */
#define TRACE_SLACK_NS 60000000000ll

/* @facts's moment, on the wall clock, is a profile's. */
static bool profile_time(const struct iq_facts *facts, int64_t *ret)
{
	*ret = facts->process.time_ns;
	return facts->witness.kind == IQ_WITNESS_PROFILE &&
	       facts->process.has_time;
}

/* Whether @a is later than @b, @slack aside. */
static bool is_past(int64_t a, int64_t b, int64_t slack)
{
	int64_t late;

	return !__builtin_sub_overflow(a, b, &late) && late > slack;
}

/*
 * @facts were taken after @core's process had ended: the runtime's clock for a
 * trace, the wall clock for a profile.
 */
static bool is_after_end(const struct iq_facts *core,
			 const struct iq_facts *facts)
{
	const struct iq_process_fact *p = &core->process;
	const struct iq_trace *trace = facts->trace;
	int64_t end, time;

	if (core->witness.kind != IQ_WITNESS_CORE || p->end <= IQ_END_NONE ||
	    !p->has_time)
		return false;
	if (trace && trace->is_nanotime && p->has_wall_offset)
		return !__builtin_sub_overflow(p->time_ns, p->wall_offset_ns,
					       &end) &&
		       is_past(trace->end_ns, end, TRACE_SLACK_NS);
	return profile_time(facts, &time) &&
	       is_past(time, p->time_ns, CLOCK_SLACK_NS);
}

/* @facts were taken before @core's process had begun. */
static bool is_before_start(const struct iq_facts *core,
			    const struct iq_facts *facts)
{
	const struct iq_process_fact *p = &core->process;
	const struct iq_trace *trace = facts->trace;
	int64_t start, time;

	if (core->witness.kind != IQ_WITNESS_CORE || !p->has_start)
		return false;
	if (trace && trace->is_nanotime)
		return is_past(p->start_ns, trace->start_ns, CLOCK_SLACK_NS);
	return profile_time(facts, &time) && p->has_wall_offset &&
	       !__builtin_add_overflow(p->start_ns, p->wall_offset_ns,
				       &start) &&
	       is_past(start, time, CLOCK_SLACK_NS);
}

static bool has_ids(const struct iq_facts *facts)
{
	return facts->goroutines.len > 1 && facts->goroutines.data[0].has_id;
}

/* The reader of core @a looked at the file of @b, and refused it. */
static bool is_refused(const struct iq_facts *a, const struct iq_facts *b)
{
	char quoted[IQ_STR_QUOTE_SIZE];
	struct iq_str name, rest;

	if (b->witness.kind != IQ_WITNESS_EXECUTABLE)
		return false;
	name = iq_str_of(iq_str_quote(b->witness.path, quoted));
	for (size_t i = 0; i < a->gaps.len; i++) {
		const struct iq_gap *gap = &a->gaps.data[i];

		if (gap->code != IQ_GAP_MISMATCH ||
		    !iq_str_starts(gap->text, name))
			continue;
		rest = (struct iq_str){ gap->text.ptr + name.len,
					gap->text.len - name.len };
		// The other one is of a file that nothing can be held against.
		if (!iq_str_starts(rest, IQ_STR(" is not verified")))
			return true;
	}
	return false;
}

/* Most of the program's goroutines have no stack: a trace of Go 1.22 has none of
 * those that were parked before it began. */
static bool lacks_stacks(const struct iq_facts *facts)
{
	size_t with = 0, without = 0;

	for (size_t i = 0; i < facts->goroutines.len; i++) {
		const struct iq_goroutine_fact *fact =
			&facts->goroutines.data[i];

		if (fact->system)
			continue;
		with += fact->stack && fact->stack->num_frames;
		without += !(fact->stack && fact->stack->num_frames);
	}
	return without > with;
}

/* All goroutines of a process, with their stacks. */
static bool shows_program(const struct iq_facts *facts)
{
	return facts->goroutines.len && !lacks_stacks(facts) &&
	       !(facts->profile &&
		 facts->profile->type != IQ_PROFILE_GOROUTINE);
}

/* Functions that a witness must show before it is said to have none of another
 * program's; and where the files have other names. */
#define FUNCTIONS_MIN 5
#define FUNCTIONS_NAMED_MIN 2

static bool is_other_program(const struct iq_facts *a, const struct iq_facts *b,
			     const struct iq_kinship_signs *s)
{
	bool names = differ(iq_str_basename(a->process.executable),
			    iq_str_basename(b->process.executable));
	size_t min = names ? FUNCTIONS_NAMED_MIN : FUNCTIONS_MIN;

	return !s->has_common && s->num_functions[0] >= min &&
	       s->num_functions[1] >= min && shows_program(a) &&
	       shows_program(b);
}

/* Lines of the standard library that must differ: texts are damaged. */
#define LINES_MIN 4

/* Whether the core @a took code or names from the file @b: a library, or the
 * debug information of its program. */
static bool is_used_by(const struct iq_facts *a, const struct iq_facts *b)
{
	const struct iq_coverage *c = a->coverage;

	for (size_t i = 0; c && i < c->num_modules; i++) {
		const struct iq_coverage_module *m = &c->modules[i];

		if (m->state >= IQ_MODULE_UNVERIFIED &&
		    (agree(m->file, b->witness.path) ||
		     agree(m->debug, b->witness.path)))
			return true;
	}
	return agree(a->process.build_id, b->process.build_id) ||
	       agree(a->process.go_build_id, b->process.go_build_id);
}

/* Why @b is of another build than @a, or NULL. */
static const char *why_other_build(const struct iq_facts *a,
				   const struct iq_facts *b,
				   const struct iq_kinship_signs *s)
{
	if (b->witness.kind == IQ_WITNESS_EXECUTABLE && is_used_by(a, b))
		return NULL;
	if (b->witness.kind == IQ_WITNESS_EXECUTABLE &&
	    !b->process.go_version.len)
		return "it is no Go program";
	if (differ(a->process.build_id, b->process.build_id) ||
	    differ(a->process.go_build_id, b->process.go_build_id))
		return "it is of another build (build ids differ)";
	if (differ(a->process.go_version, b->process.go_version) ||
	    is_header_foreign(b->trace, a->process.go_version) ||
	    is_header_foreign(a->trace, b->process.go_version))
		return "it is of another build (Go versions differ)";
	if (is_refused(a, b))
		return "it is not the program of the core";
	// Who builds the same twice gets the same addresses, and who knows the
	// build ids needs none.
	if (agree(a->process.build_id, b->process.build_id))
		return NULL;
	if (is_other_program(a, b, s))
		return "it is of another program (no function in common)";
	if (s->num_other_lines >= LINES_MIN &&
	    s->num_other_lines > s->num_lines)
		return "it is of another build (the standard library has other "
		       "lines)";
	if (s->num_other_addresses > s->num_addresses &&
	    s->num_other_addresses > 1)
		return "it is of another build (the same calls are at other "
		       "addresses)";
	if (s->num_other_files > s->num_files)
		return "it is of another build (functions are in other files)";
	return NULL;
}

/* Why @b saw another process than @a did, or NULL. */
static const char *why_other_run(const struct iq_facts *a,
				 const struct iq_facts *b,
				 const struct iq_kinship_signs *s)
{
	const struct iq_process_fact *p = &a->process, *q = &b->process;

	if (p->has_pid && q->has_pid && p->pid != q->pid)
		return "it is of another process (pids differ)";
	if (s->num_all_threads && !s->num_threads)
		return "it is of another process (no thread in common)";
	if (s->num_dead)
		return "it is of another process (goroutines that had ended in "
		       "one are in the other)";
	if (s->num_other_gs > s->num_gs)
		return "it is of another process (goroutines of equal ids are "
		       "at other addresses)";
	if (s->num_strange)
		return "it is of another process (its goroutines and those of "
		       "the trace were never together)";
	if (is_after_end(a, b) || is_after_end(b, a))
		return "it is of another process (that of the core had ended "
		       "by then)";
	if (is_before_start(a, b) || is_before_start(b, a))
		return "it is of another process (that of the core had not "
		       "begun by then)";
	if (has_ids(a) && has_ids(b) && !s->num_ids)
		return "it is of another process (no goroutine id in common)";
	if (s->num_other * 4 > s->num_ids)
		return "it is of another process (goroutines of equal ids were "
		       "made elsewhere)";
	return NULL;
}

/* A list of reasons that grows. */
struct reasons {
	struct iq_arena *arena;
	struct iq_str text;
	struct iq_error *err;
};

static void add_reason(struct reasons *r, const char *reason)
{
	if (!r->err)
		r->err = iq_textf(r->arena, &r->text, "%.*s%s%s",
				  IQ_STR_ARG(r->text), r->text.len ? ", " : "",
				  reason);
}

static void add_number(struct reasons *r, size_t number, const char *one,
		       const char *many)
{
	struct iq_str reason;

	if (!r->err)
		r->err = iq_textf(r->arena, &reason, "%zu %s", number,
				  number == 1 ? one : many);
	if (!r->err)
		add_reason(r, reason.ptr);
}

/* What shows that both saw one process. */
static bool find_process(const struct iq_process_fact *p,
			 const struct iq_process_fact *q,
			 const struct iq_kinship_signs *s, struct reasons *r)
{
	bool pids = p->has_pid && q->has_pid && p->pid == q->pid;

	if (pids)
		add_reason(r, "pids agree");
	if (s->num_same)
		add_number(r, s->num_same,
			   "goroutine id agrees with where it was made",
			   "goroutine ids agree with where they were made");
	if (s->num_threads)
		add_number(r, s->num_threads, "thread is in both",
			   "threads are in both");
	if (s->has_waits)
		add_reason(r, "a collection of the trace is noted in the core");
	return pids || s->num_same || s->num_threads || s->has_waits;
}

/* What shows that both are of one build. */
static bool find_build(const struct iq_process_fact *p,
		       const struct iq_process_fact *q,
		       const struct iq_kinship_signs *s, struct reasons *r)
{
	bool ids = agree(p->build_id, q->build_id) ||
		   agree(p->go_build_id, q->go_build_id);
	bool addresses = s->num_addresses > s->num_other_addresses;

	if (ids)
		add_reason(r, "build ids agree");
	else if (addresses)
		add_number(r, s->num_addresses, "call is at the same address",
			   "calls are at the same addresses");
	return ids || addresses;
}

/* Proves nothing, but is worth to be told. */
static void find_likeness(const struct iq_process_fact *p,
			  const struct iq_process_fact *q,
			  const struct iq_kinship_signs *s, struct reasons *r)
{
	struct iq_str all;

	if (agree(iq_str_basename(p->executable),
		  iq_str_basename(q->executable)))
		add_reason(r, "executable names agree");
	if (!s->num_all_stacks || r->err)
		return;
	r->err = iq_textf(r->arena, &all, "%zu of %zu stacks in common",
			  s->num_stacks, s->num_all_stacks);
	if (!r->err)
		add_reason(r, all.ptr);
}

/* How witness @w stands to the reference, and why. */
static struct iq_error *judge(struct iq_model *m, size_t reference, size_t w,
			      enum iq_kinship *ret, struct iq_str *text_ret)
{
	const struct iq_facts *a = m->witnesses[reference];
	const struct iq_facts *b = m->witnesses[w];
	struct reasons r = { .arena = &m->arena };
	struct iq_kinship_signs signs;
	struct iq_error *err = iq_kinship_compare(m, reference, w, &signs);

	if (err)
		return err;
	const char *why = why_other_build(a, b, &signs);
	*ret = IQ_KINSHIP_OTHER_BUILD;
	if (!why && b->witness.kind != IQ_WITNESS_EXECUTABLE) {
		why = why_other_run(a, b, &signs);
		*ret = IQ_KINSHIP_OTHER_RUN;
	}
	if (why) {
		*text_ret = iq_str_of(why);
		return NULL;
	}
	*ret = IQ_KINSHIP_PROCESS;
	if (!find_process(&a->process, &b->process, &signs, &r)) {
		*ret = IQ_KINSHIP_UNKNOWN;
		if (b->witness.kind != IQ_WITNESS_EXECUTABLE)
			add_reason(&r, "process not known");
	}
	if (find_build(&a->process, &b->process, &signs, &r) &&
	    *ret == IQ_KINSHIP_UNKNOWN)
		*ret = IQ_KINSHIP_BUILD;
	if (*ret != IQ_KINSHIP_PROCESS)
		find_likeness(&a->process, &b->process, &signs, &r);
	*text_ret = r.text;
	return r.err;
}

/*
 * What knows most of a process: kinds in the order of trust. Without goroutines
 * there is nothing to know; without ids they are groups; without stacks they
 * are less.
 */
static int rank_of(const struct iq_facts *facts)
{
	static const int ranks[] = {
		[IQ_WITNESS_CORE] = 6,	     [IQ_WITNESS_DUMP] = 5,
		[IQ_WITNESS_TRACE] = 4,	     [IQ_WITNESS_PROFILE] = 3,
		[IQ_WITNESS_EXECUTABLE] = 1,
	};
	int rank = ranks[facts->witness.kind];

	if (!facts->goroutines.len)
		return facts->witness.kind == IQ_WITNESS_CORE ? 1 : 0;
	if (!facts->goroutines.data[0].has_id)
		return ranks[IQ_WITNESS_PROFILE];
	if (facts->witness.kind == IQ_WITNESS_TRACE && lacks_stacks(facts))
		return ranks[IQ_WITNESS_PROFILE] - 1;
	return rank;
}

bool iq_witness_knows_more(const struct iq_facts *a, const struct iq_facts *b,
			   bool *ret)
{
	int x = rank_of(a), y = rank_of(b);
	bool leaks;

	if (x != y) {
		*ret = x > y;
		return true;
	}
	// A profile of leaks has no other goroutines.
	leaks = a->profile && b->profile &&
		a->profile->type != b->profile->type;
	if (leaks)
		*ret = a->profile->type < b->profile->type;
	return leaks;
}

/* The witness that the others are held against: the first of those that know
 * most. */
static size_t reference_witness(const struct iq_model *m)
{
	size_t best = 0;

	for (size_t w = 1; w < m->num_witnesses; w++) {
		bool more;

		if (iq_witness_knows_more(m->witnesses[w], m->witnesses[best],
					  &more) &&
		    more)
			best = w;
	}
	return best;
}

#define TAKE_TEXT(to, from, field)                                             \
	do {                                                                   \
		if (!(to)->field.len)                                          \
			(to)->field = (from)->field;                           \
	} while (0)

/* How the process ended is known best by who names a cause. */
static void join_end(struct iq_process_fact *to,
		     const struct iq_process_fact *from)
{
	bool better = from->end > to->end &&
		      (to->end == IQ_END_UNKNOWN || from->end_text.len);

	if (better) {
		to->end = from->end;
		to->end_text = from->end_text;
		to->has_end_goroutine = from->has_end_goroutine;
		to->end_goroutine = from->end_goroutine;
	} else if (from->end == to->end) {
		TAKE_TEXT(to, from, end_text);
		if (!to->has_end_goroutine) {
			to->has_end_goroutine = from->has_end_goroutine;
			to->end_goroutine = from->end_goroutine;
		}
	}
	TAKE_TEXT(to, from, signal);
	if (!to->has_fault_addr) {
		to->has_fault_addr = from->has_fault_addr;
		to->fault_addr = from->fault_addr;
	}
}

static void join_process(struct iq_process_fact *to,
			 const struct iq_process_fact *from)
{
	TAKE_TEXT(to, from, go_version);
	TAKE_TEXT(to, from, arch);
	TAKE_TEXT(to, from, executable);
	TAKE_TEXT(to, from, module);
	TAKE_TEXT(to, from, vcs_revision);
	TAKE_TEXT(to, from, build_id);
	TAKE_TEXT(to, from, go_build_id);
	if (!to->has_pid) {
		to->has_pid = from->has_pid;
		to->pid = from->pid;
	}
	if (to->cgo == IQ_UNKNOWN)
		to->cgo = from->cgo;
	if (to->stripped == IQ_UNKNOWN)
		to->stripped = from->stripped;
	if (to->optimised == IQ_UNKNOWN)
		to->optimised = from->optimised;
	join_end(to, from);
}

static struct iq_error *add_gap(struct iq_model *m, struct iq_gap *gaps,
				size_t w, struct iq_str why)
{
	struct iq_gap *gap = &gaps[m->num_gaps];
	char quoted[IQ_STR_QUOTE_SIZE];

	*gap = (struct iq_gap){ .code = IQ_GAP_MISMATCH, .count = 1 };
	struct iq_error *err =
		iq_textf(&m->arena, &gap->text, "%s is not used: %.*s",
			 iq_str_quote(m->witnesses[w]->witness.path, quoted),
			 IQ_STR_ARG(why));
	if (!err)
		m->num_gaps++;
	return err;
}

/* What iq_same_process() fills. */
struct kinships {
	enum iq_kinship *kinship;
	struct iq_str *texts;
	bool *foreign;
	struct iq_gap *gaps;
};

/* The witnesses that know addresses; of more than a few, those that were given
 * first. */
#define SECONDS_MAX 8

/* Who cannot be told from the reference alone may be by another witness of the
 * process: a text has no addresses, a trace has. */
static struct iq_error *judge_again(struct iq_model *m, size_t reference,
				    size_t w, struct kinships *k)
{
	struct iq_error *err = NULL;
	size_t left = SECONDS_MAX;

	for (size_t v = 0; v < m->num_witnesses && left && !err; v++) {
		enum iq_kinship kinship;
		struct iq_str text;

		if (v == reference || k->kinship[v] != IQ_KINSHIP_PROCESS ||
		    (m->witnesses[v]->witness.kind != IQ_WITNESS_TRACE &&
		     m->witnesses[v]->witness.kind != IQ_WITNESS_CORE))
			continue;
		left--;
		err = judge(m, v, w, &kinship, &text);
		if (err || kinship == IQ_KINSHIP_UNKNOWN)
			continue;
		k->kinship[w] = kinship;
		k->texts[w] = text;
		return NULL;
	}
	return err;
}

static struct iq_error *judge_all(struct iq_model *m, size_t reference,
				  struct kinships *k)
{
	struct iq_error *err = NULL;

	for (size_t w = 0; w < m->num_witnesses && !err; w++) {
		if (w != reference)
			err = judge(m, reference, w, &k->kinship[w],
				    &k->texts[w]);
	}
	for (size_t w = 0; w < m->num_witnesses && !err; w++) {
		if (w != reference && k->kinship[w] == IQ_KINSHIP_UNKNOWN &&
		    m->witnesses[w]->witness.kind != IQ_WITNESS_EXECUTABLE)
			err = judge_again(m, reference, w, k);
	}
	return err;
}

static struct iq_error *use_witness(struct iq_model *m, size_t w,
				    struct kinships *k)
{
	if (k->kinship[w] > IQ_KINSHIP_OTHER_RUN) {
		join_process(&m->process, &m->witnesses[w]->process);
		return NULL;
	}
	k->foreign[w] = true;
	return add_gap(m, k->gaps, w, k->texts[w]);
}

struct iq_error *iq_same_process(struct iq_model *m)
{
	size_t n = m->num_witnesses;
	struct kinships k = {
		.kinship = iq_arena_calloc(&m->arena, n, sizeof(*k.kinship)),
		.texts = iq_arena_calloc(&m->arena, n, sizeof(*k.texts)),
		.foreign = iq_arena_calloc(&m->arena, n, sizeof(*k.foreign)),
		.gaps = iq_arena_calloc(&m->arena, n, sizeof(*k.gaps)),
	};
	struct iq_error *err = NULL;
	size_t reference;

	if (!k.kinship || !k.texts || !k.foreign || !k.gaps)
		return &iq_enomem;
	m->kinship = k.kinship;
	m->kinship_text = k.texts;
	m->foreign = k.foreign;
	m->gaps = k.gaps;
	if (!n)
		return NULL;
	reference = reference_witness(m);
	m->process = m->witnesses[reference]->process;
	k.kinship[reference] = IQ_KINSHIP_PROCESS;
	k.texts[reference] = IQ_STR("the others are held against it");
	err = judge_all(m, reference, &k);
	for (size_t w = 0; w < n && !err; w++) {
		if (w != reference)
			err = use_witness(m, w, &k);
	}
	return err;
}
