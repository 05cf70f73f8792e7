// SPDX-License-Identifier: Apache-2.0

// Command layouts turns executables that the Go toolchains built into the rows
// of formats/go/go_versions_data.inc. Everything in them is measured: fields and
// constants by DWARF, the rest in the executables' data.
//
//	layouts [-dir formats/go] executable...         the file, to stdout
//	layouts [-dir formats/go] -list executable      what was measured, as text
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

type definitions struct {
	fields, funcIDs, constants []row
}

func readDefinitions(dir string) (*definitions, error) {
	var d definitions
	for _, f := range []struct {
		name string
		rows *[]row
	}{
		{"go_fields.def", &d.fields},
		{"go_func_ids.def", &d.funcIDs},
		{"go_constants.def", &d.constants},
	} {
		rows, err := readDef(filepath.Join(dir, f.name))
		if err != nil {
			return nil, err
		}
		*f.rows = rows
	}
	return &d, nil
}

// list prints the facts one a line, for the test of the C table.
func list(w *bufio.Writer, f *facts, defs *definitions) {
	fmt.Fprintf(w, "version %s %s\n", f.version, f.arch)
	for _, r := range defs.fields {
		p := f.places[r.member]
		if r.macro == "IQ_GO_SIZE" {
			fmt.Fprintf(w, "size %s %d\n", r.member, p.size)
		} else {
			fmt.Fprintf(w, "field %s %d %d\n", r.member, p.offset, p.size)
		}
	}
	for _, r := range defs.funcIDs {
		fmt.Fprintf(w, "func_id %s %d\n", r.member, funcID(f, r))
	}
	for _, r := range defs.constants {
		if v, ok := f.constants[r.member]; ok {
			fmt.Fprintf(w, "constant %s %d\n", r.member, v)
		}
	}
	for i, text := range f.waitReasons {
		fmt.Fprintf(w, "wait_reason %d %s\n", i, text)
	}
	fmt.Fprintf(w, "sematable_stride %d\n", f.tables.sematableStride)
}

func run() error {
	dir := flag.String("dir", ".", "folder of the .def files")
	asText := flag.Bool("list", false, "print what one executable says")
	flag.Parse()

	defs, err := readDefinitions(*dir)
	if err != nil {
		return err
	}
	var all []*facts
	for _, path := range flag.Args() {
		f, err := extract(path, defs)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, f)
	}
	w := bufio.NewWriter(os.Stdout)
	if *asText {
		for _, f := range all {
			list(w, f, defs)
		}
	} else if err := emit(w, all, defs); err != nil {
		return err
	}
	return w.Flush()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "layouts:", err)
		os.Exit(1)
	}
}
