// SPDX-License-Identifier: Apache-2.0

// Package hung has services that are hung and not leaked: all that they wait
// for can still come, and does not.
package hung

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Age makes the waits older than a second, by two collections at least.
func Age(d time.Duration) {
	for i := 0; i < 3; i++ {
		time.Sleep(200 * time.Millisecond)
		runtime.GC()
	}
	time.Sleep(d)
}

// ---- a peer that is silent

// What nobody refers to is closed by its finalizer.
var silent, asked []net.Conn

// upstream accepts and never answers.
func upstream() net.Listener {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "hello")
			silent = append(silent, c)
		}
	}()
	return l
}

func dial(l net.Listener) net.Conn {
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		panic(err)
	}
	var hello [5]byte
	io.ReadFull(c, hello[:])
	asked = append(asked, c)
	return c
}

//go:noinline
func readAnswer(c net.Conn) byte {
	var answer [1]byte
	c.Read(answer[:]) // want: waiting-on-peer 6 "IO wait"
	return answer[0]
}

//go:noinline
func readInTime(c net.Conn) byte {
	var answer [1]byte
	c.SetReadDeadline(time.Now().Add(time.Hour))
	c.Read(answer[:])
	return answer[0]
}

func peers(n int, read func(net.Conn) byte) {
	l := upstream()
	for i := 0; i < n; i++ {
		go read(dial(l))
	}
}

// ---- a pool

type fakeDriver struct{}
type fakeConn struct{}
type fakeTx struct{}

func (fakeDriver) Open(string) (driver.Conn, error)  { return fakeConn{}, nil }
func (fakeConn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("no statements") }
func (fakeConn) Close() error                        { return nil }
func (fakeConn) Begin() (driver.Tx, error)           { return fakeTx{}, nil }
func (fakeTx) Commit() error                         { return nil }
func (fakeTx) Rollback() error                       { return nil }
func openPool() *sql.DB {
	db, err := sql.Open("hung", "")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(2)
	return db
}

func init() { sql.Register("hung", fakeDriver{}) }

//go:noinline
func transact(db *sql.DB, d time.Duration) {
	tx, err := db.BeginTx(context.Background(), nil) // want: pool-exhausted 4 "select"
	if err != nil {
		panic(err)
	}
	time.Sleep(d)
	tx.Rollback()
}

// ---- a semaphore

//go:noinline
func acquire(places chan struct{}) {
	places <- struct{}{} // want: semaphore-exhausted 4 "chan send"
}

func limited(places chan struct{}, d time.Duration) {
	acquire(places)
	time.Sleep(d)
	<-places
}

// ---- threads

func pipe() (int, int) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		panic(err)
	}
	return fds[0], fds[1]
}

//go:noinline
func readBlocking(fd int) {
	var b [1]byte
	syscall.Read(fd, b[:]) // want: thread-explosion 60 "syscall"
}

// ---- a shutdown of workers

type workers struct {
	wg sync.WaitGroup
}

func (w *workers) start(n int, d time.Duration) {
	for i := 0; i < n; i++ {
		w.wg.Add(1)
		go func() {
			defer w.wg.Done()
			time.Sleep(d)
		}()
	}
}

//go:noinline
func (w *workers) Stop() {
	w.wg.Wait() // want: shutdown-waits 1 "semacquire|sync.WaitGroup.Wait"
}

// ---- tickers

var ticks struct {
	sync.Mutex
	n int
}

//go:noinline
func watch(d time.Duration) {
	for range time.NewTicker(d).C { // 12 of them: ticker-never-stopped, a note
		ticks.Lock()
		ticks.n++
		ticks.Unlock()
	}
}

//go:noinline
func watchUntil(ctx context.Context, d time.Duration) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

func times(n int, f func()) {
	for i := 0; i < n; i++ {
		go f()
	}
}

// Defect has all of them at once.
func Defect() {
	peers(6, readAnswer)
	db := openPool()
	places := make(chan struct{}, 2)
	r, _ := pipe()
	w := &workers{}
	w.start(3, time.Hour)
	go w.Stop()
	times(2, func() { transact(db, time.Hour) })
	times(2, func() { limited(places, time.Hour) })
	time.Sleep(50 * time.Millisecond)
	times(4, func() { transact(db, 0) })
	times(4, func() { limited(places, 0) })
	times(60, func() { readBlocking(r) })
	times(12, func() { watch(time.Hour) })
	Age(1500 * time.Millisecond)
}

func repeat(f func()) {
	for {
		f()
	}
}

// Healthy is as busy, and nothing hangs.
func Healthy() {
	peers(6, readInTime)
	for i := 0; i < 4; i++ {
		peers(1, readAnswer)
	}
	db := openPool()
	places := make(chan struct{}, 2)
	w := &workers{}
	w.start(3, 100*time.Millisecond)
	go w.Stop()
	times(4, func() { repeat(func() { transact(db, time.Millisecond) }) })
	times(3, func() { repeat(func() { limited(places, time.Millisecond) }) })
	r, out, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	_ = out
	times(4, func() { r.Read(make([]byte, 1)) })
	ctx, stop := context.WithCancel(context.Background())
	times(12, func() { watchUntil(ctx, 10*time.Millisecond) })
	Age(1500 * time.Millisecond)
	keep = []interface{}{db, places, w, r, out, stop}
}

var keep []interface{}

// ---- more than can run

var spun [512]struct {
	n uint64
	_ [56]byte
}

//go:noinline
func spin(i int) {
	for {
		spun[i].n++
	}
}

// PileUp prints "ready" when more goroutines can run than ever will.
func PileUp() {
	// The last to be started is the first to run: who has printed parks.
	runtime.GOMAXPROCS(2)
	for i := 0; i < 500; i++ {
		go spin(i)
	}
	os.Stdout.WriteString("ready\n")
	select {}
}
