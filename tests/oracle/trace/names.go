// SPDX-License-Identifier: Apache-2.0

package main

import "golang.org/x/exp/trace"

// Frames that a stack has room for: of a longer one the outer end is lost.
const maxFrames = 128

// What a goroutine's start function is: named where it is created, else the
// outermost frame of its own stacks.
type names struct {
	created, root string
}

func (n *names) see(st trace.StateTransition, from trace.GoState) {
	var last string
	num := 0

	if n.created != "" || n.root != "" {
		return
	}
	for frame := range st.Stack.Frames() {
		last = frame.Func
		num++
	}
	if from == trace.GoNotExist {
		n.created = last
	} else if num < maxFrames {
		n.root = last
	}
}

func (n *names) best() *string {
	if n.created != "" {
		return text(n.created)
	}
	return text(n.root)
}
