// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"reflect"
	"sync"
	"time"

	"inquest.test/truth"
)

var channelShapes = []func(){ringReceive, ringSend, ringThree, ringSelect, lockOverSend,
	lockOverSendGlobal, lockOverReceive}

func pause2() { time.Sleep(50 * time.Millisecond) }

func onceMutex(o *sync.Once) string {
	return truth.Hex(reflect.ValueOf(o).Elem().FieldByName("m").UnsafeAddr())
}

func channel(c interface{}) string { return truth.Hex(reflect.ValueOf(c).Pointer()) }

func chanEdge(from, to, op string, c interface{}) truth.Edge {
	return truth.Edge{From: from, To: to, Kind: "chan", Op: op, Address: channel(c)}
}

// ---- each waits for the other's word first

func ringReceivePeer(role string, in <-chan int, out chan<- int) {
	truth.Is("ring-receive", role)
	n := <-in
	out <- n + 1
}

func ringReceive() {
	a, b := make(chan int), make(chan int)
	go ringReceivePeer("first", a, b)
	go ringReceivePeer("second", b, a)
	truth.Cycle("ring-receive", []truth.Edge{chanEdge("first", "second", receive, a),
		chanEdge("second", "first", receive, b)})
}

// ---- each sends first

type peer struct {
	in, out chan string
	seen    int
}

func (p *peer) ringSendTalk(role string) {
	truth.Is("ring-send", role)
	p.out <- role
	<-p.in
	p.seen++
}

func ringSend() {
	a, b := make(chan string), make(chan string)
	go (&peer{in: a, out: b}).ringSendTalk("first")
	go (&peer{in: b, out: a}).ringSendTalk("second")
	truth.Cycle("ring-send", []truth.Edge{chanEdge("first", "second", send, b),
		chanEdge("second", "first", send, a)})
}

// ---- three, closures over a slice of channels

func ringThree() {
	cs := []chan int{make(chan int), make(chan int), make(chan int)}
	names := all("node", 3)
	for i := range cs {
		in, out, name := cs[i], cs[(i+1)%3], names[i]
		go func() {
			truth.Is("ring-three", name)
			for n := range in {
				out <- n + 1
			}
			close(out)
		}()
	}
	truth.Cycle("ring-three", []truth.Edge{chanEdge("node0", "node2", receive, cs[0]),
		chanEdge("node1", "node0", receive, cs[1]), chanEdge("node2", "node1", receive, cs[2])})
}

// ---- one of them in a select with two of the other's channels

func ringSelectFirst(data, errs chan int, ask chan bool) {
	truth.Is("ring-select", "first")
	select {
	case <-data:
	case <-errs:
	}
	ask <- true
}

func ringSelectSecond(data, errs chan int, ask chan bool) {
	truth.Is("ring-select", "second")
	if <-ask {
		data <- 1
	} else {
		errs <- 1
	}
}

func ringSelect() {
	data, errs, ask := make(chan int), make(chan int), make(chan bool)
	go ringSelectFirst(data, errs, ask)
	go ringSelectSecond(data, errs, ask)
	truth.Cycle("ring-select", []truth.Edge{chanEdge("first", "second", receive, data),
		chanEdge("first", "second", receive, errs), chanEdge("second", "first", receive, ask)})
}

// ---- a lock held over a channel

type queue struct {
	mu   sync.Mutex
	jobs chan int
	done int
}

func (q *queue) lockOverSendPut(n int) {
	truth.Is("lock-over-send", "sender")
	q.mu.Lock()
	defer q.mu.Unlock()
	pause()
	q.jobs <- n
}

func (q *queue) lockOverSendTake() {
	truth.Is("lock-over-send", "receiver")
	pause2()
	q.mu.Lock()
	q.done += <-q.jobs
	q.mu.Unlock()
}

func lockOverSend() {
	q := &queue{jobs: make(chan int)}
	go q.lockOverSendPut(1)
	go q.lockOverSendTake()
	truth.Cycle("lock-over-send", []truth.Edge{chanEdge("sender", "receiver", send, q.jobs),
		lockEdge("receiver", "sender", &q.mu)})
}

var (
	overMu    sync.Mutex
	overTotal int
)

func lockOverSendGlobalSend(c chan int) {
	truth.Is("lock-over-send-global", "sender")
	overMu.Lock()
	defer overMu.Unlock()
	pause()
	c <- overTotal
}

func lockOverSendGlobalReceive(c chan int) {
	truth.Is("lock-over-send-global", "receiver")
	pause2()
	overMu.Lock()
	defer overMu.Unlock()
	overTotal += <-c
}

func lockOverSendGlobal() {
	c := make(chan int)
	go lockOverSendGlobalSend(c)
	go lockOverSendGlobalReceive(c)
	truth.Cycle("lock-over-send-global", []truth.Edge{chanEdge("sender", "receiver", send, c),
		lockEdge("receiver", "sender", &overMu)})
}

func lockOverReceiveAsk(mu *sync.Mutex, answer chan string) string {
	truth.Is("lock-over-receive", "asker")
	mu.Lock()
	pause()
	s := <-answer
	mu.Unlock()
	return s
}

func lockOverReceive() {
	mu, answer := new(sync.Mutex), make(chan string, 1)
	go lockOverReceiveAsk(mu, answer)
	go func() {
		truth.Is("lock-over-receive", "answerer")
		pause2()
		mu.Lock()
		answer <- "yes"
		mu.Unlock()
	}()
	truth.Cycle("lock-over-receive", []truth.Edge{
		chanEdge("asker", "answerer", receive, answer), lockEdge("answerer", "asker", mu)})
}
