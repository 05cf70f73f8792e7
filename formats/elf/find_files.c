/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf/find_files.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* Where distributions put separate debug files. */
#define SYSTEM_DEBUG_DIR "/usr/lib/debug"

/* One search: what stops it, and what it calls. */
struct search {
	const struct iq_find *find;
	iq_find_fn *fn;
	void *ctx;
	bool done;
	struct iq_error *err;
};

/* Whether the file is one that can be opened without harm: a regular file that
 * begins like a program. A core may name a pipe, or /proc/kcore. */
static bool is_elf_file(const char *path)
{
	unsigned char head[18];
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	iq_cleanup(iq_closep) int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head, ELFMAG, SELFMAG))
		return false;
	int type = head[16] | head[17] << 8;
	return type == ET_EXEC || type == ET_DYN;
}

/* Asks about one path. */
iq_printf(3, 4) static void look(struct search *s, enum iq_find_place place,
				 const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int len;

	if (s->done || s->err)
		return;
	va_start(args, format);
	len = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (len > 0 && (size_t)len < sizeof(path) && is_elf_file(path))
		s->err = s->fn(s->ctx, path, place, &s->done);
}

/* "." for a name alone, "" for what stands in the root. */
static struct iq_str dir_name(struct iq_str path)
{
	size_t slash = iq_str_rfind(path, '/');

	return slash < path.len ? iq_str_sub(path, 0, slash) : IQ_STR(".");
}

static const char *sysroot_of(const struct search *s)
{
	const char *sysroot = s->find->context->sysroot;

	return sysroot ? sysroot : "";
}

/* ---- by build id */

/* As gdb, elfutils and debuginfod's clients name files by a build id. */
static void look_by_id(struct search *s, const char *dir, bool debug)
{
	struct iq_str id = s->find->build_id;
	const char *end = debug ? ".debug" : "";
	const char *kind = debug ? "debuginfo" : "executable";

	if (id.len < 4)
		return;
	const struct iq_str rest = iq_str_sub(id, 2, id.len - 2);
	look(s, IQ_FIND_ELSEWHERE, "%s/.build-id/%.2s/%.*s%s", dir, id.ptr,
	     IQ_STR_ARG(rest), end);
	look(s, IQ_FIND_ELSEWHERE, "%s/%.2s/%.*s%s", dir, id.ptr,
	     IQ_STR_ARG(rest), end);
	look(s, IQ_FIND_ELSEWHERE, "%s/%.*s%s", dir, IQ_STR_ARG(id), end);
	look(s, IQ_FIND_ELSEWHERE, "%s/%.*s/%s", dir, IQ_STR_ARG(id), kind);
}

static void look_by_id_everywhere(struct search *s, bool debug)
{
	const struct iq_read_context *context = s->find->context;

	for (size_t i = 0; i < context->num_debug_dirs; i++)
		look_by_id(s, context->debug_dirs[i], debug);
	char system[PATH_MAX];
	int len = snprintf(system, sizeof(system), "%s" SYSTEM_DEBUG_DIR,
			   sysroot_of(s));
	if (len > 0 && (size_t)len < sizeof(system))
		look_by_id(s, system, debug);
}

/* ---- by path */

/*
 * The path below @dir, then without its first folder, and so on, to the bare
 * name: a container's root, an overlay's layer or /proc/PID/root may stand in
 * front of what the process saw, or be missing there.
 */
static void look_below(struct search *s, struct iq_str dir)
{
	struct iq_str path = s->find->path;

	if (iq_str_starts(path, IQ_STR("./")))
		path = iq_str_sub(path, 2, path.len - 2);
	for (unsigned i = 0; i < IQ_LIMIT_PATH_PARTS && path.len; i++) {
		size_t slash;

		while (path.len && path.ptr[0] == '/')
			path = iq_str_sub(path, 1, path.len - 1);
		if (!path.len)
			return;
		look(s, IQ_FIND_ELSEWHERE, "%.*s/%.*s", IQ_STR_ARG(dir),
		     IQ_STR_ARG(path));
		slash = iq_str_find(path, '/');
		path = iq_str_sub(path, slash, path.len - slash);
	}
}

