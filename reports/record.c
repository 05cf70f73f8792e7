/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/record.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "reports/blocks.h"
#include "reports/emit_json.h"
#include "reports/wait_json.h"

/* How many goroutines wait for one object. */
struct waiters {
	UT_hash_handle hh;
	uint64_t address;
	uint64_t num;
};

struct iq_records {
	const struct iq_model *model;
	struct iq_out *out;
	struct iq_blocks blocks;
	/* Writes what a block is made of. */
	struct iq_json *json;
	/* Writes what is none. */
	struct iq_json *plain;
	struct iq_arena arena;
	struct waiters *waiters;
};

/* What a block is of, beside its object. */
enum {
	BLOCK_FRAME,
	BLOCK_FRAMES,
	BLOCK_LABELS,
	/* One for each operation, with and without an end. */
	BLOCK_WAIT,
	BLOCK_WAIT_LAST = BLOCK_WAIT + 63,
	/* Texts add their length. */
	BLOCK_TEXT,
};

const char *iq_record_status(const struct iq_goroutine_fact *fact)
{
	if (fact->leaked)
		return iq_gstatus_name(IQ_GSTATUS_LEAKED);
	if (fact->status == IQ_GSTATUS_UNKNOWN)
		return NULL;
	return iq_gstatus_name(fact->status);
}

bool iq_record_exact(const struct iq_goroutine *g)
{
	return g->has_wait_min &&
	       (g->fact->wait_exact ||
		(g->has_wait_max && g->wait_max_ns == g->wait_min_ns));
}

/* ---- who waits for the same */

static bool count_wait(struct iq_records *records, const struct iq_wait *wait,
		       uint64_t count)
{
	struct waiters *w;
	bool iq_map_failed = false;

	if (!wait->has_address)
		return true;
	HASH_FIND(hh, records->waiters, &wait->address, sizeof(wait->address),
		  w);
	if (!w) {
		w = iq_arena_calloc(&records->arena, 1, sizeof(*w));
		if (!w)
			return false;
		w->address = wait->address;
		HASH_ADD(hh, records->waiters, address, sizeof(w->address), w);
	}
	w->num += count;
	return !iq_map_failed;
}

/* A select with two cases of one channel waits for it once. */
static bool waited_before(const struct iq_goroutine_fact *fact, uint32_t i)
{
	// Of a select with many cases only the nearest are compared.
	uint32_t first = i > 16 ? i - 16 : 0;

	for (uint32_t j = first; j < i; j++) {
		if (fact->waits[j].has_address &&
		    fact->waits[j].address == fact->waits[i].address)
			return true;
	}
	return false;
}

static struct iq_error *count_waiters(struct iq_records *records)
{
	const struct iq_model *m = records->model;

	for (size_t g = 0; g < m->num_goroutines; g++) {
		const struct iq_goroutine_fact *fact = m->goroutines[g].fact;

		for (uint32_t i = 0; i < fact->num_waits; i++) {
			if (waited_before(fact, i))
				continue;
			if (!count_wait(records, &fact->waits[i],
					m->goroutines[g].count))
				return &iq_enomem;
		}
	}
	return NULL;
}

static uint64_t num_waiters(struct iq_records *records, uint64_t address)
{
	struct waiters *w;

	HASH_FIND(hh, records->waiters, &address, sizeof(address), w);
	return w ? w->num : 0;
}

/* ---- life */

struct iq_error *iq_records_create(const struct iq_model *model,
				   struct iq_out *out, struct iq_records **ret)
{
	struct iq_records *records = calloc(1, sizeof(*records));
	struct iq_error *err;

	if (!records)
		return &iq_enomem;
	records->model = model;
	records->out = out;
	iq_arena_init(&records->arena);
	iq_blocks_init(&records->blocks);
	err = iq_json_create(&records->blocks.making, &records->json);
	if (!err)
		err = iq_json_create(out, &records->plain);
	if (!err)
		err = count_waiters(records);
	if (err) {
		iq_records_destroy(records);
		return err;
	}
	*ret = records;
	return NULL;
}

