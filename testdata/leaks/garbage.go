// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"runtime"
	"runtime/debug"
	"syscall"
)

type leaf struct {
	next *leaf
	data [5]uint64
}

var (
	grove []*leaf
	waste []byte
)

// RunGarbage stands still when a collection has ended and nothing is swept yet: what
// is garbage still counts as allocated.
func RunGarbage() {
	runtime.GOMAXPROCS(1)
	fd := tell()
	for i := 0; i < 2000; i++ {
		grove = append(grove, &leaf{})
	}
	runtime.GC()
	debug.SetGCPercent(20)
	runtime.ReadMemStats(&stats)
	for was := stats.NumGC; stats.NumGC == was; runtime.ReadMemStats(&stats) {
		for i := 0; i < 100; i++ {
			waste = make([]byte, i*30)
		}
	}
	waste = nil
	counted(fd)
	syscall.RawSyscall(syscall.SYS_WRITE, 1, address(ready), uintptr(len(ready)))
	stand()
}
