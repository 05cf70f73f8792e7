// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"syscall"
	"time"
)

// begun starts tasks and regions before the trace does; the function ends them.
func begun() (context.Context, func()) {
	ctx, task := trace.NewTask(context.Background(), "before")
	region := trace.StartRegion(ctx, "region before")
	return ctx, func() {
		region.End()
		task.End()
	}
}

func annotate(early context.Context) {
	ctx, task := trace.NewTask(context.Background(), "request")
	trace.Log(ctx, "key", "value <&> \"quoted\" \x1b[31m \u202e \xff")
	trace.WithRegion(ctx, "outer", func() {
		trace.WithRegion(ctx, "inner", func() {
			inner, sub := trace.NewTask(ctx, "part")
			trace.Logf(inner, "", "step %d", 1)
			sub.End()
			sub.End()
		})
	})
	trace.Log(context.Background(), "", "no task")
	trace.Log(early, "early", "a task from before the trace")
	done := make(chan bool)
	go func() {
		// Open when the goroutine ends.
		trace.StartRegion(ctx, "left open")
		trace.WithRegion(context.Background(), "background", func() {
			time.Sleep(time.Millisecond)
		})
		close(done)
	}()
	<-done
	task.End()
	// Never ended; and a goroutine that stays in a region.
	open, _ := trace.NewTask(early, "open")
	go func() {
		trace.WithRegion(open, "stays", func() { select {} })
	}()
	runtime.Gosched()
}

func exchange() {
	c, d := make(chan int), make(chan int, 3)
	go func() {
		for i := 0; i < 50; i++ {
			c <- i
		}
		close(c)
	}()
	go func() {
		for i := range c {
			select {
			case d <- i:
			case <-time.After(time.Second):
			}
		}
		close(d)
	}()
	for range d {
	}
}

func contend() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 20; i++ {
				mu.Lock()
				time.Sleep(50 * time.Microsecond)
				mu.Unlock()
				rw.RLock()
				rw.RUnlock()
				rw.Lock()
				runtime.Gosched()
				rw.Unlock()
			}
		}()
	}
	wg.Wait()
}

func yield() {
	done := make(chan bool)
	for i := 0; i < 3; i++ {
		go func() {
			for i := 0; i < 30; i++ {
				runtime.Gosched()
			}
			done <- true
		}()
	}
	for i := 0; i < 3; i++ {
		<-done
	}
}

// spin keeps n goroutines busy.
func spin(n int, d time.Duration) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for start := time.Now(); time.Since(start) < d; {
			}
		}()
	}
	wg.Wait()
}

func preempt() {
	spin(2*runtime.GOMAXPROCS(0), 25*time.Millisecond)
}

func talk() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		conn, err := l.Accept()
		if err == nil {
			io.Copy(conn, conn)
			conn.Close()
		}
		l.Close()
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	buf := make([]byte, 64)
	for i := 0; i < 10; i++ {
		conn.Write(buf)
		io.ReadFull(conn, buf)
		time.Sleep(200 * time.Microsecond)
	}
	conn.Close()
}

// call makes system calls, those that block among them.
func call() {
	for i := 0; i < 5; i++ {
		os.Stat("/")
		syscall.Getppid()
	}
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			ts := syscall.NsecToTimespec(3e6)
			syscall.Nanosleep(&ts, nil)
		}()
	}
	wg.Wait()
}

// threads ends a goroutine with its thread.
func threads() {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		done <- true
	}()
	<-done
}
