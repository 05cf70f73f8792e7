// SPDX-License-Identifier: Apache-2.0

//go:build go1.25

package main

import (
	"io"
	"runtime/trace"
	"time"
)

// fly keeps a window of the work, and writes it.
func fly(out io.Writer, work func()) error {
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{
		MinAge: 500 * time.Millisecond,
	})
	if err := recorder.Start(); err != nil {
		return err
	}
	defer recorder.Stop()
	for i := 0; i < 5; i++ {
		work()
		time.Sleep(400 * time.Millisecond)
	}
	_, err := recorder.WriteTo(out)
	return err
}
