/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution traces of Go: format v2 (1.22 and later). Generations are run side
 * by side and merged in their order.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "formats/reader.h"
#include "formats/trace/guess.h"
#include "formats/trace/header.h"
#include "formats/trace/whole.h"

static unsigned go_trace_bid(const struct iq_source *source)
{
	struct iq_trace_header header;

	return iq_trace_header_read(source, &header);
}

struct work {
	const struct iq_read_context *context;
	struct iq_trace_file *file;
	struct iq_trace_whole whole;
	struct iq_trace_run *runs; /* one a worker */
	pthread_mutex_t lock;
	/* Another generation was merged, or none will be any more. */
	pthread_cond_t merged;
	size_t next_taken, next_merged;
	bool nomem;
};

static const char *const fault_texts[IQ_FAULT_NUM] = {
	[IQ_FAULT_RECORD] =
		"a record of strings, stacks or samples is damaged: "
		"what follows in its batch is lost",
	[IQ_FAULT_TWICE] = "a string or stack has the id of another one: the "
			   "first one counts",
	[IQ_FAULT_FRAME_STRING] = "names of frames are not in the generation's "
				  "strings",
	[IQ_FAULT_SAMPLE_STACK] = "stacks of samples are not there",
	[IQ_FAULT_MISSING_STRING] = "strings of events are not there",
	[IQ_FAULT_MISSING_STACK] = "stacks of events are not there",
	[IQ_FAULT_REGION] = "a region ends that is not the innermost one: its "
			    "time is not counted",
	[IQ_FAULT_TASK] = "a task begins that has begun before",
};

static void faults_tell(struct iq_facts *facts, const struct iq_trace_run *run)
{
	// The tables come last: what is cut off has lost them.
	enum iq_gap_code code =
		run->generation->whole ? IQ_GAP_DAMAGED : IQ_GAP_TRUNCATED;

	for (unsigned i = 0; i < IQ_FAULT_NUM; i++) {
		const struct iq_trace_fault *fault = &run->tables.faults[i];

		if (fault->count)
			iq_facts_gap_offset(facts, code, fault->offset,
					    "generation %" PRIu64
					    ": %s (%" PRIu64 " of them)",
					    run->generation->number,
					    fault_texts[i], fault->count);
	}
}

/* Why a run ends before its generation does. */
static void broken_tell(struct work *work, struct iq_trace_run *run, size_t k)
{
	struct iq_facts *facts = work->whole.facts;
	const struct iq_trace_generation *g = run->generation;
	size_t left = work->file->generations.len - k - 1;

	if (!g->whole) {
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, g->offset,
				    "generation %" PRIu64 " is cut off: of its "
				    "events those are told that fit each other",
				    g->number);
		return;
	}
	if (run->error)
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED, run->error->offset,
				    "generation %" PRIu64 ": %s", g->number,
				    run->error->text);
	if (left)
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED, g->offset,
				    "nothing is told of the %zu generations "
				    "after generation %" PRIu64,
				    left, g->number);
}

/* Whether the generation's times can be told. */
static bool has_clock(const struct iq_trace_generation *g)
{
	return g->clock.has_frequency && g->clock.frequency != 0;
}

static void clock_tell(struct work *work, const struct iq_trace_generation *g)
{
	struct iq_facts *facts = work->whole.facts;

	if (!has_clock(g))
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED, g->offset,
				    "generation %" PRIu64
				    " has no clock: nothing is told of it",
				    g->number);
	else if (work->file->header.minor >= IQ_TRACE_SYNC_BATCH &&
		 !g->clock.has_snapshot)
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED, g->offset,
				    "generation %" PRIu64
				    " has no snapshot of the clocks",
				    g->number);
}

