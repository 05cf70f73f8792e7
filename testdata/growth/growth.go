// SPDX-License-Identifier: Apache-2.0

// Package growth follows users, runs jobs and limits them.
package growth

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"inquest.test/moment"
)

const (
	snapshots = 5
	interval  = 200 * time.Millisecond
)

// Hub knows who follows; a global refers to it.
type Hub struct {
	mu        sync.Mutex
	followers map[int]chan string
	seen      int
}

var hub = &Hub{followers: map[int]chan string{}}

//go:noinline
func (h *Hub) follow(events <-chan string) {
	for range events { // want: growing-goroutines 50 "chan receive"
		h.mu.Lock()
		h.seen++
		h.mu.Unlock()
	}
}

// login registers a follower; there is no logout.
//
//go:noinline
func (h *Hub) login(user int) {
	events := make(chan string, 1)
	h.mu.Lock()
	h.followers[user] = events
	h.mu.Unlock()
	go h.follow(events)
}

// Defect's users come, ten in every interval.
func Defect() {
	for i := 0; i < snapshots; i++ {
		for user := 0; user < 10; user++ {
			hub.login(10*i + user)
			time.Sleep(interval / 20)
		}
		moment.Snapshot()
		time.Sleep(interval / 2)
	}
}

// gate ends jobs, one for each value.
var gate = make(chan struct{})

//go:noinline
func job(running *sync.WaitGroup) {
	defer running.Done()
	<-gate
}

// Healthy has a burst of jobs that comes and goes.
func Healthy() {
	var running sync.WaitGroup
	now := 0
	for _, want := range []int{5, 60, 120, 40, 5} {
		for ; now < want; now++ {
			running.Add(1)
			go job(&running)
		}
		for ; now > want; now-- {
			gate <- struct{}{}
		}
		time.Sleep(interval / 2)
		moment.Snapshot()
		time.Sleep(interval / 2)
	}
}

// Limiter lets few run and many wait.
type Limiter struct {
	slots  chan struct{}
	frozen atomic.Bool
}

var limiter = &Limiter{slots: make(chan struct{}, 8)}

//go:noinline
func (l *Limiter) acquire(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

//go:noinline
func (l *Limiter) work() {
	defer func() { <-l.slots }()
	time.Sleep(20 * time.Millisecond)
	if l.frozen.Load() {
		<-gate
	}
}

func (l *Limiter) client() {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		if l.acquire(ctx) == nil {
			l.work()
		}
		cancel()
	}
}

// Pool is saturated: 32 clients for 8 slots, from the first to the last.
func Pool() {
	for i := 0; i < 32; i++ {
		go limiter.client()
	}
	for i := 0; i < snapshots; i++ {
		time.Sleep(interval)
		moment.Snapshot()
	}
	limiter.frozen.Store(true)
	time.Sleep(interval)
}
