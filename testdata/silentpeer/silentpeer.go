// SPDX-License-Identifier: Apache-2.0

// Package silentpeer asks a database and feeds replicas over TCP.
package silentpeer

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

func open() net.Listener {
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

type query struct {
	conn    net.Conn
	answers chan [16]byte
}

//go:noinline
func (q *query) readAnswer() {
	var answer [16]byte
	io.ReadFull(q.conn, answer[:]) // want: network-wait 8 "IO wait"
	q.answers <- answer
}

// ask has no deadline.
//
//go:noinline
func (q *query) ask() [16]byte {
	q.conn.Write([]byte("SELECT"))
	go q.readAnswer()
	return <-q.answers
}

// askWithin has one, for the connection and for itself.
func (q *query) askWithin(d time.Duration) (answer [16]byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	q.conn.SetDeadline(time.Now().Add(d))
	q.conn.Write([]byte("SELECT"))
	go q.readAnswer()
	select {
	case answer = <-q.answers:
		return answer, nil
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

type replica struct{ conn net.Conn }

//go:noinline
func (r *replica) push(log []byte, done *sync.WaitGroup) {
	defer done.Done()
	r.conn.Write(log) // want: network-wait 4 "IO wait"
}

// replicate waits until all replicas have the log.
//
//go:noinline
func replicate(replicas []*replica, log []byte) {
	var done sync.WaitGroup
	for _, r := range replicas {
		done.Add(1)
		go r.push(log, &done)
	}
	done.Wait()
}

// silence accepts, and neither reads nor writes.
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

// Defect's database and replicas have stopped answering and reading.
func Defect() {
	database, mirror := open(), open()
	go silence(database)
	go silence(mirror)
	for i := 0; i < 8; i++ {
		go (&query{dial(database), make(chan [16]byte, 1)}).ask()
	}
	var replicas []*replica
	for i := 0; i < 4; i++ {
		replicas = append(replicas, &replica{dial(mirror)})
	}
	go replicate(replicas, make([]byte, 16<<20))
}

type session struct{ conn net.Conn }

// serve waits for the next request, as long as it takes.
func (s *session) serve() {
	var request, answer [16]byte
	for {
		n, err := s.conn.Read(request[:])
		if err != nil {
			return
		}
		if string(request[:n]) == "SELECT" {
			s.conn.Write(answer[:])
		}
	}
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go (&session{c}).serve()
	}
}

// drain reads all that comes.
func drain(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go io.Copy(io.Discard, c)
	}
}

// pool keeps connections that were used once.
func pool(database net.Listener) {
	var idle []*query
	for i := 0; i < 6; i++ {
		q := &query{dial(database), make(chan [16]byte, 1)}
		q.ask()
		idle = append(idle, q)
	}
	for {
		time.Sleep(time.Hour)
		for _, q := range idle {
			q.ask()
		}
	}
}

// Healthy has idle connections on both sides, replicas that have read all, and
// six slow queries, which end within an hour.
func Healthy() {
	database, slow, mirror := open(), open(), open()
	go accept(database)
	go silence(slow)
	go drain(mirror)
	go pool(database)
	for i := 0; i < 6; i++ {
		go (&query{dial(slow), make(chan [16]byte, 1)}).askWithin(time.Hour)
	}
	var replicas []*replica
	for i := 0; i < 4; i++ {
		replicas = append(replicas, &replica{dial(mirror)})
	}
	replicate(replicas, make([]byte, 1<<20))
	time.Sleep(50 * time.Millisecond)
}
