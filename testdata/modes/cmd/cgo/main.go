// SPDX-License-Identifier: Apache-2.0

// Command cgo is exe with threads in C: one waits there, called from Go, one was
// made there and waits in Go, one knows nothing of Go.
package main

/*
#cgo LDFLAGS: -pthread
#include <pthread.h>
#include <unistd.h>

extern void waitInGo(void);

static __thread long own[16] = { 1 };

static void wait_in_c(void) { own[1]++; for (;;) pause(); }
static void *foreign(void *p) { (void)p; wait_in_c(); return 0; }
static void *calling(void *p) { (void)p; waitInGo(); return 0; }
static void start(void) {
	pthread_t t;
	pthread_create(&t, 0, foreign, 0);
	pthread_create(&t, 0, calling, 0);
}
*/
import "C"

import (
	"os"
	"time"

	"inquest.test/modes"
)

//export waitInGo
func waitInGo() { select {} }

func main() {
	C.start()
	go func() { C.wait_in_c() }()
	if err := modes.Start(); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Hour)
}
