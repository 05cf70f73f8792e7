// SPDX-License-Identifier: Apache-2.0

//go:build go1.23

package main

import "iter"

func count(yield func(int) bool) {
	for i := 0; i < 5; i++ {
		if !yield(i) {
			return
		}
	}
}

func coroutines() {
	// To its end, stopped early, and never ended.
	next, stop := iter.Pull(iter.Seq[int](count))
	for {
		if _, ok := next(); !ok {
			break
		}
	}
	stop()
	next, stop = iter.Pull(iter.Seq[int](count))
	next()
	stop()
	next, _ = iter.Pull(iter.Seq[int](count))
	next()
}
