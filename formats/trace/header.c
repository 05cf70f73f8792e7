/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/trace/header.h"

#include <string.h>

/* Go: src/internal/trace/version/version.go, headerFmt; before 1.22
 * src/internal/trace/parser.go, parseHeader. */
unsigned iq_trace_header_read(const struct iq_source *source,
			      struct iq_trace_header *ret)
{
	static const char head[] = "go 1.";
	static const char tail[] = " trace";
	const char *text = (const char *)source->data;
	size_t at = sizeof(head) - 1;
	uint32_t minor = 0;

	if (source->size < IQ_TRACE_HEADER_SIZE || memcmp(text, head, at) != 0)
		return 0;
	while (at < sizeof(head) - 1 + 3 && text[at] >= '0' && text[at] <= '9')
		minor = minor * 10 + (uint32_t)(text[at++] - '0');
	if (at == sizeof(head) - 1 || memcmp(text + at, tail, 6) != 0)
		return 0;
	*ret = (struct iq_trace_header){
		.minor = minor,
		.version = { text + 3, at - 3 },
	};
	for (at += sizeof(tail) - 1; at < IQ_TRACE_HEADER_SIZE; at++) {
		if (text[at] != 0)
			return 0;
	}
	return 8 * IQ_TRACE_HEADER_SIZE;
}
