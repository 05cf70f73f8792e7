// SPDX-License-Identifier: Apache-2.0

// A program that does all that a trace can show, for the oracle of traces.
//
//	program MODE FILE
//
// MODE is all, short (a few events), long (several generations), samples (a CPU
// profile runs too), flight (a flight recorder's window; Go 1.25).
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: program MODE FILE")
		os.Exit(2)
	}
	var out bytes.Buffer
	if err := record(os.Args[1], &out); err != nil {
		fmt.Fprintln(os.Stderr, "program:", err)
		os.Exit(1)
	}
	if err := os.WriteFile(os.Args[2], out.Bytes(), 0o666); err != nil {
		fmt.Fprintln(os.Stderr, "program:", err)
		os.Exit(1)
	}
}

// record writes the trace of a mode to out.
func record(mode string, out io.Writer) error {
	before := park()
	early, endEarly := begun()
	settle()
	switch mode {
	case "samples":
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	case "flight":
		return fly(out, func() { work(early) })
	}
	if err := trace.Start(out); err != nil {
		return err
	}
	defer trace.Stop()
	if mode == "short" {
		return nil
	}
	endEarly()
	during := park()
	work(early)
	if mode == "samples" {
		spin(4, 200*time.Millisecond)
	}
	if mode == "long" {
		for i := 0; i < 7; i++ {
			time.Sleep(500 * time.Millisecond)
			work(early)
		}
	}
	before.release()
	during.release()
	// Left as they are at the end of the trace.
	park()
	settle()
	return nil
}

// work does each thing once.
func work(early context.Context) {
	annotate(early)
	exchange()
	contend()
	collect()
	yield()
	preempt()
	talk()
	call()
	coroutines()
	threads()
}

// settle lets goroutines get to where they park.
func settle() {
	for i := 0; i < 100; i++ {
		runtime.Gosched()
	}
	time.Sleep(5 * time.Millisecond)
}

var sink [][]byte

// collect makes collections run, with goroutines that have to assist.
func collect() {
	old := debug.SetGCPercent(10)
	defer debug.SetGCPercent(old)
	done := make(chan bool)
	for i := 0; i < 4; i++ {
		go func() {
			var keep [][]byte
			for i := 0; i < 60; i++ {
				keep = append(keep, make([]byte, 8<<10))
			}
			done <- len(keep) > 0
		}()
	}
	for i := 0; i < 4; i++ {
		<-done
	}
	sink = append(sink, make([]byte, 1<<20))
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	n := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(n + 1)
	runtime.GOMAXPROCS(n)
}
