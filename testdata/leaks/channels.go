// SPDX-License-Identifier: Apache-2.0

package leaks

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"
)

func init() {
	shape(earlySend, earlyReceive, timeoutWins, contextWins, doubleSend, doubleSendBuffered,
		replicas, rangeWorkers, pipeline, lostCancel, lostDone, lostQuit, buffered, bufferedGeneric,
		nilChannels, emptySelect, manyCases, requests, generic, deferred, ioPipes, semaphore,
		droppedPool, subscribers, handler, group, hedged, errorsDropped, sendSelect, lateDone,
		inPanic, byTimer, lockedThread, methodValue)
}

type answer struct {
	text string
	err  error
}

var errFetch = errors.New("fetch failed")

// ---- early return

//go:noinline
func earlyFetch(results chan<- answer) {
	leaked("early-return/send", "early-return")
	results <- answer{text: "late"}
}

//go:noinline
func earlyLoad(fail bool) (answer, error) {
	results := make(chan answer)
	go earlyFetch(results)
	if fail {
		return answer{}, errFetch
	}
	return <-results, nil
}

func earlySend() {
	for i := 0; i < 3; i++ {
		earlyLoad(true)
	}
}

//go:noinline
func earlyWait(c <-chan int) int {
	leaked("early-return/receive", "sender-gone|early-return")
	return <-c
}

//go:noinline
func earlyServe(fail bool) error {
	work := make(chan int)
	go earlyWait(work)
	if fail {
		return errFetch
	}
	work <- 1
	return nil
}

func earlyReceive() { earlyServe(true) }

// ---- the timeout won

var queried, called, answered, chosen, left, failed, skipped gate

//go:noinline
func slowQuery(results chan<- answer) {
	queried.wait()
	leaked("timeout-won/send", "timeout-won")
	results <- answer{text: "too late"}
}

//go:noinline
func queryWithin(d time.Duration) (answer, error) {
	results := make(chan answer)
	go slowQuery(results)
	select {
	case a := <-results:
		return a, nil
	case <-time.After(d):
		return answer{}, context.DeadlineExceeded
	}
}

func timeoutWins() {
	queryWithin(time.Millisecond)
	queryWithin(time.Millisecond)
	queried.open()
}

//go:noinline
func slowCall(results chan<- error) {
	called.wait()
	leaked("timeout-won/context", "timeout-won")
	results <- nil
}

//go:noinline
func callWithin(ctx context.Context) error {
	results := make(chan error)
	go slowCall(results)
	select {
	case err := <-results:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func contextWins() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	callWithin(ctx)
	called.open()
}

// ---- more is sent than anybody receives

//go:noinline
func reportTwice(c chan<- error) {
	leaked("double-send/unbuffered", "double-send")
	c <- errFetch
	c <- nil
}

func doubleSend() {
	c := make(chan error)
	go reportTwice(c)
	<-c
}

//go:noinline
func reportThrice(c chan<- error) {
	leaked("double-send/buffered", "double-send")
	c <- errFetch
	c <- nil
	c <- nil
}

func doubleSendBuffered() {
	c := make(chan error, 1)
	go reportThrice(c)
	<-c
}

//go:noinline
func replica(i int, first chan<- int, slow bool) {
	if slow {
		answered.wait()
		leaked("n-senders-one-receiver", "n-senders-one-receiver")
	}
	first <- i
}

func replicas() {
	first := make(chan int)
	for i := 0; i < 5; i++ {
		go replica(i, first, i != 0)
	}
	<-first
	answered.open()
}

//go:noinline
func hedge(c chan<- answer, slow bool) {
	if slow {
		chosen.wait()
		leaked("n-senders-one-receiver/hedge", "n-senders-one-receiver")
	}
	c <- answer{}
}

func hedged() {
	c := make(chan answer)
	go hedge(c, false)
	go hedge(c, true)
	<-c
	chosen.open()
}

// ---- nobody closes it

//go:noinline
func rangeWorker(jobs <-chan int) {
	leaked("range-never-closed/workers", "range-never-closed")
	for range jobs {
	}
}

func rangeWorkers() {
	jobs := make(chan int)
	for i := 0; i < 3; i++ {
		go rangeWorker(jobs)
	}
	for i := 0; i < 6; i++ {
		jobs <- i
	}
}

//go:noinline
func stage(in <-chan int, out chan<- int) {
	leaked("range-never-closed/pipeline", "range-never-closed|waits-for-leaked")
	for v := range in {
		out <- v + 1
	}
	close(out)
}

func pipeline() {
	first := make(chan int)
	in := first
	for i := 0; i < 3; i++ {
		out := make(chan int)
		go stage(in, out)
		in = out
	}
	first <- 1
	<-in
}

// ---- nobody cancels

//go:noinline
func watch(ctx context.Context) {
	leaked("missing-cancel/context", "missing-cancel")
	<-ctx.Done()
}

func lostCancel() {
	ctx, cancel := context.WithCancel(context.Background())
	go watch(ctx)
	if errFetch == nil {
		cancel()
	}
}

//go:noinline
func consumeUntil(done <-chan struct{}, in <-chan int) {
	leaked("missing-cancel/done", "quit-never-closed|missing-cancel")
	for {
		select {
		case <-done:
			return
		case <-in:
		}
	}
}

func lostDone() {
	done, in := make(chan struct{}), make(chan int)
	go consumeUntil(done, in)
	in <- 1
}

//go:noinline
func loop(ctx context.Context, in <-chan int) {
	leaked("missing-cancel/select", "missing-cancel")
	for {
		select {
		case <-in:
		case <-ctx.Done():
			return
		}
	}
}

func lostQuit() {
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), errFetch, 1))
	in := make(chan int, 1)
	go loop(ctx, in)
	in <- 1
	if errFetch == nil {
		cancel()
	}
}

