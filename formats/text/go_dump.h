/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the reader of goroutine dumps: go_dump.c tells lines apart,
 * go_dump_end.c knows what stands before the goroutines, go_dump_stack.c
 * builds one goroutine, go_dump_fact.c says what is known of it,
 * go_dump_section.c puts them together to dumps, go_dump_scene.c sums up how
 * it ended.
 */
#ifndef IQ_FORMATS_TEXT_GO_DUMP_H
#define IQ_FORMATS_TEXT_GO_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "formats/text/go_text.h"
#include "formats/text/lines.h"
#include "model/fact.h"

/* Panics of one goroutine that are told apart. */
#define IQ_DUMP_MAX_PANICS 16

struct iq_dump_panic {
	struct iq_str text;
	bool recovered;
	bool repanicked;
};

/* How a process ended, from the lines before its goroutines; texts interned. */
struct iq_dump_end {
	enum iq_end_kind kind;
	struct iq_str text;
	/* What the runtime said right before: how much memory it wanted. */
	struct iq_str words;
	struct iq_str signal;
	bool has_fault_addr;
	uint64_t fault_addr;
	/* The signal was sent: who ran on its thread has no part in it. */
	bool sent;
	/* Two threads failed at once, and each prints what it ran. */
	bool shared;
	/* The interrupted instruction. */
	bool has_pc;
	uint64_t pc;
	bool has_code;
	int code;
	/* As they are printed: the oldest first. */
	struct iq_dump_panic panics[IQ_DUMP_MAX_PANICS];
	size_t num_panics;
};

/* A crash that is mentioned beside the one that is judged. */
struct iq_dump_mention {
	bool there;
	/* The list shows that it ran in the same process. */
	bool listed;
	struct iq_dump_end end;
	bool has_goroutine;
	uint64_t goroutine;
	const struct iq_stack *stack; /* or NULL */
};

/* Ids of a section: open addressing, id 0 is a free place. */
struct iq_dump_ids {
	IQ_VEC(uint64_t) ids;
	IQ_VEC(uint32_t) goroutines;
	size_t num;
};

bool iq_dump_ids_find(const struct iq_dump_ids *ids, uint64_t id,
		      uint32_t *ret);
struct iq_error *iq_dump_ids_add(struct iq_dump_ids *ids, uint64_t id,
				 uint32_t goroutine) iq_must_check;
void iq_dump_ids_clear(struct iq_dump_ids *ids);
void iq_dump_ids_deinit(struct iq_dump_ids *ids);

/* One dump of possibly several; its goroutines stand in the facts. */
struct iq_dump_section {
	uint32_t num; /* from 1; 0: none yet */
	uint64_t offset;
	struct iq_dump_end end;
	struct iq_dump_ids ids;
	/* A goroutine that ran was shown with its stack: only one can be. */
	bool has_running;
	bool has_labels;
	bool has_system;
	/* A thread's own stack came first: no goroutine was interrupted. */
	bool thread_first;
	uint64_t num_skipped;
	/* A second thread that failed meanwhile: it waits until the first has
	 * printed everything, and shows its own goroutine alone. */
	struct iq_dump_mention other;
	struct iq_goroutine_fact other_fact;
	uint64_t other_offset;
};

/* The goroutine that is being read. */
struct iq_dump_stack {
	bool open;
	/* A g0, "runtime stack:" or a goroutine of another section's text. */
	bool skip;
	struct iq_go_header header;
	uint64_t offset;
	/* Lines of noise before the header, and in between since. */
	uint64_t noise_before;
	uint64_t noise_within;
	const struct iq_labels *labels;
	IQ_VEC(struct iq_frame) frames;
	/* Inlined calls at the end of frames, whose pc comes with the next. */
	size_t num_inlined;
	/* A call whose file and line are to come. */
	bool has_call;
	struct iq_frame call;
	/* A creator, the same. */
	bool has_creator;
	bool creator_placed;
	struct iq_frame creator;
	bool has_parent;
	uint64_t parent;
	/* A line that may be a C function's name. */
	bool has_name;
	struct iq_text_buf name;
	bool elided;
	uint32_t elided_at;
	uint64_t num_elided;
	/* "stack unavailable". */
	bool unavailable;
	/* In the stacks of those who created it. */
	bool ancestors;
	/* What is wrong, the first of it. */
	const char *damage;
	enum iq_gap_code damage_code;
	uint64_t damage_offset;
};

enum iq_dump_state {
	/* Between goroutines, before and after them. */
	IQ_DUMP_OUTSIDE,
	/* In a panic's value, which may look like anything. */
	IQ_DUMP_PANIC,
	IQ_DUMP_STACK,
};

