// SPDX-License-Identifier: Apache-2.0

// Package cgocase calls a driver written in C.
package cgocase

/*
#include <unistd.h>

extern void goEvent(int id);

static void wait_for_device(int id)
{
	while (id)
		pause();
}

static void poll_events(int id)
{
	goEvent(id);
}
*/
import "C"

import (
	"sync"
	"time"
)

// Device is driven by C code.
type Device struct{ id int }

//go:noinline
func (d *Device) waitReady() {
	C.wait_for_device(C.int(d.id)) // want: cgo-stuck 2 "syscall"
}

//go:noinline
func (d *Device) poll() {
	C.poll_events(C.int(d.id))
}

var handlers sync.Map

type handler struct{ acknowledged chan struct{} }

//export goEvent
func goEvent(id C.int) {
	handle(int(id))
}

//go:noinline
func handle(id int) {
	h, _ := handlers.LoadAndDelete(id)
	<-h.(*handler).acknowledged // want: leaked-goroutine 1 "chan receive"
}

// Defect waits for devices that never answer.
func Defect() {
	for id := 1; id <= 2; id++ {
		go (&Device{id}).waitReady()
	}
	handlers.Store(3, &handler{make(chan struct{})})
	go (&Device{3}).poll()
	time.Sleep(100 * time.Millisecond)
}

// Healthy's calls return.
func Healthy() {
	var wg sync.WaitGroup
	for i := 0; i < 2; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			(&Device{0}).waitReady()
		}()
	}
	h := &handler{make(chan struct{})}
	handlers.Store(3, h)
	wg.Add(1)
	go func() {
		defer wg.Done()
		(&Device{3}).poll()
	}()
	close(h.acknowledged)
	wg.Wait()
}
