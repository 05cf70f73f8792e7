/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles as github.com/google/pprof defines them (profile.proto): of Go's
 * runtime, and of whoever else writes them.
 */
#include "formats/pprof/depth.h"
#include "formats/pprof/field.h"
#include "formats/pprof/kept.h"
#include "formats/pprof/kind.h"
#include "formats/pprof/samples.h"
#include "formats/pprof/tables.h"
#include "formats/reader.h"

static unsigned pprof_bid(const struct iq_source *source)
{
	return iq_pprof_verify(source->data, source->size);
}

static struct iq_error *type_keep(const struct iq_pprof_tables *t,
				  const struct iq_pprof_type *type,
				  struct iq_value_type *ret)
{
	struct iq_error *err = iq_facts_string(
		t->facts, iq_pprof_string(t->strings, type->type), &ret->type);

	return err ? err :
		     iq_facts_string(t->facts,
				     iq_pprof_string(t->strings, type->unit),
				     &ret->unit);
}

/* The column that is shown first: the one the profile asks for, else the
 * last. */
static size_t default_find(const struct iq_profile *p, struct iq_str name)
{
	for (size_t i = 0; i < p->num_types; i++) {
		if (name.len && iq_str_equal(p->types[i].type, name))
			return i;
	}
	return p->num_types ? p->num_types - 1 : 0;
}

/* What the profile says of itself. */
static struct iq_error *head_keep(const struct iq_pprof_tables *t,
				  struct iq_profile *p)
{
	struct iq_str name =
		iq_pprof_string(t->strings, t->numbers[IQ_PPROF_DEFAULT_TYPE]);
	struct iq_value_type *types = iq_arena_calloc(
		&t->facts->arena, t->types.len + 1, sizeof(*types));
	struct iq_error *err = types ? NULL : &iq_enomem;

	for (size_t i = 0; i < t->types.len && !err; i++)
		err = type_keep(t, &t->types.data[i], &types[i]);
	if (!err)
		err = type_keep(t, &t->period_type, &p->period_type);
	if (err)
		return err;
	p->types = types;
	p->num_types = t->types.len;
	p->default_type = default_find(p, name);
	p->duration_ns = t->numbers[IQ_PPROF_DURATION];
	p->has_duration = p->duration_ns;
	p->period = t->numbers[IQ_PPROF_PERIOD];
	p->has_period = p->period;
	p->num_locations = t->locations.len;
	p->num_functions = t->functions.len;
	p->num_mappings = t->mappings.len;
	p->type = iq_pprof_kind(p, name);
	return NULL;
}

/* "/lib/libc.so.6", "libx.so": no program. */
static bool is_library(struct iq_str file)
{
	return iq_str_ends(file, IQ_STR(".so")) ||
	       iq_str_search(file, IQ_STR(".so.")) < file.len;
}

/*
 * The program's own mapping: the first one, as the runtime writes it; other
 * writers may put the kernel, the vdso or libraries in front of it. NULL if
 * there is none.
 */
