// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"context"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func init() {
	shape(globalWorkers, sleepingOwner, tickingOwner, timerClosure, afterWaiter, deadline,
		readingOwner, callingOwner, spinningOwner, lockedOwner, interiorOwner, deferOwner,
		loopDeferOwner, selectOwner, aliveChain, aliveRing, aliveLocks, oneOfMany, replyInBuffer,
		inMaps, pipeOwner, threadOwner, finalizerLater, recoveringOwner, aliveGeneric,
		argumentOwner, resultOwner, closureOwner, deepOwner)
}

// ---- owners that live

var jobs = make(chan func(), 4)

//go:noinline
func globalWorker() {
	healthy("global-pool")
	for job := range jobs {
		job()
	}
}

func globalWorkers() {
	for i := 0; i < 4; i++ {
		go globalWorker()
	}
}

//go:noinline
func slept(c <-chan int) {
	healthy("sleeping-owner")
	<-c
}

func sleepingOwner() {
	c := make(chan int)
	go slept(c)
	healthy("sleeping-owner/owner")
	time.Sleep(forEver)
	c <- 1
}

//go:noinline
func ticked(c <-chan int) {
	healthy("ticking-owner")
	for range c {
	}
}

func tickingOwner() {
	c := make(chan int)
	go ticked(c)
	t := time.NewTicker(forEver)
	defer t.Stop()
	healthy("ticking-owner/owner")
	for range t.C {
		c <- 1
	}
}

//go:noinline
func timed(c <-chan int) {
	healthy("timer-closure")
	<-c
}

func timerClosure() {
	c := make(chan int)
	go timed(c)
	time.AfterFunc(forEver, func() { close(c) })
}

//go:noinline
func afterWaiter() {
	healthy("time-after")
	<-time.After(forEver)
}

//go:noinline
func untilDeadline(ctx context.Context) {
	healthy("deadline")
	<-ctx.Done()
}

func deadline() {
	ctx, cancel := context.WithTimeout(context.Background(), forEver)
	go untilDeadline(ctx)
	if errFetch == nil {
		cancel()
	}
}

// ---- owners that wait outside of the program

var quiet []*os.File // they stay open

func quietPipe() *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	mu.Lock()
	quiet = append(quiet, w)
	mu.Unlock()
	return r
}

//go:noinline
func readBy(c <-chan byte) {
	healthy("reading-owner")
	<-c
}

func readingOwner() {
	r := quietPipe()
	c := make(chan byte)
	go readBy(c)
	var b [1]byte
	healthy("reading-owner/owner")
	r.Read(b[:])
	c <- b[0]
}

//go:noinline
func calledBy(c <-chan int) {
	healthy("calling-owner")
	<-c
}

// callingOwner is in a call of the kernel.
func callingOwner() {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	c := make(chan int)
	go calledBy(c)
	var b [1]byte
	healthy("calling-owner/owner")
	syscall.Read(fds[0], b[:])
	c <- fds[1]
}

var stop int32

//go:noinline
func spunBy(c <-chan int) {
	healthy("running-owner")
	<-c
}

//go:noinline
func spin(c chan<- int) {
	healthy("running-owner/owner")
	// What others left in the registers of the thread counts as its own.
	scrub()
	for atomic.LoadInt32(&stop) == 0 {
	}
	c <- 1
}

func spinningOwner() {
	c := make(chan int)
	go spunBy(c)
	spin(c)
}

//go:noinline
func threaded(c <-chan int) {
	healthy("thread-owner")
	<-c
}

func threadOwner() {
	runtime.LockOSThread()
	c := make(chan int)
	go threaded(c)
	healthy("thread-owner/owner")
	time.Sleep(forEver)
	close(c)
}

// ---- where owners have it

//go:noinline
func lockedBy(m *sync.Mutex) {
	healthy("holder-sleeps")
	m.Lock()
	m.Unlock()
}

func lockedOwner() {
	m := new(sync.Mutex)
	m.Lock()
	go lockedBy(m)
	healthy("holder-sleeps/owner")
	time.Sleep(forEver)
	m.Unlock()
}

type office struct {
	pad  [20]int
	mu   sync.Mutex
	wg   sync.WaitGroup
	c    chan int
	last int
}

