/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/str.h"
#include "formats/source_codec.h"

/*
 * The guard. Reading a mapped page that the file system cannot give raises
 * SIGBUS; the handler notes the page, puts a page of zeros in its place, and
 * the read goes on. Signal handlers belong to the process, so this is the one
 * state that is not somebody's: a table of the live mappings, written with
 * atomics alone, because the handler may run anywhere.
 */
struct guard {
	/* GUARD_FREE, GUARD_TAKEN or the mapping's address. */
	atomic_uintptr_t base;
	atomic_size_t len;
	/* One bit a page: read in vain. Untouched pages of it cost nothing. */
	_Atomic(atomic_ulong *) faulted;
	/* Lowest offset of those pages; UINT64_MAX: none. */
	atomic_uint_fast64_t first;
	/* The slots that ever had a fault, so that asking is quick. */
	atomic_bool listed;
	_Atomic(struct guard *) next;
};

#define GUARD_FREE ((uintptr_t)0)
#define GUARD_TAKEN ((uintptr_t)1)
// Inputs, and as many executables and spool files beside them.
#define GUARD_SLOTS (2 * IQ_LIMIT_INPUTS)
#define WORD_BITS (8 * sizeof(unsigned long))

static struct guard guards[GUARD_SLOTS];
/* Slots from this one on were never used. */
static atomic_size_t guards_used;
static _Atomic(struct guard *) guards_faulted;
/* Guards what follows; the handler reads it, but runs only once it is set. */
static pthread_mutex_t guard_lock = PTHREAD_MUTEX_INITIALIZER;
static bool guard_installed;
static struct sigaction guard_previous;
static size_t page_size;

/* Whether @addr is in the mapping of @g, and where. */
static bool guard_covers(struct guard *g, uintptr_t addr, size_t *offset_ret)
{
	uintptr_t base = atomic_load(&g->base);
	size_t len = atomic_load(&g->len);

	// A slot that is being given to another mapping may show the one's
	// address and the other's length.
	if (addr - base >= len || atomic_load(&g->base) != base)
		return false;
	*offset_ret = addr - base;
	return true;
}

static struct guard *guard_find(uintptr_t addr, size_t *offset_ret)
{
	size_t used = atomic_load(&guards_used);

	for (size_t i = 0; i < used; i++)
		if (guard_covers(&guards[i], addr, offset_ret))
			return &guards[i];
	return NULL;
}

/* Notes pages [@begin, @end) as faulted. */
static void guard_note(struct guard *g, size_t begin, size_t end)
{
	atomic_ulong *faulted = atomic_load(&g->faulted);
	uint_fast64_t offset = (uint_fast64_t)begin * page_size;
	uint_fast64_t first = atomic_load(&g->first);

	for (size_t i = begin; i < end; i++)
		atomic_fetch_or(&faulted[i / WORD_BITS], 1ul << i % WORD_BITS);
	while (offset < first &&
	       !atomic_compare_exchange_weak(&g->first, &first, offset))
		;
	if (!atomic_exchange(&g->listed, true)) {
		struct guard *head = atomic_load(&guards_faulted);

		do
			atomic_store(&g->next, head);
		while (!atomic_compare_exchange_weak(&guards_faulted, &head,
						     g));
	}
}

static bool put_zeros(uintptr_t addr, size_t len)
{
	return mmap((void *)addr, len, PROT_READ,
		    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		    0) != MAP_FAILED;
}

/* Puts zeros where @addr cannot be read; false if it is not ours. */
static bool guard_mend(uintptr_t addr)
{
	size_t offset, page, num_pages;
	struct guard *g = guard_find(addr, &offset);
	uintptr_t page_addr = addr - addr % page_size;

	if (!g)
		return false;
	page = offset / page_size;
	num_pages = (atomic_load(&g->len) - 1) / page_size + 1;
	// First the note, then the zeros: who sees these sees that, too.
	guard_note(g, page, page + 1);
	if (put_zeros(page_addr, page_size))
		return true;
	// Too many mappings (vm.max_map_count): one for all that follows.
	guard_note(g, page, num_pages);
	return put_zeros(page_addr, (num_pages - page) * page_size);
}

