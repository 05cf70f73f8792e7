// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
)

// The contract's object, as far as the oracle knows it.
type report struct {
	Path       string            `json:"path"`
	GoVersion  string            `json:"go_version"`
	Format     string            `json:"format"`
	Complete   bool              `json:"complete"`
	Error      string            `json:"error,omitempty"`
	WireError  string            `json:"wire_error,omitempty"`
	Events     uint64            `json:"events"`
	Kinds      map[string]uint64 `json:"event_kinds"`
	Start      int64             `json:"start_ns"`
	End        int64             `json:"end_ns"`
	Gens       int               `json:"generations"`
	NumGs      int               `json:"goroutines_seen"`
	NumMs      int               `json:"threads_seen"`
	NumPs      int               `json:"procs_seen"`
	Goroutines []*goroutine      `json:"goroutines"`
	Ranges     []*namedTime      `json:"ranges"`
	Tasks      []*task           `json:"tasks"`
	Regions    []*namedTime      `json:"regions"`
	Logs       []logLine         `json:"logs"`
	// Beyond the contract.
	Sites   []*site            `json:"sites"`
	Latency map[string]*spread `json:"latency"`
	Wakes   uint64             `json:"num_wakes"`
	Spans   []span             `json:"spans,omitempty"`
}

type goroutine struct {
	ID         uint64     `json:"id"`
	Name       *string    `json:"name"`
	Created    *int64     `json:"created_ns"`
	Ended      *int64     `json:"ended_ns"`
	Creator    *uint64    `json:"creator"`
	Running    int64      `json:"running_ns"`
	Runnable   int64      `json:"runnable_ns"`
	Waiting    int64      `json:"waiting_ns"`
	Syscall    int64      `json:"syscall_ns"`
	Blocked    []*blocked `json:"blocked"`
	LastState  string     `json:"last_state"`
	LastReason *string    `json:"last_reason"`
	LastChange int64      `json:"last_change_ns"`
}

type blocked struct {
	Reason  string `json:"reason"`
	Count   uint64 `json:"count"`
	Total   int64  `json:"total_ns"`
	Longest int64  `json:"longest_ns"`
}

type namedTime struct {
	Name  string `json:"name"`
	Count uint64 `json:"count"`
	Total int64  `json:"total_ns"`
}

type task struct {
	ID     uint64  `json:"id"`
	Name   *string `json:"name"`
	Parent uint64  `json:"parent"`
	Start  *int64  `json:"start_ns"`
	End    *int64  `json:"end_ns"`
}

type logLine struct {
	Goroutine *uint64 `json:"goroutine"`
	Task      uint64  `json:"task"`
	Category  string  `json:"category"`
	Message   string  `json:"message"`
	Time      int64   `json:"time_ns"`
}

func (r *report) take(w *wire) {
	r.GoVersion = fmt.Sprintf("1.%d", w.version)
	r.Format = "go-trace-v2"
	if w.version < 22 {
		r.Format = "go-trace-v1"
	}
	r.Kinds = w.kinds
	for _, count := range w.kinds {
		r.Events += count
	}
}

// text is nil for a name that is not known.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	values := make([]V, 0, len(m))
	for _, k := range keys {
		values = append(values, m[k])
	}
	return values
}
