// SPDX-License-Identifier: Apache-2.0

// Package fatalasleep waits in every goroutine.
package fatalasleep

import "sync"

func worker(jobs <-chan int, wg *sync.WaitGroup) {
	defer wg.Done()
	for range jobs {
	}
}

// Defect does not close jobs; its caller is main.
//
//go:noinline
func Defect() {
	jobs := make(chan int)
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go worker(jobs, &wg)
	}
	for i := 0; i < 10; i++ {
		jobs <- i
	}
	wg.Wait()
}