/* What would have happened without us. */
static void guard_pass_on(int sig, siginfo_t *info, void *context)
{
	if (guard_previous.sa_flags & SA_SIGINFO) {
		guard_previous.sa_sigaction(sig, info, context);
	} else if (guard_previous.sa_handler == SIG_DFL) {
		// A fault happens again on return; a sent signal does not.
		sigaction(sig, &guard_previous, NULL);
		if (info->si_code <= 0)
			raise(sig);
	} else if (guard_previous.sa_handler != SIG_IGN) {
		guard_previous.sa_handler(sig);
	} else if (info->si_code > 0) {
		// A fault cannot be ignored: the kernel would end us as well.
		signal(sig, SIG_DFL);
	}
}

static void guard_handle(int sig, siginfo_t *info, void *context)
{
	int err = errno;

	if (info->si_code <= 0 || !guard_mend((uintptr_t)info->si_addr))
		guard_pass_on(sig, info, context);
	errno = err;
}

/* Whether nobody handles the signal by @a who could know of us. */
static bool is_older(const struct sigaction *a)
{
	if (a->sa_flags & SA_SIGINFO)
		return guard_previous.sa_flags & SA_SIGINFO &&
		       a->sa_sigaction == guard_previous.sa_sigaction;
	return a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN ||
	       (!(guard_previous.sa_flags & SA_SIGINFO) &&
		a->sa_handler == guard_previous.sa_handler);
}

// Somebody may have put back what was there before us, as test programs do
// between tests. A handler that came after us is left alone: it passes on what
// is not its own, as we do, and two that take each other for the previous one
// would never end.
static void guard_install(void)
{
	struct sigaction current, action = {
		.sa_sigaction = guard_handle,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
	};

	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&guard_lock);
	if (!guard_installed)
		page_size = (size_t)sysconf(_SC_PAGESIZE);
	// These cannot fail: SIGBUS exists and can be caught.
	sigaction(SIGBUS, NULL, &current);
	if (!guard_installed || is_older(&current)) {
		guard_previous = current;
		guard_installed = true;
		sigaction(SIGBUS, &action, NULL);
	}
	pthread_mutex_unlock(&guard_lock);
}

/* A slot that nobody has, or NULL. */
static struct guard *guard_take(void)
{
	for (size_t i = 0; i < GUARD_SLOTS; i++) {
		uintptr_t expected = GUARD_FREE;
		size_t used = atomic_load(&guards_used);

		if (atomic_load(&guards[i].base) != GUARD_FREE ||
		    !atomic_compare_exchange_strong(&guards[i].base, &expected,
						    GUARD_TAKEN))
			continue;
		while (used < i + 1 && !atomic_compare_exchange_weak(
					       &guards_used, &used, i + 1))
			;
		return &guards[i];
	}
	return NULL;
}

static void guard_remove(struct guard *g)
{
	if (!g)
		return;
	atomic_store(&g->len, 0);
	free(atomic_exchange(&g->faulted, NULL));
	atomic_store(&g->base, GUARD_FREE);
}

/* Guards the mapping at @base. */
static struct iq_error *guard_add(void *base, size_t len, struct guard **ret)
{
	size_t num_pages = (len - 1) / page_size + 1;
	struct guard *g = guard_take();
	atomic_ulong *faulted;

	if (!g)
		return iq_error_new(IQ_ERROR_LIMIT,
				    "more than %u files are open",
				    (unsigned)GUARD_SLOTS);
	faulted = calloc(num_pages / WORD_BITS + 1, sizeof(*faulted));
	if (!faulted) {
		guard_remove(g);
		return &iq_enomem;
	}
	atomic_store(&g->faulted, faulted);
	atomic_store(&g->first, UINT64_MAX);
	atomic_store(&g->base, (uintptr_t)base);
	atomic_store(&g->len, len);
	*ret = g;
	return NULL;
}

/* The mapping that holds @bytes, if it ever had a fault. */
static struct guard *guard_faulted(const uint8_t *bytes, size_t *offset_ret)
{
	struct guard *g;

	// The bytes were read before this. gcc has no such fence for its thread
	// sanitizer; there the order of the program does.
#ifdef __SANITIZE_THREAD__
	atomic_signal_fence(memory_order_seq_cst);
#else
	atomic_thread_fence(memory_order_acquire);
#endif
	g = atomic_load_explicit(&guards_faulted, memory_order_acquire);
	while (g && !guard_covers(g, (uintptr_t)bytes, offset_ret))
		g = atomic_load(&g->next);
	return g;
}

