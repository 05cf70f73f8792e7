// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"golang.org/x/exp/trace"
)

// Where the contract leaves a choice this is what both sides do:
//
//   - Samples of a CPU profile and Sync are no events: the trace does not end
//     with one. Times are those of Go's reader, which makes them strictly
//     increasing over all that it shows, samples and Sync too.
//   - A wait, range or region that is open at the end counts, up to the end.
//   - What was there before the first event begins where the trace does.
//   - A goroutine that comes back under its id (a cgo callback) is one: created
//     for the first time, ended if it is gone at the end.
//   - A range is one for each goroutine, processor or the process; names of
//     stops of the world are whole: "stop-the-world (GC mark termination)".
//   - A task is one that begins or ends in the trace.

const (
	beforeTrace    = "(before the trace)"
	createdBlocked = "(created blocked)"
)

// The state of one goroutine now.
type current struct {
	out    *goroutine
	state  trace.GoState
	since  int64
	reason string // of a wait, as "blocked" has it
	words  string // the event's own
	stack  string
	why    string // it is runnable
	before bool   // the state began before the trace
	byName map[string]*blocked
	names  names
	// Regions that are open, the innermost last.
	regions []region
}

type region struct {
	task  trace.TaskID
	name  string
	start int64
}

type rangeKey struct {
	name  string
	scope trace.ResourceID
}

type summary struct {
	started    bool
	start, end int64
	isV1       bool
	syncs      int
	gs         map[uint64]*current
	ms         map[trace.ThreadID]bool
	ps         map[trace.ProcID]bool
	open       map[rangeKey]int64
	ranges     map[string]*namedTime
	tasks      map[uint64]*task
	regions    map[string]*namedTime
	logs       []logLine
	sites      map[string]*site
	latency    map[string]*spread
	wakes      uint64
	of         uint64
	spans      []span
	last       handover
}

func newSummary() *summary {
	return &summary{
		gs:      map[uint64]*current{},
		ms:      map[trace.ThreadID]bool{},
		ps:      map[trace.ProcID]bool{},
		open:    map[rangeKey]int64{},
		ranges:  map[string]*namedTime{},
		tasks:   map[uint64]*task{},
		regions: map[string]*namedTime{},
		logs:    []logLine{},
		sites:   map[string]*site{},
		latency: map[string]*spread{
			"woken": {}, "created": {}, "preempted": {}, "network": {},
			"syscall": {},
		},
	}
}

func (s *summary) event(e trace.Event) {
	t := int64(e.Time())
	if e.Kind() == trace.EventSync {
		s.sync(t)
		return
	}
	s.see(e)
	if e.Kind() == trace.EventStackSample {
		return
	}
	s.end = t
	switch e.Kind() {
	case trace.EventStateTransition:
		s.transition(e, t)
	case trace.EventRangeBegin, trace.EventRangeActive, trace.EventRangeEnd:
		s.rangeEvent(e, t)
	case trace.EventTaskBegin, trace.EventTaskEnd:
		s.task(e, t)
	case trace.EventRegionBegin, trace.EventRegionEnd:
		s.region(e, t)
	case trace.EventLog:
		s.log(e, t)
	}
}

func (s *summary) sync(t int64) {
	s.syncs++
	if s.started {
		return
	}
	s.started = true
	// Format v1 begins with a Sync of its own, a nanosecond before time 0.
	if t == -1 {
		t = 0
	}
	s.start, s.end = t, t
}

func (s *summary) see(e trace.Event) {
	if m := e.Thread(); m != trace.NoThread {
		s.ms[m] = true
	}
	if p := e.Proc(); p != trace.NoProc {
		s.ps[p] = true
	}
}

func (s *summary) transition(e trace.Event, t int64) {
	st := e.StateTransition()
	switch st.Resource.Kind {
	case trace.ResourceProc:
		s.ps[st.Resource.Proc()] = true
	case trace.ResourceGoroutine:
		s.goroutine(e, st, t)
	}
}

