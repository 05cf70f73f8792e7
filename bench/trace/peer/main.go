// SPDX-License-Identifier: Apache-2.0

// The peer of "inquest trace": Go's own reader of traces, which reads all events
// of a file and does nothing with them but count.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"golang.org/x/exp/trace"
)

func count(path string) (uint64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	reader, err := trace.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return 0, err
	}
	for n := uint64(0); ; n++ {
		_, err := reader.ReadEvent()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

func main() {
	n, err := count(os.Args[1])
	fmt.Println(n, "events")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
