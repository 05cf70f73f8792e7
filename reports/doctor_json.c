/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "doctor" as JSON, in one object. The contract is
 * docs/schema/inquest.doctor.1.json; it changes only by adding.
 */
#include "base/cleanup.h"
#include "model/evidence.h"
#include "model/profile.h"
#include "reports/doctor.h"
#include "reports/emit_json.h"
#include "reports/report.h"

static void put_part(struct iq_json *json, const char *key,
		     struct iq_coverage_part part)
{
	iq_json_key(json, key);
	iq_json_object(json);
	iq_json_pair_u64(json, "total", part.total);
	iq_json_pair_u64(json, "present", part.present);
	iq_json_object_end(json);
}

/* ---- coverage */

/* Of a file that is not here, or ends early, it is not known what it lacks. */
static void put_has(struct iq_json *json, const struct iq_coverage_module *m,
		    const char *key, bool has)
{
	bool known = m->state >= IQ_MODULE_UNVERIFIED && (has || !m->is_cut);

	iq_json_key(json, key);
	known ? iq_json_bool(json, has) : iq_json_null(json);
}

static void put_module(struct iq_json *json, const struct iq_coverage_module *m)
{
	iq_json_object(json);
	iq_json_pair_text(json, "path", m->path);
	iq_json_pair_text(json, "file", m->file);
	iq_json_pair_cstr(json, "state", iq_module_state_name(m->state));
	iq_json_pair_text(json, "why", m->why);
	iq_json_pair_text(json, "build_id", m->build_id);
	iq_json_pair_text(json, "go_build_id", m->go_build_id);
	iq_json_pair_text(json, "file_build_id", m->file_build_id);
	iq_json_pair_text(json, "debug_file", m->debug);
	iq_json_pair_bool(json, "was_deleted", m->was_deleted);
	iq_json_pair_bool(json, "was_memfd", m->was_memfd);
	iq_json_pair_bool(json, "is_executable", m->is_executable);
	iq_json_pair_bool(json, "is_go", m->is_go);
	put_has(json, m, "has_symbols", m->has_symbols);
	put_has(json, m, "has_dwarf", m->has_dwarf);
	put_has(json, m, "has_sections", m->has_sections);
	iq_json_pair_bool(json, "has_function_tables", m->has_pclntab);
	iq_json_pair_bool(json, "function_tables_in_core", m->pclntab_in_core);
	put_part(json, "mapped_bytes", m->memory);
	iq_json_object_end(json);
}

