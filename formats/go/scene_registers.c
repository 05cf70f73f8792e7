/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/arch.h"
#include "formats/go/scene.h"

/*
 * The registers at the fault where its signal frame is still there, else those
 * of the thread when the kernel wrote the core. A fault that became a panic has
 * left its frame: the handler returned.
 */
static const uint64_t *registers(const struct iq_go_scene *s)
{
	const struct iq_core *core = s->rt->core;

	if (s->crash.has_frame)
		return s->crash.frame.regs;
	if (s->crash.m)
		return s->crash.m->thread ? s->crash.m->thread->regs : NULL;
	return core->num_threads ? core->threads[0].regs : NULL;
}

struct iq_error *iq_go_scene_registers(struct iq_go_scene *s)
{
	const struct iq_arch *arch = s->rt->core->cpu;
	const uint64_t *regs = registers(s);
	struct iq_scene_register *ret;
	struct iq_error *err = NULL;
	struct iq_out out;
	size_t num = 0;

	if (!arch || !regs)
		return NULL;
	ret = iq_arena_calloc(&s->rt->facts->arena, arch->num_regs,
			      sizeof(*ret));
	if (!ret)
		return &iq_enomem;
	iq_out_init_memory(&out);
	for (uint32_t i = 0; i < arch->num_regs && !err; i++) {
		if (s->crash.has_frame && !iq_arch_signal_has(arch, i))
			continue;
		ret[num].name = iq_str_of(arch->regs[i].name);
		ret[num].value = regs[i];
		ret[num].role = i == arch->pc ? IQ_REGISTER_PC :
				(arch->system_regs >> i & 1) ?
						IQ_REGISTER_SYSTEM :
						IQ_REGISTER_GENERAL;
		iq_go_scene_place(s, regs[i], &out);
		err = iq_go_scene_text(s->rt->facts, &out,
				       &ret[num++].points_to);
	}
	iq_out_deinit(&out);
	s->scene->registers = ret;
	s->scene->num_registers = num;
	s->scene->registers_at_signal = s->crash.has_frame;
	return err;
}