void iq_records_destroy(struct iq_records *records)
{
	if (!records)
		return;
	HASH_CLEAR(hh, records->waiters);
	iq_json_destroy(records->json);
	iq_json_destroy(records->plain);
	iq_blocks_deinit(&records->blocks);
	iq_arena_deinit(&records->arena);
	free(records);
}

void iq_records_destroyp(struct iq_records **records)
{
	iq_records_destroy(*records);
}

struct iq_error *iq_records_done(const struct iq_records *records)
{
	struct iq_error *err = iq_json_done(records->json);

	if (!err)
		err = iq_json_done(records->plain);
	return err ? err : iq_blocks_done(&records->blocks);
}

/* ---- one record */

static void write_block(struct iq_records *records, const void *object,
			uint64_t what, struct iq_str text)
{
	struct iq_block_key key = { .object = object, .what = what };
	struct iq_json *json = records->json;

	if (iq_blocks_copy(&records->blocks, key, records->out))
		return;
	iq_blocks_begin(&records->blocks);
	iq_json_restart(json);
	if (what == BLOCK_FRAME)
		iq_json_frame(json, object);
	else if (what == BLOCK_FRAMES)
		iq_json_frames(json, object);
	else if (what == BLOCK_LABELS)
		iq_json_labels(json, object);
	else
		iq_json_text(json, text);
	iq_blocks_end(&records->blocks, key, records->out);
}

static void write_text(struct iq_records *records, struct iq_str text)
{
	if (text.len)
		write_block(records, text.ptr, BLOCK_TEXT + text.len, text);
	else
		iq_out_cstr(records->out, "null");
}

static void write_frame(struct iq_records *records,
			const struct iq_frame *frame)
{
	if (frame)
		write_block(records, frame, BLOCK_FRAME, IQ_STR(""));
	else
		iq_out_cstr(records->out, "null");
}

static void write_bool(struct iq_out *out, const char *key, bool v)
{
	iq_out_cstr(out, key);
	iq_out_cstr(out, v ? "true" : "false");
}

static void write_number(struct iq_out *out, const char *key, bool known,
			 uint64_t v)
{
	iq_out_cstr(out, key);
	if (known)
		iq_out_u64(out, v);
	else
		iq_out_cstr(out, "null");
}

/* By what it is known to wait so long; words of our own table. */
static void write_ground(struct iq_out *out, bool known,
			 enum iq_wait_ground ground)
{
	const char *words = known ? iq_wait_ground_words(ground) : NULL;

	if (!words || !*words)
		return;
	iq_out_cstr(out, ",\"waiting_ground\":\"");
	iq_out_cstr(out, words);
	iq_out_char(out, '"');
}

static void write_state(struct iq_records *records,
			const struct iq_goroutine *g)
{
	const struct iq_goroutine_fact *fact = g->fact;
	const char *status = iq_record_status(fact);
	struct iq_out *out = records->out;
	bool known = g->has_wait_min && g->wait_min_ns >= 0;

	iq_out_cstr(out, ",\"status\":");
	if (status) {
		// Words of our own table need no escaping.
		iq_out_char(out, '"');
		iq_out_cstr(out, status);
		iq_out_char(out, '"');
	} else {
		iq_out_cstr(out, "null");
	}
	iq_out_cstr(out, ",\"wait_reason\":");
	write_text(records, fact->wait_reason);
	write_number(out, ",\"waiting_ns\":", known, (uint64_t)g->wait_min_ns);
	write_bool(out, ",\"waiting_exact\":",
		   known && g->has_wait_max &&
			   g->wait_max_ns == g->wait_min_ns);
	write_ground(out, known, g->wait_min_ground);
	if (g->has_wait_max && g->wait_max_ns >= 0)
		write_number(out, ",\"waiting_ns_max\":", true,
			     (uint64_t)g->wait_max_ns);
	if (fact->has_system)
		write_bool(out, ",\"system\":", fact->system);
	else
		iq_out_cstr(out, ",\"system\":null");
	write_number(out, ",\"thread\":", fact->has_thread, fact->thread);
	write_bool(out, ",\"locked\":", fact->locked);
}

