/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/message.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/limits.h"
#include "formats/pprof/profile.pb-c.h"

/* Enough for the messages of real profiles; others take a block of their own. */
#define BLOCK_SIZE ((size_t)32 << 10)

struct block {
	struct block *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

struct iq_pprof_scratch {
	ProtobufCAllocator allocator;
	/* The one in use; behind it those that were too small. */
	struct block *blocks;
	size_t used;
	/* The system gave no memory. */
	bool failed;
};

static struct block *block_create(size_t size, struct block *next)
{
	struct block *block = malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = next;
	block->size = size;
	return block;
}

static void *scratch_alloc(void *data, size_t size)
{
	struct iq_pprof_scratch *s = data;
	const size_t align = _Alignof(max_align_t);
	char *at;

	if (size > SIZE_MAX - BLOCK_SIZE) {
		s->failed = true;
		return NULL;
	}
	size = (size + align - 1) / align * align;
	if (size > s->blocks->size - s->used) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
		struct block *block = block_create(room, s->blocks);

		if (!block) {
			s->failed = true;
			return NULL;
		}
		s->blocks = block;
		s->used = 0;
	}
	at = s->blocks->data + s->used;
	s->used += size;
	return at;
}

/* All of it is given back at once. */
static void scratch_free(void *data iq_unused, void *pointer iq_unused)
{
}

static void scratch_reset(struct iq_pprof_scratch *s)
{
	while (s->blocks->next) {
		struct block *block = s->blocks;

		s->blocks = block->next;
		free(block);
	}
	s->used = 0;
	s->failed = false;
}

struct iq_error *iq_pprof_scratch_create(struct iq_pprof_scratch **ret)
{
	struct iq_pprof_scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return &iq_enomem;
	s->blocks = block_create(BLOCK_SIZE, NULL);
	if (!s->blocks) {
		free(s);
		return &iq_enomem;
	}
	s->allocator = (ProtobufCAllocator){
		.alloc = scratch_alloc,
		.free = scratch_free,
		.allocator_data = s,
	};
	*ret = s;
	return NULL;
}

void iq_pprof_scratch_destroy(struct iq_pprof_scratch *scratch)
{
	if (!scratch)
		return;
	scratch_reset(scratch);
	free(scratch->blocks);
	free(scratch);
}

void iq_pprof_scratch_destroyp(struct iq_pprof_scratch **scratch)
{
	iq_pprof_scratch_destroy(*scratch);
}

/* What profile.proto calls @descriptor: "Sample". */
static struct iq_error *unpack(struct iq_pprof_scratch *s,
			       const ProtobufCMessageDescriptor *descriptor,
			       struct iq_str bytes, uint64_t offset, void *ret)
{
	ProtobufCMessage *message;

	scratch_reset(s);
	// Numbers of one byte become eight, so the bound is on the message.
	if (bytes.len > IQ_LIMIT_PPROF_MESSAGE)
		return iq_error_at(IQ_ERROR_LIMIT, offset,
				   "%s message of %zu bytes, more than %u",
				   descriptor->short_name, bytes.len,
				   IQ_LIMIT_PPROF_MESSAGE);
	message =
		protobuf_c_message_unpack(descriptor, &s->allocator, bytes.len,
					  (const uint8_t *)bytes.ptr);
	if (s->failed)
		return &iq_enomem;
	if (!message)
		return iq_error_at(IQ_ERROR_FORMAT, offset,
				   "%s message is damaged",
				   descriptor->short_name);
	*(ProtobufCMessage **)ret = message;
	return NULL;
}

/* Room for @num elements of @size bytes beside the message. */
static void *beside(struct iq_pprof_scratch *s, size_t num, size_t size)
{
	return scratch_alloc(s, num * size);
}

struct iq_error *iq_pprof_value_type_unpack(struct iq_pprof_scratch *scratch,
					    struct iq_str bytes,
					    uint64_t offset,
					    struct iq_pprof_value_type *ret)
{
	Pprof__ValueType *m = NULL;
	struct iq_error *err = unpack(scratch, &pprof__value_type__descriptor,
				      bytes, offset, &m);

	if (err)
		return err;
	*ret = (struct iq_pprof_value_type){ m->type, m->unit };
	return NULL;
}

struct iq_error *iq_pprof_sample_unpack(struct iq_pprof_scratch *scratch,
					struct iq_str bytes, uint64_t offset,
					struct iq_pprof_sample *ret)
{
	struct iq_pprof_label *labels = NULL;
	Pprof__Sample *m = NULL;
	struct iq_error *err =
		unpack(scratch, &pprof__sample__descriptor, bytes, offset, &m);

	if (err)
		return err;
	if (m->n_label) {
		labels = beside(scratch, m->n_label, sizeof(*labels));
		if (!labels)
			return &iq_enomem;
	}
	for (size_t i = 0; i < m->n_label; i++) {
		const Pprof__Label *from = m->label[i];

		labels[i] = (struct iq_pprof_label){
			.key = from->key,
			.str = from->str,
			.num = from->num,
			.num_unit = from->num_unit,
		};
	}
	*ret = (struct iq_pprof_sample){
		.location_ids = m->location_id,
		.num_locations = m->n_location_id,
		.values = m->value,
		.num_values = m->n_value,
		.labels = labels,
		.num_labels = m->n_label,
	};
	return NULL;
}

struct iq_error *iq_pprof_mapping_unpack(struct iq_pprof_scratch *scratch,
					 struct iq_str bytes, uint64_t offset,
					 struct iq_pprof_mapping *ret)
{
	Pprof__Mapping *m = NULL;
	struct iq_error *err =
		unpack(scratch, &pprof__mapping__descriptor, bytes, offset, &m);

	if (err)
		return err;
	*ret = (struct iq_pprof_mapping){
		.id = m->id,
		.start = m->memory_start,
		.limit = m->memory_limit,
		.offset = m->file_offset,
		.filename = m->filename,
		.build_id = m->build_id,
	};
	return NULL;
}

struct iq_error *iq_pprof_location_unpack(struct iq_pprof_scratch *scratch,
					  struct iq_str bytes, uint64_t offset,
					  struct iq_pprof_location *ret)
{
	struct iq_pprof_line *lines = NULL;
	Pprof__Location *m = NULL;
	struct iq_error *err = unpack(scratch, &pprof__location__descriptor,
				      bytes, offset, &m);

	if (err)
		return err;
	if (m->n_line) {
		lines = beside(scratch, m->n_line, sizeof(*lines));
		if (!lines)
			return &iq_enomem;
	}
	for (size_t i = 0; i < m->n_line; i++)
		lines[i] = (struct iq_pprof_line){
			.function_id = m->line[i]->function_id,
			.line = m->line[i]->line,
		};
	*ret = (struct iq_pprof_location){
		.id = m->id,
		.mapping_id = m->mapping_id,
		.address = m->address,
		.lines = lines,
		.num_lines = m->n_line,
	};
	return NULL;
}

struct iq_error *iq_pprof_function_unpack(struct iq_pprof_scratch *scratch,
					  struct iq_str bytes, uint64_t offset,
					  struct iq_pprof_function *ret)
{
	Pprof__Function *m = NULL;
	struct iq_error *err = unpack(scratch, &pprof__function__descriptor,
				      bytes, offset, &m);

	if (err)
		return err;
	*ret = (struct iq_pprof_function){
		.id = m->id,
		.name = m->name,
		.system_name = m->system_name,
		.filename = m->filename,
	};
	return NULL;
}
