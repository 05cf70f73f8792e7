/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captures of testdata/ joined: of each process that stood still, a core, a
 * trace, profiles and texts of one moment. All must be found to be of one
 * process, and each goroutine that is parked in the core must be found in the
 * others, at the same place. One TAP line a process, its figures behind it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/moment.h"
#include "model/population.h"
#include "model/profile.h"
#include "tests/fixtures.h"

/* Goroutine 1 wrote the profiles and texts: it is elsewhere in each. */
#define MAIN_GOID 1
/* Of a trace from Go 1.23 on every stack is known; before, of what parked
 * within it. */
#define LAST_WITHOUT_STACKS "go1.22"

static const char *const names[] = {
	"core.zst",	   "trace.zst",	     "goroutine.pb.gz",
	"sigquit.txt.zst", "debug2.txt.zst", "debug1.txt.zst",
};
#define NUM_NAMES IQ_ARRAY_SIZE(names)

/* What does not stand still from the first capture to the last. */
static const char *const moving[] = { "httpaccept-healthy" };

struct process {
	const char *folder; /* "zoo/go1.26-default" */
	struct iq_source *executable;
	struct iq_source *sources[NUM_NAMES];
	struct iq_facts *facts[NUM_NAMES];
	/* Without those that are not there: names[index[w]] is witness w. */
	const struct iq_facts *witnesses[NUM_NAMES];
	size_t index[NUM_NAMES];
	size_t num;
	struct iq_model *model;
	bool failed;
};

static void complain(struct process *p, const char *fmt, ...) iq_printf(2, 3);

