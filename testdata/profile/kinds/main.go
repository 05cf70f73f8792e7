// SPDX-License-Identifier: Apache-2.0

// Every kind of profile that a process can write of itself: goroutines with
// labels and deep stacks, leaked ones, allocations of few sizes, waits for a
// channel and for a lock. The argument is the folder to write to.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type box[T any] struct{ c chan T }

func (b *box[T]) take() T { return <-b.c }

var keep [][]byte

//go:noinline
func alloc(n int) []byte { return make([]byte, n) }

func grow(n int) {
	for i := 0; i < n; i++ {
		keep = append(keep, alloc(1000+i%7*500))
		_ = alloc(64 << 10)
	}
}

func deep(n int, c chan int) {
	if n == 0 {
		<-c
		return
	}
	deep(n-1, c)
}

func spin(d time.Duration) (n int) {
	for t := time.Now(); time.Since(t) < d; {
		for i := 0; i < 1000; i++ {
			n += i * n
		}
	}
	return
}

func leak() {
	c := make(chan int)
	go func() { c <- 1 }()
}

func main() {
	dir := os.Args[1]
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	runtime.MemProfileRate = 4096
	c := make(chan int)
	var mu sync.Mutex
	for i := 0; i < 20; i++ {
		i := i
		go pprof.Do(context.Background(), pprof.Labels("request", fmt.Sprint(i%3), "user", "ann \"q\" é"), func(context.Context) { deep(i*10, c) })
		leak()
	}
	b := &box[string]{make(chan string)}
	go b.take()
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 50; j++ {
				mu.Lock()
				spin(100 * time.Microsecond)
				mu.Unlock()
			}
		}()
	}
	f, _ := os.Create(dir + "/cpu.pb.gz")
	pprof.StartCPUProfile(f)
	pprof.Do(context.Background(), pprof.Labels("phase", "spin"), func(context.Context) { spin(300 * time.Millisecond) })
	grow(20000)
	wg.Wait()
	pprof.StopCPUProfile()
	f.Close()
	go func() { select {} }()
	go func() { mu.Lock() }()
	mu.Lock()
	time.Sleep(50 * time.Millisecond)
	runtime.GC()
	for _, p := range pprof.Profiles() {
		f, err := os.Create(dir + "/" + p.Name() + ".pb.gz")
		if err != nil {
			panic(err)
		}
		if err := p.WriteTo(f, 0); err != nil {
			fmt.Println(p.Name(), err)
		}
		f.Close()
	}
	runtime.KeepAlive(c)
	runtime.KeepAlive(b)
}
