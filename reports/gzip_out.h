/* SPDX-License-Identifier: Apache-2.0 */
/* An output that is compressed on the way: gzip. */
#ifndef IQ_REPORTS_GZIP_OUT_H
#define IQ_REPORTS_GZIP_OUT_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/out.h"

struct iq_gzip_out;

/* @out outlives it. */
struct iq_error *iq_gzip_out_create(struct iq_out *out,
				    struct iq_gzip_out **ret) iq_must_check;
void iq_gzip_out_destroy(struct iq_gzip_out *gz);

struct iq_error *iq_gzip_out_bytes(struct iq_gzip_out *gz, const void *data,
				   size_t len) iq_must_check;
/* Writes what is left and the end of the file. */
struct iq_error *iq_gzip_out_finish(struct iq_gzip_out *gz) iq_must_check;

#endif