// ---- room, nil, nothing

//go:noinline
func fill(c chan<- int) {
	leaked("buffered-full", "early-return|double-send")
	for i := 0; i < 5; i++ {
		c <- i
	}
}

func buffered() { go fill(make(chan int, 3)) }

//go:noinline
func fillAny[T any](c chan<- T, v T) {
	leaked("buffered-full/generic", "early-return|double-send")
	for {
		c <- v
	}
}

func bufferedGeneric() {
	go fillAny(make(chan string, 4), "text")
	go fillAny(make(chan *answer, 4), &answer{})
}

//go:noinline
func nilReceive(c chan int) {
	leaked("nil-channel/receive", "nil-channel")
	<-c
}

//go:noinline
func nilSend(c chan int) {
	leaked("nil-channel/send", "nil-channel")
	c <- 1
}

//go:noinline
func nilSelect(a, b chan int) {
	leaked("nil-channel/select", "nil-channel")
	select {
	case <-a:
	case b <- 1:
	}
}

func nilChannels() {
	go nilReceive(nil)
	go nilSend(nil)
	go nilSelect(nil, nil)
}

//go:noinline
func nothing() {
	leaked("empty-select", "empty-select")
	select {}
}

func emptySelect() { go nothing() }

// ---- selects

//go:noinline
func selectMany(c *[24]chan int) int {
	leaked("select-many", "")
	select {
	case v := <-c[0]:
		return v
	case v := <-c[1]:
		return v
	case v := <-c[2]:
		return v
	case v := <-c[3]:
		return v
	case v := <-c[4]:
		return v
	case v := <-c[5]:
		return v
	case v := <-c[6]:
		return v
	case v := <-c[7]:
		return v
	case v := <-c[8]:
		return v
	case v := <-c[9]:
		return v
	case v := <-c[10]:
		return v
	case v := <-c[11]:
		return v
	case c[12] <- 1:
	case c[13] <- 1:
	case c[14] <- 1:
	case c[15] <- 1:
	case c[16] <- 1:
	case c[17] <- 1:
	case c[18] <- 1:
	case c[19] <- 1:
	case c[20] <- 1:
	case c[21] <- 1:
	case c[22] <- 1:
	case c[23] <- 1:
	}
	return 0
}

func newMany() *[24]chan int {
	c := new([24]chan int)
	for i := range c {
		c[i] = make(chan int)
	}
	return c
}

func manyCases() { go selectMany(newMany()) }

//go:noinline
func offer(out chan<- int, quit <-chan struct{}) {
	leaked("select-send", "early-return|quit-never-closed")
	select {
	case out <- 1:
	case <-quit:
	}
}

func sendSelect() { go offer(make(chan int), make(chan struct{})) }

// ---- channels within channels

type request struct{ reply chan int }

//go:noinline
func ask(requests chan<- request) int {
	r := request{make(chan int)}
	leaked("channel-of-channel/request", "")
	requests <- r
	return <-r.reply
}

//go:noinline
func askQueued(requests chan<- request) int {
	r := request{make(chan int)}
	leaked("channel-of-channel/reply", "")
	requests <- r
	return <-r.reply
}

// requests has a server that is gone: of one queue nobody takes, in the other the
// request lies for ever.
func requests() {
	go ask(make(chan request))
	go askQueued(make(chan request, 1))
}

// ---- forms of code

//go:noinline
func drain[T any](c <-chan T) {
	leaked("generic", "range-never-closed")
	for range c {
	}
}

func generic() {
	go drain(make(chan int))
	go drain(make(chan answer))
	go drain(make(chan []string))
}

