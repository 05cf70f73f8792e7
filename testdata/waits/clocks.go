// SPDX-License-Identifier: Apache-2.0

package waits

import (
	"context"
	"time"

	"inquest.test/truth"
)

func sleep(d time.Duration) {
	f := truth.F{"kind": "timer"}
	from := truth.Nanotime()
	truth.Later(func() {
		f["until_ns"] = truth.Range{Min: from + int64(d), Max: truth.Nanotime() + int64(d)}
	})
	truth.Waits(f)
	time.Sleep(d)
}

// timerChan is the fact of a timer's channel. From Go 1.23 on cap() is 0 of what
// has room for one.
func timerChan(c <-chan time.Time) truth.F {
	f := truth.Chan("receive", c)
	truth.Later(func() { f["capacity"] = truth.Range{Min: 0, Max: 1} })
	return f
}

// timed is that of one that was made between from and to.
func timed(c <-chan time.Time, from, to int64, d, period time.Duration) truth.F {
	f := timerChan(c)
	f["timer"] = truth.F{"when_ns": truth.Range{Min: from + int64(d), Max: to + int64(d)},
		"period_ns": int64(period)}
	return f
}

func after(d time.Duration) {
	from := truth.Nanotime()
	c := time.After(d)
	truth.Waits(timed(c, from, truth.Nanotime(), d, 0))
	<-c
}

func timer(d time.Duration) {
	from := truth.Nanotime()
	t := time.NewTimer(d)
	truth.Waits(timed(t.C, from, truth.Nanotime(), d, 0))
	<-t.C
}

func reset(d time.Duration) {
	t := time.NewTimer(time.Minute)
	from := truth.Nanotime()
	t.Reset(d)
	truth.Waits(timed(t.C, from, truth.Nanotime(), d, 0))
	<-t.C
}

func stopped() {
	t := time.NewTimer(time.Hour)
	t.Stop()
	f := timerChan(t.C)
	f["timer"] = truth.F{"when_ns": nil, "period_ns": 0}
	truth.Waits(f)
	<-t.C
}

func ticker(d time.Duration) {
	from := truth.Nanotime()
	t := time.NewTicker(d)
	truth.Waits(timed(t.C, from, truth.Nanotime(), d, d))
	for range t.C {
	}
}

func stoppedTicker() {
	t := time.NewTicker(time.Hour)
	t.Stop()
	f := timerChan(t.C)
	f["timer"] = truth.F{"when_ns": nil, "period_ns": int64(time.Hour)}
	truth.Waits(f)
	<-t.C
}

func loop(d time.Duration, quit chan bool) {
	from := truth.Nanotime()
	t := time.NewTicker(d)
	defer t.Stop()
	truth.Waits(timed(t.C, from, truth.Nanotime(), d, d), truth.Chan("receive", quit))
	select {
	case <-t.C:
	case <-quit:
	}
}

func deadline(ctx context.Context, c chan int) {
	truth.Waits(truth.Chan("receive", ctx.Done()), truth.Chan("receive", c))
	select {
	case <-ctx.Done():
	case <-c:
	}
}

var cancels []context.CancelFunc

func clocks() {
	go sleep(time.Hour)
	go sleep(90 * time.Minute)
	go after(2 * time.Hour)
	go timer(3 * time.Hour)
	go reset(4 * time.Hour)
	go stopped()
	go ticker(5 * time.Hour)
	go stoppedTicker()
	go loop(6*time.Hour, make(chan bool))
	ctx, cancel := context.WithTimeout(context.Background(), 7*time.Hour)
	cancels = append(cancels, cancel)
	go deadline(ctx, make(chan int))
}
