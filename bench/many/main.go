// SPDX-License-Identifier: Apache-2.0

// Many goroutines in few places, for bench/run: the first argument says how
// many, the second how many objects there are besides. Prints "ready" when all
// are parked, and waits to be killed.
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

// An item is in a tree, and has what most objects of programs have.
type item struct {
	left, right *item
	name        string
	tags        []string
	value       any
	weight      int
}

// A page is larger than what has its bits beside it.
type page struct {
	items [60]*item
	next  *page
	text  [64]byte
}

var (
	items *item
	pages *page
)

// insert makes an item, its name and its value: three objects.
func insert(i int) {
	it := &item{name: "item " + strconv.Itoa(1<<20+i), value: &store{}, weight: i}
	if i%4 == 0 {
		it.tags = []string{it.name, "tag"}
	}
	at := &items
	for h := uint32(i) * 2654435761; *at != nil; h <<= 1 {
		if h>>31 == 0 {
			at = &(*at).left
		} else {
			at = &(*at).right
		}
	}
	*at = it
	if i%60 == 0 {
		pages = &page{next: pages}
	}
	pages.items[i%60] = it
}

func number(i int) int {
	if len(os.Args) <= i {
		return 0
	}
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return n
}

func main() {
	start(number(1))
	for i := 0; i < number(2)*4/13; i++ {
		insert(i)
	}
	for i := 0; i < 20; i++ {
		runtime.Gosched()
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
