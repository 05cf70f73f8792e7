// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package leaks

func scrub() {}

func stand() { panic("it needs amd64") }
