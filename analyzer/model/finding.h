/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules found: a site, its goroutines, how sure it is, and what each
 * witness says about it. Reports are made from these and the model alone.
 */
#ifndef IQ_MODEL_FINDING_H
#define IQ_MODEL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/fact.h"
#include "model/leak_cause.h"
#include "model/retained.h"

enum iq_class {
	IQ_CLASS_CRASH,
	IQ_CLASS_DEADLOCK,
	IQ_CLASS_LEAK,
	IQ_CLASS_BLOCKED,
};

enum iq_severity {
	IQ_SEVERITY_NOTE,    /* no defect is claimed */
	IQ_SEVERITY_WARNING, /* a defect if the evidence holds */
	IQ_SEVERITY_ERROR,   /* it will not mend itself */
};

enum iq_confidence {
	IQ_CONFIDENCE_CONTRADICTED,
	IQ_CONFIDENCE_SUSPECTED,
	IQ_CONFIDENCE_CORROBORATED,
	IQ_CONFIDENCE_PROVEN,
};

enum iq_stance {
	IQ_STANCE_SILENT,
	IQ_STANCE_SUPPORTS,
	IQ_STANCE_CONTRADICTS,
};

/* "leak", "warning", "proven", "supports": as the JSON contract spells them. */
const char *iq_class_name(enum iq_class class);
const char *iq_severity_name(enum iq_severity severity);
const char *iq_confidence_name(enum iq_confidence confidence);
const char *iq_stance_name(enum iq_stance stance);

/* How much a witness adds to the confidence: model/confidence.h. */
enum iq_weight {
	IQ_WEIGHT_NONE, /* silent, against it, or of an unknown process */
	IQ_WEIGHT_AGREES,
	IQ_WEIGHT_PROOF, /* memory or the runtime itself shows it */
};

/* In what a witness that supports a finding equals the others. */
enum {
	IQ_MATCH_IDS = 1 << 0,
	IQ_MATCH_FRAMES = 1 << 1,
};

/* What one witness says about one finding. */
struct iq_evidence {
	uint32_t witness; /* index into model->witnesses */
	enum iq_stance stance;
	enum iq_weight weight;
	unsigned matches; /* IQ_MATCH_* */
	/* Silent because it cannot know. */
	bool blind;
	/* It is against all of the finding's goroutines, not some of them. */
	bool refutes;
	/* It bears on the claim that they stay: the same ids in the same wait
	 * at two moments, a long wait, the runtime's mark; no mere number. */
	bool bears;
	struct iq_str text; /* one sentence, may hold text from the input */
};

#define IQ_FINGERPRINT_LEN 32

struct iq_finding {
	/* 1-based, in the order of the report. */
	uint32_t id;
	/* The rule's documented id: "leaked-goroutine". Static. */
	const char *rule;
	enum iq_class class;
	enum iq_severity severity;
	enum iq_confidence confidence;
	/* One sentence without full stop; may hold text from the input. */
	struct iq_str title;
	/* The class of operation, "chan-send"; static. */
	const char *kind;
	/* It claims that nothing can reach what they wait for. */
	bool unreachable;
	/* Goroutines: indexes into model->goroutines, ascending. */
	const uint32_t *goroutines;
	size_t num_goroutines;
	/* How many goroutines these stand for (groups without ids count more). */
	uint64_t count;
	/* Who goes on if these do: waiters behind a root blocker. */
	const uint32_t *victims;
	size_t num_victims;
	/* First frame of the program's own code; NULL if there is none. */
	const struct iq_frame *site;
	const struct iq_frame *created_by; /* NULL: unknown or several */
	const struct iq_frame *victims_site;
	struct iq_str wait_reason; /* empty: none */
	bool has_wait_min, has_wait_max;
	int64_t wait_min_ns, wait_max_ns;
	/* A representative stack; NULL if no witness has one. */
	const struct iq_stack *stack;
	/* One for each witness of the model, in its order. */
	const struct iq_evidence *evidence;
	size_t num_evidence;
	/* Others that stood there and that a later witness saw go on: they are
	 * not counted. Indexes into model->goroutines, ascending. */
	const uint32_t *gone;
	size_t num_gone;
	/* Kinds of witness that agree, and why it is as sure as it is. */
	unsigned num_agreeing;
	struct iq_str sure;
	/* The rule's ground: "nothing live refers to the channel"; may be
	 * empty. It is a fact of the main witness, or of the first of a kind. */
	struct iq_str ground;
	/* The ground is of several moments: growth, waits that ended. */
	bool over_time;
	/* The ground is that frames mention a lock: no witness of the same
	 * waits shows who holds it. */
	bool mere;
	bool has_ground_kind;
	enum iq_witness_kind ground_kind;
	/* Why they wait for ever, if that is known. */
	struct iq_leak_cause cause;
	/* What they alone keep in memory; a proof of a core's heap only. */
	bool has_retained;
	struct iq_retained retained;
	/* What to do, in words. */
	struct iq_str advice;
	/* What would settle a suspicion; the command that collects it, and the
	 * one that reads it together with the rest. May be empty. */
	struct iq_str settle;
	struct iq_str collect;
	struct iq_str again;
	/* Lower-case hex, NUL-terminated. */
	char fingerprint[IQ_FINGERPRINT_LEN + 1];
	/* The rule's own key of the fingerprint (sites of a cycle). */
	struct iq_str key;
};

/* Word order is worst first. */
enum iq_verdict_word {
	IQ_VERDICT_CRASH,
	IQ_VERDICT_DEADLOCK,
	IQ_VERDICT_LEAK,
	IQ_VERDICT_STUCK,
	IQ_VERDICT_SUSPECT,
	IQ_VERDICT_CLEAN,
	IQ_VERDICT_NONE, /* "NO VERDICT" */
};

const char *iq_verdict_word_name(enum iq_verdict_word word);

struct iq_verdict {
	enum iq_verdict_word word;
	struct iq_str text; /* one line, may hold text from the input */
	/* Other words that were earned, worst first. */
	enum iq_verdict_word also[IQ_VERDICT_NONE];
	size_t num_also;
};

/* A rule whose facts the case lacks. */
struct iq_not_run {
	const char *rule;
	struct iq_str text;
};

#endif
