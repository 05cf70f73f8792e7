/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "formats/go/objects.h"
#include "formats/go/record.h"

/* Waiters that are counted, and more than any object has. */
#define WAITERS_MAX (1u << 20)
/* Go: src/sync/rwmutex.go, rwmutexMaxReaders. */
#define MAX_READERS (1 << 30)

/* Whether the channel at @addr is one, and closed. Go: src/runtime/chan.go. */
static bool is_closed_channel(const struct iq_go_scene *s, uint64_t addr,
			      enum iq_go_trust trust iq_unused)
{
	const struct iq_go_layout *l = s->rt->layout;
	struct iq_go_record r;
	struct iq_go_type type;
	uint64_t len, cap, elem;

	if (!addr || addr % 8 ||
	    !iq_go_record_read(s->rt->memory, addr, l->hchan_size, &r))
		return false;
	len = iq_go_record_uint(&r, l->hchan_qcount);
	cap = iq_go_record_uint(&r, l->hchan_dataqsiz);
	elem = iq_go_record_uint(&r, l->hchan_elemtype);
	if (iq_go_record_uint(&r, l->hchan_closed) != 1 || len > cap ||
	    iq_go_record_uint(&r, l->hchan_sendx) > cap ||
	    iq_go_record_uint(&r, l->hchan_recvx) > cap || !elem ||
	    !iq_go_record_uint(&r, l->hchan_buf))
		return false;
	// Its type is in the executable, which may not be there.
	if (iq_go_type_read(s->rt, elem, &type))
		return type.size == iq_go_record_uint(&r, l->hchan_elemsize);
	for (size_t i = 0; i < s->rt->program->num_modules; i++) {
		const struct iq_go_module *m = &s->rt->program->modules[i];

		if (elem >= m->types && elem < m->etypes)
			return true;
	}
	return false;
}

static uint64_t queue_length(const struct iq_go_scene *s, uint64_t sudog)
{
	uint64_t n = 0;

	while (sudog && n < WAITERS_MAX) {
		n++;
		if (!iq_go_field_read(s->rt->memory, sudog,
				      s->rt->layout->sudog_next, &sudog))
			break;
	}
	return n;
}

static struct iq_error *channel_values(struct iq_go_scene *s, uint64_t addr,
				       struct iq_go_values *v)
{
	const struct iq_go_layout *l = s->rt->layout;
	struct iq_error *err;
	struct iq_go_record r;
	struct iq_go_type type;
	uint64_t n;

	if (!iq_go_record_read(s->rt->memory, addr, l->hchan_size, &r))
		return NULL;
	err = iq_go_values_number(
		v, "length", (int64_t)iq_go_record_uint(&r, l->hchan_qcount));
	if (!err)
		err = iq_go_values_number(
			v, "capacity",
			(int64_t)iq_go_record_uint(&r, l->hchan_dataqsiz));
	if (!err)
		err = iq_go_values_add(v, "closed", IQ_STR("bool"),
				       iq_go_record_uint(&r, l->hchan_closed) ?
					       IQ_STR("true") :
					       IQ_STR("false"));
	if (!err &&
	    iq_go_type_read(s->rt, iq_go_record_uint(&r, l->hchan_elemtype),
			    &type))
		err = iq_go_values_add(
			v, "element type", IQ_STR(""),
			(struct iq_str){ type.name, type.name_len });
	n = queue_length(s, iq_go_record_uint(&r, l->hchan_recvq_first));
	if (!err && n)
		err = iq_go_values_number(v, "waiting receivers", (int64_t)n);
	n = queue_length(s, iq_go_record_uint(&r, l->hchan_sendq_first));
	if (!err && n)
		err = iq_go_values_number(v, "waiting senders", (int64_t)n);
	return err;
}

struct iq_error *iq_go_object_channel(struct iq_go_scene *s,
				      struct iq_go_values *v)
{
	static const char *const functions[] = {
		"runtime.chansend",	     "runtime.closechan",
		"runtime.selectgo",	     "runtime.reflect_chan",
		"runtime.selectnbsend",	     "reflect.chan",
		"runtime.reflect_chanclose", NULL,
	};
	const struct iq_go_wanted wanted = {
		.functions = functions,
		.test = is_closed_channel,
	};
	struct iq_error *err;
	struct iq_go_found found;

	if (!iq_go_wanted_find(s, &wanted, &found))
		return NULL;
	err = channel_values(s, found.addr, v);
	return err ? err : iq_go_object_add(s, "channel", &found, false, v);
}

static bool int32_at(const struct iq_go_scene *s, uint64_t addr, int32_t *ret)
{
	uint32_t value;

	if (!addr || addr % 4 || !iq_memory_u32(s->rt->memory, addr, &value))
		return false;
	*ret = (int32_t)value;
	return true;
}

/*
 * Counter in the high half, waiters in the low one, whose top bit is a flag
 * from 1.25 on. Go: src/sync/waitgroup.go.
 */
static bool is_negative_waitgroup(const struct iq_go_scene *s, uint64_t addr,
				  enum iq_go_trust trust iq_unused)
{
	const struct iq_go_layout *l = s->rt->layout;
	uint64_t state, sema;

