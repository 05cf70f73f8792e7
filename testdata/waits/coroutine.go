// SPDX-License-Identifier: Apache-2.0

//go:build go1.23

package waits

import (
	"iter"

	"inquest.test/truth"
)

func init() { more = append(more, coroutines) }

// numbers waits until it is asked for more, by whoever will.
func numbers(yield func(int) bool) {
	truth.Waits(truth.F{"kind": "coroutine", "goroutine": nil})
	for i := 0; yield(i); i++ {
	}
}

// yielding waits within its coroutine, so who asked it waits for it.
func yielding(yield func(int) bool) {
	truth.Is("coroutine", "inner")
	truth.Waits(truth.Chan("receive", forEver))
	<-forEver
	yield(1)
}

func pulling() {
	next, stop := iter.Pull(yielding)
	defer stop()
	f := truth.F{"kind": "coroutine"}
	truth.Later(func() { f["goroutine"] = truth.Role("coroutine", "inner") })
	truth.Waits(f)
	next()
}

var stops []func()

func coroutines() {
	next, stop := iter.Pull(numbers)
	stops = append(stops, stop)
	next()
	go pulling()
}
