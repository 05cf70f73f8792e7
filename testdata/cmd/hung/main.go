// SPDX-License-Identifier: Apache-2.0

// Command hung holds services that are hung, and their twins.
package main

import (
	"inquest.test/hung"
	"inquest.test/moment"
)

func main() {
	moment.Main([]moment.Case{
		{Name: "hung", Run: hung.Defect},
		{Name: "hung-healthy", Run: hung.Healthy},
		{Name: "hung-runnable", Run: func() {}, Park: hung.PileUp},
	})
}
