// SPDX-License-Identifier: Apache-2.0

// Command casebook-c crashes in C, in the way that is asked for: see casebook.
package main

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct table {
	long rows[4];
	long *volatile last;
};

__attribute__((noinline)) static void c_store(struct table *t, long v)
{
	t->last = 0;
	t->rows[3] = v;
	*t->last = v; // want c-thread: fault in C in c_store
}

__attribute__((noinline)) static int c_null(long v)
{
	struct table t;

	c_store(&t, v);
	return (int)t.rows[3];
}

__attribute__((noinline)) static int c_abort(long v)
{
	if (v)
		abort();
	return 0;
}

static void *c_work(void *arg)
{
	usleep(50000);
	c_store((struct table *)arg, 7);
	return 0;
}

static int c_thread(void)
{
	static struct table t;
	pthread_t p;

	return pthread_create(&p, 0, c_work, &t);
}
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

func id() string {
	buf := make([]byte, 64)
	return strings.Fields(string(buf[:runtime.Stack(buf, false)]))[1]
}

//go:noinline
func store(v int) int {
	return int(C.c_null(C.long(v))) // want c-null: fault in C in main.store
}

//go:noinline
func abort(v int) {
	C.c_abort(C.long(v)) // want c-abort: abort in C in main.abort
}

// The thread is C's own: no goroutine has to do with it.
func thread() {
	C.c_thread()
	select {}
}

func main() {
	if len(os.Args) != 2 {
		os.Exit(2)
	}
	switch os.Args[1] {
	case "c-null":
		fmt.Fprintln(os.Stderr, "want goroutine", id())
		fmt.Fprintln(os.Stderr, "want fault 0x0")
		fmt.Fprintln(os.Stderr, "want signal SIGSEGV")
		store(5)
	case "c-abort":
		fmt.Fprintln(os.Stderr, "want goroutine", id())
		fmt.Fprintln(os.Stderr, "want signal SIGABRT")
		abort(5)
	case "c-thread":
		fmt.Fprintln(os.Stderr, "want fault 0x0")
		fmt.Fprintln(os.Stderr, "want signal SIGSEGV")
		thread()
	}
	os.Exit(3)
}
