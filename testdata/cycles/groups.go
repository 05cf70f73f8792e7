// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"sync"
	"unsafe"

	"inquest.test/truth"
)

var groupShapes = []func(){groupLock, groupResult, groupSelf, condLock}

func groupEdge(from, to string, w *sync.WaitGroup) truth.Edge {
	return truth.Edge{From: from, To: to, Kind: "waitgroup", Op: wait,
		Address: truth.At(unsafe.Pointer(w))}
}

// ---- a parent that waits for its child, which waits for the parent's lock

type batch struct {
	mu  sync.Mutex
	sum int
}

func (b *batch) groupLockChild(w *sync.WaitGroup, n int) {
	truth.Is("group-lock", "child")
	defer w.Done()
	pause2()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum += n
}

func (b *batch) groupLockRun() {
	truth.Is("group-lock", "parent")
	var w sync.WaitGroup
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Add(1)
	truth.Cycle("group-lock", []truth.Edge{groupEdge("parent", "child", &w),
		lockEdge("child", "parent", &b.mu)})
	go b.groupLockChild(&w, 1)
	w.Wait()
}

func groupLock() { go new(batch).groupLockRun() }

// ---- … whose results it reads afterwards

func groupResultRun(n int) int {
	truth.Is("group-result", "parent")
	results := make(chan int)
	var w sync.WaitGroup
	w.Add(1)
	truth.Cycle("group-result", []truth.Edge{groupEdge("parent", "child", &w),
		chanEdge("child", "parent", send, results)})
	go func() {
		defer w.Done()
		truth.Is("group-result", "child")
		results <- n * n
	}()
	w.Wait()
	sum := 0
	for i := 0; i < 1; i++ {
		sum += <-results
	}
	return sum
}

func groupResult() { go groupResultRun(3) }

// ---- who waits is who must call Done

type server struct {
	active sync.WaitGroup
	closed bool
}

//go:noinline
func (s *server) shutdown() {
	s.closed = true
	s.active.Wait()
}

func (s *server) groupSelfHandle() {
	truth.Is("group-self", "self")
	s.active.Add(1)
	defer s.active.Done()
	s.shutdown()
}

func groupSelf() {
	s := new(server)
	go s.groupSelfHandle()
	truth.Cycle("group-self", []truth.Edge{groupEdge("self", "self", &s.active)})
}

// ---- a Cond whose signaller waits for a lock of the waiter

type mailbox struct {
	outer sync.Mutex
	mu    sync.Mutex
	ready *sync.Cond
	full  bool
}

func (m *mailbox) condLockTake() {
	truth.Is("cond-lock", "waiter")
	m.outer.Lock()
	defer m.outer.Unlock()
	m.mu.Lock()
	for !m.full {
		m.ready.Wait()
	}
	m.mu.Unlock()
}

func (m *mailbox) condLockPut() {
	truth.Is("cond-lock", "signaller")
	pause()
	m.outer.Lock()
	defer m.outer.Unlock()
	m.mu.Lock()
	m.full = true
	m.mu.Unlock()
	m.ready.Signal()
}

func condLock() {
	m := new(mailbox)
	m.ready = sync.NewCond(&m.mu)
	go m.condLockTake()
	go m.condLockPut()
	truth.Cycle("cond-lock", []truth.Edge{{From: "waiter", To: "signaller", Kind: "cond",
		Op: wait, Address: truth.At(unsafe.Pointer(m.ready))},
		lockEdge("signaller", "waiter", &m.outer)})
}
