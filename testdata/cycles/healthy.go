// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"context"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"inquest.test/truth"
)

// In each of these somebody who is alive serves all that wait, sooner or later.
var healthy = []func(){inOrder, handOver, readOnce, ringTimer, ringSignal, ringContext,
	ringTimeout, slowReceiver, slowChild, laterSignal, actors, actorsRegistry, afterFunc, release,
	pingPong, pool, requests, group, flights, underLoad, onceSlow, netPeer, convoySleep, convoyRun}

// ---- locks

func inOrderTransfer(a, b *account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	time.Sleep(long)
	a.balance--
	b.balance++
}

func inOrder() {
	a, b := &account{id: 1}, &account{id: 2}
	for i := 0; i < 3; i++ {
		go inOrderTransfer(a, b)
	}
	truth.Healthy("in-order")
}

// handOver has another goroutine unlock what this one locks twice.
func handOver() {
	go func() {
		mu := new(sync.Mutex)
		mu.Lock()
		go handOverUnlock(mu)
		mu.Lock()
		mu.Unlock()
	}()
	truth.Healthy("hand-over")
}

func handOverUnlock(mu *sync.Mutex) {
	time.Sleep(long)
	mu.Unlock()
}

func (t *table) readOnceRead() string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	time.Sleep(long)
	return t.rows[1]
}

func (t *table) readOnceWrite() {
	pause()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[1] = "new"
}

func (t *table) readOnceMore() string {
	pause()
	pause2()
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rows[1]
}

func readOnce() {
	t := &table{rows: map[int]string{}}
	go t.readOnceRead()
	go t.readOnceWrite()
	go t.readOnceMore()
	truth.Healthy("read-once")
}

// ---- rings that something outside can open

func ringTimer() {
	a, b := make(chan int), make(chan int)
	go func() {
		select {
		case n := <-a:
			b <- n
		case <-time.After(long):
			b <- 0
		}
	}()
	go ringReceivePeer("timer", b, a)
	truth.Healthy("ring-timer")
}

func ringSignal() {
	a, b := make(chan int), make(chan int)
	sigs := make(chan os.Signal, 1)
	signal.Notify(sigs, syscall.SIGHUP)
	go func() {
		select {
		case n := <-a:
			b <- n
		case <-sigs:
			b <- 0
		}
	}()
	go ringReceivePeer("signal", b, a)
	truth.Healthy("ring-signal")
}

func ringContext() {
	a, b := make(chan int), make(chan int)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case n := <-a:
			b <- n
		case <-ctx.Done():
			b <- 0
		}
	}()
	go ringReceivePeer("context", b, a)
	go func() {
		time.Sleep(long)
		cancel()
	}()
	truth.Healthy("ring-context")
}

func ringTimeout() {
	a, b := make(chan int), make(chan int)
	ctx, cancel := context.WithTimeout(context.Background(), long)
	go func() {
		defer cancel()
		select {
		case n := <-a:
			b <- n
		case <-ctx.Done():
			b <- 0
		}
	}()
	go ringReceivePeer("timeout", b, a)
	truth.Healthy("ring-timeout")
}

// ---- lock and channel, group, condition: the other end is slow

func (q *queue) slowReceiverPut(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs <- n
}

func (q *queue) slowReceiverTake() {
	time.Sleep(long)
	q.done += <-q.jobs
}

func (q *queue) slowReceiverCount() int {
	pause()
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.done
}

func slowReceiver() {
	q := &queue{jobs: make(chan int)}
	go q.slowReceiverPut(1)
	go q.slowReceiverTake()
	go q.slowReceiverCount()
	truth.Healthy("slow-receiver")
}

func (b *batch) slowChildRun() {
	var w sync.WaitGroup
	for i := 0; i < 3; i++ {
		w.Add(1)
		go func(n int) {
			defer w.Done()
			b.mu.Lock()
			defer b.mu.Unlock()
			time.Sleep(long)
			b.sum += n
		}(i)
	}
	w.Wait()
}

func slowChild() {
	go new(batch).slowChildRun()
	truth.Healthy("slow-child")
}

func (m *mailbox) laterSignalTake() {
	m.outer.Lock()
	defer m.outer.Unlock()
	m.mu.Lock()
	for !m.full {
		m.ready.Wait()
	}
	m.mu.Unlock()
}

func (m *mailbox) laterSignalPut() {
	m.mu.Lock()
	m.full = true
	m.mu.Unlock()
	m.ready.Signal()
}

func (m *mailbox) laterSignalWait() {
	pause()
	m.outer.Lock()
	defer m.outer.Unlock()
	m.full = false
}

func laterSignal() {
	m := new(mailbox)
	m.ready = sync.NewCond(&m.mu)
	go m.laterSignalTake()
	go m.laterSignalWait()
	time.AfterFunc(long, m.laterSignalPut)
	truth.Healthy("later-signal")
}

// ---- actors with mailboxes, who know each other

type actor struct {
	box   chan string
	peers []*actor
	said  int
}

func (a *actor) run() {
	for range a.box {
		a.said++
		for _, p := range a.peers {
			select {
			case p.box <- "said":
			default:
			}
		}
	}
}

func pairOf() (a, b *actor) {
	a, b = &actor{box: make(chan string)}, &actor{box: make(chan string)}
	a.peers, b.peers = []*actor{b}, []*actor{a}
	go a.run()
	go b.run()
	return a, b
}

// actorsServe could wake either when somebody connects.
func actorsServe(l net.Listener, byName map[string]*actor) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		byName[c.RemoteAddr().Network()].box <- "hello"
	}
}

func actors() {
	a, b := pairOf()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go actorsServe(l, map[string]*actor{"tcp": a, "unix": b})
	truth.Healthy("actors")
}

