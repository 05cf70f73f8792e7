// SPDX-License-Identifier: Apache-2.0

// Many goroutines in few places, for bench/run: the first argument says how
// many. Prints "ready" when all are parked, and waits to be killed.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type store struct {
	mu sync.Mutex
	m  map[int]int
}

func (s *store) get(i int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.m[i]
}

func send(c chan<- int, i int) { c <- i }
func receive(c <-chan int)     { <-c }
func sleep(int)                { time.Sleep(time.Hour) }
func wait(wg *sync.WaitGroup)  { wg.Wait() }
func choose(a <-chan int, b chan<- int) {
	select {
	case <-a:
	case b <- 1:
	}
}

// deep has many frames, some of them inlined.
func deep(n int, c <-chan int) {
	if n == 0 {
		receive(c)
		return
	}
	deep(n-1, c)
}

// start leaves nothing behind that could wake them: they are leaked.
//
//go:noinline
func start(n int) {
	s := &store{m: map[int]int{}}
	s.mu.Lock()
	out, in := make(chan int), make(chan int)
	var wg sync.WaitGroup
	wg.Add(1)
	for i := 0; i < n; i++ {
		switch i % 8 {
		case 0, 1:
			go send(out, i)
		case 2, 3:
			go receive(in)
		case 4:
			go s.get(i)
		case 5:
			go choose(in, out)
		case 6:
			go wait(&wg)
		case 7:
			go deep(10+i%20, in)
		}
	}
	go sleep(0)
}

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	start(n)
	for i := 0; i < 20; i++ {
		runtime.Gosched()
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
