// SPDX-License-Identifier: Apache-2.0

// Package zoo keeps one goroutine of every kind that a reader of stacks must
// know. Nothing in it is a defect: the gate, which all could be woken by, is
// reachable from the keeper.
package zoo

import (
	"bufio"
	"context"
	"net"
	"os"
	"reflect"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"syscall"
	"time"
)

type gate chan struct{}

// Inlined calls, three deep.
func (g gate) wait()          { <-g }
func (g gate) waitTwice()     { g.wait(); g.wait() }
func inlinedThrice(g gate)    { g.waitTwice() }
func caller(g gate, f func()) { inlinedThrice(g); f() }

// Generics.
type ring[T any] struct {
	slots []T
	g     gate
}

//go:noinline
func (r *ring[T]) pop() (v T) {
	r.g.wait()
	return r.slots[0]
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

//go:noinline
func collect[K comparable, V any](g gate, pairs []pair[K, V]) map[K]V {
	m := make(map[K]V)
	for _, p := range pairs {
		func() {
			<-g
			m[p.key] = p.value
		}()
	}
	return m
}

// Methods, method values, promoted methods, interfaces.
type waiter interface{ waitHere(n int) int }

type inner struct{ g gate }

//go:noinline
func (i *inner) waitHere(n int) int {
	<-i.g
	return n
}

//go:noinline
func (i inner) waitByValue(n int) int {
	<-i.g
	return n
}

type outer struct {
	name string
	*inner
}

type valueWaiter interface{ waitByValue(n int) int }

//go:noinline
func through(w waiter) int { return w.waitHere(1) + 1 }

//go:noinline
func throughValue(w valueWaiter) int { return w.waitByValue(1) + 1 }

//go:noinline
func callIt(f func(int) int) int { return f(7) + 1 }

// Deferred calls.
//
//go:noinline
func deferred(g gate) {
	defer func() {
		<-g
	}()
	touch()
}

//go:noinline
func deferredInLoop(g gate) {
	for i := 0; i < 3; i++ {
		defer g.wait()
	}
	touch()
}

//go:noinline
func recovering(g gate) {
	defer func() {
		if recover() != nil {
			<-g
		}
	}()
	var m map[string]int
	m["nil"] = 1
}

//go:noinline
func faulting(g gate) {
	defer func() {
		if recover() != nil {
			g.wait()
		}
	}()
	var i *inner
	i.g.wait()
}

//go:noinline
func touch() { touched++ }

var touched int

// Deep recursion.
//
//go:noinline
func descend(g gate, depth int) int {
	if depth == 0 {
		<-g
		return 0
	}
	return descend(g, depth-1) + 1
}

//go:noinline
func spin(n *uint64) {
	for {
		step(n)
	}
}

//go:noinline
func step(n *uint64) { *n = *n*6364136223846793005 + 1442695040888963407 }

// Generations of goroutines.
func grandparent(g gate) {
	go parent(g)
	<-g
}

func parent(g gate) {
	go func() {
		go child(g)
		<-g
	}()
	<-g
}

func child(g gate) { <-g }

type cage struct {
	g       gate
	mu      sync.Mutex
	rw      sync.RWMutex
	rw2     sync.RWMutex
	cond    *sync.Cond
	wg      sync.WaitGroup
	once    sync.Once
	spun    uint64
	out     chan int
	full    chan int
	pr, pw  *os.File
	l       net.Listener
	timers  []*time.Timer
	ticker  *time.Ticker
	ctx     context.Context
	cancel  context.CancelFunc
	pending *sync.WaitGroup
}

func labelled(c *cage) {
	ctx := pprof.WithLabels(context.Background(), pprof.Labels("tenant", "acme"))
	pprof.Do(ctx, pprof.Labels("request", `42 "quoted"`), func(context.Context) {
		go c.g.wait() // inherits both labels
		<-c.g
	})
}

func (c *cage) channels() {
	go func() { c.out <- 1 }()
	go func() { c.full <- 3 }()
	go func() {
		select {
		case <-c.g:
		case c.out <- 2:
		case <-c.ctx.Done():
		}
	}()
	go func() {
		for range c.ticker.C {
			touch()
		}
	}()
	go caller(c.g, func() { <-c.g })
	go func() {
		func() {
			func() { <-c.g }()
			touch()
		}()
	}()
	for i := 0; i < 3; i++ {
		go labelled(c)
	}
}

func (c *cage) locks() {
	go c.mu.Lock()
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		touch()
	}()
	go c.rw.RLock()
	go func() { c.rw.Lock() }()
	go func() { c.rw2.Lock() }()
	go c.wg.Wait()
	go func() { c.wg.Wait(); touch() }()
	go func() {
		c.cond.L.Lock()
		c.cond.Wait()
		c.cond.L.Unlock()
	}()
	go c.once.Do(c.g.wait)
	go func() {
		time.Sleep(100 * time.Millisecond)
		c.once.Do(touch)
	}()
}

