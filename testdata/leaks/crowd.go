// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

//go:noinline
func crowded(c <-chan int) {
	healthy("crowd")
	<-c
}

// owner has the channel in a register, wherever it is preempted.
//
//go:noinline
func owner(c chan<- int, n uint64) {
	healthy("crowd/owner")
	scrub()
	for atomic.LoadInt32(&stop) == 0 {
		n = n*6364136223846793005 + 1442695040888963407
		n ^= n >> 31
	}
	c <- int(n)
}

// deserted leaks, but the stack of who made it was interrupted: where no map is exact
// its old words count.
//
//go:noinline
func deserted(c <-chan int) {
	note("crowd/deserted", "either", "", "a word on a stack that was interrupted")
	<-c
}

// RunCrowd has more that run than there are processors.
func RunCrowd() {
	for i := 0; i < runtime.GOMAXPROCS(0)+4; i++ {
		go func(i int) {
			c := make(chan int)
			go crowded(c)
			go deserted(make(chan int))
			owner(c, uint64(i))
		}(i)
	}
	time.Sleep(600 * time.Millisecond)
	fd := tell()
	collect()
	counted(fd)
	syscall.Write(1, ready)
	time.Sleep(forEver)
}
