// SPDX-License-Identifier: Apache-2.0

// Package neverwoken spreads events over shards, each with a loop of its own.
package neverwoken

import (
	"sync"
	"time"
)

const numShards = 4

type shard struct {
	events chan int
	sum    int
}

// Bus is reachable from a global: nothing in it is garbage.
type Bus struct {
	shards [numShards]*shard
	rare   chan int
}

var bus = &Bus{rare: make(chan int)}

func (b *Bus) start(loops int) {
	for i := range b.shards {
		b.shards[i] = &shard{events: make(chan int)}
	}
	for i := 0; i < loops; i++ {
		go b.shards[i].loop()
	}
}

func (s *shard) loop() {
	for e := range s.events {
		s.sum += e
		time.Sleep(time.Millisecond)
	}
}

//go:noinline
func (b *Bus) publish(key, event int) {
	b.shards[key%numShards].events <- event // want: never-woken 5 "chan send"
}

// produce sends 40 events to one shard.
//
//go:noinline
func (b *Bus) produce(key int, running *sync.WaitGroup) {
	defer running.Done()
	for e := 0; e < 40; e++ {
		b.publish(key, e)
		time.Sleep(3 * time.Millisecond)
	}
}

// alarm waits for what seldom comes.
func (b *Bus) alarm() {
	for range b.rare {
		time.Sleep(time.Millisecond)
	}
}

func run(loops int) {
	bus.start(loops)
	for i := 0; i < 3; i++ {
		go bus.alarm()
	}
	var running sync.WaitGroup
	for key := 0; key < 5*numShards; key++ {
		running.Add(1)
		go bus.produce(key, &running)
	}
	time.Sleep(900 * time.Millisecond)
}

// Defect starts one loop too few.
func Defect() { run(numShards - 1) }

// Healthy starts them all; no alarm is raised.
func Healthy() { run(numShards) }