/* What was run without the generation before is done again with it. */
static bool run_exact(struct work *work, struct iq_trace_run *run)
{
	struct iq_trace_whole *whole = &work->whole;

	if (whole->gs.len > whole->patience) {
		whole->stopped = true;
		iq_facts_gap_offset(
			whole->facts, IQ_GAP_LIMIT, run->generation->offset,
			"too many generations contradict their own "
			"beginning: nothing is told from generation "
			"%" PRIu64 " on",
			run->generation->number);
		return true;
	}
	whole->patience -= whole->gs.len;
	if (!iq_trace_run_restart(run, IQ_RUN_EXACT, work->whole.last) ||
	    !iq_trace_whole_load(&work->whole, run))
		return false;
	iq_trace_run_order(run);
	return !run->nomem;
}

/* The generation's turn: @run holds it, if it has a clock. */
static bool turn(struct work *work, struct iq_trace_run *run, size_t k)
{
	const struct iq_trace_generation *g = &work->file->generations.data[k];
	struct iq_trace_whole *whole = &work->whole;
	bool again;

	clock_tell(work, g);
	if (!has_clock(g)) {
		whole->stopped = true;
		return true;
	}
	again = run->mode == IQ_RUN_SPECULATIVE &&
		(run->end != IQ_RUN_WHOLE || !iq_trace_whole_fits(whole, run));
	if (again && !run_exact(work, run))
		return false;
	if (whole->stopped)
		return true;
	if (run->nomem || !iq_trace_whole_merge(whole, run))
		return false;
	faults_tell(whole->facts, run);
	whole->stopped = run->end == IQ_RUN_BROKEN || !g->whole;
	if (whole->stopped)
		broken_tell(work, run, k);
	return true;
}

/* Runs generation @k from nothing, or from a guess of when it begins. */
static bool run_alone(struct work *work, struct iq_trace_run *run, size_t k)
{
	const struct iq_trace_generation *g = &work->file->generations.data[k];
	enum iq_run_mode mode = k ? IQ_RUN_SPECULATIVE : IQ_RUN_INITIAL;
	int64_t last = 0;

	if (!has_clock(g))
		return true;
	run->has_wanted = work->context->has_trace_of;
	run->wanted_id = work->context->trace_of;
	if (k)
		last = iq_trace_guess_last(work->file, g - 1);
	if (!iq_trace_run_begin(run, work->file, g, mode, last))
		return false;
	iq_trace_run_order(run);
	return !run->nomem;
}

/* The next generation that nobody has; false if there is none. */
static bool take(struct work *work, size_t *ret)
{
	if (work->whole.stopped || work->nomem ||
	    work->next_taken == work->file->generations.len)
		return false;
	*ret = work->next_taken++;
	return true;
}

static void worker_loop(struct work *work, struct iq_trace_run *run)
{
	size_t k;

	pthread_mutex_lock(&work->lock);
	while (take(work, &k)) {
		bool ok;

		pthread_mutex_unlock(&work->lock);
		ok = run_alone(work, run, k);
		pthread_mutex_lock(&work->lock);
		while (work->next_merged != k && !work->whole.stopped &&
		       !work->nomem)
			pthread_cond_wait(&work->merged, &work->lock);
		if (work->whole.stopped || work->nomem)
			break;
		if (!ok || !turn(work, run, k))
			work->nomem = true;
		work->next_merged++;
		pthread_cond_broadcast(&work->merged);
	}
	pthread_mutex_unlock(&work->lock);
}

static struct iq_error *worker(void *ctx, unsigned number, size_t begin,
			       size_t end)
{
	struct work *work = ctx;

	(void)begin;
	(void)end;
	worker_loop(work, &work->runs[number]);
	return NULL;
}

static struct iq_error *generations_read(struct work *work)
{
	unsigned num = iq_pool_num_workers(work->context->pool);
	struct iq_error *err;

	work->runs = calloc(num, sizeof(*work->runs));
	if (!work->runs)
		return &iq_enomem;
	pthread_mutex_init(&work->lock, NULL);
	pthread_cond_init(&work->merged, NULL);
	err = iq_pool_run(work->context->pool, num, 1, worker, work);
	pthread_cond_destroy(&work->merged);
	pthread_mutex_destroy(&work->lock);
	for (unsigned i = 0; i < num; i++)
		iq_trace_run_deinit(&work->runs[i]);
	free(work->runs);
	if (!err && work->nomem)
		err = &iq_enomem;
	return err;
}

