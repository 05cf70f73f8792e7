// SPDX-License-Identifier: Apache-2.0

package waits

import (
	"reflect"
	"sync"
	"time"
	"unsafe"

	"inquest.test/truth"
)

type store struct {
	sync.Mutex
	name    string
	byName  sync.Mutex
	rw      sync.RWMutex // held to write
	pad     [3]byte
	rw2     sync.RWMutex // held to read
	rw3     sync.RWMutex // held to write, with nobody who reads
	jobs    sync.WaitGroup
	each    [3]sync.Mutex
	once    sync.Once
	cond    sync.Cond
	counted [2]sync.WaitGroup
}

var (
	theStore  store
	globalMu  sync.Mutex
	globalRW  sync.RWMutex
	globalWG  sync.WaitGroup
	globalSel = map[string]*sync.Mutex{"a": new(sync.Mutex)}
)

func lock(m *sync.Mutex) {
	f := truth.Of("mutex", "lock", unsafe.Pointer(m),
		truth.F{"locked": true, "woken": false, "starving": false})
	truth.Later(func() { f["counted_waiters"] = truth.Count(f, "lock") })
	truth.Waits(f)
	m.Lock()
}

func (s *store) lockEmbedded() {
	f := truth.Of("mutex", "lock", unsafe.Pointer(s), truth.F{"locked": true})
	truth.Later(func() { f["counted_waiters"] = truth.Count(f, "lock") })
	truth.Waits(f)
	s.Lock()
}

// rwFacts: readers have it or wait for it, the writer waits for some of them.
func rwFacts(op string, m *sync.RWMutex, pending, locked bool, hold, awaited int64) truth.F {
	f := truth.Of("rwmutex", op, unsafe.Pointer(m), truth.F{"writer_pending": pending,
		"locked": locked, "awaited_readers": awaited})
	truth.Later(func() {
		f["readers"] = hold + truth.Count(f, "rlock")
		writers := truth.Count(f, "lock")
		if hold > 0 && writers > 0 {
			writers-- // the first waits for readers
		}
		f["counted_waiters"] = writers
	})
	return f
}

func rlock(f truth.F, m *sync.RWMutex) {
	truth.Waits(f)
	m.RLock()
}

func wlock(f truth.F, m *sync.RWMutex) {
	truth.Waits(f)
	m.Lock()
}

func wait(w *sync.WaitGroup, counter int64) {
	f := truth.Of("waitgroup", "wait", unsafe.Pointer(w), truth.F{"counter": counter})
	truth.Later(func() { f["counted_waiters"] = truth.Count(f, "wait") })
	truth.Waits(f)
	w.Wait()
}

func condWait(c *sync.Cond, tickets, called int64) {
	c.L.Lock()
	truth.Waits(truth.Of("cond", "wait", unsafe.Pointer(c),
		truth.F{"wait": tickets, "notify": called}))
	c.Wait()
	c.L.Unlock()
}

// signalled takes the first ticket.
func signalled(c *sync.Cond) {
	c.L.Lock()
	c.Wait()
	c.L.Unlock()
	truth.Waits(truth.Chan("receive", forEver))
	<-forEver
}

func once(o *sync.Once) {
	truth.Is("once", truth.At(unsafe.Pointer(o)))
	truth.Waits(truth.Chan("receive", forEver))
	o.Do(func() { <-forEver })
}

func onceMore(o *sync.Once) {
	m := reflect.ValueOf(o).Elem().FieldByName("m").UnsafeAddr()
	f := truth.F{"kind": "mutex", "op": "lock", "address": truth.Hex(m), "locked": true,
		"counted_waiters": 1, "holder": truth.Role("once", truth.At(unsafe.Pointer(o)))}
	truth.Waits(f)
	o.Do(func() {})
}

func rwLocks(s *store) {
	s.rw.Lock()
	for i := 0; i < 3; i++ {
		go rlock(rwFacts("rlock", &s.rw, true, true, 0, 0), &s.rw)
	}
	go wlock(rwFacts("lock", &s.rw, true, true, 0, 0), &s.rw)
	s.rw2.RLock()
	s.rw2.RLock()
	go wlock(rwFacts("lock", &s.rw2, true, true, 2, 2), &s.rw2)
	time.Sleep(20 * time.Millisecond)
	go wlock(rwFacts("lock", &s.rw2, true, true, 2, 2), &s.rw2)
	for i := 0; i < 2; i++ {
		go rlock(rwFacts("rlock", &s.rw2, true, true, 2, 2), &s.rw2)
	}
	s.rw3.Lock()
	go wlock(rwFacts("lock", &s.rw3, true, true, 0, 0), &s.rw3)
}

func conds(s *store) {
	s.cond.L = new(sync.Mutex)
	go signalled(&s.cond)
	time.Sleep(20 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go condWait(&s.cond, 4, 1)
	}
	time.Sleep(20 * time.Millisecond)
	s.cond.Signal()
	go condWait(sync.NewCond(new(sync.RWMutex).RLocker()), 1, 0)
}

func locks() {
	heap := &store{name: "heap"}
	for _, s := range []*store{&theStore, heap} {
		s.Lock()
		go s.lockEmbedded()
		s.byName.Lock()
		for i := 0; i < 4; i++ {
			go lock(&s.byName)
		}
		s.each[1].Lock()
		go lock(&s.each[1])
		rwLocks(s)
		s.jobs.Add(3)
		go wait(&s.jobs, 3)
		go wait(&s.jobs, 3)
		s.counted[1].Add(1 << 20)
		go wait(&s.counted[1], 1<<20)
		conds(s)
		go once(&s.once)
		time.Sleep(20 * time.Millisecond)
		go onceMore(&s.once)
	}
	globalRW.RLock()
	go wlock(rwFacts("lock", &globalRW, true, true, 1, 1), &globalRW)
	globalMu.Lock()
	go lock(&globalMu)
	globalWG.Add(1)
	go wait(&globalWG, 1)
	globalSel["a"].Lock()
	go lock(globalSel["a"])
}
