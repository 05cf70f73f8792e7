// SPDX-License-Identifier: Apache-2.0

// Command exe waits with the goroutines of modes until a signal ends it.
package main

import (
	"os"
	"time"

	"inquest.test/modes"
)

func main() {
	if err := modes.Start(); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Hour)
}
