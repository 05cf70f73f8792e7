// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"sync"
	"time"
)

func init() {
	shape(lockOverSend, neverUnlocked, panicked, readers, writers, miscounted, skippedDone,
		unsignalled, onced, embedded, bothWays)
}

// ---- a lock held over a send

type ledger struct {
	mu  sync.Mutex
	out chan int
	n   int
}

var posted, begun gate

//go:noinline
func (l *ledger) post() {
	l.mu.Lock()
	defer l.mu.Unlock()
	posted.open()
	leaked("lock-held-over-send/holder", "lock-held-over-send")
	l.out <- l.n
}

//go:noinline
func (l *ledger) balance() int {
	leaked("lock-held-over-send/waiter", "lock-held-over-send|waits-for-leaked")
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func lockOverSend() {
	l := &ledger{out: make(chan int)}
	go l.post()
	posted.wait()
	for i := 0; i < 3; i++ {
		go l.balance()
	}
}

// ---- never unlocked

type account struct {
	mu sync.Mutex
	n  int
}

//go:noinline
func (a *account) forget() { a.mu.Lock() }

//go:noinline
func (a *account) add() {
	leaked("mutex-never-unlocked", "lost-unlock")
	a.mu.Lock()
	a.n++
	a.mu.Unlock()
}

func neverUnlocked() {
	a := new(account)
	a.forget()
	for i := 0; i < 3; i++ {
		go a.add()
	}
}

//go:noinline
func (a *account) fail() {
	defer func() { recover() }()
	a.mu.Lock()
	panic("between Lock and Unlock")
}

//go:noinline
func (a *account) addAfter() {
	leaked("mutex-panicked", "lost-unlock")
	a.mu.Lock()
	a.mu.Unlock()
}

func panicked() {
	a := new(account)
	a.fail()
	go a.addAfter()
}

type table struct {
	rows map[string]int
	mu   sync.RWMutex
}

//go:noinline
func (t *table) get(key string) int {
	leaked("rwmutex-reader", "lost-unlock")
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows[key]
}

func readers() {
	t := &table{rows: map[string]int{}}
	t.mu.Lock()
	go t.get("a")
	go t.get("b")
}

//go:noinline
func (t *table) set(key string) {
	leaked("rwmutex-writer", "lost-unlock")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[key]++
}

func writers() {
	t := &table{rows: map[string]int{}}
	t.mu.RLock()
	for i := 0; i < 2; i++ {
		go t.set("a")
	}
}

//go:noinline
func (t *table) getBehind() int {
	leaked("rwmutex-behind-writer", "lost-unlock|waits-for-leaked")
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows["a"]
}

//go:noinline
func (t *table) setBehind() {
	leaked("rwmutex-behind-reader", "lost-unlock")
	t.mu.Lock()
	t.mu.Unlock()
}

func bothWays() {
	t := &table{}
	t.mu.RLock()
	go t.setBehind()
	soon()
	go t.getBehind()
}

// ---- WaitGroup

//go:noinline
func waitAll(wg *sync.WaitGroup) {
	leaked("waitgroup-miscount/add", "waitgroup-miscount")
	wg.Wait()
}

func miscounted() {
	wg := new(sync.WaitGroup)
	wg.Add(3)
	go wg.Done()
	go wg.Done()
	go waitAll(wg)
}

//go:noinline
func part(wg *sync.WaitGroup, fail bool) {
	if fail {
		return
	}
	wg.Done()
}

//go:noinline
func waitParts(wg *sync.WaitGroup) {
	leaked("waitgroup-miscount/early-return", "waitgroup-miscount")
	wg.Wait()
}

func skippedDone() {
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go part(&wg, i == 2)
	}
	go waitParts(&wg)
}

// ---- Cond

type mailbox struct {
	mu    sync.Mutex
	full  *sync.Cond
	mails []string
}

//go:noinline
func (m *mailbox) take() string {
	leaked("cond-never-signalled", "cond-never-signalled")
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.mails) == 0 {
		m.full.Wait()
	}
	return m.mails[0]
}

func unsignalled() {
	m := &mailbox{}
	m.full = sync.NewCond(&m.mu)
	for i := 0; i < 3; i++ {
		go m.take()
	}
	soon()
	m.mu.Lock()
	m.mails = append(m.mails, "") // and no Signal
	m.mails = m.mails[:0]
	m.mu.Unlock()
}

// ---- Once

type lazy struct {
	once sync.Once
	c    chan int
	v    int
}

//go:noinline
func (l *lazy) first() int {
	l.once.Do(func() {
		begun.open()
		leaked("once/first", "sender-gone|waits-for-leaked|lock-held-over-send")
		l.v = <-l.c
	})
	return l.v
}

//go:noinline
func (l *lazy) second() int {
	leaked("once/second", "sender-gone|waits-for-leaked|lock-held-over-send")
	l.once.Do(func() {})
	return l.v
}

func onced() {
	l := &lazy{c: make(chan int)}
	go l.first()
	begun.wait()
	go l.second()
}

// ---- within a larger object

type service struct {
	name  string
	stats [40]int
	state struct {
		sync.Mutex
		since time.Time
	}
	next *service
}

//go:noinline
func (s *service) refresh() {
	leaked("embedded-mutex", "lost-unlock")
	s.state.Lock()
	s.state.Unlock()
}

func embedded() {
	s := &service{next: &service{}}
	s.next.state.Lock()
	go s.next.refresh()
}