bool iq_source_bytes_faulted(const uint8_t *bytes, uint64_t len)
{
	size_t offset;
	struct guard *g = guard_faulted(bytes, &offset);
	const atomic_ulong *faulted;
	size_t end;

	if (!g || len == 0)
		return false;
	faulted = atomic_load(&g->faulted);
	end = atomic_load(&g->len);
	if (len < end - offset)
		end = offset + (size_t)len;
	for (size_t i = offset / page_size; i <= (end - 1) / page_size;) {
		unsigned long word = atomic_load(&faulted[i / WORD_BITS]);

		if (word >> i % WORD_BITS & 1)
			return true;
		i += word ? 1 : WORD_BITS - i % WORD_BITS;
	}
	return false;
}

bool iq_source_faulted(const struct iq_source *source, uint64_t offset,
		       uint64_t len)
{
	if (offset >= source->size)
		return false;
	if (len > source->size - offset)
		len = source->size - offset;
	return iq_source_bytes_faulted(source->data + offset, len);
}

/* What a source is allocated as. */
struct source {
	struct iq_source pub;
	char *path;
	struct iq_error *damage;
	/* Of pub.size bytes; NULL if the bytes are the caller's. */
	void *map;
	struct guard *guard;
	/* The mapped file itself, no spool. */
	bool has_file;
	dev_t dev;
	ino_t ino;
};

/* The size of the mapped file now; that it had if nobody knows. */
static uint64_t size_now(const struct source *s)
{
	struct stat st;
	int rc;

	if (!s->has_file)
		return s->pub.size;
	rc = strcmp(s->path, "-") ? stat(s->path, &st) :
				    fstat(STDIN_FILENO, &st);
	// Another file may have taken its name.
	if (rc < 0 || st.st_dev != s->dev || st.st_ino != s->ino)
		return s->pub.size;
	return (uint64_t)st.st_size;
}

bool iq_source_first_fault(const struct iq_source *source, uint64_t *ret)
{
	size_t offset;
	struct guard *g = guard_faulted(source->data, &offset);
	uint64_t first = g ? atomic_load(&g->first) : UINT64_MAX;
	uint64_t size = size_now((const struct source *)source);

	if (size < source->size && size < first)
		first = size;
	if (first == UINT64_MAX)
		return false;
	*ret = first;
	return true;
}

/* How a stream is recognised: one row a magic number. */
struct compression {
	const char *name;
	size_t magic_len;
	uint8_t magic[6];
	/* Bits of magic[0] that count. */
	uint8_t first_mask;
	/* NULL: recognised only. */
	const struct iq_decompressor *by;
};

/* clang-format off */
static const struct compression compressions[] = {
	// bzip2: the format's only description is its source, bzlib_private.h.
	{ .name = "bzip2", .magic_len = 3, .magic = "BZh", .first_mask = 0xff },
	// RFC 1952, section 2.3.1; the third byte is the method, deflate.
	{ .name = "gzip", .magic_len = 3, .magic = { 0x1f, 0x8b, 8 },
	  .first_mask = 0xff, .by = &iq_decompressor_gzip },
	// lz4_Frame_format.md 1.6.
	{ .name = "lz4", .magic_len = 4, .magic = { 0x04, 0x22, 0x4d, 0x18 },
	  .first_mask = 0xff },
	// xz-file-format.txt 1.2.1, section 2.1.1.1.
	{ .name = "xz", .magic_len = 6,
	  .magic = { 0xfd, '7', 'z', 'X', 'Z', 0 }, .first_mask = 0xff,
	  .by = &iq_decompressor_xz },
	// RFC 8878, sections 3.1.1 and 3.1.2: a frame, a skippable frame.
	{ .name = "zstd", .magic_len = 4, .magic = { 0x28, 0xb5, 0x2f, 0xfd },
	  .first_mask = 0xff, .by = &iq_decompressor_zstd },
	{ .name = "zstd", .magic_len = 4, .magic = { 0x50, 0x2a, 0x4d, 0x18 },
	  .first_mask = 0xf0, .by = &iq_decompressor_zstd },
};
/* clang-format on */

#define HEAD_SIZE sizeof(compressions[0].magic)

/* The compression of a file that begins with @head, or NULL. */
static const struct compression *compression_find(const uint8_t *head,
						  size_t len)
{
	for (size_t i = 0; i < IQ_ARRAY_SIZE(compressions); i++) {
		const struct compression *c = &compressions[i];

		if (len >= c->magic_len &&
		    (head[0] & c->first_mask) == c->magic[0] &&
		    !memcmp(head + 1, c->magic + 1, c->magic_len - 1))
			return c;
	}
	return NULL;
}

