// SPDX-License-Identifier: Apache-2.0

package main

// A Queue is a channel that somebody has closed.
type Queue struct {
	jobs chan int
}

//go:noinline
func (q *Queue) put(job int) {
	q.jobs <- job // want send-closed: send on closed channel in main.(*Queue).put
}

func sendClosed() {
	q := &Queue{jobs: make(chan int, 3)}
	q.jobs <- 1
	q.jobs <- 2
	close(q.jobs)
	wantChannel(q.jobs, len(q.jobs), cap(q.jobs), true)
	want("goroutine", id())
	q.put(3)
}

func wantChannel(c chan int, length, capacity int, closed bool) {
	want("object", "channel", c)
	want("value", "length", length)
	want("value", "capacity", capacity)
	want("value", "closed", closed)
}

//go:noinline
func (q *Queue) work(ids chan<- string) {
	ids <- id()
	for job := range q.jobs {
		_ = job
	}
	ids <- "" // it stays, and mentions the queue
	q.jobs = nil
}

//go:noinline
func (q *Queue) feed() {
	for {
		q.jobs <- 4 // want send-closed-loop: send on closed channel in main.(*Queue).feed
	}
}

func sendClosedLoop() {
	q := &Queue{jobs: make(chan int)}
	ids := make(chan string)
	go q.work(ids)
	worker := <-ids
	want("referrer", worker)
	close(q.jobs)
	settle()
	wantChannel(q.jobs, 0, 0, true)
	go func() {
		want("goroutine", id())
		q.feed()
	}()
	select {}
}

//go:noinline
func (q *Queue) stop() {
	close(q.jobs) // want close-closed: close of closed channel in main.(*Queue).stop
}

func closeClosed() {
	q := &Queue{jobs: make(chan int, 1)}
	q.stop()
	wantChannel(q.jobs, 0, 1, true)
	want("goroutine", id())
	q.stop()
}

//go:noinline
func (q *Queue) end() {
	close(q.jobs) // want close-nil: close of nil channel in main.(*Queue).end
}

func closeNil() {
	want("goroutine", id())
	new(Queue).end()
}

//go:noinline
func (q *Queue) wait() int {
	return <-q.jobs // want asleep: all goroutines asleep in main.(*Queue).wait
}

func asleep() {
	q := &Queue{jobs: make(chan int)}
	want("goroutine", id())
	want("text", "all goroutines are asleep - deadlock!")
	go q.put(1)
	settle()
	q.wait()
	q.wait()
}

func asleepGoexit() {
	want("text", "no goroutines (main called runtime.Goexit) - deadlock!")
	go settle()
	goexit()
}
