/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/limits.h"
#include "formats/go/panic_value.h"
#include "formats/go/record.h"
#include "formats/go/scene.h"
#include "formats/go/value.h"

/* Panics that are shown; who nests more has them alike. */
#define PANICS_MAX 64

static bool flag(const struct iq_go_scene *s, uint64_t panic,
		 struct iq_go_field field)
{
	uint64_t value;

	return iq_go_field_read(s->rt->memory, panic, field, &value) && value;
}

static bool is_runtime(struct iq_str function)
{
	return iq_str_starts(function, IQ_STR("runtime.")) ||
	       iq_str_starts(function, IQ_STR("internal/runtime/"));
}

static bool is_gopanic(const struct iq_go_scene_frame *frame)
{
	struct iq_str name = iq_go_scene_function(frame);

	return iq_str_equal(name, IQ_STR("runtime.gopanic")) ||
	       iq_str_equal(name, IQ_STR("panic"));
}

/* The innermost call above frame @at that is not the runtime's. */
static const struct iq_frame *raiser(const struct iq_go_scene *s, size_t at)
{
	for (size_t i = at + 1; i < s->num_frames; i++) {
		const struct iq_go_frames *calls = s->frames[i].calls;

		for (uint32_t k = 0; k < calls->num; k++) {
			if (!is_runtime(calls->frames[k]->function) &&
			    !calls->frames[k]->wrapper)
				return calls->frames[k];
		}
	}
	return NULL;
}

/* The runtime asks values for their text before it prints them, and runs nothing
 * that was deferred any more. Go: src/runtime/panic.go, preprintpanics. */
static bool asks_for_text(const struct iq_go_frames *calls)
{
	for (uint32_t k = 0; k < calls->num; k++) {
		if (iq_str_starts(calls->frames[k]->function,
				  IQ_STR("runtime.preprintpanics")))
			return true;
	}
	return false;
}

/* The function that frame @at of gopanic or Goexit has called to be run; NULL if
 * it runs none. */
static const struct iq_frame *deferred(const struct iq_go_scene *s, size_t at)
{
	while (at--) {
		const struct iq_go_frames *calls = s->frames[at].calls;
		const struct iq_frame *function;

		if (!calls->num)
			return NULL;
		function = calls->frames[calls->num - 1];
		if (is_gopanic(&s->frames[at]) || asks_for_text(calls))
			return NULL;
		if (!is_runtime(function->function) && !function->wrapper)
			return function;
		// A wrapper has the deferred call in it where that is inlined.
		for (uint32_t k = calls->num; k-- && function->wrapper;) {
			if (!calls->frames[k]->wrapper)
				return calls->frames[k];
		}
	}
	return NULL;
}

/*
 * What panic was called with. The runtime replaces an error by its text before
 * it dies; the caller's frame still has the arguments where gopanic keeps those
 * of registers. False if what is there does not fit.
 * Go: src/runtime/panic.go, preprintpanics; src/cmd/compile/abi-internal.md.
 */
static bool original(const struct iq_go_scene *s, size_t at,
		     struct iq_go_type *type_ret, uint64_t *data_ret)
{
	uint64_t addr, byte;

	if (at >= s->num_frames || !is_gopanic(&s->frames[at]) ||
	    !iq_memory_u64(s->rt->memory, s->frames[at].args, &addr) ||
	    !iq_memory_u64(s->rt->memory, s->frames[at].args + 8, data_ret) ||
	    !iq_go_type_read(s->rt, addr, type_ret))
		return false;
	if (type_ret->kind < IQ_GO_KIND_BOOL ||
	    type_ret->kind > IQ_GO_KIND_UNSAFE_POINTER || !type_ret->size)
		return false;
	// Its data is a pointer, or is behind one.
	return iq_memory_uint(s->rt->memory, *data_ret, 1, &byte) ||
	       (type_ret->is_direct && !*data_ret);
}

