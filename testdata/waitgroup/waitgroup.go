// SPDX-License-Identifier: Apache-2.0

// Package waitgroup asks every shard and waits for all of them.
package waitgroup

import (
	"sync"
	"time"
)

// Shard is a part of the index.
type Shard struct {
	ID      int
	Offline bool
	Latency time.Duration
}

func (s *Shard) search(query string) int {
	time.Sleep(s.Latency)
	return len(query) * s.ID
}

//go:noinline
func fanout(shards []Shard, query string) (hits int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	wg.Add(len(shards))
	for i := range shards {
		shard := &shards[i]
		if shard.Offline {
			continue // and no wg.Done
		}
		go func() {
			defer wg.Done()
			n := shard.search(query)
			mu.Lock()
			defer mu.Unlock()
			hits += n
		}()
	}
	wg.Wait() // want: leaked-goroutine 2 "semacquire|sync.WaitGroup.Wait"
	return hits
}

// Defect has an offline shard that was counted.
func Defect() {
	shards := []Shard{{ID: 1}, {ID: 2, Offline: true}, {ID: 3}}
	go fanout(shards, "gopher")
	go fanout(shards, "mole")
}

// Healthy waits for shards that take their time.
func Healthy() {
	shards := []Shard{{ID: 1}, {ID: 2, Latency: time.Hour}, {ID: 3, Latency: time.Hour}}
	go fanout(shards, "gopher")
	go fanout(shards, "mole")
}
