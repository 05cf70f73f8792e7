// SPDX-License-Identifier: Apache-2.0

//go:build go1.23

package main

import "iter"

func init() { more = append(more, coroutines) }

func numbers(yield func(int) bool) {
	for i := 0; yield(i); i++ {
	}
}

func letters(yield func(int) bool) {
	for i := 'a'; yield(int(i)); i++ {
	}
}

// yielding waits within its coroutine, so the coroutine's caller waits for it.
func yielding(yield func(int) bool) {
	<-forEver
	yield(1)
}

func pulling() {
	next, stop := iter.Pull(yielding)
	defer stop()
	next()
}

func coroutines() {
	next, stop := iter.Pull(numbers) // its coroutine waits from here on
	stops = append(stops, stop)
	next()
	go pulling()
	go func() {
		for n := range letters {
			if n == 'c' {
				<-forEver
			}
		}
	}()
}

var stops []func()
