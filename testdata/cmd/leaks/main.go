// SPDX-License-Identifier: Apache-2.0

// Command leaks holds every shape of a leak, and its healthy look-alikes.
package main

import (
	"os"

	"inquest.test/leaks"
)

func main() {
	switch os.Args[1] {
	case "leaks":
		leaks.Run()
	case "leaks-judged", "leaks-experiment":
		leaks.RunJudged()
	case "leaks-crowd":
		leaks.RunCrowd()
	case "leaks-garbage":
		leaks.RunGarbage()
	case "leaks-main":
		leaks.RunMain()
	}
}