func (s *summary) goroutine(e trace.Event, st trace.StateTransition, t int64) {
	from, to := st.Goroutine()
	id := uint64(st.Resource.Goroutine())
	g := s.gs[id]
	if g == nil {
		g = &current{
			out:    &goroutine{ID: id, Blocked: []*blocked{}},
			since:  s.start,
			byName: map[string]*blocked{},
		}
		s.gs[id] = g
	}
	g.names.see(st, from)
	s.switches(e, g, st, from, to, t)
	switch {
	case from == trace.GoUndetermined:
		g.state, g.reason, g.words = to, beforeTrace, beforeTrace
		g.before, g.stack = true, stackKey(st.Stack)
		g.out.LastChange = s.start
		return
	case from == to:
		// A status in a later generation.
		if g.stack == "" && g.state == trace.GoWaiting {
			g.stack = stackKey(st.Stack)
		}
		return
	case from == trace.GoNotExist:
		g.create(e, to, t)
	default:
		s.over(g, to, t, false, s.waker(e, from, to))
		g.leave(t)
	}
	g.enter(st, from, to, t)
	if to == trace.GoNotExist {
		s.endRegions(g, t)
	}
}

func (g *current) create(e trace.Event, to trace.GoState, t int64) {
	if g.out.Created == nil && g.state == trace.GoUndetermined {
		g.out.Created = &t
		if id := e.Goroutine(); id != trace.NoGoroutine {
			creator := uint64(id)
			g.out.Creator = &creator
		}
	}
	g.out.Ended = nil
}

// waker is who ended a wait, nil if it was no goroutine.
func (s *summary) waker(e trace.Event, from, to trace.GoState) *uint64 {
	if from != trace.GoWaiting {
		return nil
	}
	s.wakes++
	if id := e.Goroutine(); id != trace.NoGoroutine {
		waker := uint64(id)
		return &waker
	}
	return nil
}

// leave adds the time of the state that ends.
func (g *current) leave(t int64) {
	ns := t - g.since
	switch g.state {
	case trace.GoRunning:
		g.out.Running += ns
	case trace.GoRunnable:
		g.out.Runnable += ns
	case trace.GoSyscall:
		g.out.Syscall += ns
	case trace.GoWaiting:
		g.out.Waiting += ns
		b := g.byName[g.reason]
		if b == nil {
			b = &blocked{Reason: g.reason}
			g.byName[g.reason] = b
		}
		b.Count++
		b.Total += ns
		b.Longest = max(b.Longest, ns)
	}
}

func (g *current) enter(st trace.StateTransition, from, to trace.GoState, t int64) {
	g.state, g.since, g.reason, g.words = to, t, st.Reason, st.Reason
	g.before, g.why = false, why(from, to)
	g.stack = ""
	if from != trace.GoNotExist {
		g.stack = stackKey(st.Stack)
	}
	if from == trace.GoNotExist && to == trace.GoWaiting {
		g.reason, g.words = createdBlocked, createdBlocked
	}
	if to == trace.GoNotExist {
		g.out.Ended = &t
	}
	g.out.LastReason = text(st.Reason)
	g.out.LastChange = t
}

// ---- ranges

func (s *summary) rangeEvent(e trace.Event, t int64) {
	r := e.Range()
	key := rangeKey{r.Name, r.Scope}
	switch e.Kind() {
	case trace.EventRangeBegin:
		s.open[key] = t
	case trace.EventRangeActive:
		// Of a later generation: it is open, and goes on.
		if _, ok := s.open[key]; !ok {
			s.open[key] = s.start
		}
	case trace.EventRangeEnd:
		key = s.findRange(key)
		start, ok := s.open[key]
		if !ok {
			start = s.start
		}
		delete(s.open, key)
		s.addRange(key.name, t-start)
	}
}

const stopTheWorld = "stop-the-world ("

