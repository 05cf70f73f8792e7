// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

//go:noinline
func peek(at uintptr) byte {
	return **(**byte)(unsafe.Pointer(&at)) // want fault-wild: fault at a bad address in main.peek
}

func faultWild() {
	want("goroutine", id())
	want("fault", "0x123456789000")
	want("signal", "SIGSEGV")
	peek(0x123456789000)
}

//go:noinline
func last(data []byte) byte {
	return data[len(data)-1] // want fault-bus: fault at a bad address in main.last
}

func faultBus() {
	f, err := os.CreateTemp(".", "map")
	if err != nil {
		panic(err)
	}
	os.Remove(f.Name())
	f.Truncate(8192)
	data, err := syscall.Mmap(int(f.Fd()), 0, 8192, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	last(data)
	f.Truncate(100)
	want("goroutine", id())
	want("fault", &data[8191])
	want("signal", "SIGBUS")
	last(data)
}

func kill(sig syscall.Signal) {
	go func() {
		time.Sleep(50 * time.Millisecond)
		syscall.Kill(syscall.Getpid(), sig)
	}()
	select {}
}

func signalAbrt() {
	want("signal", "SIGABRT")
	kill(syscall.SIGABRT)
}

// want signal-segv: killed by a signal: SIGSEGV
func signalSegv() {
	want("signal", "SIGSEGV")
	kill(syscall.SIGSEGV)
}

//go:noinline
func misaligned(data []byte) **int {
	return (**int)(unsafe.Pointer(&data[1])) // want checkptr: misuse of unsafe.Pointer in main.misaligned
}

// Only where it was built with checkptr.
func checkptr() {
	data := make([]byte, 64)
	want("goroutine", id())
	p := misaligned(data)
	_ = *p
}
