/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and times as people read them. All write into the caller's buffer of
 * IQ_WORDS_SIZE bytes and return it.
 */
#ifndef IQ_REPORTS_WORDS_H
#define IQ_REPORTS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "model/text.h"

#define IQ_WORDS_SIZE IQ_DURATION_SIZE

/* "1,048,576". */
const char *iq_words_number(char *buf, uint64_t n);
/* "512 B", "1.0 MiB"; rounded down. */
const char *iq_words_bytes(char *buf, uint64_t bytes);
/* "5.1s", "12m30s", "3h05m", "4d07h"; rounded down, so that "at least" holds. */
const char *iq_words_duration(char *buf, int64_t ns);
/* ">=5.1s", "5.1s" where the time is exact, "unknown". */
/* "<=2.1s" */
const char *iq_words_at_most(char *buf, int64_t max_ns);
const char *iq_words_since(char *buf, bool has_min, int64_t min_ns, bool exact);
/*
 * "at" or "by the instruction at": what a signal's address is (sigaction(2):
 * of SIGFPE, SIGILL and SIGTRAP the one of the instruction, else of memory).
 * Static.
 */
const char *iq_words_fault(struct iq_str signal);

#endif
