// SPDX-License-Identifier: Apache-2.0

//go:build !go1.25

package main

import (
	"errors"
	"io"
)

func fly(io.Writer, func()) error {
	return errors.New("the flight recorder came with Go 1.25")
}