func (c *cage) calls() {
	i := &inner{c.g}
	go i.waitHere(1)
	f := i.waitHere
	go f(2)
	go callIt(f)
	go callIt(inner{c.g}.waitByValue)
	go through(outer{"outer", i})
	go throughValue(i)
	var w waiter = &outer{"interface", i}
	go w.waitHere(3)
	go callIt(w.waitHere)
	go (*inner).waitHere(i, 4)
	go (&ring[string]{[]string{"a"}, c.g}).pop()
	go func() { (&ring[int]{[]int{1}, c.g}).pop() }()
	go collect(c.g, []pair[string, int]{{"a", 1}})
	go collect(c.g, []pair[int, *cage]{{1, c}})
	go deferred(c.g)
	go deferredInLoop(c.g)
	go recovering(c.g)
	go faulting(c.g)
	go descend(c.g, 150)
	go descend(c.g, 60)
	go reflect.ValueOf(i.waitHere).Call([]reflect.Value{reflect.ValueOf(5)})
	go func() {
		made := reflect.MakeFunc(reflect.TypeOf(touch), func([]reflect.Value) []reflect.Value {
			<-c.g
			return nil
		})
		made.Interface().(func())()
	}()
	go sort.Slice([]int{2, 1}, func(a, b int) bool { <-c.g; return a < b })
	go func(a, b int, s string, e error) { <-c.g; _, _, _, _ = a, b, s, e }(1, 2, "three", nil)
	go grandparent(c.g)
}

func (c *cage) threads() {
	go spin(&c.spun)
	go func() {
		runtime.LockOSThread()
		<-c.g
	}()
	go func() {
		var p [2]int
		syscall.Pipe(p[:])
		syscall.Read(p[0], make([]byte, 1))
	}()
	go func() {
		runtime.LockOSThread()
		t := syscall.Timespec{Sec: 3600}
		syscall.Nanosleep(&t, nil)
	}()
}

func (c *cage) clocks() {
	for i := 0; i < 3; i++ {
		go time.Sleep(time.Hour)
	}
	c.timers = append(c.timers, time.AfterFunc(time.Hour, touch), time.NewTimer(2*time.Hour))
	time.AfterFunc(time.Millisecond, func() { <-c.g })
	go func() { <-time.After(time.Hour) }()
	go func() {
		ctx, cancel := context.WithTimeout(c.ctx, time.Hour)
		defer cancel()
		<-ctx.Done()
	}()
	context.AfterFunc(c.ctx, touch)
}

func (c *cage) files() {
	go func() {
		s := bufio.NewScanner(c.pr)
		for s.Scan() {
			touch()
		}
	}()
	go c.l.Accept()
}

// keep is the goroutine from which everything can be reached and woken.
func keep(c *cage) {
	for {
		time.Sleep(time.Hour)
		close(c.g)
		c.mu.Unlock()
		c.rw.Unlock()
		c.rw2.RUnlock()
		c.wg.Done()
		c.cond.Broadcast()
		c.cancel()
		c.pw.Close()
		<-c.out
		<-c.full
	}
}

// finalized blocks the runtime's own finalizer goroutine.
func finalized(g gate) {
	i := &inner{make(gate)}
	runtime.SetFinalizer(i, func(*inner) { <-g })
}

// Healthy opens the zoo.
func Healthy() {
	c := &cage{g: make(gate), out: make(chan int), full: make(chan int, 2)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.cond = sync.NewCond(new(sync.Mutex))
	c.ticker = time.NewTicker(time.Hour)
	c.pr, c.pw, _ = os.Pipe()
	c.l, _ = net.Listen("tcp4", "127.0.0.1:0")
	c.full <- 1
	c.full <- 2
	c.mu.Lock()
	c.rw.Lock()
	c.rw2.RLock()
	c.wg.Add(1)
	go keep(c)
	finalized(c.g)
	c.channels()
	c.locks()
	c.calls()
	c.clocks()
	c.files()
	c.threads()
}