// findRange gives the open range that an end is of: the end of a stop of the
// world has no name of its own.
func (s *summary) findRange(key rangeKey) rangeKey {
	if _, ok := s.open[key]; ok || !strings.HasPrefix(key.name, stopTheWorld) {
		return key
	}
	for other := range s.open {
		if other.scope == key.scope && strings.HasPrefix(other.name, stopTheWorld) {
			return other
		}
	}
	return key
}

func (s *summary) addRange(name string, ns int64) {
	add(s.ranges, name, ns)
}

func add(to map[string]*namedTime, name string, ns int64) {
	n := to[name]
	if n == nil {
		n = &namedTime{Name: name}
		to[name] = n
	}
	n.Count++
	n.Total += ns
}

// ---- what the program itself traces

func (s *summary) task(e trace.Event, t int64) {
	in := e.Task()
	id := uint64(in.ID)
	out := s.tasks[id]
	if out == nil {
		out = &task{ID: id}
		s.tasks[id] = out
	}
	if e.Kind() == trace.EventTaskEnd {
		// A task may end twice.
		if out.End == nil {
			out.End = &t
		}
		return
	}
	out.Start = &t
	out.Name = text(in.Type)
	if in.Parent != trace.NoTask {
		out.Parent = uint64(in.Parent)
	}
}

func (s *summary) region(e trace.Event, t int64) {
	in := e.Region()
	g := s.gs[uint64(e.Goroutine())]
	if g == nil {
		return
	}
	if e.Kind() == trace.EventRegionBegin {
		g.regions = append(g.regions, region{in.Task, in.Type, t})
		return
	}
	for i := len(g.regions) - 1; i >= 0; i-- {
		if r := g.regions[i]; r.task == in.Task && r.name == in.Type {
			g.regions = append(g.regions[:i], g.regions[i+1:]...)
			add(s.regions, r.name, t-r.start)
			return
		}
	}
	// It began before the trace.
	add(s.regions, in.Type, t-s.start)
}

func (s *summary) endRegions(g *current, t int64) {
	for _, r := range g.regions {
		add(s.regions, r.name, t-r.start)
	}
	g.regions = nil
}

func (s *summary) log(e trace.Event, t int64) {
	in := e.Log()
	line := logLine{
		Task:     uint64(in.Task),
		Category: in.Category,
		Message:  in.Message,
		Time:     t,
	}
	if id := e.Goroutine(); id != trace.NoGoroutine {
		g := uint64(id)
		line.Goroutine = &g
	}
	s.logs = append(s.logs, line)
}

// ---- the end

func stateName(state trace.GoState) string {
	switch state {
	case trace.GoRunnable:
		return "runnable"
	case trace.GoRunning:
		return "running"
	case trace.GoWaiting:
		return "waiting"
	case trace.GoSyscall:
		return "syscall"
	}
	return "dead"
}

func (s *summary) report(r *report) {
	for _, g := range s.gs {
		s.over(g, g.state, s.end, true, nil)
		g.leave(s.end)
		s.endRegions(g, s.end)
	}
	for key, start := range s.open {
		s.addRange(key.name, s.end-start)
	}
	r.Goroutines = []*goroutine{}
	for _, g := range sorted(s.gs) {
		g.out.Name = g.names.best()
		g.out.Blocked = sorted(g.byName)
		g.out.LastState = stateName(g.state)
		r.Goroutines = append(r.Goroutines, g.out)
	}
	r.Start, r.End = s.start, s.end
	// One at the start of each generation and one at the end.
	r.Gens = max(s.syncs-1, 0)
	r.NumGs, r.NumMs, r.NumPs = len(s.gs), len(s.ms), len(s.ps)
	r.Ranges = sorted(s.ranges)
	r.Tasks = sorted(s.tasks)
	r.Regions = sorted(s.regions)
	r.Logs = s.logs
	r.Sites = sorted(s.sites)
	r.Latency = s.latency
	r.Wakes = s.wakes
	if s.of != 0 {
		r.Spans = s.spans
	}
}
