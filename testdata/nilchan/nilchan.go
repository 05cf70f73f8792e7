// SPDX-License-Identifier: Apache-2.0

// Package nilchan has channels that were never made.
package nilchan

import (
	"sync"
	"time"
)

// Publisher sends events to its subscribers.
type Publisher struct {
	events chan string
}

//go:noinline
func (p *Publisher) publish(event string) {
	p.events <- event // want: nil-channel 2 "chan send (nil chan)"
}

// Subscriber receives them.
type Subscriber struct {
	events chan string
}

//go:noinline
func (s *Subscriber) next() string {
	return <-s.events // want: nil-channel 3 "chan receive (nil chan)"
}

//go:noinline
func keepAlive() {
	select {} // want: empty-select 1 "select (no cases)"
}

// Defect uses publishers and subscribers that nobody initialised.
func Defect() {
	for i := 0; i < 2; i++ {
		go new(Publisher).publish("started")
	}
	for i := 0; i < 3; i++ {
		go new(Subscriber).next()
	}
	go keepAlive()
}

func housekeeping() {
	for {
		time.Sleep(time.Hour)
	}
}

// Healthy initialises them; its main waits in select {}.
func Healthy() {
	var wg sync.WaitGroup
	events := make(chan string)
	for i := 0; i < 3; i++ {
		wg.Add(2)
		go func() {
			defer wg.Done()
			(&Publisher{events}).publish("started")
		}()
		go func() {
			defer wg.Done()
			(&Subscriber{events}).next()
		}()
	}
	wg.Wait()
	go housekeeping()
}
