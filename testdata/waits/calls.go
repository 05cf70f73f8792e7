// SPDX-License-Identifier: Apache-2.0

package waits

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"inquest.test/truth"
)

// in says which call the goroutine makes. Arguments that it does not give
// itself are not said.
func in(nr int, name string, fd interface{}, args ...interface{}) {
	all := make([]string, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case int:
			all[i] = truth.Hex(uintptr(a))
		case unsafe.Pointer:
			all[i] = truth.At(a)
		default:
			all[i] = "?"
		}
	}
	truth.WaitsAs(truth.Goid(), caller(), truth.F{"kind": "syscall", "number": nr,
		"syscall": name, "fd": fd, "arguments": all})
}

func caller() string {
	pc, _, _, _ := runtime.Caller(2)
	return runtime.FuncForPC(pc).Name()
}

func rawPipe() (r, w int) {
	var p [2]int
	must(syscall.Pipe(p[:]))
	return p[0], p[1]
}

func rawRead() {
	r, _ := rawPipe()
	b := make([]byte, 100)
	keep(b) // not on the stack, which may move
	in(syscall.SYS_READ, "read", r, r, unsafe.Pointer(&b[0]), len(b))
	syscall.Read(r, b)
}

func rawWrite() {
	_, w := rawPipe()
	b := make([]byte, 1<<20)
	keep(b)
	in(syscall.SYS_WRITE, "write", w, w, unsafe.Pointer(&b[0]), len(b))
	syscall.Write(w, b)
}

func rawAccept(s int) {
	in(syscall.SYS_ACCEPT4, "accept4", s, s)
	syscall.Accept4(s, 0)
}

func rawListener() int {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(err)
	must(syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(syscall.Listen(s, 10))
	return s
}

func rawReceive() {
	p, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	must(err)
	b := make([]byte, 64)
	keep(b)
	in(syscall.SYS_RECVFROM, "recvfrom", p[0], p[0], unsafe.Pointer(&b[0]), len(b), 0)
	syscall.Recvfrom(p[0], b, 0)
}

func lockFile() int {
	path := filepath.Join(os.TempDir(), "waits-lock-"+strconv.Itoa(os.Getpid()))
	var fds [2]int
	for i := range fds {
		fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CREAT, 0o600)
		must(err)
		fds[i] = fd
	}
	os.Remove(path)
	must(syscall.Flock(fds[0], syscall.LOCK_EX))
	return fds[1]
}

func flock(fd int) {
	in(syscall.SYS_FLOCK, "flock", fd, fd, syscall.LOCK_EX)
	syscall.Flock(fd, syscall.LOCK_EX)
}

func lockedFlock(fd int) {
	runtime.LockOSThread()
	in(syscall.SYS_FLOCK, "flock", fd, fd, syscall.LOCK_EX)
	syscall.Flock(fd, syscall.LOCK_EX)
}

var word uint32

const futexWaitPrivate = 128

func futex() {
	runtime.LockOSThread()
	in(syscall.SYS_FUTEX, "futex", nil, unsafe.Pointer(&word), futexWaitPrivate, 0, 0, 0, 0)
	for {
		syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&word)), futexWaitPrivate, 0, 0, 0, 0)
	}
}

func nanosleep() {
	t := &syscall.Timespec{Sec: 3600}
	in(syscall.SYS_NANOSLEEP, "nanosleep", nil, unsafe.Pointer(t), 0)
	keep(t)
	syscall.Nanosleep(t, nil)
}

func child() int {
	// It ends with this process.
	p, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"},
		&os.ProcAttr{Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}})
	must(err)
	return p.Pid
}

func wait4(pid int) {
	status := new(syscall.WaitStatus)
	in(syscall.SYS_WAIT4, "wait4", nil, pid, nil, 0, 0)
	syscall.Wait4(pid, status, 0, nil)
}

func epoll() {
	fd, err := syscall.EpollCreate1(0)
	must(err)
	events := make([]syscall.EpollEvent, 4)
	keep(events)
	in(syscall.SYS_EPOLL_PWAIT, "epoll_pwait", fd, fd, unsafe.Pointer(&events[0]), len(events), -1, 0, 0)
	syscall.Syscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])),
		uintptr(len(events)), ^uintptr(0), 0, 0)
}

// openFifo waits for who writes.
func openFifo() {
	path := filepath.Join(os.TempDir(), "waits-open-"+strconv.Itoa(os.Getpid()))
	must(syscall.Mkfifo(path, 0o600))
	in(syscall.SYS_OPENAT, "openat", nil)
	syscall.Open(path, syscall.O_RDONLY, 0)
}

func calls() {
	runtime.LockOSThread() // the child ends with the thread that made it
	go rawRead()
	go rawRead()
	go rawWrite()
	s := rawListener()
	go rawAccept(s)
	go rawAccept(s)
	go rawReceive()
	fd := lockFile()
	go flock(fd)
	go lockedFlock(fd)
	go futex()
	go nanosleep()
	go wait4(child())
	go epoll()
	go openFifo()
}

// limits says what the process may open, and has open.
func limits() {
	var l syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l))
	truth.Later(func() {
		d, err := os.Open("/proc/self/fd")
		must(err)
		names, err := d.Readdirnames(-1)
		must(err)
		highest := 0
		for _, name := range names {
			// What lists them is one of them.
			if n, _ := strconv.Atoi(name); n > highest && uintptr(n) != uintptr(number(d)) {
				highest = n
			}
		}
		d.Close()
		truth.Line(truth.F{"process": truth.F{"highest_fd": highest, "fd_limit": l.Cur}})
	})
}
