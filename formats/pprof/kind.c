/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/pprof/kind.h"

#include "base/attr.h"

static bool has_type(const struct iq_profile *profile, const char *type,
		     const char *unit)
{
	for (size_t i = 0; i < profile->num_types; i++) {
		const struct iq_value_type *t = &profile->types[i];

		if (iq_str_equal(t->type, iq_str_of(type)) &&
		    iq_str_equal(t->unit, iq_str_of(unit)))
			return true;
	}
	return false;
}

// Go: src/runtime/pprof/pprof.go, countHeap(), writeMutex(), protobuf.go,
// proto.go: each kind has sample types of its own, but for heap and allocs,
// which differ in their default, and block and mutex, which do not differ.
enum iq_profile_type iq_pprof_kind(const struct iq_profile *profile,
				   struct iq_str default_type)
{
	const struct iq_value_type *period = &profile->period_type;

	if (has_type(profile, "goroutine", "count"))
		return IQ_PROFILE_GOROUTINE;
	if (has_type(profile, "goroutineleak", "count"))
		return IQ_PROFILE_GOROUTINELEAK;
	if (has_type(profile, "threadcreate", "count"))
		return IQ_PROFILE_THREADCREATE;
	if (has_type(profile, "inuse_space", "bytes") ||
	    has_type(profile, "alloc_space", "bytes"))
		return iq_str_equal(default_type, IQ_STR("alloc_space")) ?
			       IQ_PROFILE_ALLOCS :
			       IQ_PROFILE_HEAP;
	if (has_type(profile, "contentions", "count"))
		return IQ_PROFILE_BLOCK;
	if (has_type(profile, "cpu", "nanoseconds") ||
	    (iq_str_equal(period->type, IQ_STR("cpu")) &&
	     has_type(profile, "samples", "count")))
		return IQ_PROFILE_CPU;
	return IQ_PROFILE_OTHER;
}

// Go: src/runtime/mprof.go, mutexevent() is called by the release of a semaphore
// and by the runtime's own unlock, which stands for itself or under a name of
// its own; blockevent() by what parks.
bool iq_pprof_unlocks(struct iq_str leaf)
{
	static const char *const ends[] = {
		".Unlock",     ".RUnlock", ".rUnlockSlow",
		".unlockSlow", ".unlock",  ".unlock2",
	};

	for (size_t i = 0; i < IQ_ARRAY_SIZE(ends); i++) {
		if (iq_str_ends(leaf, iq_str_of(ends[i])))
			return true;
	}
	return iq_str_equal(leaf, IQ_STR("runtime._LostContendedRuntimeLock"));
}

enum iq_profile_type iq_pprof_contention(size_t num_named, size_t num_unlocks)
{
	if (!num_named)
		return IQ_PROFILE_OTHER;
	return num_unlocks > num_named / 2 ? IQ_PROFILE_MUTEX :
					     IQ_PROFILE_BLOCK;
}
