// SPDX-License-Identifier: Apache-2.0

// Package network waits for peers over TCP.
package network

import (
	"io"
	"net"
	"sync"
	"time"
)

func listen() net.Listener {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return l
}

func dial(l net.Listener) net.Conn {
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		panic(err)
	}
	return c
}

// Upstream is the service that answers calls.
type Upstream struct {
	listener net.Listener
}

type call struct {
	conn   net.Conn
	answer [16]byte
}

//go:noinline
func (c *call) readAnswer() error {
	_, err := io.ReadFull(c.conn, c.answer[:]) // want: network-wait 5 "IO wait"
	return err
}

func (u *Upstream) ask(wg *sync.WaitGroup) {
	defer wg.Done()
	c := &call{conn: dial(u.listener)}
	defer c.conn.Close()
	c.conn.Write([]byte("PING"))
	c.readAnswer()
}

// gather asks five times at once and waits for all answers.
func (u *Upstream) gather() {
	var wg sync.WaitGroup
	for i := 0; i < 5; i++ {
		wg.Add(1)
		go u.ask(&wg)
	}
	wg.Wait()
}

// silence accepts calls and does not answer.
func silence(l net.Listener) {
	var held []net.Conn
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		held = append(held, c)
	}
}

// Defect calls without a deadline what does not answer.
func Defect() {
	l := listen()
	go silence(l)
	go (&Upstream{l}).gather()
}

func serve(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 64)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		c.Write(buf[:n])
	}
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}

// client keeps connections to three sessions and asks once an hour.
func client(l net.Listener, connected *sync.WaitGroup) {
	var conns []net.Conn
	buf := make([]byte, 64)
	for i := 0; i < 3; i++ {
		c := dial(l)
		c.Write([]byte("HELLO"))
		c.Read(buf)
		conns = append(conns, c)
	}
	connected.Done()
	for {
		time.Sleep(time.Hour)
		for _, c := range conns {
			c.Write([]byte("PING"))
			c.Read(buf)
		}
	}
}

// Healthy is an idle server: two listeners, three sessions.
func Healthy() {
	public, admin := listen(), listen()
	go accept(public)
	go accept(admin)
	var connected sync.WaitGroup
	connected.Add(1)
	go client(public, &connected)
	connected.Wait()
}
