// SPDX-License-Identifier: Apache-2.0

// Command probe is never run: it is built by each toolchain so that the
// debug information of the result describes every type that go_fields.def
// names. The linker drops types that nothing uses.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"reflect"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type node struct {
	mu   sync.Mutex
	rw   sync.RWMutex
	wg   sync.WaitGroup
	once sync.Once
	cond *sync.Cond
	next map[string]*node
}

func (n *node) wait() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rw.RLock()
	defer n.rw.RUnlock()
	n.once.Do(func() { n.cond = sync.NewCond(&n.mu) })
	n.cond.Wait()
	n.wg.Wait()
}

func connect(ctx context.Context) error {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		defer l.Close()
	}
	if p, err := net.ListenPacket("udp", "127.0.0.1:0"); err == nil {
		defer p.Close()
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", "/nonexistent")
	if err == nil {
		c.Close()
	}
	return err
}

func main() {
	n := &node{next: map[string]*node{os.Args[0]: nil}}
	runtime.SetFinalizer(n, func(*node) {})

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels("a", "b")))

	c := make(chan error)
	go func() { c <- connect(ctx) }()
	go n.wait()
	time.AfterFunc(time.Hour, cancel)
	select {
	case err := <-c:
		fmt.Println(err)
	case <-time.NewTicker(time.Hour).C:
	case <-time.After(time.Hour):
	case <-ctx.Done():
	}

	f, err := os.Open(os.Args[0])
	defer f.Close()
	fmt.Println(reflect.TypeOf(n), len(n.next), err)
	panic("probe")
}
