// SPDX-License-Identifier: Apache-2.0

package waits

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"inquest.test/truth"
)

func readFile(f truth.F, r *os.File) {
	truth.Waits(f)
	r.Read(make([]byte, 1))
}

func writeFile(f truth.F, w *os.File) {
	truth.Waits(f)
	w.Write(make([]byte, 1<<20))
}

func pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	must(err)
	keep(r)
	keep(w)
	return r, w
}

func files() {
	r, _ := pipe()
	go readFile(fd("read", "file", "", r), r)
	r, _ = pipe()
	go readFile(until(fd("read", "file", "", r), "read", time.Hour, r.SetReadDeadline), r)
	_, w := pipe()
	go writeFile(fd("write", "file", "", w), w)

	path := filepath.Join(os.TempDir(), "waits-fifo-"+strconv.Itoa(os.Getpid()))
	must(syscall.Mkfifo(path, 0o600))
	fifo, err := os.OpenFile(path, os.O_RDWR, 0)
	must(err)
	keep(fifo)
	os.Remove(path)
	go readFile(fd("read", "file", "", fifo), fifo)
}
