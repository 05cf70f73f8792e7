/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/dwarf/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "formats/elf/core.h"

#define TEXT_SIZE 240
/* The descriptor of the pipe in the child; all others are closed. */
#define ANSWER_FD 3

/* What the child writes in front of the record. */
struct answer {
	/* An iq_error_code, or -1 for success. */
	int32_t code;
	char text[TEXT_SIZE];
};

/* ---- in the child */

/* Bytes of address space in use; 0 if the kernel does not tell. */
static uint64_t mapped_bytes(void)
{
	char buf[64];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	return strtoull(buf, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool limit_set(unsigned resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit = { .rlim_cur = soft, .rlim_max = hard };
	struct rlimit old;

	// What is lower already stays so.
	if (getrlimit(resource, &old) == 0 && old.rlim_max < hard) {
		limit.rlim_max = old.rlim_max;
		if (soft > old.rlim_max)
			limit.rlim_cur = old.rlim_max;
	}
	return setrlimit(resource, &limit) == 0;
}

/*
 * No dump: one would show the memory of the process that was forked. A core
 * pattern that is a pipe does not ask RLIMIT_CORE, see core(5); the dumpable
 * attribute it asks.
 */
static bool limits_set(const struct iq_child_limits *limits)
{
	uint64_t memory = mapped_bytes() + limits->memory;
	unsigned cpu = limits->cpu_seconds;

	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       limit_set(RLIMIT_CORE, 0, 0) &&
	       limit_set(RLIMIT_CPU, cpu, cpu + 1) &&
	       limit_set(RLIMIT_AS, memory, memory) &&
	       limit_set(RLIMIT_FSIZE, 0, 0) && limit_set(RLIMIT_NOFILE, 0, 0);
}

/* Handlers are the parent's; the caller has blocked all signals. */
static void signals_reset(void)
{
	sigset_t all;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

/* Leaves the pipe alone open: neither words on the terminal nor files. */
static bool descriptors_close(int fd)
{
	if (fd != ANSWER_FD && dup2(fd, ANSWER_FD) < 0)
		return false;
	for (int i = 0; i < ANSWER_FD; i++)
		close(i);
#ifdef SYS_close_range
	// Linux 5.9; before it they stay open.
	syscall(SYS_close_range, ANSWER_FD + 1, ~0u, 0);
#endif
	return true;
}

static void answer_write(const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(ANSWER_FD, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += n;
		size -= (size_t)n;
	}
}

_Noreturn static void child_main(const struct iq_child_limits *limits, int fd,
				 iq_child_fn *fn, void *ctx, void *record,
				 size_t size)
{
	struct answer answer = { .code = IQ_ERROR_IO };
	struct iq_error *err;

	if (!descriptors_close(fd))
		_exit(EXIT_FAILURE);
	// Nobody waits for longer, even if the parent is gone.
	alarm(limits->wall_seconds + 1);
	if (limits_set(limits)) {
		signals_reset();
		err = fn(ctx, record);
		answer.code = err ? (int32_t)err->code : -1;
		if (err)
			snprintf(answer.text, sizeof(answer.text), "%s",
				 err->text);
	} else {
		snprintf(answer.text, sizeof(answer.text),
			 "its limits cannot be set: %s", strerror(errno));
	}
	answer_write(&answer, sizeof(answer));
	if (answer.code == -1)
		answer_write(record, size);
	// No exit handlers and no buffers: they are the parent's.
	_exit(EXIT_SUCCESS);
}

/* ---- in the parent */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether @fd has something to read or is closed before @deadline. */
static bool wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left = deadline - now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

/* Reads until the child is done; how many bytes of @buf there are. */
static size_t answer_read(int fd, int64_t deadline, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size && wait_readable(fd, deadline)) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

/*
 * Waits for the end of @pid, and ends it at @deadline. False if somebody else
 * has waited for it: its status is unknown, and its number may be another's.
 */
static bool child_reap(pid_t pid, int64_t deadline, int *status_ret)
{
	int options = WNOHANG;

	for (;;) {
		pid_t n = waitpid(pid, status_ret, options);

		if (n == pid)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (n != 0)
			continue;
		// It closes its files a moment before it can be waited for.
		if (now_ms() < deadline) {
			poll(NULL, 0, 1);
			continue;
		}
		kill(pid, SIGKILL);
		options = 0;
	}
}

/* Why there is no answer. */
static struct iq_error *no_answer(const struct iq_child_limits *limits,
				  bool late, bool reaped, int status)
{
	const char *name;

	if (late)
		return iq_error_new(IQ_ERROR_LIMIT,
				    "the reader took more than %u seconds",
				    limits->wall_seconds);
	if (!reaped)
		return iq_error_new(IQ_ERROR_IO,
				    "the reader ended without an answer");
	if (!WIFSIGNALED(status))
		return iq_error_new(IQ_ERROR_FORMAT,
				    "the reader ended with status %d",
				    WEXITSTATUS(status));
	if (WTERMSIG(status) == SIGXCPU)
		return iq_error_new(IQ_ERROR_LIMIT,
				    "the reader took more than %u seconds of "
				    "processor time",
				    limits->cpu_seconds);
	name = iq_core_signal_name(WTERMSIG(status));
	if (!name)
		return iq_error_new(IQ_ERROR_FORMAT,
				    "the reader was killed by signal %d",
				    WTERMSIG(status));
	return iq_error_new(IQ_ERROR_FORMAT, "the reader was killed by %s",
			    name);
}

/* The error that the child sent, whose text may be anything. */
static struct iq_error *answer_error(struct answer *answer)
{
	enum iq_error_code code = IQ_ERROR_FORMAT;

	if (answer->code >= IQ_ERROR_NOMEM && answer->code <= IQ_ERROR_USAGE)
		code = (enum iq_error_code)answer->code;
	answer->text[TEXT_SIZE - 1] = '\0';
	for (char *c = answer->text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	// The child's memory is limited, the parent's is not short.
	if (code == IQ_ERROR_NOMEM)
		return iq_error_new(IQ_ERROR_LIMIT,
				    "the reader needs too much memory");
	return iq_error_new(code, "%s", answer->text);
}

static struct iq_error *child_wait(const struct iq_child_limits *limits,
				   pid_t pid, int fd, char *buf, size_t size)
{
	int64_t deadline = now_ms() + (int64_t)limits->wall_seconds * 1000;
	size_t len = answer_read(fd, deadline, buf, sizeof(struct answer));
	struct answer answer = { .code = IQ_ERROR_FORMAT };
	bool whole = false, late, reaped;
	int status = 0;

	if (len == sizeof(answer)) {
		memcpy(&answer, buf, sizeof(answer));
		whole = answer.code != -1 ||
			answer_read(fd, deadline, buf, size) == size;
	}
	reaped = child_reap(pid, deadline, &status);
	late = now_ms() >= deadline;
	if (!whole)
		return no_answer(limits, late, reaped, status);
	return answer.code == -1 ? NULL : answer_error(&answer);
}

/*
 * Forks although the process may have other threads (the library's pool, the
 * caller's own). POSIX allows the child async-signal-safe functions alone;
 * malloc() works in it because the C library takes the allocator's locks before
 * it forks and frees them in the child. glibc 2.36: posix/fork.c, __libc_fork(),
 * __malloc_fork_lock_parent(); musl 1.2.2: src/process/fork.c, __malloc_atfork.
 * Signals are blocked so that no handler of the parent's runs in the child.
 */
static pid_t child_fork(sigset_t *old)
{
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
	pid = fork();
	if (pid) {
		int err = errno;

		pthread_sigmask(SIG_SETMASK, old, NULL);
		errno = err;
	}
	return pid;
}

struct iq_error *iq_child_run(const struct iq_child_limits *limits,
			      iq_child_fn *fn, void *ctx, void *record,
			      size_t size)
{
	size_t room =
		size > sizeof(struct answer) ? size : sizeof(struct answer);
	iq_cleanup(iq_freep) char *buf = calloc(1, room);
	struct iq_error *err;
	sigset_t old;
	int fds[2];
	pid_t pid;

	if (!buf)
		return &iq_enomem;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return iq_error_new(IQ_ERROR_IO, "the reader cannot start: %s",
				    strerror(errno));
	pid = child_fork(&old);
	if (pid == 0)
		child_main(limits, fds[1], fn, ctx, record, size);
	close(fds[1]);
	if (pid < 0)
		err = iq_error_new(IQ_ERROR_IO, "the reader cannot start: %s",
				   strerror(errno));
	else
		err = child_wait(limits, pid, fds[0], buf, size);
	close(fds[0]);
	if (!err)
		memcpy(record, buf, size);
	return err;
}

/* ---- a child that stays */

struct iq_child {
	struct iq_child_service service;
	pid_t pid;
	int fd;
};

static bool request_read(void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = read(ANSWER_FD, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

/* Until the parent closes its end. */
_Noreturn static void service_main(const struct iq_child_service *service,
				   int fd)
{
	void *request = calloc(1, service->request_size);
	void *answer = malloc(service->answer_size);

	if (!request || !answer || !descriptors_close(fd) ||
	    !limits_set(&service->limits))
		_exit(EXIT_FAILURE);
	signals_reset();
	for (;;) {
		// While it waits, the parent may take its time.
		alarm(0);
		if (!request_read(request, service->request_size))
			_exit(EXIT_SUCCESS);
		alarm(service->limits.wall_seconds + 1);
		memset(answer, 0, service->answer_size);
		service->answer(service->ctx, request, answer);
		answer_write(answer, service->answer_size);
	}
}

struct iq_error *iq_child_start(const struct iq_child_service *service,
				struct iq_child **ret)
{
	iq_cleanup(iq_freep) struct iq_child *child = calloc(1, sizeof(*child));
	sigset_t old;
	int fds[2];

	if (!child)
		return &iq_enomem;
	child->service = *service;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return iq_error_new(IQ_ERROR_IO, "the reader cannot start: %s",
				    strerror(errno));
	child->pid = child_fork(&old);
	if (child->pid == 0) {
		close(fds[0]);
		service_main(service, fds[1]);
	}
	close(fds[1]);
	if (child->pid < 0) {
		close(fds[0]);
		return iq_error_new(IQ_ERROR_IO, "the reader cannot start: %s",
				    strerror(errno));
	}
	child->fd = fds[0];
	*ret = child;
	child = NULL;
	return NULL;
}

void iq_child_end(struct iq_child *child)
{
	int status;

	if (!child)
		return;
	if (child->fd >= 0)
		close(child->fd);
	// It has nothing left to say: now is its deadline.
	if (child->pid > 0)
		child_reap(child->pid, now_ms(), &status);
	free(child);
}

/* Why @child did not answer; it is ended. */
static struct iq_error *child_lost(struct iq_child *child, int64_t deadline)
{
	bool late = now_ms() >= deadline, reaped;
	int status = 0;

	close(child->fd);
	child->fd = -1;
	reaped = child_reap(child->pid, deadline, &status);
	child->pid = -1;
	return no_answer(&child->service.limits, late, reaped, status);
}

struct iq_error *iq_child_ask(struct iq_child *child, const void *request,
			      void *answer)
{
	const struct iq_child_service *s = &child->service;
	int64_t deadline = now_ms() + (int64_t)s->limits.wall_seconds * 1000;
	iq_cleanup(iq_freep) char *buf = malloc(s->answer_size);
	const char *at = request;
	size_t left = s->request_size;

	if (!buf)
		return &iq_enomem;
	if (child->fd < 0)
		return iq_error_new(IQ_ERROR_IO, "the reader is gone");
	while (left > 0) {
		ssize_t n = send(child->fd, at, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return child_lost(child, deadline);
		at += n;
		left -= (size_t)n;
	}
	if (answer_read(child->fd, deadline, buf, s->answer_size) !=
	    s->answer_size)
		return child_lost(child, deadline);
	memcpy(answer, buf, s->answer_size);
	return NULL;
}
