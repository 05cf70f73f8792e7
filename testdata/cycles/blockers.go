// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"net"
	"sync"
	"time"

	"inquest.test/truth"
)

var blockerShapes = []func(){blockedReceive, blockedGlobal, blockedRead, behindCycle, convoySleep,
	convoyRun}

// ---- one that receives what nobody sends, with a lock; some who wait for it
// have locks of their own, for which more wait

type depot struct {
	mu    sync.Mutex
	side  sync.Mutex
	stock int
}

func (d *depot) blockedReceiveHold(c chan int) {
	truth.Is("blocked-receive", "root")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stock += <-c
}

func (d *depot) blockedReceiveWait(role string) {
	truth.Is("blocked-receive", role)
	pause2()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stock--
}

func (d *depot) blockedReceiveBoth() {
	truth.Is("blocked-receive", "both")
	d.side.Lock()
	defer d.side.Unlock()
	pause2()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stock++
}

func (d *depot) blockedReceiveSide(role string) {
	truth.Is("blocked-receive", role)
	pause2()
	d.side.Lock()
	defer d.side.Unlock()
	d.stock++
}

func blockedReceive() {
	d := new(depot)
	go d.blockedReceiveHold(make(chan int))
	go d.blockedReceiveBoth()
	near, far := all("near", 5), all("far", 4)
	for _, role := range near {
		go d.blockedReceiveWait(role)
	}
	for _, role := range far {
		go d.blockedReceiveSide(role)
	}
	truth.Blocker("blocked-receive", "root", false, append(append(near, far...), "both")...)
}

// ---- the same with a lock of the package, without defer

var (
	blockedMu  sync.Mutex
	blockedSum int
)

func blockedGlobalHold(c chan int) {
	truth.Is("blocked-global", "root")
	blockedMu.Lock()
	blockedSum += <-c
	blockedMu.Unlock()
}

func blockedGlobalWait(role string) {
	truth.Is("blocked-global", role)
	pause2()
	blockedMu.Lock()
	blockedSum++
	blockedMu.Unlock()
}

func blockedGlobal() {
	go blockedGlobalHold(make(chan int))
	roles := all("waiter", 3)
	for _, role := range roles {
		go blockedGlobalWait(role)
	}
	truth.Blocker("blocked-global", "root", false, roles...)
}

// ---- a peer that says nothing, asked with a lock held

type client struct {
	mu   sync.RWMutex
	conn net.Conn
	buf  [16]byte
}

func (c *client) blockedReadAsk() {
	truth.Is("blocked-read", "root")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn.Read(c.buf[:])
}

func (c *client) blockedReadUse(role string) byte {
	truth.Is("blocked-read", role)
	pause2()
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.buf[0]
}

var ends []interface{}

func blockedRead() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	conn, err := net.Dial("tcp", l.Addr().String())
	must(err)
	silent, err := l.Accept()
	must(err)
	ends = append(ends, l, silent)
	c := &client{conn: conn}
	go c.blockedReadAsk()
	roles := all("user", 4)
	for _, role := range roles {
		go c.blockedReadUse(role)
	}
	truth.Blocker("blocked-read", "root", nil, roles...)
}

// ---- a circle for which others wait

func behindCycleMove(role string, a, b *account) {
	truth.Is("behind-cycle", role)
	a.mu.Lock()
	defer a.mu.Unlock()
	pause()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.balance++
}

func behindCycleRead(role string, a *account) int {
	truth.Is("behind-cycle", role)
	pause2()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.balance
}

func behindCycle() {
	a, b := &account{id: 3}, &account{id: 4}
	go behindCycleMove("first", a, b)
	go behindCycleMove("second", b, a)
	roles := all("reader", 7)
	for _, role := range roles {
		go behindCycleRead(role, a)
	}
	truth.Cycle("behind-cycle", []truth.Edge{lockEdge("first", "second", &b.mu),
		lockEdge("second", "first", &a.mu)}, roles...)
}

// ---- convoys: who holds the lock goes on, but slowly

type meter struct {
	mu sync.Mutex
	n  uint64
}

func (m *meter) convoySleepHold() {
	truth.Is("convoy-sleep", "root")
	m.mu.Lock()
	defer m.mu.Unlock()
	time.Sleep(long)
}

func (m *meter) convoySleepWait(role string) {
	truth.Is("convoy-sleep", role)
	pause2()
	m.mu.Lock()
	m.n++
	m.mu.Unlock()
}

func convoySleep() {
	m := new(meter)
	go m.convoySleepHold()
	roles := all("waiter", 12)
	for _, role := range roles {
		go m.convoySleepWait(role)
	}
	truth.Blocker("convoy-sleep", "root", true, roles...)
}

//go:noinline
func step(n uint64) uint64 { return n*6364136223846793005 + 1442695040888963407 }

func (m *meter) convoyRunHold() {
	truth.Is("convoy-run", "root")
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.n != 1 {
		m.n = step(m.n) | 2
	}
}

func (m *meter) convoyRunWait(role string) {
	truth.Is("convoy-run", role)
	pause2()
	m.mu.Lock()
	m.n++
	m.mu.Unlock()
}

func convoyRun() {
	m := new(meter)
	go m.convoyRunHold()
	roles := all("waiter", 6)
	for _, role := range roles {
		go m.convoyRunWait(role)
	}
	truth.Blocker("convoy-run", "root", true, roles...)
}
