// SPDX-License-Identifier: Apache-2.0

//go:build go1.25

package main

import "runtime"

func init() { more = append(more, cleanups) }

func cleaning(int) { <-forEver }

//go:noinline
func drop() { runtime.AddCleanup(new([64]int), cleaning, 1) }

// cleanups blocks a goroutine of cleanups, which are no longer the finalizers'.
func cleanups() { drop() }
