// SPDX-License-Identifier: Apache-2.0

//go:build go1.24

package leaks

import (
	"runtime"
	"weak"
)

func init() { shape(keptByCleanup, weakly) }

//go:noinline
func (r *resource) waitCleanup() {
	kept("kept/cleanup", "cleanup")
	<-r.c
	runtime.KeepAlive(r)
}

// keptByCleanup waits for what only a cleanup of what it holds itself would do.
func keptByCleanup() {
	r := &resource{c: make(chan int)}
	runtime.AddCleanup(r, func(c chan int) { close(c) }, r.c)
	go r.waitCleanup()
}

var weakly_ []weak.Pointer[resource]

//go:noinline
func (r *resource) waitWeak() {
	kept("weak-pointer", "inquest.test/leaks.weakly_")
	<-r.c
	runtime.KeepAlive(r)
}

// weakly can be got at by who makes the weak pointer strong: as long as the
// goroutine waits, its stack keeps the object.
func weakly() {
	r := &resource{c: make(chan int), name: "weak"}
	mu.Lock()
	weakly_ = append(weakly_, weak.Make(r))
	mu.Unlock()
	go r.waitWeak()
}