//go:noinline
func (o *office) enter() {
	healthy("interior-pointer")
	o.mu.Lock()
	o.mu.Unlock()
}

//go:noinline
func (o *office) leave() {
	healthy("interior-pointer")
	o.wg.Wait()
}

//go:noinline
func count1(n *int) {
	healthy("interior-pointer/owner")
	time.Sleep(forEver)
	*n = 1
}

// interiorOwner has a pointer to another field of what holds the lock.
func interiorOwner() {
	o := new(office)
	o.mu.Lock()
	o.wg.Add(1)
	go o.enter()
	go o.leave()
	go count1(&o.last)
}

//go:noinline
func deferredTo(c <-chan int) {
	healthy("defer-owner")
	<-c
}

// deferOwner has it in a deferred call alone.
func deferOwner() {
	c := make(chan int)
	go deferredTo(c)
	defer close(c)
	healthy("defer-owner/owner")
	time.Sleep(forEver)
}

//go:noinline
func loopDeferredTo(c <-chan int) {
	healthy("loop-defer-owner")
	<-c
}

// loopDeferOwner has it in records of deferred calls, which a loop makes.
func loopDeferOwner() {
	for i := 0; i < 3; i++ {
		c := make(chan int)
		go loopDeferredTo(c)
		defer func() { close(c) }()
	}
	healthy("loop-defer-owner/owner")
	time.Sleep(forEver)
}

//go:noinline
func selectedBy(c <-chan int) {
	healthy("select-owner")
	<-c
}

func selectOwner() {
	c := make(chan int)
	go selectedBy(c)
	healthy("select-owner/owner")
	select {
	case jobs2 <- nil:
	case <-time.After(forEver):
		c <- 1
	}
}

var jobs2 = make(chan func())

//go:noinline
func recovered(c <-chan int) {
	healthy("recovering-owner")
	<-c
}

// recoveringOwner sleeps while it panics.
func recoveringOwner() {
	c := make(chan int)
	go recovered(c)
	defer func() {
		recover()
		close(c)
	}()
	defer func() {
		healthy("recovering-owner/owner")
		time.Sleep(forEver)
	}()
	panic("it is cleaned up")
}

//go:noinline
func inArgument(c <-chan int) {
	healthy("argument-owner")
	<-c
}

//go:noinline
func closeLate(a, b, c, d, e, f, g, h, i, j, k int, last chan int) int {
	healthy("argument-owner/owner")
	time.Sleep(forEver)
	last <- a + b + c + d + e + f + g + h + i + j + k
	return a
}

func argumentOwner() {
	c := make(chan int)
	go inArgument(c)
	closeLate(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, c)
}

//go:noinline
func inResult(c <-chan int) {
	healthy("result-owner")
	<-c
}

//go:noinline
func makeLate() (c chan int, err error) {
	c = make(chan int)
	go inResult(c)
	healthy("result-owner/owner")
	time.Sleep(forEver)
	return c, nil
}

func resultOwner() {
	c, _ := makeLate()
	close(c)
}

//go:noinline
func inClosure(c <-chan int) {
	healthy("closure-owner")
	<-c
}

func closureOwner() {
	c := make(chan int)
	go inClosure(c)
	func() {
		healthy("closure-owner/owner")
		time.Sleep(forEver)
		close(c)
	}()
}

//go:noinline
func inDepth(c <-chan int) {
	healthy("deep-owner")
	<-c
}

//go:noinline
func descend(n int, c chan int) int {
	var pad [64]int
	pad[n%64] = n
	if n == 0 {
		healthy("deep-owner/owner")
		time.Sleep(forEver)
		c <- 1
		return 0
	}
	return descend(n-1, c) + pad[(n+1)%64]
}

func deepOwner() {
	c := make(chan int)
	go inDepth(c)
	descend(100, c)
}

// ---- chains of the living

//go:noinline
func aliveLink(own <-chan int, next chan<- int) {
	healthy("alive-chain")
	next <- <-own
}

func aliveChain() {
	first := make(chan int)
	own := first
	for i := 0; i < 5; i++ {
		next := make(chan int, 1)
		go aliveLink(own, next)
		own = next
	}
	healthy("alive-chain/owner")
	time.Sleep(forEver)
	first <- 1
}

