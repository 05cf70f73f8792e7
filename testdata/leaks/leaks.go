// SPDX-License-Identifier: Apache-2.0

// Package leaks has goroutines that leak in every shape that is known, and
// beside each some that only look so. Each says before it blocks what is true of
// it, and at the end the program says what its runtime counts. It builds with
// every Go from 1.18 on: what younger ones have besides is in files of its own.
//
// Nothing that lives on may refer to what the leaked ones wait for. So every
// shape is built in a goroutine of its own that ends, and what is noted is
// numbers and texts.
package leaks

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"inquest.test/truth"
)

// shapes are all that Run builds, by file.
var shapes []func()

func shape(f ...func()) { shapes = append(shapes, f...) }

type record struct {
	goroutine                           uint64
	function, shape, truth, cause, note string
}

type price struct {
	shape    string
	min, max int
}

var (
	mu      sync.Mutex
	records []record
	prices  []price
)

func note(shape, truth_, cause, note string) {
	pc, _, _, _ := runtime.Caller(2)
	r := record{truth.Goid(), runtime.FuncForPC(pc).Name(), shape, truth_, cause, note}
	mu.Lock()
	records = append(records, r)
	mu.Unlock()
}

// leaked says that nothing that can run refers to what the goroutine that calls
// waits for from here on. The cause is one of analyzer/model/leak_causes.def, several with
// "|" between them where each is true, or empty: not told.
func leaked(shape, cause string) { note(shape, "leaked", cause, "") }

// stale says the same, where a word that is dead has the address of the object.
func stale(shape, cause string) { note(shape, "leaked", cause, "stale") }

// kept says that nobody will wake the goroutine that calls, but that something
// refers to what it waits for: no proof may be given.
func kept(shape, by string) { note(shape, "kept", "", by) }

// silent says that nobody will wake the goroutine that calls, but that it waits in
// a way of which the runtime says nothing either.
func silent(shape, why string) { note(shape, "silent", "", why) }

// Of those with the truth "either" both answers are right; the note says why.

// healthy says that somebody will wake it.
func healthy(shape string) { note(shape, "healthy", "", "") }

// costs says how many bytes of the heap the leaked goroutines of a shape alone keep.
func costs(shape string, min, max int) {
	mu.Lock()
	prices = append(prices, price{shape, min, max})
	mu.Unlock()
}

// soon is when what was begun has come to stand.
func soon() { time.Sleep(50 * time.Millisecond) }

// A gate orders what would else be a race on a busy machine. It refers to nothing.
type gate int32

func (g *gate) open() { atomic.StoreInt32((*int32)(g), 1) }

func (g *gate) wait() {
	for atomic.LoadInt32((*int32)(g)) == 0 {
		time.Sleep(time.Millisecond)
	}
}

// forEver is how long owners sleep who will do their duty.
const forEver = 1000 * time.Hour

func quoted(key, value string) string { return strconv.Quote(key) + ": " + strconv.Quote(value) }

func (r *record) line() string {
	cause := "null"
	if r.cause != "" {
		cause = strconv.Quote(r.cause)
	}
	return `{"goroutine": ` + strconv.FormatUint(r.goroutine, 10) + ", " +
		quoted("function", r.function) + ", " + quoted("shape", r.shape) + ", " +
		quoted("truth", r.truth) + `, "cause": ` + cause + ", " + quoted("note", r.note) + "}\n"
}

func (p *price) line() string {
	return "{" + quoted("costs", p.shape) + `, "min": ` + strconv.Itoa(p.min) +
		`, "max": ` + strconv.Itoa(p.max) + "}\n"
}

// tell writes all to the file truth. It stays open: the counts come at the end.
func tell() int {
	mu.Lock()
	defer mu.Unlock()
	name := filepath.Join(os.Getenv("CAPTURE_DIR"), "truth")
	fd, err := syscall.Open(name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC, 0o644)
	if err != nil {
		panic(err)
	}
	var text []byte
	for i := range records {
		text = append(text, records[i].line()...)
	}
	for i := range prices {
		text = append(text, prices[i].line()...)
	}
	syscall.Write(fd, text)
	records, prices = nil, nil
	return fd
}

