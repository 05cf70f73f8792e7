// SPDX-License-Identifier: Apache-2.0

// Package abba moves money between accounts, each with its own lock.
package abba

import (
	"sync"
	"time"
)

// Account has a balance.
type Account struct {
	ID    int
	mu    sync.Mutex
	cents int64
}

// audit is the slow part of a transfer.
func audit() { time.Sleep(50 * time.Millisecond) }

//go:noinline
func transfer(from, to *Account, cents int64) {
	from.mu.Lock()
	defer from.mu.Unlock()
	audit()
	to.mu.Lock() // want: deadlock-cycle 2 "sync.Mutex.Lock"
	defer to.mu.Unlock()
	from.cents -= cents
	to.cents += cents
}

//go:noinline
func transferOrdered(from, to *Account, cents int64) {
	first, second := from, to
	if second.ID < first.ID {
		first, second = second, first
	}
	first.mu.Lock()
	defer first.mu.Unlock()
	audit()
	second.mu.Lock()
	defer second.mu.Unlock()
	from.cents -= cents
	to.cents += cents
}

// Defect transfers both ways at once.
func Defect() {
	a, b := &Account{ID: 1, cents: 1000}, &Account{ID: 2, cents: 1000}
	go transfer(a, b, 100)
	go transfer(b, a, 200)
}

// Healthy takes the locks in the order of the accounts.
func Healthy() {
	a, b := &Account{ID: 1, cents: 1000}, &Account{ID: 2, cents: 1000}
	go transferOrdered(a, b, 100)
	go transferOrdered(b, a, 200)
}
