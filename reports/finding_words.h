/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every report for people says of a finding, in the same words: its state,
 * who waits behind it, and what the witnesses say of it together.
 */
#ifndef IQ_REPORTS_FINDING_WORDS_H
#define IQ_REPORTS_FINDING_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/model.h"

/* What a witness says of a finding; the strongest is the largest. */
enum iq_says {
	IQ_SAYS_CANNOT_KNOW, /* another process's, or its kind cannot */
	IQ_SAYS_SILENT,
	IQ_SAYS_SUPPORTS,
	IQ_SAYS_CONTRADICTS,
};

enum iq_says iq_says_of(const struct iq_model *model,
			const struct iq_evidence *evidence);
/* What the witnesses of one kind say together. */
enum iq_says iq_says_of_kind(const struct iq_model *model,
			     const struct iq_finding *finding,
			     enum iq_witness_kind kind);
/* 'x', '.', '+', '!' */
char iq_says_char(enum iq_says mark);
/* "cannot know", "silent", "supports", "contradicts". Static. */
const char *iq_says_words(enum iq_says mark);

/* "proven", "2 agree", "1 witness", "disputed"; into a buffer of IQ_WORDS_SIZE
 * bytes, which is returned. */
const char *iq_finding_sure(char *buf, const struct iq_model *model,
			    const struct iq_finding *finding);
/* It is about how the process ended. */
bool iq_finding_is_end(const struct iq_finding *finding);
/* "chan send", "panic", "SIGSEGV"; never empty, not clean. */
struct iq_str iq_finding_state(const struct iq_model *model,
			       const struct iq_finding *finding);
/* How many go on if the finding's goroutines do; without these themselves. */
uint64_t iq_finding_victims(const struct iq_model *model,
			    const struct iq_finding *finding);
/* All of them stand in one place, in the same wait. */
bool iq_finding_victims_alike(const struct iq_model *model,
			      const struct iq_finding *finding);
/* What these wait for is a lock that the finding's goroutines hold. */
bool iq_finding_holds_lock(const struct iq_model *model,
			   const struct iq_finding *finding);
/* No more than a mention shows that they hold it. */
bool iq_finding_may_hold(const struct iq_model *model,
			 const struct iq_finding *finding);
/* Labels that all goroutines of the finding share; NULL if they share none. */
const struct iq_labels *iq_finding_labels(const struct iq_model *model,
					  const struct iq_finding *finding);

/* Stacks of a cycle that are shown. */
#define IQ_FINDING_STACKS 4

struct iq_cycle;

/* The cycle that it is about, of several goroutines; or NULL. */
const struct iq_cycle *iq_finding_cycle(const struct iq_model *model,
					const struct iq_finding *f);

#endif
