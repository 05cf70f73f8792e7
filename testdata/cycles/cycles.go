// SPDX-License-Identifier: Apache-2.0

// Package cycles has every shape in which goroutines wait for each other, each in
// goroutines and functions of its own, and the same shapes where somebody who is
// alive will serve them. It says what is true of each (package truth) and stands
// still.
package cycles

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"inquest.test/truth"
)

const (
	lock    = "lock"
	rlock   = "rlock"
	wait    = "wait"
	send    = "send"
	receive = "receive"
)

// pause is long enough for all others to get where they go.
func pause() { time.Sleep(100 * time.Millisecond) }

// long is longer than anybody looks.
const long = time.Hour

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// all is "name0", "name1"...
func all(name string, n int) []string {
	var names []string
	for i := 0; i < n; i++ {
		names = append(names, name+strconv.Itoa(i))
	}
	return names
}

//go:noinline
func start(shapes []func()) {
	for _, shape := range shapes {
		shape()
	}
}

// Defect has the shapes of which each is a defect.
func Defect() {
	start(lockShapes)
	start(channelShapes)
	start(groupShapes)
	start(blockerShapes)
	start(moreShapes)
	stand()
}

// Healthy has those that only look so.
func Healthy() {
	start(healthy)
	start(mentions)
	stand()
}

// stand waits as a service does.
func stand() {
	pause()
	pause()
	truth.Tell()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
