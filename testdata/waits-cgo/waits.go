// SPDX-License-Identifier: Apache-2.0

// Command waits-cgo has goroutines wait within C, and says what is true of each
// (package truth) before it stands still.
package main

/*
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <unistd.h>

extern void back(void);

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void hold(void)
{
	pthread_mutex_lock(&held);
}

static void lock(void)
{
	pthread_mutex_lock(&held);
}

static long read_one(int fd)
{
	char c;

	return read(fd, &c, 1);
}

static int poll_one(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, -1);
}

static void call_back(void)
{
	back();
}

// The server of names is one that never answers.
static int resolve(int port)
{
	struct addrinfo *found = NULL;
	int err;

	res_init();
	_res.nscount = 1;
	_res.nsaddr_list[0].sin_family = AF_INET;
	_res.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	_res.nsaddr_list[0].sin_port = htons(port);
	_res.retrans = 30;
	err = getaddrinfo("inquest.test", "80", NULL, &found);

	if (!err)
		freeaddrinfo(found);
	return err;
}
*/
import "C"

import (
	"runtime"
	"syscall"
	"time"

	"inquest.test/truth"
)

var forEver = make(chan struct{})

// inC says which function of C it calls, and in which call of the kernel that
// ends, where it is always the same.
func inC(function string, more truth.F) {
	f := truth.F{"kind": "cgo", "function": function}
	for k, v := range more {
		f[k] = v
	}
	pc, _, _, _ := runtime.Caller(1)
	truth.WaitsAs(truth.Goid(), runtime.FuncForPC(pc).Name(), f)
}

func sleeping() {
	inC("sleep", truth.F{"syscall": "clock_nanosleep"})
	C.sleep(3600)
}

func sleepingShort() {
	inC("usleep", truth.F{"syscall": "clock_nanosleep"})
	for {
		C.usleep(900 * 1000 * 1000)
	}
}

func locking() {
	inC("lock", truth.F{"syscall": "futex"})
	C.lock()
}

func pipe() int {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	return p[0]
}

func reading(fd int) {
	inC("read_one", truth.F{"syscall": "read", "fd": fd})
	C.read_one(C.int(fd))
}

func polling(fd int) {
	inC("poll_one", truth.F{"syscall": "poll"})
	C.poll_one(C.int(fd))
}

//export back
func back() {
	truth.Waits(truth.Chan("receive", forEver))
	<-forEver
}

func calling() { C.call_back() }

// thread is one of C's own, which runs no goroutine.
func thread() { C.hold() }

// resolving waits for a server of names.
func resolving(port int) {
	inC("resolve", truth.F{"syscall": "poll"})
	C.resolve(C.int(port))
}

// silent is a port on which nobody answers.
func silent() int {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		panic(err)
	}
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		panic(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		panic(err)
	}
	return sa.(*syscall.SockaddrInet4).Port
}

func main() {
	thread()
	go sleeping()
	go sleepingShort()
	for i := 0; i < 3; i++ {
		go locking()
	}
	go reading(pipe())
	go polling(pipe())
	go calling()
	for i := 0; i < 2; i++ {
		go resolving(silent())
	}
	time.Sleep(100 * time.Millisecond)
	truth.Waits(truth.Chan("receive", forEver))
	truth.Later(truth.Threads)
	truth.Tell()
	<-forEver
}
