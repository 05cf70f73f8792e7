/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/kept.h"

#include <stdlib.h>

#include "formats/pprof/field.h"

static void kept_destroy(void *object)
{
	struct iq_pprof_kept *kept = object;

	iq_vec_deinit(&kept->strings.offsets);
	iq_pprof_stacks_deinit(&kept->stacks);
	iq_pprof_scratch_destroy(kept->scratch);
	iq_pprof_labels_deinit(&kept->labels);
	free(kept);
}

struct iq_error *iq_pprof_kept_create(const struct iq_source *source,
				      struct iq_facts *facts,
				      struct iq_pprof_kept **ret)
{
	struct iq_pprof_kept *kept = calloc(1, sizeof(*kept));
	struct iq_error *err;

	if (!kept)
		return &iq_enomem;
	kept->facts = facts;
	kept->strings.source = source;
	kept->labels.strings = &kept->strings;
	err = iq_facts_own(facts, kept_destroy, kept);
	if (!err)
		err = iq_pprof_scratch_create(&kept->scratch);
	if (!err)
		*ret = kept;
	return err;
}

struct iq_error *iq_pprof_kept_labels(struct iq_pprof_kept *kept,
				      uint64_t place)
{
	struct iq_pprof_sample sample = { 0 };
	struct iq_pprof_field field;
	struct iq_error *err = NULL;

	if (place != IQ_PPROF_NO_LABELS &&
	    iq_pprof_field_at(kept->strings.source, place, &field))
		err = iq_pprof_sample_unpack(kept->scratch, field.bytes, place,
					     &sample);
	if (err && err->code == IQ_ERROR_NOMEM)
		return err;
	// It was good once: who changed the file is told of elsewhere.
	iq_error_destroy(err);
	return iq_pprof_labels_take(&kept->labels, &sample, place, NULL);
}

/* Moves a number to where the facts' texts are. */
static struct iq_error *text_keep(struct iq_pprof_kept *kept, struct iq_str *s)
{
	const struct iq_pprof_labels *l = &kept->labels;

	if ((uintptr_t)s->ptr - (uintptr_t)l->text.data >= l->text.len)
		return NULL;
	return iq_facts_string(kept->facts, *s, s);
}

static struct iq_error *read_labels(void *object, uint64_t place,
				    const struct iq_labels **ret)
{
	struct iq_pprof_kept *kept = object;
	struct iq_error *err = iq_pprof_kept_labels(kept, place);

	for (size_t i = 0; i < kept->labels.items.len && !err; i++)
		err = text_keep(kept, &kept->labels.items.data[i].value);
	if (err)
		return err;
	kept->ret.items = kept->labels.items.data;
	kept->ret.num = kept->labels.items.len;
	*ret = &kept->ret;
	return NULL;
}

static struct iq_error *read_stack(void *object, uint32_t number,
				   const struct iq_stack **ret)
{
	struct iq_pprof_kept *kept = object;

	return iq_pprof_stacks_get(&kept->stacks, kept->scratch, number, ret);
}

const struct iq_profile_reader iq_pprof_kept_reader = {
	.stack = read_stack,
	.labels = read_labels,
};
