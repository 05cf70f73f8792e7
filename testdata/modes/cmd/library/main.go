// SPDX-License-Identifier: Apache-2.0

// Command library is modes for a C program: c-shared and c-archive.
package main

import "C"

import "inquest.test/modes"

//export Start
func Start() int {
	if modes.Start() != nil {
		return 1
	}
	return 0
}

//export WriteStacks
func WriteStacks(path *C.char) int {
	if modes.WriteStacks(C.GoString(path)) != nil {
		return 1
	}
	return 0
}

//export Quit
func Quit() { panic("quit") }

func main() {}
