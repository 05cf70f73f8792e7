/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/compare.h"
#include "base/out.h"
#include "detect/shape.h"
#include "detect/sift.h"
#include "model/text.h"

/* Values that a text lists one by one. */
#define MAX_LISTED 4
/* Values that are looked through before one more is kept: goroutines are many,
 * places and peers are few. */
#define MAX_LOOKED 32

/* A goroutine and the value by which its rule divides. */
struct member {
	uint32_t index;
	struct iq_str group;
};

/* Ordered by group, then by index. */
struct members {
	IQ_VEC(struct member) list;
};

struct run {
	const struct iq_shape *shape;
	const struct iq_model *model;
	struct iq_findings *findings;
	struct members selections[IQ_LIMIT_RULE_SELECTIONS];
	/* Groups that were met last, for one copy of each. */
	struct iq_str met[MAX_LOOKED];
	size_t num_met;
};

/* ---- who is selected */

static bool holds(const struct iq_shape_selection *selection,
		  const struct iq_model *model, size_t index, bool of_group)
{
	for (size_t i = 0; i < selection->num_conditions; i++) {
		const struct iq_shape_condition *c = &selection->conditions[i];

		if (iq_filter_is_of_group(c->filter) == of_group &&
		    iq_filter_match(c->filter, model, index) == c->without)
			return false;
	}
	return true;
}

static void first_value(void *ctx, struct iq_str text)
{
	struct iq_out *to = ctx;

	if (!to->len)
		iq_out_str(to, text);
}

/* One copy of @text for all that have it, as long as they are few. */
static bool keep_group(struct run *run, struct iq_str text, struct iq_str *ret)
{
	size_t num = run->num_met < MAX_LOOKED ? run->num_met : MAX_LOOKED;

	for (size_t i = 0; i < num; i++) {
		if (!iq_str_equal(run->met[i], text))
			continue;
		*ret = run->met[i];
		return true;
	}
	if (!iq_str_dup(run->findings->arena, text, ret))
		return false;
	run->met[run->num_met++ % MAX_LOOKED] = *ret;
	return true;
}

/* The value that divides; false if it is unknown. */
static struct iq_error *group_of(struct run *run, size_t index,
				 struct iq_str *ret, bool *known_ret)
{
	const struct iq_filter *group = run->shape->group;
	struct iq_error *err = NULL;
	struct iq_out text;

	*ret = IQ_STR("");
	*known_ret = true;
	if (!group)
		return NULL;
	iq_out_init_memory(&text);
	iq_filter_each(group, run->model, index, first_value, &text);
	*known_ret = text.len > 0;
	if (text.err ||
	    (text.len &&
	     !keep_group(run, (struct iq_str){ text.buf, text.len }, ret)))
		err = &iq_enomem;
	iq_out_deinit(&text);
	return err;
}

static struct iq_error *add_member(struct run *run, size_t selection,
				   uint32_t index)
{
	bool divided = !selection || run->shape->selections[selection].same;
	struct member member = { .index = index, .group = IQ_STR("") };
	struct iq_error *err = NULL;
	bool known = true;

	if (divided)
		err = group_of(run, index, &member.group, &known);
	if (err || !known)
		return err;
	return iq_vec_push(&run->selections[selection].list, member) ?
		       NULL :
		       &iq_enomem;
}

static int compare_members(const void *pa, const void *pb)
{
	const struct member *a = pa;
	const struct member *b = pb;
	int c = iq_str_compare(a->group, b->group);

	if (c)
		return c;
	return a->index < b->index ? -1 : a->index > b->index;
}

static struct iq_error *select_members(struct run *run, size_t selection)
{
	const struct iq_shape_selection *s = &run->shape->selections[selection];
	struct members *members = &run->selections[selection];
	const struct iq_model *m = run->model;
	struct iq_error *err = NULL;

	// What all of a group share is asked once for it.
	for (size_t g = 0; g < m->num_groups && !err; g++) {
		const struct iq_group *group = &m->groups[g];

		if (group->system || !holds(s, m, group->members[0], true))
			continue;
		for (size_t i = 0; i < group->num_members && !err; i++) {
			if (holds(s, m, group->members[i], false))
				err = add_member(run, selection,
						 group->members[i]);
		}
	}
	if (!err && members->list.len)
		qsort(members->list.data, members->list.len,
		      sizeof(*members->list.data), compare_members);
	return err;
}

/* A part of a selection: those of one group. */
struct part {
	const struct member *list;
	size_t num;
};

static uint64_t count_of(const struct run *run, struct part part)
{
	uint64_t count = 0;

	for (size_t i = 0; i < part.num; i++)
		count += run->model->goroutines[part.list[i].index].count;
	return count;
}

static struct part part_of(const struct run *run, size_t selection,
			   struct iq_str group)
{
	const struct members *all = &run->selections[selection];
	size_t low = 0, high;

