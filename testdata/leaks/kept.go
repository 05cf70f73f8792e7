// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"context"
	"runtime"
	"sync"
	"time"
)

func init() {
	shape(keptByGlobal, keptByMap, keptBySleeper, keptByFinalizer, keptByParent, keptByPool,
		globalLocks)
}

// ---- nobody will come, but something refers to it

// Pool is what a service has of workers.
type Pool struct {
	jobs chan int
	more *Pool
}

var pool = &Pool{more: &Pool{jobs: make(chan int)}}

//go:noinline
func poolWorker(p *Pool) {
	kept("kept/global", "inquest.test/leaks.pool")
	for range p.jobs {
	}
}

func keptByGlobal() { go poolWorker(pool.more) }

var sessions = map[string]chan int{}

//go:noinline
func session(c <-chan int) {
	kept("kept/map", "inquest.test/leaks.sessions")
	<-c
}

func keptByMap() {
	for _, name := range []string{"a", "b", "c"} {
		c := make(chan int)
		mu.Lock()
		sessions[name] = c
		mu.Unlock()
		go session(c)
	}
}

//go:noinline
func forgotten(c <-chan int) {
	kept("kept/sleeper", "inquest.test/leaks.keptBySleeper")
	<-c
}

// keptBySleeper would close the channel if a condition held that never does.
func keptBySleeper() {
	c := make(chan int)
	go forgotten(c)
	for {
		time.Sleep(forEver)
		if errFetch == nil {
			close(c)
		}
	}
}

type resource struct {
	c    chan int
	name string
}

//go:noinline
func (r *resource) wait() {
	kept("kept/finalizer", "finalizer")
	<-r.c
	runtime.KeepAlive(r)
}

// keptByFinalizer waits for what only the finalizer of what it holds itself would do.
func keptByFinalizer() {
	r := &resource{c: make(chan int), name: "r"}
	runtime.SetFinalizer(r, func(r *resource) { close(r.c) })
	go r.wait()
}

var root, rootCancel = context.WithCancel(context.Background())

//go:noinline
func childWait(ctx context.Context) {
	kept("kept/parent-context", "inquest.test/leaks.root")
	<-ctx.Done()
}

// keptByParent loses the cancel function, but the parent has the child.
func keptByParent() {
	ctx, cancel := context.WithCancel(root)
	go childWait(ctx)
	if errFetch == nil {
		cancel()
		rootCancel()
	}
}

var spares = sync.Pool{}

//go:noinline
func spareWait(c <-chan int) {
	kept("kept/interface", "inquest.test/leaks.spare")
	<-c
}

var spare interface{}

func keptByPool() {
	c := make(chan int)
	spare = &resource{c: c}
	go spareWait(c)
}

var (
	globalMutex sync.Mutex
	globalRW    sync.RWMutex
	globalGroup sync.WaitGroup
	globalCond  = sync.NewCond(&sync.Mutex{})
)

//go:noinline
func lockGlobal() {
	kept("kept/mutex", "inquest.test/leaks.globalMutex")
	globalMutex.Lock()
	globalMutex.Unlock()
}

//go:noinline
func readGlobal() {
	kept("kept/rwmutex", "inquest.test/leaks.globalRW")
	globalRW.RLock()
	globalRW.RUnlock()
}

//go:noinline
func waitGlobal() {
	kept("kept/waitgroup", "inquest.test/leaks.globalGroup")
	globalGroup.Wait()
}

//go:noinline
func condGlobal() {
	kept("kept/cond", "inquest.test/leaks.globalCond")
	globalCond.L.Lock()
	globalCond.Wait()
	globalCond.L.Unlock()
}

func globalLocks() {
	globalMutex.Lock()
	globalRW.Lock()
	globalGroup.Add(1)
	go lockGlobal()
	go readGlobal()
	go waitGlobal()
	go condGlobal()
}
