// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha1"
	"fmt"
	"io"
	"strings"

	"golang.org/x/exp/trace"
)

// What the contract adds to the figures of goroutines: where they waited, how
// long things took, one life. Nothing that is open counts as a latency, nor does
// the switch of coroutines, nor the time of a C thread between its calls of Go.
// A wait whose event has no stack has that of its status, if it lasts so long.

type site struct {
	Reason  string `json:"reason"`
	Stack   string `json:"stack"`
	Count   uint64 `json:"count"`
	Open    uint64 `json:"open"`
	Total   int64  `json:"total_ns"`
	Longest int64  `json:"longest_ns"`
}

type spread struct {
	Count   uint64 `json:"count"`
	Total   int64  `json:"total_ns"`
	Longest int64  `json:"longest_ns"`
}

type span struct {
	State  string  `json:"state"`
	Reason *string `json:"reason"`
	Start  int64   `json:"start_ns"`
	End    int64   `json:"end_ns"`
	Open   bool    `json:"open"`
	Waker  *uint64 `json:"waker"`
	Stack  string  `json:"stack"`
}

func (s *spread) add(ns int64) {
	s.Count++
	s.Total += ns
	s.Longest = max(s.Longest, ns)
}

// stackKey stands for a stack: equal frames have equal keys; "" is none.
func stackKey(stack trace.Stack) string {
	var lines strings.Builder
	for f := range stack.Frames() {
		fmt.Fprintf(&lines, "%s %s:%d\n", f.Func, f.File, f.Line)
	}
	if lines.Len() == 0 {
		return ""
	}
	sum := sha1.New()
	// As JSON has it: U+FFFD for what is no UTF-8.
	io.WriteString(sum, string([]rune(lines.String())))
	return fmt.Sprintf("%x", sum.Sum(nil)[:6])
}

// wait adds one to its place.
func (s *summary) wait(reason, stack string, ns int64, open bool) {
	key := reason + "\x00" + stack
	at := s.sites[key]
	if at == nil {
		at = &site{Reason: reason, Stack: stack}
		s.sites[key] = at
	}
	at.Count++
	if open {
		at.Open++
	}
	at.Total += ns
	at.Longest = max(at.Longest, ns)
}

// over tells what the state was that ends at t.
func (s *summary) over(g *current, to trace.GoState, t int64, open bool, waker *uint64) {
	ns := t - g.since
	switch {
	case g.state == trace.GoWaiting:
		s.wait(g.reason, g.stack, ns, open)
		if g.reason == "network" && !open {
			s.latency["network"].add(ns)
		}
	case open:
	case g.state == trace.GoRunnable && to == trace.GoRunning && g.why != "":
		s.latency[g.why].add(ns)
	case g.state == trace.GoSyscall && !g.before && to != trace.GoNotExist:
		s.latency["syscall"].add(ns)
	}
	if g.out.ID == s.of && g.state != trace.GoNotExist {
		s.spans = append(s.spans, span{
			State: stateName(g.state), Reason: text(g.words), Start: g.since,
			End: t, Open: open, Waker: waker, Stack: g.stack,
		})
	}
}

// A switch of coroutines shows as three events, a nanosecond apart: the next one
// is woken, the current one waits without a word or ends, the next one runs.
type handover struct {
	to     *current
	thread trace.ThreadID
	time   int64
}

func (s *summary) switches(e trace.Event, g *current, st trace.StateTransition,
	from, to trace.GoState, t int64) {
	last := s.last
	s.last = handover{}
	switch {
	case from == trace.GoWaiting:
		s.last = handover{g, e.Thread(), t}
	case from == trace.GoRunning && last.to != nil && last.thread == e.Thread() &&
		last.time+1 == t && st.Reason == "" && st.Stack == trace.NoStack &&
		to != trace.GoSyscall:
		last.to.why = ""
	}
}

// why tells what a goroutine waits for a processor after.
func why(from, to trace.GoState) string {
	if to != trace.GoRunnable {
		return ""
	}
	switch from {
	case trace.GoWaiting:
		return "woken"
	case trace.GoNotExist:
		return "created"
	case trace.GoRunning:
		return "preempted"
	}
	return ""
}
