// SPDX-License-Identifier: Apache-2.0

// Command kinds keeps one goroutine of every kind, and builds with every Go
// from 1.18 on: what younger ones have besides is in files of its own. How many
// of each kind there are is in the file expect. With the tag lean it takes
// neither package net nor runtime/pprof, which are half of an executable.
package main

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// forEver is what most wait on; nobody closes it.
var forEver = make(chan struct{})

// more is what the other files add.
var more []func()

// ---- channels

func sender(c chan<- int) { c <- 1 }

func fullSender(c chan int) {
	c <- 1
	c <- 2
}

func receiver(c <-chan int) { <-c }

func ranger(c <-chan int) {
	for range c {
		touch()
	}
}

func nilSender() {
	var c chan int
	c <- 1
}

func nilReceiver() {
	var c chan int
	<-c
}

func selector(a, b chan int) {
	select {
	case a <- 1:
	case <-b:
	case <-forEver:
	}
}

func emptySelect() { select {} }

func channels() {
	a, b := make(chan int), make(chan int)
	go sender(make(chan int))
	go fullSender(make(chan int, 1))
	go receiver(make(chan int))
	go receiver(a)
	go ranger(b)
	go nilSender()
	go nilReceiver()
	for i := 0; i < 3; i++ {
		go selector(make(chan int), make(chan int))
	}
	go emptySelect()
	for i := 0; i < 5; i++ {
		go sender(b2)
	}
}

var b2 = make(chan int)

// ---- locks

type shop struct {
	mu      sync.Mutex
	rw      sync.RWMutex // locked to write
	rw2     sync.RWMutex // locked to read
	waiting sync.WaitGroup
	once    sync.Once
	cond    *sync.Cond
}

func (s *shop) lock()     { s.mu.Lock(); touch() }
func (s *shop) rlock()    { s.rw.RLock(); touch() }
func (s *shop) wlock()    { s.rw2.Lock(); touch() }
func (s *shop) wait()     { s.waiting.Wait(); touch() }
func (s *shop) first()    { s.once.Do(func() { <-forEver }) }
func (s *shop) second()   { s.once.Do(touch) }
func (s *shop) condWait() { s.cond.L.Lock(); s.cond.Wait(); s.cond.L.Unlock() }

var theShop shop

func locks() {
	s := &theShop
	s.cond = sync.NewCond(new(sync.Mutex))
	s.mu.Lock()
	s.rw.Lock()
	s.rw2.RLock()
	s.waiting.Add(1)
	for i := 0; i < 2; i++ {
		go s.lock()
	}
	for i := 0; i < 3; i++ {
		go s.rlock()
	}
	go s.wlock()
	for i := 0; i < 2; i++ {
		go s.wait()
	}
	for i := 0; i < 4; i++ {
		go s.condWait()
	}
	go s.first()
	time.Sleep(50 * time.Millisecond)
	go s.second()
	go s.mu.Lock()
}

// ---- clocks

func sleeper() { time.Sleep(time.Hour) }

func ticking(t *time.Ticker) {
	for range t.C {
		touch()
	}
}

func timed(t *time.Timer) { <-t.C }

func clocks() {
	go sleeper()
	go time.Sleep(2 * time.Hour)
	go ticking(time.NewTicker(time.Hour))
	go timed(time.NewTimer(time.Hour))
	time.AfterFunc(time.Millisecond, func() { <-forEver })
}

