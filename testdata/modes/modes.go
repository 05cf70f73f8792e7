// SPDX-License-Identifier: Apache-2.0

// Package modes keeps a few goroutines of different kinds, with calls that are
// inlined, generic and wrapped, in whatever form it is built: an executable, a
// plugin, a library of a C program. Go 1.18 compiles it. None of it is a defect.
package modes

import (
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

type gate chan struct{}

func (g gate) wait()       { <-g }
func inlinedTwice(g gate)  { g.wait() }
func waitInlined(g gate)   { inlinedTwice(g) }
func waitAfter(f func())   { f() }
func send(c chan<- string) { c <- "nobody receives" }

//go:noinline
func first[T any](c <-chan T) T { return <-c }

type waiter interface{ waitHere() }

type inner struct{ g gate }

//go:noinline
func (i *inner) waitHere() { <-i.g }

type outer struct {
	name string
	*inner
}

// What the goroutines wait for; it stays reachable.
type state struct {
	gate    gate
	send    chan string
	numbers chan int
	mutex   sync.Mutex
	rw      sync.RWMutex
	group   sync.WaitGroup
	cond    *sync.Cond
	pipe    [2]int
	stop    uint32
}

var keep []*state

func (s *state) selecting() {
	select {
	case <-s.gate:
	case s.send <- "nobody receives":
	case n := <-s.numbers:
		_ = n
	}
}

func (s *state) conditional() {
	s.cond.L.Lock()
	s.cond.Wait()
	s.cond.L.Unlock()
}

func (s *state) reading() {
	runtime.LockOSThread()
	var b [1]byte
	_, _ = syscall.Read(s.pipe[0], b[:])
}

func (s *state) deferring() {
	defer s.mutex.Unlock()
	defer func() { _ = recover() }()
	s.mutex.Lock()
}

func accepting(l net.Listener) {
	_, _ = l.Accept()
}

func deep(n int, g gate) int {
	if n == 0 {
		waitInlined(g)
		return 0
	}
	return deep(n-1, g) + 1
}

// Start brings the goroutines up; they wait when it returns.
func Start() error {
	s := &state{
		gate:    make(gate),
		send:    make(chan string),
		numbers: make(chan int),
		cond:    sync.NewCond(&sync.Mutex{}),
	}
	keep = append(keep, s)
	s.mutex.Lock()
	s.rw.Lock()
	s.group.Add(1)
	if err := syscall.Pipe(s.pipe[:]); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go waitInlined(s.gate)
	go waitAfter(func() { <-s.gate })
	go send(s.send)
	go first(s.numbers)
	go waiter(&outer{inner: &inner{s.gate}}).waitHere()
	go s.selecting()
	go s.conditional()
	go s.reading()
	go s.deferring()
	go s.rw.RLock()
	go s.group.Wait()
	go accepting(l)
	go deep(7, s.gate)
	go time.Sleep(time.Hour)
	go func() {
		var none chan int
		<-none
	}()
	go func() { select {} }()
	time.Sleep(200 * time.Millisecond)
	runtime.GC()
	time.Sleep(100 * time.Millisecond)
	return nil
}

// WriteStacks leaves what runtime.Stack says of all goroutines in a file.
func WriteStacks(path string) error {
	b := make([]byte, 1<<20)
	return os.WriteFile(path, b[:runtime.Stack(b, true)], 0o666)
}
