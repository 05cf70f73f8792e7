// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"sync"
	"unsafe"

	"inquest.test/truth"
)

var lockShapes = []func(){abbaDefer, abbaPlain, threeLocks, selfDefer, selfPlain, rwDefer,
	rwPlain, onceWithin}

func mutex(m *sync.Mutex) string     { return truth.At(unsafe.Pointer(m)) }
func rwmutex(m *sync.RWMutex) string { return truth.At(unsafe.Pointer(m)) }

func lockEdge(from, to string, m *sync.Mutex) truth.Edge {
	return truth.Edge{From: from, To: to, Kind: "mutex", Op: lock, Address: mutex(m)}
}

// ---- two locks in either order

type account struct {
	id      int
	mu      sync.Mutex
	balance int
}

func abbaDeferTransfer(role string, from, to *account, n int) {
	truth.Is("abba-defer", role)
	from.mu.Lock()
	defer from.mu.Unlock()
	pause()
	to.mu.Lock()
	defer to.mu.Unlock()
	from.balance -= n
	to.balance += n
}

func abbaDefer() {
	a, b := &account{id: 1}, &account{id: 2}
	go abbaDeferTransfer("first", a, b, 10)
	go abbaDeferTransfer("second", b, a, 5)
	truth.Cycle("abba-defer", []truth.Edge{lockEdge("first", "second", &b.mu),
		lockEdge("second", "first", &a.mu)})
}

// book has its locks in a map.
type book struct {
	mu    sync.Mutex
	locks map[string]*sync.Mutex
	sums  map[string]int
}

func (b *book) lockOf(name string) *sync.Mutex {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.locks[name]
	if m == nil {
		m = new(sync.Mutex)
		b.locks[name] = m
	}
	return m
}

func (b *book) abbaPlainMove(role, from, to string) {
	truth.Is("abba-plain", role)
	first := b.lockOf(from)
	first.Lock()
	pause()
	second := b.lockOf(to)
	second.Lock()
	b.sums[to]++
	second.Unlock()
	first.Unlock()
}

func abbaPlain() {
	b := &book{locks: map[string]*sync.Mutex{}, sums: map[string]int{}}
	x, y := b.lockOf("x"), b.lockOf("y")
	go b.abbaPlainMove("first", "x", "y")
	go b.abbaPlainMove("second", "y", "x")
	truth.Cycle("abba-plain", []truth.Edge{lockEdge("first", "second", y),
		lockEdge("second", "first", x)})
}

// ---- three, in closures

func threeLocks() {
	locks := make([]sync.Mutex, 3)
	names := all("fork", 3)
	for i := range locks {
		left, right, name := &locks[i], &locks[(i+1)%3], names[i]
		go func() {
			truth.Is("three-locks", name)
			left.Lock()
			defer left.Unlock()
			pause()
			right.Lock()
			defer right.Unlock()
			pause()
		}()
	}
	truth.Cycle("three-locks", []truth.Edge{lockEdge("fork0", "fork1", &locks[1]),
		lockEdge("fork1", "fork2", &locks[2]), lockEdge("fork2", "fork0", &locks[0])})
}

// ---- a lock that it holds itself

type cache struct {
	name string
	mu   sync.Mutex
	m    map[string]string
}

//go:noinline
func (c *cache) get(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[key]
}

func (c *cache) selfDeferUpdate(key string) {
	truth.Is("self-defer", "self")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[key] = c.get(key) + "+"
}

func selfDefer() {
	c := &cache{m: map[string]string{}}
	go c.selfDeferUpdate("k")
	truth.Cycle("self-defer", []truth.Edge{lockEdge("self", "self", &c.mu)})
}

var selfPlainMu sync.Mutex

//go:noinline
func selfPlainInner() int {
	selfPlainMu.Lock()
	n := counted
	selfPlainMu.Unlock()
	return n
}

var counted int

func selfPlainOuter() {
	truth.Is("self-plain", "self")
	selfPlainMu.Lock()
	counted = selfPlainInner() + 1
	selfPlainMu.Unlock()
}

// selfPlain has a lock of the package: no stack need mention it.
func selfPlain() {
	go selfPlainOuter()
	truth.Cycle("self-plain", []truth.Edge{lockEdge("self", "self", &selfPlainMu)})
}

// ---- a writer between two RLocks of one reader

type table struct {
	rows map[int]string
	mu   sync.RWMutex
}

//go:noinline
func (t *table) row(i int) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows[i]
}

func (t *table) rwDeferRead() string {
	truth.Is("rw-defer", "reader")
	t.mu.RLock()
	defer t.mu.RUnlock()
	pause()
	return t.row(1)
}

func (t *table) rwDeferWrite() {
	truth.Is("rw-defer", "writer")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[1] = "new"
}

func rwEdges(m *sync.RWMutex) []truth.Edge {
	return []truth.Edge{
		{From: "reader", To: "writer", Kind: "rwmutex", Op: rlock, Address: rwmutex(m)},
		{From: "writer", To: "reader", Kind: "rwmutex", Op: lock, Address: rwmutex(m)},
	}
}

func rwDefer() {
	t := &table{rows: map[int]string{}}
	go t.rwDeferRead()
	go func() {
		pause2()
		t.rwDeferWrite()
	}()
	truth.Cycle("rw-defer", rwEdges(&t.mu))
}

//go:noinline
func rwPlainInner(t *table) string {
	t.mu.RLock()
	s := t.rows[2]
	t.mu.RUnlock()
	return s
}

func rwPlainRead(t *table) string {
	truth.Is("rw-plain", "reader")
	t.mu.RLock()
	pause()
	s := rwPlainInner(t)
	t.mu.RUnlock()
	return s
}

func rwPlainWrite(t *table) {
	truth.Is("rw-plain", "writer")
	pause2()
	t.mu.Lock()
	t.rows[2] = "new"
	t.mu.Unlock()
}

func rwPlain() {
	t := &table{rows: map[int]string{}}
	go rwPlainRead(t)
	go rwPlainWrite(t)
	truth.Cycle("rw-plain", rwEdges(&t.mu))
}

// ---- sync.Once within itself

type lazy struct {
	once sync.Once
	v    int
}

func (l *lazy) onceWithinLoad() int {
	l.once.Do(func() { l.v = l.again() })
	return l.v
}

//go:noinline
func (l *lazy) again() int {
	l.once.Do(func() { l.v = 1 })
	return l.v
}

func onceWithin() {
	l := new(lazy)
	go func() {
		truth.Is("once-within", "self")
		l.onceWithinLoad()
	}()
	truth.Cycle("once-within", []truth.Edge{{From: "self", To: "self", Kind: "mutex", Op: lock,
		Address: onceMutex(&l.once)}})
}
