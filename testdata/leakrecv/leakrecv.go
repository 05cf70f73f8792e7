// SPDX-License-Identifier: Apache-2.0

// Package leakrecv imports rows with a pool of workers. Whoever forgets to
// close the pool's channel leaves the workers waiting for rows for ever.
package leakrecv

import (
	"sync/atomic"
	"time"
)

// Row is one line of an import.
type Row struct {
	ID   int
	Text string
}

// Pool hands rows to its workers.
type Pool struct {
	rows     chan Row
	imported atomic.Int64
}

func newPool(workers int) *Pool {
	p := &Pool{rows: make(chan Row)}
	for i := 0; i < workers; i++ {
		go p.worker()
	}
	return p
}

func (p *Pool) worker() {
	for row := range p.rows { // want: leaked-goroutine 8 "chan receive"
		p.store(row)
	}
}

//go:noinline
func (p *Pool) store(row Row) {
	if row.Text != "" {
		p.imported.Add(1)
	}
}

func importBatch(rows []Row) {
	pool := newPool(8)
	for _, r := range rows {
		pool.rows <- r
	}
}

// Defect imports a batch and does not close the channel.
func Defect() {
	rows := make([]Row, 200)
	for i := range rows {
		rows[i] = Row{ID: i, Text: "row"}
	}
	importBatch(rows)
}

// Schedule brings rows to its pool from time to time.
type Schedule struct {
	every time.Duration
	feed  *feed
}

type feed struct {
	name string
	pool *Pool
}

func (s *Schedule) run() {
	for n := 0; ; n++ {
		s.feed.pool.rows <- Row{ID: n, Text: s.feed.name}
		time.Sleep(s.every)
	}
}

// Healthy has four idle workers whose next row is an hour away.
func Healthy() {
	s := &Schedule{every: time.Hour, feed: &feed{name: "hourly", pool: newPool(4)}}
	go s.run()
}
