// SPDX-License-Identifier: Apache-2.0

// Command waits holds what says itself what it waits for.
package main

import (
	"os"

	"inquest.test/cycles"
	"inquest.test/waits"
)

func main() {
	switch os.Args[1] {
	case "waits":
		waits.Run()
	case "cycles":
		cycles.Defect()
	case "cycles-healthy":
		cycles.Healthy()
	}
}
