/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libinquest: a case of witnesses of one Go process, analysed offline.
 *
 *	struct inquest *iq = inquest_create();
 *	inquest_add_input(iq, "core.1234");
 *	inquest_add_input(iq, "./server");
 *	err = inquest_analyze(iq);
 *	err = inquest_render(iq, "report", "text", STDOUT_FILENO);
 *	inquest_destroy(iq);
 *
 * Nothing here prints, exits, or reads the environment. One case belongs to
 * one thread at a time; different cases are independent.
 */
#ifndef INQUEST_H
#define INQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library is built with all else hidden. */
#pragma GCC visibility push(default)

struct inquest;
struct inquest_error;

/* Since 0.1.0. Version of the library, "0.1.0"; static. */
const char *inquest_version(void);

/*
 * Since 0.1.0. Names of what is built in ("zstd", …), NULL-terminated; static.
 */
const char *const *inquest_features(void);

/* Since 0.1.0. A new, empty case; NULL without memory. */
struct inquest *inquest_create(void);
/* Since 0.1.0. Frees the case and all that it handed out. NULL is allowed. */
void inquest_destroy(struct inquest *iq);

enum inquest_error_kind {
	INQUEST_ERROR_USAGE = 1, /* an unknown option, format, goroutine */
	INQUEST_ERROR_INPUT,	 /* an input could not be read */
	INQUEST_ERROR_OUTPUT,	 /* an output could not be written */
	INQUEST_ERROR_NOMEM,
};

/* Since 0.1.0. One sentence, NUL-terminated UTF-8 without control characters. */
const char *inquest_error_text(const struct inquest_error *error);
/* Since 0.1.0. */
enum inquest_error_kind inquest_error_kind(const struct inquest_error *error);

/*
 * Since 0.1.0. Sets an option by name; both are copied. Options are listed in
 * libinquest(3). NULL is success; an error lives as long as the case.
 */
const struct inquest_error *inquest_set(struct inquest *iq, const char *name,
					const char *value);

/*
 * Since 0.1.0. Opens one input ("-": standard input) and recognises what it is
 * by content. An input that cannot be used is an error and, if others can be
 * used, a problem of the case, too.
 */
const struct inquest_error *inquest_add_input(struct inquest *iq,
					      const char *path);

/*
 * Since 0.1.0. Reads and joins all inputs. Once for a case. The rules run when
 * something first asks for findings.
 */
const struct inquest_error *inquest_analyze(struct inquest *iq);

/*
 * Since 0.1.0. Writes a report: command "report", "goroutines", "bt", "waits",
 * "explain", "profile", "trace", "heap" or "doctor"; format "text" or "json";
 * of a report also "html", of waits also "dot". Of "convert" the format is
 * "pprof".
 */
const struct inquest_error *inquest_render(struct inquest *iq,
					   const char *command,
					   const char *format, int fd);

/*
 * Since 0.1.0. What the last report could not have in it, and has no words to say
 * so itself (a profile), as one line; NULL: nothing. Until the next report.
 */
const char *inquest_note(const struct inquest *iq);

/* Since 0.1.0. Whether inquest_render() knows this command in this format. */
bool inquest_has_report(const char *command, const char *format);
/* Since 0.1.0. The formats, by index: "text", "json"; NULL past the last. */
const char *inquest_report_format(size_t index);

/* Since 0.1.0. The verdict's word, "LEAK"; static. NULL before analysis. */
const char *inquest_verdict(struct inquest *iq);
/* Since 0.1.0. Number of findings. */
size_t inquest_num_findings(struct inquest *iq);
/* Since 0.1.0. Number of goroutines. */
uint64_t inquest_num_goroutines(const struct inquest *iq);

/*
 * Since 0.1.0. Whether a finding, not contradicted, is at or above @threshold:
 * "error", "warning", "note", "never", a rule's id or a class ("leak",
 * "deadlock", "blocked", "crash"), several with commas. An unknown word is an
 * error; the answer is in *@ret.
 */
const struct inquest_error *inquest_fails(struct inquest *iq,
					  const char *threshold, bool *ret);
/*
 * Since 0.1.0. What was read, by index, as a line for people: kind, file, Go
 * version, whether anything is missing. NULL past the last, and without memory.
 * It lives as long as the case.
 */
const char *inquest_witness(struct inquest *iq, size_t index);
/* Since 0.1.0. Whether a witness was damaged or incomplete, or unusable. */
bool inquest_incomplete(const struct inquest *iq);

/* Since 0.1.0. Problems of inputs that were left out, by index; NULL past the
 * last. */
const struct inquest_error *inquest_problem(const struct inquest *iq,
					    size_t index);

/* Since 0.1.0. The rules, by index: id and one line; NULL past the last. */
const char *inquest_rule_id(size_t index);
const char *inquest_rule_summary(size_t index);
/*
 * Since 0.1.0. Of a rule by index: its class and severity ("leak", "warning"),
 * and why it is not run where a witness does not tell enough.
 */
const char *inquest_rule_class(size_t index);
const char *inquest_rule_severity(size_t index);
const char *inquest_rule_needs(size_t index);
/* Since 0.1.0. The same of the rules of one's own that the option "rules" gave
 * to a case; they live as long as it. */
const char *inquest_own_rule_id(const struct inquest *iq, size_t index);
const char *inquest_own_rule_summary(const struct inquest *iq, size_t index);
const char *inquest_own_rule_class(const struct inquest *iq, size_t index);
const char *inquest_own_rule_severity(const struct inquest *iq, size_t index);

/*
 * Since 0.1.0. What conditions on goroutines can ask for (the options "with" and
 * "without"), by index: the key's name and one line; NULL past the last.
 */
const char *inquest_condition_key(size_t index);
const char *inquest_condition_help(size_t index);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
