// SPDX-License-Identifier: Apache-2.0

// Package leaksend asks for quotes with a time limit. The answer that comes
// too late is sent on a channel that nobody receives from any more.
package leaksend

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Quote is the price of one symbol.
type Quote struct {
	Symbol string
	Cents  int64
	depth  [64]int64
}

// Exchange answers after its latency.
type Exchange struct {
	Latency time.Duration
}

func (e *Exchange) query(symbol string) Quote {
	time.Sleep(e.Latency)
	return Quote{Symbol: symbol, Cents: int64(len(symbol)) * 100}
}

func fetchQuote(ctx context.Context, e *Exchange, symbol string) (Quote, error) {
	result := make(chan Quote)
	go func() {
		q := e.query(symbol)
		result <- q // want: leaked-goroutine 40 "chan send"
	}()
	select {
	case q := <-result:
		return q, nil
	case <-ctx.Done():
		return Quote{}, ctx.Err()
	}
}

func fetchQuoteBuffered(ctx context.Context, e *Exchange, symbol string) (Quote, error) {
	result := make(chan Quote, 1)
	go func() {
		q := e.query(symbol)
		result <- q
	}()
	select {
	case q := <-result:
		return q, nil
	case <-ctx.Done():
		return Quote{}, ctx.Err()
	}
}

type fetcher func(context.Context, *Exchange, string) (Quote, error)

// refresh fetches n quotes at once, each within 20 ms.
func refresh(fetch fetcher, e *Exchange, n int) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func(symbol string) {
			defer wg.Done()
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			fetch(ctx, e, symbol)
		}(fmt.Sprintf("SYM%02d", i))
	}
	wg.Wait()
}

// Defect leaves one goroutine behind for each late answer.
func Defect() {
	refresh(fetchQuote, &Exchange{Latency: 60 * time.Millisecond}, 40)
}

// Healthy gives late answers room; three slow requests are still in flight.
func Healthy() {
	refresh(fetchQuoteBuffered, &Exchange{Latency: 60 * time.Millisecond}, 40)
	slow := &Exchange{Latency: time.Hour}
	for i := 0; i < 3; i++ {
		go fetchQuoteBuffered(context.Background(), slow, fmt.Sprintf("SLOW%d", i))
	}
}
