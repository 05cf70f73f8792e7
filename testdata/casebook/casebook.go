// SPDX-License-Identifier: Apache-2.0

// Command casebook crashes in the way that is asked for. What is true of the
// crash is said first, on stderr, in lines "want KEY VALUE"; the line on which
// it happens has a comment "want CASE: CAUSE in FUNCTION".
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

var cases = map[string]func(){
	"assert-missing":   assertMissing,
	"assert-nil":       assertNil,
	"assert-wrong":     assertWrong,
	"asleep":           asleep,
	"asleep-goexit":    asleepGoexit,
	"bounds-convert":   boundsConvert,
	"bounds-index":     boundsIndex,
	"bounds-nil-slice": boundsNilSlice,
	"bounds-slice":     boundsSlice,
	"bounds-string":    boundsString,
	"checkptr":         checkptr,
	"close-closed":     closeClosed,
	"close-nil":        closeNil,
	"divide":           divide,
	"fault-bus":        faultBus,
	"fault-wild":       faultWild,
	"goexit-in-panic":  goexitInPanic,
	"handler":          handler,
	"handler-fatal":    handlerFatal,
	"map-iterate":      mapIterate,
	"map-nil":          mapNil,
	"map-read":         mapRead,
	"map-write":        mapWrite,
	"memory":           memory,
	"nil-field":        nilField,
	"nil-func":         nilFunc,
	"nil-interface":    nilInterface,
	"nil-receiver":     nilReceiver,
	"nil-value-method": nilValueMethod,
	"panic-custom":     panicCustom,
	"panic-error":      panicError,
	"panic-lines":      panicLines,
	"panic-nested":     panicNested,
	"panic-nil":        panicNil,
	"panic-recovered":  panicRecovered,
	"panic-same":       panicSame,
	"panic-stringer":   panicStringer,
	"panic-struct":     panicStruct,
	"panic-wrapped":    panicWrapped,
	"runlock":          runlock,
	"send-closed":      sendClosed,
	"send-closed-loop": sendClosedLoop,
	"signal-abrt":      signalAbrt,
	"signal-segv":      signalSegv,
	"stack":            stack,
	"stack-mutual":     stackMutual,
	"throw-print":      throwPrint,
	"unlock":           unlock,
	"unlock-rw":        unlockRW,
	"unlock-waiters":   unlockWaiters,
	"waitgroup":        waitgroup,
}

// want says what is true.
func want(key string, values ...interface{}) {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	fmt.Fprintln(os.Stderr, "want", key, strings.Join(words, " "))
}

// id is the number of the goroutine that asks.
func id() string {
	buf := make([]byte, 64)
	return strings.Fields(string(buf[:runtime.Stack(buf, false)]))[1]
}

// settle lets the others come to where they wait.
func settle() {
	time.Sleep(50 * time.Millisecond)
}

func main() {
	if len(os.Args) == 2 {
		if run := cases[os.Args[1]]; run != nil {
			run()
			settle()
			os.Exit(3)
		}
	}
	fmt.Fprintln(os.Stderr, "usage: casebook NAME")
	os.Exit(2)
}
