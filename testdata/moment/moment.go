// SPDX-License-Identifier: Apache-2.0

// Package moment takes, from inside the process, everything that Go can say
// about itself at one moment, and then lets the process stand still so that
// testdata/capture can take the same moment from outside.
package moment

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"syscall"
	"time"
)

// Dir is where the files go; empty means that nothing is taken.
var Dir = os.Getenv("CAPTURE_DIR")

var traceFile *os.File

func create(name string) *os.File {
	f, err := os.Create(filepath.Join(Dir, name))
	if err != nil {
		panic(err)
	}
	return f
}

// Begin starts the execution trace, before the case's goroutines park.
func Begin() {
	if Dir == "" {
		return
	}
	traceFile = create("trace")
	if err := trace.Start(traceFile); err != nil {
		panic(err)
	}
}

// settle waits until all is parked.
func settle() { time.Sleep(300 * time.Millisecond) }

// collectTimes has the garbage collector run, which sets g.waitsince from the
// second collection after the parking on.
func collectTimes(n int) {
	percent := debug.SetGCPercent(1)
	for i := 0; i < n; i++ {
		collect()
		time.Sleep(20 * time.Millisecond)
	}
	debug.SetGCPercent(percent)
}

var garbage []byte

// collect allocates until the collector has run. runtime.GC would yield some
// ten thousand times to wait for the sweeper, and the trace has each of them.
func collect() {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	for now = before; now.NumGC == before.NumGC; runtime.ReadMemStats(&now) {
		garbage = make([]byte, 1<<16)
		time.Sleep(time.Millisecond)
	}
	garbage = nil
}

var snapshots int

// Snapshot writes a goroutine profile and a text while the case goes on: the
// n-th call writes goroutine.N.pb.gz and debug2.N.txt.
func Snapshot() {
	if Dir == "" {
		return
	}
	snapshots++
	goroutines := pprof.Lookup("goroutine")
	write(fmt.Sprintf("goroutine.%d.pb.gz", snapshots),
		func(w io.Writer) error { return goroutines.WriteTo(w, 0) })
	write(fmt.Sprintf("debug2.%d.txt", snapshots),
		func(w io.Writer) error { return goroutines.WriteTo(w, 2) })
}

// halt lets the script take a core, and goes on when it says so.
func halt() {
	on := make(chan os.Signal, 1)
	signal.Notify(on, syscall.SIGUSR1)
	collectTimes(2)
	Snapshot()
	debug.FreeOSMemory()
	fmt.Println("halt")
	<-on
	signal.Stop(on)
}

// Take writes the profiles and the texts. No goroutine of its own outlives it.
func Take() {
	settle()
	collectTimes(1)
	if Dir != "" {
		// The sweeper yields thousands of times, so one collection in the
		// trace is enough.
		trace.Stop()
		traceFile.Close()
	}
	collectTimes(2)
	if Dir == "" {
		return
	}
	write("heap.pb.gz", func(w io.Writer) error { return pprof.Lookup("heap").WriteTo(w, 0) })
	write("goroutine.pb.gz", func(w io.Writer) error { return pprof.Lookup("goroutine").WriteTo(w, 0) })
	write("debug1.txt", func(w io.Writer) error { return pprof.Lookup("goroutine").WriteTo(w, 1) })
	write("debug2.txt", func(w io.Writer) error { return pprof.Lookup("goroutine").WriteTo(w, 2) })
	debug.FreeOSMemory() // what the writing left behind is no part of the case
}

func write(name string, to func(io.Writer) error) {
	f := create(name)
	if err := to(f); err != nil {
		panic(err)
	}
	f.Close()
}

// Park is how a service's main waits for its end.
func Park() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("ready")
	<-stop
}

// ParkForEver is how many a main waits that has nothing to stop.
func ParkForEver() {
	fmt.Println("ready")
	select {}
}

// Case is a program inside one of the binaries.
type Case struct {
	Name   string
	Before func() // what happens before the trace; a core is taken after it
	Run    func()
	Park   func() // Park where nil
	Dies   bool   // Run ends the process
}

// Main runs the case that the command line names.
func Main(cases []Case) {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "usage: %s CASE|-list\n", filepath.Base(os.Args[0]))
		os.Exit(2)
	}
	for _, c := range cases {
		switch {
		case os.Args[1] == "-list":
			fmt.Println(c.Name)
		case os.Args[1] == c.Name:
			run(c)
			return
		}
	}
	if os.Args[1] != "-list" {
		fmt.Fprintf(os.Stderr, "no case %q\n", os.Args[1])
		os.Exit(2)
	}
}

func run(c Case) {
	if c.Dies {
		c.Run()
		return
	}
	if c.Before != nil {
		c.Before()
		halt()
	}
	Begin()
	c.Run()
	Take()
	if c.Park == nil {
		c.Park = Park
	}
	c.Park()
}