/* What is known before a generation is read. */
static void header_facts(struct iq_facts *facts,
			 const struct iq_trace_file *file)
{
	facts->witness.kind = IQ_WITNESS_TRACE;
	facts->witness.format = IQ_STR("go-trace-v2");
	facts->witness.tells = IQ_TELLS_IDS | IQ_TELLS_STATES |
			       IQ_TELLS_STACKS | IQ_TELLS_CREATORS |
			       IQ_TELLS_SYSTEM | IQ_TELLS_HISTORY;
	if (file->header.minor > IQ_TRACE_NEWEST)
		iq_facts_gap_offset(facts, IQ_GAP_LAYOUT, 0,
				    "format go 1.%u is newer than go 1.%u, "
				    "which it is read as",
				    file->header.minor, IQ_TRACE_NEWEST);
}

/* How the file itself ends. */
static void end_facts(struct iq_facts *facts, struct iq_trace_file *file)
{
	size_t n = file->generations.len;
	uint64_t offset;

	if (file->source->damage)
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, file->source->size,
				    "%s", file->source->damage);
	if (file->damage) {
		enum iq_gap_code code =
			file->damage->code == IQ_ERROR_TRUNCATED ?
				IQ_GAP_TRUNCATED :
				IQ_GAP_DAMAGED;

		iq_facts_gap_error(facts, code, file->damage);
		file->damage = NULL;
	} else if (n && !file->generations.data[n - 1].whole) {
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED, file->source->size,
				    "the end of generation %" PRIu64
				    " is not marked: the file is cut off",
				    file->generations.data[n - 1].number);
	} else if (n == 0 && file->header.minor < IQ_TRACE_END_OF_GENERATION) {
		iq_facts_gap_offset(facts, IQ_GAP_TRUNCATED,
				    IQ_TRACE_HEADER_SIZE,
				    "nothing follows the header");
	}
	if (file->clock_twice)
		iq_facts_gap_offset(facts, IQ_GAP_DAMAGED,
				    file->clock_twice_offset,
				    "a generation has two clocks: the first "
				    "one counts");
	if (iq_source_first_fault(file->source, &offset))
		iq_facts_gap_offset(facts, IQ_GAP_IO, offset,
				    "the file cannot be read from here on");
}

static struct iq_error *v2_read(const struct iq_read_context *context,
				struct iq_trace_file *file,
				struct iq_facts *facts)
{
	struct work work = { .context = context, .file = file };
	struct iq_error *err;

	header_facts(facts, file);
	iq_trace_whole_init(&work.whole, facts, file);
	work.whole.has_wanted = context->has_trace_of;
	work.whole.wanted = context->trace_of;
	err = generations_read(&work);
	if (!err && !iq_trace_whole_close(&work.whole))
		err = &iq_enomem;
	if (!err)
		err = iq_trace_whole_facts(&work.whole);
	iq_trace_whole_deinit(&work.whole);
	if (!err)
		end_facts(facts, file);
	return err;
}

static struct iq_error *go_trace_read(const struct iq_read_context *context,
				      const struct iq_source *source,
				      struct iq_facts *facts)
{
	struct iq_trace_header header;
	struct iq_trace_file file = { 0 };
	struct iq_error *err;

	if (!iq_trace_header_read(source, &header))
		return iq_error_at(IQ_ERROR_FORMAT, 0,
				   "no header of an execution trace");
	if (header.minor < IQ_TRACE_V2)
		return iq_error_at(IQ_ERROR_UNSUPPORTED, 0,
				   "execution trace of format go 1.%u, which "
				   "is older than go 1.%u and not read",
				   header.minor, IQ_TRACE_V2);
	err = iq_trace_file_index(&file, source, &header);
	if (!err)
		err = v2_read(context, &file, facts);
	iq_trace_file_deinit(&file);
	return err;
}

extern const struct iq_reader iq_reader_go_trace;

const struct iq_reader iq_reader_go_trace = {
	.name = "go-trace-v2",
	.kind = IQ_WITNESS_TRACE,
	.bid = go_trace_bid,
	.read = go_trace_read,
};