static struct iq_error *type_fill(struct iq_go_scene *s, size_t at,
				  uint64_t arg, struct iq_scene_panic *panic)
{
	iq_cleanup(iq_go_values_deinit) struct iq_go_values values = {
		.facts = s->rt->facts,
	};
	struct iq_go_type type, first;
	uint64_t addr, data, first_data;
	struct iq_error *err;

	if (!iq_memory_u64(s->rt->memory, arg, &addr) || !addr ||
	    !iq_memory_u64(s->rt->memory, arg + 8, &data) ||
	    !iq_go_type_read(s->rt, addr, &type))
		return NULL;
	// A string can be what an error was turned into: by then all are.
	if (s->rt->facts->process.end == IQ_END_PANIC &&
	    iq_str_equal((struct iq_str){ type.name, type.name_len },
			 IQ_STR("string"))) {
		if (!original(s, at, &first, &first_data) ||
		    (first.addr == type.addr && first_data != data))
			return NULL;
		type = first;
		data = first_data;
	}
	err = iq_facts_string(s->rt->facts,
			      (struct iq_str){ type.name, type.name_len },
			      &panic->type);
	// The message has all of the runtime's own.
	if (!err && !iq_str_starts(panic->type, IQ_STR("runtime.")) &&
	    !iq_str_starts(panic->type, IQ_STR("*runtime.")))
		err = iq_go_value_fields(&values, s->rt, &type, data);
	return err ? err :
		     iq_go_values_take(&values, &panic->fields,
				       &panic->num_fields);
}

static struct iq_error *panic_add(struct iq_go_scene *s, uint64_t addr)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t arg = addr + l->panic_arg.offset;
	size_t at = iq_go_scene_frame_of(s, addr);
	struct iq_scene_panic panic = {
		.address = addr,
		.recovered = flag(s, addr, l->panic_recovered),
		.goexit = flag(s, addr, l->panic_goexit),
		.repanicked = flag(s, addr, l->panic_repanicked),
	};
	struct iq_error *err = NULL;
	const char *why;

	if (!panic.goexit) {
		err = iq_go_panic_text(s->rt, arg, &panic.text, &why);
		if (!err)
			err = type_fill(s, at, arg, &panic);
	}
	if (at < s->num_frames) {
		panic.raised_at = raiser(s, at);
		panic.deferred = deferred(s, at);
	}
	if (!err && !iq_vec_push(&s->panics, panic))
		err = &iq_enomem;
	return err;
}

/* Before 1.25 nothing says that a recovered value was raised again: it is the
 * same one, whatever it was turned into. */
static void mark_repanicked(struct iq_go_scene *s)
{
	if (iq_go_has(s->rt->layout->panic_repanicked))
		return;
	for (size_t i = 1; i < s->panics.len; i++) {
		struct iq_scene_panic *older = &s->panics.data[i];
		const struct iq_scene_panic *newer = &s->panics.data[i - 1];

		older->repanicked = older->recovered && older->text.len &&
				    iq_str_equal(older->text, newer->text) &&
				    iq_str_equal(older->type, newer->type);
	}
}

/* From 1.25 on a value that was raised again is turned into its text but once,
 * in the older panic. Go: src/runtime/panic.go, preprintpanics. */
static void share_texts(struct iq_go_scene *s)
{
	if (!iq_go_has(s->rt->layout->panic_repanicked))
		return;
	for (size_t i = s->panics.len; i-- > 1;) {
		const struct iq_scene_panic *older = &s->panics.data[i];
		struct iq_scene_panic *newer = &s->panics.data[i - 1];

		if (older->repanicked && !older->goexit && !newer->goexit &&
		    older->text.len)
			newer->text = older->text;
	}
}

struct iq_error *iq_go_panics_read(struct iq_go_scene *s)
{
	const struct iq_go_layout *l = s->rt->layout;
	struct iq_error *err = NULL;
	uint64_t addr;

	if (!s->g)
		return NULL;
	addr = s->g->panics;
	for (unsigned n = 0; addr && n < PANICS_MAX && !err; n++) {
		uint64_t link;

		if (!iq_go_field_read(s->rt->memory, addr, l->panic_link,
				      &link))
			break;
		err = panic_add(s, addr);
		// Each is in an older frame than the one before.
		addr = link > addr ? link : 0;
	}
	mark_repanicked(s);
	share_texts(s);
	return err;
}

const struct iq_scene_panic *iq_go_panics_root(const struct iq_go_scene *s)
{
	if (s->rt->facts->process.end != IQ_END_PANIC)
		return NULL;
	return iq_scene_root_panic(s->panics.data, s->panics.len);
}

size_t iq_go_panics_frame(const struct iq_go_scene *s)
{
	const struct iq_scene_panic *root = iq_go_panics_root(s);

	return root ? iq_go_scene_frame_of(s, root->address) : s->num_frames;
}

struct iq_str iq_go_panics_words(const struct iq_go_scene *s)
{
	const struct iq_scene_panic *root = iq_go_panics_root(s);

	if (!root || !root->text.len)
		return s->rt->facts->process.end_text;
	return iq_str_sub(root->text, 0, iq_str_find(root->text, '\n'));
}
