// SPDX-License-Identifier: Apache-2.0

// Command host is exe with a plugin, whose path is its argument.
package main

import (
	"os"
	"plugin"
	"time"

	"inquest.test/modes"
)

func main() {
	p, err := plugin.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	start, err := p.Lookup("Start")
	if err != nil {
		panic(err)
	}
	start.(func())()
	if err := modes.Start(); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Hour)
}
