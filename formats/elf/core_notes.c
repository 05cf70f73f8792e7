/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/core_notes.h"

#include <elf.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "formats/cursor.h"
#include "formats/elf/arch.h"
#include "formats/elf/note.h"
#include "formats/source.h"

/* What is gathered while the notes go by. */
struct notes {
	struct iq_core *core;
	struct iq_facts *facts;
	IQ_VEC(struct iq_core_thread) threads;
	IQ_VEC(struct iq_core_file) files;
	/* The first NT_SIGINFO. */
	bool has_siginfo;
	int siginfo_signal, siginfo_code;
	uint64_t siginfo_addr;
	bool has_prpsinfo;
	bool threads_limited;
};

/*
 * What is in @note, in a copy: paths live on, and the file may be cut while
 * they do. What the file could not give any more is zeros and no note.
 */
static struct iq_error *note_cursor(const struct notes *n,
				    const struct iq_elf_note *note,
				    struct iq_cursor *ret)
{
	const uint8_t *bytes = (const uint8_t *)note->desc.ptr;
	struct iq_str copy;
	struct iq_error *err = iq_facts_string(n->facts, note->desc, &copy);

	if (err)
		return err;
	if (iq_source_bytes_faulted(bytes, note->desc.len))
		return iq_error_at(IQ_ERROR_IO, note->offset,
				   "a note could not be read");
	iq_cursor_init(ret, copy.ptr, copy.len, note->offset);
	return NULL;
}

static bool is_wanted(uint32_t type)
{
	return type == NT_PRSTATUS || type == NT_PRPSINFO ||
	       type == NT_SIGINFO || type == NT_AUXV || type == NT_FILE;
}

// Linux: include/linux/elfcore.h, struct elf_prstatus_common: pr_info (12),
// pr_cursig, padding, two masks, pr_pid at 32.
static struct iq_error *prstatus_read(struct notes *n, struct iq_cursor *c,
				      uint64_t offset)
{
	const struct iq_arch *cpu = n->core->cpu;
	struct iq_core_thread t = { .offset = offset };

	if (c->size != cpu->prstatus_size)
		iq_cursor_fail(c,
			       "a thread's note has %" PRIu64 " bytes, not "
			       "%u as on %s",
			       c->size, cpu->prstatus_size, cpu->name);
	iq_cursor_skip(c, 12, "thread's signal information");
	t.signal = iq_cursor_u16(c, "thread's signal");
	iq_cursor_seek(c, 32, "thread's id");
	t.tid = iq_cursor_u32(c, "thread's id");
	iq_cursor_seek(c, cpu->regs_offset, "thread's registers");
	for (uint32_t i = 0; i < cpu->num_regs; i++)
		t.regs[i] = iq_cursor_u64(c, "thread's register");
	t.pc = t.regs[cpu->pc];
	t.sp = t.regs[cpu->sp];
	if (cpu->tls >= 0) {
		t.has_tls = true;
		t.tls = t.regs[cpu->tls];
	}

	struct iq_error *err = iq_cursor_done(c);
	if (err)
		return err;
	return iq_vec_push(&n->threads, t) ? NULL : &iq_enomem;
}

/* A note of its own, after NT_PRSTATUS of the thread that it is of. */
static struct iq_error *tls_read(struct notes *n, struct iq_cursor *c)
{
	uint64_t tls = iq_cursor_u64(c, "thread's base of local memory");
	struct iq_error *err = iq_cursor_done(c);

	if (err || !n->threads.len)
		return err;
	n->threads.data[n->threads.len - 1].has_tls = true;
	n->threads.data[n->threads.len - 1].tls = tls;
	return NULL;
}

/*
 * Notes of floating-point and vector registers, after NT_PRSTATUS of their
 * thread: "LINUX" has those that are an extension of the architecture. Linux:
 * include/uapi/linux/elf.h.
 */
static bool is_vectors(const struct notes *n, const struct iq_elf_note *note)
{
	if (!n->core->cpu || !n->threads.len || n->threads_limited)
		return false;
	if (iq_str_equal(note->name, IQ_STR("CORE")))
		return note->type == NT_PRFPREG;
	return iq_str_equal(note->name, IQ_STR("LINUX")) &&
	       (note->type == NT_X86_XSTATE || note->type == NT_ARM_SVE);
}

