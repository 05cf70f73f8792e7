// SPDX-License-Identifier: Apache-2.0

// Package panicclosed sends after the channel was closed.
package panicclosed

import "time"

type hub struct{ events chan int }

//go:noinline
func (h *hub) emit(n int) {
	h.events <- n // want: crash-panic 1
}

// Defect closes the hub under its sender.
func Defect() {
	h := &hub{make(chan int)}
	go func() {
		for n := 0; ; n++ {
			h.emit(n)
		}
	}()
	<-h.events
	time.Sleep(100 * time.Millisecond)
	close(h.events)
	time.Sleep(time.Hour)
}
