// SPDX-License-Identifier: Apache-2.0

// Package syscalls makes blocking calls of the kernel, past the poller.
package syscalls

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Tail reads what a child process writes.
type Tail struct {
	fd  int
	buf [512]byte
}

//go:noinline
func (t *Tail) readLine() (int, error) {
	return syscall.Read(t.fd, t.buf[:]) // want: syscall-stuck 3 "syscall"
}

//go:noinline
func acquire(path string) int {
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CREAT, 0o600)
	if err != nil {
		panic(err)
	}
	syscall.Flock(fd, syscall.LOCK_EX) // want: syscall-stuck 1 "syscall"
	return fd
}

// acquireOnThread keeps a thread for the one who waits.
func acquireOnThread(path string, done chan<- int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	done <- acquire(path)
}

func pipe() (r, w int) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	return p[0], p[1]
}

func lockFile() string {
	return filepath.Join(os.TempDir(), "inquest-syscalls.lock")
}

// Defect reads pipes that nobody writes to and waits for a lock that the
// process itself holds.
func Defect() {
	for i := 0; i < 3; i++ {
		r, _ := pipe()
		go (&Tail{fd: r}).readLine()
	}
	acquire(lockFile())
	go acquireOnThread(lockFile(), make(chan int, 1))
	time.Sleep(100 * time.Millisecond)
	os.Remove(lockFile())
}

// Healthy makes the same calls, and each returns.
func Healthy() {
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		r, w := pipe()
		wg.Add(1)
		go func() {
			defer wg.Done()
			(&Tail{fd: r}).readLine()
			syscall.Close(r)
			syscall.Close(w)
		}()
		time.Sleep(10 * time.Millisecond)
		syscall.Write(w, []byte("line\n"))
	}
	wg.Wait()
	syscall.Close(acquire(lockFile()))
	done := make(chan int, 1)
	go acquireOnThread(lockFile(), done)
	syscall.Close(<-done)
	os.Remove(lockFile())
}