static void write_origin(struct iq_records *records,
			 const struct iq_goroutine_fact *fact)
{
	struct iq_out *out = records->out;

	iq_out_cstr(out, ",\"labels\":");
	if (!fact->labels)
		iq_out_cstr(out, "null");
	else if (fact->labels->num)
		write_block(records, fact->labels, BLOCK_LABELS, IQ_STR(""));
	else
		iq_out_cstr(out, "{}");
	write_number(out, ",\"parent\":", fact->has_parent, fact->parent);
	iq_out_cstr(out, ",\"created_by\":");
	write_frame(records, fact->created_by);
	iq_out_cstr(out, ",\"entry\":");
	write_frame(records, fact->entry);
	iq_out_cstr(out, ",\"frames\":");
	if (fact->stack)
		write_block(records, fact->stack, BLOCK_FRAMES, IQ_STR(""));
	else
		iq_out_cstr(out, "[]");
	write_bool(out, ",\"stack_complete\":",
		   fact->stack && fact->stack->complete &&
			   !fact->stack->elided);
}

/* What several wait for is made once; what is the goroutine's own is not. */
static void write_wait(struct iq_records *records, const struct iq_wait *wait)
{
	uint64_t num =
		wait->has_address ? num_waiters(records, wait->address) : 0;
	struct iq_block_key key = {
		.object = wait->object,
		.what = BLOCK_WAIT + 2 * (uint64_t)wait->op + wait->has_until,
	};

	if (!wait->object || num < 2) {
		iq_json_restart(records->plain);
		iq_wait_json(records->plain, wait, num);
		return;
	}
	if (iq_blocks_copy(&records->blocks, key, records->out))
		return;
	iq_blocks_begin(&records->blocks);
	iq_json_restart(records->json);
	iq_wait_json(records->json, wait, num);
	iq_blocks_end(&records->blocks, key, records->out);
}

static void write_waits(struct iq_records *records,
			const struct iq_goroutine *g)
{
	static const char *const reach[] = {
		[IQ_REACH_UNKNOWN] = "unknown",
		[IQ_REACH_LIVE] = "live",
		[IQ_REACH_UNREACHABLE] = "unreachable",
	};
	struct iq_out *out = records->out;

	iq_out_cstr(out, ",\"waits_for\":[");
	for (uint32_t i = 0; i < g->fact->num_waits; i++) {
		if (i)
			iq_out_char(out, ',');
		write_wait(records, &g->fact->waits[i]);
	}
	iq_out_cstr(out, "],\"reachability\":\"");
	iq_out_cstr(out, reach[g->reach]);
	iq_out_char(out, '"');
}

static void write_witnesses(struct iq_records *records, size_t index)
{
	const struct iq_model *m = records->model;
	const char *separator = "";

	iq_out_cstr(records->out, ",\"witnesses\":[");
	for (size_t w = 0; w < m->num_witnesses; w++) {
		if (!m->facts[index * m->num_witnesses + w])
			continue;
		iq_out_cstr(records->out, separator);
		iq_out_u64(records->out, w);
		separator = ",";
	}
	iq_out_char(records->out, ']');
}

void iq_records_write(struct iq_records *records, size_t index)
{
	const struct iq_goroutine *g = &records->model->goroutines[index];
	struct iq_out *out = records->out;

	write_number(out, "{\"id\":", g->has_id, g->id);
	if (!g->has_id)
		write_number(out, ",\"count\":", true, g->count);
	write_state(records, g);
	write_origin(records, g->fact);
	write_waits(records, g);
	write_witnesses(records, index);
	iq_out_cstr(out, "}\n");
}