struct iq_dump {
	struct iq_facts *facts;
	const struct iq_source *source;
	struct iq_lines lines;
	enum iq_dump_state state;
	struct iq_dump_section section;
	/* The crash of the section before the one that counts. */
	struct iq_dump_mention earlier;
	struct iq_dump_stack stack;
	/* What came since the last goroutine. */
	bool has_next;
	struct iq_dump_end next;
	/* Nothing stood between the last goroutine and it. */
	bool next_follows;
	/* Lines of the newest panic's value, until it has ended. */
	bool in_value;
	struct iq_text_buf value;
	bool value_recovered, value_repanicked;
	/* A thread's own stack came before all goroutines. */
	bool next_thread_first;
	/* Lines of noise since the last line that was none. */
	uint64_t num_noise;
	/* The goroutines stood in a panic's value, or a logger dropped blank
	 * lines: if one stands behind a blank line, they did. */
	bool tentative;
	struct iq_dump_end tentative_end;
	bool blank_before;
	/* "SIGQUIT: quit" came; for so many lines it awaits its "PC=". */
	unsigned signal_left;
	struct iq_str signal;
	struct iq_str signal_text;
	/* "runtime: …" came, the same for a fatal error. */
	unsigned words_left;
	struct iq_text_buf words;
	/* "-----" came, the same for a signal. */
	unsigned rule_left;
	/* In the text of one more thread of GOTRACEBACK=crash. */
	bool in_thread;
	/* Scratch of labels. */
	struct iq_go_label_text label_text;
	IQ_VEC(struct iq_label) label_items;
};

/* A view that outlives the line. */
struct iq_error *iq_dump_keep(struct iq_dump *d, const struct iq_line *line,
			      struct iq_str s, struct iq_str *ret)
	iq_must_check;

/* go_dump_end.c: true if the line was one of them. */
struct iq_error *iq_dump_end_line(struct iq_dump *d, const struct iq_line *line,
				  bool *ret) iq_must_check;
/* The same behind a text that lacks its newline. */
struct iq_error *iq_dump_end_glued_line(struct iq_dump *d,
					const struct iq_line *line, bool *ret)
	iq_must_check;
/* A line of a panic's value. */
struct iq_error *iq_dump_end_panic_line(struct iq_dump *d,
					const struct iq_line *line)
	iq_must_check;
/* The value, if one is being read, has ended: it is the end's text. */
struct iq_error *iq_dump_end_panic_finish(struct iq_dump *d) iq_must_check;

/* Whether @text ends with a crash of which no stacks were printed
 * (GOTRACEBACK=none, or no goroutines left). */
bool iq_dump_end_is_last(struct iq_str text);

/* go_dump_scene.c: what is known of the crash, if it was one. */
struct iq_error *iq_dump_scene(struct iq_dump *d) iq_must_check;

/* go_dump_stack.c */
struct iq_error *iq_dump_stack_begin(struct iq_dump *d,
				     const struct iq_go_header *header,
				     const struct iq_line *line) iq_must_check;
/* The stack of a thread, which is of no use. */
void iq_dump_stack_skip(struct iq_dump *d);
struct iq_error *iq_dump_stack_line(struct iq_dump *d,
				    const struct iq_line *line, bool *ret)
	iq_must_check;
/* Ends the goroutine, if there is one, and hands it on. */
struct iq_error *iq_dump_stack_end(struct iq_dump *d, bool at_end)
	iq_must_check;

/* go_dump_fact.c: the goroutine that was read; @cut: not to its end. */
struct iq_error *iq_dump_fact_make(struct iq_dump *d, bool cut,
				   struct iq_goroutine_fact *ret) iq_must_check;

/*
 * go_dump_section.c: the goroutine that was read may begin a new section, with
 * which all facts begin anew; or, in a thread's own text, be known already.
 */
struct iq_error *iq_dump_section_enter(struct iq_dump *d, bool *known_ret,
				       uint32_t *ret) iq_must_check;
/* The goroutine that was read, if a second thread that failed ran it. */
void iq_dump_section_other(struct iq_dump *d,
			   const struct iq_goroutine_fact *g);
/*
 * A thread shows what it ran: what the list had already, or could not show
 * because it ran.
 */
void iq_dump_section_merge(struct iq_goroutine_fact *known,
			   const struct iq_goroutine_fact *g);
struct iq_error *iq_dump_section_add(struct iq_dump *d,
				     const struct iq_goroutine_fact *g)
	iq_must_check;
/* What is known of the whole once the file was read. */
struct iq_error *iq_dump_section_finish(struct iq_dump *d) iq_must_check;

#endif