//go:noinline
func finish(done chan<- bool) {
	defer func() {
		leaked("defer-send", "early-return")
		done <- true
	}()
	soon()
}

func deferred() { go finish(make(chan bool)) }

//go:noinline
func writePipe(w *io.PipeWriter) {
	leaked("io-pipe/write", "")
	w.Write([]byte("nobody reads this"))
}

//go:noinline
func readPipe(r *io.PipeReader) {
	var b [16]byte
	leaked("io-pipe/read", "")
	r.Read(b[:])
}

func ioPipes() {
	_, w := io.Pipe()
	go writePipe(w)
	r, _ := io.Pipe()
	go readPipe(r)
}

//go:noinline
func acquire(tokens chan<- struct{}) {
	leaked("semaphore-channel", "")
	tokens <- struct{}{}
}

func semaphore() {
	tokens := make(chan struct{}, 2)
	tokens <- struct{}{}
	tokens <- struct{}{}
	for i := 0; i < 3; i++ {
		go acquire(tokens)
	}
}

type dropped struct {
	jobs chan func()
	quit chan struct{}
	idle []int
}

//go:noinline
func (p *dropped) work() {
	leaked("pool-dropped", "quit-never-closed")
	for {
		select {
		case job := <-p.jobs:
			job()
		case <-p.quit:
			return
		}
	}
}

func droppedPool() {
	p := &dropped{jobs: make(chan func()), quit: make(chan struct{})}
	for i := 0; i < 4; i++ {
		go p.work()
	}
	for i := 0; i < 8; i++ {
		p.jobs <- func() { p.idle = append(p.idle, 1) }
	}
}

// ---- pub/sub

type broker struct{ subscribers map[string]chan string }

// hub is a global that no longer has who left.
var hub = broker{map[string]chan string{}}

//go:noinline
func subscribe(c <-chan string) {
	leaked("subscriber-dropped", "range-never-closed")
	for range c {
	}
}

//go:noinline
func publish(c chan<- string) {
	leaked("subscriber-left", "early-return")
	c <- "news"
}

func subscribers() {
	a := make(chan string)
	hub.subscribers["a"] = a
	go subscribe(a)
	a <- "one"
	delete(hub.subscribers, "a")
	go publish(make(chan string))
}

// ---- as servers have it

//go:noinline
func background(out chan<- string) {
	left.wait()
	leaked("handler", "timeout-won")
	out <- "rendered"
}

//go:noinline
func serve(gone <-chan struct{}) string {
	out := make(chan string)
	go background(out)
	select {
	case s := <-out:
		return s
	case <-gone: // the client has left
		return ""
	}
}

func handler() {
	gone := make(chan struct{})
	close(gone)
	serve(gone)
	left.open()
}

type errs struct {
	err  chan error
	done chan struct{}
	left int
}

//go:noinline
func (g *errs) task(fail bool) {
	if !fail {
		failed.wait()
		leaked("group/task", "early-return|n-senders-one-receiver")
	}
	g.err <- errFetch
}

//go:noinline
func (g *errs) wait() error {
	for ; g.left > 0; g.left-- {
		if err := <-g.err; err != nil {
			return err
		}
	}
	return nil
}

func group() {
	g := &errs{err: make(chan error), left: 3}
	for i := 0; i < 3; i++ {
		go g.task(i == 0)
	}
	g.wait()
	failed.open()
}

//go:noinline
func parse(c chan<- error) {
	skipped.wait()
	leaked("error-dropped", "timeout-won|early-return")
	c <- errFetch
}

func errorsDropped() {
	c := make(chan error)
	go parse(c)
	select {
	case <-c:
	default:
	}
	skipped.open()
}

//go:noinline
func untilDone(done <-chan struct{}) {
	leaked("done-never-closed", "quit-never-closed|missing-cancel|sender-gone")
	<-done
}

func lateDone() { go untilDone(make(chan struct{})) }

// ---- in other states

//go:noinline
func cleanUp(c chan<- int) {
	defer func() {
		leaked("while-panicking", "early-return")
		c <- 1
		recover()
	}()
	panic("it is cleaned up")
}

func inPanic() { go cleanUp(make(chan int)) }

func byTimer() {
	c := make(chan int)
	time.AfterFunc(time.Millisecond, func() {
		leaked("started-by-timer", "")
		c <- 1
	})
}

//go:noinline
func onThread(c <-chan int) {
	runtime.LockOSThread()
	leaked("locked-to-thread", "sender-gone")
	<-c
}

func lockedThread() { go onThread(make(chan int)) }

type sender struct{ c chan int }

//go:noinline
func (s sender) send() {
	leaked("method-value", "early-return")
	s.c <- 1
}

func methodValue() {
	f := sender{make(chan int)}.send
	go f()
}
