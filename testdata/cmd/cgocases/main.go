// SPDX-License-Identifier: Apache-2.0

// Command cgocases holds cases in one executable, because executables are
// the larger part of a capture.
package main

import (
	cgocase "inquest.test/cgo"
	"inquest.test/moment"
)

func main() {
	moment.Main([]moment.Case{
		{Name: "cgo", Run: cgocase.Defect},
		{Name: "cgo-healthy", Run: cgocase.Healthy},
	})
}
