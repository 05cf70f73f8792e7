// SPDX-License-Identifier: Apache-2.0

//go:build go1.25

package waits

import (
	"bytes"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"inquest.test/truth"
)

func init() { more = append(more, bubbles) }

func bubbleWait(w *sync.WaitGroup) {
	truth.Waits(truth.F{"kind": "waitgroup", "op": "wait", "counter": 1, "counted_waiters": 1})
	w.Wait()
}

func bubbleReceive(c chan int) {
	truth.Waits(truth.Chan("receive", c))
	<-c
}

// bubbleSleep sleeps by the clock of its bubble, which is no time of the process.
func bubbleSleep() {
	truth.Waits(truth.F{"kind": "timer", "until_ns": nil})
	time.Sleep(time.Hour)
}

// bubble waits on a channel from outside, so its clock stands still.
func bubble(*testing.T) {
	w := new(sync.WaitGroup)
	w.Add(1)
	go bubbleWait(w)
	go bubbleReceive(make(chan int))
	go bubbleSleep()
	truth.Waits(truth.Chan("receive", forEver))
	<-forEver
}

// waiting is a bubble whose test waits for the others in it.
func waiting(*testing.T) {
	go func() {
		truth.Waits(truth.Chan("receive", forEver))
		<-forEver
	}()
	truth.Waits(truth.F{"kind": "bubble"})
	synctest.Wait()
}

// header is the first line of each goroutine in the runtime's own text.
func headers() [][]byte {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var all [][]byte
	for _, line := range bytes.Split(buf, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("goroutine ")) && bytes.Contains(line, []byte("synctest bubble")) {
			all = append(all, line)
		}
	}
	return all
}

// tellBubbles counts who is in each, and who of them is not durably blocked.
func tellBubbles() {
	total, running := map[int]int{}, map[int]int{}
	for _, line := range headers() {
		at := bytes.LastIndex(line, []byte("bubble "))
		id, _ := strconv.Atoi(string(bytes.TrimRight(line[at+7:], "]:")))
		total[id]++
		if !bytes.Contains(line, []byte("(durable)")) {
			running[id]++
		}
	}
	for id := range total {
		truth.Line(truth.F{"bubble": id, "total": total[id], "running": running[id]})
	}
}

func bubbles() {
	truth.Later(tellBubbles)
	tests := []testing.InternalTest{
		{Name: "bubble", F: func(t *testing.T) { t.Parallel(); synctest.Test(t, bubble) }},
		{Name: "waiting", F: func(t *testing.T) { t.Parallel(); synctest.Test(t, waiting) }},
	}
	go testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}