static const struct iq_pprof_module *main_find(const struct iq_pprof_tables *t)
{
	for (size_t i = 0; i < t->mappings.len; i++) {
		const struct iq_pprof_module *m = &t->mappings.data[i];
		struct iq_str file = iq_pprof_string(t->strings, m->filename);

		if (file.len && file.ptr[0] != '[' && !is_library(file))
			return m;
	}
	return NULL;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes that @s spells, two digits each; false if it does not. */
static bool hex_decode(struct iq_str s, char *ret)
{
	for (size_t i = 0; i + 1 < s.len; i += 2) {
		int high = digit_of(s.ptr[i]), low = digit_of(s.ptr[i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i / 2] = (char)(high << 4 | low);
	}
	return s.len && s.len % 2 == 0;
}

/* The longest GNU build id that a linker makes: SHA-256. */
#define GNU_ID_MAX 32
/* Go: src/cmd/go/internal/work/buildid.go: four hashes of 20 characters. */
#define GO_ID_MAX 128

/*
 * The build id in a mapping. Some writers put Go's own there, whose parts stand
 * between slashes, as it is or in hexadecimal like the other.
 */
static struct iq_error *build_id_keep(struct iq_facts *facts, struct iq_str id)
{
	struct iq_process_fact *process = &facts->process;
	char bytes[GO_ID_MAX];
	struct iq_str text = { .ptr = bytes, .len = id.len / 2 };

	if (id.len <= 2 * sizeof(bytes) && hex_decode(id, bytes)) {
		if (text.len <= GNU_ID_MAX)
			return iq_facts_string(facts, id, &process->build_id);
		id = text;
	}
	if (iq_str_find(id, '/') == id.len)
		return NULL;
	return iq_facts_string(facts, id, &process->go_build_id);
}

static struct iq_error *process_keep(const struct iq_pprof_tables *t)
{
	struct iq_process_fact *process = &t->facts->process;
	const struct iq_pprof_module *m = main_find(t);
	struct iq_error *err = NULL;
	struct iq_str file, id;

	process->time_ns = t->numbers[IQ_PPROF_TIME];
	process->has_time = process->time_ns;
	if (!m)
		return NULL;
	file = iq_pprof_string(t->strings, m->filename);
	id = iq_pprof_string(t->strings, m->build_id);
	// Linux: Documentation/filesystems/proc.rst, /proc/PID/maps.
	if (iq_str_ends(file, IQ_STR(" (deleted)")))
		file.len -= IQ_STR(" (deleted)").len;
	err = iq_facts_string(t->facts, file, &process->executable);
	return err ? err : build_id_keep(t->facts, id);
}

/* The arrays of the samples become the facts'. */
static struct iq_error *samples_keep(struct iq_pprof_samples *s,
				     struct iq_profile *p)
{
	struct iq_facts *facts = s->facts;
	struct iq_error *err = NULL;

	p->samples = s->list.data;
	p->num_samples = s->list.len;
	p->values = s->values.data;
	p->totals = s->totals;
	p->num_read_samples = s->num_read;
	if (s->list.data)
		err = iq_facts_own(facts, free, s->list.data);
	s->list.data = NULL;
	iq_vec_deinit(&s->list);
	if (!err && s->values.data)
		err = iq_facts_own(facts, free, s->values.data);
	else
		free(s->values.data);
	s->values.data = NULL;
	iq_vec_deinit(&s->values);
	return err;
}

/* What is known once all stacks have been seen. */
static void stacks_keep(struct iq_pprof_stacks *stacks, struct iq_profile *p)
{
	if (p->type == IQ_PROFILE_BLOCK)
		p->type = iq_pprof_contention(stacks->num_named,
					      stacks->num_unlocks);
	stacks->depth = iq_pprof_depth(p->type, stacks->most, stacks->most_pcs);
	p->depth = stacks->depth;
	p->num_stacks = stacks->places.len;
	iq_pprof_stacks_trim(stacks);
}

static struct iq_error *samples_read(struct iq_pprof_tables *t,
				     struct iq_pprof_kept *kept,
				     struct iq_profile *p)
{
	struct iq_pprof_samples samples = { 0 };
	struct iq_error *err = iq_pprof_stacks_init(&kept->stacks, t,
						    p->type == IQ_PROFILE_CPU);

	if (!err)
		err = iq_pprof_samples_init(&samples, t, kept);
	iq_pprof_samples_trim(&samples);
	if (!err)
		err = iq_pprof_samples_order(&samples, p->default_type);
	if (!err)
		err = samples_keep(&samples, p);
	iq_pprof_samples_deinit(&samples);
	if (!err)
		stacks_keep(&kept->stacks, p);
	return err;
}

static unsigned tells(enum iq_profile_type type)
{
	return type == IQ_PROFILE_GOROUTINE ||
			       type == IQ_PROFILE_GOROUTINELEAK ?
		       IQ_TELLS_STACKS | IQ_TELLS_LABELS :
		       0;
}

static struct iq_error *tables_read(struct iq_pprof_tables *t,
				    struct iq_pprof_kept *kept,
				    struct iq_profile *p)
{
	struct iq_error *err = head_keep(t, p);

	if (!err)
		err = process_keep(t);
	return err ? err : samples_read(t, kept, p);
}

static struct iq_error *
pprof_read(const struct iq_read_context *context iq_unused,
	   const struct iq_source *source, struct iq_facts *facts)
{
	iq_cleanup(iq_pprof_scratch_destroyp) struct iq_pprof_scratch *scratch =
		NULL;
	struct iq_profile *p = iq_arena_calloc(&facts->arena, 1, sizeof(*p));
	struct iq_pprof_kept *kept;
	struct iq_pprof_tables tables;
	struct iq_error *err;

	if (!p)
		return &iq_enomem;
	err = iq_pprof_kept_create(source, facts, &kept);
	if (!err)
		err = iq_pprof_scratch_create(&scratch);
	if (err)
		return err;
	err = iq_pprof_tables_init(&tables, &kept->strings, facts, scratch);
	if (!err)
		err = tables_read(&tables, kept, p);
	iq_pprof_tables_deinit(&tables);
	if (err)
		return err;
	p->reader = &iq_pprof_kept_reader;
	p->kept = kept;
	facts->profile = p;
	facts->witness.tells = tells(p->type);
	return NULL;
}

const struct iq_reader iq_reader_pprof = {
	.name = "pprof",
	.kind = IQ_WITNESS_PROFILE,
	.bid = pprof_bid,
	.read = pprof_read,
};
