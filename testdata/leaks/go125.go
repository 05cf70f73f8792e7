// SPDX-License-Identifier: Apache-2.0

//go:build go1.25 && !lean

package leaks

import (
	"sync"
	"testing"
	"testing/synctest"
)

func init() { shape(bubble) }

//go:noinline
func bubbled(c <-chan int) {
	silent("bubble/channel", "a bubble")
	<-c
}

//go:noinline
func bubbleGroup(wg *sync.WaitGroup) {
	silent("bubble/waitgroup", "a bubble")
	wg.Wait()
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
		kept("bubble/main", "inquest.test/leaks.outside")
		<-outside
	})
}
