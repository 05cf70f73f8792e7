// SPDX-License-Identifier: Apache-2.0

//go:build go1.25 && !lean

package leaks

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func init() { shape(bubble) }

//go:noinline
func bubbled(c <-chan int) {
	leaked("bubble/channel", "sender-gone")
	<-c
}

//go:noinline
func bubbleGroup(wg *sync.WaitGroup) {
	leaked("bubble/waitgroup", "waitgroup-miscount")
	wg.Wait()
}

// bubbleTimer waits by the clock of the bubble, which stands still as long as main
// waits for who is outside, and goes on when it does not.
//
//go:noinline
func bubbleTimer() {
	healthy("bubble/timer")
	<-time.After(forEver)
}

// outside is a channel that is of no bubble.
var outside = make(chan int)

func bubble() {
	testing.Init()
	synctest.Test(new(testing.T), func(*testing.T) {
		go bubbled(make(chan int))
		wg := new(sync.WaitGroup)
		wg.Add(1)
		go bubbleGroup(wg)
		go bubbleTimer()
		kept("bubble/main", "inquest.test/leaks.outside")
		<-outside
	})
}
