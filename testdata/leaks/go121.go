// SPDX-License-Identifier: Apache-2.0

//go:build go1.21

package leaks

import (
	"context"
	"sync"
)

func init() { shape(afterFunc, onceFunc, lostCause) }

//go:noinline
func afterFuncWait(c <-chan struct{}) {
	leaked("context-afterfunc", "missing-cancel|quit-never-closed|sender-gone")
	<-c
}

func afterFunc() {
	ctx, cancel := context.WithCancel(context.Background())
	c := make(chan struct{})
	context.AfterFunc(ctx, func() { close(c) })
	go afterFuncWait(c)
	if errFetch == nil {
		cancel()
	}
}

//go:noinline
func onceFuncWait(f func()) { f() }

func onceFunc() {
	c := make(chan int)
	go onceFuncWait(sync.OnceFunc(func() {
		leaked("once-func", "sender-gone")
		<-c
	}))
}

//go:noinline
func causeWait(ctx context.Context) {
	leaked("missing-cancel/cause", "missing-cancel")
	<-ctx.Done()
}

//go:noinline
func withoutCancel(ctx context.Context) {
	leaked("nil-channel/without-cancel", "nil-channel")
	<-ctx.Done()
}

func lostCause() {
	ctx, cancel := context.WithCancelCause(context.Background())
	go withoutCancel(context.WithoutCancel(ctx))
	go causeWait(ctx)
	if errFetch == nil {
		cancel(nil)
	}
}
