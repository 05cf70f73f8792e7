// SPDX-License-Identifier: Apache-2.0

// Package waits has a goroutine wait for every kind of object, and says what is
// true of each (package truth) before it stands still. It builds with every Go
// from 1.18 on: what younger ones have besides is in files of its own.
package waits

import "inquest.test/truth"

// forEver is what others wait on; nobody closes it.
var forEver = make(chan struct{})

// more is what the other files add.
var more = []func(){channels, selects, locks, clocks, network, files, calls}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Run does not return.
func Run() {
	for _, f := range more {
		f()
	}
	limits()
	truth.Later(truth.Threads)
	truth.Waits(truth.Chan("receive", forEver))
	truth.Tell()
	<-forEver
}
