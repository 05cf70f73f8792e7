// SPDX-License-Identifier: Apache-2.0

// Package hunghttp has clients and servers of HTTP that are hung.
package hunghttp

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"inquest.test/hung"
)

type server struct {
	http.Server
	url  string
	wait time.Duration
}

//go:noinline
func (s *server) slow(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.wait)
}

func (s *server) page(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, strings.Repeat("page\n", 1000))
}

func start(wait time.Duration) *server {
	s := &server{wait: wait}
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", s.slow)
	mux.HandleFunc("/page", s.page)
	s.Handler = mux
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s.url = "http://" + l.Addr().String()
	go s.Serve(l)
	return s
}

//go:noinline
func (s *server) stop() {
	s.Shutdown(context.Background()) // want: shutdown-hangs 1 "select"
}

func fetch(url string, closes bool) {
	answer, err := http.Get(url)
	if err != nil {
		return
	}
	if closes {
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// Defect never closes what it fetched from one server, and stops another whose
// requests do not end.
func Defect() {
	pages, slow := start(0), start(time.Hour)
	for i := 0; i < 5; i++ {
		fetch(pages.url+"/page", false)
	}
	for i := 0; i < 2; i++ {
		go fetch(slow.url+"/slow", true)
	}
	time.Sleep(100 * time.Millisecond)
	go slow.stop()
	// Texts tell minutes, of which two may be too many.
	hung.Age(250 * time.Second)
}

// Healthy closes all, and stops a server that has nothing to do.
func Healthy() {
	pages, slow := start(0), start(10*time.Millisecond)
	for i := 0; i < 5; i++ {
		fetch(pages.url+"/page", true)
	}
	for i := 0; i < 2; i++ {
		fetch(slow.url+"/slow", true)
	}
	go slow.stop()
	hung.Age(250 * time.Second)
}
