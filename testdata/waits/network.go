// SPDX-License-Identifier: Apache-2.0

package waits

import (
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"sync"
	"syscall"
	"time"

	"inquest.test/truth"
)

// held keeps both ends open.
var (
	held   []interface{}
	heldMu sync.Mutex
)

func keep(v interface{}) {
	heldMu.Lock()
	held = append(held, v)
	heldMu.Unlock()
}

type described interface {
	SyscallConn() (syscall.RawConn, error)
}

func number(v interface{}) int64 {
	raw, err := v.(described).SyscallConn()
	must(err)
	n := int64(-1)
	must(raw.Control(func(fd uintptr) { n = int64(fd) }))
	return n
}

// inner is the internal/poll.FD within a connection, a listener or a file.
func inner(v interface{}) reflect.Value {
	e := reflect.ValueOf(v).Elem()
	switch {
	case e.FieldByName("file").IsValid(): // os.File
		return e.FieldByName("file").Elem().FieldByName("pfd")
	case e.FieldByName("conn").IsValid():
		e = e.FieldByName("conn")
	}
	return e.FieldByName("fd").Elem().FieldByName("pfd")
}

func text(a net.Addr) interface{} {
	if v := reflect.ValueOf(a); a == nil || v.Kind() == reflect.Ptr && v.IsNil() {
		return nil
	}
	if a.String() == "" {
		return nil
	}
	return a.String()
}

// fd is the fact of a descriptor in the poller.
func fd(op, kind, network string, v interface{}) truth.F {
	f := truth.F{"kind": "fd", "op": op, "fd_kind": kind, "network": network, "fd": number(v),
		"address": truth.Hex(inner(v).UnsafeAddr()), "closing": false,
		"local": nil, "remote": nil, "name": nil,
		"read_deadline": "none", "write_deadline": "none"}
	if l, ok := v.(net.Listener); ok {
		f["local"] = text(l.Addr())
	}
	if c, ok := v.(interface{ LocalAddr() net.Addr }); ok {
		f["local"] = text(c.LocalAddr())
	}
	if c, ok := v.(interface{ RemoteAddr() net.Addr }); ok {
		f["remote"] = text(c.RemoteAddr())
	}
	if file, ok := v.(*os.File); ok {
		f["network"], f["name"] = nil, file.Name()
	}
	return f
}

// until sets a deadline, and says so.
func until(f truth.F, which string, d time.Duration, set func(time.Time) error) truth.F {
	from := truth.Nanotime()
	must(set(time.Now().Add(d)))
	to := truth.Nanotime()
	f[which+"_deadline"] = "set"
	f[which+"_deadline_ns"] = truth.Range{Min: from + int64(d) - (to - from), Max: to + int64(d)}
	if f["op"] == which || f["op"] == "accept" && which == "read" {
		f["until_ns"] = f[which+"_deadline_ns"]
	}
	return f
}

func accept(f truth.F, l net.Listener) {
	truth.Waits(f)
	l.Accept()
}

func read(f truth.F, c net.Conn) {
	truth.Waits(f)
	var b [1]byte
	c.Read(b[:])
}

func write(f truth.F, c net.Conn) {
	truth.Waits(f)
	b := make([]byte, 1<<16)
	for {
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

func readFrom(f truth.F, c net.PacketConn) {
	truth.Waits(f)
	var b [1]byte
	c.ReadFrom(b[:])
}

// readBehind waits for another that reads.
func readBehind(c net.Conn) {
	sema := inner(c).FieldByName("fdmu").FieldByName("rsema").UnsafeAddr()
	truth.Waits(truth.F{"kind": "semaphore", "op": "wait", "address": truth.Hex(sema),
		"what": "poll.fdMutex"})
	var b [1]byte
	c.Read(b[:])
}

// connected makes both ends of a connection.
func connected(l net.Listener) (dialled, accepted net.Conn) {
	d, err := net.Dial(l.Addr().Network(), l.Addr().String())
	must(err)
	a, err := l.Accept()
	must(err)
	keep(d)
	keep(a)
	keep(l)
	return d, a
}

func listen(network, address string) net.Listener {
	l, err := net.Listen(network, address)
	must(err)
	return l
}

func streams(network, address string) {
	l := listen(network, address)
	d, a := connected(l)
	go read(fd("read", "connection", network, d), d)
	go read(fd("read", "connection", network, a), a)
	time.Sleep(10 * time.Millisecond)
	go readBehind(a)

	d, _ = connected(l)
	go write(fd("write", "connection", network, d), d)

	d, a = connected(l)
	go read(until(fd("read", "connection", network, a), "read", time.Hour, a.SetReadDeadline), a)
	f := fd("read", "connection", network, d)
	f = until(f, "write", 3*time.Hour, d.SetWriteDeadline)
	go read(until(f, "read", 2*time.Hour, d.SetReadDeadline), d)

	go accept(fd("accept", "listener", network, l), l)
}

type deadlined interface{ SetDeadline(time.Time) error }

func listeners() {
	l := listen("tcp", "127.0.0.1:0")
	f := until(fd("accept", "listener", "tcp", l), "read", time.Hour, l.(deadlined).SetDeadline)
	f["write_deadline"], f["write_deadline_ns"] = "set", f["read_deadline_ns"] // it is both
	go accept(f, l)
	l = listen("tcp", ":0")
	go accept(fd("accept", "listener", "tcp", l), l)
}

func packets() {
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(err)
	go readFrom(fd("read", "packet", "udp", u), u)
	c, err := net.Dial("udp", u.LocalAddr().String())
	must(err)
	go read(fd("read", "packet", "udp", c), c)
	u6, err := net.ListenPacket("udp6", "[::1]:0")
	if err == nil {
		go readFrom(until(fd("read", "packet", "udp6", u6), "read", time.Hour,
			u6.SetReadDeadline), u6)
	}
	g, err := net.ListenPacket("unixgram", name("gram"))
	must(err)
	go readFrom(fd("read", "packet", "unixgram", g), g)
}

func name(what string) string {
	return "@waits-" + what + "-" + strconv.Itoa(os.Getpid())
}

// connecting waits for a listener whose backlog is full.
func connecting() {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(err)
	must(syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(syscall.Listen(s, 0))
	sa, err := syscall.Getsockname(s)
	must(err)
	address := "127.0.0.1:" + strconv.Itoa(sa.(*syscall.SockaddrInet4).Port)
	c, err := net.Dial("tcp", address)
	must(err)
	keep(c)
	go dial(address)
}

func dial(address string) {
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			truth.WaitsAs(truth.Goid(), "inquest.test/waits.dial", truth.F{"kind": "fd", "op": "connect",
				"fd": int64(fd), "network": "tcp"})
		})
	}}
	d.Dial("tcp", address)
}

func network() {
	streams("tcp", "127.0.0.1:0")
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		streams("tcp6", "[::1]:0")
	}
	streams("unix", name("stream"))
	streams("unix", filepath.Join(os.TempDir(), "waits-"+strconv.Itoa(os.Getpid())))
	listeners()
	packets()
	connecting()
}