	if (!addr || addr % 8 || !iq_go_has(l->wait_group_state) ||
	    !iq_go_field_read(s->rt->memory, addr, l->wait_group_sema, &sema) ||
	    !iq_memory_u64(s->rt->memory, addr + l->wait_group_state.offset,
			   &state))
		return false;
	return (int32_t)(state >> 32) < 0 &&
	       (int32_t)(state >> 32) > -(int32_t)WAITERS_MAX &&
	       (state & 0x7fffffff) < WAITERS_MAX && sema < WAITERS_MAX;
}

struct iq_error *iq_go_object_waitgroup(struct iq_go_scene *s,
					struct iq_go_values *v)
{
	static const char *const functions[] = {
		"sync.(*WaitGroup).Add",
		"sync.(*WaitGroup).Done",
		"sync.(*WaitGroup).Go",
		NULL,
	};
	const struct iq_go_wanted wanted = {
		.functions = functions,
		.test = is_negative_waitgroup,
	};
	struct iq_error *err;
	struct iq_go_found found;
	uint64_t state;

	if (!iq_go_wanted_find(s, &wanted, &found) ||
	    !iq_memory_u64(s->rt->memory,
			   found.addr + s->rt->layout->wait_group_state.offset,
			   &state))
		return NULL;
	err = iq_go_values_number(v, "counter", (int32_t)(state >> 32));
	if (!err)
		err = iq_go_values_number(v, "waiters",
					  (int64_t)(state & 0x7fffffff));
	return err ? err :
		     iq_go_object_add(s, "sync.WaitGroup", &found, false, v);
}

/*
 * What Unlock leaves of a mutex that nobody had locked: 1 less than no bits at
 * all, unless others wait or came since. Go: src/internal/sync/mutex.go.
 */
static bool is_unlocked_mutex(const struct iq_go_scene *s, uint64_t addr,
			      enum iq_go_trust trust)
{
	int32_t state, sema;

	if (!int32_at(s, addr + s->rt->layout->mutex_state.offset, &state) ||
	    !int32_at(s, addr + s->rt->layout->mutex_sema.offset, &sema) ||
	    sema < 0 || sema > (int32_t)WAITERS_MAX)
		return false;
	// Other things are -1, too.
	if (state == -1)
		return trust != IQ_GO_DEEP;
	return trust == IQ_GO_PASSED && state & 1 &&
	       state > -(int32_t)WAITERS_MAX &&
	       state < (int32_t)WAITERS_MAX * 8;
}

/* Go: src/sync/rwmutex.go: readerCount after Unlock, and after RUnlock. */
static bool is_unlocked_rwmutex(const struct iq_go_scene *s, uint64_t addr,
				enum iq_go_trust trust iq_unused)
{
	const struct iq_go_layout *l = s->rt->layout;
	int32_t readers, wait, reader_sem, writer_sem;

	if (!int32_at(s, addr + l->rwmutex_reader_count.offset, &readers) ||
	    !int32_at(s, addr + l->rwmutex_reader_wait.offset, &wait) ||
	    !int32_at(s, addr + l->rwmutex_reader_sem.offset, &reader_sem) ||
	    !int32_at(s, addr + l->rwmutex_writer_sem.offset, &writer_sem) ||
	    reader_sem < 0 || reader_sem > (int32_t)WAITERS_MAX ||
	    writer_sem < 0 || writer_sem > (int32_t)WAITERS_MAX ||
	    wait < -(int32_t)WAITERS_MAX || wait > (int32_t)WAITERS_MAX)
		return false;
	return readers == -1 || readers == -MAX_READERS - 1 ||
	       (readers >= MAX_READERS &&
		readers < MAX_READERS + (int32_t)WAITERS_MAX);
}

static struct iq_error *rwmutex_add(struct iq_go_scene *s,
				    const struct iq_go_found *found,
				    struct iq_go_values *v)
{
	const struct iq_go_layout *l = s->rt->layout;
	struct iq_error *err = NULL;
	int32_t value;

	if (int32_at(s, found->addr + l->rwmutex_reader_count.offset, &value))
		err = iq_go_values_number(v, "reader count", value);
	if (!err &&
	    int32_at(s, found->addr + l->rwmutex_reader_wait.offset, &value))
		err = iq_go_values_number(v, "readers awaited", value);
	return err ? err : iq_go_object_add(s, "sync.RWMutex", found, false, v);
}

static struct iq_error *mutex_add(struct iq_go_scene *s,
				  const struct iq_go_found *found,
				  struct iq_go_values *v)
{
	const struct iq_go_layout *l = s->rt->layout;
	struct iq_error *err = NULL;
	int32_t value;

	if (int32_at(s, found->addr + l->mutex_state.offset, &value))
		err = iq_go_values_number(v, "state", value);
	return err ? err : iq_go_object_add(s, "sync.Mutex", found, false, v);
}

struct iq_error *iq_go_object_mutex(struct iq_go_scene *s,
				    struct iq_go_values *v)
{
	static const char *const functions[] = {
		"sync.(*Mutex).",
		"internal/sync.(*Mutex).",
		"sync.(*RWMutex).",
		NULL,
	};
	struct iq_str text = s->rt->facts->process.end_text;
	bool rw = iq_str_search(text, IQ_STR("RWMutex")) < text.len;
	const struct iq_go_wanted wanted = {
		.functions = functions,
		.test = rw ? is_unlocked_rwmutex : is_unlocked_mutex,
	};
	struct iq_go_found found;

	if (!iq_go_wanted_find(s, &wanted, &found))
		return NULL;
	return rw ? rwmutex_add(s, &found, v) : mutex_add(s, &found, v);
}