// ---- files and system calls

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// acceptor accepts by the poller, without package net.
func acceptor() {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	must(err)
	must(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(syscall.Listen(fd, 8))
	f := os.NewFile(uintptr(fd), "listener")
	c, err := f.SyscallConn()
	must(err)
	c.Read(func(fd uintptr) bool {
		_, _, err := syscall.Accept(int(fd))
		return err != syscall.EAGAIN
	})
}

func unixReader() {
	p, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	must(err)
	peers = append(peers, p[1])
	os.NewFile(uintptr(p[0]), "unix").Read(make([]byte, 1))
}

var peers []int

func pipeReader(r *os.File) { r.Read(make([]byte, 1)) }

func pipeWriter(w *os.File) { w.Write(make([]byte, 1<<20)) }

func rawPipe() [2]int {
	var p [2]int
	must(syscall.Pipe(p[:]))
	return p
}

// blockingRead is in a system call: the descriptor is not the poller's.
func blockingRead() { syscall.Read(rawPipe()[0], make([]byte, 1)) }

func lockedCall() {
	runtime.LockOSThread()
	t := syscall.Timespec{Sec: 3600}
	for {
		syscall.Nanosleep(&t, nil)
	}
}

// rawCall is in the kernel, but for the runtime it is running.
func rawCall() {
	for {
		syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}

func lockedIdle() {
	runtime.LockOSThread()
	<-forEver
}

var pipes []*os.File

func files() {
	r, w, err := os.Pipe()
	must(err)
	r2, w2, err := os.Pipe()
	must(err)
	pipes = append(pipes, r, w, r2, w2)
	go pipeReader(r)
	go pipeWriter(w2)
	go acceptor()
	go unixReader()
	go blockingRead()
	go lockedCall()
	go lockedIdle()
}

// ---- running

//go:noinline
func step(n *uint64) { *n = *n*6364136223846793005 + 1442695040888963407 }

func spin(n *uint64) {
	for {
		step(n)
	}
}

// running begins last: no collection runs after it. There are two processors,
// of which rawCall keeps one: some of the others have never begun.
func running() {
	for i := 0; i < 3; i++ {
		go spin(new(uint64))
	}
	go rawCall()
}

// ---- calls

//go:noinline
func touch() { touched++ }

var touched int

func deferring() {
	defer func() { <-forEver }()
	touch()
}

type gate chan struct{}

func (g gate) wait() { <-g }

//go:noinline
func (g gate) waitHere(n int) int {
	<-g
	return n
}

func deferringMethod(g gate) {
	for i := 0; i < 3; i++ {
		defer g.wait()
	}
	touch()
}

func starting(g gate) { go g.wait() }

func deferredStart(g gate) {
	defer starting(g)
	touch()
}

// recovering waits while it panics.
func recovering() {
	defer func() {
		if recover() != nil {
			<-forEver
		}
	}()
	var m map[string]int
	m["nil"] = 1
}

// recovered waits when that is over.
func recovered() {
	func() {
		defer func() { recover() }()
		panic("over")
	}()
	<-forEver
}

// panicking has not recovered yet, and panics twice.
func panicking() {
	defer func() { recover() }()
	defer func() {
		defer func() { <-forEver }()
		panic("second")
	}()
	panic("first")
}

func faulting() {
	defer func() {
		recover()
		<-forEver
	}()
	var p *shop
	p.touch()
}

//go:noinline
func (s *shop) touch() { s.cond = nil }

func exiting() {
	defer func() { <-forEver }()
	runtime.Goexit()
}

//go:noinline
func descend(depth int) int {
	if depth == 0 {
		<-forEver
		return 0
	}
	return descend(depth-1) + 1
}

// Every second frame of these is inlined.
func halve(depth int) int { return climb(depth-1) + 1 }

//go:noinline
func climb(depth int) int {
	if depth == 0 {
		<-forEver
		return 0
	}
	return halve(depth)
}

// wide needs a large frame.
//
//go:noinline
func wide(n int) int {
	var room [64 << 10]byte
	room[n] = 1
	<-forEver
	return int(room[n/2])
}

//go:noinline
func callIt(f func(int) int) int { return f(7) + 1 }

type waiter interface{ waitHere(n int) int }

type outer struct {
	name string
	gate
}

//go:noinline
func through(w waiter) int { return w.waitHere(1) + 1 }

type ring[T any] struct{ slots []T }

//go:noinline
func (r *ring[T]) pop() T {
	<-forEver
	return r.slots[0]
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

//go:noinline
func collect[K comparable, V any](pairs []pair[K, V]) map[K]V {
	m := make(map[K]V)
	for _, p := range pairs {
		func() {
			<-forEver
			m[p.key] = p.value
		}()
	}
	return m
}

func generation(n int) {
	if n > 0 {
		go generation(n - 1)
	}
	<-forEver
}

func calls() {
	g := gate(forEver)
	go deferring()
	go deferringMethod(g)
	go deferredStart(g)
	go recovering()
	go recovered()
	go panicking()
	go faulting()
	go exiting()
	go descend(1000)
	go descend(60)
	go climb(300)
	go wide(9)
	go g.wait()
	f := g.waitHere
	go f(1)
	go callIt(f)
	go callIt(outer{"value", g}.waitHere)
	go through(&outer{"pointer", g})
	var w waiter = outer{"interface", g}
	go w.waitHere(3)
	go callIt(w.waitHere)
	go gate.waitHere(g, 4)
	go (&ring[string]{}).pop()
	go func() { (&ring[int]{}).pop() }()
	go collect([]pair[string, int]{{"a", 1}})
	go collect([]pair[int, *shop]{{1, nil}})
	go func(a, b int, s string, e error) { <-forEver; _, _, _, _ = a, b, s, e }(1, 2, "three", nil)
	go generation(3)
}

// finalized blocks the runtime's own goroutine of finalizers.
func finalized() {
	runtime.SetFinalizer(&outer{"gone", nil}, func(*outer) { <-forEver })
}

func main() {
	runtime.GOMAXPROCS(2)
	finalized()
	channels()
	locks()
	clocks()
	files()
	calls()
	for _, f := range more {
		f()
	}
	time.Sleep(200 * time.Millisecond)
	for i := 0; i < 3; i++ { // of which the second sets g.waitsince
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	running()
	os.Stdout.WriteString("ready\n")
	<-forEver
}
