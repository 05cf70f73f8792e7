/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
// cmocka wants the three above.
#include <cmocka.h>

#include "detect/detector.h"
#include "model/leak_cause.h"

#define GO "/usr/local/go/src/"
#define GOEXIT ";runtime.goexit " GO "runtime/asm_amd64.s:1693"
#define PARK "runtime.gopark " GO "runtime/proc.go:460;"

static void add_senders(struct iq_facts *facts, uint64_t *id, unsigned num)
{
	for (unsigned i = 0; i < num; i++) {
		struct iq_goroutine_fact *g = facts_add(
			facts, (*id)++, "chan send",
			PARK
			"runtime.chansend1 " GO "runtime/chan.go:161;"
			"main.fetchQuote.func1 /src/shop/main.go:34" GOEXIT);

		facts_created(facts, g, 1,
			      "main.fetchQuote /src/shop/main.go:30");
		facts_waits(facts, g, IQ_WAIT_CHAN, 0xc000100000 + i * 96);
		g->has_wait_min = true;
		g->wait_min_ns = 65100000000;
	}
}

static void add_lockers(struct iq_facts *facts, uint64_t *id, unsigned num)
{
	for (unsigned i = 0; i < num; i++) {
		struct iq_goroutine_fact *g = facts_add(
			facts, (*id)++, "sync.Mutex.Lock",
			PARK "sync.(*Mutex).Lock " GO "sync/mutex.go:92;"
			     "example.com/a/very/long/path/internal/store."
			     "(*Store[go.shape.struct { example.com/x.Y }]).Get"
			     " /src/shop/store.go:58" GOEXIT);

		facts_created(facts, g, 1, "main.main /src/shop/main.go:125");
		facts_waits(facts, g, IQ_WAIT_MUTEX, 0xc000200000);
	}
}

static void add_others(struct iq_facts *facts, uint64_t *id)
{
	struct iq_goroutine_fact *g;

	// A name that would turn the terminal red and the text around.
	facts_add(
		facts, (*id)++, "runnable",
		"main.\x1b[31m\xe2\x80\xae\xff\n\"<b>&\\ /src/\t.go:2" GOEXIT);
	g = facts_add(facts, (*id)++, "GC worker (idle)",
		      PARK "runtime.gcBgMarkWorker " GO
			   "runtime/mgc.go:1423" GOEXIT);
	g->has_system = g->system = true;
	facts_add(facts, (*id)++, "sleep",
		  PARK "time.Sleep " GO "runtime/time.go:300;"
		       "main.tick /src/shop/main.go:77" GOEXIT);
}

static struct iq_facts *shop_facts(enum iq_witness_kind kind, const char *path,
				   unsigned senders)
{
	struct iq_facts *facts = facts_new(kind, path);
	uint64_t id = 1;

	facts->process.go_version = IQ_STR("go1.26.8");
	facts_add(facts, id++, "sync.WaitGroup.Wait",
		  PARK "sync.(*WaitGroup).Wait " GO "sync/waitgroup.go:206;"
		       "main.main /src/shop/main.go:140;"
		       "runtime.main " GO "runtime/proc.go:283" GOEXIT);
	add_senders(facts, &id, senders);
	add_lockers(facts, &id, 3);
	add_others(facts, &id);
	return facts;
}

void render_join(struct render *render)
{
	for (size_t i = 0; i < render->num_facts; i++)
		iq_facts_finish(render->facts[i]);
	assert_null(
		iq_model_create((const struct iq_facts *const *)render->facts,
				render->num_facts, &render->model));
	assert_null(iq_model_join(render->model));
	assert_null(iq_detectors_run(render->model));
	assert_null(iq_leak_causes_find(render->model));
}

void render_shop(struct render *render, unsigned senders)
{
	struct iq_process_fact *p;

	*render = (struct render){ .options = { .width = 80 } };
	render->facts[0] = shop_facts(IQ_WITNESS_CORE, "core.20362", senders);
	render->facts[1] = shop_facts(IQ_WITNESS_DUMP, "crash.txt", senders);
	render->num_facts = 2;
	p = &render->facts[0]->process;
	p->arch = IQ_STR("amd64");
	p->executable = IQ_STR("/usr/bin/shop");
	p->has_pid = true;
	p->pid = 20362;
	p->build_id = IQ_STR("7f9fb76c00112233");
	p->end = IQ_END_OPERATOR;
	p->signal = IQ_STR("SIGABRT");
	iq_facts_gap_addr(render->facts[0], IQ_GAP_MISSING, 0xc000100000,
			  "2 pages of the heap are not in the core");
	render_join(render);
}

const char *render_text(struct render *render, const char *command,
			const char *format)
{
	const struct iq_report *report = iq_report_find(command, format);
	struct iq_error *err;

	assert_non_null(report);
	iq_out_deinit(&render->out);
	iq_out_init_memory(&render->out);
	err = report->render(render->model, &render->options, &render->out);
	if (err) {
		iq_error_destroy(err);
		return NULL;
	}
	iq_out_char(&render->out, '\0');
	assert_int_equal(render->out.err, 0);
	return render->out.buf;
}

void render_deinit(struct render *render)
{
	iq_out_deinit(&render->out);
	iq_model_destroy(render->model);
	for (size_t i = 0; i < render->num_facts; i++)
		iq_facts_destroy(render->facts[i]);
}

unsigned longest_line(const char *text)
{
	unsigned longest = 0;
	unsigned columns = 0;

	for (; *text; text++) {
		if (*text == '\n')
			columns = 0;
		else
			columns += ((unsigned char)*text & 0xc0) != 0x80;
		longest = columns > longest ? columns : longest;
	}
	return longest;
}

unsigned count_lines(const char *text)
{
	unsigned lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}