var (
	stats runtime.MemStats
	buf   [2048]byte
)

func count(out []byte, key string, n uint64) []byte {
	if out[len(out)-1] != '{' {
		out = append(out, ", "...)
	}
	out = append(append(append(out, '"'), key...), `": `...)
	return strconv.AppendUint(out, n, 10)
}

// counted writes what the runtime counts. Nothing is allocated after it was read.
func counted(fd int) {
	runtime.ReadMemStats(&stats)
	out := append(buf[:0], `{"memstats": {`...)
	out = count(out, "Alloc", stats.Alloc)
	out = count(out, "HeapAlloc", stats.HeapAlloc)
	out = count(out, "HeapObjects", stats.HeapObjects)
	out = count(out, "HeapInuse", stats.HeapInuse)
	out = count(out, "HeapIdle", stats.HeapIdle)
	out = count(out, "HeapSys", stats.HeapSys)
	out = count(out, "StackInuse", stats.StackInuse)
	out = count(out, "StackSys", stats.StackSys)
	out = count(out, "MSpanInuse", stats.MSpanInuse)
	out = count(out, "MCacheInuse", stats.MCacheInuse)
	out = count(out, "Mallocs", stats.Mallocs)
	out = count(out, "Frees", stats.Frees)
	out = count(out, "TotalAlloc", stats.TotalAlloc)
	out = count(out, "NextGC", stats.NextGC)
	out = count(out, "NumGC", uint64(stats.NumGC))
	out = append(out, `}, "by_size": [`...)
	for i := range stats.BySize {
		s := &stats.BySize[i]
		if s.Mallocs == s.Frees {
			continue
		}
		if out[len(out)-1] != '[' {
			out = append(out, ", "...)
		}
		out = strconv.AppendUint(append(out, '['), uint64(s.Size), 10)
		out = strconv.AppendUint(append(out, ", "...), s.Mallocs-s.Frees, 10)
		out = append(out, ']')
	}
	out = append(out, "]}\n"...)
	syscall.Write(fd, out)
}

func build() {
	for _, f := range shapes {
		go f()
	}
	time.Sleep(600 * time.Millisecond)
}

// collect has the heap hold what is reachable, and each g say since when it waits.
func collect() {
	for i := 0; i < 3; i++ {
		runtime.GC()
		time.Sleep(20 * time.Millisecond) // finalizers
	}
}

var ready = []byte("ready\n")

// Run does not return.
func Run() {
	build()
	fd := tell()
	collect()
	counted(fd)
	syscall.Write(1, ready)
	time.Sleep(forEver)
}

// There is no other way to see whether a file is there that allocates nothing.
var askName = []byte("ask\x00")

func address(text []byte) uintptr { return uintptr(unsafe.Pointer(&text[0])) }

// asked is when whoever watches wants to hear what the runtime finds.
func asked() {
	const atCwd = -100
	for {
		_, _, err := syscall.RawSyscall(syscall.SYS_FACCESSAT, ^uintptr(-atCwd-1),
			address(askName), 0)
		if err == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// RunJudged lets a core be taken first; then the runtime itself looks for leaks and
// writes what it finds.
func RunJudged() {
	build()
	fd := tell()
	collect()
	counted(fd)
	syscall.Write(1, []byte("halt\n"))
	asked()
	judge()
	syscall.Write(1, ready)
	time.Sleep(forEver)
}

// RunMain has main itself hold, in select {}, what another waits for.
func RunMain() {
	c := make(chan int)
	go func() {
		leaked("main-select", "")
		<-c
	}()
	build()
	go func() {
		time.Sleep(100 * time.Millisecond)
		fd := tell()
		collect()
		if judge != nil {
			judge()
		}
		counted(fd)
		syscall.Write(1, ready)
		// Else nothing could run, and the runtime would end the process.
		time.Sleep(forEver)
	}()
	defer func() { c <- 1 }()
	select {}
}

// judge has the runtime find what leaked; nil where it cannot.
var judge func()