	if (!all->list.len)
		return (struct part){ 0 };
	if (selection && !run->shape->selections[selection].same)
		return (struct part){ all->list.data, all->list.len };
	while (low < all->list.len &&
	       iq_str_compare(all->list.data[low].group, group) < 0)
		low++;
	high = low;
	while (high < all->list.len &&
	       iq_str_equal(all->list.data[high].group, group))
		high++;
	return (struct part){ all->list.data + low, high - low };
}

/* Whether there are as many as the rule wants, of its own and of the others. */
static bool is_enough(const struct run *run, const struct part *parts)
{
	uint64_t own = count_of(run, parts[0]);

	for (size_t i = 0; i < run->shape->num_selections; i++) {
		const struct iq_shape_selection *s = &run->shape->selections[i];
		uint64_t count = count_of(run, parts[i]);

		if (count < s->least || count > s->most ||
		    (s->times && own / s->times < count) ||
		    (s->has_beyond && (own < count || own - count < s->beyond)))
			return false;
	}
	return true;
}

/* ---- texts */

struct value {
	struct iq_str text;
	uint64_t count;
};

struct values {
	struct iq_arena *arena;
	IQ_VEC(struct value) list;
	uint64_t count; /* of the goroutine that is asked */
	bool failed;
};

static void add_value(void *ctx, struct iq_str text)
{
	struct values *values = ctx;
	struct value value = { .count = values->count };
	size_t num = values->list.len;

	for (size_t i = num; i > 0 && num - i < MAX_LOOKED; i--) {
		struct value *seen = &values->list.data[i - 1];

		if (!iq_str_equal(seen->text, text))
			continue;
		seen->count += values->count;
		return;
	}
	if (!iq_str_dup(values->arena, text, &value.text) ||
	    !iq_vec_push(&values->list, value))
		values->failed = true;
}

static int compare_texts(const void *pa, const void *pb)
{
	const struct value *a = pa;
	const struct value *b = pb;

	return iq_str_compare(a->text, b->text);
}

static int compare_counts(const void *pa, const void *pb)
{
	const struct value *a = pa;
	const struct value *b = pb;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return iq_str_compare(a->text, b->text);
}

/* Each value once, the most frequent first. */
static void merge(struct values *values)
{
	struct value *list = values->list.data;
	size_t num = 0;

	if (!values->list.len)
		return;
	qsort(list, values->list.len, sizeof(*list), compare_texts);
	for (size_t i = 0; i < values->list.len; i++) {
		if (num && iq_str_equal(list[num - 1].text, list[i].text))
			list[num - 1].count += list[i].count;
		else
			list[num++] = list[i];
	}
	values->list.len = num;
	qsort(list, num, sizeof(*list), compare_counts);
}

/* "10.0.0.7:5432", "a (12), b (3) and 2 more", "unknown". */
static void put_values(const struct values *values, struct iq_out *out)
{
	size_t num = values->list.len;

	if (!num)
		iq_out_cstr(out, "unknown");
	for (size_t i = 0; i < num && i < MAX_LISTED; i++) {
		if (i)
			iq_out_cstr(out, ", ");
		iq_out_str(out, values->list.data[i].text);
		if (num > 1 && values->list.data[i].count > 1)
			iq_out_printf(out, " (%" PRIu64 ")",
				      values->list.data[i].count);
	}
	if (num > MAX_LISTED)
		iq_out_printf(out, " and %zu more", num - MAX_LISTED);
}

static struct iq_error *put_part(const struct run *run, struct part members,
				 const struct iq_shape_part *part,
				 struct iq_out *out)
{
	struct values values = { .arena = run->findings->arena };

	if (part->is_count) {
		iq_out_u64(out, count_of(run, members));
		return NULL;
	}
	for (size_t i = 0; i < members.num && !values.failed; i++) {
		size_t index = members.list[i].index;

		values.count = run->model->goroutines[index].count;
		iq_filter_each(part->values, run->model, index, add_value,
			       &values);
	}
	merge(&values);
	put_values(&values, out);
	iq_vec_deinit(&values.list);
	return values.failed ? &iq_enomem : NULL;
}

static struct iq_error *put_text(const struct run *run,
				 const struct part *parts,
				 const struct iq_shape_text *text,
				 struct iq_out *out)
{
	struct iq_error *err = NULL;

	for (size_t i = 0; i < text->num && !err; i++) {
		const struct iq_shape_part *part = &text->parts[i];

		if (part->letters.len)
			iq_out_str(out, part->letters);
		else
			err = put_part(run, parts[part->selection], part, out);
	}
	return err;
}

