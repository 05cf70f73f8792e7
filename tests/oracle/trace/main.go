// SPDX-License-Identifier: Apache-2.0

// The oracle of "inquest trace --json": the same figures, computed by
// golang.org/x/exp/trace, which is Go's own reader of traces.
//
//	trace-oracle [-of ID] FILE...
//
// prints one JSON object a file and line, as docs/schema/inquest.trace.1.json
// has it where Go's reader knows what stands there, and "error" beside
// "complete": false for what it rejects. -of adds the spans of one goroutine.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"golang.org/x/exp/trace"
)

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	of := flag.Uint64("of", 0, "the goroutine whose spans are wanted")
	flag.Parse()
	for _, path := range flag.Args() {
		data, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, "trace-oracle:", err)
			os.Exit(2)
		}
		if err := out.Encode(examine(path, data, *of)); err != nil {
			fmt.Fprintln(os.Stderr, "trace-oracle:", err)
			os.Exit(2)
		}
	}
}

func examine(path string, data []byte, of uint64) *report {
	r := &report{Path: path}
	w, err := readWire(data)
	r.take(w)
	if err != nil {
		r.WireError = err.Error()
	}
	s := newSummary()
	s.of = of
	if err := s.read(data); err != nil {
		r.Error = err.Error()
		if len(r.Error) > 300 {
			r.Error = r.Error[:300]
		}
	}
	s.report(r)
	// Where a record is cut off Go's reader may take it for the end of the
	// trace, and show nothing of its generation.
	if r.Error == "" && r.WireError != "" {
		r.Error = r.WireError
	} else if r.Error == "" && r.Events > 0 && r.Gens == 0 {
		r.Error = "the trace ends within a generation"
	}
	r.Complete = r.Error == ""
	return r
}

// read adds all events of the trace; what Go's reader says of hostile input may
// be a panic.
func (s *summary) read(data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	reader, err := trace.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for {
		event, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.event(event)
	}
}