/* Every file of a folder, not of those below it. */
static void look_at_all(struct search *s, const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (!d)
		return;
	// Order decides nothing: files that are not the same differ in ids.
	for (unsigned i = 0; i < IQ_LIMIT_DEBUG_DIR && (entry = readdir(d));
	     i++)
		look(s, IQ_FIND_ELSEWHERE, "%s/%s", dir, entry->d_name);
	closedir(d);
}

static void look_near_core(struct search *s)
{
	struct iq_str core = iq_str_of(s->find->core_path);

	if (!iq_str_equal(core, IQ_STR("-")))
		look_below(s, dir_name(core));
	look_below(s, IQ_STR("."));
}

struct iq_error *iq_find_program(const struct iq_find *find, iq_find_fn *fn,
				 void *ctx)
{
	const struct iq_read_context *context = find->context;
	struct search s = { .find = find, .fn = fn, .ctx = ctx };
	struct iq_str path = find->path;

	if (context->no_file_system || path.len >= PATH_MAX)
		return NULL;
	if (path.len && path.ptr[0] == '/')
		look(&s, IQ_FIND_NAMED, "%s%.*s", sysroot_of(&s),
		     IQ_STR_ARG(path));
	look_by_id_everywhere(&s, false);
	if (context->sysroot)
		look_below(&s, iq_str_of(context->sysroot));
	for (size_t i = 0; i < context->num_debug_dirs; i++)
		look_below(&s, iq_str_of(context->debug_dirs[i]));
	look_near_core(&s);
	for (size_t i = 0; i < context->num_debug_dirs && find->scan; i++)
		look_at_all(&s, context->debug_dirs[i]);
	return s.err;
}

/* ---- debug files */

/* gdb's manual, "Separate Debug Files": beside the file, in .debug, and in the
 * debug folders under the path of the file's folder. */
static void look_by_link(struct search *s, struct iq_str dir,
			 struct iq_str link)
{
	const struct iq_read_context *context = s->find->context;
	struct iq_str named = dir_name(s->find->path);

	look(s, IQ_FIND_ELSEWHERE, "%.*s/%.*s", IQ_STR_ARG(dir),
	     IQ_STR_ARG(link));
	look(s, IQ_FIND_ELSEWHERE, "%.*s/.debug/%.*s", IQ_STR_ARG(dir),
	     IQ_STR_ARG(link));
	for (size_t i = 0; i < context->num_debug_dirs; i++) {
		look(s, IQ_FIND_ELSEWHERE, "%s/%.*s/%.*s",
		     context->debug_dirs[i], IQ_STR_ARG(named),
		     IQ_STR_ARG(link));
		look(s, IQ_FIND_ELSEWHERE, "%s/%.*s", context->debug_dirs[i],
		     IQ_STR_ARG(link));
	}
	look(s, IQ_FIND_ELSEWHERE, "%s" SYSTEM_DEBUG_DIR "%.*s/%.*s",
	     sysroot_of(s), IQ_STR_ARG(named), IQ_STR_ARG(link));
}

struct iq_error *iq_find_debug(const struct iq_find *find, const char *file,
			       struct iq_str link, iq_find_fn *fn, void *ctx)
{
	struct search s = { .find = find, .fn = fn, .ctx = ctx };

	if (find->context->no_file_system || find->path.len >= PATH_MAX)
		return NULL;
	look_by_id_everywhere(&s, true);
	// A name, no path: what a file says must not lead anywhere else.
	if (link.len && link.len <= NAME_MAX &&
	    iq_str_find(link, '/') == link.len)
		look_by_link(&s, dir_name(iq_str_of(file)), link);
	return s.err;
}
