/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/reader.h"

#define IQ_READER(x) extern const struct iq_reader iq_reader_##x;
#include "formats/readers.def"
#undef IQ_READER

static const struct iq_reader *const readers[] = {
#define IQ_READER(x) &iq_reader_##x,
#include "formats/readers.def"
#undef IQ_READER
};

const struct iq_reader *const *iq_readers(size_t *num_ret)
{
	*num_ret = IQ_ARRAY_SIZE(readers);
	return readers;
}

const struct iq_reader *iq_reader_for(const struct iq_source *source)
{
	const struct iq_reader *best = NULL;
	unsigned best_bid = 0;

	// The first row wins among equals, so that the answer is always one.
	for (size_t i = 0; i < IQ_ARRAY_SIZE(readers); i++) {
		unsigned bid = readers[i]->bid(source);

		if (bid > best_bid) {
			best_bid = bid;
			best = readers[i];
		}
	}
	return best;
}
