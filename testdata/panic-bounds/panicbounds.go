// SPDX-License-Identifier: Apache-2.0

// Package panicbounds reads a field that a line does not have.
package panicbounds

import (
	"strings"
	"time"
)

//go:noinline
func column(line string, n int) string {
	fields := strings.Split(line, ",")
	return fields[n] // want: crash-panic 1
}

func load(lines []string) (total int) {
	for _, line := range lines {
		total += len(column(line, 2))
	}
	return total
}

// Defect loads a short line on a goroutine of its own.
func Defect() {
	go load([]string{"a,b,c", "d,e,f", "g,h"})
	time.Sleep(time.Hour)
}
