// SPDX-License-Identifier: Apache-2.0

package main

// A Store has a field behind 72 bytes of others.
type Store struct {
	counters [9]uint64
	hits     int
	entries  map[string]string
}

//go:noinline
func (s *Store) Hit() {
	s.hits++ // want nil-receiver: nil dereference in main.(*Store).Hit
}

//go:noinline
func find(stores map[string]*Store, name string) *Store {
	return stores[name]
}

func nilField() {
	stores := map[string]*Store{"a": new(Store)}
	done := make(chan int)
	go func() {
		want("goroutine", id())
		want("fault", "0x48")
		want("signal", "SIGSEGV")
		countHit(stores, "b")
		done <- 1
	}()
	<-done
}

//go:noinline
func countHit(stores map[string]*Store, name string) int {
	s := find(stores, name)
	return s.hits // want nil-field: nil dereference in main.countHit
}

func nilReceiver() {
	want("goroutine", id())
	want("fault", "0x48")
	want("signal", "SIGSEGV")
	find(map[string]*Store{}, "x").Hit()
}

// A Point has its method on the value.
type Point struct{ X, Y int }

func (p Point) Sum() int { return p.X + p.Y }

type summer interface{ Sum() int }

//go:noinline
func sumOf(s summer) int {
	return s.Sum() // want nil-value-method: nil dereference in main.sumOf
}

func nilValueMethod() {
	var p *Point

	want("goroutine", id())
	sumOf(p)
}

//go:noinline
func total(all []summer) (sum int) {
	for _, s := range all {
		sum += s.Sum() // want nil-interface: nil dereference in main.total
	}
	return sum
}

func nilInterface() {
	want("goroutine", id())
	want("signal", "SIGSEGV")
	total([]summer{Point{1, 2}, nil})
}

// Hooks are called when something happens.
type Hooks struct {
	before, after func(int) int
}

//go:noinline
func (h *Hooks) run(n int) int {
	n = h.before(n)
	return h.after(n) // want nil-func: nil dereference in main.(*Hooks).run
}

func nilFunc() {
	want("goroutine", id())
	want("fault", "0x0")
	want("signal", "SIGSEGV")
	h := &Hooks{before: func(n int) int { return n + 1 }}
	h.run(1)
}

//go:noinline
func (s *Store) put(key, value string) {
	s.entries[key] = value // want map-nil: write to a nil map in main.(*Store).put
}

func mapNil() {
	s := new(Store)
	want("goroutine", id())
	want("text", "assignment to entry in nil map")
	s.put("a", "b")
}
