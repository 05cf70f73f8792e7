// SPDX-License-Identifier: Apache-2.0

// Package selflock has a store whose Update calls Get while it holds the lock
// that Get takes.
package selflock

import (
	"sync"
	"time"
)

// Store counts by name.
type Store struct {
	mu     sync.Mutex
	counts map[string]int
}

// The service's store; every request comes here.
var store = &Store{counts: map[string]int{}}

//go:noinline
func (s *Store) Get(name string) int {
	s.mu.Lock() // want: deadlock-self 1 "sync.Mutex.Lock"
	defer s.mu.Unlock()
	return s.counts[name]
}

//go:noinline
func (s *Store) Len() int {
	s.mu.Lock() // want: lock-wait 4 "sync.Mutex.Lock"
	defer s.mu.Unlock()
	return len(s.counts)
}

//go:noinline
func (s *Store) Update(name string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name] = s.Get(name) + by
}

func (s *Store) getLocked(name string) int { return s.counts[name] }

//go:noinline
func (s *Store) UpdateLocked(name string, by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[name] = s.getLocked(name) + by
}

func report() {
	for {
		store.Len()
		time.Sleep(time.Hour)
	}
}

// Defect updates once, and four reporters come after it.
func Defect() {
	go store.Update("visits", 1)
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 4; i++ {
		go report()
	}
}

// Healthy does the same with getLocked.
func Healthy() {
	go store.UpdateLocked("visits", 1)
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 4; i++ {
		go report()
	}
}