/* The largest state that a processor has is SVE's: 32 registers of 256 bytes. */
#define VECTORS_MAX (64u << 10)

/* Puts the words of @note that may be addresses to @ret, if there is room, and
 * counts them. No process has memory elsewhere. */
static struct iq_error *vectors_list(const struct iq_elf_note *note,
				     uint64_t *ret, uint32_t *num_ret)
{
	uint64_t num = note->desc.len / 8;
	uint32_t found = 0;
	struct iq_cursor c;

	iq_cursor_init(&c, (const uint8_t *)note->desc.ptr, note->desc.len,
		       note->offset);
	for (uint64_t i = 0; i < num && i < VECTORS_MAX / 8; i++) {
		uint64_t word = iq_cursor_u64(&c, "thread's vector register");

		if (word < 4096 || word >= 1ull << 56)
			continue;
		if (ret && found < *num_ret)
			ret[found] = word;
		found++;
	}
	if (!ret || found < *num_ret)
		*num_ret = found;
	return iq_cursor_done(&c);
}

/* Wherever registers stand in it, they stand at whole words. */
static struct iq_error *vectors_read(struct notes *n,
				     const struct iq_elf_note *note)
{
	struct iq_core_thread *t = &n->threads.data[n->threads.len - 1];
	struct iq_error *err;
	uint64_t *words;
	uint32_t num;

	// Nobody has more notes of them than two.
	if (t->num_vectors > VECTORS_MAX / 8)
		return NULL;
	err = vectors_list(note, NULL, &num);
	if (err || !num)
		return err;
	words = iq_arena_alloc(&n->facts->arena,
			       ((size_t)t->num_vectors + num) * sizeof(*words));
	if (!words)
		return &iq_enomem;
	if (t->num_vectors)
		memcpy(words, t->vectors, t->num_vectors * sizeof(*words));
	err = vectors_list(note, words + t->num_vectors, &num);
	if (!err && iq_source_bytes_faulted((const uint8_t *)note->desc.ptr,
					    note->desc.len))
		return iq_error_at(IQ_ERROR_IO, note->offset,
				   "a note could not be read");
	if (err)
		return err;
	t->vectors = words;
	t->num_vectors += num;
	return NULL;
}

// Linux: include/linux/elfcore.h, struct elf_prpsinfo of 64-bit machines: pr_pid
// at 24, pr_fname at 40, pr_psargs at 56.
static struct iq_error *prpsinfo_read(struct notes *n, struct iq_cursor *c)
{
	const uint64_t args_size = 80;

	iq_cursor_seek(c, 24, "process id");
	uint32_t pid = iq_cursor_u32(c, "process id");
	iq_cursor_seek(c, 56, "process arguments");
	struct iq_str args = iq_cursor_bytes(c, args_size, "process arguments");

	struct iq_error *err = iq_cursor_done(c);
	if (err)
		return err;
	n->has_prpsinfo = true;
	n->core->has_pid = true;
	n->core->pid = pid;
	// The kernel joins the arguments by blanks and leaves one at the end.
	n->core->command =
		iq_str_trim(iq_str_sub(args, 0, iq_str_find(args, '\0')));
	return NULL;
}

// Linux: include/uapi/asm-generic/siginfo.h: si_signo, si_errno, si_code, 4
// bytes of padding, then the union, whose si_addr comes first.
static struct iq_error *siginfo_read(struct notes *n, struct iq_cursor *c)
{
	if (n->has_siginfo)
		return NULL;
	int signal = (int)iq_cursor_u32(c, "signal number");
	iq_cursor_skip(c, 4, "signal's errno");
	int code = (int)iq_cursor_u32(c, "signal's code");
	iq_cursor_skip(c, 4, "signal's padding");
	uint64_t addr = iq_cursor_u64(c, "signal's address");

	struct iq_error *err = iq_cursor_done(c);
	if (err)
		return err;
	n->has_siginfo = true;
	n->siginfo_signal = signal;
	n->siginfo_code = code;
	n->siginfo_addr = addr;
	return NULL;
}

