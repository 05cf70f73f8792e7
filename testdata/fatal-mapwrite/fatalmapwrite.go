// SPDX-License-Identifier: Apache-2.0

// Package fatalmapwrite counts in a map without a lock.
package fatalmapwrite

import "time"

type counters struct{ hits map[string]int }

//go:noinline
func (c *counters) add(name string) {
	c.hits[name]++ // want: crash-fatal-error 1
}

func (c *counters) work(name string) {
	for {
		c.add(name)
	}
}

// Defect counts on four goroutines.
func Defect() {
	c := &counters{map[string]int{}}
	for _, name := range []string{"get", "put", "list", "delete"} {
		go c.work(name)
	}
	time.Sleep(time.Hour)
}
