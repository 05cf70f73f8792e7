// SPDX-License-Identifier: Apache-2.0

// An execution trace as large as a busy service gives: goroutines in pairs that
// pass a number to and fro over channels. Arguments: the file to write, the
// pairs, and how often each pair does so.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"strconv"
	"sync"
)

func serve(in <-chan int, out chan<- int) {
	for n := range in {
		out <- n + 1
	}
	close(out)
}

func ask(rounds int, out chan<- int, in <-chan int) {
	for i := 0; i < rounds; i++ {
		out <- i
		<-in
	}
	close(out)
}

func run(path string, pairs, rounds int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	if err := trace.Start(out); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for i := 0; i < pairs; i++ {
		there, back := make(chan int), make(chan int)
		wg.Add(1)
		go serve(there, back)
		go func() {
			defer wg.Done()
			ask(rounds, there, back)
		}()
	}
	wg.Wait()
	trace.Stop()
	if err := out.Flush(); err != nil {
		return err
	}
	return file.Close()
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: trace FILE PAIRS ROUNDS")
		os.Exit(2)
	}
	pairs, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	rounds, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(2)
	if err := run(os.Args[1], pairs, rounds); err != nil {
		panic(err)
	}
}
