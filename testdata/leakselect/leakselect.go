// SPDX-License-Identifier: Apache-2.0

// Package leakselect watches sensors: each watcher selects between readings
// and its end.
package leakselect

import (
	"context"
	"sync/atomic"
	"time"
)

// Reading is what a sensor says.
type Reading struct{ Celsius float64 }

var seen atomic.Int64

func watch(readings <-chan Reading, done <-chan struct{}) {
	for {
		select { // want: leaked-goroutine 6 "select"
		case r := <-readings:
			record(r)
		case <-done:
			return
		}
	}
}

//go:noinline
func record(Reading) { seen.Add(1) }

// probe subscribes for one reading and forgets to end the subscription.
func probe() {
	readings := make(chan Reading)
	done := make(chan struct{})
	go watch(readings, done)
	readings <- Reading{21.5}
}

// Defect probes six sensors.
func Defect() {
	for i := 0; i < 6; i++ {
		probe()
	}
}

func watchUntil(ctx context.Context, readings <-chan Reading) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case r := <-readings:
			record(r)
		case <-tick.C:
			seen.Store(0)
		case <-ctx.Done():
			return
		}
	}
}

// session owns the context of its watchers; nobody sends readings yet.
func session(started chan<- struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := 0; i < 6; i++ {
		go watchUntil(ctx, make(chan Reading))
	}
	done := make(chan struct{})
	defer close(done)
	for i := 0; i < 2; i++ {
		go watch(make(chan Reading), done)
	}
	close(started)
	time.Sleep(time.Hour)
}

// Healthy has a session whose end wakes every watcher.
func Healthy() {
	started := make(chan struct{})
	go session(started)
	<-started
}
