// SPDX-License-Identifier: Apache-2.0

// Package stucklistener accepts connections where it should not, or cannot
// stop.
package stucklistener

import (
	"net"
	"syscall"
	"time"

	"inquest.test/moment"
)

func open() *net.TCPListener {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return l.(*net.TCPListener)
}

func serve(c net.Conn) {
	defer c.Close()
	c.Write([]byte("HELLO"))
}

// server is told of new settings while it serves.
type server struct {
	listener net.Listener
	settings int
}

//go:noinline
func (s *server) acceptLoop(settings int) {
	for {
		c, err := s.listener.Accept() // want: leaked-listener 15
		if err != nil {
			return
		}
		s.settings = settings
		go serve(c)
	}
}

// onChange starts a loop with the new settings; the one before goes on, too.
//
//go:noinline
func (s *server) onChange(settings int) {
	go s.acceptLoop(settings)
}

// handDown passes the descriptor on to a successor. os.File.Fd makes it
// blocking, and that of the listener is the same open file.
func handDown(l *net.TCPListener) uintptr {
	f, err := l.File()
	if err != nil {
		panic(err)
	}
	syscall.SetNonblock(int(f.Fd()), false)
	return f.Fd()
}

//go:noinline
func untilSuccessor(l net.Listener) {
	for {
		c, err := l.Accept() // want: stuck-listener 1 "syscall"
		if err != nil {
			return
		}
		go serve(c)
	}
}

// Defect accepts on a blocking descriptor, and with every change of settings
// in one more loop.
func Defect() {
	public := open()
	handDown(public)
	go untilSuccessor(public)
	s := &server{listener: open()}
	for i := 0; i < 15; i++ {
		go s.onChange(i)
		time.Sleep(10 * time.Millisecond)
		if i%3 == 2 {
			moment.Snapshot()
			time.Sleep(170 * time.Millisecond)
		}
	}
}

// Healthy has four loops on one listener, one on each of two others, one with
// a deadline, and one whose descriptor was looked at and left alone.
func Healthy() {
	s := &server{listener: open()}
	for i := 0; i < 4; i++ {
		go s.acceptLoop(i)
	}
	for i := 0; i < 2; i++ {
		go (&server{listener: open()}).acceptLoop(i)
	}
	bounded := open()
	bounded.SetDeadline(time.Now().Add(time.Hour))
	go untilSuccessor(bounded)
	handed := open()
	if raw, err := handed.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { syscall.CloseOnExec(int(fd)) })
	}
	go untilSuccessor(handed)
	for i := 0; i < 5; i++ {
		if c, err := net.Dial("tcp4", handed.Addr().String()); err == nil {
			c.Read(make([]byte, 8))
			c.Close()
		}
		moment.Snapshot()
		time.Sleep(100 * time.Millisecond)
	}
}