static struct iq_error *auxv_read(struct notes *n, struct iq_cursor *c)
{
	struct iq_core *core = n->core;

	while (iq_cursor_left(c)) {
		uint64_t type = iq_cursor_u64(c, "auxiliary vector's type");
		uint64_t value = iq_cursor_u64(c, "auxiliary vector's value");
		if (!iq_cursor_ok(c) || type == AT_NULL)
			break;
		switch (type) {
		case AT_PHDR:
			core->has_phdr = true;
			core->auxv_phdr = value;
			break;
		case AT_PHNUM:
			core->auxv_phnum = value;
			break;
		case AT_ENTRY:
			core->has_entry = true;
			core->auxv_entry = value;
			break;
		case AT_BASE:
			core->auxv_base = value;
			break;
		case AT_SYSINFO_EHDR:
			core->auxv_vdso = value;
			break;
		case AT_EXECFN:
			core->auxv_execfn = value;
			break;
		}
	}
	return iq_cursor_done(c);
}

// Linux: fs/binfmt_elf.c, fill_files_note(): count, page size, then start, end
// and offset in pages of each, then the names.
static struct iq_error *files_read(struct notes *n, struct iq_cursor *c)
{
	const uint64_t row_size = 24;
	struct iq_cursor rows;

	uint64_t count = iq_cursor_u64(c, "number of mapped files");
	uint64_t page = iq_cursor_u64(c, "page size of mapped files");
	if (iq_cursor_ok(c) && count > iq_cursor_left(c) / row_size)
		iq_cursor_fail(c, "%" PRIu64 " mapped files do not fit", count);
	if (!iq_cursor_ok(c))
		return iq_cursor_done(c);
	iq_cursor_sub(c, count * row_size, "mapped files", &rows);
	for (uint64_t i = 0; i < count; i++) {
		struct iq_core_file f = {
			.start = iq_cursor_u64(&rows, "mapped file's start"),
			.end = iq_cursor_u64(&rows, "mapped file's end"),
			.offset = iq_cursor_u64(&rows, "mapped file's offset"),
			.path = iq_cursor_cstr(c, "mapped file's name"),
		};
		if (!iq_cursor_ok(c))
			break;
		if (f.end < f.start ||
		    __builtin_mul_overflow(f.offset, page, &f.offset)) {
			iq_cursor_fail(c,
				       "mapped file %" PRIu64
				       " is from 0x%" PRIx64 " to 0x%" PRIx64,
				       i, f.start, f.end);
			break;
		}
		if (!iq_vec_push(&n->files, f))
			return &iq_enomem;
	}
	return iq_cursor_done(c);
}

static bool is_tls(const struct notes *n, const struct iq_elf_note *note)
{
	const struct iq_arch *cpu = n->core->cpu;

	// Threads above the limit have theirs, too.
	return cpu && cpu->tls_note && note->type == cpu->tls_note &&
	       !n->threads_limited && iq_str_equal(note->name, IQ_STR("LINUX"));
}

static struct iq_error *note_read(struct notes *n,
				  const struct iq_elf_note *note)
{
	struct iq_cursor c;
	struct iq_error *err;

	if (iq_str_equal(note->name, IQ_STR("GDB")))
		n->core->from_gcore = true;
	if (is_vectors(n, note))
		return vectors_read(n, note);
	bool tls = is_tls(n, note);
	if (!tls && (!iq_str_equal(note->name, IQ_STR("CORE")) ||
		     !is_wanted(note->type)))
		return NULL;
	err = note_cursor(n, note, &c);
	if (err)
		return err;
	if (tls)
		return tls_read(n, &c);
	switch (note->type) {
	case NT_PRSTATUS:
		// An architecture without a row: reported once, by the caller.
		if (!n->core->cpu)
			return NULL;
		if (n->threads.len >= IQ_LIMIT_THREADS) {
			n->threads_limited = true;
			return NULL;
		}
		return prstatus_read(n, &c, note->offset);
	case NT_PRPSINFO:
		// The kernel begins with the thread that died, gdb with this.
		if (!n->threads.len && !n->has_prpsinfo && n->core->cpu)
			n->core->from_gcore = true;
		return prpsinfo_read(n, &c);
	case NT_SIGINFO:
		return siginfo_read(n, &c);
	case NT_AUXV:
		return auxv_read(n, &c);
	case NT_FILE:
		return files_read(n, &c);
	}
	return NULL;
}

