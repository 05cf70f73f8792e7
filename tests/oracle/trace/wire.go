// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Encoded events by their names in the runtime, counted from the bytes alone:
// golang.org/x/exp/trace shows transitions, not what they were encoded as.

// An event of format v2: how many numbers follow its type.
type event2 struct {
	name string
	args int
}

// Go: src/internal/trace/tracev2/events.go (1.27), Specs().
var events2 = map[byte]event2{
	9: {"ProcsChange", 3}, 10: {"ProcStart", 3}, 11: {"ProcStop", 1},
	12: {"ProcSteal", 4}, 13: {"ProcStatus", 3}, 14: {"GoCreate", 4},
	15: {"GoCreateSyscall", 2}, 16: {"GoStart", 3}, 17: {"GoDestroy", 1},
	18: {"GoDestroySyscall", 1}, 19: {"GoStop", 3}, 20: {"GoBlock", 3},
	21: {"GoUnblock", 4}, 22: {"GoSyscallBegin", 3}, 23: {"GoSyscallEnd", 1},
	24: {"GoSyscallEndBlocked", 1}, 25: {"GoStatus", 4}, 26: {"STWBegin", 3},
	27: {"STWEnd", 1}, 28: {"GCActive", 2}, 29: {"GCBegin", 3},
	30: {"GCEnd", 2}, 31: {"GCSweepActive", 2}, 32: {"GCSweepBegin", 2},
	33: {"GCSweepEnd", 3}, 34: {"GCMarkAssistActive", 2},
	35: {"GCMarkAssistBegin", 2}, 36: {"GCMarkAssistEnd", 1},
	37: {"HeapAlloc", 2}, 38: {"HeapGoal", 2}, 39: {"GoLabel", 2},
	40: {"UserTaskBegin", 5}, 41: {"UserTaskEnd", 3},
	42: {"UserRegionBegin", 4}, 43: {"UserRegionEnd", 4}, 44: {"UserLog", 5},
	45: {"GoSwitch", 3}, 46: {"GoSwitchDestroy", 3},
	47: {"GoCreateBlocked", 4}, 48: {"GoStatusStack", 5},
	128: {"Span", 4}, 129: {"SpanAlloc", 4}, 130: {"SpanFree", 2},
	131: {"HeapObject", 3}, 132: {"HeapObjectAlloc", 3},
	133: {"HeapObjectFree", 2}, 134: {"GoroutineStack", 3},
	135: {"GoroutineStackAlloc", 3}, 136: {"GoroutineStackFree", 2},
}

// Go: src/runtime/trace.go (1.21), traceEv constants.
var events1 = []string{
	"", "Batch", "Frequency", "Stack", "Gomaxprocs", "ProcStart", "ProcStop",
	"GCStart", "GCDone", "STWStart", "STWDone", "GCSweepStart",
	"GCSweepDone", "GoCreate", "GoStart", "GoEnd", "GoStop", "GoSched",
	"GoPreempt", "GoSleep", "GoBlock", "GoUnblock", "GoBlockSend",
	"GoBlockRecv", "GoBlockSelect", "GoBlockSync", "GoBlockCond",
	"GoBlockNet", "GoSysCall", "GoSysExit", "GoSysBlock", "GoWaiting",
	"GoInSyscall", "HeapAlloc", "HeapGoal", "TimerGoroutine",
	"FutileWakeup", "String", "GoStartLocal", "GoUnblockLocal",
	"GoSysExitLocal", "GoStartLabel", "GoBlockGC", "GCMarkAssistStart",
	"GCMarkAssistDone", "UserTaskCreate", "UserTaskEnd", "UserRegion",
	"UserLog", "CPUSample",
}

// What the contract calls no event.
var noEvents1 = map[string]bool{
	"Batch": true, "Frequency": true, "Stack": true, "String": true,
	"CPUSample": true,
}

const headerSize = 16

var errShort = errors.New("the file ends within a record")

type wire struct {
	version int
	kinds   map[string]uint64
}

func readWire(data []byte) (*wire, error) {
	w := &wire{kinds: map[string]uint64{}}
	if len(data) < headerSize {
		return w, errShort
	}
	if _, err := fmt.Sscanf(string(data[:headerSize]), "go 1.%d trace", &w.version); err != nil {
		return w, err
	}
	if w.version < 22 {
		return w, w.count1(data[headerSize:])
	}
	return w, w.count2(data[headerSize:])
}

func uvarint(data []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, nil, errShort
	}
	return v, data[n:], nil
}

func skip(data []byte, num int) ([]byte, error) {
	var err error
	for range num {
		if _, data, err = uvarint(data); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (w *wire) count2(data []byte) error {
	for len(data) > 0 {
		kind := data[0]
		data = data[1:]
		switch {
		case kind == 52: // EndOfGeneration
			continue
		case kind == 49 && len(data) > 0: // ExperimentalBatch
			data = data[1:]
		case kind != 1: // EventBatch
			return fmt.Errorf("record %d between batches", kind)
		}
		// Generation, thread, time.
		rest, err := skip(data, 3)
		if err != nil {
			return err
		}
		size, rest, err := uvarint(rest)
		if err != nil {
			return err
		}
		if size > uint64(len(rest)) {
			return errShort
		}
		if kind == 1 {
			if err := w.batch2(rest[:size]); err != nil {
				return err
			}
		}
		data = rest[size:]
	}
	return nil
}

func (w *wire) batch2(data []byte) error {
	var err error
	// Stacks, strings, samples, the clock: batches of their own.
	if len(data) > 0 && bytes.IndexByte([]byte{2, 4, 6, 8, 50}, data[0]) >= 0 {
		return nil
	}
	for len(data) > 0 {
		event, ok := events2[data[0]]
		if !ok {
			return fmt.Errorf("event %d in a batch", data[0])
		}
		if data, err = skip(data[1:], event.args); err != nil {
			return err
		}
		w.kinds[event.name]++
	}
	return nil
}

func (w *wire) count1(data []byte) error {
	for len(data) > 0 {
		kind, num := data[0]&63, int(data[0]>>6)+1
		data = data[1:]
		if int(kind) >= len(events1) {
			return fmt.Errorf("event %d", kind)
		}
		name := events1[kind]
		var err error
		switch {
		case name == "String":
			if _, data, err = uvarint(data); err == nil {
				data, err = skipBytes(data)
			}
		case num == 4:
			data, err = skipBytes(data)
		default:
			data, err = skip(data, num)
		}
		if err == nil && name == "UserLog" {
			data, err = skipBytes(data)
		}
		if err != nil {
			return err
		}
		if !noEvents1[name] {
			w.kinds[name]++
		}
	}
	return nil
}

// skipBytes skips a length and as many bytes.
func skipBytes(data []byte) ([]byte, error) {
	size, data, err := uvarint(data)
	if err != nil {
		return nil, err
	}
	if size > uint64(len(data)) {
		return nil, errShort
	}
	return data[size:], nil
}