static void complain(struct process *p, const char *fmt, ...)
{
	va_list args;

	p->failed = true;
	printf("# %s: ", p->folder);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

static void read_one(struct process *p, size_t i)
{
	const struct iq_source *executables[] = { p->executable };
	const struct iq_read_context context = {
		.executables = executables,
		.num_executables = p->executable ? 1 : 0,
		.no_file_system = true,
	};
	const struct iq_reader *reader = iq_reader_for(p->sources[i]);
	struct iq_facts *facts;

	if (!reader || iq_facts_create(&facts))
		return;
	facts->witness.kind = reader->kind;
	facts->witness.format = iq_str_of(reader->name);
	facts->witness.path = iq_str_of(p->sources[i]->path);
	facts->witness.complete = true;
	struct iq_error *err = reader->read(&context, p->sources[i], facts);
	if (!err)
		err = iq_profile_goroutines(facts);
	if (err)
		complain(p, "%s: %s", names[i], err->text);
	iq_error_destroy(err);
	iq_facts_finish(facts);
	p->facts[i] = facts;
	p->index[p->num] = i;
	p->witnesses[p->num++] = facts;
}

static struct iq_source *open_one(const struct process *p, const char *name,
				  struct iq_source *(*open)(const char *))
{
	struct iq_source *source = NULL;
	char *path = NULL;

	if (asprintf(&path, "%s/%s", p->folder, name) >= 0)
		source = open(path);
	free(path);
	return source;
}

static void process_open(struct process *p)
{
	p->executable = open_one(p, names[0], fixture_executable);
	for (size_t i = 0; i < NUM_NAMES; i++) {
		p->sources[i] = open_one(p, names[i], fixture_open);
		if (p->sources[i])
			read_one(p, i);
	}
}

static void process_close(struct process *p)
{
	iq_model_destroy(p->model);
	for (size_t i = 0; i < NUM_NAMES; i++) {
		iq_facts_destroy(p->facts[i]);
		iq_source_destroy(p->sources[i]);
	}
	iq_source_destroy(p->executable);
}

static bool is_parked(const struct iq_goroutine *g)
{
	return g->fact->status == IQ_GSTATUS_WAITING && !g->system &&
	       g->has_id && g->id != MAIN_GOID;
}

/* What a witness must be shown to be: of the process, if it has ids and the
 * process goroutines of the program; of the build, if it has addresses. */
static enum iq_kinship least_kinship(const struct process *p, size_t w)
{
	const struct iq_facts *facts = p->witnesses[w];

	if (!facts->goroutines.len)
		return IQ_KINSHIP_UNKNOWN;
	if (!facts->goroutines.data[0].has_id)
		return IQ_KINSHIP_BUILD;
	for (size_t i = 0; i < p->model->num_goroutines; i++) {
		if (is_parked(&p->model->goroutines[i]))
			return IQ_KINSHIP_PROCESS;
	}
	return IQ_KINSHIP_UNKNOWN;
}

static void check_kinship(struct process *p)
{
	for (size_t w = 0; w < p->num; w++) {
		if (p->model->kinship[w] < least_kinship(p, w))
			complain(p, "%s: kinship is %d: %.*s",
				 names[p->index[w]], (int)p->model->kinship[w],
				 IQ_STR_ARG(p->model->kinship_text[w]));
	}
}

static const char *place_of(const struct iq_goroutine_fact *fact, char *buf,
			    size_t size)
{
	size_t len = 0;

	buf[0] = 0;
	for (uint32_t i = 0;
	     fact->stack && i < fact->stack->num_frames && len + 1 < size; i++)
		len += (size_t)snprintf(
			buf + len, size - len, "%s%.*s:%u", i ? " < " : "",
			IQ_STR_ARG(fact->stack->frames[i]->function),
			fact->stack->frames[i]->line);
	return buf;
}

/*
 * Whether only the core knows a frame to be the compiler's: a text calls what
 * it makes of "defer f(x)" a closure up to Go 1.21, and of a cleanup up to 1.27.
 */
static bool hides_wrapper(const struct iq_stack *stack)
{
	for (uint32_t i = 1; stack && i + 1 < stack->num_frames; i++) {
		const struct iq_frame *frame = stack->frames[i];

		if (frame->wrapper &&
		    iq_str_search(frame->function, IQ_STR(".func")) <
			    frame->function.len &&
		    !iq_str_equal(stack->frames[i + 1]->function,
				  IQ_STR("runtime.goexit")))
			return true;
	}
	return false;
}

/* The goroutines of witness 0 in witness @w: by id, at the same place. */
static void check_ids(struct process *p, size_t w, char *figures, size_t size)
{
	size_t parked = 0, same = 0, unknown = 0, untold = 0, proven = 0;
	const struct iq_model *m = p->model;
	char here[2048], there[2048];

	for (size_t i = 0; i < m->num_goroutines; i++) {
		const struct iq_goroutine *g = &m->goroutines[i];
		const struct iq_goroutine_fact *fact = iq_model_fact(m, i, w);

		if (!is_parked(g) || g->witness != 0)
			continue;
		parked++;
		if (!fact) {
			complain(p, "%s: goroutine %" PRIu64 " is not there",
				 names[p->index[w]], g->id);
			continue;
		}
		if (!fact->stack || !fact->stack->num_frames) {
			unknown++;
			continue;
		}
		if (!fact->stack->complete || hides_wrapper(g->fact->stack)) {
			untold++;
			continue;
		}
		if (iq_population_of(m, w, fact) ==
		    iq_population_of(m, 0, g->fact))
			same++;
		else
			complain(p,
				 "%s: goroutine %" PRIu64 " is elsewhere: %s "
				 "(%.*s), not %s (%.*s)",
				 names[p->index[w]], g->id,
				 place_of(fact, there, sizeof(there)),
				 IQ_STR_ARG(fact->wait_reason),
				 place_of(g->fact, here, sizeof(here)),
				 IQ_STR_ARG(g->fact->wait_reason));
		if (p->witnesses[w]->trace &&
		    iq_moment_stay(m, i, w, 0) < IQ_STAY_CONSISTENT)
			complain(p, "goroutine %" PRIu64 " has not stayed",
				 g->id);
		proven += p->witnesses[w]->trace &&
			  iq_moment_stay(m, i, w, 0) == IQ_STAY_PROVEN;
	}
	if (unknown &&
	    !iq_str_starts(m->process.go_version, IQ_STR(LAST_WITHOUT_STACKS)))
		complain(p, "%s: %zu stacks are not known", names[p->index[w]],
			 unknown);
	snprintf(figures, size, ", %.*s %zu of %zu",
		 (int)strcspn(names[p->index[w]], "."), names[p->index[w]],
		 same, parked);
	if (proven)
		snprintf(figures + strlen(figures), size - strlen(figures),
			 " (%zu proven)", proven);
	if (untold)
		snprintf(figures + strlen(figures), size - strlen(figures),
			 " (%zu cannot be told)", untold);
}

static bool is_main(const struct iq_population *population)
{
	const struct iq_stack *stack = population->stack;

	for (uint32_t i = 0; i < stack->num_frames; i++) {
		if (iq_str_equal(stack->frames[i]->function,
				 IQ_STR("main.main")))
			return true;
	}
	return false;
}

/* Populations of witness 0 as witness @w, which has no ids, counts them. */
static void check_counts(struct process *p, size_t w, char *figures,
			 size_t size)
{
	const struct iq_model *m = p->model;
	size_t all = 0, same = 0;

	for (size_t i = 0; i < m->num_populations; i++) {
		const struct iq_population *q = &m->populations[i];
		struct iq_goroutine_fact fact = { .stack = q->stack };
		char place[2048];

		// What runs is elsewhere in each.
		if (q->class == IQ_CLASS_RUNNING ||
		    q->class == IQ_CLASS_UNKNOWN_WAIT || q->signature->system ||
		    is_main(q) || (!q->counts[0] && !q->counts[w]))
			continue;
		all++;
		if (q->counts[0] == q->counts[w])
			same++;
		else
			complain(p,
				 "%s: %" PRIu64 ", not %" PRIu64 " in %s: %s",
				 names[p->index[w]], q->counts[w], q->counts[0],
				 iq_wait_class_name(q->class),
				 place_of(&fact, place, sizeof(place)));
	}
	snprintf(figures, size, ", %.*s %zu of %zu places",
		 (int)strcspn(names[p->index[w]], "."), names[p->index[w]],
		 same, all);
}

static bool moves(const char *folder)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(moving); i++) {
		if (!strncmp(folder, moving[i], strlen(moving[i])))
			return true;
	}
	return false;
}

