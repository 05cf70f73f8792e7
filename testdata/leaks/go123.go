// SPDX-License-Identifier: Apache-2.0

//go:build go1.23

package leaks

import (
	"iter"
	"time"
)

func init() { shape(stoppedTicker, stoppedTimer, droppedIterator, pulledForEver) }

// ---- from 1.23 on nothing refers to a timer that is stopped

//go:noinline
func tickerWait(t *time.Ticker) {
	note("ticker-stopped", "either", "", "a timer that was stopped may be in the runtime's heap")
	for range t.C {
	}
}

func stoppedTicker() {
	t := time.NewTicker(forEver)
	go tickerWait(t)
	soon()
	t.Stop()
}

//go:noinline
func timerWait(t *time.Timer) {
	leaked("timer-stopped", "timer-stopped")
	<-t.C
}

func stoppedTimer() {
	t := time.NewTimer(forEver)
	t.Stop()
	go timerWait(t)
}

// ---- iterators

//go:noinline
func values(yield func(int) bool) {
	silent("iterator-dropped", "a coroutine")
	for i := 0; yield(i); i++ {
	}
}

func droppedIterator() {
	next, _ := iter.Pull(iter.Seq[int](values))
	next()
}

//go:noinline
func stuckValues(yield func(int) bool) {
	c := make(chan int)
	leaked("iterator-stuck/inner", "sender-gone")
	yield(<-c)
}

//go:noinline
func pullStuck() {
	next, stop := iter.Pull(iter.Seq[int](stuckValues))
	defer stop()
	silent("iterator-stuck/outer", "a coroutine")
	next()
}

func pulledForEver() { go pullStuck() }