static void put_modules(struct iq_json *json, const struct iq_coverage *c)
{
	iq_json_key(json, "modules");
	iq_json_array(json);
	for (size_t i = 0; i < c->num_modules; i++)
		put_module(json, &c->modules[i]);
	iq_json_array_end(json);
	iq_json_key(json, "missing_files");
	iq_json_array(json);
	for (size_t i = 0; i < c->num_files; i++) {
		iq_json_object(json);
		iq_json_pair_text(json, "path", c->files[i].path);
		put_part(json, "mapped_bytes", c->files[i].memory);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_losses_of_stacks(struct iq_json *json,
				 const struct iq_coverage *c)
{
	iq_json_key(json, "lost_stacks");
	iq_json_array(json);
	for (size_t i = 0; i < c->num_losses; i++) {
		const struct iq_coverage_loss *loss = &c->losses[i];

		iq_json_object(json);
		iq_json_pair_cstr(json, "why", iq_stack_loss_name(loss->why));
		iq_json_pair_bool(json, "partial", loss->partial);
		iq_json_pair_u64(json, "count", loss->count);
		iq_json_key(json, "goroutines");
		iq_json_array(json);
		for (size_t k = 0; k < loss->num_ids; k++)
			iq_json_u64(json, loss->ids[k]);
		iq_json_array_end(json);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_heap(struct iq_json *json, const struct iq_doctor_heap *heap)
{
	iq_json_key(json, "heap");
	if (!heap->known) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	put_part(json, "bytes", heap->size.memory);
	put_part(json, "noscan_bytes", heap->size.noscan);
	put_part(json, "spans", heap->size.spans);
	iq_json_object_end(json);
}

/* What only a core has. */
static void put_coverage(struct iq_json *json, const struct iq_doctor *doctor,
			 size_t w)
{
	const struct iq_coverage *c = iq_doctor_core(doctor, w);

	iq_json_key(json, "coverage");
	if (!c) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_pair_text(json, "writer", c->writer);
	put_part(json, "file_bytes", c->file);
	put_part(json, "segment_bytes", c->segments);
	put_part(json, "program_headers", c->headers);
	iq_json_pair_u64(json, "left_out_bytes", c->left_out);
	iq_json_pair_u64(json, "left_out_anonymous_bytes",
			 c->left_out_anonymous);
	iq_json_pair_bool(json, "has_notes", c->has_notes);
	iq_json_pair_bool(json, "notes_whole", c->notes_whole);
	iq_json_pair_bool(json, "has_auxv", c->has_auxv);
	iq_json_pair_bool(json, "has_file_notes", c->has_file_notes);
	iq_json_pair_u64(json, "threads_with_registers", c->num_threads);
	iq_json_pair_bool(json, "has_runtime", c->has_runtime);
	iq_json_pair_cstr(json, "layout", iq_layout_source_name(c->layout));
	iq_json_pair_text(json, "layout_version", c->layout_version);
	put_part(json, "runtime_threads", c->threads);
	put_part(json, "goroutines", c->goroutines);
	put_part(json, "stack_bytes", c->stacks);
	put_losses_of_stacks(json, c);
	put_heap(json, &doctor->heaps[w]);
	iq_json_pair_bool(json, "has_inline_trees", c->has_funcdata);
	iq_json_object_end(json);
}

/* ---- witnesses */

static void put_build(struct iq_json *json, const struct iq_facts *facts)
{
	const struct iq_coverage *c = facts->coverage;

	iq_json_key(json, "build");
	if (!c) {
		iq_json_null(json);
		return;
	}
	iq_json_object(json);
	iq_json_pair_text(json, "package", c->main_package);
	iq_json_pair_text(json, "module", facts->process.module);
	iq_json_pair_text(json, "module_version", c->module_version);
	iq_json_pair_u64(json, "dependencies", c->num_deps);
	iq_json_key(json, "settings");
	iq_json_array(json);
	for (size_t i = 0; i < c->num_settings; i++) {
		iq_json_object(json);
		iq_json_pair_str(json, "key", c->settings[i].key);
		iq_json_pair_str(json, "value", c->settings[i].value);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
	put_modules(json, c);
	iq_json_object_end(json);
}

static const char *kinship_name(const struct iq_model *m, size_t w)
{
	static const char *const names[] = {
		[IQ_KINSHIP_OTHER_BUILD] = "other-build",
		[IQ_KINSHIP_OTHER_RUN] = "other-run",
		[IQ_KINSHIP_UNKNOWN] = "unknown",
		[IQ_KINSHIP_BUILD] = "build",
		[IQ_KINSHIP_PROCESS] = "process",
	};

	return names[m->kinship ? m->kinship[w] : IQ_KINSHIP_PROCESS];
}

static void put_witness(struct iq_json *json, const struct iq_doctor *doctor,
			size_t w)
{
	const struct iq_model *m = doctor->model;
	const struct iq_facts *facts = m->witnesses[w];
	const struct iq_process_fact *p = &facts->process;

	iq_json_object(json);
	iq_json_pair_u64(json, "index", w);
	iq_json_pair_cstr(json, "kind",
			  iq_witness_kind_name(facts->witness.kind));
	iq_json_pair_cstr(json, "what", iq_doctor_kind(facts));
	iq_json_pair_text(json, "format", facts->witness.format);
	iq_json_pair_text(json, "path", facts->witness.path);
	if (facts->witness.section)
		iq_json_pair_u64(json, "section", facts->witness.section);
	iq_json_pair_bool(json, "complete", facts->witness.complete);
	iq_json_pair_cstr(json, "kinship", kinship_name(m, w));
	iq_json_pair_text(json, "kinship_text",
			  m->kinship_text ? m->kinship_text[w] : IQ_STR(""));
	iq_json_pair_text(json, "go_version", p->go_version);
	iq_json_pair_text(json, "arch", p->arch);
	iq_json_pair_text(json, "executable", p->executable);
	iq_json_pair_text(json, "vcs_revision", p->vcs_revision);
	iq_json_pair_text(json, "build_id", p->build_id);
	iq_json_pair_text(json, "go_build_id", p->go_build_id);
	iq_json_maybe_i64(json, "pid", p->has_pid, p->pid);
	iq_json_tristate(json, "stripped", p->stripped);
	iq_json_tristate(json, "cgo", p->cgo);
	iq_json_tristate(json, "optimised", p->optimised);
	iq_json_pair_u64(json, "goroutines", iq_facts_count(facts));
	iq_json_pair_cstr(json, "can_tell", iq_doctor_can(facts));
	iq_json_pair_cstr(json, "cannot_know", iq_doctor_cannot(facts));
	put_build(json, facts);
	put_coverage(json, doctor, w);
	iq_json_key(json, "problems");
	iq_json_problems(json, facts->gaps.data, facts->gaps.len);
	iq_json_object_end(json);
}

/* ---- the case */

static void put_losses(struct iq_json *json, const struct iq_doctor *doctor)
{
	iq_json_key(json, "losses");
	iq_json_array(json);
	for (size_t i = 0; i < doctor->losses.len; i++) {
		const struct iq_doctor_loss *loss = &doctor->losses.data[i];

		iq_json_object(json);
		iq_json_pair_text(json, "what", loss->what);
		iq_json_pair_cstr(json, "how", loss->how);
		iq_json_pair_text(json, "why", loss->text);
		iq_json_maybe_u64(json, "witness", loss->has_witness,
				  loss->witness);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_advice(struct iq_json *json, const struct iq_doctor *doctor)
{
	iq_json_key(json, "advice");
	iq_json_array(json);
	for (size_t i = 0; i < doctor->advice.len; i++) {
		const struct iq_doctor_advice *a = &doctor->advice.data[i];

		iq_json_object(json);
		iq_json_pair_cstr(json, "id", a->row->id);
		iq_json_pair_cstr(json, "when",
				  iq_doctor_when_name(a->row->when));
		iq_json_pair_u64(json, "witness", a->witness);
		iq_json_pair_text(json, "text", a->text);
		iq_json_key(json, "commands");
		iq_json_array(json);
		for (size_t k = 0; k < a->num_commands; k++)
			iq_json_str(json, a->commands[k]);
		iq_json_array_end(json);
		iq_json_object_end(json);
	}
	iq_json_array_end(json);
}

static void put_all(struct iq_json *json, const struct iq_doctor *doctor)
{
	const struct iq_model *m = doctor->model;

	iq_json_object(json);
	iq_json_pair_cstr(json, "schema", "inquest.doctor/1");
	iq_json_key(json, "witnesses");
	iq_json_array(json);
	for (size_t w = 0; w < m->num_witnesses; w++)
		put_witness(json, doctor, w);
	iq_json_array_end(json);
	put_losses(json, doctor);
	put_advice(json, doctor);
	iq_json_key(json, "problems");
	iq_json_problems(json, m->gaps, m->num_gaps);
	iq_json_object_end(json);
}

static struct iq_error *
doctor_json_render(const struct iq_model *model,
		   const struct iq_report_options *options iq_unused,
		   struct iq_out *out)
{
	iq_cleanup(iq_json_destroyp) struct iq_json *json = NULL;
	struct iq_doctor doctor;
	struct iq_error *err = iq_doctor_init(&doctor, model);

	if (!err)
		err = iq_json_create(out, &json);
	if (!err) {
		put_all(json, &doctor);
		iq_out_char(out, '\n');
		err = iq_json_done(json);
	}
	iq_doctor_deinit(&doctor);
	return err;
}

const struct iq_report iq_report_doctor_json = {
	.command = "doctor",
	.format = "json",
	.summary = "what each witness can tell, as one object",
	.stage = IQ_STAGE_JUDGED,
	.render = doctor_json_render,
};