static void check(struct process *p)
{
	char figures[1024] = "";

	check_kinship(p);
	for (size_t w = 1; w < p->num && !moves(p->folder); w++) {
		const struct iq_facts *facts = p->witnesses[w];
		size_t len = strlen(figures);

		if (facts->goroutines.len && facts->goroutines.data[0].has_id)
			check_ids(p, w, figures + len, sizeof(figures) - len);
		else
			check_counts(p, w, figures + len,
				     sizeof(figures) - len);
	}
	printf("%s - %s%s\n", p->failed ? "not ok" : "ok", p->folder, figures);
}

static bool join(const char *folder)
{
	struct process p = { .folder = folder };
	bool failed;

	process_open(&p);
	if (!p.num || iq_model_create(p.witnesses, p.num, &p.model) ||
	    iq_model_join(p.model)) {
		printf("not ok - %s # cannot be read\n", folder);
		p.failed = true;
	} else {
		check(&p);
	}
	failed = p.failed;
	process_close(&p);
	return !failed;
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	char line[8192], path[8192];
	unsigned num = 0, failed = 0;

	snprintf(path, sizeof(path), "%s/testdata/MANIFEST",
		 srcdir ? srcdir : ".");
	FILE *manifest = fopen(path, "r");
	if (!manifest) {
		printf("1..0 # SKIP the captures are not in the tarball\n");
		return 0;
	}
	while (fgets(line, sizeof(line), manifest)) {
		char *end;

		line[strcspn(line, "\t\n")] = 0;
		end = strstr(line, "/core.zst");
		if (!end || strcmp(end, "/core.zst") != 0)
			continue;
		*end = 0;
		if (argc > 1 && strcmp(line, argv[1]) != 0)
			continue;
		num++;
		failed += !join(line);
	}
	fclose(manifest);
	printf("1..%u\n", num);
	return failed ? 1 : 0;
}
