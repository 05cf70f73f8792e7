// SPDX-License-Identifier: Apache-2.0

//go:build go1.27 || goexperiment.goroutineleakprofile

package leaks

import (
	"os"
	"path/filepath"
	"runtime/pprof"
)

func init() {
	judge = func() {
		p := pprof.Lookup("goroutineleak")
		f, err := os.Create(filepath.Join(os.Getenv("CAPTURE_DIR"), "judged.txt"))
		if p == nil || err != nil {
			panic("the runtime cannot tell")
		}
		p.WriteTo(f, 2)
		f.Close()
	}
}
