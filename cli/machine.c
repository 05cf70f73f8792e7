/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/machine.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Linux: fs/coredump.c, CORENAME_MAX_SIZE is 128. */
#define PATTERN_SIZE 256
/* Memory of no file, private and shared; Documentation/filesystems/proc.rst,
 * "/proc/<pid>/coredump_filter". */
#define FILTER_ANONYMOUS 0x03
#define FILTER_FILES 0x0c
#define PORTS "HOST:PORT"

/* What is known, and whether a core would be there and whole. */
struct machine {
	char pattern[PATTERN_SIZE];
	char filter[32];
	char scope[32];
	const char *traceback; /* NULL: not set */
	struct rlimit limit;
	char directory[PATTERN_SIZE];
	uint64_t room;
	bool has_room;
};

/* The first line of a file; false, and an empty text, if there is none. */
static bool line_read(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool read = f && fgets(buf, (int)size, f);

	if (f)
		fclose(f);
	if (!read)
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	// A terminal must not obey it.
	for (char *c = buf; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return read;
}

static bool is_pipe(const struct machine *m)
{
	return m->pattern[0] == '|';
}

/* Where a core would lie: the pattern's directory, as far as it is fixed. */
static void directory_find(struct machine *m)
{
	struct statvfs fs;
	char *slash;

	snprintf(m->directory, sizeof(m->directory), "%s", m->pattern);
	m->directory[strcspn(m->directory, "%")] = '\0';
	slash = strrchr(m->directory, '/');
	if (m->pattern[0] != '/')
		strcpy(m->directory, ".");
	else if (slash && slash != m->directory)
		*slash = '\0';
	else
		strcpy(m->directory, "/");
	m->has_room = !is_pipe(m) && statvfs(m->directory, &fs) == 0;
	if (m->has_room)
		m->room = (uint64_t)fs.f_bavail * fs.f_frsize;
}

static void machine_read(struct machine *m)
{
	line_read("/proc/sys/kernel/core_pattern", m->pattern,
		  sizeof(m->pattern));
	line_read("/proc/self/coredump_filter", m->filter, sizeof(m->filter));
	line_read("/proc/sys/kernel/yama/ptrace_scope", m->scope,
		  sizeof(m->scope));
	m->traceback = getenv("GOTRACEBACK");
	if (getrlimit(RLIMIT_CORE, &m->limit) < 0)
		m->limit.rlim_cur = m->limit.rlim_max = RLIM_INFINITY;
	directory_find(m);
}

/* ---- each */

static void say(bool good, const char *what, const char *text)
{
	printf("  %-4s %-16s %s\n", good ? "ok" : "BAD", what, text);
}

static void advise(const char *text)
{
	printf("%23s %s\n", "", text);
}

static bool pattern_tell(const struct machine *m)
{
	char text[PATTERN_SIZE + 64];
	bool none = !m->pattern[0];

	snprintf(text, sizeof(text), "%s", none ? "not readable" : m->pattern);
	say(!none, "core_pattern", text);
	if (strstr(m->pattern, "systemd-coredump")) {
		advise("systemd keeps it; take it out of there:");
		advise("coredumpctl -1 dump -o core");
		advise("too big? ProcessSizeMax=, ExternalSizeMax= in");
		advise("/etc/systemd/coredump.conf");
	} else if (strstr(m->pattern, "apport")) {
		advise("apport keeps it for packaged programs alone; else:");
		advise("sysctl -w kernel.core_pattern=core.%p");
	} else if (is_pipe(m)) {
		advise("a program takes it: ask that one where it is");
	} else if (!none && m->pattern[0] != '/') {
		advise("in the directory where the program runs, which it");
		advise("must be able to write to");
	}
	return !none;
}

static bool limit_tell(const struct machine *m)
{
	rlim_t soft = m->limit.rlim_cur;
	// Linux: fs/coredump.c: a pipe has no limit but 1, which is 0.
	bool good = soft == RLIM_INFINITY || (is_pipe(m) && soft != 1);
	char text[64];

	if (soft == RLIM_INFINITY)
		snprintf(text, sizeof(text), "unlimited");
	else
		snprintf(text, sizeof(text), "%llu bytes%s",
			 (unsigned long long)soft,
			 is_pipe(m) ? ", which a pipe does not mind" :
			 soft	    ? ": a larger core is cut off" :
				      ": no core is written");
	say(good, "ulimit -c", text);
	if (!good && m->limit.rlim_max == RLIM_INFINITY) {
		advise("ulimit -c unlimited   # in the shell that starts it");
	} else if (!good) {
		advise("the hard limit is lower, too: as root, or");
		advise("LimitCORE=infinity    # [Service] of systemd");
		advise("docker run --ulimit core=-1 ...");
	}
	return good || soft > 0;
}

static bool filter_tell(const struct machine *m)
{
	unsigned long filter = strtoul(m->filter, NULL, 16);
	bool good = (filter & FILTER_ANONYMOUS) == FILTER_ANONYMOUS;
	char text[96];

	if (!m->filter[0]) {
		say(true, "coredump_filter",
		    "not readable: the default is "
		    "fine");
		return true;
	}
	snprintf(text, sizeof(text), "0x%lx: %s", filter,
		 !good			  ? "heap and stacks are left out" :
		 !(filter & FILTER_FILES) ? "the executable's code is not in "
					    "it: keep that" :
					    "code, too");
	say(good, "coredump_filter", text);
	if (!good)
		advise("echo 0x3f > /proc/self/coredump_filter   # same shell");
	return good;
}

static bool traceback_tell(const struct machine *m)
{
	bool good = m->traceback && !strcmp(m->traceback, "crash");
	char text[96];

	// Go: src/runtime/extern.go, "GOTRACEBACK".
	snprintf(text, sizeof(text), "%.32s%s",
		 m->traceback ? m->traceback : "not set",
		 good ? "" : ": a panic or SIGQUIT ends without a core");
	say(good, "GOTRACEBACK", text);
	if (!good)
		advise("GOTRACEBACK=crash ./program");
	return good;
}

static bool room_tell(const struct machine *m)
{
	bool good = m->room >> 30 > 0;
	char text[PATTERN_SIZE + 64];

	if (!m->has_room)
		return true;
	snprintf(text, sizeof(text), "%" PRIu64 ".%u GiB free in %s",
		 m->room >> 30,
		 (unsigned)(((m->room & ((1u << 30) - 1)) * 10) >> 30),
		 m->directory);
	say(good, "disk", text);
	if (!good)
		advise("a core is as large as the program's memory");
	return good;
}

static void gcore_tell(const struct machine *m)
{
	// Linux: Documentation/admin-guide/LSM/Yama.rst.
	long scope = strtol(m->scope, NULL, 10);

	if (geteuid() == 0 || scope < 1)
		return;
	say(scope < 3, "ptrace_scope",
	    scope >= 3 ? "3: gcore is not possible here" :
			 "gcore of a running program needs root");
	if (scope < 3)
		advise("sudo gcore -o core PID");
}

int cli_machine_run(const struct cli_args *args)
{
	struct machine m = { 0 };
	bool core;

	if (args->json || strcmp(args->format, "text") != 0) {
		cli_error("without a file, doctor has no format but text");
		return CLI_TROUBLE;
	}
	machine_read(&m);
	puts("If a Go program that is started from here crashed now:\n");
	core = pattern_tell(&m);
	core &= limit_tell(&m);
	filter_tell(&m);
	core &= traceback_tell(&m);
	room_tell(&m);
	gcore_tell(&m);
	printf("\n%s\n",
	       core ? "There would be a core." :
		      "There would be no core of a panic: mend what is BAD.");
	puts("\nWhile it runs:\n"
	     "  gcore -o core PID\n"
	     "  curl -o trace.out 'http://" PORTS
	     "/debug/pprof/trace?seconds=5'\n"
	     "  curl -o goroutine.pb.gz 'http://" PORTS
	     "/debug/pprof/goroutine'\n"
	     "  inquest report core.PID ./program goroutine.pb.gz trace.out");
	return CLI_OK;
}
