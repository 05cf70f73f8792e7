// SPDX-License-Identifier: Apache-2.0

package cycles

import (
	"sync"
	"time"

	"inquest.test/truth"
)

// In these, goroutines that wait have in their frames what others wait for, and
// do not hold it: it is held by who is alive.
var mentions = []func(){mentionsLater, mentionsReleased, mentionsChannel, mentionsTimer,
	mentionsRegistry, readThrough, readThroughPlain, lockThrough, lockThroughPlain,
	lockThroughReleased, groupMentions}

// ---- a lock that it wants later

func mentionsLaterPlain(a *account) {
	a.mu.Lock()
	time.Sleep(long)
	a.balance++
	a.mu.Unlock()
}

func mentionsLaterHold(a, b *account) {
	b.mu.Lock()
	defer b.mu.Unlock()
	pause()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.balance++
}

// mentionsLaterWant has none of them, and goes on with the second.
func mentionsLaterWant(a, b *account) {
	pause()
	b.mu.Lock()
	b.balance++
	b.mu.Unlock()
	a.mu.Lock()
	a.balance++
	a.mu.Unlock()
}

func mentionsLater() {
	a, b := &account{id: 5}, &account{id: 6}
	go mentionsLaterPlain(a)
	pause2()
	go mentionsLaterHold(a, b)
	go mentionsLaterWant(a, b)
	truth.Healthy("mentions-later")
}

// ---- … and which somebody has who can only give it back

func mentionsReleased() {
	a, b := &account{id: 7}, &account{id: 8}
	unlock := releaseLock(&a.mu)
	go mentionsLaterHold(a, b)
	go mentionsLaterWant(a, b)
	go func() {
		time.Sleep(long)
		unlock()
	}()
	truth.Healthy("mentions-released")
}

// ---- a channel and a lock that the other end wants later

func (q *queue) mentionsChannelPut() {
	q.jobs <- 1
	q.mu.Lock()
	q.done++
	q.mu.Unlock()
}

func (q *queue) mentionsChannelTake() {
	pause()
	q.mu.Lock()
	n := q.done
	q.mu.Unlock()
	q.done = n + <-q.jobs
}

func (q *queue) mentionsChannelHold() {
	q.mu.Lock()
	time.Sleep(long)
	q.done++
	q.mu.Unlock()
}

func mentionsChannel() {
	q := &queue{jobs: make(chan int)}
	go q.mentionsChannelHold()
	go q.mentionsChannelPut()
	go q.mentionsChannelTake()
	truth.Healthy("mentions-channel")
}

// ---- a parent that has what its child waits for, and is not who sends

func mentionsTimerRun() {
	var w sync.WaitGroup
	c := make(chan int)
	w.Add(1)
	time.AfterFunc(long, func() { c <- 1 })
	go func() {
		defer w.Done()
		<-c
	}()
	w.Wait()
	close(c)
}

func mentionsTimer() {
	go mentionsTimerRun()
	truth.Healthy("mentions-timer")
}

var feeds = map[string]chan int{}

func mentionsRegistryRun(c chan int) {
	var w sync.WaitGroup
	w.Add(1)
	go func() {
		defer w.Done()
		<-c
	}()
	w.Wait()
	close(c)
}

// mentionsRegistryFeed finds the channel by its name when it wakes.
func mentionsRegistryFeed() {
	time.Sleep(long)
	feeds["a"] <- 1
}

func mentionsRegistry() {
	feeds["a"] = make(chan int)
	go mentionsRegistryRun(feeds["a"])
	go mentionsRegistryFeed()
	truth.Healthy("mentions-registry")
}

// ---- a caller that has the object and not its lock

//go:noinline
func (t *table) readThroughView(i int) string {
	s := t.row(i)
	return s + t.rows[0]
}

func (t *table) readThroughHold() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	time.Sleep(long)
}

func readThroughAll(hold func(t *table)) {
	t := &table{rows: map[int]string{}}
	go hold(t)
	pause2()
	go t.rwDeferWriteOnly()
	pause2()
	for i := 0; i < 2; i++ {
		go t.readThroughView(i)
	}
}

func (t *table) rwDeferWriteOnly() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[1] = "new"
}

func readThrough() {
	readThroughAll((*table).readThroughHold)
	truth.Healthy("read-through")
}

func (t *table) readThroughPlainHold() {
	t.mu.RLock()
	time.Sleep(long)
	t.rows[3] = ""
	t.mu.RUnlock()
}

func readThroughPlain() {
	readThroughAll((*table).readThroughPlainHold)
	truth.Healthy("read-through-plain")
}

//go:noinline
func (c *cache) lockThroughView(key string) string {
	s := c.get(key)
	c.name = s
	return s
}

func (c *cache) lockThroughHold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	time.Sleep(long)
}

func (c *cache) lockThroughPlainHold() {
	c.mu.Lock()
	time.Sleep(long)
	c.name = "held"
	c.mu.Unlock()
}

func lockThroughAll(hold func(c *cache)) {
	c := &cache{m: map[string]string{}}
	go hold(c)
	pause2()
	for i := 0; i < 3; i++ {
		go c.lockThroughView("k")
	}
}

func lockThrough() {
	lockThroughAll((*cache).lockThroughHold)
	truth.Healthy("lock-through")
}

func lockThroughPlain() {
	lockThroughAll((*cache).lockThroughPlainHold)
	truth.Healthy("lock-through-plain")
}

// lockThroughReleased has who holds it know no more than how to give it back.
func lockThroughReleased() {
	c := &cache{m: map[string]string{}}
	unlock := releaseLock(&c.mu)
	go func() {
		time.Sleep(long)
		unlock()
	}()
	go c.lockThroughView("k")
	truth.Healthy("lock-through-released")
}

// ---- a group whose members have the WaitGroup and are done with it

func groupMentionsChild(w *sync.WaitGroup, mu *sync.Mutex) {
	w.Done()
	mu.Lock()
	mu.Unlock()
}

func groupMentionsRun() {
	w, mu := new(sync.WaitGroup), new(sync.Mutex)
	mu.Lock()
	defer mu.Unlock()
	w.Add(2)
	go groupMentionsChild(w, mu)
	go func() {
		time.Sleep(long)
		w.Done()
	}()
	w.Wait()
}

func groupMentions() {
	go groupMentionsRun()
	truth.Healthy("group-mentions")
}
