// SPDX-License-Identifier: Apache-2.0

// Command plugin has goroutines in the code of a plugin.
package main

import "time"

type gate chan struct{}

func (g gate) wait() { <-g }

func pass(g gate) { g.wait() }

//go:noinline
func own[T any](c chan T) T { return <-c }

var held = make(gate)

// Start brings goroutines up; they wait when it returns.
func Start() {
	go pass(held)
	go own(make(chan [3]int))
	go func() { held.wait() }()
	time.Sleep(100 * time.Millisecond)
}

func main() {}
