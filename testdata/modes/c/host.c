/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C program with Go libraries in it: those of its arguments, or with
 * -DLINKED the one that it is linked with. Each writes the stacks of its
 * goroutines to stacks.N; a line on standard input makes the first one panic.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#define LIBRARIES 4

struct library {
	long (*start)(void);
	long (*write_stacks)(char *path);
	void (*quit)(void);
};

#ifdef LINKED
extern long Start(void);
extern long WriteStacks(char *path);
extern void Quit(void);
#endif

static int library_open(const char *path, struct library *ret)
{
#ifdef LINKED
	(void)path;
	*ret = (struct library){ Start, WriteStacks, Quit };
#else
	void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!h) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&ret->start = dlsym(h, "Start");
	*(void **)&ret->write_stacks = dlsym(h, "WriteStacks");
	*(void **)&ret->quit = dlsym(h, "Quit");
#endif
	return !ret->start || !ret->write_stacks || !ret->quit;
}

int main(int argc, char **argv)
{
	struct library libraries[LIBRARIES];
	char name[16], line[8];
	int n = argc - 1 < LIBRARIES ? argc - 1 : LIBRARIES;

	for (int i = 0; i < n; i++)
		if (library_open(argv[i + 1], &libraries[i]) ||
		    libraries[i].start())
			return 1;
	sleep(1);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "stacks.%d", i);
		if (libraries[i].write_stacks(name))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		libraries[0].quit();
	return 0;
}
