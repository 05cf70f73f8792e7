// SPDX-License-Identifier: Apache-2.0

package waits

import (
	"reflect"

	"inquest.test/truth"
)

type job struct {
	id   int
	name string
}

type pair[A, B any] struct {
	first  A
	second B
}

type big struct{ words [40]uint64 }

// ---- both sides, as the element's type is

func send[T any](c chan<- T, v T) {
	truth.Waits(truth.Chan("send", c))
	c <- v
}

func receive[T any](c <-chan T) {
	truth.Waits(truth.Chan("receive", c))
	<-c
}

func rangeOver(c chan job) {
	truth.Waits(truth.Chan("receive", c))
	for range c {
	}
}

func sendInt(c chan int) {
	truth.Waits(truth.Chan("send", c))
	c <- 7
}

func receiveOK(c chan error) bool {
	truth.Waits(truth.Chan("receive", c))
	_, ok := <-c
	return ok
}

func filled[T any](n int) chan T {
	c := make(chan T, n)
	for i := 0; i < n; i++ {
		var v T
		c <- v
	}
	return c
}

var global = make(chan *job)

func channels() {
	unbuffered := make(chan int)
	for i := 0; i < 3; i++ {
		go sendInt(unbuffered)
	}
	done := make(chan struct{})
	for i := 0; i < 2; i++ {
		go receive(done)
	}
	full := filled[*job](4)
	for i := 0; i < 2; i++ {
		go send(full, &job{})
	}
	funcs := make(chan func(), 2)
	for i := 0; i < 3; i++ {
		go receive(funcs)
	}
	go send(filled[func(int) error](1), nil)
	go receive(make(chan chan int))
	go send(make(chan chan<- *job), nil)
	go send(make(chan pair[int, string]), pair[int, string]{})
	go receive(make(chan *pair[string, job], 3))
	go receive(make(chan [3]uint16))
	go send(make(chan interface{}), nil)
	go receiveOK(make(chan error, 1))
	go receive(make(chan map[string]int))
	go send(filled[big](3), big{})
	go receive(make(chan []byte))
	go receive(make(chan string, 100))
	go receive(make(chan struct {
		a int
		b bool
	}))
	go send(make(chan float64), 0.5)
	go rangeOver(make(chan job, 8))
	go receive(global)
	go nilSend()
	go nilReceive()
}

func nilSend() {
	var c chan int
	truth.Waits(truth.F{"kind": "nil-chan", "op": "send"})
	c <- 1
}

func nilReceive() {
	var c chan *job
	truth.Waits(truth.F{"kind": "nil-chan", "op": "receive"})
	<-c
}

// ---- select

// one is no select for the runtime.
func one(a chan int) {
	truth.Waits(truth.Chan("receive", a))
	select {
	case <-a:
	}
}

func two(a chan int, b chan string) {
	truth.Waits(truth.Chan("receive", a), truth.Chan("send", b))
	select {
	case <-a:
	case b <- "x":
	}
}

func five(a, b chan int, c chan *job, d chan struct{}, e chan error) {
	truth.Waits(truth.Chan("receive", a), truth.Chan("send", b), truth.Chan("receive", c),
		truth.Chan("receive", d), truth.Chan("send", e))
	select {
	case <-a:
	case b <- 1:
	case <-c:
	case <-d:
	case e <- nil:
	}
}

func withNil(a chan int) {
	var none chan string
	truth.Waits(truth.Chan("receive", a))
	select {
	case <-a:
	case <-none:
	}
}

// twice has both directions and one direction twice of one channel.
func twice(a chan int, b chan job) {
	truth.Waits(truth.Chan("receive", a), truth.Chan("receive", a), truth.Chan("send", b),
		truth.Chan("receive", b))
	select {
	case <-a:
	case <-a:
	case b <- job{}:
	case <-b:
	}
}

func onlyNil() {
	var a, b chan int
	truth.Waits(truth.F{"kind": "select"})
	select {
	case <-a:
	case b <- 1:
	}
}

func empty() {
	truth.Waits(truth.F{"kind": "select"})
	select {}
}

func many(all []chan int) {
	var cases []reflect.SelectCase
	var facts []truth.F
	for _, c := range all {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)})
		facts = append(facts, truth.Chan("receive", c))
	}
	truth.Waits(facts...)
	reflect.Select(cases)
}

func selects() {
	a, b := make(chan int), filled[string](2)
	go one(make(chan int))
	go two(a, b)
	go two(a, b)
	go five(a, make(chan int), make(chan *job, 1), make(chan struct{}), make(chan error))
	go withNil(make(chan int))
	go twice(make(chan int), make(chan job))
	go onlyNil()
	go empty()
	all := make([]chan int, 20)
	for i := range all {
		all[i] = make(chan int, i)
	}
	go many(all)
	// One queue has plain waiters and those of selects.
	go receive(a)
}
