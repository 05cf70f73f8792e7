/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include "base/attr.h"

const char *iq_wait_ground_words(enum iq_wait_ground ground)
{
	static const char *const words[] = {
		[IQ_WAIT_GROUND_NONE] = "",
		[IQ_WAIT_GROUND_COLLECTION] = "a collection saw it wait",
		[IQ_WAIT_GROUND_NO_COLLECTION] =
			"a collection did not see it wait",
		[IQ_WAIT_GROUND_TRACE] = "the trace saw it wait",
		[IQ_WAIT_GROUND_MINUTES] = "the dump's minutes",
		[IQ_WAIT_GROUND_SNAPSHOT] = "it was seen there earlier",
		[IQ_WAIT_GROUND_AGE] = "it is no older",
	};

	return (size_t)ground < IQ_ARRAY_SIZE(words) ? words[ground] : "";
}

enum iq_wait_ground iq_wait_ground_of(enum iq_witness_kind kind, bool is_max)
{
	switch (kind) {
	case IQ_WITNESS_CORE:
		return is_max ? IQ_WAIT_GROUND_NO_COLLECTION :
				IQ_WAIT_GROUND_COLLECTION;
	case IQ_WITNESS_TRACE:
		return IQ_WAIT_GROUND_TRACE;
	case IQ_WITNESS_DUMP:
		return IQ_WAIT_GROUND_MINUTES;
	case IQ_WITNESS_PROFILE:
	case IQ_WITNESS_EXECUTABLE:
		break;
	}
	return IQ_WAIT_GROUND_NONE;
}
