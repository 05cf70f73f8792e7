// SPDX-License-Identifier: Apache-2.0

// Package lockheld holds locks over a wait that does not end.
package lockheld

import (
	"errors"
	"sync"
	"time"
)

// Store is what requests read.
type Store struct {
	mu   sync.Mutex
	data map[string]string
}

// Config is read under a reader's lock.
type Config struct {
	mu     sync.RWMutex
	values map[string]string
}

type loader func(reply chan<- map[string]string) error

// broken fails before it replies.
func broken(chan<- map[string]string) error { return errors.New("connection refused") }

// slow replies in an hour.
func slow(reply chan<- map[string]string) error {
	time.Sleep(time.Hour)
	reply <- map[string]string{}
	return nil
}

//go:noinline
func (s *Store) refresh(load loader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := make(chan map[string]string)
	go load(reply)
	s.data = <-reply // want: leaked-goroutine 1 "chan receive"
}

//go:noinline
func (s *Store) Get(key string) string {
	s.mu.Lock() // want: lock-wait 12 "sync.Mutex.Lock"
	defer s.mu.Unlock()
	return s.data[key]
}

//go:noinline
func (c *Config) reload(load loader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reply := make(chan map[string]string)
	go load(reply)
	c.values = <-reply // want: leaked-goroutine 1 "chan receive"
}

//go:noinline
func (c *Config) Lookup(key string) string {
	c.mu.RLock() // want: lock-wait 3 "sync.RWMutex.RLock"
	defer c.mu.RUnlock()
	return c.values[key]
}

// service is reachable from its housekeeping for ever.
type service struct {
	store  Store
	config Config
}

func (s *service) housekeeping() {
	for {
		time.Sleep(time.Hour)
		s.store.Get("health")
	}
}

// Defect refreshes from a loader that fails without a reply.
func Defect() {
	s := &service{}
	go s.store.refresh(broken)
	go s.config.reload(broken)
	go s.housekeeping()
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 12; i++ {
		go s.store.Get("user")
	}
	for i := 0; i < 3; i++ {
		go s.config.Lookup("limit")
	}
}

//go:noinline
func (s *Store) refreshUnlocked(load loader) {
	reply := make(chan map[string]string)
	go load(reply)
	data := <-reply
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = data
}

func (s *Store) requests(keys <-chan string) {
	for key := range keys {
		s.Get(key)
	}
}

func (s *service) listen(keys chan<- string) {
	for {
		keys <- "user"
		time.Sleep(time.Hour)
	}
}

// Healthy waits without the lock; a pool of twelve waits for requests.
func Healthy() {
	s := &service{}
	keys := make(chan string)
	go s.store.refreshUnlocked(slow)
	go s.housekeeping()
	for i := 0; i < 12; i++ {
		go s.store.requests(keys)
	}
	for i := 0; i < 3; i++ {
		go s.config.Lookup("limit")
	}
	go s.listen(keys)
}
