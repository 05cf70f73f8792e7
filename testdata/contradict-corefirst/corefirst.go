// SPDX-License-Identifier: Apache-2.0

// Package corefirst waits for a peer and for a consumer that are late, not
// lost: what is seen before they come is gone after it.
package corefirst

import (
	"net"
	"sync"
	"time"
)

var (
	late    = make(chan struct{})
	results = make(chan int)
	ended   sync.WaitGroup
)

func open() net.Listener {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return l
}

//go:noinline
func readAnswer(c net.Conn, all *sync.WaitGroup) {
	defer all.Done()
	c.Read(make([]byte, 16)) // want: network-wait 6 "IO wait"
}

//go:noinline
func gather(l net.Listener) {
	defer ended.Done()
	var all sync.WaitGroup
	for i := 0; i < 6; i++ {
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			panic(err)
		}
		all.Add(1)
		go readAnswer(c, &all)
	}
	all.Wait()
}

func answer(l net.Listener) {
	var held []net.Conn
	for len(held) < 6 {
		c, err := l.Accept()
		if err != nil {
			return
		}
		held = append(held, c)
	}
	<-late
	for _, c := range held {
		c.Write([]byte("HELLO"))
	}
}

//go:noinline
func compute(i int) {
	defer ended.Done()
	results <- i
}

func consume() {
	<-late
	for i := 0; i < 20; i++ {
		<-results
	}
}

// Before is the moment of the core: all wait.
func Before() {
	l := open()
	ended.Add(21)
	go answer(l)
	go gather(l)
	go consume()
	for i := 0; i < 20; i++ {
		go compute(i)
	}
	time.Sleep(100 * time.Millisecond)
}

// After is what the trace sees: all come.
func After() {
	time.Sleep(50 * time.Millisecond)
	close(late)
	ended.Wait()
	time.Sleep(50 * time.Millisecond)
}
