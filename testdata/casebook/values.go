// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

//go:noinline
func pick(all []int, n int) int {
	return all[n] // want bounds-index: index out of range in main.pick
}

func boundsIndex() {
	want("goroutine", id())
	want("text", "runtime error: index out of range [5] with length 3")
	pick(make([]int, 3, 8), 5)
}

//go:noinline
func firstHits(all []Store) int {
	return all[0].hits // want bounds-nil-slice: index out of range in main.firstHits
}

func boundsNilSlice() {
	want("goroutine", id())
	want("text", "runtime error: index out of range [0] with length 0")
	firstHits(nil)
}

//go:noinline
func head(all []int, n int) []int {
	return all[:n] // want bounds-slice: slice bounds out of range in main.head
}

func boundsSlice() {
	want("goroutine", id())
	want("text", "runtime error: slice bounds out of range [:9] with capacity 8")
	head(make([]int, 3, 8), 9)
}

//go:noinline
func tail(s string, from, to int) string {
	return s[from:to] // want bounds-string: slice bounds out of range in main.tail
}

func boundsString() {
	want("goroutine", id())
	want("text", "runtime error: slice bounds out of range [4:2]")
	tail("inquest", 4, 2)
}

//go:noinline
func four(all []byte) *[4]byte {
	return (*[4]byte)(all) // want bounds-convert: cannot convert slice in main.four
}

func boundsConvert() {
	want("goroutine", id())
	want("text", "runtime error: cannot convert slice with length 3 to")
	four(make([]byte, 3))
}

//go:noinline
func storeOf(v interface{}) *Store {
	return v.(*Store) // want assert-wrong: failed type assertion in main.storeOf
}

func assertWrong() {
	want("goroutine", id())
	want("text", "interface conversion: interface {} is *main.Pool, not *main.Store")
	storeOf(new(Pool))
}

//go:noinline
func summerOf(v interface{}) summer {
	return v.(summer) // want assert-nil: failed type assertion in main.summerOf
}

func assertNil() {
	want("goroutine", id())
	want("text", "interface conversion: interface is nil, not main.summer")
	summerOf(nil)
}

//go:noinline
func readerOf(v interface{}) io.Reader {
	return v.(io.Reader) // want assert-missing: failed type assertion in main.readerOf
}

func assertMissing() {
	want("goroutine", id())
	want("text", "interface conversion: *main.Store is not io.Reader: missing method Read")
	readerOf(new(Store))
}

//go:noinline
func average(sum, n int) int {
	return sum / n // want divide: integer divide by zero in main.average
}

func divide() {
	want("goroutine", id())
	want("text", "runtime error: integer divide by zero")
	average(7, len(os.Args)-2)
}

//go:noinline
func grow(n int) []byte {
	return make([]byte, n) // want memory: out of memory in main.grow
}

// Under a limit on the address space.
func memory() {
	want("goroutine", id())
	for size := 1 << 30; ; size *= 2 {
		keep = append(keep, grow(size))
		fmt.Fprintln(os.Stderr, "got", size)
	}
}

var keep [][]byte

type node struct {
	next *node
	data [32]int
}

//go:noinline
func (n *node) depth() int { // want stack: stack overflow in main.(*node).depth
	if n == nil {
		return 0
	}
	return 1 + n.next.depth()
}

func stack() {
	n := new(node)
	n.next = n
	debug.SetMaxStack(1 << 18)
	want("goroutine", id())
	want("text", "stack overflow")
	n.depth()
}

//go:noinline
func (n *node) even() bool { // want stack-mutual: stack overflow in main.(*node).even
	return n == nil || n.next.odd()
}

//go:noinline
func (n *node) odd() bool { // want stack-mutual: stack overflow in main.(*node).odd
	return n != nil && n.next.even()
}

func stackMutual() {
	n := new(node)
	n.next = n
	debug.SetMaxStack(1 << 18)
	want("goroutine", id())
	n.even()
}
