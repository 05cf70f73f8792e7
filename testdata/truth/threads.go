// SPDX-License-Identifier: Apache-2.0

package truth

import (
	"os"
	"strconv"
	"strings"
)

// Threads adds what the kernel says of each thread that is in a call: its number
// and its six arguments.
func Threads() {
	d, err := os.Open("/proc/self/task")
	if err != nil {
		return
	}
	names, _ := d.Readdirnames(-1)
	d.Close()
	for _, name := range names {
		text, err := os.ReadFile("/proc/self/task/" + name + "/syscall")
		words := strings.Fields(string(text))
		if err != nil || len(words) < 7 {
			continue // it runs
		}
		thread, _ := strconv.Atoi(name)
		number, _ := strconv.Atoi(words[0])
		Line(F{"thread": thread, "number": number, "arguments": words[1:7]})
	}
}