// registry is found by name only, by who comes.
var registry = map[string]*actor{}

func actorsRegistryServe(l net.Listener) {
	for {
		if _, err := l.Accept(); err != nil {
			return
		}
		for _, a := range registry {
			a.box <- "hello"
		}
	}
}

func actorsRegistry() {
	registry["a"], registry["b"] = pairOf()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go actorsRegistryServe(l)
	truth.Healthy("actors-registry")
}

// afterFunc has nothing but a timer to wake an actor.
func afterFunc() {
	a, _ := pairOf()
	time.AfterFunc(long, func() { a.box <- "time" })
	truth.Healthy("after-func")
}

// release gives the lock away as a function.
func release() {
	mu := new(sync.Mutex)
	unlock := releaseLock(mu)
	go func() {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(long)
	}()
	go func() {
		time.Sleep(long)
		unlock()
	}()
	truth.Healthy("release")
}

//go:noinline
func releaseLock(mu *sync.Mutex) func() {
	mu.Lock()
	return func() { mu.Unlock() }
}

// ---- under load

func pingPong() {
	ping, pong := make(chan int), make(chan int)
	go func() {
		for n := range ping {
			time.Sleep(time.Millisecond)
			pong <- n + 1
		}
	}()
	go func() {
		for n := 0; ; n++ {
			ping <- n
			<-pong
		}
	}()
	truth.Healthy("ping-pong")
}

func poolWork(jobs <-chan int, results chan<- int, w *sync.WaitGroup) {
	defer w.Done()
	for j := range jobs {
		results <- j * j
	}
}

// pool: a producer that sleeps, workers that wait for it, who collects waits for
// these, and who closes for all of them.
func pool() {
	jobs, results := make(chan int), make(chan int)
	w := new(sync.WaitGroup)
	for i := 0; i < 4; i++ {
		w.Add(1)
		go poolWork(jobs, results, w)
	}
	go func() {
		w.Wait()
		close(results)
	}()
	go func() {
		defer close(jobs)
		for i := 0; i < 3; i++ {
			jobs <- i
		}
		time.Sleep(long)
	}()
	go func() {
		sum := 0
		for r := range results {
			sum += r
		}
	}()
	truth.Healthy("pool")
}

type request struct {
	n     int
	reply chan int
}

func requestsServe(ctx context.Context, in <-chan request) {
	for {
		select {
		case r := <-in:
			r.reply <- r.n + 1
		case <-ctx.Done():
			return
		}
	}
}

// requests: a server that waits for clients, who wait for their work.
func requests() {
	ctx, cancel := context.WithCancel(context.Background())
	in, work := make(chan request), make(chan int)
	go requestsServe(ctx, in)
	for i := 0; i < 3; i++ {
		go func() {
			reply := make(chan int)
			for n := range work {
				in <- request{n, reply}
				<-reply
			}
		}()
	}
	go func() {
		defer cancel()
		t := time.NewTicker(long)
		defer t.Stop()
		work <- 1
		for range t.C {
			work <- 2
		}
	}()
	truth.Healthy("requests")
}

// group is what an errgroup is.
func group() {
	go func() {
		var w sync.WaitGroup
		var once sync.Once
		var first error
		ctx, cancel := context.WithCancel(context.Background())
		for _, f := range []func() error{
			func() error { time.Sleep(long); return nil },
			func() error { <-ctx.Done(); return ctx.Err() },
		} {
			w.Add(1)
			f := f
			go func() {
				defer w.Done()
				if err := f(); err != nil {
					once.Do(func() {
						first = err
						cancel()
					})
				}
			}()
		}
		w.Wait()
		cancel()
		must(first)
	}()
	truth.Healthy("group")
}

type flight struct {
	done sync.WaitGroup
	v    string
}

// flightGroup asks once for all that want the same.
type flightGroup struct {
	mu  sync.Mutex
	now map[string]*flight
}

func (g *flightGroup) do(key string, f func() string) string {
	g.mu.Lock()
	if c, ok := g.now[key]; ok {
		g.mu.Unlock()
		c.done.Wait()
		return c.v
	}
	c := new(flight)
	c.done.Add(1)
	g.now[key] = c
	g.mu.Unlock()
	c.v = f()
	c.done.Done()
	g.mu.Lock()
	delete(g.now, key)
	g.mu.Unlock()
	return c.v
}

func flights() {
	g := &flightGroup{now: map[string]*flight{}}
	for i := 0; i < 5; i++ {
		go g.do("key", func() string { time.Sleep(long); return "v" })
	}
	truth.Healthy("flights")
}

// underLoad never rests.
func underLoad() {
	t := &table{rows: map[int]string{}}
	for i := 0; i < 4; i++ {
		go func() {
			for {
				t.row(1)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	go func() {
		for {
			t.mu.Lock()
			t.rows[1] += "x"[:len(t.rows)]
			if len(t.rows[1]) > 100 {
				t.rows[1] = ""
			}
			t.mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	}()
	truth.Healthy("under-load")
}

func onceSlow() {
	l := new(lazy)
	for i := 0; i < 3; i++ {
		go l.once.Do(func() { time.Sleep(long); l.v = 1 })
	}
	truth.Healthy("once-slow")
}

// netPeer answers only when its client has written.
func netPeer() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	c, err := net.Dial("tcp", l.Addr().String())
	must(err)
	s, err := l.Accept()
	must(err)
	ends = append(ends, l)
	lines := make(chan byte)
	go func() {
		var b [1]byte
		for {
			if _, err := s.Read(b[:]); err != nil {
				return
			}
			lines <- b[0]
		}
	}()
	go func() {
		for b := range lines {
			c.Write([]byte{b})
		}
	}()
	truth.Healthy("net-peer")
}
