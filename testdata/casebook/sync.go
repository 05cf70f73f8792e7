// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sync"
)

// A Pool counts its workers.
type Pool struct {
	name    string
	workers sync.WaitGroup
	mu      sync.Mutex
	rw      sync.RWMutex
	jobs    map[int]int
}

//go:noinline
func (p *Pool) leave() {
	p.workers.Done() // want waitgroup: negative WaitGroup counter in main.(*Pool).leave
}

func waitgroup() {
	p := new(Pool)
	p.workers.Add(1)
	want("goroutine", id())
	want("object", "sync.WaitGroup", fmt.Sprintf("%p", &p.workers))
	want("value", "counter", -1)
	p.leave()
	p.leave()
}

//go:noinline
func (p *Pool) release() {
	p.mu.Unlock() // want unlock: unlock of unlocked mutex in main.(*Pool).release
}

func unlock() {
	p := new(Pool)
	p.mu.Lock()
	want("goroutine", id())
	want("object", "sync.Mutex", fmt.Sprintf("%p", &p.mu))
	p.release()
	p.release()
}

//go:noinline
func (p *Pool) releaseRW() {
	p.rw.Unlock() // want unlock-rw: Unlock of unlocked RWMutex in main.(*Pool).releaseRW
}

func unlockRW() {
	p := new(Pool)
	want("goroutine", id())
	want("object", "sync.RWMutex", fmt.Sprintf("%p", &p.rw))
	p.releaseRW()
}

//go:noinline
func (p *Pool) releaseR() {
	p.rw.RUnlock() // want runlock: RUnlock of unlocked RWMutex in main.(*Pool).releaseR
}

func runlock() {
	p := new(Pool)
	p.rw.RLock()
	want("goroutine", id())
	want("object", "sync.RWMutex", fmt.Sprintf("%p", &p.rw))
	p.releaseR()
	p.releaseR()
}

//go:noinline
func (p *Pool) hold(ids chan<- string, free <-chan int) {
	ids <- id()
	p.mu.Lock()
	defer p.mu.Unlock()
	<-free
}

//go:noinline
func (p *Pool) releaseTwice() {
	p.mu.Unlock()
	p.mu.Unlock() // want unlock-waiters: unlock of unlocked mutex in main.(*Pool).releaseTwice
}

// Whoever waits is woken by the first Unlock; these wait for another lock.
func unlockWaiters() {
	p := new(Pool)
	ids, free := make(chan string), make(chan int)
	other := new(Pool)
	other.mu.Lock()
	for i := 0; i < 2; i++ {
		go other.hold(ids, free)
		want("waiter", <-ids)
	}
	settle()
	p.mu.Lock()
	want("goroutine", id())
	want("object", "sync.Mutex", fmt.Sprintf("%p", &p.mu))
	p.releaseTwice()
}

//go:noinline
func (p *Pool) add(n int) {
	p.jobs[n%8] = n // want map-write: concurrent map writes in main.(*Pool).add
}

//go:noinline
func (p *Pool) get(n int) int {
	return p.jobs[n%8] // want map-read: concurrent map read and map write in main.(*Pool).get
}

//go:noinline
func (p *Pool) sum() (sum int) {
	for _, n := range p.jobs { // want map-iterate: concurrent map iteration and map write in main.(*Pool).sum
		sum += n
	}
	return sum
}

func newPool() *Pool {
	p := &Pool{jobs: map[int]int{}}
	for i := 0; i < 8; i++ {
		p.jobs[i] = i
	}
	want("object", "map", fmt.Sprintf("%p", p.jobs))
	want("value", "length", len(p.jobs))
	return p
}

func mapWrite() {
	p := newPool()
	want("text", "concurrent map writes")
	for i := 0; i < 2; i++ {
		go func() {
			for n := 0; ; n++ {
				p.add(n)
			}
		}()
	}
	select {}
}

func mapRead() {
	p := newPool()
	want("text", "concurrent map read and map write")
	go func() {
		want("goroutine", id())
		for n := 0; ; n++ {
			p.get(n)
		}
	}()
	for n := 0; ; n++ {
		p.add(n)
	}
}

func mapIterate() {
	p := newPool()
	want("text", "concurrent map iteration and map write")
	go func() {
		want("goroutine", id())
		for {
			p.sum()
		}
	}()
	for n := 0; ; n++ {
		p.add(n)
	}
}
