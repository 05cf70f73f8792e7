// SPDX-License-Identifier: Apache-2.0

// Package cond has a queue on a sync.Cond.
package cond

import (
	"sync"
	"time"
)

// Queue is a queue of messages.
type Queue struct {
	mu       sync.Mutex
	nonEmpty *sync.Cond
	items    []string
	taken    int
}

func newQueue() *Queue {
	q := &Queue{}
	q.nonEmpty = sync.NewCond(&q.mu)
	return q
}

//go:noinline
func (q *Queue) put(item string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, item)
	q.nonEmpty.Broadcast()
}

//go:noinline
func (q *Queue) take() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		q.nonEmpty.Wait() // want: leaked-goroutine 5 "sync.Cond.Wait"
	}
	item := q.items[0]
	q.items = q.items[1:]
	q.taken++
	return item
}

func (q *Queue) consume() {
	for {
		q.take()
	}
}

func serve(q *Queue, consumers int) {
	for i := 0; i < consumers; i++ {
		go q.consume()
	}
	for i := 0; i < 20; i++ {
		q.put("message")
	}
}

// Defect's producer returns and leaves the consumers with the queue.
func Defect() {
	serve(newQueue(), 5)
}

func produce(q *Queue) {
	for {
		q.put("tick")
		time.Sleep(time.Hour)
	}
}

// Healthy has a producer that puts a message every hour.
func Healthy() {
	q := newQueue()
	serve(q, 5)
	go produce(q)
}
