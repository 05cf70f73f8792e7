/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

/*
 * The mask of [@begin, @end), one bit a word, if it is there and covers all.
 * Go: src/runtime/symtab.go, modulesinit; mbitmap.go, progToPointerMask.
 */
static const uint8_t *mask_of(const struct iq_go_heap *heap, uint64_t begin,
			      uint64_t end, uint64_t addr, uint64_t num_bits)
{
	uint64_t words = (end - begin) / 8;
	uint64_t have;
	const uint8_t *mask = iq_memory_window(heap->rt->memory, addr, &have);

	return mask && num_bits >= words && have >= (words + 7) / 8 ? mask :
								      NULL;
}

/* Larger ones have no bounds of a segment but garbage. */
#define SEGMENT_MAX (1ull << 36)

static struct iq_error *add_segment(const struct iq_go_heap *heap,
				    struct iq_heap_map *map, uint64_t begin,
				    uint64_t end, uint64_t mask_addr,
				    uint64_t num_bits)
{
	struct iq_heap_range range = { .addr = begin,
				       .len = end - begin,
				       .kind = IQ_ROOT_VARIABLE };

	if (begin == end)
		return NULL;
	if (begin > end || range.len > SEGMENT_MAX || begin % 8) {
		iq_heap_map_lacks(
			map, "a module's variables have impossible bounds");
		return NULL;
	}
	range.mask = mask_of(heap, begin, end, mask_addr, num_bits);
	return iq_vec_push(&map->roots, range) ? NULL : &iq_enomem;
}

/* Whether the list of modules goes on where none was found. */
static bool is_cut_off(const struct iq_go_program *program,
		       const struct iq_go_module *module)
{
	for (size_t i = 0; i < program->num_modules; i++) {
		if (program->modules[i].moduledata_addr == module->next)
			return false;
	}
	return module->next != 0;
}

/*
 * Where the zeroed data of a library ends that was ever written to: of private
 * memory the kernel leaves out what was not, and hands zeros to who reads it.
 * Linux: fs/coredump.c, vma_dump_size, anon_vma. The program's own is written
 * by the runtime: if some of that is not there, it was lost.
 */
static uint64_t written_end(const struct iq_go_heap *heap,
			    const struct iq_go_module *m)
{
	const struct iq_go_runtime *rt = heap->rt;
	const struct iq_memory_range *r;

	if (m == rt->program->modules || rt->core->from_gcore ||
	    rt->core->truncated || m->bss >= m->ebss)
		return m->ebss;
	r = iq_memory_find(rt->memory, m->ebss - 1);
	if (!r || r->state != IQ_MEMORY_NOT_DUMPED ||
	    !(r->prot & IQ_MEMORY_WRITE))
		return m->ebss;
	return r->addr > m->bss ? r->addr : m->bss;
}

struct iq_error *iq_go_heap_roots(const struct iq_go_heap *heap,
				  struct iq_heap_map *map)
{
	const struct iq_go_program *program = heap->rt->program;
	struct iq_error *err = NULL;

	if (!program->num_modules)
		iq_heap_map_lacks(map, "the program's variables are not known");
	for (size_t i = 0; i < program->num_modules && !err; i++) {
		const struct iq_go_module *m = &program->modules[i];

		if (is_cut_off(program, m))
			iq_heap_map_lacks(
				map, "the variables of a module are not known");
		err = add_segment(heap, map, m->data, m->edata, m->gcdata_mask,
				  m->gcdata_nbits);
		if (!err)
			err = add_segment(heap, map, m->bss,
					  written_end(heap, m), m->gcbss_mask,
					  m->gcbss_nbits);
	}
	return err;
}
