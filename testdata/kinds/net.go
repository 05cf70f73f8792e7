// SPDX-License-Identifier: Apache-2.0

//go:build !lean

package main

import (
	"context"
	"net"
	"path/filepath"
	"reflect"
	"runtime/pprof"
	"sort"
	"time"
)

func init() { more = append(more, sockets, labels, library) }

func accepting(l net.Listener) { l.Accept() }

func reading(c net.Conn) { c.Read(make([]byte, 1)) }

// connect makes the two ends of a connection.
func connect(network, address string) net.Listener {
	l, err := net.Listen(network, address)
	must(err)
	c, err := net.Dial(network, l.Addr().String())
	must(err)
	s, err := l.Accept()
	must(err)
	ends = append(ends, c)
	go reading(s)
	return l
}

var ends []net.Conn

func sockets() {
	go accepting(connect("tcp4", "127.0.0.1:0"))
	// An abstract address leaves no file behind.
	go accepting(connect("unix", "@"+filepath.Base(time.Now().Format("kinds-150405.000000000"))))
}

func labelled(context.Context) { <-forEver }

func labels() {
	ctx := pprof.WithLabels(context.Background(), pprof.Labels("tenant", "acme"))
	for i := 0; i < 2; i++ {
		go pprof.Do(ctx, pprof.Labels("request", `42 "quoted"`), labelled)
	}
}

func cancelled(ctx context.Context) { <-ctx.Done() }

// library calls back from assembly and from code without its own lines.
func library() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	cancels = append(cancels, cancel)
	go cancelled(ctx)
	g := gate(forEver)
	go reflect.ValueOf(g.waitHere).Call([]reflect.Value{reflect.ValueOf(5)})
	go func() {
		made := reflect.MakeFunc(reflect.TypeOf(touch), func([]reflect.Value) []reflect.Value {
			<-forEver
			return nil
		})
		made.Interface().(func())()
	}()
	go sort.Slice([]int{2, 1}, func(a, b int) bool { <-forEver; return a < b })
}

var cancels []context.CancelFunc
