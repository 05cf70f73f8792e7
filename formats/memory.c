/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/memory.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"

/* Where the bytes of a range are, for the path that every read takes. */
struct place {
	/* The byte at the range's first address; NULL if not PRESENT. */
	const uint8_t *bytes;
	/* One past the last address up to which @bytes goes on: beyond the
	 * range where the next ones continue it in the same source. */
	uint64_t end;
};

struct iq_memory {
	IQ_VEC(struct iq_memory_range) added;
	bool finished;
	/* Three arrays of one length, by address. */
	size_t num_ranges;
	uint64_t *starts;
	struct place *places;
	struct iq_memory_range *ranges;
};

struct iq_error *iq_memory_create(struct iq_memory **ret)
{
	struct iq_memory *mem = calloc(1, sizeof(*mem));

	if (!mem)
		return &iq_enomem;
	*ret = mem;
	return NULL;
}

void iq_memory_destroy(struct iq_memory *mem)
{
	if (!mem)
		return;
	iq_vec_deinit(&mem->added);
	free(mem->starts);
	free(mem->places);
	free(mem->ranges);
	free(mem);
}

struct iq_error *iq_memory_add(struct iq_memory *mem,
			       const struct iq_memory_range *range)
{
	struct iq_memory_range r = *range;
	const struct iq_source *source = r.source;

	assert(!mem->finished);
	if (r.addr > UINT64_MAX - r.len)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "0x%" PRIx64 " bytes at 0x%" PRIx64
				    " do not fit into 64 bits of addresses",
				    r.len, r.addr);
	switch (r.state) {
	case IQ_MEMORY_PRESENT:
		if (source && r.offset <= source->size &&
		    r.len <= source->size - r.offset)
			break;
		return iq_error_at(IQ_ERROR_TRUNCATED, r.offset,
				   "0x%" PRIx64 " bytes of 0x%" PRIx64
				   " are past the end of the file",
				   r.len, r.addr);
	case IQ_MEMORY_NOT_DUMPED:
	case IQ_MEMORY_CUT_OFF:
		r.source = NULL;
		r.offset = 0;
		break;
	case IQ_MEMORY_UNMAPPED:
	case IQ_MEMORY_FAULTED:
		return iq_error_new(IQ_ERROR_USAGE,
				    "memory is present, not dumped or cut off");
	}
	if (r.len > 0 && !iq_vec_push(&mem->added, r))
		return &iq_enomem;
	return NULL;
}

/*
 * The sweep: from one boundary to the next, the best of the ranges that are
 * open there has the addresses. Ranges are numbered in the order they were
 * added.
 */
struct sweep {
	const struct iq_memory_range *added;
	size_t num_added;
	/* Numbers of ranges, by address. */
	size_t *by_addr;
	/* Every start and end, sorted. */
	uint64_t *bounds;
	/* A binary heap of the open ranges, the best on top. Ranges that have
	 * ended leave when they come to the top. */
	size_t *heap;
	size_t heap_len;
};