/* What @out has, for as long as the finding; @err goes on. */
static struct iq_error *keep_text(const struct run *run, struct iq_out *out,
				  struct iq_error *err, struct iq_str *ret)
{
	*ret = IQ_STR("");
	if (!err && (out->err ||
		     (out->len &&
		      !iq_str_dup(run->findings->arena,
				  (struct iq_str){ out->buf, out->len }, ret))))
		err = &iq_enomem;
	iq_out_deinit(out);
	return err;
}

static struct iq_error *render(const struct run *run, const struct part *parts,
			       const struct iq_shape_text *text,
			       struct iq_str *ret)
{
	struct iq_out out;

	iq_out_init_memory(&out);
	return keep_text(run, &out, put_text(run, parts, text, &out), ret);
}

/* The rule's ground, and what it says of others where there are some. */
static struct iq_error *render_ground(const struct run *run,
				      const struct part *parts,
				      struct iq_str *ret)
{
	const struct iq_shape *shape = run->shape;
	struct iq_error *err;
	struct iq_out out;

	iq_out_init_memory(&out);
	err = put_text(run, parts, &shape->ground, &out);
	for (size_t i = 1; i < shape->num_selections && !err; i++) {
		const struct iq_shape_text *more = &shape->selections[i].ground;

		if (!more->num || !parts[i].num)
			continue;
		if (out.len)
			iq_out_cstr(&out, "; ");
		err = put_text(run, parts, more, &out);
	}
	return keep_text(run, &out, err, ret);
}

/* ---- findings */

static struct iq_error *
set_texts(const struct run *run, const struct part *parts, struct iq_finding *f)
{
	const struct iq_shape *shape = run->shape;
	bool one = shape->one.num && count_of(run, parts[0]) == 1;
	struct iq_error *err = render(
		run, parts, one ? &shape->one : &shape->title, &f->title);

	if (!err)
		err = render_ground(run, parts, &f->ground);
	if (!err)
		err = render(run, parts, &shape->advice, &f->advice);
	return err ? err : render(run, parts, &shape->settle, &f->settle);
}

/* A rule may want more than a sign before it claims a defect. */
static bool is_mere_note(const struct run *run, const struct part *parts)
{
	bool asks = false;

	for (size_t i = 1; i < run->shape->num_selections; i++) {
		if (!run->shape->selections[i].weighs)
			continue;
		if (parts[i].num)
			return false;
		asks = true;
	}
	return asks;
}

static struct iq_error *add_finding(const struct run *run,
				    const struct part *parts)
{
	const struct iq_shape *shape = run->shape;
	size_t num = parts[0].num;
	iq_cleanup(iq_freep) void *mem = calloc(num, sizeof(uint32_t));
	uint32_t *goroutines = mem;
	struct iq_finding finding;
	struct iq_error *err;

	if (!goroutines)
		return &iq_enomem;
	for (size_t i = 0; i < num; i++)
		goroutines[i] = parts[0].list[i].index;
	qsort(goroutines, num, sizeof(*goroutines), iq_compare_u32);
	err = iq_finding_of(&shape->detector, run->model, run->findings->arena,
			    goroutines, num, &finding);
	if (!err)
		err = set_texts(run, parts, &finding);
	if (!err && is_mere_note(run, parts))
		finding.severity = IQ_SEVERITY_NOTE;
	// What tells findings of one place apart, where it is no address.
	if (!err && shape->group && !iq_filter_is_number(shape->group))
		finding.key = parts[0].list[0].group;
	return err ? err : iq_findings_add(run->findings, &finding);
}

static struct iq_error *judge_groups(const struct run *run)
{
	const struct members *own = &run->selections[0];
	struct iq_error *err = NULL;
	size_t next;

	for (size_t i = 0; i < own->list.len && !err; i = next) {
		struct part parts[IQ_LIMIT_RULE_SELECTIONS];

		for (next = i + 1; next < own->list.len; next++) {
			if (!iq_str_equal(own->list.data[i].group,
					  own->list.data[next].group))
				break;
		}
		parts[0] = (struct part){ &own->list.data[i], next - i };
		for (size_t s = 1; s < run->shape->num_selections; s++)
			parts[s] = part_of(run, s, own->list.data[i].group);
		if (is_enough(run, parts))
			err = add_finding(run, parts);
	}
	return err;
}

struct iq_error *iq_shape_run(const struct iq_shape *shape,
			      const struct iq_model *model,
			      struct iq_findings *findings)
{
	struct run run = {
		.shape = shape,
		.model = model,
		.findings = findings,
	};
	struct iq_error *err = select_members(&run, 0);

	// Most rules find nobody: then nothing else is asked.
	for (size_t i = 1;
	     i < shape->num_selections && !err && run.selections[0].list.len;
	     i++)
		err = select_members(&run, i);
	if (!err)
		err = judge_groups(&run);
	for (size_t i = 0; i < shape->num_selections; i++)
		iq_vec_deinit(&run.selections[i].list);
	return err;
}