//go:noinline
func aliveRound(own <-chan int, next chan<- int) {
	healthy("alive-ring")
	<-own
	next <- 1
}

func aliveRing() {
	a, b := make(chan int), make(chan int)
	go aliveRound(a, b)
	go aliveRound(b, a)
	time.AfterFunc(forEver, func() { a <- 1 })
}

type desk struct {
	mu   sync.RWMutex
	cond *sync.Cond
	wg   sync.WaitGroup
	done bool
}

//go:noinline
func (d *desk) read() {
	healthy("alive-locks")
	d.mu.RLock()
	d.mu.RUnlock()
}

//go:noinline
func (d *desk) write() {
	healthy("alive-locks")
	d.mu.Lock()
	d.mu.Unlock()
}

//go:noinline
func (d *desk) wait() {
	healthy("alive-locks")
	d.wg.Wait()
}

//go:noinline
func (d *desk) until(m *sync.Mutex) {
	healthy("alive-locks")
	m.Lock()
	for !d.done {
		d.cond.Wait()
	}
	m.Unlock()
}

func aliveLocks() {
	m := new(sync.Mutex)
	d := &desk{cond: sync.NewCond(m)}
	d.mu.Lock()
	d.wg.Add(1)
	go d.read()
	go d.write()
	go d.wait()
	go d.until(m)
	healthy("alive-locks/owner")
	time.Sleep(forEver)
	d.wg.Done()
	d.mu.Unlock()
	d.cond.Broadcast()
}

//go:noinline
func selectOne(c *[3]chan int, live <-chan func()) {
	healthy("select-one-live")
	select {
	case <-c[0]:
	case <-c[1]:
	case <-c[2]:
	case <-live:
	}
}

func oneOfMany() {
	go selectOne(&[3]chan int{make(chan int), make(chan int), make(chan int)}, jobs)
}

// queue is a live buffer with requests that somebody takes at times.
var queue = make(chan request, 4)

//go:noinline
func replied(reply <-chan int) {
	healthy("reply-in-buffer")
	<-reply
}

func replyInBuffer() {
	r := request{make(chan int)}
	queue <- r
	go replied(r.reply)
}

type place struct {
	byName map[string]*place
	slots  []interface{}
	c      chan int
}

var places = &place{byName: map[string]*place{}}

//go:noinline
func placed(c <-chan int) {
	healthy("in-maps")
	<-c
}

// inMaps are live ones behind maps, slices, interfaces and closures.
func inMaps() {
	var all [6]chan int
	for i := range all {
		all[i] = make(chan int)
	}
	sub := &place{c: all[0]}
	sub.slots = append(sub.slots, all[1], place{c: all[2]}, func() { close(all[3]) })
	for i := 0; i < 30; i++ {
		places.byName[string(rune('a'+i))] = &place{}
	}
	places.byName["sub"] = sub
	var m sync.Map
	m.Store("c", all[4])
	places.slots = append(places.slots, &m, &all[5])
	for _, c := range all {
		go placed(c)
	}
}

//go:noinline
func pipeRead(r *io.PipeReader) {
	var b [1]byte
	healthy("io-pipe-owner")
	r.Read(b[:])
}

func pipeOwner() {
	r, w := io.Pipe()
	go pipeRead(r)
	healthy("io-pipe-owner/owner")
	time.Sleep(forEver)
	w.Close()
}

type guard struct{ c chan int }

//go:noinline
func guarded(c <-chan int) {
	healthy("finalizer")
	<-c
}

var guards []*guard

// finalizerLater closes the channel when the guard goes, which a global has.
func finalizerLater() {
	g := &guard{make(chan int)}
	runtime.SetFinalizer(g, func(g *guard) { close(g.c) })
	mu.Lock()
	guards = append(guards, g)
	mu.Unlock()
	go guarded(g.c)
}

//go:noinline
func aliveDrain[T any](c <-chan T) {
	healthy("alive-generic")
	<-c
}

func aliveGeneric() {
	a, b := make(chan int), make(chan answer)
	go aliveDrain(a)
	go aliveDrain(b)
	healthy("alive-generic/owner")
	time.Sleep(forEver)
	close(a)
	close(b)
}
