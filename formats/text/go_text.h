/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the runtime's tracebacks, one function a kind of line. They see
 * one line each, without its end, and give views into it; what a line does not
 * say is false, 0 or empty. Grammar: Go 1.26, src/runtime/traceback.go
 * (goroutineheader, traceback2, printcreatedby1), the same from 1.18 to 1.27
 * but for what each function names.
 */
#ifndef IQ_FORMATS_TEXT_GO_TEXT_H
#define IQ_FORMATS_TEXT_GO_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "formats/text/escape.h"
#include "model/fact.h"

/* "goroutine 7 gp=0xc000007180 m=nil [chan receive, 3 minutes]:" */
struct iq_go_header {
	uint64_t id;
	bool has_g;
	uint64_t g_addr;
	bool has_m;
	int64_t m;
	enum iq_gstatus status;
	struct iq_str wait_reason;
	bool leaked;
	bool locked;
	/* Floor of minutes since g.waitsince; 0 if not printed. */
	uint64_t minutes;
	/* What stands between the braces: labels with their quotes. */
	bool has_labels;
	struct iq_str labels;
	/* Bytes of the line that the grammar prescribes, for a bid. */
	size_t literal;
	/* The line's length up to and including ':'. */
	size_t len;
};

/* Text may follow the header in @line: see len. */
bool iq_go_header_parse(struct iq_str line, struct iq_go_header *ret);

/*
 * The first of @labels, which is moved behind it. Quotes are undone into @buf,
 * which the views in @ret point to and the next call overwrites. False at the
 * end, where the text is no label, and without memory (*@failed_ret is set).
 */
struct iq_go_label_text {
	struct iq_text_buf key;
	struct iq_text_buf value;
};
bool iq_go_label_next(struct iq_str *labels, struct iq_go_label_text *buf,
		      struct iq_label *ret, bool *failed_ret);

/* "main.(*srv).loop(0xc000010018, {0x1, 0x2}, ...)" */
struct iq_go_call {
	struct iq_str function;
	struct iq_str args;
	/* The arguments are "...": an inlined call, or an ancestor's. */
	bool inlined;
};
bool iq_go_call_parse(struct iq_str line, struct iq_go_call *ret);

/* "	/src/main.go:70 +0x312 fp=0xc00006cf90 sp=0xc00006ced0 pc=0x1029" */
struct iq_go_place {
	/* Empty where the runtime prints "?", or nothing (C code). */
	struct iq_str file;
	uint32_t line;
	bool has_offset;
	uint64_t offset;
	bool has_pc;
	uint64_t pc;
	/* fp= and sp= are there: a Go frame. */
	bool has_fp;
};
bool iq_go_place_parse(struct iq_str line, struct iq_go_place *ret);

/* "created by main.main in goroutine 1"; the goroutine since 1.21. */
struct iq_go_creator {
	struct iq_str function;
	bool has_parent;
	uint64_t parent;
};
bool iq_go_creator_parse(struct iq_str line, struct iq_go_creator *ret);

/* "...51 frames elided..." (1.21+), "...additional frames elided...": 0. */
bool iq_go_elided_parse(struct iq_str line, uint64_t *ret);

/* "[originating from goroutine 7]:" (GODEBUG=tracebackancestors=N) */
bool iq_go_ancestor_parse(struct iq_str line, uint64_t *ret);

/* "non-Go function at pc=0x7f0012" (1.19+), a frame of one line. */
bool iq_go_foreign_parse(struct iq_str line, uint64_t *ret);

/* "rax    0x0", "r15    0xffff": the registers after a signal. */
bool iq_go_register_parse(struct iq_str line);

/*
 * "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x515803]"
 * after a panic or a fatal error. An address is one only if the kernel saw the
 * fault there: si_code of 1 to 127, neither a signal that was sent (0 and
 * below, where si_pid stands in its place) nor SI_KERNEL (128, no address).
 */
struct iq_go_signal {
	struct iq_str name;
	bool has_addr;
	uint64_t addr;
	bool has_code;
	int code;
};
bool iq_go_signal_parse(struct iq_str line, struct iq_go_signal *ret);

/* "SIGQUIT: quit", "Signal 40": the first line of a fatal signal's text. */
bool iq_go_fatal_signal_parse(struct iq_str line, struct iq_str *name_ret);

/* "PC=0x48af81 m=0 sigcode=1 addr=0x8": the second line of it. */
struct iq_go_signal_pc {
	uint64_t pc;
	bool has_code;
	int64_t code;
	/* As above. */
	bool has_addr;
	uint64_t addr;
};
bool iq_go_signal_pc_parse(struct iq_str line, struct iq_go_signal_pc *ret);

#endif
