// SPDX-License-Identifier: Apache-2.0

// Package sigsegv is a service that a signal from outside ends.
package sigsegv

import "time"

func worker(jobs <-chan int) {
	for range jobs {
	}
}

func feed(jobs chan<- int) {
	for n := 0; ; n++ {
		jobs <- n
		time.Sleep(time.Hour)
	}
}

// Defect is an idle pool; the signal comes later.
func Defect() {
	jobs := make(chan int)
	for i := 0; i < 4; i++ {
		go worker(jobs)
	}
	go feed(jobs)
}