static struct iq_error *notes_segment_read(struct notes *n,
					   const struct iq_elf_segment *s)
{
	const struct iq_source *source = n->core->source;
	struct iq_elf_note note;
	struct iq_error *err;
	struct iq_cursor c;

	uint64_t at = s->offset < source->size ? s->offset : source->size;
	uint64_t left = source->size - at;

	if (s->filesz > left)
		iq_facts_gap_offset(n->facts, IQ_GAP_TRUNCATED, source->size,
				    "the core ends %" PRIu64
				    " bytes before its notes do: threads, "
				    "mapped files or the signal are missing",
				    s->filesz - left);
	iq_cursor_init(&c, source->data + at,
		       s->filesz < left ? s->filesz : left, at);
	while (iq_elf_note_next(&c, s->align, &note)) {
		err = note_read(n, &note);
		if (err && err->code == IQ_ERROR_NOMEM)
			return err;
		if (err)
			iq_facts_gap_error(n->facts, IQ_GAP_DAMAGED, err);
	}
	err = iq_cursor_done(&c);
	if (err && err->code == IQ_ERROR_NOMEM)
		return err;
	if (iq_source_faulted(source, at, s->filesz)) {
		iq_error_destroy(err);
		iq_facts_gap_offset(n->facts, IQ_GAP_IO, at,
				    "not all notes of the core could be read: "
				    "threads, mapped files or the signal may "
				    "be missing");
		return NULL;
	}
	if (!err)
		return NULL;
	if (s->filesz > left)
		iq_error_destroy(err);
	else
		iq_facts_gap_error(n->facts, IQ_GAP_DAMAGED,
				   iq_error_within(err, "notes of the core"));
	return NULL;
}

/*
 * The signal is what the first thread has: the one that died, or the one that
 * gdb had selected. Its address is the kernel's word only for faults that the
 * processor found (si_code of 1 and more) and whose address it knew (not
 * SI_KERNEL). Linux: include/uapi/asm-generic/siginfo.h.
 */
static void signal_take(struct notes *n)
{
	struct iq_core *core = n->core;
	int signal = 0;

	if (n->threads.len)
		signal = n->threads.data[0].signal;
	if (!signal && n->has_siginfo && !core->from_gcore)
		signal = n->siginfo_signal;
	if (!signal)
		return;
	core->has_signal = true;
	core->signal = signal;
	if (!n->has_siginfo || n->siginfo_signal != signal)
		return;
	core->has_signal_code = true;
	core->signal_code = n->siginfo_code;
	if (signal != SIGSEGV && signal != SIGBUS && signal != SIGILL &&
	    signal != SIGFPE)
		return;
	if (n->siginfo_code > 0 && n->siginfo_code != SI_KERNEL) {
		core->has_fault_addr = true;
		core->fault_addr = n->siginfo_addr;
	}
}

struct iq_error *iq_core_notes_read(struct iq_core *core,
				    struct iq_facts *facts)
{
	struct notes n = {
		.core = core,
		.facts = facts,
	};
	const struct iq_elf_segment *segments;
	struct iq_error *err = NULL;
	size_t num;

	segments = iq_elf_segments(core->elf, &num);
	for (size_t i = 0; i < num && !err; i++) {
		if (segments[i].type == PT_NOTE)
			err = notes_segment_read(&n, &segments[i]);
	}
	if (n.threads_limited)
		iq_facts_gap(facts, IQ_GAP_LIMIT,
			     "more than %u threads: the rest is not read",
			     IQ_LIMIT_THREADS);
	signal_take(&n);
	core->threads = n.threads.data;
	core->num_threads = n.threads.len;
	core->files = n.files.data;
	core->num_files = n.files.len;
	return err;
}
