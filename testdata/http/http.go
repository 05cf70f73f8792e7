// SPDX-License-Identifier: Apache-2.0

// Package httpcase exports rows over HTTP.
package httpcase

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

type row struct{ id int }

type api struct {
	rows  int
	pause time.Duration
}

// writeRows returns when the client goes away.
func (a *api) writeRows(ctx context.Context, w io.Writer, rows <-chan row) {
	for {
		select {
		case r, ok := <-rows:
			if !ok {
				return
			}
			fmt.Fprintf(w, "%d\n", r.id)
			time.Sleep(a.pause)
		case <-ctx.Done():
			return
		}
	}
}

//go:noinline
func (a *api) export(w http.ResponseWriter, r *http.Request) {
	rows := make(chan row)
	go a.writeRows(r.Context(), w, rows)
	for i := 0; i < a.rows; i++ {
		rows <- row{i} // want: leaked-goroutine 5 "chan send"
	}
	close(rows)
}

func (a *api) health(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "ok")
}

func (a *api) serve() string {
	mux := http.NewServeMux()
	mux.HandleFunc("/export", a.export)
	mux.HandleFunc("/health", a.health)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, mux)
	return "http://" + l.Addr().String()
}

func get(client *http.Client, url string) {
	resp, err := client.Get(url)
	if err != nil {
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
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

// Defect's clients give up after 50 ms; the handlers do not notice.
func Defect() {
	url := (&api{rows: 1000, pause: 10 * time.Millisecond}).serve()
	getAll(&http.Client{Timeout: 50 * time.Millisecond}, url+"/export", 5)
}

// Healthy is an idle server with idle keep-alive connections.
func Healthy() {
	url := (&api{rows: 4}).serve()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	getAll(client, url+"/export", 4)
	getAll(client, url+"/health", 4)
	go func() {
		for {
			time.Sleep(time.Hour)
			get(client, url+"/health")
		}
	}()
}
