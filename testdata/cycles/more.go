// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"sync"
	"unsafe"

	"inquest.test/truth"
)

// The same shapes as code has them that is less plain.
var moreShapes = []func(){abbaRead, abbaEmbedded, abbaGeneric, abbaLocker, abbaMethodValue,
	abbaTokens, mixedThree}

// ---- one reads

func abbaReadFirst(a *table, b *account) {
	truth.Is("abba-read", "first")
	a.mu.RLock()
	defer a.mu.RUnlock()
	pause()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance += len(a.rows)
}

func abbaReadSecond(a *table, b *account) {
	truth.Is("abba-read", "second")
	b.mu.Lock()
	defer b.mu.Unlock()
	pause()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rows[b.id] = "moved"
}

func abbaRead() {
	a, b := &table{rows: map[int]string{}}, &account{id: 1}
	go abbaReadFirst(a, b)
	go abbaReadSecond(a, b)
	truth.Cycle("abba-read", []truth.Edge{lockEdge("first", "second", &b.mu),
		{From: "second", To: "first", Kind: "rwmutex", Op: lock, Address: rwmutex(&a.mu)}})
}

// ---- embedded, behind fields

type shelf struct {
	name string
	sync.Mutex
	next *shelf
	sum  int
}

func (s *shelf) abbaEmbeddedPush(role string, n int) {
	truth.Is("abba-embedded", role)
	s.Lock()
	defer s.Unlock()
	pause()
	s.next.Lock()
	defer s.next.Unlock()
	s.next.sum += n
}

func abbaEmbedded() {
	a, b := &shelf{name: "a"}, &shelf{name: "b"}
	a.next, b.next = b, a
	go a.abbaEmbeddedPush("first", 1)
	go b.abbaEmbeddedPush("second", 2)
	truth.Cycle("abba-embedded", []truth.Edge{lockEdge("first", "second", &b.Mutex),
		lockEdge("second", "first", &a.Mutex)})
}

// ---- generic

type safe[T any] struct {
	v  T
	mu sync.Mutex
}

func abbaGenericMove[A, B any](role string, a *safe[A], b *safe[B], f func(A, B) B) {
	truth.Is("abba-generic", role)
	a.mu.Lock()
	defer a.mu.Unlock()
	pause()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.v = f(a.v, b.v)
}

func abbaGeneric() {
	a, b := &safe[int]{}, &safe[string]{}
	go abbaGenericMove("first", a, b, func(n int, s string) string { return s[:n] })
	go abbaGenericMove("second", b, a, func(s string, n int) int { return n + len(s) })
	truth.Cycle("abba-generic", []truth.Edge{lockEdge("first", "second", &b.mu),
		lockEdge("second", "first", &a.mu)})
}

// ---- as interfaces, all that are asked for

func abbaLockerAll(role string, all ...sync.Locker) {
	truth.Is("abba-locker", role)
	for _, l := range all {
		l.Lock()
		defer l.Unlock()
		pause()
	}
}

func abbaLocker() {
	a, b := new(sync.Mutex), new(sync.Mutex)
	go abbaLockerAll("first", a, b)
	go abbaLockerAll("second", b, a)
	truth.Cycle("abba-locker", []truth.Edge{lockEdge("first", "second", b),
		lockEdge("second", "first", a)})
}

// ---- given back by a function

func abbaMethodValueRun(role string, a, b *sync.Mutex) {
	truth.Is("abba-method-value", role)
	a.Lock()
	unlock := a.Unlock
	defer unlock()
	pause()
	b.Lock()
	defer b.Unlock()
}

func abbaMethodValue() {
	a, b := new(sync.Mutex), new(sync.Mutex)
	go abbaMethodValueRun("first", a, b)
	go abbaMethodValueRun("second", b, a)
	truth.Cycle("abba-method-value", []truth.Edge{lockEdge("first", "second", b),
		lockEdge("second", "first", a)})
}

// ---- channels that are locks

func abbaTokensRun(role string, a, b chan struct{}) {
	truth.Is("abba-tokens", role)
	a <- struct{}{}
	defer func() { <-a }()
	pause()
	b <- struct{}{}
	defer func() { <-b }()
}

func abbaTokens() {
	a, b := make(chan struct{}, 1), make(chan struct{}, 1)
	go abbaTokensRun("first", a, b)
	go abbaTokensRun("second", b, a)
	truth.Cycle("abba-tokens", []truth.Edge{chanEdge("first", "second", send, b),
		chanEdge("second", "first", send, a)})
}

// ---- a lock, a group and a channel

type run struct {
	mu   sync.Mutex
	done sync.WaitGroup
	out  chan int
	sum  int
}

func (r *run) mixedThreeRun() {
	truth.Is("mixed-three", "parent")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done.Add(1)
	go r.mixedThreeWork()
	r.done.Wait()
}

func (r *run) mixedThreeWork() {
	truth.Is("mixed-three", "child")
	defer r.done.Done()
	r.out <- 1
}

func (r *run) mixedThreeCollect() {
	truth.Is("mixed-three", "collector")
	pause2()
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.out {
		r.sum += n
	}
}

func mixedThree() {
	r := &run{out: make(chan int)}
	go r.mixedThreeRun()
	go r.mixedThreeCollect()
	truth.Cycle("mixed-three", []truth.Edge{
		{From: "parent", To: "child", Kind: "waitgroup", Op: wait,
			Address: truth.At(unsafe.Pointer(&r.done))},
		chanEdge("child", "collector", send, r.out), lockEdge("collector", "parent", &r.mu)})
}