static void sweep_deinit(struct sweep *s)
{
	free(s->by_addr);
	free(s->bounds);
	free(s->heap);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int compare_addr(const void *a, const void *b, void *ctx)
{
	const struct iq_memory_range *added = ctx;
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;

	if (added[x].addr != added[y].addr)
		return added[x].addr < added[y].addr ? -1 : 1;
	return (x > y) - (x < y);
}

static bool sweep_init(struct sweep *s, struct iq_memory_range *added, size_t n)
{
	*s = (struct sweep){ .added = added, .num_added = n };
	s->by_addr = calloc(n, sizeof(*s->by_addr));
	s->bounds = calloc(n, 2 * sizeof(*s->bounds));
	s->heap = calloc(n, sizeof(*s->heap));
	if (!s->by_addr || !s->bounds || !s->heap)
		return false;
	for (size_t i = 0; i < n; i++) {
		s->by_addr[i] = i;
		s->bounds[2 * i] = added[i].addr;
		s->bounds[2 * i + 1] = added[i].addr + added[i].len;
	}
	qsort_r(s->by_addr, n, sizeof(*s->by_addr), compare_addr, added);
	qsort(s->bounds, 2 * n, sizeof(*s->bounds), compare_u64);
	return true;
}

/* Bytes win over none; then what was added first wins. */
static bool is_better(const struct sweep *s, size_t a, size_t b)
{
	bool has_a = s->added[a].state == IQ_MEMORY_PRESENT;
	bool has_b = s->added[b].state == IQ_MEMORY_PRESENT;

	return has_a != has_b ? has_a : a < b;
}

static void heap_swap(struct sweep *s, size_t i, size_t j)
{
	size_t tmp = s->heap[i];

	s->heap[i] = s->heap[j];
	s->heap[j] = tmp;
}

static void heap_push(struct sweep *s, size_t range)
{
	size_t i = s->heap_len++;

	s->heap[i] = range;
	while (i > 0 && is_better(s, s->heap[i], s->heap[(i - 1) / 2])) {
		heap_swap(s, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static void heap_pop(struct sweep *s)
{
	size_t i = 0;

	s->heap[0] = s->heap[--s->heap_len];
	for (;;) {
		size_t best = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2; k++)
			if (k < s->heap_len &&
			    is_better(s, s->heap[k], s->heap[best]))
				best = k;
		if (best == i)
			return;
		heap_swap(s, i, best);
		i = best;
	}
}

/* Whether @b continues @a, so that one range can stand for both. */
static bool continues(const struct iq_memory_range *a,
		      const struct iq_memory_range *b)
{
	if (a->addr + a->len != b->addr || a->state != b->state ||
	    a->source != b->source)
		return false;
	return !a->source || a->offset + a->len == b->offset;
}

/* Appends [@begin, @end) of @from to the ranges; there is room. */
static void ranges_append(struct iq_memory *mem,
			  const struct iq_memory_range *from, uint64_t begin,
			  uint64_t end)
{
	struct iq_memory_range part = *from;
	struct iq_memory_range *last;

	part.addr = begin;
	part.len = end - begin;
	if (part.source)
		part.offset += begin - from->addr;
	last = mem->num_ranges ? &mem->ranges[mem->num_ranges - 1] : NULL;
	if (last && last->prot == part.prot && continues(last, &part))
		last->len += part.len;
	else
		mem->ranges[mem->num_ranges++] = part;
}

static void sweep_run(struct sweep *s, struct iq_memory *mem)
{
	size_t next = 0;

	for (size_t i = 0; i + 1 < 2 * s->num_added; i++) {
		uint64_t begin = s->bounds[i];
		uint64_t end = s->bounds[i + 1];
		const struct iq_memory_range *top;

		if (begin == end)
			continue;
		while (next < s->num_added &&
		       s->added[s->by_addr[next]].addr == begin)
			heap_push(s, s->by_addr[next++]);
		while (s->heap_len > 0) {
			top = &s->added[s->heap[0]];
			if (top->addr + top->len > begin)
				break;
			heap_pop(s);
		}
		if (s->heap_len > 0)
			ranges_append(mem, &s->added[s->heap[0]], begin, end);
	}
}

/* Fills starts and places from the ranges. */
static bool memory_index(struct iq_memory *mem)
{
	size_t n = mem->num_ranges;

	mem->starts = calloc(n, sizeof(*mem->starts));
	mem->places = calloc(n, sizeof(*mem->places));
	if (!mem->starts || !mem->places)
		return false;
	for (size_t i = n; i-- > 0;) {
		const struct iq_memory_range *r = &mem->ranges[i];
		struct place *p = &mem->places[i];

		mem->starts[i] = r->addr;
		p->end = r->addr + r->len;
		if (r->state != IQ_MEMORY_PRESENT)
			continue;
		p->bytes = r->source->data + r->offset;
		if (i + 1 < n && continues(r, r + 1))
			p->end = p[1].end;
	}
	return true;
}

struct iq_error *iq_memory_finish(struct iq_memory *mem)
{
	iq_cleanup(sweep_deinit) struct sweep s = { 0 };
	struct iq_memory_range *fitting;
	size_t n = mem->added.len;

	assert(!mem->finished);
	if (n == 0) {
		mem->finished = true;
		return NULL;
	}
	// n ranges have 2n bounds, so 2n-1 pieces at most.
	mem->ranges = calloc(n, 2 * sizeof(*mem->ranges));
	if (!mem->ranges || !sweep_init(&s, mem->added.data, n))
		return &iq_enomem;
	sweep_run(&s, mem);
	fitting = reallocarray(mem->ranges, mem->num_ranges,
			       sizeof(*mem->ranges));
	if (fitting)
		mem->ranges = fitting;
	if (!memory_index(mem))
		return &iq_enomem;
	iq_vec_deinit(&mem->added);
	mem->finished = true;
	return NULL;
}

/*
 * The number of the range that holds @addr; false if there is none. The search
 * has no branch that depends on @addr: reads hop, so none could be foreseen.
 */
static inline bool find_range(const struct iq_memory *mem, uint64_t addr,
			      size_t *ret)
{
	const uint64_t *at = mem->starts;
	size_t n = mem->num_ranges;

	if (n == 0 || addr < *at)
		return false;
	while (n > 1) {
		size_t half = n / 2;

		at += (size_t)(at[half] <= addr) * half;
		n -= half;
	}
	*ret = (size_t)(at - mem->starts);
	return addr < mem->places[*ret].end;
}

/* The bytes at @addr and how many follow; NULL if there are none. */
static inline const uint8_t *find_bytes(const struct iq_memory *mem,
					uint64_t addr, uint64_t *len_ret)
{
	const struct place *p;
	size_t i;

	if (!find_range(mem, addr, &i))
		return NULL;
	p = &mem->places[i];
	if (!p->bytes)
		return NULL;
	*len_ret = p->end - addr;
	return p->bytes + (addr - mem->starts[i]);
}

// A page is 4 KiB or larger everywhere, and one byte of it brings it in.
#define PROBE_STEP 4096

/* Touches every page of the bytes; whether the file has all of them. */
static bool bytes_probe(const uint8_t *p, uint64_t len)
{
	const volatile uint8_t *touch = p;

	for (uint64_t i = 0; i < len; i += PROBE_STEP)
		(void)touch[i];
	if (len > 0)
		(void)touch[len - 1];
	return !iq_source_bytes_faulted(p, len);
}

/*
 * Copies across ranges, to @dst if there is one. Probing comes first so that
 * @dst stays as it is if a part is missing; only a file that shrinks in
 * between can still leave zeros there.
 */
static bool read_pieces(const struct iq_memory *mem, uint64_t addr, size_t len,
			uint8_t *dst)
{
	while (len > 0) {
		uint64_t n;
		const uint8_t *p = find_bytes(mem, addr, &n);

		if (!p)
			return false;
		if (n > len)
			n = len;
		if (dst) {
			memcpy(dst, p, (size_t)n);
			dst += n;
			if (iq_source_bytes_faulted(p, n))
				return false;
		} else if (!bytes_probe(p, n)) {
			return false;
		}
		addr += n;
		len -= (size_t)n;
	}
	return true;
}

bool iq_memory_read(const struct iq_memory *mem, uint64_t addr, size_t len,
		    void *dst)
{
	uint64_t left;
	const uint8_t *p = find_bytes(mem, addr, &left);

	if (p && len <= left) {
		if (!bytes_probe(p, len))
			return false;
		if (len > 0)
			memcpy(dst, p, len);
		return !iq_source_bytes_faulted(p, len);
	}
	return read_pieces(mem, addr, len, NULL) &&
	       read_pieces(mem, addr, len, dst);
}

bool iq_memory_u64(const struct iq_memory *mem, uint64_t addr, uint64_t *ret)
{
	uint64_t left, v;
	const uint8_t *p = find_bytes(mem, addr, &left);

	if (!p)
		return false;
	if (left < sizeof(v)) {
		if (!iq_memory_read(mem, addr, sizeof(v), &v))
			return false;
	} else {
		memcpy(&v, p, sizeof(v));
		if (iq_source_bytes_faulted(p, sizeof(v)))
			return false;
	}
	*ret = le64toh(v);
	return true;
}

bool iq_memory_u32(const struct iq_memory *mem, uint64_t addr, uint32_t *ret)
{
	uint64_t v;

	if (!iq_memory_uint(mem, addr, sizeof(*ret), &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool iq_memory_uint(const struct iq_memory *mem, uint64_t addr, unsigned size,
		    uint64_t *ret)
{
	const uint8_t *p;
	uint64_t left, v = 0;

	if (size == 8)
		return iq_memory_u64(mem, addr, ret);
	assert(size == 1 || size == 2 || size == 4);
	p = find_bytes(mem, addr, &left);
	if (!p)
		return false;
	// The uppermost bytes of @v stay 0, which is right because the field
	// is little-endian.
	if (left < size) {
		if (!iq_memory_read(mem, addr, size, &v))
			return false;
	} else {
		memcpy(&v, p, size);
		if (iq_source_bytes_faulted(p, size))
			return false;
	}
	*ret = le64toh(v);
	return true;
}

const uint8_t *iq_memory_window(const struct iq_memory *mem, uint64_t addr,
				uint64_t *len_ret)
{
	uint64_t len;
	const uint8_t *p = find_bytes(mem, addr, &len);

	if (!p || !bytes_probe(p, 1))
		return NULL;
	*len_ret = len;
	return p;
}

void iq_memory_prefetch(const struct iq_memory *mem, uint64_t addr, size_t len)
{
	const size_t line = 64;
	uint64_t left;
	const uint8_t *p = find_bytes(mem, addr, &left);

	if (!p)
		return;
	for (size_t i = 0; i < len && i < left; i += line)
		__builtin_prefetch(p + i);
}

bool iq_memory_faulted(const struct iq_memory *mem, uint64_t addr, uint64_t len)
{
	while (len > 0) {
		uint64_t n;
		const uint8_t *p = find_bytes(mem, addr, &n);

		if (!p)
			return false;
		if (n > len)
			n = len;
		if (iq_source_bytes_faulted(p, n))
			return true;
		addr += n;
		len -= n;
	}
	return false;
}

enum iq_memory_state iq_memory_state(const struct iq_memory *mem, uint64_t addr)
{
	uint64_t len;
	const uint8_t *p;
	size_t i;

	if (!find_range(mem, addr, &i))
		return IQ_MEMORY_UNMAPPED;
	p = find_bytes(mem, addr, &len);
	if (p && !bytes_probe(p, 1))
		return IQ_MEMORY_FAULTED;
	return mem->ranges[i].state;
}

const struct iq_memory_range *iq_memory_ranges(const struct iq_memory *mem,
					       size_t *num_ret)
{
	*num_ret = mem->num_ranges;
	return mem->ranges;
}

const struct iq_memory_range *iq_memory_find(const struct iq_memory *mem,
					     uint64_t addr)
{
	size_t i;

	return find_range(mem, addr, &i) ? &mem->ranges[i] : NULL;
}
