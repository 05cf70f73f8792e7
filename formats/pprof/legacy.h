/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms that profiles had before profile.proto: named, so that somebody who
 * has one knows what to collect instead, but not read.
 */
#ifndef IQ_FORMATS_PPROF_LEGACY_H
#define IQ_FORMATS_PPROF_LEGACY_H

#include "formats/source.h"

/* "goroutine profile in text form (debug=1)"; NULL if @source is none. */
const char *iq_pprof_legacy_name(const struct iq_source *source);

#endif
