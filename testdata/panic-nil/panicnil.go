// SPDX-License-Identifier: Apache-2.0

// Package panicnil uses a cache that was never set.
package panicnil

import (
	"sync"
	"time"
)

type cache struct {
	hits    int
	entries map[string]string
}

// Store reads through its cache.
type Store struct {
	mu    sync.Mutex
	cache *cache
}

//go:noinline
func (s *Store) Get(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cache.entries[key] // want: crash-panic 1
}

//go:noinline
func (s *Store) serve(keys <-chan string) {
	for key := range keys {
		s.Get(key)
	}
}

// Defect crashes in one of three servers.
func Defect() {
	s := new(Store)
	keys := make(chan string)
	for i := 0; i < 3; i++ {
		go s.serve(keys)
	}
	time.Sleep(100 * time.Millisecond)
	keys <- "user"
	time.Sleep(time.Hour)
}
