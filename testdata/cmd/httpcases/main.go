// SPDX-License-Identifier: Apache-2.0

// Command httpcases holds cases in one executable, because executables are
// the larger part of a capture.
package main

import (
	httpcase "inquest.test/http"
	"inquest.test/httpaccept"
	"inquest.test/moment"
)

func main() {
	moment.Main([]moment.Case{
		{Name: "http", Run: httpcase.Defect},
		{Name: "http-healthy", Run: httpcase.Healthy},
		{Name: "httpaccept", Run: httpaccept.Defect},
		{Name: "httpaccept-healthy", Run: httpaccept.Healthy},
		{Name: "httpaccept-idle", Run: httpaccept.Idle},
	})
}