static struct iq_error *copy_run(struct iq_inflow *in, struct iq_spool *spool,
				 struct iq_error **damage_ret iq_unused)
{
	while (iq_inflow_more(in)) {
		size_t len;
		uint8_t *room = iq_spool_room(spool, &len);

		if (!room)
			break;
		if (len > in->len - in->pos)
			len = in->len - in->pos;
		memcpy(room, in->data + in->pos, len);
		in->pos += len;
		iq_spool_commit(spool, len);
	}
	return NULL;
}

static const struct iq_decompressor copy = { .run = copy_run };

/* Who inflates a stream that begins with @head. */
static struct iq_error *decompressor_find(const uint8_t *head, size_t len,
					  const struct iq_decompressor **ret)
{
	const struct compression *c = compression_find(head, len);

	if (c && (!c->by || !c->by->run))
		return iq_error_new(IQ_ERROR_UNSUPPORTED,
				    "it is compressed with %s, which %s; "
				    "unpack it with \"%s -d\" first",
				    c->name,
				    c->by ? "this build cannot read" :
					    "is not read",
				    c->name);
	*ret = c ? c->by : &copy;
	return NULL;
}

/* @size bytes of @fd; NULL and errno. */
static void *map_file(int fd, uint64_t size)
{
	void *map;

	if (size > SIZE_MAX / 2) {
		errno = EFBIG;
		return NULL;
	}
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE,
		   fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

/* Takes over @map. */
static struct iq_error *source_set_map(struct source *s, void *map,
				       uint64_t size)
{
	s->map = map;
	s->pub.data = map;
	s->pub.size = size;
	guard_install();
	return guard_add(map, (size_t)size, &s->guard);
}

/* What is missing at the end of a spooled stream, if anything. */
static struct iq_error *spool_damage(const struct iq_spool *spool,
				     const struct iq_inflow *in)
{
	uint64_t at = in->offset + in->len;

	if (spool->full)
		return iq_error_new(IQ_ERROR_LIMIT,
				    "stopped at the limit of %llu bytes",
				    (unsigned long long)spool->limit);
	if (in->err)
		return iq_error_at(IQ_ERROR_IO, at,
				   "cannot be read at byte %llu of the "
				   "file: %s",
				   (unsigned long long)at, strerror(in->err));
	return NULL;
}

/* Makes @s of what @by makes of @in. */
static struct iq_error *source_spool(struct source *s, struct iq_inflow *in,
				     const struct iq_decompressor *by,
				     const struct iq_source_options *options)
{
	iq_cleanup(iq_spool_deinit) struct iq_spool spool = { 0 };
	struct iq_error *err, *damage;
	uint64_t size;
	void *map;

	err = iq_spool_init(&spool, options ? options->spool_dir : NULL,
			    options ? options->spool_limit : 0);
	if (options)
		spool.is_known = options->is_known;
	spool.unknown_limit = options && options->unknown_limit ?
				      options->unknown_limit :
				      IQ_LIMIT_UNKNOWN;
	if (!err)
		err = by->run(in, &spool, &s->damage);
	if (!err)
		err = iq_spool_finish(&spool, &size);
	if (err)
		return err;
	if (spool.unknown)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "its first %llu bytes are of no core or Go "
				    "executable and hold no goroutine dump; "
				    "where one comes later, give a plain file",
				    (unsigned long long)spool.flushed);
	damage = spool_damage(&spool, in);
	if (damage) {
		iq_error_destroy(s->damage);
		s->damage = damage;
	}
	s->pub.damage = s->damage ? s->damage->text : NULL;
	s->pub.compression = by->name;
	s->pub.spooled = true;
	if (size == 0)
		return NULL;
	map = map_file(spool.fd, size);
	if (!map)
		return iq_error_new(IQ_ERROR_IO,
				    "cannot map a temporary file: %s",
				    strerror(errno));
	return source_set_map(s, map, size);
}

/* A pipe, a device, a compressed file: what has to be read in order. */
static struct iq_error *source_read_stream(struct source *s, int fd,
					   const struct iq_source_options *opts)
{
	iq_cleanup(iq_inflow_deinit) struct iq_inflow in = { .fd = -1 };
	const struct iq_decompressor *by = &copy;
	struct iq_error *err = iq_inflow_init(&in, fd);

	if (!err && iq_inflow_more(&in))
		err = decompressor_find(in.data, in.len, &by);
	if (err)
		return err;
	return source_spool(s, &in, by, opts);
}

