/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "formats/go/objects.h"
#include "formats/go/panic_value.h"
#include "formats/go/record.h"
#include "formats/go/scene.h"

/* What the newest panic of @g says; empty if that is unknown. */
static struct iq_error *text_of(const struct iq_go_scene *s,
				const struct iq_go_g *g, struct iq_str *ret)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t goexit;
	const char *why;

	*ret = IQ_STR("");
	if (!g->panics || (iq_go_field_read(s->rt->memory, g->panics,
					    l->panic_goexit, &goexit) &&
			   goexit))
		return NULL;
	return iq_go_panic_text(s->rt, g->panics + l->panic_arg.offset, ret,
				&why);
}

static const struct iq_frame *site_of(const struct iq_go_scene *s,
				      const struct iq_go_g *g)
{
	const struct iq_stack *stack =
		s->rt->facts->goroutines
			.data[s->first + (size_t)(g - s->rt->gs)]
			.stack;

	for (uint32_t i = 0; stack && i < stack->num_frames; i++) {
		if (iq_go_scene_is_program(s, stack->frames[i]))
			return stack->frames[i];
	}
	return NULL;
}

static struct iq_error *other_add(struct iq_go_scene *s,
				  const struct iq_go_m *m,
				  const struct iq_go_g *g)
{
	iq_cleanup(iq_go_values_deinit) struct iq_go_values values = {
		.facts = s->rt->facts,
	};
	const struct iq_frame *site = site_of(s, g);
	struct iq_str text = IQ_STR("");
	struct iq_error *err;
	struct iq_out out;

	err = iq_go_values_number(&values, "goroutine", (int64_t)g->goid);
	if (!err && !m->throwing)
		err = text_of(s, g, &text);
	if (!err && text.len)
		err = iq_go_values_add(&values, "message", IQ_STR(""), text);
	iq_out_init_memory(&out);
	if (!err && site) {
		iq_go_scene_put_frame(site, &out);
		err = iq_out_flush(&out);
		if (!err)
			err = iq_go_values_add(
				&values, "at", IQ_STR(""),
				(struct iq_str){ out.buf, out.len });
	}
	iq_out_deinit(&out);
	return err ? err :
		     iq_go_object_add(
			     s,
			     m->throwing ?
				     "another fatal error at the same time" :
				     "another panic at the same time",
			     NULL, false, &values);
}

struct iq_error *iq_go_scene_others(struct iq_go_scene *s)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; s->crash.m && i < s->rt->num_ms && !err; i++) {
		const struct iq_go_m *m = &s->rt->ms[i];
		const struct iq_go_g *g =
			m->dying && m != s->crash.m && !m->caughtsig &&
					m->curg ?
				iq_go_runtime_g(s->rt, m->curg) :
				NULL;

		if (g)
			err = other_add(s, m, g);
	}
	return err;
}
