/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/text/go_text.h"
#include "formats/text/scan.h"

/*
 * A key or a value: quoted (1.26 always, 1.27 where needed), else up to @end.
 * Go 1.26: src/runtime/print.go, printquoted.
 */
static bool word_take(struct iq_scan *s, struct iq_str end,
		      struct iq_text_buf *buf, bool *failed_ret)
{
	struct iq_str rest;
	size_t len;

	buf->bytes.len = 0;
	if (!iq_scan_literal(s, IQ_STR("\""))) {
		rest = iq_scan_rest(s);
		len = iq_str_search(rest, end);
		s->pos += len;
		*failed_ret |= !iq_text_buf_add(buf, iq_str_sub(rest, 0, len));
		return true;
	}
	rest = iq_scan_rest(s);
	len = iq_escape_end(rest);
	if (len == rest.len)
		return false;
	s->pos += len + 1;
	*failed_ret |= !iq_escape_undo(iq_str_sub(rest, 0, len), buf);
	return true;
}

bool iq_go_label_next(struct iq_str *labels, struct iq_go_label_text *buf,
		      struct iq_label *ret, bool *failed_ret)
{
	struct iq_scan s = { .s = *labels };

	if (labels->len == 0)
		return false;
	if (!word_take(&s, IQ_STR(": "), &buf->key, failed_ret))
		return false;
	if (!iq_scan_literal(&s, IQ_STR(": ")))
		return false;
	if (!word_take(&s, IQ_STR(", "), &buf->value, failed_ret))
		return false;
	if (*failed_ret)
		return false;
	iq_scan_literal(&s, IQ_STR(", "));
	*labels = iq_scan_rest(&s);
	ret->key = iq_text_buf_str(&buf->key);
	ret->value = iq_text_buf_str(&buf->value);
	return true;
}
