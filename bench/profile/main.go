// SPDX-License-Identifier: Apache-2.0

// A goroutine profile as large as a crowded service gives: every goroutine has
// a label of its own, and most have come another way. Arguments: the file to
// write, and how many goroutines.
package main

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
)

type hall struct {
	mu    sync.Mutex
	calls chan int
	done  chan struct{}
	ready sync.WaitGroup
}

// Ways through the service; each step is a frame.
func (h *hall) decode(way uint64, steps int)    { h.step(way, steps) }
func (h *hall) authorize(way uint64, steps int) { h.step(way, steps) }
func (h *hall) query(way uint64, steps int)     { h.step(way, steps) }
func (h *hall) render(way uint64, steps int)    { h.step(way, steps) }

func (h *hall) step(way uint64, steps int) {
	if steps == 0 {
		h.wait(way)
		return
	}
	switch next := way >> 2; way & 3 {
	case 0:
		h.decode(next, steps-1)
	case 1:
		h.authorize(next, steps-1)
	case 2:
		h.query(next, steps-1)
	case 3:
		h.render(next, steps-1)
	}
}

func (h *hall) wait(way uint64) {
	h.ready.Done()
	switch way & 3 {
	case 0:
		h.mu.Lock()
	case 1:
		h.calls <- 1
	case 2:
		<-h.done
	case 3:
		select {
		case <-h.done:
		case h.calls <- 2:
		}
	}
}

func (h *hall) serve(way uint64) {
	labels := pprof.Labels("route", "/v1/"+strconv.FormatUint(way%40, 10),
		"trace_id", fmt.Sprintf("%016x%016x", way*0x9e3779b97f4a7c15, way*0xbf58476d1ce4e5b9))
	pprof.Do(context.Background(), labels, func(context.Context) {
		h.step(way, int(way>>40)%12)
	})
}

func run(path string, num int) error {
	h := &hall{calls: make(chan int), done: make(chan struct{})}
	h.mu.Lock()
	random := rand.New(rand.NewSource(1))
	h.ready.Add(num)
	for i := 0; i < num; i++ {
		go h.serve(random.Uint64())
	}
	h.ready.Wait()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.Lookup("goroutine").WriteTo(file, 0); err != nil {
		return err
	}
	return file.Close()
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: profile FILE GOROUTINES")
		os.Exit(2)
	}
	num, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	if err := run(os.Args[1], num); err != nil {
		panic(err)
	}
}
