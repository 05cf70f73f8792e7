/* SPDX-License-Identifier: Apache-2.0 */
#include "reports/scene_json.h"

#include "model/crash.h"

struct scene_out {
	struct iq_json *json;
	const struct iq_report_options *options;
};

static void put_hex(struct iq_json *json, const char *key, bool known,
		    uint64_t value)
{
	iq_json_key(json, key);
	if (known)
		iq_json_hex(json, value);
	else
		iq_json_null(json);
}

static void put_frame(struct iq_json *json, const char *key,
		      const struct iq_frame *frame)
{
	iq_json_key(json, key);
	iq_json_frame(json, frame);
}

static void put_values(struct scene_out *o, const char *key,
		       const struct iq_scene_value *values, size_t num)
{
	struct iq_json *json = o->json;

	iq_json_key(json, key);
	iq_json_array(json);
	for (size_t i = 0; i < num; i++) {
		const struct iq_scene_value *v = &values[i];
		bool hidden = v->secret && !o->options->show_values;

		iq_json_object(json);
		iq_json_pair_text(json, "name", v->name);
		iq_json_pair_text(json, "type", v->type);
		iq_json_pair_text(json, "text", hidden ? IQ_STR("") : v->text);
		iq_json_pair_bool(json, "hidden", hidden);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_panics(struct scene_out *o, const struct iq_scene *s)
{
	struct iq_json *json = o->json;

	iq_json_key(json, "panics");
	iq_json_array(json);
	for (size_t i = 0; s && i < s->num_panics; i++) {
		const struct iq_scene_panic *p = &s->panics[i];

		iq_json_object(json);
		put_hex(json, "address", p->address, p->address);
		iq_json_pair_text(json, "type", p->type);
		iq_json_pair_text(json, "text", p->text);
		put_values(o, "fields", p->fields, p->num_fields);
		iq_json_pair_bool(json, "recovered", p->recovered);
		iq_json_pair_bool(json, "repanicked", p->repanicked);
		iq_json_pair_bool(json, "goexit", p->goexit);
		put_frame(json, "raised_at", p->raised_at);
		put_frame(json, "deferred", p->deferred);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_defers(struct scene_out *o, const struct iq_scene *s)
{
	struct iq_json *json = o->json;

	iq_json_key(json, "defers");
	iq_json_array(json);
	for (size_t i = 0; s && i < s->num_defers; i++) {
		const struct iq_scene_defer *d = &s->defers[i];

		iq_json_object(json);
		put_frame(json, "function", d->function);
		put_frame(json, "made_at", d->made_at);
		put_values(o, "values", d->values, d->num_values);
		iq_json_pair_bool(json, "running", d->running);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_referrers(struct iq_json *json, const struct iq_scene_object *o)
{
	iq_json_key(json, "referrers");
	iq_json_array(json);
	for (size_t i = 0; i < o->num_referrers; i++) {
		const struct iq_scene_referrer *r = &o->referrers[i];

		iq_json_object(json);
		iq_json_pair_u64(json, "goroutine", r->goroutine);
		iq_json_pair_text(json, "how", r->how);
		put_frame(json, "frame", r->frame);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_objects(struct scene_out *o, const struct iq_scene *s)
{
	struct iq_json *json = o->json;

	iq_json_key(json, "objects");
	iq_json_array(json);
	for (size_t i = 0; s && i < s->num_objects; i++) {
		const struct iq_scene_object *object = &s->objects[i];

		iq_json_object(json);
		iq_json_pair_text(json, "what", object->what);
		put_hex(json, "address", object->has_address, object->address);
		put_values(o, "values", object->values, object->num_values);
		put_referrers(json, object);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_registers(struct iq_json *json, const struct iq_scene *s)
{
	iq_json_key(json, "registers");
	iq_json_array(json);
	for (size_t i = 0; s && i < s->num_registers; i++) {
		const struct iq_scene_register *r = &s->registers[i];

		iq_json_object(json);
		iq_json_pair_text(json, "name", r->name);
		put_hex(json, "value", true, r->value);
		iq_json_pair_text(json, "points_to", r->points_to);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

/* "signal": when it came; "end": when the thread ended, after the fault. */
static void put_registers_at(struct iq_json *json, const struct iq_scene *s)
{
	const char *at = s && s->registers_at_signal ? "signal" : "end";

	iq_json_pair_text(json, "registers_at",
			  s && s->num_registers ? iq_str_of(at) : IQ_STR(""));
}

static void put_signal(struct iq_json *json, const struct iq_model *model,
		       const struct iq_crash *crash)
{
	const struct iq_scene *s = crash->scene;

	iq_json_pair_text(json, "signal", model->process.signal);
	iq_json_maybe_i64(json, "signal_code", s && s->has_signal_code,
			  s ? s->signal_code : 0);
	iq_json_pair_text(json, "signal_text", s ? s->signal_text : IQ_STR(""));
	iq_json_pair_text(json, "fault_place", s ? s->fault_place : IQ_STR(""));
	iq_json_pair_text(json, "last_signal", s ? s->last_signal : IQ_STR(""));
	iq_json_maybe_u64(json, "thread", s && s->has_thread,
			  s ? s->thread : 0);
	iq_json_maybe_i64(json, "m", s && s->has_m, s ? s->m : 0);
}

struct iq_error *iq_scene_json(struct iq_json *json,
			       const struct iq_model *model,
			       const struct iq_report_options *options)
{
	struct scene_out o = { json, options };
	struct iq_arena arena;
	struct iq_str explanation;
	struct iq_crash crash;
	struct iq_error *err;

	if (!iq_crash_find(model, &crash))
		return NULL;
	iq_arena_init(&arena);
	err = iq_crash_explain(model, &crash, true, &arena, &explanation);
	if (!err) {
		iq_json_pair_cstr(json, "cause", iq_cause_id(crash.cause));
		put_frame(json, "site", crash.site);
		iq_json_pair_text(json, "explanation", explanation);
		put_signal(json, model, &crash);
		put_panics(&o, crash.scene);
		put_defers(&o, crash.scene);
		put_objects(&o, crash.scene);
		put_registers(json, crash.scene);
		put_registers_at(json, crash.scene);
		iq_json_pair_text(json, "last_words",
				  crash.scene ? crash.scene->last_words :
						IQ_STR(""));
	}
	iq_arena_deinit(&arena);
	return err;
}
