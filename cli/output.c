/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/pager.h"

/* Signals that would leave a temporary file behind wait until it is gone. */
static void hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(how, &set, NULL);
}

/* Devices, pipes and the like are written to as they are. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static bool open_special(struct cli_output *output)
{
	output->fd = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (output->fd < 0)
		cli_error("cannot write %s: %s", output->path, strerror(errno));
	return output->fd >= 0;
}

/* mkstemp() lets nobody else read it; the user's mask decides that. */
static void apply_mask(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(fd, 0666 & ~mask) < 0)
		cli_error("cannot set the mode of the output: %s",
			  strerror(errno));
}

static bool open_temporary(struct cli_output *output)
{
	if (asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
		output->temporary = NULL;
		cli_error("out of memory");
		return false;
	}
	hold_signals(SIG_BLOCK);
	output->fd = mkostemp(output->temporary, O_CLOEXEC);
	if (output->fd >= 0) {
		apply_mask(output->fd);
		return true;
	}
	cli_error("cannot write %s: %s", output->path, strerror(errno));
	hold_signals(SIG_UNBLOCK);
	free(output->temporary);
	output->temporary = NULL;
	return false;
}

bool cli_output_open(struct cli_output *output, const struct cli_args *args,
		     const char *path, bool text)
{
	*output = (struct cli_output){ .path = path, .fd = STDOUT_FILENO };
	if (path &&
	    !(is_special(path) ? open_special(output) : open_temporary(output)))
		return false;
	cli_terminal_init(&output->terminal, args, output->fd);
	if (path || !text || args->no_pager || !output->terminal.is_terminal ||
	    !cli_pager_command())
		return true;

	int fd = memfd_create("inquest", MFD_CLOEXEC);

	if (fd >= 0) {
		output->fd = fd;
		output->paged = true;
	}
	return true;
}

/* The temporary file becomes the file. */
static bool put_in_place(struct cli_output *output, bool keep)
{
	bool good = keep;

	if (good && rename(output->temporary, output->path) < 0) {
		cli_error("cannot write %s: %s", output->path, strerror(errno));
		good = false;
	}
	if (!good)
		unlink(output->temporary);
	free(output->temporary);
	output->temporary = NULL;
	hold_signals(SIG_UNBLOCK);
	return good;
}

bool cli_output_close(struct cli_output *output, bool keep)
{
	bool good = keep;

	if (output->paged) {
		good = !keep ||
		       cli_pager_show(output->fd, output->terminal.rows);
		close(output->fd);
		return good;
	}
	// Some file systems say only now that there was no room.
	if (output->path && close(output->fd) < 0 && keep) {
		cli_error("cannot write %s: %s", output->path, strerror(errno));
		good = false;
	}
	if (output->temporary)
		good = put_in_place(output, good);
	return good;
}
