// SPDX-License-Identifier: Apache-2.0

// Package paniccustom panics with an error of its own.
package paniccustom

import (
	"fmt"
	"time"
)

// ErrCorrupt is what a bad block is.
type ErrCorrupt struct{ Block int }

func (e *ErrCorrupt) Error() string { return fmt.Sprintf("block %d is corrupt", e.Block) }

//go:noinline
func verify(block int) error {
	if block == 7 {
		return &ErrCorrupt{block}
	}
	return nil
}

//go:noinline
func mustVerify(block int) {
	if err := verify(block); err != nil {
		panic(fmt.Errorf("verify: %w", err)) // want: crash-panic 1
	}
}

func compact(from, to int) {
	for block := from; block < to; block++ {
		mustVerify(block)
	}
}

// Defect compacts in the background, beside an idle pool.
func Defect() {
	jobs := make(chan int)
	for i := 0; i < 4; i++ {
		go func() {
			for range jobs {
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	go compact(0, 16)
	time.Sleep(time.Hour)
	close(jobs)
}
