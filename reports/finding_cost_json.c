/* SPDX-License-Identifier: Apache-2.0 */
/* Why goroutines leaked, and what they keep in memory. */
#include "reports/finding_json.h"

static void put_goroutine(struct iq_json *json, const struct iq_model *model,
			  uint32_t goroutine)
{
	const struct iq_goroutine *g =
		goroutine == UINT32_MAX ? NULL : &model->goroutines[goroutine];

	iq_json_maybe_u64(json, "goroutine", g && g->has_id, g ? g->id : 0);
}

static void put_retainers(struct iq_json *json, const struct iq_model *model,
			  const struct iq_retained *kept)
{
	for (size_t i = 0; i < kept->num_retainers; i++) {
		const struct iq_retainer *r = &kept->retainers[i];

		iq_json_object(json);
		iq_json_key(json, "address");
		iq_json_hex(json, r->address);
		iq_json_pair_text(json, "type", r->type);
		iq_json_pair_u64(json, "retained_objects", r->objects);
		iq_json_pair_u64(json, "retained_bytes", r->bytes);
		put_goroutine(json, model, r->goroutine);
		iq_json_object_end(json);
	}
}

static void put_kinds(struct iq_json *json, const struct iq_retained *kept)
{
	for (size_t i = 0; i < kept->num_kinds; i++) {
		const struct iq_retained_kind *k = &kept->kinds[i];

		iq_json_object(json);
		iq_json_pair_text(json, "type", k->type);
		iq_json_maybe_u64(json, "size_bytes", !k->type.len, k->size);
		iq_json_pair_u64(json, "count", k->num);
		iq_json_pair_u64(json, "retained_objects", k->objects);
		iq_json_pair_u64(json, "retained_bytes", k->bytes);
		iq_json_object_end(json);
	}
}

static void put_goroutines(struct iq_json *json, const struct iq_model *model,
			   const struct iq_retained *kept)
{
	for (size_t i = 0; i < kept->num_goroutines; i++) {
		const struct iq_retained_goroutine *g = &kept->goroutines[i];

		iq_json_object(json);
		put_goroutine(json, model, g->goroutine);
		iq_json_pair_u64(json, "retained_bytes",
				 g->heap_bytes + g->stack_bytes);
		iq_json_pair_u64(json, "retained_objects", g->objects);
		iq_json_pair_u64(json, "retained_stack_bytes", g->stack_bytes);
		iq_json_object_end(json);
	}
}

static void put_cause(struct iq_json *json, const struct iq_leak_cause *cause)
{
	iq_json_key(json, "cause");
	if (!cause->class) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_pair_cstr(json, "id", cause->class->id);
	iq_json_pair_cstr(json, "text", cause->class->summary);
	iq_json_pair_text(json, "shown_by", cause->shown_by);
	iq_json_pair_cstr(json, "fix", cause->class->fix);
	iq_json_object_end(json);
}

void iq_finding_json_cost(struct iq_json *json, const struct iq_model *model,
			  const struct iq_finding *f)
{
	const struct iq_retained *kept = &f->retained;
	bool known = f->has_retained;

	iq_json_maybe_u64(json, "retained_bytes", known, kept->bytes);
	iq_json_maybe_u64(json, "retained_objects", known, kept->objects);
	iq_json_maybe_u64(json, "retained_stack_bytes", known,
			  kept->stack_bytes);
	iq_json_maybe_u64(json, "retained_each_min_bytes", known,
			  kept->each_min);
	iq_json_maybe_u64(json, "retained_each_max_bytes", known,
			  kept->each_max);
	iq_json_key(json, "retainers");
	iq_json_array(json);
	if (known)
		put_retainers(json, model, kept);
	iq_json_array_end(json);
	iq_json_key(json, "retaining_types");
	iq_json_array(json);
	if (known)
		put_kinds(json, kept);
	iq_json_array_end(json);
	iq_json_key(json, "retaining_goroutines");
	iq_json_array(json);
	if (known)
		put_goroutines(json, model, kept);
	iq_json_array_end(json);
	put_cause(json, &f->cause);
}

void iq_json_leaked(struct iq_json *json, const struct iq_model *model)
{
	const struct iq_retained_total *total = &model->retained;

	iq_json_key(json, "leaked");
	if (!total->known && !total->lacks.len) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_maybe_u64(json, "goroutines", total->known, total->goroutines);
	iq_json_maybe_u64(json, "retained_bytes", total->known, total->bytes);
	iq_json_maybe_u64(json, "retained_objects", total->known,
			  total->objects);
	iq_json_maybe_u64(json, "retained_stack_bytes", total->known,
			  total->stack_bytes);
	iq_json_maybe_u64(json, "shared_bytes", total->known,
			  total->shared_bytes);
	iq_json_maybe_u64(json, "shared_objects", total->known,
			  total->shared_objects);
	iq_json_pair_text(json, "lacks", total->lacks);
	iq_json_object_end(json);
}
