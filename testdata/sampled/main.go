// SPDX-License-Identifier: Apache-2.0

// Command sampled allocates, waits for locks and blocks, writes what the runtime
// has sampled of that (heap, mutex, block) and stands still. Nothing is collected
// between: what a core of it holds is what the files say.
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

type node struct {
	next *node
	data [100]byte
}

var keep []*node
var bufs [][]byte

//go:noinline
func grow(n int) {
	for i := 0; i < n; i++ {
		keep = append(keep, mk())
	}
}

func mk() *node { return &node{} }

//go:noinline
func garbage(n int) {
	for i := 0; i < n; i++ {
		b := make([]byte, 4096)
		_ = sink(b)
	}
}

//go:noinline
func sink(b []byte) int { return len(b) }

type locked[T any] struct {
	mu sync.Mutex
	v  T
}

func (l *locked[T]) with(f func()) { l.mu.Lock(); defer l.mu.Unlock(); f() }

func contend() {
	var l locked[int]
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := 0; k < 20; k++ {
				l.with(func() { time.Sleep(time.Millisecond) })
			}
		}()
	}
	wg.Wait()
}

func block() {
	c := make(chan int)
	go func() { time.Sleep(50 * time.Millisecond); c <- 1 }()
	<-c
	var mu sync.RWMutex
	mu.Lock()
	go func() { time.Sleep(20 * time.Millisecond); mu.Unlock() }()
	mu.RLock()
	select {
	case <-c:
	case <-time.After(10 * time.Millisecond):
	}
}

func wait(ch chan int) { <-ch }

func write(name string) {
	f, err := os.Create(name + ".pb.gz")
	if err != nil {
		panic(err)
	}
	pprof.Lookup(name).WriteTo(f, 0)
	f.Close()
}

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	grow(20000)
	garbage(20000)
	contend()
	block()
	runtime.GC()
	grow(3000)
	garbage(3000)
	runtime.GC()
	garbage(1000)
	debug.SetGCPercent(-1)
	grow(1000)
	for i := 0; i < 10; i++ {
		ch := make(chan int)
		go pprof.Do(context.Background(), pprof.Labels("k", "v"), func(context.Context) { wait(ch) })
	}
	for i := 0; i < 5; i++ {
		bufs = append(bufs, make([]byte, 1<<20))
	}
	time.Sleep(50 * time.Millisecond)
	for _, n := range []string{"heap", "mutex", "block"} {
		write(n)
	}
	syscall.Write(1, []byte("ready\n"))
	for {
		syscall.Pause()
	}
}
