// SPDX-License-Identifier: Apache-2.0

// Package truth is how a program says what is true of its own goroutines: each
// says before it blocks what it is about to wait for, and Tell writes that as
// lines of JSON, with what the program counts of itself. Nothing here comes
// from a core.
package truth

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// F is what is known of one object, or of one goroutine.
type F map[string]interface{}

// Range is a number that is known to lie between two.
type Range struct{ Min, Max int64 }

type record struct {
	goroutine uint64
	function  string
	shape     string
	waits     []F
}

var (
	mu      sync.Mutex
	records []*record
	lines   []F
	late    []func()
)

// Nanotime is the clock that the runtime has: CLOCK_MONOTONIC.
func Nanotime() int64 {
	var ts syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

// Goid is the number of the goroutine that calls, by the runtime's own text.
func Goid() uint64 {
	var buf [64]byte
	text := buf[:runtime.Stack(buf[:], false)]
	n := uint64(0)
	for _, c := range text[len("goroutine "):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// Hex is an address as it is written.
func Hex(p uintptr) string { return "0x" + strconv.FormatUint(uint64(p), 16) }

// At is the address of what p points to.
func At(p unsafe.Pointer) string { return Hex(uintptr(p)) }

func caller() string {
	pc, _, _, _ := runtime.Caller(2)
	return runtime.FuncForPC(pc).Name()
}

// Waits says what the goroutine that calls waits for from here on.
func Waits(waits ...F) {
	r := &record{goroutine: Goid(), function: caller(), waits: waits}
	mu.Lock()
	records = append(records, r)
	mu.Unlock()
}

// WaitsAs says it of another goroutine or function.
func WaitsAs(goroutine uint64, function string, waits ...F) {
	mu.Lock()
	records = append(records, &record{goroutine: goroutine, function: function, waits: waits})
	mu.Unlock()
}

// Line adds a line of another kind.
func Line(f F) {
	mu.Lock()
	lines = append(lines, f)
	mu.Unlock()
}

// Later has f complete facts when all is parked.
func Later(f func()) {
	mu.Lock()
	late = append(late, f)
	mu.Unlock()
}

// Chan is a channel's side.
func Chan(op string, c interface{}) F {
	v := reflect.ValueOf(c)
	elem := v.Type().Elem()
	f := F{"kind": "chan", "op": op, "address": Hex(v.Pointer()),
		"element_type": elem.String(), "element_bytes": int64(elem.Size()),
		"closed": false, "timer": nil}
	Later(func() {
		f["length"], f["capacity"] = int64(v.Len()), int64(v.Cap())
		f["senders"], f["receivers"] = count(f, "send"), count(f, "receive")
	})
	return f
}

// Of is an object that has no more than an address and what is said of it.
func Of(kind, op string, p unsafe.Pointer, more F) F {
	f := F{"kind": kind, "op": op, "address": At(p)}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// count is how many say that they wait for the object of f with op.
func count(f F, op string) int64 {
	n := int64(0)
	for _, r := range records {
		for _, w := range r.waits {
			if w["kind"] == f["kind"] && w["address"] == f["address"] && w["op"] == op {
				n++
			}
		}
	}
	return n
}

// Count is count for those that come with Later.
func Count(f F, op string) int64 { return count(f, op) }

// Settle waits until all is parked.
func Settle() { time.Sleep(300 * time.Millisecond) }

// Tell writes what was said to the file want, and "ready" to who watches.
func Tell() {
	Settle()
	// They set g.waitsince.
	for i := 0; i < 3; i++ {
		runtime.GC()
	}
	for i := 0; i < len(late); i++ {
		late[i]()
	}
	f, err := os.Create(filepath.Join(os.Getenv("CAPTURE_DIR"), "want"))
	if err != nil {
		panic(err)
	}
	sort.Slice(records, func(i, j int) bool { return records[i].goroutine < records[j].goroutine })
	for _, r := range records {
		f.Write(append(text(F{"goroutine": int64(r.goroutine), "function": r.function,
			"waits": r.waits}), '\n'))
	}
	for _, l := range lines {
		f.Write(append(text(l), '\n'))
	}
	f.Close()
	// What is kept here is kept alive by nobody else.
	records, lines, late = nil, nil, nil
	os.Stdout.WriteString("ready\n")
}

func text(v interface{}) []byte {
	switch v := v.(type) {
	case nil:
		return []byte("null")
	case bool:
		return strconv.AppendBool(nil, v)
	case int:
		return strconv.AppendInt(nil, int64(v), 10)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case uint64:
		return strconv.AppendUint(nil, v, 10)
	case string:
		return strconv.AppendQuote(nil, v)
	case Range:
		return text(F{"min": v.Min, "max": v.Max})
	case []F:
		return list(len(v), func(i int) interface{} { return v[i] })
	case []string:
		return list(len(v), func(i int) interface{} { return v[i] })
	case []uint64:
		return list(len(v), func(i int) interface{} { return v[i] })
	case F:
		return object(v)
	}
	panic("a value of another type")
}

func list(n int, at func(int) interface{}) []byte {
	out := []byte{'['}
	for i := 0; i < n; i++ {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(out, text(at(i))...)
	}
	return append(out, ']')
}

func object(f F) []byte {
	keys := make([]string, 0, len(f))
	for k := range f {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := []byte{'{'}
	for i, k := range keys {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = append(append(strconv.AppendQuote(out, k), ": "...), text(f[k])...)
	}
	return append(out, '}')
}
