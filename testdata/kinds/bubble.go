// SPDX-License-Identifier: Apache-2.0

//go:build go1.25 && !lean

package main

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func init() { more = append(more, bubbles) }

func bubbleWait(w *sync.WaitGroup) { w.Wait() }

// bubble waits on a channel from outside, so its clock stands still.
func bubble(*testing.T) {
	w := new(sync.WaitGroup)
	w.Add(1)
	c := make(chan int)
	go bubbleWait(w)
	go receiver(c)
	go sleeper()
	go selector2(c)
	<-forEver
}

func selector2(c chan int) {
	select {
	case <-c:
	case <-time.After(time.Hour):
	}
}

func bubbles() {
	tests := []testing.InternalTest{
		{Name: "bubble", F: func(t *testing.T) { synctest.Test(t, bubble) }},
	}
	go testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}
