// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Goroutines that wait, each in its own way.
type parked struct {
	receive, send, selected chan int
	mutex                   sync.Mutex
	reader, writer          sync.RWMutex
	group                   sync.WaitGroup
	cond                    *sync.Cond
	listener                net.Listener
	conn                    net.Conn
	pipe                    int
}

func park() *parked {
	p := &parked{
		receive:  make(chan int),
		send:     make(chan int),
		selected: make(chan int),
		cond:     sync.NewCond(&sync.Mutex{}),
	}
	p.parkChannels()
	p.parkLocks()
	p.parkForever()
	p.parkNetwork()
	p.parkSyscall()
	go func() { time.Sleep(time.Hour) }()
	go func() { time.Sleep(30 * time.Millisecond) }()
	go func() { <-time.After(20 * time.Millisecond) }()
	settle()
	return p
}

func (p *parked) parkChannels() {
	go func() { <-p.receive }()
	go func() { p.send <- 1 }()
	go func() {
		select {
		case <-p.selected:
		case p.selected <- 1:
		}
	}()
}

func (p *parked) parkLocks() {
	p.mutex.Lock()
	p.reader.Lock()
	p.writer.RLock()
	p.group.Add(1)
	go func() { p.mutex.Lock() }()
	go func() { p.reader.RLock() }()
	go func() { p.writer.Lock() }()
	go func() { p.group.Wait() }()
	go func() {
		p.cond.L.Lock()
		p.cond.Wait()
		p.cond.L.Unlock()
	}()
}

func (p *parked) parkForever() {
	var none chan int
	go func() { select {} }()
	go func() { <-none }()
	go func() { none <- 1 }()
}

func (p *parked) parkNetwork() {
	var err error
	if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := p.listener.Accept()
			if err != nil {
				return
			}
			// Nothing is ever sent.
			go conn.Read(make([]byte, 1))
		}
	}()
	if p.conn, err = net.Dial("tcp", p.listener.Addr().String()); err != nil {
		panic(err)
	}
	go p.conn.Read(make([]byte, 1))
}

// A pipe that blocks in the kernel, not in the poller.
func (p *parked) parkSyscall() {
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		panic(err)
	}
	p.pipe = ends[1]
	go syscall.Read(ends[0], make([]byte, 1))
}

// release lets most of them go on.
func (p *parked) release() {
	p.receive <- 1
	<-p.send
	p.selected <- 1
	p.mutex.Unlock()
	p.reader.Unlock()
	p.writer.RUnlock()
	p.group.Done()
	p.cond.Broadcast()
	p.listener.Close()
	p.conn.Close()
	syscall.Write(p.pipe, []byte{1})
	settle()
	os.Getpid()
}
