/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/go/heap.h"

#include <inttypes.h>

#include "base/limits.h"
#include "formats/go/goroutine.h"
#include "formats/go/signal_frame.h"

/* Index + 1 of the goroutine that runs on @m; 0: of none that is known. The
 * facts' goroutines are in the order of the gs. */
static uint32_t holder_of(const struct iq_go_runtime *rt,
			  const struct iq_go_m *m)
{
	const struct iq_facts *facts = rt->facts;

	for (size_t i = 0; m->curg && i < rt->num_gs; i++) {
		if (rt->gs[i].addr == m->curg)
			return i < facts->goroutines.len &&
					       facts->goroutines.data[i]
							       .place ==
						       m->curg ?
				       (uint32_t)i + 1 :
				       0;
	}
	return 0;
}

static struct iq_error *add_stack(struct iq_heap_map *map,
				  enum iq_root_kind kind, uint64_t from,
				  uint64_t to, bool optional)
{
	struct iq_heap_range range = {
		.addr = from & ~7ull,
		.len = (to - (from & ~7ull)) & ~7ull,
		.optional = optional,
		.kind = kind,
	};

	return iq_vec_push(&map->roots, range) ? NULL : &iq_enomem;
}

static struct iq_error *add_words(struct iq_heap_map *map,
				  const uint64_t *words, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		struct iq_heap_word root = { .word = words[i],
					     .kind = IQ_ROOT_REGISTERS };

		if (root.word && !iq_vec_push(&map->root_words, root))
			return &iq_enomem;
	}
	return NULL;
}

/* Code that copies memory has words in vector registers and nowhere else. */
struct iq_error *iq_go_heap_registers(struct iq_heap_map *map,
				      const struct iq_core_thread *thread)
{
	struct iq_error *err =
		add_words(map, thread->regs, IQ_ARRAY_SIZE(thread->regs));

	return err ? err : add_words(map, thread->vectors, thread->num_vectors);
}

/* Where the first of the signals interrupted the thread; its own stack pointer
 * if none did. */
static uint64_t interrupted_sp(const struct iq_go_runtime *rt,
			       const struct iq_go_m *m)
{
	struct iq_go_signal_frame frame;
	uint64_t sp = m->thread->sp;
	uint64_t next = sp;

	for (unsigned i = 0;
	     i < IQ_LIMIT_SIGNAL_FRAMES && iq_go_on_signal_stack(m, sp) &&
	     iq_go_signal_frame_find(rt, m, next, &frame, &next);
	     i++)
		sp = frame.sp;
	return sp;
}

static bool is_on_g0(const struct iq_go_m *m, uint64_t sp)
{
	return sp >= m->g0_lo && sp < m->g0_hi;
}

/*
 * What a thread at work has in hand: its registers, those that signals saved
 * (they lie on the signal stack), and the system stack if it is on it.
 */
static struct iq_error *add_thread(const struct iq_go_heap *heap,
				   struct iq_heap_map *map,
				   const struct iq_go_m *m)
{
	uint64_t sp = interrupted_sp(heap->rt, m);
	size_t first_word = map->root_words.len;
	size_t first_range = map->roots.len;
	struct iq_error *err = iq_go_heap_registers(map, m->thread);
	uint32_t holder = holder_of(heap->rt, m);

	if (!err && iq_go_on_signal_stack(m, m->thread->sp))
		err = add_stack(map, IQ_ROOT_REGISTERS, m->thread->sp,
				m->gsignal_hi, false);
	if (err)
		return err;
	for (size_t i = first_word; i < map->root_words.len; i++)
		map->root_words.data[i].holder = holder;
	for (size_t i = first_range; i < map->roots.len; i++)
		map->roots.data[i].holder = holder;
	if (is_on_g0(m, sp))
		return add_stack(map, IQ_ROOT_RUNTIME, sp, m->g0_hi, false);
	// A handler whose frame is gone: what it interrupted may be there.
	if (iq_go_on_signal_stack(m, sp) && m->g0_hi > m->g0_lo &&
	    m->g0_hi - m->g0_lo <= UINT32_MAX)
		return add_stack(map, IQ_ROOT_RUNTIME, m->g0_lo, m->g0_hi,
				 true);
	return NULL;
}

/* Threads that C code may lend keep a goroutine for it, which is dead. */
static bool has_goroutine(const struct iq_go_heap *heap,
			  const struct iq_go_m *m)
{
	struct iq_go_g g;

	return m->curg && iq_go_g_read(heap->rt, m->curg, &g) != IQ_GO_G_UNUSED;
}

/*
 * In a call of the kernel, with no C around: the collector goes on meanwhile and
 * looks at the goroutine's stack alone. What is in registers is left from before.
 * Go: src/runtime/mgcmark.go, scanstack; proc.go, reentersyscall.
 */
static bool is_in_syscall(const struct iq_go_heap *heap,
			  const struct iq_go_m *m, uint64_t p)
{
	const struct iq_go_runtime *rt = heap->rt;
	struct iq_go_g g;
	uint64_t calls;

	return !p && iq_go_g_read(rt, m->curg, &g) == IQ_GO_G_LIVE &&
	       g.status == IQ_GSTATUS_SYSCALL &&
	       iq_go_field_read(rt->memory, m->addr, rt->layout->m_ncgo,
				&calls) &&
	       !calls;
}

/*
 * A thread without a processor is idle if it has no goroutine, or has left it to a
 * call: it can refer to nothing, and what is left on its stack is what it did last.
 */
static bool is_at_work(const struct iq_go_heap *heap, const struct iq_go_m *m)
{
	uint64_t p;

	if (!iq_go_field_read(heap->rt->memory, m->addr, heap->rt->layout->m_p,
			      &p))
		return true;
	return p || (has_goroutine(heap, m) && !is_in_syscall(heap, m, p));
}

uint64_t iq_go_heap_g0_sp(const struct iq_go_heap *heap,
			  const struct iq_go_m *m)
{
	const struct iq_go_runtime *rt = heap->rt;
	const struct iq_go_layout *l = rt->layout;
	uint64_t red_zone = rt->core->cpu->red_zone;
	uint64_t extra, saved, sp;

	// A thread of C code that was lent an m: its stack is not g0's.
	if (!m->thread ||
	    !iq_go_field_read(rt->memory, m->addr, l->m_isextra, &extra) ||
	    extra ||
	    !iq_go_field_read(rt->memory, m->g0, l->g_sched_sp, &saved))
		return 0;
	if (!is_at_work(heap, m))
		return saved;
	sp = interrupted_sp(rt, m);
	if (iq_go_on_signal_stack(m, sp))
		return 0;
	if (is_on_g0(m, sp) && sp - red_zone < saved)
		return sp - red_zone;
	return saved;
}

struct iq_error *iq_go_heap_threads(const struct iq_go_heap *heap,
				    struct iq_heap_map *map)
{
	const struct iq_go_runtime *rt = heap->rt;

	if (!rt->num_ms)
		iq_heap_map_lacks(map, "the threads are not known");
	for (size_t i = 0; i < rt->num_ms; i++) {
		const struct iq_go_m *m = &rt->ms[i];
		struct iq_error *err;

		if (!is_at_work(heap, m))
			continue;
		if (!m->thread) {
			iq_heap_map_lacks(
				map, "thread %" PRIu64 " is not in the core",
				m->procid);
			continue;
		}
		err = add_thread(heap, map, m);
		if (err)
			return err;
	}
	return NULL;
}
