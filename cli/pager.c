/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

const char *cli_pager_command(void)
{
	const char *term = getenv("TERM");
	const char *command = getenv("INQUEST_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less -FRX";
	if (!command[0] || !strcmp(command, "cat") || !term ||
	    !strcmp(term, "dumb"))
		return NULL;
	return command;
}

/* Whether it has more than @rows lines. */
static bool is_longer(int fd, unsigned rows)
{
	char buf[4096];
	size_t lines = 0;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
		// One line stays for the prompt.
		if (lines >= rows)
			return true;
		at += n;
	}
	return false;
}

static bool write_all(const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, buf, len);

		if (n < 0 && errno != EINTR) {
			cli_error("cannot write: %s", strerror(errno));
			return false;
		}
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static bool copy(int fd)
{
	char buf[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		if (!write_all(buf, (size_t)n))
			return false;
		at += n;
	}
	return true;
}

/* Runs the pager on @fd; false if it could not be started. */
static bool run_pager(int fd)
{
	int status = 0;
	pid_t pid;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return false;
	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0) {
		if (dup2(fd, STDIN_FILENO) >= 0)
			execl("/bin/sh", "sh", "-c", cli_pager_command(),
			      (char *)NULL);
		_exit(127);
	}
	// The pager decides what an interrupt means.
	signal(SIGINT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	signal(SIGINT, SIG_DFL);
	return !(WIFEXITED(status) && WEXITSTATUS(status) >= 126);
}

bool cli_pager_show(int fd, unsigned rows)
{
	if (rows && is_longer(fd, rows) && run_pager(fd))
		return true;
	return copy(fd);
}