/* Whether @fd is a file that can be mapped as it is; maps it then. */
static struct iq_error *source_try_map(struct source *s, int fd,
				       const struct stat *st)
{
	uint8_t head[HEAD_SIZE];
	ssize_t n;
	void *map;

	// Files in /proc have bytes, but no size.
	if (!S_ISREG(st->st_mode) || st->st_size <= 0)
		return NULL;
	// Standard input may stand anywhere in its file.
	if (lseek(fd, 0, SEEK_CUR) != 0)
		return NULL;
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return iq_error_new(IQ_ERROR_IO, "%s", strerror(errno));
	if (compression_find(head, (size_t)n))
		return NULL;
	// Some file systems cannot map.
	map = map_file(fd, (uint64_t)st->st_size);
	if (!map)
		return NULL;
	s->has_file = true;
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	return source_set_map(s, map, (uint64_t)st->st_size);
}

/* A duplicate of standard input, or the opened file; -1 and errno. */
static int path_open(const char *path)
{
	if (!strcmp(path, "-"))
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

/* What gives bytes for ever, or none that anybody has written. */
static bool is_device(int fd, const struct stat *st)
{
	// Linux: Documentation/admin-guide/devices.txt; that one is empty.
	const dev_t null = makedev(1, 3);

	return S_ISCHR(st->st_mode) && st->st_rdev != null && !isatty(fd);
}

static struct iq_error *source_read(struct source *s,
				    const struct iq_source_options *options)
{
	iq_cleanup(iq_closep) int fd = path_open(s->path);
	struct iq_error *err;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return iq_error_new(IQ_ERROR_IO, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return iq_error_new(IQ_ERROR_IO, "it is a directory");
	if (is_device(fd, &st))
		return iq_error_new(IQ_ERROR_IO, "it is a device");
	if (S_ISREG(st.st_mode))
		s->pub.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
				  st.st_mtim.tv_nsec;
	err = source_try_map(s, fd, &st);
	if (!err && !s->map)
		err = source_read_stream(s, fd, options);
	if (err || s->pub.size > 0)
		return err;
	if (!s->damage)
		return iq_error_new(IQ_ERROR_TRUNCATED, "it is empty");
	err = s->damage;
	s->damage = NULL;
	return err;
}

static struct source *source_create(const char *path)
{
	struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->path = strdup(path);
	s->pub.path = s->path;
	if (s->path)
		return s;
	free(s);
	return NULL;
}

void iq_source_destroy(struct iq_source *source)
{
	struct source *s = (struct source *)source;

	if (!s)
		return;
	guard_remove(s->guard);
	if (s->map)
		munmap(s->map, (size_t)s->pub.size);
	iq_error_destroy(s->damage);
	free(s->path);
	free(s);
}

/* How errors name @path: one out of a core may hold anything. */
static const char *display_name(const char *path, char *buf)
{
	if (!strcmp(path, "-"))
		return "standard input";
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return iq_str_quote(iq_str_of(path), buf);
	return path;
}

/* Gives @s to the caller, or @err, with the path, if there is one. */
static struct iq_error *source_give(struct source *s, struct iq_error *err,
				    struct iq_source **ret)
{
	char name[IQ_STR_QUOTE_SIZE];

	if (!err) {
		*ret = &s->pub;
		return NULL;
	}
	err = iq_error_within(err, "cannot open %s",
			      display_name(s->path, name));
	iq_source_destroy(&s->pub);
	return err;
}

struct iq_error *iq_source_open(const char *path,
				const struct iq_source_options *options,
				struct iq_source **ret)
{
	struct source *s = source_create(path);

	if (!s)
		return &iq_enomem;
	return source_give(s, source_read(s, options), ret);
}

struct iq_error *iq_source_open_buffer(const char *name, const void *data,
				       uint64_t size,
				       const struct iq_source_options *options,
				       struct iq_source **ret)
{
	struct source *s = source_create(name);
	const struct iq_decompressor *by = &copy;
	struct iq_inflow in;
	struct iq_error *err;

	if (!s)
		return &iq_enomem;
	err = decompressor_find(data, (size_t)size, &by);
	if (!err && by == &copy) {
		s->pub.data = size ? data : NULL;
		s->pub.size = size;
	} else if (!err) {
		iq_inflow_init_buffer(&in, data, (size_t)size);
		err = source_spool(s, &in, by, options);
	}
	return source_give(s, err, ret);
}
