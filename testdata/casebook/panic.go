// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// An Oops is an error of our own.
type Oops struct {
	Code int
	Why  string
	At   *Store
}

func (o *Oops) Error() string { return fmt.Sprintf("oops %d: %s", o.Code, o.Why) }

//go:noinline
func failCustom(code int, at *Store) {
	panic(&Oops{code, "no room", at}) // want panic-custom: panic in main.failCustom
}

func panicCustom() {
	s := new(Store)
	want("goroutine", id())
	want("panic", "*main.Oops", "oops 42: no room")
	want("field", "Code", 42)
	want("field", "At", fmt.Sprintf("%p", s))
	failCustom(42, s)
}

//go:noinline
func failError() {
	panic(errors.New("disk on fire")) // want panic-error: panic in main.failError
}

func panicError() {
	want("goroutine", id())
	want("panic", "*errors.errorString", "disk on fire")
	failError()
}

//go:noinline
func failStruct(p Point) {
	panic(p) // want panic-struct,throw-print: panic in main.failStruct
}

func panicStruct() {
	want("goroutine", id())
	want("panic", "main.Point")
	want("field", "X", 3)
	want("field", "Y", -4)
	failStruct(Point{3, -4})
}

// A Level has a String.
type Level int

func (l Level) String() string { return fmt.Sprintf("level %d", int(l)) }

//go:noinline
func failStringer(l Level) {
	panic(l) // want panic-stringer: panic in main.failStringer
}

func panicStringer() {
	want("goroutine", id())
	want("panic", "main.Level", "level 9")
	failStringer(9)
}

//go:noinline
func failWrapped(err error) {
	panic(fmt.Errorf("save: %w", err)) // want panic-wrapped: panic in main.failWrapped
}

func panicWrapped() {
	want("goroutine", id())
	want("panic", "*fmt.wrapError", "save: disk on fire")
	failWrapped(errors.New("disk on fire"))
}

//go:noinline
func failLines() {
	panic("first line\nsecond line\n\tgoroutine 99 [running]:") // want panic-lines: panic in main.failLines
}

func panicLines() {
	want("goroutine", id())
	want("panic", "string", "first line")
	failLines()
}

//go:noinline
func failNil() {
	panic(nil) // want panic-nil: panic in main.failNil
}

func panicNil() {
	want("goroutine", id())
	failNil()
}

//go:noinline
func clean() {
	panic("while cleaning")
}

//go:noinline
func nested() {
	defer clean()
	panic("first") // want panic-nested: panic in main.nested
}

func panicNested() {
	want("goroutine", id())
	want("panic", "string", "while cleaning")
	want("panic", "string", "first")
	nested()
}

//go:noinline
func swallow() {
	defer func() { recover() }()
	panic("swallowed")
}

//go:noinline
func afterRecover() {
	defer func() {
		recover()
		panic("second") // want panic-recovered: panic in main.afterRecover.func1
	}()
	panic("recovered one")
}

func panicRecovered() {
	want("goroutine", id())
	want("panic", "string", "second")
	want("recovered", "string", "recovered one")
	swallow()
	afterRecover()
}

//go:noinline
func failSame() {
	panic(&Oops{7, "again", nil}) // want panic-same: panic in main.failSame
}

//go:noinline
func again() {
	defer func() {
		if r := recover(); r != nil {
			panic(r)
		}
	}()
	failSame()
}

func panicSame() {
	want("goroutine", id())
	want("panic", "*main.Oops", "oops 7: again")
	again()
}

//go:noinline
func goexit() {
	runtime.Goexit()
}

//go:noinline
func failGoexit() {
	defer func() {
		panic("in a deferred call of Goexit") // want goexit-in-panic: panic in main.failGoexit.func1
	}()
	goexit()
}

func goexitInPanic() {
	go func() {
		want("goroutine", id())
		want("panic", "string", "in a deferred call of Goexit")
		want("goexit", true)
		failGoexit()
	}()
	select {}
}

// A Server serves with two locks held.
type Server struct {
	mu    sync.Mutex
	table sync.RWMutex
	seen  map[string]int
}

//go:noinline
func (s *Server) serve(path string, log chan<- string) {
	defer func() { log <- path }()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.RLock()
	defer s.table.RUnlock()
	s.count(path)
}

//go:noinline
func (s *Server) count(path string) {
	if path[0] != '/' {
		want("goroutine", id())
		panic("bad path " + path) // want handler: panic in main.(*Server).count
	}
	s.seen[path]++
}

//go:noinline
func (s *Server) handle(paths <-chan string, log chan<- string) {
	for path := range paths {
		s.serve(path, log)
	}
}

func handler() {
	s := &Server{seen: map[string]int{}}
	paths, log := make(chan string), make(chan string, 8)
	want("panic", "string", "bad path x")
	go s.handle(paths, log)
	go s.handle(paths, log)
	paths <- "/a"
	paths <- "/b"
	paths <- "x"
	select {}
}

//go:noinline
func (s *Server) reset(path string, log chan<- string) {
	defer func() { log <- path }()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.table.RLock()
	defer s.table.RUnlock()
	s.table.Unlock() // want handler-fatal: Unlock of unlocked RWMutex in main.(*Server).reset
}

// A fatal error runs no deferred call: three are left.
func handlerFatal() {
	s := &Server{seen: map[string]int{}}
	log := make(chan string, 1)
	go func() {
		want("goroutine", id())
		want("defers", 3)
		s.reset("/a", log)
	}()
	select {}
}

// What the program prints itself is among the runtime's last words.
func throwPrint() {
	want("goroutine", id())
	println("cache", 17, "of", 20)
	failStruct(Point{1, 2})
}
