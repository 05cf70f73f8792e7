// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"runtime"
	"time"
	"unsafe"
)

func init() {
	shape(chain, ring, holders, hidden, staleSlot, staleArgument, staleLoop, costly, shared,
		chainCost, listCost, sentCost, bufferCost)
}

// ---- leaked ones that only leaked ones refer to

//go:noinline
func link(own <-chan int, next chan<- int) {
	leaked("chain", "waits-for-leaked|sender-gone")
	next <- <-own
}

func chain() {
	own := make(chan int)
	for i := 0; i < 5; i++ {
		next := make(chan int)
		go link(own, next)
		own = next
	}
}

//go:noinline
func round(own <-chan int, next chan<- int) {
	leaked("ring", "waits-for-leaked")
	<-own
	next <- 1
}

func ring() {
	a, b, c := make(chan int), make(chan int), make(chan int)
	go round(a, b)
	go round(b, c)
	go round(c, a)
}

// ---- what holds them leaks itself

//go:noinline
func held(c <-chan int) {
	leaked("held-by-leaked/waiter", "waits-for-leaked|sender-gone")
	<-c
}

func holder(never <-chan struct{}, use func()) {
	leaked("held-by-leaked/holder", "quit-never-closed|sender-gone")
	<-never
	use()
}

type cell struct {
	pad  [3]int
	c    chan int
	next *cell
}

type closer interface{ Close() }

type closing struct{ c chan int }

func (c closing) Close() { close(c.c) }

func holders() {
	hold := func(use func(), cs ...chan int) {
		for _, c := range cs {
			go held(c)
		}
		go holder(make(chan struct{}), use)
	}
	closure := make(chan int)
	hold(func() { close(closure) }, closure)
	byName := map[string]chan int{"a": make(chan int), "b": make(chan int)}
	hold(func() { close(byName["a"]) }, byName["a"], byName["b"])
	var many map[int]chan int = map[int]chan int{}
	for i := 0; i < 40; i++ {
		many[i] = make(chan int)
	}
	hold(func() { close(many[3]) }, many[3], many[39])
	var iface closer = closing{make(chan int)}
	hold(iface.Close, iface.(closing).c)
	var any_ interface{} = make(chan int)
	hold(func() { close(any_.(chan int)) }, any_.(chan int))
	slice := []chan int{make(chan int), make(chan int), make(chan int)}
	hold(func() { close(slice[0]) }, slice[1:]...)
	list := &cell{next: &cell{next: &cell{c: make(chan int)}}}
	hold(func() { close(list.next.next.c) }, list.next.next.c)
	array := new([100]cell)
	array[77].c = make(chan int)
	hold(func() { close(array[77].c) }, array[77].c)
	queue := make(chan chan int, 4)
	inQueue := make(chan int)
	queue <- inQueue
	hold(func() { close(<-queue) }, inQueue)
}

// ---- words that are none of the pointers

// addresses is memory that the collector does not read.
var addresses [16]uintptr

//go:noinline
func hiddenWait(c <-chan int) {
	stale("address-as-number", "")
	<-c
}

// addressList is an object of the heap without pointers.
var addressList = make([]uint64, 16)

func hidden() {
	c := make(chan int)
	addresses[3] = *(*uintptr)(unsafe.Pointer(&c))
	go hiddenWait(c)
	d := make(chan int)
	addressList[3] = uint64(*(*uintptr)(unsafe.Pointer(&d)))
	go hiddenWait(d)
}

//go:noinline
func afterUse(c <-chan int) {
	stale("stale-slot", "")
	<-c
}

// staleSlot sleeps on, and does not use the channel again.
func staleSlot() {
	c := make(chan int)
	runtime.Gosched()
	go afterUse(c)
	time.Sleep(forEver)
}

//go:noinline
func afterCall(c <-chan int) {
	stale("stale-argument", "")
	<-c
}

//go:noinline
func sleeper(c chan int, n int) int {
	runtime.Gosched()
	go afterCall(c)
	time.Sleep(forEver)
	return n
}

func staleArgument() { sleeper(make(chan int), 1) }

//go:noinline
func afterLoop(c <-chan int) {
	stale("stale-loop", "range-never-closed")
	for range c {
	}
}

// staleLoop is a dispatcher that forgets who it started.
func staleLoop() {
	for i := 0; ; i++ {
		c := make(chan int)
		go afterLoop(c)
		c <- i
		if i == 3 {
			time.Sleep(forEver)
		}
	}
}

// ---- what they keep

const large = 1 << 18

//go:noinline
func costlyWait(c <-chan int, p []byte) {
	leaked("costs/slice", "")
	<-c
	runtime.KeepAlive(p)
}

func costly() {
	costs("costs/slice", 3*large, 3*large+4096)
	for i := 0; i < 3; i++ {
		go costlyWait(make(chan int), make([]byte, large))
	}
}

//go:noinline
func shareA(c <-chan int, p []byte) {
	leaked("costs/shared-a", "")
	<-c
	runtime.KeepAlive(p)
}

//go:noinline
func shareB(c <-chan int, p []byte) {
	leaked("costs/shared-b", "")
	<-c
	runtime.KeepAlive(p)
}

//go:noinline
func shareLive(c <-chan int, p []byte) {
	leaked("costs/also-live", "")
	<-c
	runtime.KeepAlive(p)
}

var cached = make([]byte, large)

// shared has two of different shapes hold one buffer: neither keeps it alone. A
// third is in a cache.
func shared() {
	costs("costs/shared-a", 64, 4096)
	costs("costs/shared-b", 64, 4096)
	costs("costs/also-live", 64, 4096)
	p := make([]byte, large)
	go shareA(make(chan int), p)
	go shareB(make(chan int), p)
	go shareLive(make(chan int), cached)
}

//go:noinline
func chainHead(c chan int, inner chan int) {
	leaked("costs/chain-head", "")
	<-c
	inner <- 1
}

//go:noinline
func chainTail(inner chan int, p []byte) {
	leaked("costs/chain-tail", "")
	<-inner
	runtime.KeepAlive(p)
}

// chainCost has the buffer with who waits behind another.
func chainCost() {
	costs("costs/chain-tail", large, large+4096)
	inner := make(chan int)
	go chainTail(inner, make([]byte, large))
	go chainHead(make(chan int), inner)
}

type node struct {
	next    *node
	payload [5]uint64
}

//go:noinline
func listWait(c <-chan int, n *node) {
	leaked("costs/list", "")
	<-c
	runtime.KeepAlive(n)
}

func listCost() {
	const nodes = 2000
	costs("costs/list", nodes*48, nodes*48+4096)
	var n *node
	for i := 0; i < nodes; i++ {
		n = &node{next: n}
	}
	go listWait(make(chan int), n)
}

//go:noinline
func sendLarge(c chan<- []byte) {
	leaked("costs/sent-value", "")
	c <- make([]byte, large)
}

func sentCost() {
	costs("costs/sent-value", large, large+4096)
	go sendLarge(make(chan []byte))
}

//go:noinline
func sendMany(c chan<- []byte) {
	leaked("costs/buffer", "")
	for {
		c <- make([]byte, large)
	}
}

// bufferCost has three in the channel and one that is being sent.
func bufferCost() {
	costs("costs/buffer", 4*large, 4*large+4096)
	go sendMany(make(chan []byte, 3))
}
