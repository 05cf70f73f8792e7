// SPDX-License-Identifier: Apache-2.0

// Package httpaccept delivers events to callers over ports opened for them.
package httpaccept

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

type event struct{ id int }

// service forgets callers where it is not careful.
type service struct {
	careful bool
	work    time.Duration
}

func open() net.Listener {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return l
}

// callBack waits for the one caller that knows the port.
//
//go:noinline
func callBack(l net.Listener) {
	c, err := l.Accept() // want: leaked-listener 12 "IO wait"
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprintln(c, event{1})
}

// subscribe opens a port for the caller and tells it; nobody closes it.
//
//go:noinline
func (s *service) subscribe(w http.ResponseWriter, r *http.Request) {
	l := open()
	if s.careful {
		l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
		go func() {
			defer l.Close()
			callBack(l)
		}()
	} else {
		go callBack(l)
	}
	fmt.Fprint(w, l.Addr())
}

func (s *service) deliver(ctx context.Context, acks chan<- event) {
	select {
	case <-time.After(s.work):
	case <-ctx.Done():
		return
	}
	select {
	case acks <- event{2}:
	case <-ctx.Done():
	}
}

// publish waits for an acknowledgement that does not come once the client has
// gone.
//
//go:noinline
func (s *service) publish(w http.ResponseWriter, r *http.Request) {
	acks := make(chan event)
	go s.deliver(r.Context(), acks)
	if s.careful {
		select {
		case <-acks:
		case <-r.Context().Done():
		}
		return
	}
	<-acks // want: leaked-goroutine 4 "chan receive"
}

func (s *service) write(ctx context.Context, w io.Writer, events <-chan event) {
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			fmt.Fprintln(w, e)
			time.Sleep(s.work / 4)
			if ctx.Err() != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// follow hands events to a writer that is no longer there once the client has
// gone.
//
//go:noinline
func (s *service) follow(w http.ResponseWriter, r *http.Request) {
	events := make(chan event)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.write(r.Context(), w, events)
	}()
	for i := 0; i < 4; i++ {
		if !s.careful {
			events <- event{i} // want: leaked-goroutine 6 "chan send"
			continue
		}
		select {
		case events <- event{i}:
		case <-r.Context().Done():
			i = 4
		}
	}
	close(events)
	<-done
}

func (s *service) serve() string {
	mux := http.NewServeMux()
	mux.HandleFunc("/subscribe", s.subscribe)
	mux.HandleFunc("/publish", s.publish)
	mux.HandleFunc("/follow", s.follow)
	l := open()
	go http.Serve(l, mux)
	return "http://" + l.Addr().String()
}

func get(client *http.Client, url string) string {
	resp, err := client.Get(url)
	if err != nil {
		return ""
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	return string(body)
}

func getAll(client *http.Client, url string, n int) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			get(client, url)
		}()
	}
	wg.Wait()
}

// Defect's clients do not call back, and give up after 50 ms.
func Defect() {
	url := (&service{work: 400 * time.Millisecond}).serve()
	for i := 0; i < 3; i++ {
		getAll(&http.Client{}, url+"/subscribe", 4)
		time.Sleep(20 * time.Millisecond)
	}
	hasty := &http.Client{Timeout: 50 * time.Millisecond}
	getAll(hasty, url+"/publish", 4)
	getAll(hasty, url+"/follow", 6)
}

// caller subscribes and calls back, publishes and follows, without end.
func caller(client *http.Client, url string) {
	for {
		addr := get(client, url+"/subscribe")
		time.Sleep(5 * time.Millisecond)
		if c, err := net.Dial("tcp4", addr); err == nil {
			io.Copy(io.Discard, c)
			c.Close()
		}
		get(client, url+"/publish")
		get(client, url+"/follow")
		time.Sleep(40 * time.Millisecond)
	}
}

// Healthy serves eight clients that do not stop.
func Healthy() {
	url := (&service{careful: true, work: 4 * time.Millisecond}).serve()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	for i := 0; i < 8; i++ {
		go caller(client, url)
	}
}

// Idle has served its clients, and keeps their connections.
func Idle() {
	url := (&service{careful: true, work: 4 * time.Millisecond}).serve()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	for i := 0; i < 6; i++ {
		if c, err := net.Dial("tcp4", get(client, url+"/subscribe")); err == nil {
			io.Copy(io.Discard, c)
			c.Close()
		}
	}
	getAll(client, url+"/publish", 6)
	getAll(client, url+"/follow", 6)
	go func() {
		for {
			time.Sleep(time.Hour)
			get(client, url+"/publish")
		}
	}()
}
