// SPDX-License-Identifier: Apache-2.0

// Calls of C, and calls of Go from threads that C made.
//
//	cgo FILE
package main

/*
#include <pthread.h>
#include <unistd.h>

extern void goCallback(int);

static void *thread(void *arg)
{
	// The goroutine of this thread comes and goes with each call.
	for (int i = 0; i < 3; i++) {
		goCallback(i);
		usleep(300);
	}
	return arg;
}

static void run_threads(int n)
{
	pthread_t threads[8];

	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, thread, NULL);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static void sleep_in_c(int us)
{
	usleep((useconds_t)us);
}

static void call_back(int n)
{
	goCallback(n);
}
#cgo LDFLAGS: -lpthread
*/
import "C"

import (
	"fmt"
	"os"
	"runtime/trace"
	"time"
)

var calls = make(chan int, 64)

//export goCallback
func goCallback(n C.int) {
	time.Sleep(100 * time.Microsecond)
	calls <- int(n)
}

func main() {
	out, err := os.Create(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cgo:", err)
		os.Exit(1)
	}
	defer out.Close()
	// In C when the trace begins, and for all of it.
	go C.sleep_in_c(10000000)
	go C.sleep_in_c(30000)
	time.Sleep(10 * time.Millisecond)
	if err := trace.Start(out); err != nil {
		fmt.Fprintln(os.Stderr, "cgo:", err)
		os.Exit(1)
	}
	C.sleep_in_c(5000)
	C.call_back(7)
	for i := 0; i < 3; i++ {
		C.run_threads(4)
	}
	time.Sleep(20 * time.Millisecond)
	trace.Stop()
}
